/**
 * The Cluster port over any transport, in raw JSON: a read returns the object as the server sent it, and a write sends the object as it was
 * given. The models of @kubernetes/client-node are not used, since they drop fields that they do not know
 * (`test/cluster/client-node.test.ts`).
 *
 * Every write names our field manager, asks for strict field validation, and carries a resourceVersion or uid, or is idempotent
 * (`requests.ts` rests on that). A failure becomes an error of `api-error.ts`. Two failures are answers and not errors: an eviction that a
 * PodDisruptionBudget forbids, and an object that does not exist.
 */
import { Readable } from 'node:stream';
import type { V1DeleteOptions, V1Eviction, V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import { groupOf, type Kind, type KubeObject, kindOf, type ObjectRef, refOf } from '#model/kube-object';
import { FIELD_MANAGER } from '#model/names';
import { ClusterError, InternalError } from '../errors';
import type { Access, Clock, Cluster, Eviction, JsonPatchOperation, Selection } from '../ports';
import { apiError, type Call, type Failure, failureOf } from './api-error';
import type { Transport, TransportRequest } from './http';
import { objectIn, readList, readObject, readReview } from './read';
import { type Answer, Requests, type RetryOptions } from './requests';
import { type Listing, watchObjects } from './watch';

/** The server ends a watch after this long, so that an abandoned one does not stay open. */
const WATCH_SECONDS = '300';
/** Large lists come in pages, so that neither side holds all of a cluster at once as text. */
const PAGE_SIZE = '500';
const WRITE = { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' };
const METHODS = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', patch: 'PATCH', update: 'PUT', delete: 'DELETE' } as const;

/** The parts of a request that its call does not determine. */
interface Content {
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: unknown;
}

/** Returns a cluster behind a transport. */
export function kubeCluster(transport: Transport, clock: Clock): Cluster {
  const requests = new Requests(transport, clock);
  const ask = (call: Call, content: Content = {}, options: RetryOptions = { isIdempotent: true }) =>
    requests.ask(requestOf(call, content), options);

  const get = async (subject: ObjectRef): Promise<KubeObject | undefined> => {
    // In a path these names would lead to another resource.
    if (['', '.', '..'].includes(subject.name)) return undefined;
    const call = callOf('get', subject);
    const answer = await ask(call);
    return 'failure' in answer && answer.failure.isMissingObject ? undefined : readObject(call, bodyOf(call, answer));
  };
  const list = async (kind: Kind, selection: Selection): Promise<Listing> => {
    const call: Call = { verb: 'list', kind, namespace: selection.namespace };
    const page = async (part: Readonly<Record<string, string>>) =>
      readList(call, bodyOf(call, await ask(call, { query: { ...selectors(selection), ...part } })));
    const first = await page({ limit: PAGE_SIZE });
    const items = [...first.items];
    for (let next = first.next; next !== undefined; ) {
      const following = await page({ limit: PAGE_SIZE, continue: next }).catch(async (error: unknown) => {
        // The server has forgotten the state of the first page: one request for all objects is consistent again.
        if (error instanceof ClusterError && error.status === 410) return undefined;
        throw error;
      });
      if (following === undefined) return page({});
      items.push(...following.items);
      next = following.next;
    }
    return { items, resourceVersion: first.resourceVersion };
  };
  const write = async (verb: 'create' | 'patch' | 'update', object: KubeObject, { query, ...content }: Content = {}, isStatus = false) => {
    const call = callOf(verb, refOf(object), isStatus ? 'status' : undefined);
    const options = { isIdempotent: verb !== 'create' };
    return readObject(call, bodyOf(call, await ask(call, { body: object, query: { ...WRITE, ...query }, ...content }, options)));
  };

  return {
    get,
    list: async (kind, selection) => (await list(kind, selection)).items,
    watch: (kind, selection, signal) => {
      const call: Call = { verb: 'watch', kind, namespace: selection.namespace };
      const open = async (resourceVersion: string, stop: AbortSignal) => {
        const since = { watch: 'true', resourceVersion, allowWatchBookmarks: 'true', timeoutSeconds: WATCH_SECONDS };
        const request = requestOf(call, { query: { ...selectors(selection), ...since } });
        const { status, headers, body } = await requests.send({ ...request, isStream: true, signal: stop });
        if (status !== 200) throw apiError(call, failureOf(status, headers, String(body)));
        return typeof body === 'string' ? Readable.from([body]) : body;
      };
      return watchObjects({ list: () => list(kind, selection), open, read: (object) => objectIn(call, object) }, clock, signal);
    },
    create: (object) => write('create', object),
    apply: (object, { force = false, dryRun = false } = {}) => {
      const query = { force: String(force), ...(dryRun ? { dryRun: 'All' } : {}) };
      return write('patch', object, { contentType: 'application/apply-patch+yaml', query });
    },
    async patch(subject, operations, options) {
      const call = callOf('patch', subject, options?.status === true ? 'status' : undefined);
      const answer = await ask(call, { contentType: 'application/json-patch+json', body: operations, query: WRITE });
      if ('failure' in answer && isFailedTest(operations, answer.failure)) throw staleObject(subject, answer.failure);
      return readObject(call, bodyOf(call, answer));
    },
    replace: (object, options) => write('update', object, {}, options?.status === true),
    async evict(pod, uid): Promise<Eviction> {
      const call = callOf('create', pod, 'eviction');
      const { name, namespace = '' } = pod;
      const body: V1Eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        deleteOptions: { preconditions: { uid } },
      };
      const answer = await ask(call, { body }, { isIdempotent: true, isFinal: isBudgetRefusal });
      if ('body' in answer) return { kind: 'evicted' };
      const { failure } = answer;
      if (isBudgetRefusal(failure)) return { kind: 'refused', because: budgetMessage(failure) };
      if (failure.isMissingObject || (failure.status === 409 && (await get(pod))?.metadata.uid !== uid)) return { kind: 'gone' };
      throw apiError(call, failure);
    },
    async delete(subject, uid) {
      const call = callOf('delete', subject);
      const body: V1DeleteOptions = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid }, propagationPolicy: 'Background' };
      const answer = await ask(call, { body });
      // The only precondition is the uid: a conflict means that another object has the name by now.
      if ('failure' in answer && !answer.failure.isMissingObject && answer.failure.status !== 409) throw apiError(call, answer.failure);
    },
    async isAllowed({ resource: path, ...access }: Access) {
      const [resource = '', subresource] = path.split('/');
      const { apiVersion, kind } = ACCESS_REVIEW;
      const resourceAttributes = { ...access, resource, ...(subresource === undefined ? {} : { subresource }) };
      const body: V1SelfSubjectAccessReview = { apiVersion, kind, spec: { resourceAttributes } };
      const call: Call = { verb: 'create', kind: ACCESS_REVIEW };
      const answer = await ask(call, { body });
      if ('failure' in answer && (answer.failure.status === 403 || answer.failure.status === 404)) return undefined;
      const { allowed, evaluationError } = readReview(call, bodyOf(call, answer));
      // A no with an evaluation error means that an authorizer could not be asked.
      return allowed ? true : evaluationError ? undefined : false;
    },
  };
}

