/**
 * A small Kubernetes client for the stand-ins: plain HTTP requests over any transport. In the process the transport is the sandbox's own API; the
 * same stand-ins can work against a real API server. Answers are trusted to be what Kubernetes promises.
 */
import { text } from 'node:stream/consumers';
import { type Kind, type KubeObject, kindOf, type ObjectMeta } from '#model/kube-object';
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

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground';
}

export class Client {
  constructor(
    private readonly options: {
      readonly send: Send;
      /** Field manager of everything written. */
      readonly manager: string;
      /** Called with the object in each answer to a write. */
      readonly onWritten?: (object: KubeObject) => void;
    },
  ) {}

  async get(kind: Kind, namespace: string | undefined, name: string): Promise<KubeObject | undefined> {
    return this.json<KubeObject>('GET', pathOf(kind, namespace, name)).catch(ignoring(404));
  }

  async list(of: Kind, namespace?: string): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }> {
    const { apiVersion, kind } = of;
    const { items, metadata } = await this.json<{ items?: KubeObject[]; metadata: ObjectMeta }>('GET', pathOf(of, namespace));
    return { items: (items ?? []).map((item) => ({ ...item, apiVersion, kind })), resourceVersion: metadata.resourceVersion ?? '' };
  }

  /** Yields the changes of a kind after a resourceVersion, until the signal aborts or the server ends the watch. */
  async *watch(kind: Kind, namespace: string | undefined, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
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

  /** Server-side apply by force: this manager gets every field that it applies. */
  apply(object: KubeObject): Promise<KubeObject> {
    return this.write('PATCH', pathOfObject(object), object, 'application/apply-patch+yaml', '&force=true');
  }

  /** Deletes the object that was read. Does nothing if it is gone, or if another one has its name. */
  async delete(object: KubeObject, options: DeleteOptions = {}): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: object.metadata.uid }, ...options };
    await this.json('DELETE', pathOfObject(object), body).catch(ignoring(404, 409));
  }

  /** Evicts a pod. Throws 429 if its PodDisruptionBudget refuses, 404 or 409 if that pod is gone. */
  async evict(pod: KubeObject): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } };
    await this.json('POST', `${pathOfObject(pod)}/eviction`, body);
  }

  private async write(method: string, path: string, body: object, contentType?: string, query = ''): Promise<KubeObject> {
    const manager = encodeURIComponent(this.options.manager);
    const written = await this.json<KubeObject>(method, `${path}?fieldManager=${manager}${query}`, body, contentType);
    this.options.onWritten?.(written);
    return written;
  }

  private async json<T>(method: string, path: string, sent?: object, contentType = 'application/json'): Promise<T> {
    const headers = { accept: 'application/json', 'content-type': contentType, 'user-agent': this.options.manager };
    const response = await this.options.send({ method, path, headers, ...(sent === undefined ? {} : { body: JSON.stringify(sent) }) });
    const body = typeof response.body === 'string' ? response.body : await text(response.body);
    if (response.status >= 300) throw failureOf(response.status, body);
    return JSON.parse(body);
  }
}

/** Returns a handler that turns refusals with one of these codes into undefined. */
function ignoring(...codes: readonly number[]) {
  return (error: unknown): undefined => {
    if (!(error instanceof ApiError) || !codes.includes(error.code)) throw error;
  };
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
  if (kind === undefined) throw new Error(`the sandbox does not know the kind ${object.kind} of ${object.apiVersion}`);
  return kind;
}

function failureOf(status: number, body: string): ApiError {
  try {
    const { reason = '', message = body } = JSON.parse(body);
    return new ApiError(status, reason, message);
  } catch {
    return new ApiError(status, '', body.trim());
  }
}

/** Yields lines. Chunks that come over a network end anywhere. */
async function* lines(body: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of body) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line !== '') yield line;
  }
}
