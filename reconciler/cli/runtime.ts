/**
 * Composition root: chooses the adapters of a real process. Clusters, the sandbox and OpenTelemetry are loaded on demand, so that help loads
 * none of them.
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
    sendTrace: async (trace, endpoint) => (await import('../trace/send.js')).sendTrace(trace, endpoint, systemClock),
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
