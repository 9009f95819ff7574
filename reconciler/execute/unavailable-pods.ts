/** Pods that are away in the middle of a cut-over. */
import { KINDS, ref } from '#model/kube-object';
import { TimeoutError } from '../errors';
import type { PodObservation } from '../model/observation';
import { unavailablePods } from '../plan/restart';
import { deadlineMs, emit } from './context';
import { ifDesiredStateUnchanged, outdatedPods, podsOf, type RestartBatch } from './gates';
import { waitUntil } from './wait';

/**
 * Waits until no pod is away; returns false when there is nobody to wait for. Standing still is an outage, too, in a cut-over: who is not
 * back in the time that a restart gets joins `givenUp`, and the others go on.
 */
export async function waitForUnavailablePods(restarts: RestartBatch, first: PodObservation, givenUp: Set<string>): Promise<boolean> {
  const { context, plan } = restarts;
  const awayIn = (live: PodObservation) => {
    const outdated = outdatedPods(restarts, live).map((p) => p.name);
    return unavailablePods(live, new Set(outdated)).filter((p) => !givenUp.has(p.name));
  };
  let away = awayIn(first);
  if (away.length === 0) return false;
  const wait = waitUntil(context, {
    subject: plan.subject,
    watch: [{ kind: KINDS.Pod, selection: podsOf(plan.subject) }],
    check: async () => {
      away = awayIn(await ifDesiredStateUnchanged(context, () => context.lookAtPods()));
      return away.length === 0 ? { done: undefined } : { waitingFor: away.map((p) => `${p.name} ${p.because}`).join('; ') };
    },
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'a pod is away',
    retryMs: 1000,
  });
  await wait.catch((error: unknown) => {
    if (!(error instanceof TimeoutError)) throw error;
    for (const { name, because } of away) {
      givenUp.add(name);
      emit(context, 'warning', ref(KINDS.Pod, plan.subject.namespace, name), `${because}; the others go on without it`);
    }
  });
  return true;
}
