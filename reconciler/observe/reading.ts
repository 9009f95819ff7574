/**
 * Reading objects, and what it means when one cannot be read: something necessary ends the pass with an error; something that can be done
 * without is noted down with the reason.
 */
import { type Kind, type KubeObject, type ObjectRef, ref } from '../../constructs/model/kube-object';
import { ClusterError } from '../errors';
import type { Unread } from '../plan/observation';
import type { Cluster, Selection } from '../ports';
import { shown } from './shown';

export class Reader {
  /** What was done without. */
  readonly unread: Unread[] = [];

  constructor(
    private readonly cluster: Cluster,
    readonly namespace: string,
  ) {}

  /** Returns an object that the plan rests on, ready to be shown. */
  async get(kind: Kind, name: string): Promise<KubeObject | undefined> {
    const object = await this.cluster.get(ref(kind, this.namespace, name));
    return object === undefined ? undefined : shown(object);
  }

  async list(kind: Kind, selection: Omit<Selection, 'namespace'> = {}): Promise<readonly KubeObject[]> {
    const objects = await this.cluster.list(kind, { namespace: this.namespace, ...selection });
    return objects.map(shown);
  }

  /** Returns a Secret with its values; only `secret.ts` may look into it. */
  secret(subject: ObjectRef): Promise<KubeObject | undefined> {
    return this.cluster.get(subject);
  }

  /**
   * Returns what `read` returns; `otherwise` when we may not, or when nobody has installed the kind. The latter means that there is none,
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

export const NOT_INSTALLED = 'not installed in this cluster';

/** Returns why a read was refused for good, or undefined for all other errors. */
export function denialOf(error: unknown): string | undefined {
  if (!(error instanceof ClusterError)) return undefined;
  if (error.status === 403) return 'not permitted';
  return error.reason === 'NotInstalled' ? NOT_INSTALLED : undefined;
}
