/**
 * The one way to wait: until a condition over watched objects holds, a deadline passes, or the run is told to end.
 *
 * There is no polling grid. The condition is asked once at the start and again after every change of what is watched; `retryMs` is for
 * what Kubernetes does not announce, such as a listener that does not answer yet, and the longer that takes, the more rarely it is asked.
 */
import type { Kind, ObjectRef } from '../../constructs/model/kube-object';
import { OVER, TimeoutError } from '../errors';
import type { Clock, Cluster, Report, Selection } from '../ports';

/** What the condition came to: done with a value, or still waiting for something that can be said. */
export type Progress<T> = { readonly done: T } | { readonly waitingFor: string };

export interface Wait<T> {
  readonly subject: ObjectRef;
  readonly watch: readonly { readonly kind: Kind; readonly selection: Selection }[];
  readonly check: () => Promise<Progress<T>>;
  readonly deadlineMs: number;
  /** Monotonic instant that the deadline counts from. Default: now. */
  readonly since?: number;
  /** Words for the deadline: `not issued`. */
  readonly failure: string;
  readonly hint?: string;
  /** Ask again after this long even if nothing changed, or a tenth of the time waited, up to 10 s. Default: only on changes. */
  readonly retryMs?: number;
}

interface WaitContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
}

const LONGEST_RETRY_MS = 10_000;

/** Waits; throws a TimeoutError that quotes the last state, or the abort reason. */
export async function waitUntil<T>(context: WaitContext, wait: Wait<T>): Promise<T> {
  const { clock, report } = context;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const bell = new Bell();
  const watching = wait.watch.map((w) => ring(context.cluster.watch(w.kind, w.selection, signal), bell));
  // One that fails while the condition is asked is heard of when that is over; until then nobody listens to it.
  for (const failed of watching) failed.catch(() => undefined);
  const start = clock.monotonicMs();
  const end = (wait.since ?? start) + wait.deadlineMs;
  const retryMs = () => Math.max(wait.retryMs ?? wait.deadlineMs, Math.min((clock.monotonicMs() - start) / 10, LONGEST_RETRY_MS));
  let said = '';
  try {
    while (true) {
      const heard = bell.next();
      const progress = await wait.check();
      if ('done' in progress) return progress.done;
      context.signal.throwIfAborted();
      const left = end - clock.monotonicMs();
      if (left <= 0) throw timeout(wait, progress.waitingFor);
      if (progress.waitingFor !== said) report({ event: 'waiting', subject: wait.subject, message: progress.waitingFor });
      said = progress.waitingFor;
      const tick = new AbortController();
      const due = pause(clock, Math.min(left, retryMs()), AbortSignal.any([signal, tick.signal]));
      await Promise.race([heard, due, ...watching]);
      tick.abort(OVER);
    }
  } finally {
    stop.abort(OVER);
    await Promise.allSettled(watching);
  }
}

function timeout(wait: Wait<unknown>, lastState: string): TimeoutError {
  const minutes = wait.deadlineMs % 60_000 === 0 ? `${wait.deadlineMs / 60_000}m` : `${wait.deadlineMs / 1000}s`;
  return new TimeoutError(`${wait.failure} after ${minutes}: ${lastState}.`, {
    subject: wait.subject,
    ...(wait.hint === undefined ? {} : { hint: wait.hint }),
  });
}

/** Sleeping that ends quietly when the wait is over. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}

/** Rings the bell for every change; never settles while the watch goes on, and passes its failure on. */
async function ring(changes: AsyncIterable<unknown>, bell: Bell): Promise<void> {
  for await (const _ of changes) bell.ring();
}

/** Something happened since `next` was called. */
class Bell {
  private resolve: () => void = () => undefined;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  ring(): void {
    this.resolve();
  }
}
