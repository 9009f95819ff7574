/**
 * What the stand-ins see of the cluster: a copy of every object, kept up to date by watches, so that looking costs nothing.
 *
 * It may lag behind; a stand-in that decides on an old copy fails on its resourceVersion or uid and is asked again. What a stand-in has
 * written itself it sees at once.
 */
import type { Kind, KubeObject } from '#model/kube-object';
import { ApiError, type Client } from '../client';
import type { Clock } from '../clock';

/** Pause before a watch that failed is begun anew. */
const RETRY_MS = 1000;

type Listener = (object: KubeObject, previous: KubeObject | undefined) => void;

/** How the cluster is followed. */
interface Way {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Default: all. */
  readonly namespace: string | undefined;
}

interface Shelf {
  readonly objects: Map<string, KubeObject>;
  /** resourceVersion at which an object went, so that a late answer does not bring it back. */
  readonly gone: Map<string, number>;
  readonly listeners: Listener[];
}

export class Cache {
  private readonly shelves = new Map<string, Shelf>();

  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.shelf(kind).objects.get(`${namespace ?? ''}/${name}`);
  }

  list(kind: Kind, namespace?: string): readonly KubeObject[] {
    const objects = [...this.shelf(kind).objects.values()];
    return namespace === undefined ? objects : objects.filter((o) => o.metadata.namespace === namespace);
  }

  /** Calls back with every object that came, changed or went. */
  onChange(kind: Kind, listener: Listener): void {
    this.shelf(kind).listeners.push(listener);
  }

  /** Takes an object that a write returned. Versions are compared as numbers, which API servers promise of their own objects. */
  remember(object: KubeObject): void {
    const shelf = this.shelves.get(`${object.apiVersion}/${object.kind}`);
    const key = keyOf(object);
    if (shelf === undefined || versionOf(object) <= (shelf.gone.get(key) ?? 0)) return;
    const previous = shelf.objects.get(key);
    if (previous !== undefined && versionOf(previous) >= versionOf(object)) return;
    shelf.objects.set(key, object);
    for (const tell of shelf.listeners) tell(object, previous);
  }

  /** Follows the kinds until the signal aborts; resolves when all of them have been read once. Kinds that are not installed stay empty. */
  async follow(kinds: readonly Kind[], way: Way): Promise<void> {
    await Promise.all(
      kinds.map(async (kind) => {
        let from: string | undefined;
        try {
          from = await this.load(kind, way);
        } catch (error) {
          if (error instanceof ApiError && error.code === 404) return;
          if (!(error instanceof ApiError) || (error.code < 500 && error.code !== 429)) throw error;
        }
        void this.watch(kind, from, way);
      }),
    );
  }

  private async watch(kind: Kind, from: string | undefined, way: Way): Promise<void> {
    let revision = from;
    while (!way.signal.aborted) {
      try {
        revision ??= await this.load(kind, way);
        for await (const event of way.client.watch(kind, revision, way)) {
          if (event.type === 'ERROR') break;
          revision = event.object.metadata.resourceVersion ?? revision;
          if (event.type === 'DELETED') this.forget(event.object);
          else if (event.type !== 'BOOKMARK') this.remember(event.object);
        }
      } catch {
        // A watch may end in any way; reading everything anew is the answer to all of them.
      }
      revision = undefined;
      await way.clock.sleep(RETRY_MS, way.signal).catch(() => {});
    }
  }

  private async load(kind: Kind, { client, namespace }: Way): Promise<string> {
    const { items, resourceVersion } = await client.list(kind, namespace);
    const present = new Set(items.map(keyOf));
    for (const object of this.list(kind)) if (!present.has(keyOf(object))) this.forget(object);
    for (const object of items) this.remember(object);
    return resourceVersion;
  }

  private forget(object: KubeObject): void {
    const shelf = this.shelf(object);
    shelf.gone.set(keyOf(object), versionOf(object));
    const previous = shelf.objects.get(keyOf(object));
    // A successor of the same name may be known already.
    if (previous === undefined || previous.metadata.uid !== object.metadata.uid) return;
    shelf.objects.delete(keyOf(object));
    for (const tell of shelf.listeners) tell(object, previous);
  }

  private shelf({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>): Shelf {
    const key = `${apiVersion}/${kind}`;
    let shelf = this.shelves.get(key);
    if (shelf === undefined) {
      shelf = { objects: new Map(), gone: new Map(), listeners: [] };
      this.shelves.set(key, shelf);
    }
    return shelf;
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function versionOf({ metadata }: KubeObject): number {
  return Number(metadata.resourceVersion ?? 0);
}
