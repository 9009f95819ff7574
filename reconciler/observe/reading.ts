/**
 * Reads objects, and records what cannot be read. If an object that the plan can do without is refused, the reason is recorded. If a necessary
 * one is refused, the observation ends with one error that names all refused reads, so that an administrator can permit them at once.
 */
import { asKind, type KnownKind, type ObjectOf, type Secret } from '#model/kinds/index';
import { isMap, KINDS, type Kind, type ObjectRef, ref } from '#model/kube-object';
import { ClusterError, type KafkaTlsError } from '../errors';
import type { Unread } from '../model/observation';
import type { Cluster, Selection } from '../ports';
import { redact } from './redact';

export class Reader {
  /** Objects that could not be read and that the plan can do without. */
  readonly unread: Unread[] = [];
  /** Errors of refused necessary reads, by verb and kind. */
  private readonly refused = new Map<string, KafkaTlsError>();
  /** Why Secrets could not be read, by name. */
  readonly unreadSecrets = new Map<string, string>();

  /** `canLackSecrets`: for a preview, a Secret that may not be read is unknown, and no error. */
  constructor(
    private readonly cluster: Cluster,
    readonly namespace: string,
    private readonly canLackSecrets = false,
  ) {}

  /** Returns an object without the parts that an observation must not contain. */
  async get<K extends KnownKind>(kind: Kind<K>, name: string): Promise<ObjectOf<K> | undefined> {
    const object = await this.cluster.get(ref(kind, this.namespace, name));
    return object === undefined ? undefined : asKind(kind.kind, redact(object));
  }

  /** Returns an object, and when any writer last changed it, as its managed fields tell. */
  async getDated<K extends KnownKind>(
    kind: Kind<K>,
    name: string,
  ): Promise<{ readonly object: ObjectOf<K>; readonly writtenAt?: string } | undefined> {
    const object = await this.cluster.get(ref(kind, this.namespace, name));
    if (object === undefined) return undefined;
    const writes = (object.metadata.managedFields ?? []).flatMap((entry) =>
      isMap(entry) && typeof entry.time === 'string' ? [entry.time] : [],
    );
    const writtenAt = writes.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
    return { object: asKind(kind.kind, redact(object)), ...(writtenAt === undefined ? {} : { writtenAt }) };
  }

  async list<K extends KnownKind>(kind: Kind<K>, selection: Omit<Selection, 'namespace'> = {}): Promise<readonly ObjectOf<K>[]> {
    const objects = await this.cluster.list(kind, { namespace: this.namespace, ...selection });
    return objects.map((object) => asKind(kind.kind, redact(object)));
  }

  /** Tells whether the namespace is known not to exist. A Role cannot permit to read namespaces, so a refusal counts as no. */
  async isNamespaceMissing(): Promise<boolean> {
    try {
      return (await this.cluster.get(ref(KINDS.Namespace, undefined, this.namespace))) === undefined;
    } catch (error) {
      if (denialOf(error) === undefined) throw error;
      return false;
    }
  }

  /** Returns a Secret with its values; only `secret.ts` may look into it. */
  async secret(subject: ObjectRef): Promise<Secret | undefined> {
    try {
      return asKind('Secret', await this.cluster.get(subject));
    } catch (error) {
      const because = denialOf(error);
      if (because !== undefined && this.canLackSecrets) this.unreadSecrets.set(subject.name, because);
      throw error;
    }
  }

  /**
   * Returns the result of `read`. If the read is refused, it returns `otherwise`, and `assertComplete` throws later. `what` is verb and kind: one
   * error stands for all objects of the kind.
   */
  async necessary<T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ClusterError) || denialOf(error) === undefined) throw error;
      if (this.canLackSecrets && what === GET_SECRET) return otherwise;
      if (!this.refused.has(what)) this.refused.set(what, error);
      return otherwise;
    }
  }

  get isComplete(): boolean {
    return this.refused.size === 0;
  }

  /** Throws one error with all refused necessary reads, if there are any. */
  assertComplete(): void {
    const errors = [...this.refused.values()];
    const [first] = errors;
    if (first === undefined) return;
    if (!(first instanceof ClusterError) || errors.length === 1) throw first;
    const reasons = errors.map(({ message, hint }) => [message, hint].filter((part) => part !== undefined).join(' '));
    const { status, reason } = first;
    throw new ClusterError(`Namespace ${this.namespace}: ${errors.length} things cannot be read.`, {
      status,
      reason,
      reasons,
      cause: first,
    });
  }

  /**
   * Returns the result of `read`; `otherwise` if the read is not permitted or the kind is not installed. If it is not installed, there are no
   * objects; if it is not permitted, nothing is known.
   */
  async optional<T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const because = denialOf(error);
      if (because === undefined) throw error;
      if (because !== NOT_INSTALLED) this.unread.push({ what, because });
      return otherwise;
    }
  }
}

/** Verb and kind of a necessary read of a Secret. */
export const GET_SECRET = 'get Secret';

export const NOT_INSTALLED = 'not installed in this cluster';

/** Returns why a read was refused for good, or undefined for all other errors. */
export function denialOf(error: unknown): string | undefined {
  if (!(error instanceof ClusterError)) return undefined;
  if (error.status === 403) return 'not permitted';
  return error.reason === 'NotInstalled' ? NOT_INSTALLED : undefined;
}
