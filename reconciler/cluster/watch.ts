/**
 * A list that stays up to date.
 *
 *     list ──> yield all ──> watch from there ──> merge changes ──> yield all ──> ...
 *       ^                        │  closed, cut, silent: open again after the last resourceVersion
 *       └──── 410 (expired) ─────┘  with growing pauses while a connection brings no events
 *
 * 1. The watch runs beside the consumer; changes that arrive while the consumer is busy are merged into its next list.
 * 2. A connection without data for a while may have no server behind it any more: it is closed and opened again.
 * 3. A failure of the API server (a restart) does not end the watch. Only refusals (401, 403, 404, bad requests) end it, and a first list
 *    that fails.
 *
 * Why not Watch or makeInformer of @kubernetes/client-node: Watch reports a refusal without the message of the server and skips broken
 * lines, an informer ends at the first connection error, and both use their own timers (`test/cluster/client-node.test.ts`).
 */
import { isMap, type KubeObject } from '#model/kube-object';
import { ANY, type Infer, isValid, map, NON_EMPTY, optional } from '#model/schema';
import { ClusterError, KafkaTlsError, OVER } from '../errors';
import type { Clock } from '../ports';
import { failureOf } from './api-error';
import { NO_CREDENTIALS } from './credentials/source';
import { rejection, withDeadline } from './deadline';
import { TransportError } from './http';

/** One consistent list. */
export interface Listing {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** The list and the events of a watch. */
export interface WatchSource {
  list(): Promise<Listing>;
  /** Returns the events after a resourceVersion as JSON lines, in pieces of any size. */
  open(resourceVersion: string, signal: AbortSignal): Promise<AsyncIterable<string>>;
  /** Returns the object of an event; throws if its form is wrong. */
  read(object: unknown): KubeObject;
}

/** A quiet API server sends a bookmark every minute or less; opening a connection again after this long costs one request. */
export const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** Yields all objects at once, and again after changes, until the signal aborts. */
export async function* watchObjects(
  source: WatchSource,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<readonly KubeObject[], void, undefined> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  if (either.aborted) return;
  const live = new LiveList(source, clock, either);
  const ended = rejection(either);
  ended.catch(() => undefined);
  const running = live.run();
  running.catch(() => undefined);
  try {
    while (true) {
      await Promise.race([live.changed(), running, ended]);
      yield live.take();
    }
  } catch (error) {
    if (!either.aborted) throw error;
  } finally {
    stop.abort(OVER);
  }
}

class LiveList {
  private objects = new Map<string, KubeObject>();
  private resourceVersion = '';
  private isDirty = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly source: WatchSource,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when the list has changed since it was last taken. */
  changed(): Promise<void> {
    return this.isDirty ? Promise.resolve() : new Promise((resolve) => (this.wake = resolve));
  }

  take(): readonly KubeObject[] {
    this.isDirty = false;
    return [...this.objects.values()];
  }

