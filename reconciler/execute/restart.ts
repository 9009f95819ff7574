/**
 * Restarts pods, one at a time, each behind its gates.
 *
 *     while a planned pod is outdated
 *       observe all pods, unless the last look has just shown them   (`last-look.ts`)
 *       take the first pod of the current group that no gate refuses     (order: `plan/restart-order.ts`, gates: `plan/gates/`)
 *       if every pod is refused, wait for a change, up to the gate's deadline
 *       evict the pod, with its uid as precondition
 *       wait until its successor, which has another uid, is Ready and serves the certificate in its Secret
 *
 * The plan fixes the set of pods. A pod that is no longer outdated by fresh facts is not restarted, so a second run restarts no pod twice.
 * In a cut-over all gates are asked once, before the first pod. Between pods it is enough that the successor runs and its own listeners are as
 * desired, and unavailable pods are waited for. Where TLS is removed, a successor may end again and again until the last pod is converted. With
 * mode `stop` all pods stop, brokers before controllers, before the first one is waited for.
 */
import { KINDS } from '#model/kube-object';
import { TimeoutError } from '../errors';
import type { PodFacts, PodObservation } from '../model/observation';
import type { Plan } from '../model/plan';
import { askGates, outdatedPods } from '../plan/gates/gates';
import { podRef } from '../plan/plan-input';
import { leaderOf, restartOrder, stopOrder } from '../plan/restart-order';
import { expiredAt, isMixed } from '../plan/served';
import { deadlineMs, type ExecuteContext, emit, lookUnlessChanged, type StepResult, settled } from './context';
import { onGateTimeout, type RestartBatch, viewOf, waitForGates, waitForUnavailablePods } from './gates';
import { freshLook, type Look } from './last-look';
import { waitForSuccessor } from './successor';
import { type Progress, waitUntil, watchPods } from './wait';

/** Restarts that are reported to their owner, which records them. */
export interface RecordedBatch extends RestartBatch {
  readonly onEvict: (pod: string) => Promise<void>;
  readonly onRunning: (pod: string) => Promise<void>;
}

interface RollingRestart extends RecordedBatch {
  /** Pods that were evicted, in order. */
  readonly evicted: string[];
  /** The record that the last successor runs. It is written while the next pod is evicted, and before that eviction is recorded. */
  recording: Promise<void>;
}

export async function restartPods(batch: RecordedBatch): Promise<StepResult> {
  const restart: RollingRestart = { ...batch, evicted: [], recording: Promise.resolve() };
  const rolling = restartInOrder(restart);
  await Promise.allSettled([rolling]);
  const [result] = await settled(rolling, restart.recording);
  return result;
}

async function restartInOrder(restart: RollingRestart): Promise<StepResult> {
  const { context, plan } = restart;
  const isAllAtOnce = plan.cutover?.mode === 'stop';
  const skippedPods = new Set<string>();
  let isInsideCutover = false;
  let leaderId: number | undefined;
  let last: Look | undefined;
  while (true) {
    const fresh = freshLook(context.clock, last);
    if (fresh === undefined) await restart.recording;
    const live = await lookUnlessChanged(context, async () => fresh ?? (await lookAsNeeded(restart, isInsideCutover)));
    context.signal.throwIfAborted();
    last = undefined;
    if (live === 'replan') return 'replan';
    leaderId = leaderOf(live) ?? leaderId;
    const outdated = outdatedPods(viewOf(restart, live));
    if (outdated.length === 0) return 'done';
    // Pods that serve an expired certificate restart first and without gates; the gates of the others are asked again.
    if (plan.cutover?.kind === 'expired') isInsideCutover = outdated.some((p) => expiredAt(p) !== undefined);
    else isInsideCutover ||= plan.cutover !== undefined && isMixed(live.pods);
    if (isInsideCutover && !isAllAtOnce) {
      const waited = await waitForUnavailablePods(restart, live, skippedPods);
      if (waited === 'replan') return 'replan';
      if (waited === 'waited') continue;
    }
    const pod = isInsideCutover ? restartOrder(outdated, leaderId)[0]?.pod : await nextPod(restart, live);
    if (pod === 'replan') return 'replan';
    if (pod === undefined) continue;
    if (isAllAtOnce && pod.stuck === undefined) {
      const result = await stopAll(restart, outdated, live, isInsideCutover);
      if (result === 'not next') continue;
      return result;
    }
    const result = await evict(restart, pod, isInsideCutover);
    if (result === 'replan') return 'replan';
    if (result === 'not next') continue;
    isInsideCutover ||= convertsAll(plan);
    last = await waitForSuccessor(context, plan, pod, isInsideCutover);
    restart.recording = restart.onRunning(pod.name);
    restart.recording.catch(() => undefined); // it is awaited later
  }
}

/** After the first pod of such a cut-over there is no way back: pods can talk only when all are converted. */
function convertsAll({ cutover }: Plan): boolean {
  return cutover !== undefined && cutover.kind !== 'expired';
}

function scopeOf(plan: Plan): 'firstOfCutover' | 'rolling' {
  return convertsAll(plan) ? 'firstOfCutover' : 'rolling';
}

/** Inside such a cut-over no gate is asked, and to ask brokers without a quorum would only make the outage longer. */
function lookAsNeeded({ context, plan }: RollingRestart, isInsideCutover: boolean): Promise<PodObservation> {
  return context.lookAtPods({ withKafka: !(isInsideCutover && convertsAll(plan)) });
}

function lookWithKafka({ lookAtPods }: ExecuteContext): Promise<PodObservation> {
  return lookAtPods({ withKafka: true });
}

