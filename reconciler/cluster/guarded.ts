/** Decorators around a cluster that keep writes from happening: under commands that only look, and after the Lease was lost. */
import { type KubeObject, type ObjectRef, refOf } from '../../constructs/model/kube-object';
import { BlockedError, InternalError } from '../errors';
import type { Cluster } from '../ports';

/** Called before every write; throws to keep it from happening. */
export type Guard = (verb: string, subject: ObjectRef) => void;

/** Returns the cluster with every write asked of the guard first. What a server-side dry run does is not a write. */
export function guarded(cluster: Cluster, guard: Guard): Cluster {
  const asked = async <T>(verb: string, of: KubeObject | ObjectRef, write: () => Promise<T>): Promise<T> => {
    guard(verb, 'metadata' in of ? refOf(of) : of);
    return write();
  };
  return {
    get: (subject) => cluster.get(subject),
    list: (kind, selection) => cluster.list(kind, selection),
    watch: (kind, selection, signal) => cluster.watch(kind, selection, signal),
    create: (object) => asked('create', object, () => cluster.create(object)),
    apply: (object, options) =>
      options?.dryRun === true ? cluster.apply(object, options) : asked('apply', object, () => cluster.apply(object, options)),
    patch: (subject, operations, options) => asked('patch', subject, () => cluster.patch(subject, operations, options)),
    replace: (object, options) => asked('replace', object, () => cluster.replace(object, options)),
    evict: (pod, uid) => asked('evict', pod, () => cluster.evict(pod, uid)),
    delete: (subject, uid) => asked('delete', subject, () => cluster.delete(subject, uid)),
    isAllowed: (access) => cluster.isAllowed(access),
  };
}

/** Returns a cluster for commands that change nothing: a write is a bug. */
export function dryRun(cluster: Cluster): Cluster {
  return guarded(cluster, (verb, subject) => {
    throw new InternalError(`${verb} was asked for by a command that changes nothing.`, { subject });
  });
}

/** Returns a cluster that writes only while the Lease is held. */
export function fenced(cluster: Cluster, lease: { isHeld(): boolean }): Cluster {
  return guarded(cluster, (verb, subject) => {
    if (lease.isHeld()) return;
    throw new BlockedError(`${verb} was not done: this run no longer holds its Lease, another may have taken over.`, {
      subject,
      hint: 'Run again: it goes on where this one stopped.',
    });
  });
}