  /** Never resolves; rejects with a refusal or the signal's reason. */
  async run(): Promise<never> {
    await this.relist();
    let pauseMs = 0;
    while (true) {
      const startedMs = this.clock.monotonicMs();
      const wasUseful = await this.follow().catch((error) => this.recover(error));
      const lastedMs = this.clock.monotonicMs() - startedMs;
      pauseMs = wasUseful || lastedMs > LONGEST_PAUSE_MS ? 0 : Math.min(Math.max(pauseMs * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
      this.signal.throwIfAborted();
      if (pauseMs > 0) await this.clock.sleep(pauseMs, this.signal);
    }
  }

  private async relist(): Promise<void> {
    const { items, resourceVersion } = await this.source.list();
    this.objects = new Map(items.map((item) => [keyOf(item), item]));
    this.resourceVersion = resourceVersion;
    this.announce();
  }

  private announce(): void {
    this.isDirty = true;
    this.wake();
  }

  /** Takes in events until the connection ends; tells whether there were any. */
  private async follow(): Promise<boolean> {
    const connection = new AbortController();
    const signal = AbortSignal.any([this.signal, connection.signal]);
    const onExpiry = () => new TransportError(`no data within ${SILENCE_MS / 1000} s`, { code: 'ETIMEDOUT', wasSent: true });
    let hasEvents = false;
    try {
      const chunks = await this.source.open(this.resourceVersion, signal);
      const inTime = <T>(work: () => Promise<T>) => withDeadline({ clock: this.clock, ms: SILENCE_MS, signal, onExpiry }, work);
      for await (const line of lines(chunks, inTime)) {
        this.takeIn(eventIn(line));
        hasEvents = true;
      }
    } catch (error) {
      // After a cut in the middle the next connection continues from the last event; an error that the server sent counts.
      if (error instanceof ClusterError || !hasEvents) throw error;
    } finally {
      connection.abort(OVER);
    }
    return hasEvents;
  }

  private takeIn({ type, object: value }: Infer<typeof EVENT>): void {
    if (type === 'ERROR') {
      const status = isMap(value) && Number.isInteger(value.code) ? Number(value.code) : 500;
      const { reason, message } = failureOf(status, {}, JSON.stringify(value));
      throw new ClusterError(`watch ended: ${status} ${reason}: ${message}.`, { status, reason, retryable: true });
    }
    if (type === 'BOOKMARK') {
      if (isValid(BOOKMARK, value)) this.resourceVersion = value.metadata.resourceVersion;
      return;
    }
    const object = this.source.read(value);
    this.resourceVersion = object.metadata.resourceVersion ?? this.resourceVersion;
    if (type === 'DELETED') this.objects.delete(keyOf(object));
    else this.objects.set(keyOf(object), object);
    this.announce();
  }

  /** Returns false if the watch can go on after a pause, else throws. */
  private async recover(error: unknown): Promise<false> {
    this.signal.throwIfAborted();
    if (error instanceof ClusterError && error.status === 410) await this.relist().catch(throwUnlessTransient);
    else throwUnlessTransient(error);
    return false;
  }
}

/** Throws unless another attempt may succeed: refusals and our own bugs are final. */
function throwUnlessTransient(error: unknown): void {
  if (error instanceof ClusterError) {
    // A failed login is not repeated every few seconds: each attempt may ask a person.
    if ((error.retryable || error.status === 0) && error.reason !== NO_CREDENTIALS) return;
  } else if (!(error instanceof KafkaTlsError)) {
    const isSocketError = typeof (error as NodeJS.ErrnoException).code === 'string';
    if (isSocketError || error instanceof SyntaxError) return;
  }
  throw error;
}

const EVENT = map({ type: NON_EMPTY, object: optional(ANY) });
const BOOKMARK = map({ metadata: map({ resourceVersion: NON_EMPTY }) });

/** A line that is not an event was cut on its way: the connection counts as broken. */
function eventIn(line: string): Infer<typeof EVENT> {
  const value: unknown = JSON.parse(line);
  if (!isValid(EVENT, value)) throw new SyntaxError('a line of the watch is not an event');
  return value;
}

/** Yields complete lines; `inTime` limits the wait for each piece. */
async function* lines(
  chunks: AsyncIterable<string>,
  inTime: (work: () => Promise<IteratorResult<string>>) => Promise<IteratorResult<string>>,
): AsyncIterable<string> {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest = '';
  try {
    while (true) {
      const next = await inTime(() => iterator.next());
      if (next.done === true) break;
      // A long line arrives in many pieces; earlier pieces are not searched again.
      const [head = '', ...others] = next.value.split('\n');
      rest += head;
      const last = others.pop();
      if (last === undefined) continue;
      yield* [rest, ...others].filter((line) => line.trim() !== '');
      rest = last;
    }
    if (rest.trim() !== '') yield rest;
  } finally {
    // Not awaited: a source that hangs would block here, too.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/** An object with the name of a deleted one takes its place: the deletion was reported before. */
function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
