/**
 * A Kubernetes API inside the process, as small as what controllers and everyday `kubectl` need of it.
 *
 * `createApi` returns a handler of requests; there is no socket in it (`http.ts` puts HTTPS in front) and no timer, so that tests own
 * the time. A request is one synchronous step from its first read to its last write:
 *
 *     handle ──> route ──> may they? ──> read (get, list, watch)            store.ts  selectors.ts  watch.ts  table.ts
 *                                   └──> write (create, replace, patch,     writes.ts: admission.ts  structure.ts  ownership.ts
 *                                        apply, delete, evict)              removals.ts
 *
 * What may be relied on is the list of `test/sandbox/contract.test.ts`, no more. Known differences from a real server: Kubernetes'
 * own kinds are hardly validated and never pruned; lists are not paged; foreground deletion is background deletion; there is no
 * protobuf (which `kubectl create namespace` and its like send) and no conversion between versions. Equal requests give equal uids, versions and names.
 */
import { KINDS, type KubeObject } from '../../../constructs/model/kube-object';
import { madeOnce } from '../made-once';
import { type Access, type Denial, REVIEW_PATH, RULES_REVIEW_PATH, requireAccess, reviewAccess, reviewRules } from './access';
import type { Admission } from './admission';
import { ADMISSION_RULES } from './admission/rules';
import { discovery } from './discovery';
import { ApiFailure, badRequest, internalError, notFound, unsupportedMediaType } from './failure';
import { openApi } from './openapi';
import { deleteOptions, Removals } from './removals';
import { RESOURCES, type Resource } from './resources';
import { type ResourceRoute, route } from './route';
import { SEED_NAMESPACES, seedObjects } from './seed';
import { selection } from './selectors';
import { Store } from './store';
import { type IncludeObject, table, wantsTable } from './table';
import { watch } from './watch';
import { PATCHES, type Target, type WriteOptions, Writes } from './writes';

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

/** Returns an API with the kinds, namespaces and KafkaVersions that are there from the start. */
export function createApi(options: ApiOptions): Api {
  return new InProcessApi(options);
}

class InProcessApi implements Api {
  private readonly resources: readonly Resource[];
  private readonly store: Store;
  private readonly writes: Writes;
  private readonly removals: Removals;
  /** Stored objects never change, so that their JSON is made once. */
  private readonly texts = new WeakMap<KubeObject, string>();
  private readonly itemTexts = new WeakMap<KubeObject, string>();

  constructor(private readonly options: ApiOptions) {
    const { now, admission = ADMISSION_RULES, notInstalled = [], historyLimit = 1000 } = options;
    this.resources = RESOURCES.filter((r) => !notInstalled.includes(`${r.plural}.${r.group}`));
    this.store = new Store(historyLimit);
    const resourceOf = (o: { apiVersion: string; kind: string }) =>
      RESOURCES.find((r) => r.kind === o.kind && r.apiVersion === o.apiVersion);
    this.removals = new Removals(this.store, admission, now, resourceOf);
    this.writes = new Writes(this.store, admission, now, (resource, object) => this.removals.afterWrite(resource, object));
    const seeding: WriteOptions = { manager: 'sandbox', dryRun: false, fieldValidation: 'Strict', force: false, warn: () => {} };
    for (const object of seedObjects(options.namespaces ?? SEED_NAMESPACES)) {
      const resource = this.resources.find((r) => r.kind === object.kind && r.apiVersion === object.apiVersion);
      if (resource !== undefined) this.writes.create({ resource, namespace: undefined }, object, seeding);
    }
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    const warnings: string[] = [];
    try {
      const response = this.answer(request, warnings);
      if (warnings.length === 0) return response;
      const warning = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(', ');
      return { ...response, headers: { ...response.headers, warning } };
    } catch (error) {
      const { status } = error instanceof ApiFailure ? error : internalError(error instanceof Error ? error.message : String(error));
      return json(status.code, status, retryAfter(status.details?.retryAfterSeconds));
    }
  }

  private answer(request: ApiRequest, warnings: string[]): ApiResponse {
    const url = new URL(request.path, 'https://sandbox');
    const headers = new Map(Object.entries(request.headers).map(([key, value]) => [key.toLowerCase(), value]));
    const document =
      request.method === 'GET' ? (discovery(url.pathname, this.resources) ?? openApi(url.pathname, this.resources)) : undefined;
    if (document !== undefined) return typeof document === 'string' ? text(200, document) : json(200, document);
    const contentType = (headers.get('content-type') ?? 'application/json').split(';')[0]?.trim() ?? '';
    const review = { [REVIEW_PATH]: reviewAccess, [RULES_REVIEW_PATH]: reviewRules }[url.pathname];
    if (review !== undefined && request.method === 'POST') {
      if (contentType !== 'application/json') throw unsupportedMediaType(['application/json']);
      return json(201, review(parse(request.body), this.options.denied ?? []));
    }
    const found = route(url, request.method, this.resources);
    if (found === undefined) return text(404, '404 page not found\n');
    requireAccess(accessOf(found), this.options.denied ?? []);
    const accept = headers.get('accept') ?? '';
    if (found.verb === 'get' || found.verb === 'list' || found.verb === 'watch')
      return this.read(found, url.searchParams, accept, request.signal);
    const write = {
      contentType,
      body: request.body,
      options: writeOptions(url.searchParams, headers.get('user-agent'), warnings),
      query: url.searchParams,
    };
    return this.write(found, write);
  }

