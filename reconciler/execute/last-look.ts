/**
 * The look that showed a restarted pod as desired, which the gates of the next pod are asked on as well: a second look would read the same.
 *
 * Its facts are from after the pod was Ready. As with every look, what it saw may change until the eviction after it, so it counts for a
 * moment only.
 */
import type { PodObservation } from '../model/observation';
import type { Clock } from '../ports';

export interface Look {
  readonly live: PodObservation;
  /** When it began. */
  readonly atMs: number;
}

/** Kafka calls a follower caught up that is this far behind: its default of `controller.quorum.fetch.timeout.ms`. */
const FRESH_MS = 2_000;

/** Returns what the last look saw, if that still counts. */
export function freshLook(clock: Clock, last: Look | undefined): PodObservation | undefined {
  return last !== undefined && clock.monotonicMs() - last.atMs <= FRESH_MS ? last.live : undefined;
}
