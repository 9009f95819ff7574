/** Real time: the only place of the reconciler that reads a clock or sets a timer. */
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../ports';

/** Node fires timers that are further away at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    setTimeout(Math.min(Math.max(ms, 0), LONGEST_TIMER_MS), undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw signal?.reason;
    }),
};
