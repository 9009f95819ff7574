/**
 * The stored objects and their history. A stored object is never changed, only replaced. Every change gets the next resourceVersion, which
 * counts the changes of all kinds, and is remembered for watches up to a limit for each kind.
 */
import type { Kind, KubeObject } from '#model/kube-object';
import { memoize } from '../memoize';
import { expired } from './failure';

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
  readonly waiting: Set<() => void>;
}

const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;

export class Store {
  private latest = 1;
  private numbers = 0;
  private readonly shelves = new Map<string, Shelf>();
  private readonly objectsByUid = new Map<string, KubeObject>();

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
    const shelf = this.shelf(kind);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = shelf.objects.get(key);
    const stored = this.stamped(object);
    shelf.objects.set(key, stored);
    if (stored.metadata.uid !== undefined) this.objectsByUid.set(stored.metadata.uid, stored);
    this.remember(shelf, {
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      revision: this.latest,
      object: stored,
      ...(previous === undefined ? {} : { previous }),
    });
    return stored;
  }

  remove(kind: Kind, object: KubeObject): KubeObject {
    const shelf = this.shelf(kind);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = shelf.objects.get(key) ?? object;
    const last = this.stamped(object);
    shelf.objects.delete(key);
    if (object.metadata.uid !== undefined) this.objectsByUid.delete(object.metadata.uid);
    this.remember(shelf, { type: 'DELETED', revision: this.latest, object: last, previous });
    return last;
  }

  /** Returns the changes of a kind after a revision. Throws 410 when they are no longer all remembered. */
  changesAfter(kind: Kind, revision: number): readonly Change[] {
    const { changes, forgotten } = this.shelf(kind);
    if (revision < forgotten) throw expired(revision, forgotten);
    let first = changes.length;
    while (first > 0 && (changes[first - 1]?.revision ?? 0) > revision) first -= 1;
    return changes.slice(first);
  }

  /** Resolves at the next change of a kind, or when the signal aborts. */
  nextChange(kind: Kind, signal?: AbortSignal): Promise<void> {
    const { waiting } = this.shelf(kind);
    return new Promise((resolve) => {
      const wake = () => {
        waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      if (signal?.aborted) return resolve();
      waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  private stamped(object: KubeObject): KubeObject {
    this.latest += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.latest) } };
  }

  private remember(shelf: Shelf, change: Change): void {
    shelf.changes.push(change);
    if (shelf.changes.length > this.historyLimit * 2) {
      const dropped = shelf.changes.length - this.historyLimit;
      shelf.forgotten = shelf.changes[dropped - 1]?.revision ?? shelf.forgotten;
      shelf.changes = shelf.changes.slice(dropped);
    }
    for (const wake of [...shelf.waiting]) wake();
  }

  private shelf(kind: Kind): Shelf {
    const key = `${kind.apiVersion}/${kind.kind}`;
    return memoize(this.shelves, key, () => ({ objects: new Map(), changes: [], forgotten: 0, waiting: new Set() }));
  }
}
