/**
 * What the stand-ins know of Kubernetes: plain HTTP requests, through any transport. In process that is the sandbox's own API; the same
 * stand-ins can work against a real API server.
 */
import { type Kind, type KubeObject, kindOf } from '#model/kube-object';
import type { ApiRequest, ApiResponse } from './api/api';

/** Carries one request to an API server. */
export type Send = (request: ApiRequest) => Promise<ApiResponse>;

/** A request that the API server refused. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export interface ListResult {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Default: all. */
  readonly namespace?: string | undefined;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground';
}

export interface ClientOptions {
  readonly send: Send;
  /** Field manager of everything written. */
  readonly manager: string;
  /** Is told every object that came back from a write. */
  readonly onWritten?: (object: KubeObject) => void;
}

export class Client {
  constructor(private readonly options: ClientOptions) {}

  async get(kind: Kind, namespace: string | undefined, name: string): Promise<KubeObject | undefined> {
    try {
      return await this.json('GET', pathOf(kind, namespace, name));
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    }
  }

  async list(kind: Kind, namespace?: string): Promise<ListResult> {
    const { items = [], metadata } = await this.json('GET', pathOf(kind, namespace));
    const { apiVersion, kind: name } = kind;
    return { items: items.map((item: object) => ({ apiVersion, kind: name, ...item })), resourceVersion: metadata.resourceVersion ?? '' };
  }

  /** Yields what happens to a kind after a resourceVersion, until the signal aborts or the server ends it. */
  async *watch(kind: Kind, resourceVersion: string, { namespace, signal }: WatchOptions): AsyncGenerator<WatchEvent> {
    const path = `${pathOf(kind, namespace)}?watch=true&resourceVersion=${resourceVersion}`;
    const { status, body } = await this.options.send({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
    if (typeof body === 'string') throw failureOf(status, body);
    for await (const line of lines(body)) yield JSON.parse(line);
  }

  create(object: KubeObject): Promise<KubeObject> {
    return this.write('POST', pathOf(known(object), object.metadata.namespace), object);
  }

  /** Writes the whole object; its resourceVersion must be the one that was read. */
  replace(object: KubeObject): Promise<KubeObject> {
    return this.write('PUT', pathOfObject(object), object);
  }

  replaceStatus(object: KubeObject): Promise<KubeObject> {
    return this.write('PUT', `${pathOfObject(object)}/status`, object);
  }

  /** Merge patch; null removes a member. */
  patch(object: KubeObject, patch: object): Promise<KubeObject> {
    return this.write('PATCH', pathOfObject(object), patch, 'application/merge-patch+json');
  }

  /** Server-side apply, forced: what this manager applies is its own. */
  apply(object: KubeObject): Promise<KubeObject> {
    return this.write('PATCH', pathOfObject(object), object, 'application/apply-patch+yaml', '&force=true');
  }

  /** Deletes the very object that was read; one that is gone already is no error. */
  async delete(object: KubeObject, options: DeleteOptions = {}): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: object.metadata.uid }, ...options };
    try {
      await this.json('DELETE', pathOfObject(object), body);
    } catch (error) {
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
    }
  }

  /** Evicts a pod. Throws 429 when its PodDisruptionBudget refuses, 404 or 409 when that pod is gone. */
  async evict(pod: KubeObject): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } };
    await this.json('POST', `${pathOfObject(pod)}/eviction`, body);
  }

  private async write(method: string, path: string, body: object, contentType?: string, query = ''): Promise<KubeObject> {
    const manager = encodeURIComponent(this.options.manager);
    const written = await this.json(method, `${path}?fieldManager=${manager}${query}`, body, contentType);
    this.options.onWritten?.(written);
    return written;
  }

  // biome-ignore lint/suspicious/noExplicitAny: any kind of answer
  private async json(method: string, path: string, body?: object, contentType = 'application/json'): Promise<any> {
    const headers = { accept: 'application/json', 'content-type': contentType, 'user-agent': this.options.manager };
    const response = await this.options.send({ method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = typeof response.body === 'string' ? response.body : await all(response.body);
    if (response.status >= 300) throw failureOf(response.status, text);
    return JSON.parse(text);
  }
}

function pathOf(kind: Kind, namespace?: string, name?: string): string {
  const root = kind.apiVersion.includes('/') ? '/apis' : '/api';
  const within = kind.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${root}/${kind.apiVersion}${within}/${kind.plural}${name === undefined ? '' : `/${name}`}`;
}

function pathOfObject(object: KubeObject): string {
  return pathOf(known(object), object.metadata.namespace, object.metadata.name);
}

function known(object: KubeObject): Kind {
  const kind = kindOf(object);
  if (kind === undefined) throw new Error(`the sandbox knows no ${object.kind} of ${object.apiVersion}`);
  return kind;
}

function failureOf(status: number, text: string): ApiError {
  try {
    const { reason = '', message = text } = JSON.parse(text);
    return new ApiError(status, reason, message);
  } catch {
    return new ApiError(status, '', text.trim());
  }
}

async function all(body: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += chunk;
  return text;
}

/** Over a network, chunks end anywhere. */
async function* lines(body: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of body) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line !== '') yield line;
  }
}
