/**
 * The stored objects and their history. A stored object is never changed, only replaced. Every change gets the next resourceVersion, which
 * counts the changes of all kinds, and is remembered for watches up to a limit for each kind.
 */
import { EventEmitter, once } from 'node:events';
import type { Kind, KubeObject } from '#model/kube-object';
import { memoize } from '../memoize';
import { expired, notFound } from './failure';
import type { Resource } from './resources';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: KubeObject;
  /** The object before the change; absent for ADDED. */
  readonly previous?: KubeObject;
}

/** The objects of one kind. */
interface Shelf {
  readonly objects: Map<string, KubeObject>;
  changes: Change[];
  /** Changes up to this revision are not remembered any more. */
  forgotten: number;
}

const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;
const nameOf = (kind: Kind) => `${kind.apiVersion}/${kind.kind}`;

export class Store {
  private latest = 1;
  private numbers = 0;
  private readonly shelves = new Map<string, Shelf>();
  private readonly objectsByUid = new Map<string, KubeObject>();
  /** Emits the name of a kind at each of its changes. */
  private readonly changed = new EventEmitter().setMaxListeners(0);

  /** `historyLimit` is how many changes of each kind a watch can go back. */
  constructor(private readonly historyLimit: number) {}

  get revision(): number {
    return this.latest;
  }

  /** Returns a different number each time; uids and generated names are made of it. */
  nextNumber(): number {
    this.numbers += 1;
    return this.numbers;
  }

  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.shelf(kind).objects.get(keyOf(namespace, name));
  }

  /** Returns an object, or throws 404. */
  require(resource: Resource, namespace: string | undefined, name: string): KubeObject {
    const object = this.get(resource, namespace, name);
    if (object === undefined) throw notFound(resource, name);
    return object;
  }

  /** Returns the objects of a kind in the order of their names, of all namespaces when none is given. */
  list(kind: Kind, namespace?: string): readonly KubeObject[] {
    const objects = [...this.shelf(kind).objects.entries()];
    const selected = namespace === undefined ? objects : objects.filter(([key]) => key.startsWith(`${namespace}/`));
    return selected.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  byUid(uid: string): KubeObject | undefined {
    return this.objectsByUid.get(uid);
  }

  /** Returns every stored object. */
  all(): readonly KubeObject[] {
    return [...this.objectsByUid.values()];
  }

  /** Stores an object, new or changed, and returns it with its resourceVersion. */
  put(kind: Kind, object: KubeObject): KubeObject {
    const { objects } = this.shelf(kind);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = objects.get(key);
    const stored = this.remember(kind, object, previous === undefined ? { type: 'ADDED' } : { type: 'MODIFIED', previous });
    objects.set(key, stored);
    if (stored.metadata.uid !== undefined) this.objectsByUid.set(stored.metadata.uid, stored);
    return stored;
  }

  remove(kind: Kind, object: KubeObject): KubeObject {
    const { objects } = this.shelf(kind);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const last = this.remember(kind, object, { type: 'DELETED', previous: objects.get(key) ?? object });
    objects.delete(key);
    if (object.metadata.uid !== undefined) this.objectsByUid.delete(object.metadata.uid);
    return last;
  }

  /** Returns the changes of a kind after a revision. Throws 410 when they are no longer all remembered. */
  changesAfter(kind: Kind, revision: number): readonly Change[] {
    const { changes, forgotten } = this.shelf(kind);
    if (revision < forgotten) throw expired(revision, forgotten);
    return changes.slice(changes.findLastIndex((change) => change.revision <= revision) + 1);
  }

  /** Resolves at the next change of a kind, or when the signal aborts. */
  async nextChange(kind: Kind, signal?: AbortSignal): Promise<void> {
    await once(this.changed, nameOf(kind), { signal }).catch(() => undefined);
  }

  private remember(kind: Kind, object: KubeObject, change: Omit<Change, 'revision' | 'object'>): KubeObject {
    this.latest += 1;
    const shelf = this.shelf(kind);
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.latest) } };
    shelf.changes.push({ ...change, revision: this.latest, object: stored });
    if (shelf.changes.length > this.historyLimit * 2) {
      const dropped = shelf.changes.splice(0, shelf.changes.length - this.historyLimit);
      shelf.forgotten = dropped.at(-1)?.revision ?? shelf.forgotten;
    }
    this.changed.emit(nameOf(kind));
    return stored;
  }

  private shelf(kind: Kind): Shelf {
    return memoize(this.shelves, nameOf(kind), () => ({ objects: new Map(), changes: [], forgotten: 0 }));
  }
}
