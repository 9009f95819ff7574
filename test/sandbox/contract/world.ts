/** Where one run of the contract takes place: a namespace of its own, and names that no other test uses. */
import type { Client, Json } from './client';

export interface World {
  readonly client: Client;
  readonly namespace: string;
  /** Returns a name that no other test uses. */
  name(): string;
  /** Path of a collection in the namespace: `path('v1', 'configmaps')`. */
  path(apiVersion: string, plural: string): string;
  /** Tells whether a group is served; custom kinds need not be, on a real server. */
  serves(apiVersion: string): Promise<boolean>;
}

export async function createWorld(client: Client): Promise<World> {
  const { body } = await client.send('POST', '/api/v1/namespaces', { metadata: { generateName: 'kafka-tls-contract-' } });
  const namespace: string = body.metadata.name;
  let names = 0;
  return {
    client,
    namespace,
    name: () => `thing-${++names}`,
    path: (apiVersion, plural) => `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/namespaces/${namespace}/${plural}`,
    serves: async (apiVersion) => (await client.send('GET', `/apis/${apiVersion}`)).status === 200,
  };
}

/** Creates an object and returns it as stored. */
export async function created(world: World, apiVersion: string, plural: string, object: Json): Promise<Json> {
  const { status, body } = await world.client.send('POST', world.path(apiVersion, plural), object);
  if (status !== 201) throw new Error(`could not create the object of the test: ${JSON.stringify(body)}`);
  return body;
}

/** Creates a ConfigMap. */
export function configMap(world: World, data: Json = { a: '1' }, metadata: Json = {}): Promise<Json> {
  return created(world, 'v1', 'configmaps', { metadata: { name: world.name(), ...metadata }, data });
}

/** Ten minutes: the answer comes within seconds, except on a machine that is busy with something else. */
const ATTEMPTS = 6000;

/** Asks until the answer is as wanted; for what a server does in the background. */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask();
    if (isWanted(answer) || attempt > ATTEMPTS) return answer;
    await new Promise((resolve) => setTimeout(resolve, attempt < 3 ? 0 : 100));
  }
}
