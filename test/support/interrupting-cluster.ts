/** Decorators for tests: count the writes of a run, or end it before its n-th. */
import { formatRef } from '#model/kube-object';
import { writeGuard } from '#reconciler/cluster/write-guard';
import type { Cluster } from '#reconciler/ports';

/** Returns the cluster and the list of what was written through it, such as `apply Issuer/demo/orders-ca`. */
export function counting(cluster: Cluster): { readonly cluster: Cluster; readonly writes: readonly string[] } {
  const writes: string[] = [];
  return { cluster: writeGuard(cluster, (verb, subject) => void writes.push(`${verb} ${formatRef(subject)}`)), writes };
}

/** What a killed process would feel like. */
export class Interrupted extends Error {}

/** Returns the cluster of a run that is killed before its write number `n` + 1: nothing it asks for afterwards happens. */
export function interruptAfter(cluster: Cluster, n: number): Cluster {
  let writes = 0;
  return writeGuard(cluster, () => {
    if (writes++ >= n) throw new Interrupted(`killed before write ${n + 1}`);
  });
}
