/**
 * The KafkaOpsRequests of a Kafka as a history: which of them are ours, which are unfinished, how often one failed.
 *
 * The TLS state is read off the five layers, never off requests. Requests only bound how often an operation is tried, and record which
 * state an operation replaced.
 */

import { isCarriedOutByReconciler } from '#model/capabilities';
import type { Desired } from '#model/desired';
import type { KafkaOpsRequest } from '#model/kinds/index';
import { conditionsOf, formatRef, type KubeObject, refOf } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { ANNOTATION_OWNER, baseOfAttempt, isAttemptOf, REQUEST } from '#model/names';
import { jsonAs } from '#model/schema';
import { TLS_STATE, type TlsState } from '#model/tls';

/** Returns an annotation of a request. */
export function annotationOf(request: KubeObject, key: string): string | undefined {
  return request.metadata.annotations?.[key];
}

/** Tells whether we created the request for this owner. */
export function isOurs(request: KubeObject, owner: string): boolean {
  return annotationOf(request, ANNOTATION_OWNER) === owner && annotationOf(request, REQUEST.executor) !== undefined;
}

/** Tells whether the reconciler itself carries the request out. */
export function isByReconciler(request: KubeObject): boolean {
  return isCarriedOutByReconciler(annotationOf(request, REQUEST.executor));
}

/** Returns the requests that are not finished, oldest first. */
export function unfinished(requests: readonly KafkaOpsRequest[]): readonly KafkaOpsRequest[] {
  return requests.filter((r) => !isFinishedRequest(r));
}

/** Returns the TLS state that the Kafka had before the operation, as recorded on the request. A value of another writer counts as absent. */
export function stateBefore(request: KubeObject): TlsState | undefined {
  return jsonAs(TLS_STATE, annotationOf(request, REQUEST.from) ?? '');
}

/** Returns the newest of our requests that changed, or began to change, the Kafka's TLS state. */
export function lastConverging(requests: readonly KafkaOpsRequest[], owner: string): KafkaOpsRequest | undefined {
  const wasStarted = (r: KafkaOpsRequest) => !['Skipped', 'Denied'].includes(r.status?.phase ?? '');
  return requests.filter((r) => isOurs(r, owner) && stateBefore(r) !== undefined && wasStarted(r)).at(-1);
}

/** Returns our attempts of the request with this base name, oldest first. */
export function attemptsOf(base: string, requests: readonly KafkaOpsRequest[], owner: string): readonly KafkaOpsRequest[] {
  return requests.filter((r) => isAttemptOf(r.metadata.name, base) && isOurs(r, owner));
}

/** Returns the failures that count: those since the last attempt that was verified, without those that were superseded. */
export function failedAttempts(attempts: readonly KafkaOpsRequest[]): readonly KafkaOpsRequest[] {
  const sinceVerified = attempts.slice(attempts.findLastIndex((r) => annotationOf(r, REQUEST.verified) !== undefined) + 1);
  return sinceVerified.filter((r) => r.status?.phase === 'Failed' && annotationOf(r, REQUEST.superseded) === undefined);
}

/** Tells whether the next run does not retry a request that has failed. */
export function isRetryBoundReached({ metadata }: KubeObject, requests: readonly KafkaOpsRequest[], { owner, retries }: Desired): boolean {
  return failedAttempts(attemptsOf(baseOfAttempt(metadata.name), requests, owner)).length > retries;
}

/** Returns why a request failed, as its conditions report it. */
export function failureOf(request: KubeObject): string {
  const conditions = conditionsOf(request);
  const failed = conditions.filter((c) => c.type === 'Failed' || c.status === 'False').at(-1) ?? conditions.at(-1);
  return failed === undefined ? 'no reason was given' : (failed.message ?? failed.reason ?? failed.type);
}

/** Returns a request as it is named inside a sentence: `KafkaOpsRequest/demo/x (ReconfigureTLS, Progressing)`. */
export function describeRequest(request: KafkaOpsRequest): string {
  return `${formatRef(refOf(request))} (${request.spec.type}, ${request.status?.phase || 'Pending'})`;
}
