/**
 * The control loop that every stand-in runs in: after a change, the stand-in looks at the whole object and does what is missing. The names
 * of objects wait in a queue, each at most once, and the loop handles one at a time. A failed object is tried again, with growing pauses.
 */
import type { Kind, KubeObject } from '#model/kube-object';
import { ApiError } from '../client';
import { keyOf, type Named, named } from './cache';
import type { Context } from './context';
import type { KindOf } from './kinds';

/** Milliseconds after which the controller wants to see the object again, even if nothing changes. */
export type Again = number | undefined;
export type Reconciled = Promise<Again> | Promise<void>;

export interface Controller<T extends KubeObject = KubeObject> {
  /** The kind whose objects the controller reconciles. */
  readonly kind: KindOf<T>;
  /** Further kinds whose changes matter. */
  readonly watches?: readonly Watch[];
  reconcile(object: T): Reconciled;
  /** Handles an object that is being deleted, or is gone. Default: nothing happens. */
  remove?(object: T | undefined, name: Named): Reconciled;
}

/** The controller's objects that a change of another object concerns. */
export interface Watch {
  readonly kind: Kind;
  readonly concerned: (object: KubeObject, previous?: KubeObject) => readonly Named[];
}

/** Returns a watch whose function takes the view of the kind. */
export function watch<T extends KubeObject>(kind: KindOf<T>, concerned: (object: T, previous?: T) => readonly Named[]): Watch {
  return { kind, concerned: concerned as Watch['concerned'] };
}

/** Returns a watch of objects that concern their owner of a kind. */
export function watchOwned(kind: Kind, by: Kind): Watch {
  return watch(kind, ({ metadata: { namespace, ownerReferences = [] } }) =>
    ownerReferences.filter((o) => o.kind === by.kind).map(({ name }) => named(namespace, name)),
  );
}

/** Abort reason of timers. An Error would capture a stack each time. */
const NOT_NEEDED = 'not needed';

const RETRY_MS = 200;
const LONGEST_RETRY_MS = 60_000;

export class Loop<T extends KubeObject> {
  private readonly queue = new Map<string, Named>();
  private readonly timers = new Map<string, AbortController>();
  private readonly failures = new Map<string, number>();
  private isWorking = false;

  constructor(
    private readonly context: Context,
    private readonly controller: Controller<T>,
  ) {}

  /** Handles the objects that exist, and from now on every change, until the sandbox ends. */
  start(): this {
    const { cache } = this.context;
    const { kind, watches = [] } = this.controller;
    for (const { kind: watched, concerned } of [{ kind, concerned: (object: KubeObject) => [object] }, ...watches]) {
      const add = (object: KubeObject, previous?: KubeObject) => {
        for (const name of concerned(object, previous)) this.add(name);
      };
      cache.onChange(watched, add);
      for (const object of cache.list(watched)) add(object);
    }
    return this;
  }

  add(name: Named): void {
    if (this.context.signal.aborted) return;
    this.queue.set(keyOf(name), name);
    if (this.isWorking) return;
    this.isWorking = true;
    queueMicrotask(() => void this.work());
  }

  private async work(): Promise<void> {
    while (this.queue.size > 0 && !this.context.signal.aborted) {
      const [key, name] = this.queue.entries().next().value as [string, Named];
      this.queue.delete(key);
      this.timers.get(key)?.abort(NOT_NEEDED);
      this.timers.delete(key);
      const again = await this.attempt(key, name);
      if (again !== undefined) this.wakeAfter(key, name, again);
    }
    this.isWorking = false;
  }

  private async attempt(key: string, name: Named): Promise<Again> {
    try {
      const again = await this.handle(name);
      this.failures.delete(key);
      return again ?? undefined;
    } catch (error) {
      if (this.context.signal.aborted) return undefined;
      // The API server's refusal may be temporary: a conflict, or a namespace that does not exist yet.
      if (!(error instanceof ApiError)) this.context.onBug(error);
      const failures = (this.failures.get(key) ?? 0) + 1;
      this.failures.set(key, failures);
      return Math.min(RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
    }
  }

  private handle(name: Named): Reconciled | undefined {
    const object = this.context.cache.get(this.controller.kind, name.metadata.namespace, name.metadata.name);
    const isLeaving = object === undefined || object.metadata.deletionTimestamp !== undefined;
    return isLeaving ? this.controller.remove?.(object, name) : this.controller.reconcile(object);
  }

  private wakeAfter(key: string, name: Named, ms: number): void {
    const { clock, signal } = this.context;
    const timer = new AbortController();
    this.timers.set(key, timer);
    clock.sleep(ms, AbortSignal.any([signal, timer.signal])).then(
      () => this.add(name),
      () => {}, // a change came first, or the sandbox has ended
    );
  }
}
