/**
 * A list that keeps itself up to date.
 *
 *     list ──> yield all ──> watch from there ──> merge changes ──> yield all ──> ...
 *       ^                        │  closed, cut, silent: again from the last resourceVersion seen
 *       └──── 410 (expired) ─────┘  with growing pauses while nothing comes of it
 *
 * 1. The watch runs beside the consumer; changes that come while it is busy end up in the next list it gets.
 * 2. A connection that says nothing for a while may have no server behind it any more: it is dropped and opened anew.
 * 3. What was asked for may not fail for a while (a restarting API server): only refusals (401, 403, 404, bad requests) end it, and a
 *    first list that fails.
 */
import { isMap, type KubeObject } from '../../constructs/model/kube-object';
import { ClusterError, OVER } from '../errors';
import type { Clock } from '../ports';
import { fits, mapOf, TEXT } from '../shape';
import { failureOf } from './api-error';
import { NO_CREDENTIALS } from './credentials/source';
import { rejection } from './deadline';
import { TransportError } from './http';

/** One consistent list. */
export interface Listing {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** Where a watch reads from. */
export interface WatchSource {
  list(): Promise<Listing>;
  /** Returns the events after a resourceVersion as JSON lines, in pieces of any size. */
  open(resourceVersion: string, signal: AbortSignal): Promise<AsyncIterable<string>>;
  /** Returns what an event is about; throws when it is not an object that can be relied on. */
  read(object: unknown): KubeObject;
}

/** A quiet API server sends a bookmark every minute or less; asking anew after this long costs one request. */
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

  /** Resolves when there is something that was not taken yet. */
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
    const silence = new Silence(this.clock, connection);
    const signal = AbortSignal.any([this.signal, connection.signal]);
    let hasHeard = false;
    try {
      const chunks = await this.source.open(this.resourceVersion, signal);
      for await (const line of lines(chunks, signal)) {
        silence.broken();
        this.takeIn(eventIn(line));
        hasHeard = true;
      }
    } catch (error) {
      // What broke off in the middle is taken up from the last event; only what the server itself said counts.
      if (error instanceof ClusterError || !hasHeard) throw error;
    } finally {
      silence.stop();
      connection.abort(OVER);
    }
    return hasHeard;
  }

  private takeIn({ type, object: value }: WatchEvent): void {
    if (type === 'ERROR') {
      const status = isMap(value) && Number.isInteger(value.code) ? Number(value.code) : 500;
      const { reason, message } = failureOf(status, {}, JSON.stringify(value));
      throw new ClusterError(`watch ended: ${status} ${reason}: ${message}.`, { status, reason, retryable: true });
    }
    if (type === 'BOOKMARK') {
      this.resourceVersion = versionIn(value) ?? this.resourceVersion;
      return;
    }
    const object = this.source.read(value);
    this.resourceVersion = object.metadata.resourceVersion ?? this.resourceVersion;
    if (type === 'DELETED') this.objects.delete(keyOf(object));
    else this.objects.set(keyOf(object), object);
    this.announce();
  }

  /** Returns normally when the watch can go on after a pause. */
  private async recover(error: unknown): Promise<boolean> {
    this.signal.throwIfAborted();
    if (!(error instanceof ClusterError)) return isBroken(error);
    if (error.status === 410) {
      await this.relist().catch((e) => this.tolerate(e));
      return false;
    }
    return this.tolerate(error);
  }

  private tolerate(error: unknown): false {
    const isTransient = error instanceof ClusterError && (error.retryable || error.status === 0);
    // A login that failed is not repeated every few seconds: a person may be asked each time.
    if (isTransient && error.reason !== NO_CREDENTIALS) return false;
    throw error;
  }
}

interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

const EVENT = mapOf({ type: TEXT });
const BOOKMARK = mapOf({ metadata: mapOf({ resourceVersion: TEXT }) });

/** A line that is no event has lost its beginning or its end on the way: the connection is as good as broken. */
function eventIn(line: string): WatchEvent {
  const value: unknown = JSON.parse(line);
  if (!fits(EVENT, value)) throw new SyntaxError('a line of the watch is no event');
  return value as WatchEvent;
}

function versionIn(bookmark: unknown): string | undefined {
  return fits(BOOKMARK, bookmark) ? (bookmark as KubeObject).metadata.resourceVersion : undefined;
}

/** A connection that broke is opened again; anything else is a bug and passes. */
function isBroken(error: unknown): false {
  if (error instanceof TransportError || error instanceof SyntaxError || isSocketError(error) || error instanceof SilenceError)
    return false;
  throw error;
}

function isSocketError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}

class SilenceError extends Error {}

/** Aborts a connection after a while without a word. One sleeper a connection, however much is said. */
class Silence {
  private readonly over = new AbortController();
  private lastMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly connection: AbortController,
  ) {
    this.lastMs = clock.monotonicMs();
    void this.listen();
  }

  broken(): void {
    this.lastMs = this.clock.monotonicMs();
  }

  stop(): void {
    this.over.abort(OVER);
  }

  private async listen(): Promise<void> {
    try {
      for (let left = SILENCE_MS; left > 0; left = this.lastMs + SILENCE_MS - this.clock.monotonicMs()) {
        await this.clock.sleep(left, this.over.signal);
      }
      this.connection.abort(new SilenceError(`no word for ${SILENCE_MS / 1000} s`));
    } catch {
      // stopped: the connection ended by itself
    }
  }
}

/** Yields complete lines; ends with the signal's reason even when the pieces never do. */
async function* lines(chunks: AsyncIterable<string>, signal: AbortSignal): AsyncIterable<string> {
  const iterator = chunks[Symbol.asyncIterator]();
  const aborted = rejection(signal);
  aborted.catch(() => undefined);
  let rest = '';
  try {
    while (true) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) break;
      // A long line comes in many pieces; what came of it already is not looked through again.
      const [head = '', ...others] = next.value.split('\n');
      rest += head;
      const last = others.pop();
      if (last === undefined) continue;
      yield* [rest, ...others].filter((line) => line.trim() !== '');
      rest = last;
    }
    if (rest.trim() !== '') yield rest;
  } finally {
    // Not awaited: a source that hangs would hang us.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/** A name that is taken again is the same place in the list: the old object's deletion was told before. */
function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
