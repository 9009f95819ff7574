/** Stand-in for Kubernetes' disruption controller: how many pods of a PodDisruptionBudget may go right now. */
import { KINDS, type KubeObject } from '#model/kube-object';
import { type Again, type Controller, type Key, ownKey } from '../controller';
import { type World, writeStatus } from '../world';
import { isReadyPod } from './petset';

/** After this long, an evicted pod that is still there is taken to stay. */
const FORGET_MS = 120_000;

export function disruptionController(world: World): Controller {
  return {
    name: 'disruption-controller',
    watches: [
      { kind: KINDS.PodDisruptionBudget, keys: ownKey },
      { kind: KINDS.Pod, keys: (pod) => budgetsOf(world, pod) },
    ],
    reconcile: async ({ namespace, name }) => {
      const budget = world.cache.get(KINDS.PodDisruptionBudget, namespace, name);
      return budget === undefined ? undefined : judge(world, budget);
    },
  };
}

function budgetsOf({ cache }: World, pod: KubeObject): readonly Key[] {
  return cache
    .list(KINDS.PodDisruptionBudget, pod.metadata.namespace)
    .filter((b) => selects(b, pod))
    .flatMap(ownKey);
}

/** Only `matchLabels`: that is what KubeDB writes. */
function selects(budget: KubeObject, pod: KubeObject): boolean {
  const labels: Record<string, string> = budget.spec?.selector?.matchLabels ?? {};
  return Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);
}

async function judge(world: World, budget: KubeObject): Promise<Again> {
  const pods = world.cache.list(KINDS.Pod, budget.metadata.namespace).filter((p) => selects(budget, p));
  // An eviction that was allowed counts at once, even before the pod is seen to go.
  const evicted: Record<string, string> = budget.status?.disruptedPods ?? {};
  const isForgotten = (at: string) => world.clock.now().getTime() - Date.parse(at) > FORGET_MS;
  const isLeaving = ([name, at]: readonly [string, string]) =>
    !isForgotten(at) && pods.some((p) => p.metadata.name === name && isStaying(p) && isReadyPod(p));
  const leaving = Object.fromEntries(Object.entries(evicted).filter(isLeaving));
  const expectedPods = expectedOf(world, pods);
  const currentHealthy = pods.filter((p) => isStaying(p) && isReadyPod(p) && leaving[p.metadata.name] === undefined).length;
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const desiredHealthy = maxUnavailable === undefined ? Number(minAvailable ?? 0) : Math.max(0, expectedPods - Number(maxUnavailable));
  await writeStatus(world, budget, {
    ...(Object.keys(leaving).length === 0 ? {} : { disruptedPods: leaving }),
    observedGeneration: budget.metadata.generation ?? 1,
    expectedPods,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed: expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0,
  });
  return Object.keys(leaving).length === 0 ? undefined : FORGET_MS;
}

function isStaying(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp === undefined;
}

/** As many pods as their owners want, not as many as there are. */
function expectedOf({ cache }: World, pods: readonly KubeObject[]): number {
  const owners = new Map(pods.flatMap((p) => (p.metadata.ownerReferences ?? []).map((o) => [o.name, p.metadata.namespace] as const)));
  const wanted = [...owners].map(([name, namespace]): number => cache.get(KINDS.PetSet, namespace, name)?.spec?.replicas ?? 0);
  return wanted.reduce((sum, n) => sum + n, 0);
}
