/**
 * The world as it is: the cluster behind a kubeconfig, real sockets, real time, and a sandbox on this machine. Each is loaded when it is
 * asked for: help needs neither, and no other command needs the sandbox.
 */
import { systemClock } from '../cluster/system-clock';
import type { Io, Outside } from './io';

/** What connecting needs of the process: plugins of a kubeconfig run in its environment and write to its standard error. */
export type Surroundings = Pick<Io, 'env' | 'stderr'>;

/** Returns the outside of a process. */
export function createOutside(process: Surroundings): Outside {
  return {
    clock: systemClock,
    connect: async (target) => (await import('./real-cluster.js')).connectTo(target, process),
    startSandbox: async (options) => (await import('./real-sandbox.js')).startSandbox(options),
  };
}
