/**
 * Reading objects, and what it means when one cannot be read: something that can be done without is noted down with the reason; something
 * necessary ends the pass, with one error that names everything of the kind: who installs or permits one thing should not meet the next.
 */
import { asKind, type KnownKind, type ObjectOf, type Secret } from '#model/kinds/index';
import { KINDS, type Kind, type ObjectRef, ref } from '#model/kube-object';
import { ClusterError, type KafkaTlsError } from '../errors';
import type { Unread } from '../model/observation';
import type { Cluster, Selection } from '../ports';
import { redact } from './redact';

export class Reader {
  /** What was done without. */
  readonly unread: Unread[] = [];
  /** Why necessary reads were refused, by what was read. */
  private readonly refused = new Map<string, KafkaTlsError>();
  /** Why Secrets were done without, by name. */
  readonly unreadSecrets = new Map<string, string>();

  /** `canLackSecrets`: for a plan that is only shown, a Secret that may not be read is unknown, and refuses nothing. */
  constructor(
    private readonly cluster: Cluster,
    readonly namespace: string,
    private readonly canLackSecrets = false,
  ) {}

  /** Returns an object that the plan rests on, ready to be shown. */
  async get<K extends KnownKind>(kind: Kind<K>, name: string): Promise<ObjectOf<K> | undefined> {
    const object = await this.cluster.get(ref(kind, this.namespace, name));
    return object === undefined ? undefined : asKind(kind.kind, redact(object));
  }

  async list<K extends KnownKind>(kind: Kind<K>, selection: Omit<Selection, 'namespace'> = {}): Promise<readonly ObjectOf<K>[]> {
    const objects = await this.cluster.list(kind, { namespace: this.namespace, ...selection });
    return objects.map((object) => asKind(kind.kind, redact(object)));
  }

  /** Tells whether the namespace is known not to exist. Namespaces are outside of the rights of a Role, and who runs in one need not look. */
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
   * Returns what `read` returns; `otherwise` when that is refused for good, and then `assertComplete` throws. `what` is verb and kind: what
   * is true of one object of a kind is true of all.
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

  /** Throws when something necessary was refused: one error with all of it. */
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
   * Returns what `read` returns; `otherwise` if the right is missing or the kind is not installed. The latter means that there is none,
   * the former that nothing is known.
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

/** What a necessary read of a Secret is called. */
export const GET_SECRET = 'get Secret';

export const NOT_INSTALLED = 'not installed in this cluster';

/** Returns why a read was refused for good, or undefined for all other errors. */
export function denialOf(error: unknown): string | undefined {
  if (!(error instanceof ClusterError)) return undefined;
  if (error.status === 403) return 'not permitted';
  return error.reason === 'NotInstalled' ? NOT_INSTALLED : undefined;
}
