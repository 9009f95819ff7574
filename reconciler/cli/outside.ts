/**
 * The world as it is: the cluster behind a kubeconfig, real sockets, real time, and a sandbox on this machine. Each is loaded when it is
 * asked for: help needs neither, and no other command needs the sandbox.
 */
import { systemClock } from '../cluster/system-clock';
import type { Outside } from './io';

/** Returns the outside of a process with this environment. */
export function createOutside(env: Readonly<Record<string, string | undefined>>): Outside {
  return {
    clock: systemClock,
    connect: async (target) => (await import('./real-cluster.js')).connectTo(target, env),
    startSandbox: async (options) => (await import('./real-sandbox.js')).startSandbox(options),
  };
}
