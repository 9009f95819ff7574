/**
 * The only way to wait: until a condition over watched objects holds, a deadline passes, or the run is aborted.
 *
 * Nothing is polled at fixed times. The condition is checked before anything is watched, and after every change of a watched object.
 * `retryMs` is for facts that no watch announces, such as a listener that does not answer yet; the longer the wait, the more rarely they are
 * checked.
 *
 * The subject of a wait is reported when it changes, and once a minute while it stays the same, with the time waited and the deadline.
 */

import { formatRef, KINDS, type Kind, type KubeObject, type ObjectRef } from '#model/kube-object';
import { OVER, TimeoutError } from '../errors';
import { type Clock, type Cluster, type EventDetails, REPEAT_WAIT_MS, type Report, type Selection } from '../ports';

/** The result of a check: done with a value, or what it still waits for. */
export type Progress<T> = { readonly done: T } | Waiting;

interface Waiting extends Pick<EventDetails, 'phase' | 'refusals'> {
  readonly waitingFor: string;
  /** The object that is waited for. Default: the subject of the wait. */
  readonly subject?: ObjectRef;
}

export interface Watched {
  readonly kind: Kind;
  readonly selection: Selection;
}

/** Watches one object. */
export function watchObject(kind: Kind, { namespace = '', name }: ObjectRef): Watched {
  return { kind, selection: { namespace, name } };
}

/** Watches the pods of a Kafka. */
export function watchPods({ namespace = '', name }: ObjectRef): Watched {
  return { kind: KINDS.Pod, selection: { namespace, labels: { 'app.kubernetes.io/instance': name } } };
}

export interface Wait<T> {
  readonly subject: ObjectRef;
  readonly watch: readonly Watched[];
  /** `shown` holds the objects of the first watch, if that watch caused this check: then they need not be read. */
  readonly check: (shown: readonly KubeObject[] | undefined) => Promise<Progress<T>>;
  readonly deadlineMs: number;
  /** Monotonic instant that the deadline counts from. Default: now. */
  readonly since?: number;
  /** The failure in words: `not issued`. */
  readonly failure: string;
  readonly hint?: string;
  /** The kind of the wait, where a check does not name it. */
  readonly phase?: EventDetails['phase'];
  /** Check again after this time without a change, or after a tenth of the time waited, up to 10 s. Default: only on changes. */
  readonly retryMs?: number;
  /** The wait ends by itself before the deadline, which is only a safeguard and is not reported. */
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
  const notifier = new Notifier();
  const watch = () =>
    wait.watch.map((w, i) => {
      const notify = i === 0 ? notifier.show : notifier.notify;
      const ended = forEach(context.cluster.watch(w.kind, w.selection, signal), notify);
      // A watch that fails during a check is reported after the check; until then its rejection must not be unhandled.
      ended.catch(() => undefined);
      return ended;
    });
  let watching: readonly Promise<void>[] | undefined;
  const start = clock.monotonicMs();
  const end = (wait.since ?? start) + wait.deadlineMs;
  const retryMs = () => Math.max(wait.retryMs ?? wait.deadlineMs, Math.min((clock.monotonicMs() - start) / 10, LONGEST_RETRY_MS));
  let reported = { what: '', atMs: Number.NEGATIVE_INFINITY };
  const report = ({ waitingFor: message, subject = wait.subject, phase = wait.phase, refusals }: Waiting) => {
    const [elapsedMs, { deadlineMs }] = [clock.monotonicMs() - (wait.since ?? start), wait];
    const details = { ...(phase === undefined ? {} : { phase }), ...(refusals === undefined ? {} : { refusals }) };
    const event = { event: 'waiting', subject, message, ...details } as const;
    context.report(wait.endsByItself === true ? event : { ...event, wait: { elapsedMs, deadlineMs } });
    reported = { what: `${formatRef(subject)} ${message}`, atMs: clock.monotonicMs() };
  };
  const repeatMs = () => reported.atMs + REPEAT_WAIT_MS - clock.monotonicMs();
  try {
    while (true) {
      const changed = notifier.next();
      const progress = await wait.check(notifier.takeShown());
      if ('done' in progress) return progress.done;
      context.signal.throwIfAborted();
      const left = end - clock.monotonicMs();
      if (left <= 0) throw timeout(wait, progress);
      const what = `${formatRef(progress.subject ?? wait.subject)} ${progress.waitingFor}`;
      if (what !== reported.what || repeatMs() <= 0) report(progress);
      // A condition that holds at once needs no watch. A watch begins with all objects, so no change before it is missed.
      watching ??= watch();
      const tick = new AbortController();
      const due = pause(clock, Math.min(left, retryMs(), repeatMs()), AbortSignal.any([signal, tick.signal]));
      await Promise.race([changed, due, ...watching]);
      tick.abort(OVER);
    }
  } finally {
    stop.abort(OVER);
    await Promise.allSettled(watching ?? []);
  }
}

function timeout(wait: Wait<unknown>, { waitingFor, subject = wait.subject }: Waiting): TimeoutError {
  const minutes = wait.deadlineMs % 60_000 === 0 ? `${wait.deadlineMs / 60_000}m` : `${wait.deadlineMs / 1000}s`;
  return new TimeoutError(`${wait.failure} after ${minutes}: ${waitingFor}.`, {
    subject,
    ...(wait.hint === undefined ? {} : { hint: wait.hint }),
  });
}

/** Sleeps; an abort ends the sleep without an error. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}

/** Calls `act` with every change. It settles only when the watch fails or ends. */
async function forEach<T>(changes: AsyncIterable<T>, act: (change: T) => void): Promise<void> {
  for await (const change of changes) act(change);
}

/** Resolves the promise of the last `next` when a change is notified. */
class Notifier {
  private resolve: () => void = () => undefined;
  private shown: readonly KubeObject[] | undefined;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  readonly notify = (): void => this.resolve();

  readonly show = (objects: readonly KubeObject[]): void => {
    this.shown = objects;
    this.resolve();
  };

  /** Returns what was shown since the last call. */
  takeShown(): readonly KubeObject[] | undefined {
    const { shown } = this;
    this.shown = undefined;
    return shown;
  }
}

const REACH_MS = 30_000;

/** Returns a function that tells whether a Ready pod has been unreachable for so long that waiting will not help. */
export function reachLimit(clock: Clock): (isUnreachable: boolean) => boolean {
  let since: number | undefined;
  return (isUnreachable) => {
    since = isUnreachable ? (since ?? clock.monotonicMs()) : undefined;
    return since !== undefined && clock.monotonicMs() - since >= REACH_MS;
  };
}
