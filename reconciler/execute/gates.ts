/** Asks the gates of pods on fresh facts, and waits until they open. The caller decides what an open gate means. */
import { BlockedError, OperationFailedError, TimeoutError } from '../errors';
import type { PodObservation } from '../model/observation';
import type { Plan, PlannedRestart } from '../model/plan';
import { isAnyInvalid } from '../plan/gates/certificates';
import type { RestartView } from '../plan/gates/gate';
import { type GateAnswer, outdatedPods, restartView } from '../plan/gates/gates';
import { unavailablePods } from '../plan/gates/pods';
import { podRef } from '../plan/plan-input';
import { deadlineMs, type ExecuteContext, emit, lookUnlessChanged } from './context';
import { type Progress, waitUntil, watchPods } from './wait';

/** The pods that one step restarts. */
export interface RestartBatch {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  readonly pods: readonly PlannedRestart[];
}

export function viewOf({ context, plan, pods }: RestartBatch, live: PodObservation): RestartView {
  const planned = new Set(pods.map((p) => p.subject.name));
  return restartView({ bundle: context.bundle, live, now: context.clock.now() }, { planned, isCutover: plan.cutover !== undefined });
}

/** How gates are asked, and on which facts. */
interface Gates<L, T> {
  readonly look: () => Promise<L>;
  /** Returns the result, or the answers of the gates while there is none. */
  readonly ask: (live: L) => { readonly done: T } | { readonly answers: readonly GateAnswer[] };
}

/** Asks until there is a result, up to the gate's deadline. A refusal that no waiting resolves is a failure. */
export function waitForGates<L extends PodObservation, T>(
  batch: RestartBatch,
  first: L,
  { look, ask }: Gates<L, T>,
): Promise<T | 'replan'> {
  const { context, plan } = batch;
  let live: L | 'replan' | undefined = first;
  const check = async (): Promise<Progress<T | 'replan'>> => {
    const seen = live ?? (await lookUnlessChanged(context, look));
    live = undefined;
    if (seen === 'replan') return { done: 'replan' };
    const result = ask(seen);
    if ('done' in result) return result;
    const refused = result.answers.flatMap(({ pod, refusal }) => (refusal === undefined ? [] : [{ pod, ...refusal }]));
    const final = refused.find((r) => !r.retry);
    if (final !== undefined) throw new OperationFailedError(`not restarted: ${final.because}.`, { subject: podRef(seen, final.pod.name) });
    return {
      waitingFor: refused.map((r) => `${r.pod.name}: ${r.because}`).join('; '),
      refusals: refused.map(({ pod, because }) => ({ pod: pod.name, because })),
    };
  };
  // No watch announces what a listener serves, Kafka's health, or the begin of a certificate's validity.
  const isUnannounced = plan.cutover !== undefined || 'value' in first.facts || isAnyInvalid(first, context.clock.now());
  return waitUntil(context, {
    subject: plan.subject,
    watch: [watchPods(plan.subject)],
    check,
    deadlineMs: deadlineMs(context, 'gate'),
    failure: 'no pod may be restarted',
    phase: 'gate',
    retryMs: isUnannounced ? 1000 : deadlineMs(context, 'gate'),
  });
}

/** A refusal that lasts until the deadline is no failure: time or another actor resolves it. */
export async function onGateTimeout(batch: RestartBatch, error: unknown): Promise<never> {
  if (!(error instanceof TimeoutError)) throw error;
  const left = outdatedPods(viewOf(batch, await batch.context.lookAtPods()));
  throw new BlockedError(`${error.message} Not restarted yet: ${left.map((p) => p.name).join(', ')}.`, {
    hint: 'Fix the cause and run again; pods that were restarted are not restarted again.',
  });
}

/**
 * Waits until no pod is unavailable. Waiting is an outage, too, during a cut-over: a pod that is not back within the time of a restart is
 * added to `skippedPods`, and the other restarts continue. Returns `none` when no pod was unavailable.
 */
export async function waitForUnavailablePods(
  batch: RestartBatch,
  first: PodObservation,
  skippedPods: Set<string>,
): Promise<'none' | 'waited' | 'replan'> {
  const { context, plan } = batch;
  const unavailableIn = (live: PodObservation) =>
    unavailablePods(live, viewOf(batch, live).outdated).filter((p) => !skippedPods.has(p.name));
  let unavailable = unavailableIn(first);
  if (unavailable.length === 0) return 'none';
  try {
    return await waitUntil(context, {
      subject: plan.subject,
      watch: [watchPods(plan.subject)],
      check: async () => {
        const live = await lookUnlessChanged(context, () => context.lookAtPods());
        if (live === 'replan') return { done: 'replan' as const };
        unavailable = unavailableIn(live);
        if (unavailable.length === 0) return { done: 'waited' as const };
        return {
          waitingFor: unavailable.map((p) => `${p.name} ${p.because}`).join('; '),
          refusals: unavailable.map(({ name: pod, because }) => ({ pod, because })),
        };
      },
      deadlineMs: deadlineMs(context, 'podReady'),
      failure: 'a pod is unavailable',
      phase: 'gate',
      retryMs: 1000,
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    for (const { name, because } of unavailable) {
      skippedPods.add(name);
      emit(context, 'warning', podRef(plan.subject, name), `${because}; the other pods restart without it`);
    }
    return 'waited';
  }
}
