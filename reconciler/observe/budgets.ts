/** The selector of a PodDisruptionBudget. */
import type { Pod, PodDisruptionBudget } from '#model/kinds/index';
import type { Requirement } from '#model/kinds/kubernetes';

/** Tells whether a budget selects a pod. In policy/v1 an empty selector selects every pod, and an absent one selects none. */
export function selects(budget: PodDisruptionBudget, pod: Pod): boolean {
  const selector = budget.spec?.selector;
  if (selector === undefined || selector === null) return false;
  const labels = pod.metadata.labels ?? {};
  const matched = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return matched && (selector.matchExpressions ?? []).every((r) => meets(labels, r));
}

function meets(labels: Readonly<Record<string, string>>, { key, operator, values }: Requirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && (values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined; // DoesNotExist, the only other operator
  }
}
