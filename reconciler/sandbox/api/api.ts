/**
 * A Kubernetes API inside the process, as small as controllers and everyday `kubectl` allow.
 *
 * `createApi` returns a handler of requests. The handler has no socket (`http.ts` puts HTTPS in front) and no timer, so that tests control
 * the time. A request is one synchronous step from its first read to its last write:
 *
 *     handle ──> route ──> access ──> read (get, list, watch)               store.ts  selectors.ts  watch.ts
 *                                └──> write (create, replace, patch,        writes.ts: admission.ts  conform.ts  ownership.ts
 *                                     apply, delete, evict)                 removals.ts
 *
 * Callers may rely on the list in `test/sandbox/contract.test.ts`, no more. Known differences from a real server: Kubernetes' own kinds are
 * hardly validated and never pruned; foreground deletion is background deletion; `portforward` does not take SPDY, which
 * kubectl sends; there is no conversion between versions and no protobuf, which `kubectl create namespace` and its like send. Equal requests give equal uids, versions and names.
 */
import { KINDS, type KubeObject } from '#model/kube-object';
import { memoize } from '../memoize';
import { type Denial, REVIEW_PATH, requireAccess, reviewAccess } from './access';
import type { Admission } from './admission';
import { certManagerAdmission } from './admission/cert-manager';
import { kafkaAdmission } from './admission/kafka';
import { kafkaOpsRequestAdmission } from './admission/kafka-ops-request';
import { discovery } from './discovery';
import { ApiFailure, badRequest, detailsOf, internalError, statusOf, unsupportedMediaType } from './failure';
import { Pages } from './pages';
import { PATCHES } from './patch';
import { deleteOptions, Removals } from './removals';
import { RESOURCES, type Resource } from './resources';
import { type ResourceRoute, route } from './route';
import { SEED_NAMESPACES, seedObjects } from './seed';
import { selection } from './selectors';
import { Store } from './store';
import { watch } from './watch';
import { type Target, type WriteOptions, Writes } from './writes';

export interface ApiRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends a watch. */
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A watch gives one JSON line a chunk, until its signal aborts. */
  readonly body: string | AsyncIterable<string>;
}

export interface Api {
  handle(request: ApiRequest): Promise<ApiResponse>;
}

export interface ApiOptions {
  readonly now: () => Date;
  /** Rules of operators. Default: those of KubeDB and cert-manager. */
  readonly admission?: readonly Admission[];
  /** Kinds that are not installed, by plural and group: `kafkas.kubedb.com`. Default: none. */
  readonly notInstalled?: readonly string[];
  /** Requests to refuse with 403. Read at every request, so that the list may change. Default: none. */
  readonly denied?: readonly Denial[];
  /** Namespaces at the start. Default: `default`, `kube-system`, `cert-manager`. */
  readonly namespaces?: readonly string[];
  /** How many changes of each kind a watch can go back. Default: 1000. */
  readonly historyLimit?: number;
}

const ADMISSION_RULES: readonly Admission[] = [kafkaAdmission, kafkaOpsRequestAdmission, ...certManagerAdmission];

/** Returns an API that has the namespaces, and KubeDB's catalog of versions. */
export function createApi(options: ApiOptions): Api {
  return new InProcessApi(options);
}

class InProcessApi implements Api {
  private readonly resources: readonly Resource[];
  private readonly store: Store;
  private readonly writes: Writes;
  private readonly removals: Removals;
  private readonly pages = new Pages();
  /** Stored objects never change, so that each is turned into JSON once. */
  private readonly texts = new WeakMap<KubeObject, string>();
  private readonly itemTexts = new WeakMap<KubeObject, string>();

  constructor(private readonly options: ApiOptions) {
    const { now, admission = ADMISSION_RULES, notInstalled = [], historyLimit = 1000 } = options;
    this.resources = RESOURCES.filter((r) => !notInstalled.includes(`${r.plural}.${r.group}`));
    this.store = new Store(historyLimit);
    this.removals = new Removals(this.store, admission, now, resourceOf);
    this.writes = new Writes(this.store, admission, now, (resource, object) => this.removals.afterWrite(resource, object));
    const seeding: WriteOptions = { manager: 'sandbox', dryRun: false, fieldValidation: 'Strict', force: false, warn: () => {} };
    for (const object of seedObjects(options.namespaces ?? SEED_NAMESPACES)) {
      const resource = resourceOf(object);
      if (resource !== undefined && this.resources.includes(resource))
        this.writes.create({ resource, namespace: undefined }, object, seeding);
    }
  }

