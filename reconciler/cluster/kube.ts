/**
 * Kubernetes over any transport, in raw JSON: what was read is what the server sent, and what is written is what was given. No model
 * stands between that could drop a field it does not know.
 *
 * 1. Every request has a deadline, which begins after the login; every write names our field manager and asks for strict field
 *    validation. Credentials that are refused (401) are renewed, and the request is sent once more.
 * 2. Answers that may be different a moment later (429, 5xx, a cut connection) are asked again with growing pauses, for half a minute at
 *    most. A create is repeated only when the server cannot have carried it out: it was never sent, or turned away with 429. All other
 *    writes carry a resourceVersion or uid, or are idempotent, so that repeating them is safe.
 * 3. An API server that has never answered is not waited for: then the address is wrong more often than the server is down.
 * 4. What fails in the end is an error of `api-error.ts`. An eviction that a PodDisruptionBudget forbids, and an object that is gone, are
 *    answers and not errors.
 */
import { groupOf, KINDS, type Kind, type KubeObject, kindOf, type ObjectRef, refOf } from '../../constructs/model/kube-object';
import { FIELD_MANAGER } from '../../constructs/model/names';
import { ClusterError, InternalError } from '../errors';
import type { Access, Clock, Cluster, Eviction, JsonPatchOperation, Selection } from '../ports';
import { apiError, type Call, type Failure, failureOf, isCertificateProblem, isTransient, unreachable } from './api-error';
import { withDeadline } from './deadline';
import { type Transport, TransportError, type TransportRequest, type TransportResponse } from './http';
import { objectIn, readList, readObject, readReview } from './read';
import { type Listing, watchObjects } from './watch';

const REQUEST_DEADLINE_MS = 30_000;
const RETRY_FOR_MS = 30_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** The server ends a watch after this long, so that a forgotten one does not stay. */
const WATCH_SECONDS = 300;

