/** Whether what pods serve can be seen from where the plan is carried out: no restart could be proven otherwise. */
import { formatRef, KINDS, ref } from '#model/kube-object';
import type { PodObservation } from '#reconciler/model/observation';
import type { Draft, Obstacle } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';

/** Returns the obstacle of restarts where no Ready pod can be reached. */
export function podsAreOutOfReach({ live }: PlanInput, { steps }: Draft): readonly Obstacle[] {
  const message = steps.some((s) => s.kind === 'evict') ? outOfReach(live) : undefined;
  if (message === undefined) return [];
  const hint = 'Run it where the pods can be reached, as the Job in the cluster does: network policies have to allow ports 9092 and 9093.';
  return [{ kind: 'blocked', isAboutPlace: true, subject: ref(KINDS.Kafka, live.namespace, live.name), message, hint }];
}

/** Returns why no pod can be seen, or undefined when one can, or none is Ready. */
export function outOfReach({ namespace, pods }: PodObservation): string | undefined {
  const ready = pods.filter((p) => p.isReady);
  const unseen = ready.flatMap((p) =>
    p.served
      .filter((s) => s.protocol === 'unknown')
      .slice(0, 1)
      .map(({ because }) => ({ pod: p.name, because })),
  );
  const [first] = unseen;
  if (first === undefined || unseen.length < ready.length) return undefined;
  const subject = formatRef(ref(KINDS.Pod, namespace, first.pod));
  return `no pod can be reached from here, so no restart could be proven (${subject}: ${first.because ?? 'could not be seen'})`;
}
