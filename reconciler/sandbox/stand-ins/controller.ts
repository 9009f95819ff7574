/**
 * The loop that every stand-in runs in: something changed, so look at all of the object anew and do what is missing. Keys wait in a queue,
 * each at most once; one is worked on at a time. A failure is tried again, later each time.
 */
import type { Kind, KubeObject } from '#model/kube-object';
import { ApiError } from '../client';
import type { Clock } from '../clock';
import type { Cache } from './cache';

/** One object that a stand-in looks after. */
export interface Key {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Milliseconds after which to look again although nothing has changed. */
export type Again = number | undefined;

export interface Controller {
  readonly name: string;
  /** Whose changes matter, and which of the objects it looks after they concern. */
  readonly watches: readonly { readonly kind: Kind; readonly keys: (object: KubeObject, previous?: KubeObject) => readonly Key[] }[];
  reconcile(key: Key): Promise<Again>;
}

/** Returns an object's own key. */
export function ownKey({ metadata }: KubeObject): readonly Key[] {
  return [{ namespace: metadata.namespace, name: metadata.name }];
}

/** Returns the key of whatever of a kind owns the object. */
export function ownerKey(kind: Kind): (object: KubeObject) => readonly Key[] {
  return ({ metadata }) =>
    (metadata.ownerReferences ?? []).filter((o) => o.kind === kind.kind).map(({ name }) => ({ namespace: metadata.namespace, name }));
}

export interface LoopOptions {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Is told what is no answer of the API server, but a mistake in a stand-in. */
  readonly onBug: (error: unknown) => void;
}

/** Aborting without a reason makes an error with a stack each time. */
const NOT_NEEDED = 'not needed any more';

const RETRY_MS = 200;
const LONGEST_RETRY_MS = 60_000;

/** Runs a controller until the signal aborts. */
export function runController(controller: Controller, options: LoopOptions): Loop {
  const loop = new Loop(controller, options);
  for (const { kind, keys } of controller.watches) {
    options.cache.onChange(kind, (object, previous) => {
      for (const key of keys(object, previous)) loop.add(key);
    });
    for (const object of options.cache.list(kind)) for (const key of keys(object)) loop.add(key);
  }
  return loop;
}

export class Loop {
  private readonly waiting = new Map<string, Key>();
  private readonly timers = new Map<string, AbortController>();
  private readonly failures = new Map<string, number>();
  private isWorking = false;

  constructor(
    private readonly controller: Controller,
    private readonly options: LoopOptions,
  ) {}

  add(key: Key): void {
    if (this.options.signal.aborted) return;
    this.waiting.set(idOf(key), key);
    if (this.isWorking) return;
    this.isWorking = true;
    queueMicrotask(() => void this.work());
  }

  private async work(): Promise<void> {
    while (this.waiting.size > 0 && !this.options.signal.aborted) {
      const [id, key] = this.waiting.entries().next().value as [string, Key];
      this.waiting.delete(id);
      this.timers.get(id)?.abort(NOT_NEEDED);
      this.timers.delete(id);
      const again = await this.attempt(id, key);
      if (again !== undefined) this.wakeAfter(id, key, again);
    }
    this.isWorking = false;
  }

  private async attempt(id: string, key: Key): Promise<Again> {
    try {
      const again = await this.controller.reconcile(key);
      this.failures.delete(id);
      return again;
    } catch (error) {
      if (this.options.signal.aborted) return undefined;
      // What the API server refuses may well go through when more is known: a conflict, a namespace that is not there yet.
      if (!(error instanceof ApiError)) this.options.onBug(error);
      const failures = (this.failures.get(id) ?? 0) + 1;
      this.failures.set(id, failures);
      return Math.min(RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
    }
  }

  private wakeAfter(id: string, key: Key, ms: number): void {
    const timer = new AbortController();
    this.timers.set(id, timer);
    const stop = () => timer.abort(NOT_NEEDED);
    this.options.signal.addEventListener('abort', stop, { once: true });
    this.options.clock
      .sleep(ms, timer.signal)
      .then(
        () => this.add(key),
        () => {},
      )
      .finally(() => this.options.signal.removeEventListener('abort', stop));
  }
}

function idOf({ namespace, name }: Key): string {
  return `${namespace ?? ''}/${name}`;
}