/** A question in the form of an object, which the server answers and does not store. */
const ACCESS_REVIEW: Kind = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

function callOf(verb: Call['verb'], subject: ObjectRef, subresource?: Call['subresource']): Call {
  const kind = kindOf(subject);
  if (kind === undefined) throw new InternalError(`${subject.apiVersion} ${subject.kind} is an unknown kind.`);
  return { verb, kind, namespace: subject.namespace, subject, subresource };
}

function requestOf(call: Call, { query = {}, body, contentType = 'application/json' }: Content): TransportRequest {
  const content = body === undefined ? {} : { headers: { 'content-type': contentType }, body: JSON.stringify(body) };
  return { method: METHODS[call.verb], path: pathOf(call), query, ...content };
}

function pathOf({ verb, kind, namespace, subject, subresource }: Call): string {
  const root = groupOf(kind.apiVersion) === '' ? `/api/${kind.apiVersion}` : `/apis/${kind.apiVersion}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const collection = `${root}${scope}/${kind.plural}`;
  if (subject === undefined || (verb === 'create' && subresource === undefined)) return collection;
  return [collection, encodeURIComponent(subject.name), subresource].filter((part) => part !== undefined).join('/');
}

function selectors({ name, labels = {}, hasLabel }: Selection): Record<string, string> {
  const equalities = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const labelSelector = hasLabel === undefined ? equalities : [...equalities, hasLabel];
  return {
    ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    ...(labelSelector.length === 0 ? {} : { labelSelector: labelSelector.join(',') }),
  };
}

function bodyOf(call: Call, answer: Answer): string {
  if ('failure' in answer) throw apiError(call, answer.failure);
  return answer.body;
}

/** A failed `test` is 422 like any invalid patch, but names no field. */
function isFailedTest(operations: readonly JsonPatchOperation[], failure: Failure): boolean {
  return failure.status === 422 && operations.some((o) => o.op === 'test') && !failure.causes.some((c) => c.field !== undefined);
}

function staleObject(subject: ObjectRef, { status }: Failure): ClusterError {
  const why = `patch failed: ${status}: another writer changed the object after it was read.`;
  return new ClusterError(why, { subject, status: 409, reason: 'Conflict' });
}

function isBudgetRefusal({ status, causes, message }: Failure): boolean {
  return status === 429 && (causes.some((c) => c.reason === 'DisruptionBudget') || /disruption budget/i.test(message));
}

function budgetMessage({ causes, message }: Failure): string {
  const cause = causes.find((c) => c.reason === 'DisruptionBudget')?.message;
  return [message, cause].filter(Boolean).join(' ').replace(/\.$/, '');
}
