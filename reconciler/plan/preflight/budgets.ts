/**
 * PodDisruptionBudgets that can never allow an eviction, whatever else is well: `maxUnavailable: 0`, `minAvailable` of all pods, and two
 * budgets for one pod, which Kubernetes refuses to weigh against each other. What a budget allows now is a matter of time, and waited for.
 *
 * KubeDB's ops-manager evicts, too, and would only time out, with pods of both kinds left behind.
 */
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import type { Observation, PodFacts } from '#reconciler/model/observation';
import type { Draft, EvictStep, Obstacle } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';
import { isMixed } from '../restart';

/** Returns one obstacle a budget that keeps a pod from its restart for good. */
export function budgetForbidsEviction({ live }: PlanInput, draft: Draft): readonly Obstacle[] {
  const pods = evictedPods(live, draft);
  const several = pods.find(({ budgets = [] }) => budgets.length > 1);
  const alone = live.budgets.flatMap((budget) => {
    const pod = pods.find((p) => isOnlyBudget(p, budget));
    const never = pod === undefined ? undefined : whyNever(budget, live);
    return pod === undefined || never === undefined
      ? []
      : [forbidden(live, budget.metadata.name, `${never}: ${pod.name} can never be evicted`)];
  });
  return several === undefined ? alone : [...alone, ambiguous(live, several)];
}

/**
 * Pods whose eviction a budget is asked for. An unready pod may be let go in spite of it. In a cut-over of ours only the first pod is evicted,
 * unless it has begun already: the others are deleted where a budget refuses them. A request that KubeDB has begun is KubeDB's to end.
 */
function evictedPods(live: Observation, { steps, cutover }: Draft): readonly PodFacts[] {
  const isUnderWay = (s: EvictStep) => s.by === 'ops-manager' && steps.some((o) => o.kind === 'submitOpsRequest' && o.isContinued);
  const evictions = steps.filter((s) => s.kind === 'evict').filter((s) => !isUnderWay(s));
  const isOurCutover = cutover !== undefined && evictions[0]?.by === 'kafka-tls';
  const asked = !isOurCutover ? evictions : isMixed(live.pods) ? [] : evictions.slice(0, 1);
  return live.pods.filter((p) => p.isReady && asked.some((s) => s.subject.name === p.name));
}

function isOnlyBudget({ budgets = [] }: PodFacts, { metadata }: KubeObject): boolean {
  return budgets.length === 1 && budgets[0] === metadata.name;
}

/** Returns why a budget allows no eviction even when every pod is healthy, or undefined. */
function whyNever(budget: KubeObject, live: Observation): string | undefined {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined) return share(maxUnavailable, 100) === 0 ? `maxUnavailable is ${maxUnavailable}` : undefined;
  if (minAvailable === undefined) return undefined;
  const all = expectedPods(budget, live);
  return share(minAvailable, all) >= all ? `minAvailable is ${minAvailable} of ${all} ${all === 1 ? 'pod' : 'pods'}` : undefined;
}

/** Pods that a budget counts: those of the Kafka that it selects, present or not, or more when it selects others, too. */
function expectedPods(budget: KubeObject, live: Observation): number {
  const sets = live.pods.filter((p) => p.budgets?.includes(budget.metadata.name)).map((p) => p.petSet);
  const nodes = live.kafka === undefined ? [] : nodesOf(live.kafka).filter((n) => sets.includes(n.petSet));
  return Math.max(nodes.length, Number(budget.status?.expectedPods ?? 0));
}

/** A number, or a percentage of all; Kubernetes rounds up. */
function share(value: number | string, all: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) / 100) * all);
}

function forbidden(live: Observation, name: string, message: string): Obstacle {
  return {
    kind: 'blocked',
    subject: ref(KINDS.PodDisruptionBudget, live.namespace, name),
    message,
    hint: 'Let it allow one pod at a time: maxUnavailable: 1.',
  };
}

function ambiguous(live: Observation, { name, budgets = [] }: PodFacts): Obstacle {
  const [first = '', ...others] = budgets;
  const message = `it and ${others.join(', ')} select ${name}: Kubernetes evicts no pod that has more than one budget`;
  return { ...forbidden(live, first, message), hint: 'Change their selectors, so that each pod has one budget at most.' };
}
