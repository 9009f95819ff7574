/** Splits a stream of events into runs: a file may hold several, and a log may begin in the middle of one. */
import type { RunEvent } from '../../model/run-events';

/** Returns the runs, oldest first. A run begins with `started`, or after the `finished` of the one before. */
export function runsOf(events: readonly RunEvent[]): readonly (readonly RunEvent[])[] {
  const runs: RunEvent[][] = [];
  let isOver = true;
  for (const event of events) {
    if (isOver || event.event === 'started') runs.push([]);
    runs.at(-1)?.push(event);
    isOver = event.event === 'finished';
  }
  return runs;
}
