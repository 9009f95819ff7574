/** The world as it is: the cluster behind a kubeconfig, real sockets, real time, and a sandbox on this machine. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { KINDS, type KubeObject, kindOf, refOf } from '../../constructs/model/kube-object';
import { connect } from '../cluster/connect';
import { createDialer } from '../cluster/dial';
import { kafkaFacts } from '../cluster/kafka-facts';
import { systemClock } from '../cluster/system-clock';
import { InvalidInputError } from '../errors';
import type { Client } from '../sandbox/client';
import type { ClusterTarget, Connection, Outside, RunningSandbox } from './io';

/** Returns the outside of a process with this environment. */
export function createOutside(env: Readonly<Record<string, string | undefined>>): Outside {
  return { clock: systemClock, connect: (target) => connectTo(target, env), startSandbox };
}

async function connectTo(target: ClusterTarget, env: Readonly<Record<string, string | undefined>>): Promise<Connection> {
  const connected = await connect({ ...target, env, clock: systemClock });
  return {
    ...connected,
    dialer: createDialer(systemClock),
    facts: kafkaFacts(connected.cluster, { clock: systemClock }),
    random,
    identity: `${hostname()}-${randomBytes(4).toString('hex')}`,
  };
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

async function startSandbox({ opsManager }: { readonly opsManager: boolean }): Promise<RunningSandbox> {
  // Loaded only when it is asked for: no other command needs its certificate tools.
  const { createSandbox } = await import('../sandbox/index.js');
  const sandbox = createSandbox({ clock: systemClock, opsManager, listeners: 'real' });
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

/** Creates an object as kubectl would, and its namespace if need be: who plays does not want to begin with namespaces. */
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
