/** What a plan was made without: Secrets that may not be read. Unknown is neither wrong nor right, so the reader of the plan is told. */
import type { PlanInput } from '../plan-input';

/** Returns which Secrets were not compared. */
export function unreadNotes({ live }: PlanInput): readonly string[] {
  const unread = live.secrets.filter((s) => s.unread !== undefined);
  if (unread.length === 0) return [];
  const names = unread.map((s) => s.name).sort();
  return [
    `Secrets may not be read here (${names.join(', ')} in ${live.namespace}): what they hold, whether pods serve it, and whether another issuer has the same root is not compared. Applying needs this right.`,
  ];
}