const WRITE = { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' };

/** Returns a cluster behind a transport. */
export function kubeCluster(transport: Transport, clock: Clock): Cluster {
  const api = new Api(transport, clock);
  return {
    get: (subject) => api.get(subject),
    list: async (kind, selection) => (await api.list(kind, selection)).items,
    watch: (kind, selection, signal) =>
      watchObjects(
        {
          list: () => api.list(kind, selection),
          open: (resourceVersion, stop) => api.openWatch(kind, selection, resourceVersion, stop),
          read: (object) => objectIn({ verb: 'watch', kind, namespace: selection.namespace }, object),
        },
        clock,
        signal,
      ),
    create: (object) =>
      api.write('create', object, { method: 'POST', path: collectionPath(kindFor(object), object.metadata.namespace), body: object }),
    apply: (object, options) =>
      api.write('patch', object, {
        method: 'PATCH',
        path: objectPath(refOf(object)),
        contentType: 'application/apply-patch+yaml',
        query: { force: String(options?.force === true), ...(options?.dryRun === true ? { dryRun: 'All' } : {}) },
        body: object,
      }),
    patch: (subject, operations, options) => api.patch(subject, operations, options?.status === true),
    replace: (object, options) =>
      api.write('update', object, {
        method: 'PUT',
        path: `${objectPath(refOf(object))}${options?.status === true ? '/status' : ''}`,
        ...(options?.status === true ? { subresource: 'status' } : {}),
        body: object,
      }),
    evict: (pod, uid) => api.evict(pod, uid),
    delete: (subject, uid) => api.delete(subject, uid),
    isAllowed: (access) => api.isAllowed(access),
  };
}

/** A question in the form of an object: it is answered, and not kept. */
const ACCESS_REVIEW: Kind = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

interface Write {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly contentType?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly subresource?: 'status';
  readonly body: unknown;
}

type Answer = { readonly body: string } | { readonly failure: Failure };

class Api {
  private hasAnswered = false;
  /** What was read last, by path. A gate that stays shut looks many times, and what has not changed is not parsed again. */
  private readonly known = new Map<string, { readonly body: string; readonly value: unknown }>();

  constructor(
    private readonly transport: Transport,
    private readonly clock: Clock,
  ) {}

  async get(subject: ObjectRef): Promise<KubeObject | undefined> {
    const call: Call = { verb: 'get', kind: kindFor(subject), namespace: subject.namespace, subject };
    if (isNoName(subject.name)) return undefined;
    const path = objectPath(subject);
    const answer = await this.ask(call, { method: 'GET', path });
    if ('body' in answer) return this.remembered(call, path, answer.body, readObject);
    if (answer.failure.isMissingObject) return undefined;
    throw apiError(call, answer.failure);
  }

  async list(kind: Kind, selection: Selection): Promise<Listing> {
    const call: Call = { verb: 'list', kind, namespace: selection.namespace };
    const [path, query] = [collectionPath(kind, selection.namespace), selectors(selection)];
    const answer = await this.ask(call, { method: 'GET', path, query });
    if ('failure' in answer) throw apiError(call, answer.failure);
    return this.remembered(call, `${path}?${Object.values(query)}`, answer.body, readList);
  }

  async openWatch(kind: Kind, selection: Selection, resourceVersion: string, signal: AbortSignal): Promise<AsyncIterable<string>> {
    const call: Call = { verb: 'watch', kind, namespace: selection.namespace };
    const query = {
      ...selectors(selection),
      watch: 'true',
      resourceVersion,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(WATCH_SECONDS),
    };
    const response = await this.send({ method: 'GET', path: collectionPath(kind, selection.namespace), query, isStream: true, signal });
    if (response.status === 200) return typeof response.body === 'string' ? once(response.body) : response.body;
    throw apiError(call, failureOf(response.status, response.headers, await text(response)));
  }

  async write(verb: 'create' | 'patch' | 'update', object: KubeObject, write: Write): Promise<KubeObject> {
    const call = this.callFor(verb, refOf(object), write.subresource);
    const answer = await this.ask(call, requestOf(write));
    if ('failure' in answer) throw apiError(call, answer.failure);
    return readObject(call, answer.body);
  }

  async patch(subject: ObjectRef, operations: readonly JsonPatchOperation[], isStatus: boolean): Promise<KubeObject> {
    const call = this.callFor('patch', subject, isStatus ? 'status' : undefined);
    const path = `${objectPath(subject)}${isStatus ? '/status' : ''}`;
    const answer = await this.ask(call, requestOf({ method: 'PATCH', path, contentType: 'application/json-patch+json', body: operations }));
    if ('body' in answer) return readObject(call, answer.body);
    throw isFailedTest(operations, answer.failure) ? changedMeanwhile(subject, answer.failure) : apiError(call, answer.failure);
  }

  async evict(pod: ObjectRef, uid: string): Promise<Eviction> {
    const call: Call = { verb: 'create', kind: kindFor(pod), subresource: 'eviction', namespace: pod.namespace, subject: pod };
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod.name, namespace: pod.namespace },
      deleteOptions: { preconditions: { uid } },
    };
    const request: TransportRequest = { ...requestOf({ method: 'POST', path: `${objectPath(pod)}/eviction`, body }), query: {} };
    const answer = await this.ask(call, request, isBudgetRefusal);
    if ('body' in answer) return { kind: 'evicted' };
    const { failure } = answer;
    if (isBudgetRefusal(failure)) return { kind: 'refused', because: budgetMessage(failure) };
    if (failure.isMissingObject) return { kind: 'gone' };
    if (failure.status === 409 && (await this.get(pod))?.metadata.uid !== uid) return { kind: 'gone' };
    throw apiError(call, failure);
  }

  async delete(subject: ObjectRef, uid: string): Promise<void> {
    const call = this.callFor('delete', subject);
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid }, propagationPolicy: 'Background' });
    const answer = await this.ask(call, {
      method: 'DELETE',
      path: objectPath(subject),
      headers: { 'content-type': 'application/json' },
      body,
    });
    // The only precondition is the uid: a conflict means that another object has the name by now.
    if ('body' in answer || answer.failure.isMissingObject || answer.failure.status === 409) return;
    throw apiError(call, answer.failure);
  }

  /** Nobody changes what was read. Secrets are not kept. */
  private remembered<T>(call: Call, key: string, body: string, read: (call: Call, body: string) => T): T {
    const known = this.known.get(key);
    if (known?.body === body) return known.value as T;
    const value = read(call, body);
    if (call.kind.kind !== KINDS.Secret.kind) this.known.set(key, { body, value });
    return value;
  }

  async isAllowed({ resource, ...access }: Access): Promise<boolean | undefined> {
    const call: Call = { verb: 'create', kind: ACCESS_REVIEW };
    const [plural, subresource] = resource.split('/');
    const resourceAttributes = { ...access, resource: plural, ...(subresource === undefined ? {} : { subresource }) };
    const { apiVersion, kind } = ACCESS_REVIEW;
    const body = { apiVersion, kind, spec: { resourceAttributes } };
    const answer = await this.ask(call, {
      ...requestOf({ method: 'POST', path: collectionPath(ACCESS_REVIEW, undefined), body }),
      query: {},
    });
    if ('failure' in answer) {
      if (answer.failure.status === 403 || answer.failure.status === 404) return undefined;
      throw apiError(call, answer.failure);
    }
    const { allowed, evaluationError } = readReview(call, answer.body);
    // An authorizer that could not be asked has not said no.
    return allowed === true ? true : evaluationError ? undefined : false;
  }

  private callFor(verb: Call['verb'], subject: ObjectRef, subresource?: 'status'): Call {
    return { verb, kind: kindFor(subject), namespace: subject.namespace, subject, ...(subresource === undefined ? {} : { subresource }) };
  }

  /** Sends until there is an answer that stays, or the time for repeating has passed. */
  private async ask(call: Call, request: TransportRequest, isFinal: (failure: Failure) => boolean = () => false): Promise<Answer> {
    const end = this.clock.monotonicMs() + RETRY_FOR_MS;
    const isCreate = call.verb === 'create' && call.subresource === undefined && call.kind !== ACCESS_REVIEW;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const outcome = await this.attempt(request);
      if ('body' in outcome) return outcome;
      const { failure } = outcome;
      const isWorthRepeating =
        failure === undefined ? this.canRepeat(outcome.error, isCreate) : canRepeatAfter(failure, isCreate) && !isFinal(failure);
      const waitMs = Math.min((failure?.retryAfterSeconds ?? 0) * 1000 || pauseMs, RETRY_FOR_MS);
      if (!isWorthRepeating || this.clock.monotonicMs() + waitMs > end) {
        if (failure === undefined) throw unreachable(this.transport.server, outcome.error);
        return { failure };
      }
      await this.clock.sleep(waitMs);
    }
  }

  private async attempt(
    request: TransportRequest,
  ): Promise<{ readonly body: string } | { readonly failure: Failure } | { readonly failure?: undefined; readonly error: TransportError }> {
    try {
      const response = await this.send(request);
      const body = await text(response);
      return response.status < 300 ? { body } : { failure: failureOf(response.status, response.headers, body) };
    } catch (error) {
      if (error instanceof TransportError) return { error };
      throw error;
    }
  }

  /** A request whose credentials were refused did nothing: it is sent once more, whatever it asks for, if there are new ones. */
  private async send(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.sendOnce(request);
    return (await response.renewCredentials?.()) === true ? this.sendOnce(request) : response;
  }

  private async sendOnce(request: TransportRequest): Promise<TransportResponse> {
    await this.transport.logIn?.();
    const expired = () => new TransportError(`no answer within ${REQUEST_DEADLINE_MS / 1000} s`, { code: 'ETIMEDOUT', wasSent: true });
    const deadline = { clock: this.clock, ms: REQUEST_DEADLINE_MS, onExpiry: expired };
    // A stream lives on after its first byte: its own signal ends it, and the deadline is only for the answer to begin.
    const response = await withDeadline({ ...deadline, signal: request.signal }, (signal) =>
      this.transport.request({
        ...request,
        headers: { accept: 'application/json', ...request.headers },
        ...(request.isStream === true ? {} : { signal }),
      }),
    );
    this.hasAnswered = true;
    return response;
  }

  private canRepeat(error: TransportError, isCreate: boolean): boolean {
    if (isCertificateProblem(error.code)) return false;
    return this.hasAnswered && !(isCreate && error.wasSent);
  }
}

