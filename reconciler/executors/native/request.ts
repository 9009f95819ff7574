/**
 * The KafkaOpsRequest of a `native` operation: created, left unchanged for a while, begun, ended. Its conditions have KubeDB's texts, in KubeDB's
 * order.
 */
import { asKind, type KafkaOpsRequest } from '#model/kinds/index';
import { conditionOf, conditionsOf, isEqual, KINDS, type KubeObject, type ObjectRef, phaseOf } from '#model/kube-object';
import { PAUSE_REASON, REQUEST } from '#model/names';
import { mapIn } from '#model/plain-data';
import { BlockedError } from '#reconciler/errors';
import type { Step, StepOf } from '#reconciler/model/plan';
import { restartOrder } from '#reconciler/plan/restart-order';
import {
  deadlineMs,
  emit,
  modify,
  type Run,
  replanOnConflict,
  type StepResult,
  type TrueCondition,
  withAnnotations,
  withCondition,
} from '../../execute/context';
import { resume } from '../../execute/pause';
import { type Progress, waitUntil, watchObject } from '../../execute/wait';

export interface NativeRun extends Run {
  request?: ObjectRef | undefined;
  /** The request as we wrote it last. Another writer of its status is an ops-manager. */
  lastWritten?: KubeObject;
}

export async function submit(run: NativeRun, step: StepOf<'submitOpsRequest'>): Promise<StepResult> {
  const { context, plan } = run;
  run.request = step.subject;
  if (!step.isContinued) {
    if ((await replanOnConflict(context.cluster.create(step.manifest))) === 'replan') return 'replan';
    emit(context, 'submitted', step.subject, step.operation);
  }
  const request = asKind('KafkaOpsRequest', await context.cluster.get(step.subject));
  if (!step.isContinued || !request?.status?.phase) await waitForOpsManager(run, step.subject, plan.subject);
  const missed = request?.status?.phase ? missedConditions(run, request) : [];
  await record(run, [begun(asKind('KafkaOpsRequest', step.manifest)), ...missed]);
  return 'done';
}

/**
 * Returns the conditions of work that an earlier run completed and may not have recorded before it was killed. Work without a step in the
 * plan is complete.
 */
function missedConditions({ plan, context }: NativeRun, { spec }: KafkaOpsRequest): readonly TrueCondition[] {
  const isLeft = (kind: Step['kind']) => plan.steps.some((s) => s.kind === kind);
  if (spec.type === 'Restart' || isLeft('issue')) return [];
  const issued = context.bundle.tls === 'off' ? [] : ISSUED;
  // A rotation writes no configuration.
  return isLeft('reconfigure') || spec.tls?.rotateCertificates === true ? issued : [...issued, ...RECONFIGURED];
}

/** Returns the conditions of all restarts: every pod that started after the request was created. */
async function restartConditions({ context }: NativeRun, request: KubeObject): Promise<readonly TrueCondition[]> {
  const since = Date.parse(request.metadata.creationTimestamp ?? '');
  const { pods } = await context.lookAtPods();
  const restarted = pods.filter((pod) => Date.parse(pod.startedAt ?? '') >= since);
  return [...restartOrder(restarted, undefined).flatMap(({ pod }) => [...evicted(pod.name), ...running(pod.name)]), ...RESTARTED];
}

/** Waits so that an ops-manager, if one is running, can begin the request. Throws when one does. */
async function waitForOpsManager({ context }: NativeRun, subject: ObjectRef, kafka: ObjectRef): Promise<void> {
  const end = context.clock.monotonicMs() + deadlineMs(context, 'opsManagerDetection');
  const claimed = async (): Promise<Progress<undefined>> => {
    const [request, owner] = await Promise.all([context.cluster.get(subject), context.cluster.get(kafka)]);
    const paused = owner === undefined ? undefined : conditionOf(owner, 'Paused');
    const isClaimed = request !== undefined && (phaseOf(request) !== '' || conditionsOf(request).length > 0);
    if (isClaimed || (paused?.status === 'True' && paused.reason !== PAUSE_REASON)) {
      throw claimedByAnother(subject);
    }
    return context.clock.monotonicMs() >= end ? { done: undefined } : { waitingFor: 'for an ops-manager to begin it' };
  };
  const left = Math.max(1, end - context.clock.monotonicMs());
  await waitUntil(context, {
    subject,
    watch: [watchObject(KINDS.KafkaOpsRequest, subject), watchObject(KINDS.Kafka, kafka)],
    check: claimed,
    deadlineMs: left + 60_000,
    retryMs: left,
    failure: 'not started',
    endsByItself: true,
  });
}

