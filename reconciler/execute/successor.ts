/** Waits until the successor of an evicted pod is as desired: it is Ready and serves the certificate in its Secret. */
import { type KubeObject, phaseOf } from '#model/kube-object';
import { BlockedError } from '../errors';
import { statusOf } from '../model/object-status';
import type { PodFacts, PodObservation } from '../model/observation';
import type { Plan } from '../model/plan';
import type { ShownListener } from '../model/run-events';
import { podRef } from '../plan/plan-input';
import { endsAmongTls } from '../plan/served';
import { listenersOf } from '../plan/spare';
import { podMismatch, servedProblem } from '../plan/verify';
import { deadlineMs, type ExecuteContext, emit } from './context';
import type { Look } from './last-look';
import { type Progress, reachLimit, waitUntil, watchPods } from './wait';

interface Successor {
  readonly state: 'runs' | 'ends';
  /** The look that showed it as desired, if gates can be asked on it. */
  readonly look?: Look | undefined;
  /** What it serves. */
  readonly listeners: readonly ShownListener[];
}

/** Returns the look that showed the successor as desired, if gates can be asked on it. */
export async function waitForSuccessor(context: ExecuteContext, plan: Plan, pod: PodFacts, isCutover: boolean): Promise<Look | undefined> {
  const subject = podRef(plan.subject, pod.name);
  const isOutOfReach = reachLimit(context.clock);
  // Kafka answers late while something is wrong, so only the first look asks it.
  let withKafka = !isCutover;
  const check = async (shown?: readonly KubeObject[]): Promise<Progress<Successor>> => {
    // While the pod starts, only the pod is looked at. Everything else is observed when it reports that it is up.
    const object = shown === undefined ? await context.cluster.get(subject) : shown.find((o) => o.metadata.name === pod.name);
    if (object?.metadata.uid === pod.uid) return { waitingFor: 'the evicted pod is still stopping', phase: 'stopping' };
    if (object === undefined) return { waitingFor: 'its successor was not created yet', phase: 'stopping' };
    const { state, reason } = statusOf(object);
    if (isCutover ? phaseOf(object) !== 'Running' : state !== 'Current') return { waitingFor: reason, phase: 'starting' };
    const atMs = context.clock.monotonicMs();
    const live = await context.lookAtPods({ withKafka });
    const next = live.pods.find((p) => p.uid === object.metadata.uid);
    if (next === undefined) return { waitingFor: 'its successor was deleted', phase: 'stopping' };
    if (isCutover && context.bundle.tls === 'off' && endsAmongTls(next, live.pods)) return { done: { state: 'ends', listeners: [] } };
    const mismatch = isCutover ? notConverted(live, next, context) : podMismatch(live, next, context.bundle.tls);
    if (mismatch === undefined)
      return { done: { state: 'runs', look: withKafka ? { live, atMs } : undefined, listeners: listenersOf([next]) } };
    withKafka = false;
    if (isOutOfReach(mismatch.isUnreachable)) {
      throw new BlockedError(`its listeners cannot be observed from here: ${mismatch.problem}.`, { subject });
    }
    return { waitingFor: mismatch.problem, phase: next.isRunning ? 'handshake' : 'starting' };
  };
  const { state, look, listeners } = await waitUntil(context, {
    subject,
    watch: [watchPods(plan.subject)],
    check,
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'restarted and not Ready',
    hint: 'No other pod was restarted. Look at the pod, fix the cause and run again.',
    retryMs: 250,
  });
  if (state === 'ends') emit(context, 'warning', subject, 'ends without TLS while other pods serve it; the other pods restart meanwhile');
  else
    emit(context, 'ready', subject, isCutover ? 'runs, and its listeners are as desired' : 'Ready, serves the certificate in its Secret', {
      listeners,
    });
  return look;
}

/** In a cut-over a pod may have no peer to talk to yet: it must run, and its own listeners must be as desired. */
function notConverted(
  live: PodObservation,
  pod: PodFacts,
  { bundle }: ExecuteContext,
): { problem: string; isUnreachable: boolean } | undefined {
  const problem = pod.isRunning
    ? pod.served.map((s) => servedProblem(live, pod, s, bundle.tls)).find((p) => p !== undefined)
    : pod.stuck === undefined
      ? 'does not run yet'
      : `cannot start: ${pod.stuck}`;
  return problem === undefined ? undefined : { problem, isUnreachable: false };
}
