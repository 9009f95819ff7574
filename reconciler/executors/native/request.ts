/** The KafkaOpsRequest of a `native` operation: created, left unchanged for a while, begun, ended. */
import { asKind, type KafkaOpsRequest } from '#model/kinds/index';
import { conditionOf, conditionsOf, KINDS, type KubeObject, type ObjectRef, phaseOf } from '#model/kube-object';
import { PAUSE_REASON, REQUEST } from '#model/names';
import type { Step, StepOf } from '#reconciler/model/plan';
import { restartOrder } from '#reconciler/plan/restart-order';
import { deadlineMs, emit, replanOnConflict, type StepResult, withAnnotations } from '../../execute/context';
import { resume } from '../../execute/pause';
import { type Progress, waitUntil, watchObject } from '../../execute/wait';
import { begun, type Entry, evicted, ISSUED, RECONFIGURED, RESTARTED, running, successful } from './conditions';
import { claimedByAnother, modifyRequest, type NativeRun, record } from './run';

export async function submit(run: NativeRun, step: StepOf<'submitOpsRequest'>): Promise<StepResult> {
  const { context, plan } = run;
  run.request = step.subject;
  if (!step.isContinued) {
    if ((await replanOnConflict(context.cluster.create(step.manifest))) === 'replan') return 'replan';
    emit(context, 'submitted', step.subject, step.operation);
  }
  const request = asKind('KafkaOpsRequest', await context.cluster.get(step.subject));
  if (!step.isContinued || !request?.status?.phase) await waitForOpsManager(run, step.subject, plan.subject);
  const missed = request?.status?.phase ? missedEntries(run, request) : [];
  await record(run, [begun(asKind('KafkaOpsRequest', step.manifest)), ...missed]);
  return 'done';
}

/**
 * Returns the conditions of work that an earlier run completed and may not have recorded before it was killed. Work without a step in the
 * plan is complete.
 */
function missedEntries({ plan, context }: NativeRun, { spec }: KafkaOpsRequest): readonly Entry[] {
  const isLeft = (kind: Step['kind']) => plan.steps.some((s) => s.kind === kind);
  if (spec.type === 'Restart' || isLeft('issue')) return [];
  const issued = context.bundle.tls === 'off' ? [] : ISSUED;
  // A rotation writes no configuration.
  return isLeft('reconfigure') || spec.tls?.rotateCertificates === true ? issued : [...issued, ...RECONFIGURED];
}

/** Returns the conditions of all restarts: every pod that started after the request was created. */
async function restartEntries({ context }: NativeRun, request: KubeObject): Promise<readonly Entry[]> {
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
  await record(run, [...(await restartEntries(run, request)), successful(asKind('KafkaOpsRequest', request))], 'Successful');
  // A failure after this is no failure of the request.
  run.request = undefined;
  return 'done';
}
