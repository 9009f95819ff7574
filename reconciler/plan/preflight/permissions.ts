/** Permissions that the run needs and does not have. A Role that was applied a moment ago may not be effective everywhere yet. */
import type { Permission } from '#model/permissions';
import { type Draft, hasWork, type Obstacle } from '#reconciler/model/plan';
import { kafkaRef, type PlanInput } from '../plan-input';

/** Returns one obstacle for each resource. A run that has nothing to do needs no permission. */
export function permissionIsDenied({ live }: PlanInput, draft: Draft): readonly Obstacle[] {
  if (!hasWork(draft)) return [];
  return (live.denied ?? []).map((permission) => ({
    kind: 'blocked',
    subject: kafkaRef(live),
    message: `${words(permission)} in ${live.namespace} (needed to ${permission.use})`,
    hint: `Grant it in a Role of namespace ${live.namespace}: ${rule(permission)}. The KafkaTls creates such a Role for its Job.`,
  }));
}

/** Returns the note of a preview: the permissions that applying the plan needs. */
export function deniedNotes({ live }: PlanInput, draft: Draft): readonly string[] {
  if (!hasWork(draft) || live.denied === undefined || live.denied.length === 0) return [];
  return [`You ${live.denied.map(words).join(', ')} in ${live.namespace}, which applying needs; the Role of the Job allows it.`];
}

/** Returns which Secrets were not compared. An unread Secret is neither wrong nor right, so a note names it. */
export function unreadNotes({ live }: PlanInput): readonly string[] {
  const unread = live.secrets.filter((s) => s.unread !== undefined);
  if (unread.length === 0) return [];
  const names = unread.map((s) => s.name).sort();
  return [
    `Secrets may not be read here (${names.join(', ')} in ${live.namespace}): their content, whether pods serve it, and whether another issuer has the same root is not compared. Applying needs this permission.`,
  ];
}

function words({ verbs, resource }: Permission): string {
  return `may not ${verbs.join(', ')} ${resource}`;
}

function rule({ verbs, group, resource, name }: Permission): string {
  const names = name === undefined ? '' : `, resourceNames: ["${name}"]`;
  return `{apiGroups: ["${group}"], resources: ["${resource}"]${names}, verbs: [${verbs.map((v) => `"${v}"`).join(', ')}]}`;
}