/** Returns the next pod that no gate refuses; waits for one. A refused pod steps back behind the others of its group. */
function nextPod(restart: RollingRestart, first: PodObservation): Promise<PodFacts | 'replan' | undefined> {
  const scope = scopeOf(restart.plan);
  const ask = (live: PodObservation) => {
    if (scope === 'firstOfCutover' && isMixed(live.pods)) return { done: undefined };
    const answers = askGates(viewOf(restart, live), scope);
    const open = answers.find((a) => a.refusal === undefined);
    return answers.length === 0 || open !== undefined ? { done: open?.pod } : { answers };
  };
  return waitForGates(restart, first, { look: () => lookWithKafka(restart.context), ask }).catch((error: unknown) =>
    onGateTimeout(restart, error),
  );
}

/**
 * Evicts a pod. `not next`: another pod is next by now, for example because the leader changed while a budget refused this one. Only inside a
 * cut-over a pod is deleted if a budget refuses its eviction: with half of the nodes converted no budget can be met.
 */
async function evict(restart: RollingRestart, pod: PodFacts, isInsideCutover: boolean): Promise<'done' | 'not next' | 'replan'> {
  const { context, plan } = restart;
  const subject = podRef(plan.subject, pod.name);
  let wasRefused = false;
  const attempt = async (): Promise<Progress<'evicted' | 'gone' | 'not next' | 'replan'>> => {
    if (wasRefused) {
      // The gates were asked before the refusal, and the cluster may have changed since.
      const live = await lookUnlessChanged(context, () => lookWithKafka(context));
      if (live === 'replan') return { done: 'replan' };
      const answer = askGates(viewOf(restart, live), scopeOf(plan)).find((a) => a.pod.uid === pod.uid);
      if (answer === undefined) return { done: 'not next' };
      if (answer.refusal !== undefined) return { waitingFor: answer.refusal.because };
    }
    const result = await context.cluster.evict(subject, pod.uid);
    if (result.kind !== 'refused') return { done: result.kind };
    wasRefused = true;
    if (!isInsideCutover) return { waitingFor: `eviction refused: ${result.because}` };
    await context.cluster.delete(subject, pod.uid);
    return { done: 'evicted' };
  };
  const outcome = await waitUntil(context, {
    subject,
    watch: [{ kind: KINDS.PodDisruptionBudget, selection: { namespace: subject.namespace ?? '' } }],
    check: attempt,
    deadlineMs: deadlineMs(context, 'gate'),
    failure: 'not evicted',
    phase: 'eviction',
    retryMs: 5000,
  }).catch((error: unknown) => onGateTimeout(restart, error));
  if (outcome === 'gone') return 'done';
  if (outcome !== 'evicted') return outcome;
  restart.evicted.push(pod.name);
  emit(context, 'evicted', subject, placeInPlan(restart, pod));
  await restart.recording;
  await restart.onEvict(pod.name);
  return 'done';
}

function placeInPlan({ pods, evicted }: RollingRestart, pod: PodFacts): string {
  const planned = pods.find((p) => p.subject.name === pod.name);
  return `${planned?.findings[0]?.message ?? ''} (${evicted.length} of ${pods.length}, ${planned?.place})`.trim();
}

/** Stops all pods, then waits for all successors: an outage of one restart, and two kinds of nodes hardly meet. */
async function stopAll(
  restart: RollingRestart,
  outdated: readonly PodFacts[],
  live: PodObservation,
  isInside: boolean,
): Promise<'done' | 'not next' | 'replan'> {
  const order = stopOrder(outdated, leaderOf(live)).map((p) => p.pod);
  const evictAll = async (pods: readonly PodFacts[], isFirst: boolean) => {
    for (const [i, pod] of pods.entries()) {
      const result = await evict(restart, pod, isInside || !isFirst || i > 0);
      if (result !== 'done') return result;
    }
    return 'done';
  };
  const brokers = order.filter((p) => p.role === 'broker');
  const result = await evictAll(brokers, true);
  if (result !== 'done') return result;
  // A run that was killed may have evicted some of them.
  await waitUntilStopped(restart, [...brokers, ...live.pods.filter((p) => p.role === 'broker' && p.isTerminating)]);
  const rest = await evictAll(
    order.filter((p) => p.role !== 'broker'),
    brokers.length === 0,
  );
  if (rest !== 'done') return rest;
  for (const pod of order) {
    await waitForSuccessor(restart.context, restart.plan, pod, true);
    await restart.onRunning(pod.name);
  }
  return 'done';
}

/** Waits until evicted pods have ended. During an outage no wait is worth more than a restart: then the others stop without them. */
async function waitUntilStopped({ context, plan }: RollingRestart, pods: readonly PodFacts[]): Promise<void> {
  if (pods.length === 0) return;
  let left: readonly string[] = [];
  const check = async (): Promise<Progress<undefined>> => {
    const found = await Promise.all(
      pods.map(async ({ name, uid }) => ({ name, uid, pod: await context.cluster.get(podRef(plan.subject, name)) })),
    );
    left = found.filter(({ uid, pod }) => pod?.metadata.uid === uid).map(({ name }) => name);
    return left.length === 0 ? { done: undefined } : { waitingFor: `${left.join(', ')} must end before the controllers do` };
  };
  await waitUntil(context, {
    subject: plan.subject,
    watch: [watchPods(plan.subject)],
    check,
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'brokers have not ended',
    retryMs: 1000,
  }).catch((error: unknown) => {
    if (!(error instanceof TimeoutError)) throw error;
    for (const name of left) emit(context, 'warning', podRef(plan.subject, name), 'is terminating; the controllers stop without it');
  });
}
