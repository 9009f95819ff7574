/**
 * Restarts pods, one at a time, each behind its gate.
 *
 *     while pods are left to restart
 *       look at all pods anew
 *       take the first of the current group whose gate says yes     (order and gates: `plan/restart.ts`)
 *       none: wait for a change, until the gate's deadline
 *       evict it, with its uid as precondition
 *       wait until its successor, another uid, is Ready and serves what its Secret holds
 *
 * The plan fixes the set of pods; a pod that does not need it any more by fresh facts is left alone, so a second run restarts none twice.
 * In a cut-over all gates are asked once, before the first pod; between pods it is enough that the successor runs and its own listener is as
 * desired, and pods that somebody else took down are waited for a while. With mode `stop` all pods go at once.
 */
import { KINDS, ref } from '#model/kube-object';
import { BlockedError, InternalError } from '../errors';
import { statusOf } from '../model/object-status';
import type { PodFacts, PodObservation } from '../model/observation';
import type { Plan } from '../model/plan';
import { expiredAt } from '../plan/dates';
import { activeController, askGates, isMixed, restartOrder } from '../plan/restart';
import { podMismatch, servedProblem } from '../plan/verify';
import { deadlineMs, type ExecuteContext, emit } from './context';
import { awaitGates, ifDesiredStateUnchanged, onGateTimeout, outdatedPods, podsOf, type RestartBatch, viewOf } from './gates';
import { REACH_MS } from './steps';
import { waitForUnavailablePods } from './unavailable-pods';
import { type Progress, waitUntil } from './wait';

/** What the owner of the restarts is told, so that it can keep its books. */
export interface RestartHooks {
  readonly onEvict: (pod: string) => Promise<void>;
  readonly onRunning: (pod: string) => Promise<void>;
}

export interface RestartOptions extends RestartBatch {
  readonly hooks: RestartHooks;
}

interface RollingRestart extends RestartOptions {
  /** Pods that were evicted, in order. */
  readonly evicted: string[];
}

/** Restarts the planned pods. */
export async function restartPods(options: RestartOptions): Promise<void> {
  const roll: RollingRestart = { ...options, evicted: [] };
  const { context, plan } = roll;
  let isInsideCutover = false;
  const givenUp = new Set<string>();
  while (true) {
    context.signal.throwIfAborted();
    const live = await ifDesiredStateUnchanged(context, () => lookWithKafka(context));
    const outdated = outdatedPods(roll, live);
    if (outdated.length === 0) return;
    // Pods that serve what has expired are the first in order, and restart without gates; those of the others are asked again.
    if (plan.cutover?.kind === 'expired') isInsideCutover = outdated.some((p) => expiredAt(p) !== undefined);
    else isInsideCutover ||= plan.cutover !== undefined && isMixed(live.pods);
    const isAllAtOnce = plan.cutover?.mode === 'stop';
    if (isInsideCutover && !isAllAtOnce && (await waitForUnavailablePods(roll, live, givenUp))) continue;
    const pod = isInsideCutover ? firstInOrder(outdated, live) : await nextPod(roll, live);
    if (pod === undefined) continue;
    if (isAllAtOnce && pod.stuck === undefined) {
      if (await restartAll(roll, outdated, live, isInsideCutover)) return;
      continue;
    }
    if (!(await evict(roll, pod, isInsideCutover))) continue;
    isInsideCutover ||= convertsAll(plan);
    await awaitSuccessor(roll, pod, isInsideCutover);
  }
}

/** After the first pod of such a cut-over there is no way back: the pods can talk only when all are converted. */
function convertsAll({ cutover }: Plan): boolean {
  return cutover !== undefined && cutover.kind !== 'expired';
}

function lookWithKafka({ lookAtPods }: ExecuteContext): Promise<PodObservation> {
  return lookAtPods({ withKafka: true });
}

function firstInOrder(pods: readonly PodFacts[], live: PodObservation): PodFacts | undefined {
  return restartOrder(pods, activeController(live))[0]?.pod;
}

/** Returns the next pod whose gate is open; waits for one. A refused pod steps back behind the others of its group. */
function nextPod(roll: RollingRestart, first: PodObservation): Promise<PodFacts | undefined> {
  const isCutover = convertsAll(roll.plan);
  const ask = (live: PodObservation) => {
    if (isCutover && isMixed(live.pods)) return { done: undefined };
    const asked = askGates(viewOf(roll, live), isCutover);
    const open = asked.find((a) => a.verdict.ok);
    return asked.length === 0 || open !== undefined ? { done: open?.pod } : { asked };
  };
  return awaitGates(roll, first, { look: () => lookWithKafka(roll.context), ask });
}

/**
 * Evicts a pod; returns false where another pod is next by now, as after leadership has moved while a budget refused this one. Only inside
 * a cut-over a pod that merely a budget refuses is deleted: with half the nodes converted no budget can be met.
 */