export async function finish(run: NativeRun, step: StepOf<'resume'>): Promise<StepResult> {
  const { context } = run;
  await resume(context, step.subject);
  const verified = { [REQUEST.verified]: context.clock.now().toISOString() };
  const request = await modifyRequest(run, (r) => withAnnotations(r, verified));
  if (request === undefined) return 'done';
  await record(run, [...(await restartConditions(run, request)), successful(asKind('KafkaOpsRequest', request))], 'Successful');
  // A failure after this is no failure of the request.
  run.request = undefined;
  return 'done';
}

/** Adds conditions to our request, in one write, with the phase that goes with them. */
export async function record(run: NativeRun, entries: readonly TrueCondition[], phase = 'Progressing'): Promise<void> {
  const now = run.context.clock.now();
  const change = (request: KubeObject) => {
    const next = entries.reduce((r, entry) => withCondition(r, entry, now), request);
    return { ...next, status: { ...mapIn(next.status), phase, observedGeneration: request.metadata.generation ?? 1 } };
  };
  await modifyRequest(run, change, { status: true });
}

/** Changes our request, if there is one, and returns the result. Throws when another writer has changed its status. */
export async function modifyRequest(
  run: NativeRun,
  change: (request: KubeObject) => KubeObject,
  options: { readonly status?: boolean } = {},
): Promise<KubeObject | undefined> {
  const { context, request, lastWritten } = run;
  if (request === undefined) return undefined;
  const unclaimed = (object: KubeObject) => {
    if (lastWritten !== undefined && !isEqual(object.status, lastWritten.status)) throw claimedByAnother(request);
    return change(object);
  };
  run.lastWritten = await modify(context.cluster, request, unclaimed, { ...options, from: lastWritten });
  return run.lastWritten;
}

/** Returns the error for a request that another writer has changed. The request is left to that ops-manager. */
export function claimedByAnother(subject: ObjectRef): BlockedError {
  return new BlockedError('an ops-manager carries it out, but the native executor is for clusters without an ops-manager.', {
    subject,
    hint: 'Use Executor.opsRequest(). The request is left to the ops-manager.',
  });
}

export const ISSUED: readonly TrueCondition[] = [
  action('GetCertificate', 'get certificate'),
  action('CheckReadyCondition', 'check ready condition'),
  action('IssuingCondition', 'issuing condition'),
  condition('CertificateSynced', 'Successfully synced all certificates'),
];

export const RECONFIGURED: readonly TrueCondition[] = [
  condition('UpdatePetSets', 'successfully reconciled the Kafka with tls configuration'),
];

export const RESTARTED: readonly TrueCondition[] = [condition('RestartNodes', 'Successfully restarted all nodes')];

export function begun({ spec }: KafkaOpsRequest): TrueCondition {
  if (spec.type === 'Restart') return condition('Restart', 'Kafka ops-request has started to restart kafka nodes');
  return condition('ReconfigureTLS', 'Kafka ops-request has started to reconfigure tls for kafka nodes');
}

/** Conditions of an evicted pod. */
export function evicted(pod: string): readonly TrueCondition[] {
  return [actionOn(pod, 'GetPod', 'get pod'), actionOn(pod, 'EvictPod', 'evict pod')];
}

/** Conditions of a pod whose successor is as desired. */
export function running(pod: string): readonly TrueCondition[] {
  return [actionOn(pod, 'CheckPodRunning', 'check pod running')];
}

export function successful({ spec }: KafkaOpsRequest): TrueCondition {
  const isRestart = spec.type === 'Restart';
  return condition('Successful', isRestart ? 'Successfully restarted kafka nodes.' : 'Successfully completed reconfigureTLS for kafka.');
}

export function failed(why: string): TrueCondition {
  return condition('Failed', why);
}

function condition(type: string, message: string): TrueCondition {
  return { type, reason: type, message };
}

function action(type: string, words: string): TrueCondition {
  return { type, message: `${words}; ConditionStatus:True` };
}

function actionOn(pod: string, type: string, words: string): TrueCondition {
  return { type: `${type}--${pod}`, message: `${words}; ConditionStatus:True; PodName:${pod}` };
}
