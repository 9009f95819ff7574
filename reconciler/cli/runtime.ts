/**
 * Composition root: chooses the adapters of a real process. Clusters and the sandbox are loaded on demand, so that help loads neither and no
 * other command loads the sandbox.
 */
import { systemClock } from '../cluster/system-clock';
import { InvalidInputError } from '../errors';
import type { PluginProcess, Runtime } from './io';

/** Returns the runtime of a process. */
export function createRuntime(process: PluginProcess): Runtime {
  return {
    clock: systemClock,
    connect: async (target) => (await import('./cluster-connection.js')).connectTo(target, process),
    startSandbox: async (options) => (await loadSandbox()).startSandbox(options),
  };
}

/** The image of the Job is built without the sandbox's file. */
async function loadSandbox(): Promise<typeof import('./sandbox-process.js')> {
  try {
    return await import('./sandbox-process.js');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new InvalidInputError('kafka-tls sandbox: this image does not contain the sandbox.', {
      cause,
      hint: 'Run it from the npm package cdk8s-kafka-tls.',
    });
  }
}
