/**
 * Time that passes only when nothing else can happen.
 *
 * Everything under test runs in this process and communicates through promises. `run` lets all of it settle, then jumps to the next
 * instant that a sleeper waits for. A run that waits while no sleeper is left can never end: that is an error, not a hang.
 */
import type { Clock } from '#reconciler/ports';

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

export class FakeClock implements Clock {
  private elapsedMs = 0;
  private jumpedMs = 0;
  /** When the wall clock was set last, by the monotonic one. */
  jumpedAtMs = Number.NEGATIVE_INFINITY;
  private sleepers: Sleeper[] = [];

  constructor(private readonly startMs = Date.parse('2026-11-23T09:00:00Z')) {}

  now(): Date {
    return new Date(this.startMs + this.elapsedMs + this.jumpedMs);
  }

  /** Sets the wall clock; what is measured by the monotonic one is not touched. */
  jump(ms: number): void {
    this.jumpedMs += ms;
    this.jumpedAtMs = this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { wakeAt: this.elapsedMs + ms, wake: finish(resolve) };
      const onAbort = () => {
        this.sleepers = this.sleepers.filter((s) => s !== sleeper);
        reject(signal?.reason);
      };
      function finish(done: () => void) {
        return () => {
          signal?.removeEventListener('abort', onAbort);
          done();
        };
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.sleepers.push(sleeper);
    });
  }

  /** Moves time forward by `ms`, and wakes every sleeper whose instant passes, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await settle();
    while (this.wakeNext(end)) await settle();
    this.elapsedMs = end;
  }

  /** Runs until the promise is settled; time jumps whenever nothing else can happen. */
  async run<T>(promise: Promise<T>, limitMs = 24 * 3_600_000): Promise<T> {
    let isSettled = false;
    promise.then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    const end = this.elapsedMs + limitMs;
    while (true) {
      await settle();
      if (isSettled) return promise;
      if (!this.wakeNext(end)) throw new Error(`nothing will ever wake this run: ${this.sleepers.length} sleepers until ${limitMs} ms`);
    }
  }

  private wakeNext(end: number): boolean {
    const next = this.sleepers.reduce<Sleeper | undefined>((a, b) => (a !== undefined && a.wakeAt <= b.wakeAt ? a : b), undefined);
    if (next === undefined || next.wakeAt > end) return false;
    this.elapsedMs = Math.max(this.elapsedMs, next.wakeAt);
    this.sleepers = this.sleepers.filter((s) => s !== next);
    next.wake();
    return true;
  }
}

/** Lets every promise that can settle do so, those of files included. */
async function settle(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some((name) => name === 'FSReqPromise' || name === 'CloseReq'));
}
