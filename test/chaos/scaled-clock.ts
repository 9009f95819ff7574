/** Real time, only faster: an hour of waiting is over in minutes, in every process that goes by the same pace. */
import { systemClock } from '#reconciler/cluster/system-clock';
import type { Clock } from '#reconciler/ports';

/** How time passes. */
export interface Pace {
  readonly factor: number;
  /**
   * Everything that happened since this instant (milliseconds since the epoch) took `factor` times as long. Without it only waiting is
   * shorter, and instants are true, for where others tell the time, too.
   */
  readonly startMs?: number;
}

export function scaledClock({ factor, startMs }: Pace): Clock {
  return {
    now: () => (startMs === undefined ? systemClock.now() : new Date(startMs + (systemClock.now().getTime() - startMs) * factor)),
    monotonicMs: () => systemClock.monotonicMs() * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}