  private get denied(): readonly Denial[] {
    return this.options.denied ?? [];
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    const warnings: string[] = [];
    try {
      const response = this.answer(request, warnings);
      if (warnings.length === 0) return response;
      const warning = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(', ');
      return { ...response, headers: { ...response.headers, warning } };
    } catch (error) {
      return failed(error instanceof ApiFailure ? error : internalError(error instanceof Error ? error.message : String(error)));
    }
  }

  private answer({ method, path, headers, body, signal }: ApiRequest, warnings: string[]): ApiResponse {
    const url = new URL(path, 'https://sandbox');
    const header = new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]));
    const document = method === 'GET' ? discovery(url.pathname, this.resources) : undefined;
    if (document !== undefined) return typeof document === 'string' ? text(200, document) : json(200, document);
    const contentType = (header.get('content-type') ?? JSON_TYPE).split(';')[0]?.trim() ?? '';
    if (url.pathname === REVIEW_PATH && method === 'POST') {
      requireJson(contentType);
      return json(201, reviewAccess(parse(body), this.denied));
    }
    const found = route(url, method, this.resources);
    if (found === undefined) return text(404, '404 page not found\n');
    requireAccess(found, this.denied);
    if (found.subresource === 'portforward') return this.portForward(found, header.get('upgrade'));
    if (found.verb === 'get' || found.verb === 'list' || found.verb === 'watch') return this.read(found, url.searchParams, signal);
    const options = writeOptions(url.searchParams, header.get('user-agent'), warnings);
    if (found.verb === 'delete') return this.delete(found, body ? parse(body) : undefined, url.searchParams);
    if (found.verb === 'patch' && contentType === APPLY_TYPE && !url.searchParams.has('fieldManager'))
      throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
    return this.write(found, contentType, body, options);
  }

  private read(target: ResourceRoute, query: URLSearchParams, signal: AbortSignal | undefined): ApiResponse {
    const { resource, namespace, name, verb } = target;
    if (verb === 'get') return this.object(200, this.store.require(resource, namespace, name));
    const matches = selection(resource, query);
    if (verb === 'watch') {
      const render = (object: KubeObject) => this.textOf(object);
      return { status: 200, headers: JSON_HEADERS, body: watch(this.store, { resource, namespace, matches, query, signal, render }) };
    }
    const { objects, metadata } = this.pages.page(query, () => ({
      objects: this.store.list(resource, namespace).filter(matches),
      revision: this.store.revision,
    }));
    const items = objects.map((object) => this.itemText(resource, object)).join(',');
    const head = `"kind":"${resource.kind}List","apiVersion":"${resource.apiVersion}","metadata":${JSON.stringify(metadata)}`;
    return { status: 200, headers: JSON_HEADERS, body: `{${head},"items":[${items}]}` };
  }

  /** Returns 101 and the pod: the caller owns the connection and makes it a WebSocket. */
  private portForward(target: ResourceRoute, upgrade: string | undefined): ApiResponse {
    // Kubernetes authorizes the GET, and the connection as a `create`.
    requireAccess({ ...target, verb: 'create' }, this.denied);
    const { body } = this.object(200, this.store.require(target.resource, target.namespace, target.name));
    if (upgrade?.toLowerCase() !== 'websocket') throw badRequest('Upgrade request required');
    return { status: 101, headers: {}, body };
  }

  private write(target: ResourceRoute, contentType: string, body: string | undefined, options: WriteOptions): ApiResponse {
    const { verb, subresource } = target;
    if (verb !== 'patch') requireJson(contentType);
    if (subresource === 'eviction') {
      this.removals.evict(target, parse(body), options.dryRun);
      return json(201, { ...statusOf('Success'), code: 201 });
    }
    const at: Target = { ...target, subresource: subresource === 'status' ? subresource : undefined };
    if (verb === 'create') return this.created(this.writes.create(at, parse(body), options), options);
    if (verb === 'update') return this.object(200, this.writes.replace(at, parse(body), options));
    if (contentType === APPLY_TYPE) {
      // An apply of an absent object creates it. Unlike a POST, the request has the name of the object.
      if (this.store.get(target.resource, target.namespace, target.name) === undefined)
        requireAccess({ ...target, verb: 'create' }, this.denied);
      const { object, isNew } = this.writes.apply(at, parse(body), options);
      return isNew ? this.created(object, options) : this.object(200, object);
    }
    const patch = contentType.includes('strategic') && target.resource.isCustom ? undefined : PATCHES.get(contentType);
    if (patch === undefined) throw unsupportedMediaType([...PATCHES.keys(), APPLY_TYPE]);
    return this.object(200, this.writes.patch(at, patch, parse(body), options));
  }

  private delete(target: ResourceRoute, body: unknown, query: URLSearchParams): ApiResponse {
    const { resource, name } = target;
    const { object, isGone } = this.removals.delete(target, deleteOptions(body, query));
    if (!isGone || resource.kind === KINDS.Pod.kind) return this.object(200, object);
    return json(200, statusOf('Success', { ...detailsOf(resource, name), uid: object.metadata.uid ?? '' }));
  }

  private created(object: KubeObject, { warn }: WriteOptions): ApiResponse {
    if (object.kind === KINDS.Job.kind || object.kind === KINDS.CronJob.kind)
      warn(`the sandbox runs no Jobs: run "kafka-tls apply --config-map" instead of ${object.kind} ${object.metadata.name}`);
    return this.object(201, object);
  }

  private object(status: number, object: KubeObject): ApiResponse {
    return { status, headers: JSON_HEADERS, body: this.textOf(object) };
  }

  private textOf(object: KubeObject): string {
    return memoize(this.texts, object, () => JSON.stringify(object));
  }

  /** A list of Kubernetes' own kinds has items without apiVersion and kind, as from a real server. */
  private itemText(resource: Resource, object: KubeObject): string {
    if (resource.isCustom) return this.textOf(object);
    const { apiVersion: _apiVersion, kind: _kind, ...item } = object;
    return memoize(this.itemTexts, object, () => JSON.stringify(item));
  }
}

