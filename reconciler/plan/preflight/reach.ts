/** Whether listeners can be observed from where the plan is applied. Otherwise no restart could be proven. */
import { formatRef } from '#model/kube-object';
import type { PodObservation } from '#reconciler/model/observation';
import { type Draft, type Obstacle, restartsOf } from '#reconciler/model/plan';
import { kafkaRef, type PlanInput, podRef } from '../plan-input';

/** Returns the obstacle of restarts where no Ready pod can be reached. */
export function podsAreOutOfReach({ live }: PlanInput, { steps }: Draft): readonly Obstacle[] {
  const message = restartsOf(steps).length > 0 ? outOfReach(live) : undefined;
  if (message === undefined) return [];
  const hint = 'Run it where the pods can be reached, as the Job in the cluster does: network policies have to allow ports 9092 and 9093.';
  return [{ kind: 'blocked', isAboutPlace: true, subject: kafkaRef(live), message, hint }];
}

/** Returns why no pod can be observed; undefined when one can be, or none is Ready. */
function outOfReach({ namespace, pods }: PodObservation): string | undefined {
  const ready = pods.filter((p) => p.isReady);
  const unseen = ready.flatMap((p) =>
    p.served
      .filter((s) => s.protocol === 'unknown')
      .slice(0, 1)
      .map(({ because }) => ({ pod: p.name, because })),
  );
  const [first] = unseen;
  if (first === undefined || unseen.length < ready.length) return undefined;
  const subject = formatRef(podRef({ namespace }, first.pod));
  return `no pod can be reached from here, so no restart could be proven (${subject}: ${first.because ?? 'could not be seen'})`;
}
