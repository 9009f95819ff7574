/** Real time, only faster: an hour of waiting is over in minutes, in every process that starts from the same instant. */
import { systemClock } from '../../reconciler/cluster/system-clock';
import type { Clock } from '../../reconciler/ports';

/** Returns a clock on which everything that happened since `startMs` (milliseconds since the epoch) took `factor` times as long. */
export function scaledClock(startMs: number, factor: number): Clock {
  return {
    now: () => new Date(startMs + (systemClock.now().getTime() - startMs) * factor),
    monotonicMs: () => systemClock.monotonicMs() * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}
