/**
 * The look that showed a restarted pod as desired, which the gates of the next pod are asked on as well: a second look would read the same.
 *
 * Its facts are from after the pod was Ready. It counts for a moment only, and only if no pod has changed since. What is not listed again, what
 * Kafka reports and what listeners serve, may change in this moment as it may between any look and the eviction after it.
 */
import { hasTrueCondition } from '#model/kube-object';
import type { PodFacts, PodObservation } from '../model/observation';
import type { Plan } from '../model/plan';
import type { ExecuteContext } from './context';
import { watchPods } from './wait';

export interface Look {
  readonly live: PodObservation;
  /** When it began. */
  readonly atMs: number;
}

/** Kafka calls a follower caught up that is this far behind: its default of `controller.quorum.fetch.timeout.ms`. */
const FRESH_MS = 2_000;

/** Returns the last look if it still holds, else a new one. */
export async function lastOrNew(
  { context, plan }: { readonly context: ExecuteContext; readonly plan: Plan },
  last: Look | undefined,
  look: () => Promise<PodObservation>,
): Promise<PodObservation> {
  if (last === undefined) return look();
  const { kind, selection } = watchPods(plan.subject);
  const pods = await context.cluster.list(kind, selection);
  const isUnchanged = (seen: PodFacts) => {
    const pod = pods.find((p) => p.metadata.uid === seen.uid);
    return pod !== undefined && pod.metadata.deletionTimestamp === undefined && hasTrueCondition(pod, 'Ready') === seen.isReady;
  };
  const isFresh = context.clock.monotonicMs() - last.atMs <= FRESH_MS;
  return isFresh && last.live.pods.every(isUnchanged) ? last.live : look();
}
