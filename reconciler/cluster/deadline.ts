/** Work with a time limit, by the clock port. */
import { OVER } from '../errors';
import type { Clock } from '../ports';

export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
  /** Called only when the time has passed. */
  readonly onExpiry: () => Error;
}

/**
 * Runs the work with a signal that aborts when the time has passed or the given signal aborts; rejects with that reason even if the work
 * ignores its signal.
 */
export async function withDeadline<T>({ clock, ms, signal, onExpiry }: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const expiry = new AbortController();
  const timer = clock.sleep(ms, stop.signal).then(
    () => expiry.abort(onExpiry()),
    () => undefined,
  );
  const either = signal === undefined ? expiry.signal : AbortSignal.any([signal, expiry.signal]);
  try {
    return await Promise.race([work(either), rejection(either)]);
  } finally {
    stop.abort(OVER);
    await timer;
  }
}

/** Rejects with the signal's reason as soon as it aborts. */
export function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
