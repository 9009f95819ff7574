/**
 * The KafkaOpsRequests of a Kafka, as history: which name the next attempt gets, which one is unfinished, what the last one reversed.
 *
 * Requests never tell what TLS is; the five layers do. They bound how often something is tried, and they say what a revert is.
 */
import type { Desired } from '#model/desired';
import { formatRef, KINDS, type KubeObject, ref } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { ANNOTATION_OWNER, attemptName, baseOfAttempt, isAttemptOf, REQUEST } from '#model/names';
import { isValid } from '#model/schema';
import { TLS_STATE, type TlsState } from '#model/tls';
import type { Obstacle } from '../model/plan';

/** Returns an annotation of a request. */
export function annotationOf(request: KubeObject, key: string): string | undefined {
  return request.metadata.annotations?.[key];
}

/** Tells whether we created the request for this owner. */
export function isOurs(request: KubeObject, owner: string): boolean {
  return annotationOf(request, ANNOTATION_OWNER) === owner && annotationOf(request, REQUEST.executor) !== undefined;
}

/** Tells whether the reconciler itself carries the request out. */
export function isNative(request: KubeObject): boolean {
  return annotationOf(request, REQUEST.executor) === 'native';
}

/** Returns the requests that are not over, oldest first. */
export function unfinished(requests: readonly KubeObject[]): readonly KubeObject[] {
  return requests.filter((r) => !isFinishedRequest(r));
}

/** Returns the TLS state that the Kafka had before the operation, as recorded on the request. */
export function stateBefore(request: KubeObject): TlsState | undefined {
  const text = annotationOf(request, REQUEST.from);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isValid(TLS_STATE, value) ? value : undefined;
  } catch {
    return undefined; // written by somebody else; without it there is just no shortcut for a revert
  }
}

/** Returns the newest of our requests that changed, or began to change, the Kafka's TLS state. */
export function lastConverging(requests: readonly KubeObject[], owner: string): KubeObject | undefined {
  return requests.filter((r) => isOurs(r, owner) && stateBefore(r) !== undefined && !wasNeverStarted(r)).at(-1);
}

function wasNeverStarted(request: KubeObject): boolean {
  return ['Skipped', 'Denied'].includes(request.status?.phase ?? '');
}

export interface AttemptRules {
  readonly requests: readonly KubeObject[];
  readonly owner: string;
  readonly namespace: string;
  readonly kafkaGeneration: number | undefined;
  readonly retries: number;
  /** `apply --retry`: whatever failed before does not count. */
  readonly retry: boolean;
}

/** What to do about a request whose effect the live state lacks: create it under a name, go on with it, or stop. */
export type NextAttempt =
  | { readonly kind: 'create'; readonly name: string }
  | { readonly kind: 'continue'; readonly request: KubeObject }
  | { readonly kind: 'stop'; readonly obstacle: Obstacle };

/**
 * Returns the next attempt of the request with this base name. `missing` says what the live state lacks, for the message of a request
 * that was Successful without effect.
 */
export function nextAttempt(base: string, missing: string, rules: AttemptRules): NextAttempt {
  const attempts = rules.requests.filter((r) => isAttemptOf(r.metadata.name, base) && isOurs(r, rules.owner));
  const taken = rules.requests.filter((r) => isAttemptOf(r.metadata.name, base)).length;
  const create: NextAttempt = { kind: 'create', name: attemptName(base, taken + 1) };
  const last = attempts.at(-1);
  if (last === undefined) return create;
  if (!isFinishedRequest(last)) return { kind: 'continue', request: last };
  if (rules.retry) return create;
  const phase: string = last.status?.phase ?? '';
  if (phase === 'Denied')
    return stop(
      rules,
      last,
      'blocked',
      'was denied',
      'It is not asked for again with the same content. Change the desired state, or run "kafka-tls apply --retry".',
    );
  if (phase === 'Successful') return afterSuccess(last, missing, rules) ?? create;
  return afterFailures(attempts, rules) ?? create;
}

function afterSuccess(last: KubeObject, missing: string, rules: AttemptRules): NextAttempt | undefined {
  if (annotationOf(last, REQUEST.verified) !== undefined) return undefined;
  const seenAt = annotationOf(last, REQUEST.ineffectiveAt);
  // The run that should have judged it was killed. What came after it has changed the Kafka, and says more than its silence.
  if (seenAt === undefined && rules.requests.at(-1) !== last) return undefined;
  if (seenAt !== undefined && seenAt !== String(rules.kafkaGeneration)) return undefined;
  return stop(
    rules,
    last,
    'failed',
    `was Successful without effect: ${missing}`,
    'It is not tried again until the Kafka changes. Look at the ops-manager\'s log, or run "kafka-tls apply --retry".',
  );
}

/** How to go on when an operation has failed as often as the desired state allows. */
export const MEND_AND_RETRY = 'Mend the cause, then run "kafka-tls apply --retry".';

function afterFailures(attempts: readonly KubeObject[], rules: AttemptRules): NextAttempt | undefined {
  const failed = failedAttempts(attempts);
  const last = failed.at(-1);
  if (last === undefined || failed.length <= rules.retries) return undefined;
  const times = failed.length === 1 ? 'once' : `${failed.length} times`;
  return stop(rules, last, 'failed', `failed ${times}: ${failureOf(last)}`, MEND_AND_RETRY);
}

/** Attempts that count: those since the last one that did what it was asked for. */
function failedAttempts(attempts: readonly KubeObject[]): readonly KubeObject[] {
  const sinceVerified = attempts.slice(attempts.findLastIndex((r) => annotationOf(r, REQUEST.verified) !== undefined) + 1);
  return sinceVerified.filter((r) => r.status?.phase === 'Failed' && annotationOf(r, REQUEST.superseded) === undefined);
}

/** Tells whether a request that has failed is not tried again by the next run. */
export function isRetryBoundReached(request: KubeObject, requests: readonly KubeObject[], { owner, retries }: Desired): boolean {
  const base = baseOfAttempt(request.metadata.name);
  const isAttempt = (r: KubeObject) => isAttemptOf(r.metadata.name, base);
  return failedAttempts(requests.filter((r) => isOurs(r, owner) && isAttempt(r))).length > retries;
}

/** Returns why a request failed, in the words of whoever carried it out. */
export function failureOf(request: KubeObject): string {
  const conditions: readonly { type: string; status: string; reason?: string; message?: string }[] = request.status?.conditions ?? [];
  const said = conditions.filter((c) => c.type === 'Failed' || c.status === 'False').at(-1) ?? conditions.at(-1);
  return said === undefined ? 'no reason was given' : (said.message ?? said.reason ?? said.type);
}

function stop(rules: AttemptRules, request: KubeObject, kind: Obstacle['kind'], message: string, hint: string): NextAttempt {
  return { kind: 'stop', obstacle: { kind, subject: ref(KINDS.KafkaOpsRequest, rules.namespace, request.metadata.name), message, hint } };
}

/** Returns a request as it is named inside a sentence: `KafkaOpsRequest/demo/x (ReconfigureTLS, Progressing)`. */
export function describeRequest(request: KubeObject): string {
  const subject = formatRef(ref(KINDS.KafkaOpsRequest, request.metadata.namespace, request.metadata.name));
  return `${subject} (${request.spec?.type}, ${request.status?.phase || 'Pending'})`;
}
