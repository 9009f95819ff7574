/** Decorators around a cluster that prevent writes: for commands that only read, and after the Lease was lost. */
import { type KubeObject, type ObjectRef, refOf } from '#model/kube-object';
import { BlockedError, InternalError } from '../errors';
import type { Cluster } from '../ports';

/** Called before every write; throws to prevent it. */
export type Guard = (verb: string, subject: ObjectRef) => void;

/** Returns the cluster with a guard before every write. A server-side dry run is not a write. */
export function writeGuard(cluster: Cluster, guard: Guard): Cluster {
  const allowed = async (verb: string, of: KubeObject | ObjectRef) => guard(verb, 'metadata' in of ? refOf(of) : of);
  return {
    ...cluster,
    create: (object) => allowed('create', object).then(() => cluster.create(object)),
    apply: async (object, options) => {
      if (options?.dryRun !== true) await allowed('apply', object);
      return cluster.apply(object, options);
    },
    patch: (subject, operations, options) => allowed('patch', subject).then(() => cluster.patch(subject, operations, options)),
    replace: (object, options) => allowed('replace', object).then(() => cluster.replace(object, options)),
    evict: (pod, uid) => allowed('evict', pod).then(() => cluster.evict(pod, uid)),
    delete: (subject, uid) => allowed('delete', subject).then(() => cluster.delete(subject, uid)),
  };
}

/** Returns a cluster for commands that change nothing: a write is a bug. */
export function readOnly(cluster: Cluster): Cluster {
  return writeGuard(cluster, (verb, subject) => {
    throw new InternalError(`${verb} was requested by a command that changes nothing.`, { subject });
  });
}

/** Returns a cluster that writes only while the Lease is held. */
export function fenced(cluster: Cluster, lease: { isHeld(): boolean }): Cluster {
  return writeGuard(cluster, (verb, subject) => {
    if (lease.isHeld()) return;
    throw new BlockedError(`${verb} was not done: this run no longer holds its Lease, another may have taken over.`, {
      subject,
      hint: 'Run again: it continues where this run stopped.',
    });
  });
}
