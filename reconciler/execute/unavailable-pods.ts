/** Waits for unavailable pods during a cut-over. */
import { TimeoutError } from '../errors';
import type { PodObservation } from '../model/observation';
import { unavailablePods } from '../plan/gates/pods';
import { podRef } from '../plan/plan-input';
import { deadlineMs, emit, lookUnlessChanged } from './context';
import { type RestartBatch, viewOf } from './gates';
import { waitUntil, watchPods } from './wait';

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
        return { waitingFor: unavailable.map((p) => `${p.name} ${p.because}`).join('; ') };
      },
      deadlineMs: deadlineMs(context, 'podReady'),
      failure: 'a pod is unavailable',
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
