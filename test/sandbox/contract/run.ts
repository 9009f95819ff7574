/** One run of the contract against one server: in a separate namespace, with names that no other test uses. */
import { type Answer, APPLY, type Client, type Json, MERGE } from './client';

/** The objects of one kind in the namespace of the run. */
export interface Collection {
  /** Path of the collection, or of one object. */
  at(name?: string): string;
  get(name: string): Promise<Answer>;
  /** `query` begins with `?`. */
  list(query?: string): Promise<Answer>;
  post(object: Json, query?: string): Promise<Answer>;
  put(object: Json): Promise<Answer>;
  patch(name: string, patch: Json, type?: string): Promise<Answer>;
  /** Patches the status with a merge patch. */
  patchStatus(name: string, patch: Json): Promise<Answer>;
  /** Server-side apply of an object with these fields. `query` begins with `&`. */
  apply(name: string, manager: string, fields: Json, query?: string): Promise<Answer>;
  remove(name: string, options?: Json): Promise<Answer>;
  /** Creates an object with a new name, and returns it as stored. */
  created(fields?: Json): Promise<Json>;
}

export interface Run {
  readonly client: Client;
  readonly namespace: string;
  readonly configMaps: Collection;
  readonly services: Collection;
  readonly certificates: Collection;
  readonly pods: Collection;
  readonly budgets: Collection;
  readonly secrets: Collection;
  /** Returns a name that no other test uses. */
  name(): string;
  /** Path of a collection in the namespace: `path('v1', 'configmaps')`. */
  path(apiVersion: string, plural: string): string;
}

export async function startRun(client: Client): Promise<Run> {
  const { body } = await client.send('POST', '/api/v1/namespaces', { metadata: { generateName: 'kafka-tls-contract-' } });
  const namespace: string = body.metadata.name;
  let names = 0;
  const name = () => `thing-${++names}`;
  const pathOf = (apiVersion: string, plural: string) =>
    `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/namespaces/${namespace}/${plural}`;
  const collection = (apiVersion: string, kind: string, plural: string): Collection => {
    const path = pathOf(apiVersion, plural);
    const at = (of?: string) => (of === undefined ? path : `${path}/${of}`);
    const whole = (of: string, { metadata, ...fields }: Json) => ({ apiVersion, kind, metadata: { name: of, ...metadata }, ...fields });
    return {
      at,
      get: (of) => client.send('GET', at(of)),
      list: (query = '') => client.send('GET', path + query),
      post: (object, query = '') => client.send('POST', path + query, object),
      put: (object) => client.send('PUT', at(object.metadata.name), object),
      patch: (of, patch, type = MERGE) => client.send('PATCH', at(of), patch, type),
      patchStatus: (of, patch) => client.send('PATCH', `${at(of)}/status`, patch, MERGE),
      apply: (of, manager, fields, query = '') =>
        client.send('PATCH', `${at(of)}?fieldManager=${manager}${query}`, whole(of, fields), APPLY),
      remove: (of, options) => client.send('DELETE', at(of), options),
      created: (fields = {}) => create(client, path, whole(name(), fields)),
    };
  };
  return {
    client,
    namespace,
    name,
    path: pathOf,
    configMaps: collection('v1', 'ConfigMap', 'configmaps'),
    services: collection('v1', 'Service', 'services'),
    certificates: collection('cert-manager.io/v1', 'Certificate', 'certificates'),
    pods: collection('v1', 'Pod', 'pods'),
    budgets: collection('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
    secrets: collection('v1', 'Secret', 'secrets'),
  };
}

/** Creates an object and returns it as stored. */
export async function create(client: Client, path: string, object: Json): Promise<Json> {
  const { status, body } = await client.send('POST', path, object);
  if (status !== 201) throw new Error(`the object of the test was not created: ${JSON.stringify(body)}`);
  return body;
}

/** Ten minutes: the answer comes within seconds, except on a busy machine. */
const ATTEMPTS = 6000;

/** Asks until the answer is as wanted; for what a server does in the background. */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask();
    if (isWanted(answer) || attempt > ATTEMPTS) return answer;
    await new Promise((resolve) => setTimeout(resolve, attempt < 3 ? 0 : 100));
  }
}
