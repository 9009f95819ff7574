/** A sandbox on this machine, in real time. */
import { KINDS, type KubeObject, kindOf, refOf } from '#model/kube-object';
import { systemClock } from '../cluster/system-clock';
import { InvalidInputError } from '../errors';
import type { Client } from '../sandbox/client';
import { createSandbox } from '../sandbox/index';
import type { RunningSandbox, Runtime } from './io';

/** Starts a sandbox with real listeners. */
export async function startSandbox(options: Parameters<Runtime['startSandbox']>[0]): Promise<RunningSandbox> {
  const sandbox = createSandbox({ clock: systemClock, ...options, listeners: 'real' });
  await sandbox.start();
  const { kubeconfig, url, close } = await sandbox.serve();
  return {
    kubeconfig,
    url,
    create: (object) => createIn(sandbox.client, object),
    close: async () => {
      await close();
      await sandbox.stop();
    },
  };
}

/** Creates an object as kubectl would, and its namespace if it is missing. */
async function createIn(client: Pick<Client, 'get' | 'create'>, object: KubeObject): Promise<void> {
  const isNamespaced = kindOf(object)?.namespaced ?? true;
  const namespace = object.metadata.namespace ?? 'default';
  try {
    if (isNamespaced && (await client.get(KINDS.Namespace, undefined, namespace)) === undefined) {
      await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    }
    await client.create(isNamespaced ? { ...object, metadata: { ...object.metadata, namespace } } : object);
  } catch (error) {
    throw new InvalidInputError(`not created: ${error instanceof Error ? error.message : String(error)}`, {
      subject: refOf(object),
      cause: error,
    });
  }
}
