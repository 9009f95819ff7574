/**
 * The gate about PodDisruptionBudgets that can never allow an eviction: `maxUnavailable: 0`, `minAvailable` of all pods, and two budgets
 * for one pod, which Kubernetes does not weigh against each other. It applies to KubeDB's ops-manager as well, which would only time out,
 * with pods of both kinds left behind. What a budget allows at the moment is no matter of this gate: the eviction waits for it.
 */
import type { PodDisruptionBudget } from '#model/kinds/index';
import { KINDS, ref } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import type { Observation, PodFacts } from '../../model/observation';
import { type Draft, type Obstacle, restartsOf } from '../../model/plan';
import type { PlanInput } from '../plan-input';
import { isMixed } from '../served';
import type { GateResult, RestartView } from './gate';

type Live = RestartView['live'];

interface Forbidding {
  readonly budget: string;
  readonly because: string;
  readonly hint: string;
}

export function disruptionBudget(pod: PodFacts, { live }: RestartView): GateResult {
  const forbidding = forbiddingBudget(pod, live);
  return forbidding === undefined ? undefined : { because: `PodDisruptionBudget/${forbidding.budget}: ${forbidding.because}`, retry: true };
}

/** Returns one obstacle for each budget that the restarts of a plan would meet. */
export function budgetForbidsEviction({ live }: PlanInput, draft: Draft): readonly Obstacle[] {
  const found = new Map<string, Obstacle>();
  for (const pod of evictedPods(live, draft)) {
    const forbidding = forbiddingBudget(pod, live);
    if (forbidding === undefined || found.has(forbidding.budget)) continue;
    const { budget, because: message, hint } = forbidding;
    found.set(budget, { kind: 'blocked', subject: ref(KINDS.PodDisruptionBudget, live.namespace, budget), message, hint });
  }
  return [...found.values()];
}

/**
 * Pods whose eviction asks a budget. In a cut-over the reconciler evicts only the first pod, unless the cut-over has begun: it deletes the
 * others where a budget refuses. A request that KubeDB has begun is KubeDB's to end.
 */
function evictedPods(live: Observation, { steps, cutover }: Draft): readonly PodFacts[] {
  const step = steps.filter((s) => s.kind !== 'submitOpsRequest' || !s.isContinued);
  const isOurCutover = cutover !== undefined && step.some((s) => s.kind === 'evict');
  const restarts = restartsOf(step);
  const asked = !isOurCutover ? restarts : isMixed(live.pods) ? [] : restarts.slice(0, 1);
  return live.pods.filter((p) => asked.some((s) => s.subject.name === p.name));
}

/** An unready pod may be evicted against its budget. */
function forbiddingBudget({ name, isReady, budgets = [] }: PodFacts, live: Live): Forbidding | undefined {
  const [first, ...others] = budgets;
  if (!isReady || first === undefined) return undefined;
  if (others.length > 0) {
    const because = `it and ${others.join(', ')} select ${name}: Kubernetes evicts no pod that has more than one budget`;
    return { budget: first, because, hint: 'Change their selectors, so that each pod has one budget at most.' };
  }
  const budget = live.budgets?.find((b) => b.metadata.name === first);
  const never = budget === undefined ? undefined : whyNever(budget, live);
  if (never === undefined) return undefined;
  return { budget: first, because: `${never}: ${name} can never be evicted`, hint: 'Let it allow one pod at a time: maxUnavailable: 1.' };
}

/** Returns why a budget allows no eviction even when every pod is healthy, or undefined. */
function whyNever(budget: PodDisruptionBudget, live: Live): string | undefined {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined) return share(maxUnavailable, 100) === 0 ? `maxUnavailable is ${maxUnavailable}` : undefined;
  if (minAvailable === undefined) return undefined;
  const all = expectedPods(budget, live);
  return share(minAvailable, all) >= all ? `minAvailable is ${minAvailable} of ${all} ${all === 1 ? 'pod' : 'pods'}` : undefined;
}

/** Returns how many pods a budget counts: those of the Kafka that it selects, present or not, or more when it selects others, too. */
function expectedPods(budget: PodDisruptionBudget, live: Live): number {
  const sets = live.pods.filter((p) => p.budgets?.includes(budget.metadata.name)).map((p) => p.petSet);
  const nodes = live.kafka === undefined ? [] : nodesOf(live.kafka).filter((n) => sets.includes(n.petSet));
  return Math.max(nodes.length, Number(budget.status?.expectedPods ?? 0));
}

/** A number, or a percentage of all; Kubernetes rounds up. */
function share(value: number | string, all: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) / 100) * all);
}
