/**
 * A copy of the cluster for the stand-ins, kept current by watches, so that reads cost nothing.
 *
 * The copy may lag behind the API server. A write that is based on an old copy fails on its resourceVersion or uid, and the stand-in tries
 * again. A stand-in sees its own writes at once.
 */
import type { Kind, KubeObject } from '#model/kube-object';
import { ApiError, type Client } from '../client';
import type { Clock } from '../clock';
import { memoize } from '../memoize';
import type { KindOf } from './kinds';

/** Pause before a failed watch starts again. */
const RETRY_MS = 1000;

type Listener = (object: KubeObject, previous: KubeObject | undefined) => void;

export interface FollowOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Default: all. */
  readonly namespace: string | undefined;
}

/** What the cache holds of one kind. */
interface Shelf {
  readonly objects: Map<string, KubeObject>;
  /** resourceVersions of deletions, so that a late response does not bring a deleted object back. */
  readonly deleted: Map<string, number>;
  readonly listeners: Listener[];
}

export class Cache {
  private readonly shelves = new Map<string, Shelf>();

  get<T extends KubeObject>(kind: KindOf<T>, namespace: string | undefined, name: string): T | undefined {
    return this.shelf(kind).objects.get(keyOf(named(namespace, name))) as T | undefined;
  }

  list<T extends KubeObject>(kind: KindOf<T>, namespace?: string): readonly T[] {
    const objects = [...this.shelf(kind).objects.values()] as T[];
    return namespace === undefined ? objects : objects.filter((o) => o.metadata.namespace === namespace);
  }

  /** Calls back with every object of a kind that is added, changed or deleted. */
  onChange(kind: Kind, listener: Listener): void {
    this.shelf(kind).listeners.push(listener);
  }

  /** Stores an object that a write returned. API servers promise that resourceVersions of one object compare as numbers. */
  remember(object: KubeObject): void {
    const shelf = this.shelf(object);
    const key = keyOf(object);
    const previous = shelf.objects.get(key);
    if (versionOf(object) <= Math.max(shelf.deleted.get(key) ?? 0, versionOf(previous))) return;
    shelf.objects.set(key, object);
    for (const notify of shelf.listeners) notify(object, previous);
  }

  /** Follows the kinds until the signal aborts. Resolves when every kind was read once. A kind that is not installed stays empty. */
  async follow(kinds: readonly Kind[], options: FollowOptions): Promise<void> {
    await Promise.all(kinds.map((kind) => new Promise<void>((resolve, reject) => void this.watch(kind, options, { resolve, reject }))));
  }

  private async watch(kind: Kind, options: FollowOptions, first: { resolve(): void; reject(error: unknown): void }): Promise<void> {
    const { client, clock, signal } = options;
    while (!signal.aborted) {
      try {
        const revision = await this.load(kind, options);
        first.resolve();
        for await (const event of client.watch(kind, options.namespace, revision, signal)) {
          if (event.type === 'ERROR') break;
          if (event.type === 'DELETED') this.forget(event.object);
          else if (event.type !== 'BOOKMARK') this.remember(event.object);
        }
      } catch (error) {
        // Whatever ended the watch, a new list brings the cache up to date.
        const code = error instanceof ApiError ? error.code : undefined;
        if (code === 404) return first.resolve();
        if (code === undefined || (code < 500 && code !== 410 && code !== 429)) first.reject(error);
      }
      await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  private async load(kind: Kind, { client, namespace }: FollowOptions): Promise<string> {
    const { items, resourceVersion } = await client.list(kind, namespace);
    const present = new Set(items.map(keyOf));
    for (const object of this.list(kind)) if (!present.has(keyOf(object))) this.forget(object);
    for (const object of items) this.remember(object);
    return resourceVersion;
  }

  private forget(object: KubeObject): void {
    const { objects, deleted, listeners } = this.shelf(object);
    const key = keyOf(object);
    deleted.set(key, versionOf(object));
    const previous = objects.get(key);
    // The cache may already hold a successor of the same name.
    if (previous?.metadata.uid !== object.metadata.uid) return;
    objects.delete(key);
    for (const notify of listeners) notify(object, previous);
  }

  private shelf({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>): Shelf {
    const key = `${apiVersion}/${kind}`;
    return memoize(this.shelves, key, () => ({ objects: new Map(), deleted: new Map(), listeners: [] }));
  }
}

/** The name of an object; the object itself will do. */
export interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export function named(namespace: string | undefined, name: string): Named {
  return { metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

/** Returns a key of an object in a map of one kind. */
export function keyOf({ metadata: { namespace, name } }: Named): string {
  return `${namespace ?? ''}/${name}`;
}

function versionOf(object: KubeObject | undefined): number {
  return Number(object?.metadata.resourceVersion ?? 0);
}
