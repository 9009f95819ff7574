/** The KafkaOpsRequest that a `native` operation stands for: created, left alone for a while, begun, ended. */
import { conditionOf, KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { PAUSE_REASON, REQUEST } from '#model/names';
import type { ResumeStep, Step, SubmitOpsRequestStep } from '#reconciler/model/plan';
import { restartOrder } from '#reconciler/plan/restart';
import { deadlineMs, emit, modify, orReplan, withAnnotations, withCondition } from '../context';
import { type Progress, waitUntil } from '../wait';
import { begun, type Entry, evicted, ISSUED, RECONFIGURED, RESTARTED, running, successful } from './conditions';
import { resume } from './pause';
import { claimedByAnother, modifyRequest, type NativeRun, record } from './run';

export async function submit(run: NativeRun, step: SubmitOpsRequestStep): Promise<void> {
  const { context, plan } = run;
  run.request = step.subject;
  if (!step.isContinued) {
    await orReplan(context.cluster.create(step.manifest));
    emit(context, 'submitted', step.subject, step.operation);
  }
  const request = await context.cluster.get(step.subject);
  if (!step.isContinued || !request?.status?.phase) await awaitNoClaim(run, step.subject, plan.subject);
  const missed = request?.status?.phase ? missedEntries(run, request) : [];
  await record(run, [begun(step.manifest), ...missed]);
}

/**
 * What an earlier run had done, and may not have written down when it was killed: people read the conditions. What the plan has no step
 * for any more is done.
 */
function missedEntries({ plan, context }: NativeRun, { spec }: KubeObject): readonly Entry[] {
  const isLeft = (kind: Step['kind']) => plan.steps.some((s) => s.kind === kind);
  if (spec?.type === 'Restart' || isLeft('issue')) return [];
  const issued = context.bundle.tls === 'off' ? [] : ISSUED;
  // A rotation writes no configuration.
  return isLeft('reconfigure') || spec?.tls?.rotateCertificates === true ? issued : [...issued, ...RECONFIGURED];
}

/** The same for pods: each that started after the request was made was restarted for it. */
async function restartEntries({ context }: NativeRun, request: KubeObject): Promise<readonly Entry[]> {
  const since = Date.parse(request.metadata.creationTimestamp ?? '');
  const { pods } = await context.lookAtPods();
  const restarted = pods.filter((pod) => Date.parse(pod.startedAt ?? '') >= since);
  return [...restartOrder(restarted, undefined).flatMap(({ pod }) => [...evicted(pod.name), ...running(pod.name)]), ...RESTARTED];
}

/** Gives an ops-manager the time to show itself before anything is done in its place. */
async function awaitNoClaim({ context }: NativeRun, subject: ObjectRef, kafka: ObjectRef): Promise<void> {
  const end = context.clock.monotonicMs() + deadlineMs(context, 'opsManagerDetection');
  const claimed = async (): Promise<Progress<undefined>> => {
    const [request, owner] = await Promise.all([context.cluster.get(subject), context.cluster.get(kafka)]);
    const paused = owner === undefined ? undefined : conditionOf(owner, 'Paused');
    const isClaimed = Boolean(request?.status?.phase) || (request?.status?.conditions ?? []).length > 0;
    if (isClaimed || (paused?.status === 'True' && paused.reason !== PAUSE_REASON)) {
      throw claimedByAnother(subject);
    }
    return context.clock.monotonicMs() >= end ? { done: undefined } : { waitingFor: 'for an ops-manager to claim it' };
  };
  const left = Math.max(1, end - context.clock.monotonicMs());
  await waitUntil(context, {
    subject,
    watch: [
      { kind: KINDS.KafkaOpsRequest, selection: { namespace: subject.namespace ?? '', name: subject.name } },
      { kind: KINDS.Kafka, selection: { namespace: kafka.namespace ?? '', name: kafka.name } },
    ],
    check: claimed,
    deadlineMs: left + 60_000,
    retryMs: left,
    failure: 'not started',
    endsByItself: true,
  });
}

/** Marks a request of ours Failed because what it asks for is no longer wanted; that counts as no failed attempt. */
export async function supersede(run: NativeRun, subject: ObjectRef): Promise<void> {
  const { cluster, clock } = run.context;
  await modify(cluster, subject, (request) => withAnnotations(request, { [REQUEST.superseded]: 'true' }));
  await modify(
    cluster,
    subject,
    (request) => {
      const condition = {
        type: 'Failed',
        status: 'True' as const,
        reason: 'Superseded',
        message: 'the desired state has changed',
        observedGeneration: request.metadata.generation ?? 1,
      };
      const next = withCondition(request, condition, clock.now());
      return { ...next, status: { ...next.status, phase: 'Failed' } };
    },
    { status: true },
  );
  emit(run.context, 'warning', subject, 'superseded: the desired state has changed');
}

export async function finish(run: NativeRun, step: ResumeStep): Promise<void> {
  const { context } = run;
  await resume(context, step.subject);
  const verified = { [REQUEST.verified]: context.clock.now().toISOString() };
  const request = await modifyRequest(run, (r) => withAnnotations(r, verified));
  if (request === undefined) return;
  await record(run, [...(await restartEntries(run, request)), successful(request)], 'Successful');
  // What comes after it is no failure of the request.
  run.request = undefined;
}
