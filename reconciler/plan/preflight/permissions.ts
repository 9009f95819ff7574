/**
 * What whoever carries the plan out may not do. A run ends with it: whoever grants it cures it, and a Role that was only just applied may not
 * be known everywhere yet. Whoever only looks at a plan may have other rights than the Job, and is told.
 */
import type { Permission } from '#model/permissions';
import { type Draft, hasWork, type Obstacle } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';
import { kafkaRef } from '../steps';

/** Returns one obstacle a resource. A run that has nothing to do needs nothing. */
export function permissionIsDenied({ live }: PlanInput, draft: Draft): readonly Obstacle[] {
  if (!hasWork(draft)) return [];
  return (live.denied ?? []).map((permission) => ({
    kind: 'blocked',
    subject: kafkaRef(live),
    message: `${words(permission)} in ${live.namespace} (needed to ${permission.use})`,
    hint: `Grant it in a Role of namespace ${live.namespace}: ${rule(permission)}. The KafkaTls makes such a Role for its Job.`,
  }));
}

/** Returns what a plan that is only shown says instead. */
export function deniedNotes({ live }: PlanInput, draft: Draft): readonly string[] {
  if (!hasWork(draft) || live.denied === undefined || live.denied.length === 0) return [];
  return [`You ${live.denied.map(words).join(', ')} in ${live.namespace}, which applying needs; the Role of the Job allows it.`];
}

function words({ verbs, resource }: Permission): string {
  return `may not ${verbs.join(', ')} ${resource}`;
}

function rule({ verbs, group, resource, name }: Permission): string {
  const names = name === undefined ? '' : `, resourceNames: ["${name}"]`;
  return `{apiGroups: ["${group}"], resources: ["${resource}"]${names}, verbs: [${verbs.map((v) => `"${v}"`).join(', ')}]}`;
}
