/**
 * The one way to wait: until a condition over watched objects holds, a deadline passes, or the run is told to end.
 *
 * There is no polling grid. The condition is asked once at the start and again after every change of what is watched; `retryMs` is for
 * what Kubernetes does not announce, such as a listener that does not answer yet, and the longer that takes, the more rarely it is asked.
 *
 * What is waited for is reported when it changes, and once a minute while it stays the same, with the time waited and the deadline.
 */
import { formatRef, type Kind, type ObjectRef } from '#model/kube-object';
import { OVER, TimeoutError } from '../errors';
import { type Clock, type Cluster, REPEAT_WAIT_MS, type Report, type Selection } from '../ports';

/** What the condition came to: done with a value, or still waiting for something that can be said. */
export type Progress<T> = { readonly done: T } | Waiting;

interface Waiting {
  readonly waitingFor: string;
  /** The object that it is about; default: the subject of the wait. */
  readonly subject?: ObjectRef;
}

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
  /** The wait ends well by itself before the deadline, which is only a safeguard and is not reported. */
  readonly endsByItself?: true;
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
  const { clock } = context;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const bell = new Notifier();
  const watching = wait.watch.map((w) => notifyOnChange(context.cluster.watch(w.kind, w.selection, signal), bell));
  // One that fails while the condition is asked is heard of when that is over; until then nobody listens to it.
  for (const failed of watching) failed.catch(() => undefined);
  const start = clock.monotonicMs();
  const end = (wait.since ?? start) + wait.deadlineMs;
  const retryMs = () => Math.max(wait.retryMs ?? wait.deadlineMs, Math.min((clock.monotonicMs() - start) / 10, LONGEST_RETRY_MS));
  let reported = { what: '', atMs: Number.NEGATIVE_INFINITY };
  const report = ({ waitingFor: message, subject = wait.subject }: Waiting) => {
    const [elapsedMs, { deadlineMs }] = [clock.monotonicMs() - (wait.since ?? start), wait];
    const event = { event: 'waiting', subject, message } as const;
    context.report(wait.endsByItself === true ? event : { ...event, wait: { elapsedMs, deadlineMs } });
    reported = { what: `${formatRef(subject)} ${message}`, atMs: clock.monotonicMs() };
  };
  const repeatMs = () => reported.atMs + REPEAT_WAIT_MS - clock.monotonicMs();
  try {
    while (true) {
      const heard = bell.next();
      const progress = await wait.check();
      if ('done' in progress) return progress.done;
      context.signal.throwIfAborted();
      const left = end - clock.monotonicMs();
      if (left <= 0) throw timeout(wait, progress);
      const what = `${formatRef(progress.subject ?? wait.subject)} ${progress.waitingFor}`;
      if (what !== reported.what || repeatMs() <= 0) report(progress);
      const tick = new AbortController();
      const due = pause(clock, Math.min(left, retryMs(), repeatMs()), AbortSignal.any([signal, tick.signal]));
      await Promise.race([heard, due, ...watching]);
      tick.abort(OVER);
    }
  } finally {
    stop.abort(OVER);
    await Promise.allSettled(watching);
  }
}

function timeout(wait: Wait<unknown>, { waitingFor, subject = wait.subject }: Waiting): TimeoutError {
  const minutes = wait.deadlineMs % 60_000 === 0 ? `${wait.deadlineMs / 60_000}m` : `${wait.deadlineMs / 1000}s`;
  return new TimeoutError(`${wait.failure} after ${minutes}: ${waitingFor}.`, {
    subject,
    ...(wait.hint === undefined ? {} : { hint: wait.hint }),
  });
}

/** Sleeping that ends quietly when the wait is over. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}

/** Rings the bell for every change; never settles while the watch goes on, and passes its failure on. */
async function notifyOnChange(changes: AsyncIterable<unknown>, bell: Notifier): Promise<void> {
  for await (const _ of changes) bell.notify();
}

/** Something happened since `next` was called. */
class Notifier {
  private resolve: () => void = () => undefined;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  notify(): void {
    this.resolve();
  }
}