function writeOptions(query: URLSearchParams, userAgent: string | undefined, warnings: string[]): WriteOptions {
  const validation = query.get('fieldValidation') ?? 'Warn';
  if (validation !== 'Strict' && validation !== 'Warn' && validation !== 'Ignore')
    throw badRequest(`fieldValidation: Unsupported value: "${validation}"`);
  return {
    manager: query.get('fieldManager') ?? ((userAgent ?? '').split('/')[0]?.slice(0, 128) || 'unknown'),
    dryRun: query.get('dryRun') === 'All',
    fieldValidation: validation,
    force: query.get('force') === 'true',
    warn: (message) => warnings.push(message),
  };
}

function resourceOf(object: { readonly apiVersion: string; readonly kind: string }): Resource | undefined {
  return RESOURCES.find((r) => r.kind === object.kind && r.apiVersion === object.apiVersion);
}

function parse(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? '');
  } catch (error) {
    throw badRequest(`error decoding the body of the request: ${error instanceof Error ? error.message : error}`);
  }
}

const JSON_TYPE = 'application/json';
const APPLY_TYPE = 'application/apply-patch+yaml';
const JSON_HEADERS = { 'content-type': JSON_TYPE };

/** What `kubectl create namespace` and its like can be replaced with. */
const INSTEAD_OF_PROTOBUF = 'use "kubectl create <kind> ... --dry-run=client -o yaml | kubectl create -f -"';

function requireJson(contentType: string): void {
  if (contentType.includes('protobuf'))
    throw new ApiFailure(415, 'UnsupportedMediaType', `the sandbox reads JSON and no protobuf: ${INSTEAD_OF_PROTOBUF}`);
  if (contentType !== JSON_TYPE) throw unsupportedMediaType([JSON_TYPE]);
}

/** Returns the answer to a request that failed. */
export function failed({ status }: ApiFailure): ApiResponse {
  const { details, code } = status;
  return json(code, status, details?.retryAfterSeconds === undefined ? {} : { 'retry-after': String(details.retryAfterSeconds) });
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

function text(status: number, body: string): ApiResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
