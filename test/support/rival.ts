/**
 * Another client that writes to the same objects, always a moment before the product: the object that the product changes has just changed,
 * and the object that it creates was just created. A write that the product repeats succeeds.
 */
import { formatRef, type KubeObject, type ObjectRef, refOf } from '#model/kube-object';
import { ClusterError } from '#reconciler/errors';
import type { Cluster } from '#reconciler/ports';
import { Client } from '#reconciler/sandbox/client';
import type { World } from './world';

export const RIVAL = 'rival';
const MARK = 'rival.example.org/';

export class Rival {
  /** Writes of the product that came too late, such as `replace Kafka/status`. */
  readonly beaten = new Set<string>();
  private readonly client: Client;
  /** Writes that are left alone the next time. */
  private readonly spared = new Set<string>();
  /** Annotations that this client wrote, by uid of their object. */
  private readonly marks = new Map<string, { readonly subject: ObjectRef; readonly keys: string[] }>();

  constructor(private readonly world: World) {
    this.client = new Client({ send: world.environment.send, manager: RIVAL });
  }

  /** Returns a cluster in which every write is a moment late. */
  ahead(cluster: Cluster): Cluster {
    const late = async <T>(what: string, subject: ObjectRef, write: () => Promise<T>, first = () => this.mark(subject)): Promise<T> => {
      const attempt = `${what} ${subject.name}`;
      if (!this.spared.delete(attempt)) {
        await first();
        this.spared.add(attempt);
      }
      try {
        return await write();
      } catch (error) {
        if (error instanceof ClusterError && error.status === 409) this.beaten.add(what);
        throw error;
      }
    };
    const what = (verb: string, { kind }: { readonly kind: string }, options?: { readonly status?: boolean }) =>
      `${verb} ${kind}${options?.status === true ? '/status' : ''}`;
    const createFirst = async (object: KubeObject) => void (await this.client.create(object));
    return {
      ...cluster,
      create: (object) =>
        late(
          what('create', object),
          refOf(object),
          () => cluster.create(object),
          () => createFirst(object),
        ),
      apply: (object, options) => late(what('apply', object), refOf(object), () => cluster.apply(object, options)),
      patch: (subject, operations, options) =>
        late(what('patch', subject, options), subject, () => cluster.patch(subject, operations, options)),
      replace: (object, options) => late(what('replace', object, options), refOf(object), () => cluster.replace(object, options)),
      evict: (pod, uid) => late(what('evict', pod), pod, () => cluster.evict(pod, uid)),
      delete: (subject, uid) => late(what('delete', subject), subject, () => cluster.delete(subject, uid)),
    };
  }

  /** Changes of this client that were lost, a line each. */
  async lost(): Promise<readonly string[]> {
    const lost: string[] = [];
    for (const [uid, { subject, keys }] of this.marks) {
      const object = await this.world.cluster.get(subject);
      if (object?.metadata.uid !== uid) continue;
      lost.push(...keys.filter((key) => object.metadata.annotations?.[key] === undefined).map((key) => `${formatRef(subject)} ${key}`));
    }
    return lost;
  }

  private async mark(subject: ObjectRef): Promise<void> {
    const object = await this.world.cluster.get(subject);
    if (object === undefined) return;
    const { uid = '' } = object.metadata;
    const { keys } = this.marks.get(uid) ?? { keys: [] };
    const key = `${MARK}${keys.length + 1}`;
    await this.client.patch(object, { metadata: { annotations: { [key]: 'was here' } } });
    this.marks.set(uid, { subject, keys: [...keys, key] });
  }
}
