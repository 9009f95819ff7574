/** Ready pods whose listeners do not answer. */
import type { Clock } from '../ports';

const REACH_MS = 30_000;

/** Returns a function that tells whether a Ready pod has been unreachable for so long that waiting will not help. */
export function reachLimit(clock: Clock): (isUnreachable: boolean) => boolean {
  let since: number | undefined;
  return (isUnreachable) => {
    since = isUnreachable ? (since ?? clock.monotonicMs()) : undefined;
    return since !== undefined && clock.monotonicMs() - since >= REACH_MS;
  };
}
