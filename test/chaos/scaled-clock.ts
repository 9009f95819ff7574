/** Real time, only faster: an hour of waiting passes in minutes, in every process with the same pace. */
import { systemClock } from '#reconciler/cluster/system-clock';
import type { Clock } from '#reconciler/ports';

/** How time passes. */
export interface Pace {
  readonly factor: number;
  /**
   * Time passes `factor` times as fast since this instant, in milliseconds since the epoch. Without it only waiting is shorter and instants
   * are real: for an API server that has its own clock.
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
