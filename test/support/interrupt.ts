/** Decorators of the cluster: count its writes, or end the run at one of them, as a killed process would. */
import type { Cluster } from '../../reconciler/ports';

const WRITES = ['create', 'apply', 'patch', 'replace', 'evict', 'delete'] as const;

/** The process is gone: nothing after it is written, and nothing more is read. */
export class Killed extends Error {}

export interface Count {
  writes: number;
}

/** Counts writes. */
export function counting(cluster: Cluster, count: Count): Cluster {
  return decorated(cluster, () => {
    count.writes++;
  });
}

/** Carries out `limit` writes, then the process is dead: every further call fails. */
export function killedAfter(cluster: Cluster, limit: number, count: Count): Cluster {
  return decorated(cluster, () => {
    if (count.writes >= limit) throw new Killed(`killed after ${limit} writes`);
    count.writes++;
  });
}

function decorated(cluster: Cluster, before: () => void): Cluster {
  const wrap = (name: (typeof WRITES)[number]) => {
    const call = cluster[name] as (...args: unknown[]) => Promise<unknown>;
    return async (...args: unknown[]) => {
      const isDryRun = name === 'apply' && (args[1] as { dryRun?: boolean } | undefined)?.dryRun === true;
      if (!isDryRun) before();
      return call(...args);
    };
  };
  return { ...cluster, ...Object.fromEntries(WRITES.map((name) => [name, wrap(name)])) };
}