function canRepeatAfter(failure: Failure, isCreate: boolean): boolean {
  return isCreate ? failure.status === 429 : isTransient(failure.status);
}

function requestOf({ method, path, contentType = 'application/json', query = {}, body }: Write): TransportRequest {
  return { method, path, query: { ...WRITE, ...query }, headers: { 'content-type': contentType }, body: JSON.stringify(body) };
}

async function text(response: TransportResponse): Promise<string> {
  if (typeof response.body === 'string') return response.body;
  let all = '';
  for await (const chunk of response.body) all += chunk;
  return all;
}

async function* once(body: string): AsyncIterable<string> {
  yield body;
}

function kindFor(of: { readonly apiVersion: string; readonly kind: string }): Kind {
  const kind = kindOf(of);
  if (kind === undefined) throw new InternalError(`${of.apiVersion} ${of.kind} is not a kind that is known here.`);
  return kind;
}

function collectionPath(kind: Kind, namespace: string | undefined): string {
  const root = groupOf(kind.apiVersion) === '' ? `/api/${kind.apiVersion}` : `/apis/${kind.apiVersion}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${kind.plural}`;
}

function objectPath(subject: ObjectRef): string {
  return `${collectionPath(kindFor(subject), subject.namespace)}/${encodeURIComponent(subject.name)}`;
}

function selectors({ name, labels }: Selection): Record<string, string> {
  const labelSelector = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    ...(labelSelector.length === 0 ? {} : { labelSelector: labelSelector.join(',') }),
  };
}

/** What a reference may hold that no object can be called; in a path it would lead elsewhere. */
function isNoName(name: string): boolean {
  return ['', '.', '..'].includes(name);
}

/** A failed `test` is 422 like any bad patch; unlike those, it names no field. */
function isFailedTest(operations: readonly JsonPatchOperation[], failure: Failure): boolean {
  return failure.status === 422 && operations.some((o) => o.op === 'test') && !failure.causes.some((c) => c.field !== undefined);
}

function changedMeanwhile(subject: ObjectRef, { status }: Failure): ClusterError {
  return new ClusterError(`patch failed: ${status}: it was changed by somebody else since it was read.`, {
    subject,
    status: 409,
    reason: 'Conflict',
  });
}

function isBudgetRefusal(failure: Failure): boolean {
  return (
    failure.status === 429 && (failure.causes.some((c) => c.reason === 'DisruptionBudget') || /disruption budget/i.test(failure.message))
  );
}

function budgetMessage(failure: Failure): string {
  const cause = failure.causes.find((c) => c.reason === 'DisruptionBudget')?.message;
  return [failure.message, cause].filter(Boolean).join(' ').replace(/\.$/, '');
}