  private read(target: ResourceRoute, query: URLSearchParams, accept: string, signal: AbortSignal | undefined): ApiResponse {
    const { resource, namespace, name, verb } = target;
    const asTable = wantsTable(accept);
    const includeObject = (query.get('includeObject') ?? 'Metadata') as IncludeObject;
    const rows = (objects: readonly KubeObject[], resourceVersion: string) =>
      table(resource, objects, { resourceVersion, now: this.options.now(), includeObject });
    if (verb === 'get') {
      const object = this.store.get(resource, namespace, name);
      if (object === undefined) throw notFound(resource, name);
      return asTable ? json(200, rows([object], object.metadata.resourceVersion ?? '')) : this.object(200, object);
    }
    const matches = selection(resource, query);
    if (verb === 'watch') {
      const render = (o: KubeObject) => (asTable ? JSON.stringify(rows([o], o.metadata.resourceVersion ?? '')) : this.textOf(o));
      return { status: 200, headers: JSON_HEADERS, body: watch(this.store, { resource, namespace, matches, query, signal, render }) };
    }
    const objects = this.store.list(resource, namespace).filter(matches);
    const revision = String(this.store.revision);
    if (asTable) return json(200, rows(objects, revision));
    const items = objects.map((object) => this.itemText(resource, object)).join(',');
    const head = `"kind":"${resource.kind}List","apiVersion":"${resource.apiVersion}","metadata":{"resourceVersion":"${revision}"}`;
    return { status: 200, headers: JSON_HEADERS, body: `{${head},"items":[${items}]}` };
  }

  private write(target: ResourceRoute, { contentType, body, options, query }: WriteInput): ApiResponse {
    const { verb, subresource } = target;
    if (verb === 'delete') return this.delete(target, deleteOptions(parse(body, true), query));
    if (verb !== 'patch' && contentType !== 'application/json') throw unsupportedMediaType(['application/json']);
    if (subresource === 'eviction') {
      this.removals.evict(target, parse(body), options.dryRun);
      return json(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
    }
    const at: Target = { ...target, subresource };
    if (verb === 'create') {
      const created = this.writes.create(at, parse(body), options);
      warnThatJobsDoNotRun(created, options);
      return this.object(201, created);
    }
    if (verb === 'update') return this.object(200, this.writes.replace(at, parse(body), options));
    if (contentType === 'application/apply-patch+yaml') {
      if (!query.has('fieldManager'))
        throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
      // To apply what is not there is to create it, and unlike a POST it has a name.
      if (this.store.get(target.resource, target.namespace, target.name) === undefined)
        requireAccess({ ...accessOf(target), verb: 'create' }, this.options.denied ?? []);
      const { object, isNew } = this.writes.apply(at, parse(body), options);
      if (isNew) warnThatJobsDoNotRun(object, options);
      return this.object(isNew ? 201 : 200, object);
    }
    const isServed = isPatchType(contentType) && !(contentType.includes('strategic') && target.resource.isCustom);
    if (!isServed) throw unsupportedMediaType([...Object.keys(PATCHES), 'application/apply-patch+yaml']);
    return this.object(200, this.writes.patch(at, contentType, parse(body), options));
  }

  private delete(target: ResourceRoute, options: ReturnType<typeof deleteOptions>): ApiResponse {
    const { resource, name } = target;
    const { object, isGone } = this.removals.delete(target, options);
    if (!isGone || resource.kind === 'Pod') return this.object(200, object);
    const details = { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural, uid: object.metadata.uid };
    return json(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
  }

  private object(status: number, object: KubeObject): ApiResponse {
    return { status, headers: JSON_HEADERS, body: this.textOf(object) };
  }

  private textOf(object: KubeObject): string {
    return madeOnce(this.texts, object, () => JSON.stringify(object));
  }

  /** Items of a list of Kubernetes' own kinds come without apiVersion and kind, as from a real server. */
  private itemText(resource: Resource, object: KubeObject): string {
    if (resource.isCustom) return this.textOf(object);
    const { apiVersion: _apiVersion, kind: _kind, ...item } = object;
    return madeOnce(this.itemTexts, object, () => JSON.stringify(item));
  }
}

function warnThatJobsDoNotRun({ kind, metadata }: KubeObject, { warn }: WriteOptions): void {
  if (kind !== KINDS.Job.kind && kind !== KINDS.CronJob.kind) return;
  warn(`the sandbox runs no Jobs: do what ${kind} ${metadata.name} would with "kafka-tls apply --config-map"`);
}

interface WriteInput {
  readonly contentType: string;
  readonly body: string | undefined;
  readonly options: WriteOptions;
  readonly query: URLSearchParams;
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

function accessOf({ verb, resource, namespace, name, subresource }: ResourceRoute): Access {
  const plural = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
  return { verb, group: resource.group, resource: plural, namespace, name };
}

function isPatchType(type: string): type is keyof typeof PATCHES {
  return Object.hasOwn(PATCHES, type);
}

function parse(body: string | undefined, mayBeEmpty = false): unknown {
  if (mayBeEmpty && (body === undefined || body === '')) return undefined;
  try {
    return JSON.parse(body ?? '');
  } catch (error) {
    throw badRequest(`error decoding the body of the request: ${error instanceof Error ? error.message : error}`);
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' };

function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

function text(status: number, body: string): ApiResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