async function evict(roll: RollingRestart, pod: PodFacts, isInsideCutover: boolean): Promise<boolean> {
  const { context, plan } = roll;
  const subject = ref(KINDS.Pod, plan.subject.namespace, pod.name);
  let wasRefused = false;
  const attempt = async (): Promise<Progress<'evicted' | 'gone' | 'not next'>> => {
    if (wasRefused) {
      // Much may have changed since the gate was asked.
      const live = await ifDesiredStateUnchanged(context, () => lookWithKafka(context));
      const its = askGates(viewOf(roll, live), convertsAll(plan)).find((a) => a.pod.uid === pod.uid);
      if (its === undefined) return { done: 'not next' };
      if (!its.verdict.ok) return { waitingFor: its.verdict.because };
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
    watch: [{ kind: KINDS.PodDisruptionBudget, selection: { namespace: plan.subject.namespace ?? '' } }],
    check: attempt,
    deadlineMs: deadlineMs(context, 'gate'),
    failure: 'not evicted',
    retryMs: 5000,
  }).catch((error: unknown) => onGateTimeout(roll, error));
  if (outcome === 'not next') return false;
  if (outcome === 'gone') return true;
  roll.evicted.push(pod.name);
  emit(context, 'evicted', subject, placeInPlan(roll, pod));
  await roll.hooks.onEvict(pod.name);
  return true;
}

function placeInPlan({ steps, evicted }: RollingRestart, pod: PodFacts): string {
  const step = steps.find((s) => s.subject.name === pod.name);
  if (step === undefined) throw new InternalError(`pod ${pod.name} is not in the plan`);
  return `${step.findings[0]?.message ?? ''} (${evicted.length} of ${steps.length}, ${step.place})`.trim();
}

async function awaitSuccessor(roll: RollingRestart, pod: PodFacts, isCutover: boolean): Promise<void> {
  const { context, plan } = roll;
  const subject = ref(KINDS.Pod, plan.subject.namespace, pod.name);
  let unreachableSince: number | undefined;
  const check = async (): Promise<Progress<PodFacts>> => {
    // One read while the pod starts; everything else is looked at when it says that it is up.
    const object = await context.cluster.get(subject);
    if (object === undefined || object.metadata.uid === pod.uid) return { waitingFor: 'its successor was not created yet' };
    const { state, reason } = statusOf(object);
    if (isCutover ? object.status?.phase !== 'Running' : state !== 'Current') return { waitingFor: reason };
    const live = await context.lookAtPods();
    const next = live.pods.find((p) => p.uid === object.metadata.uid);
    if (next === undefined) return { waitingFor: 'it went away again' };
    const problem = isCutover ? notConverted(live, next, context) : podMismatch(live, next, context.bundle.tls);
    if (problem === undefined) return { done: next };
    const isUnreachable = typeof problem !== 'string' && problem.isUnreachable;
    unreachableSince = isUnreachable ? (unreachableSince ?? context.clock.monotonicMs()) : undefined;
    if (unreachableSince !== undefined && context.clock.monotonicMs() - unreachableSince >= REACH_MS) {
      throw new BlockedError(`what it serves cannot be seen from here: ${typeof problem === 'string' ? problem : problem.problem}.`, {
        subject,
      });
    }
    return { waitingFor: typeof problem === 'string' ? problem : problem.problem };
  };
  await waitUntil(context, {
    subject,
    watch: [{ kind: KINDS.Pod, selection: podsOf(plan.subject) }],
    check,
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'restarted and not Ready',
    hint: 'No further pod is touched. Look at the pod; when it is mended, run again.',
    retryMs: 250,
  });
  emit(context, 'ready', subject, isCutover ? 'runs, and its listener is as desired' : 'Ready, serves what its Secret holds');
  await roll.hooks.onRunning(pod.name);
}

/** In a cut-over a pod may have nobody to talk to yet: it has to run and its own listeners have to be as desired. */
function notConverted(live: PodObservation, pod: PodFacts, { bundle }: ExecuteContext): string | undefined {
  if (!pod.isRunning) return pod.stuck === undefined ? 'does not run yet' : `cannot start: ${pod.stuck}`;
  return pod.served.map((s) => servedProblem(live, pod, s, bundle.tls)).find((p) => p !== undefined);
}

/** All pods at once: one restart of outage, and no moment in which two kinds of nodes meet. Returns false where the gates have shut before the first. */
async function restartAll(roll: RollingRestart, outdated: readonly PodFacts[], live: PodObservation, isInside: boolean): Promise<boolean> {
  const order = restartOrder(outdated, activeController(live)).map((p) => p.pod);
  for (const [i, pod] of order.entries()) {
    if (!(await evict(roll, pod, isInside || i > 0))) return false;
  }
  for (const pod of order) await awaitSuccessor(roll, pod, true);
  return true;
}
