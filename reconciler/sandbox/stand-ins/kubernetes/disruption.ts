/** Stand-in for Kubernetes' disruption controller: how many pods of a PodDisruptionBudget may be evicted at the moment. */
import { hasTrueCondition } from '#model/kube-object';
import { matchesLabelSelector } from '#reconciler/sandbox/api/selectors';
import { type Context, writeStatus } from '../context';
import { type Controller, watch } from '../controller';
import { type Budget, KINDS, type Pod } from '../kinds';
import { isStaying } from './petset';

/** An evicted pod that still exists after this time counts as staying. */
const FORGET_MS = 120_000;

export function disruptionController(context: Context): Controller<Budget> {
  const { cache, clock } = context;
  return {
    kind: KINDS.PodDisruptionBudget,
    watches: [
      watch(KINDS.Pod, (pod) => cache.list(KINDS.PodDisruptionBudget, pod.metadata.namespace).filter((budget) => selects(budget, pod))),
    ],
    reconcile: async (budget) => {
      const pods = cache.list(KINDS.Pod, budget.metadata.namespace).filter((pod) => selects(budget, pod));
      const healthy = pods.filter((pod) => isStaying(pod) && hasTrueCondition(pod, 'Ready')).map((pod) => pod.metadata.name);
      // An allowed eviction counts at once, before the pod is seen to be deleted.
      const evicted = Object.entries(budget.status?.disruptedPods ?? {}).filter(
        ([name, at]) => clock.now().getTime() - Date.parse(at) <= FORGET_MS && healthy.includes(name),
      );
      const expectedPods = expectedOf(context, pods);
      const currentHealthy = healthy.length - evicted.length;
      const { minAvailable, maxUnavailable } = budget.spec ?? {};
      const desiredHealthy = maxUnavailable === undefined ? Number(minAvailable ?? 0) : Math.max(0, expectedPods - Number(maxUnavailable));
      await writeStatus(context, budget, {
        ...(evicted.length === 0 ? {} : { disruptedPods: Object.fromEntries(evicted) }),
        observedGeneration: budget.metadata.generation ?? 1,
        expectedPods,
        currentHealthy,
        desiredHealthy,
        disruptionsAllowed: expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0,
      });
      return evicted.length === 0 ? undefined : FORGET_MS;
    },
  };
}

function selects({ spec }: Budget, pod: Pod): boolean {
  return matchesLabelSelector(spec?.selector ?? {}, pod.metadata.labels);
}

/** Returns the number of replicas that the owners of the pods want. */
function expectedOf({ cache }: Context, pods: readonly Pod[]): number {
  const [namespace] = pods.map((pod) => pod.metadata.namespace);
  const owners = new Set(pods.flatMap((pod) => (pod.metadata.ownerReferences ?? []).map((owner) => owner.name)));
  return [...owners].reduce((sum, name) => sum + (cache.get(KINDS.PetSet, namespace, name)?.spec.replicas ?? 0), 0);
}
