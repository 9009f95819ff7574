/**
 * Pods that are down before a run begins, or that cannot be reached from where the plan is applied: no restart could be proven then. No healthy pod restarts while another pod is down, so the run begins when they are up.
 *
 *     native        restarts a pod that is down and outdated first, and without gates: only pods that the plan does not restart count
 *     ops-request   KubeDB begins with the controllers, whichever pod is down: every pod counts, unless the operation repairs it
 *
 * An operation that has begun continues, and so does a cut-over in which pods cannot talk already: its own restarts took pods down.
 */

import { capabilitiesOf } from '#model/capabilities';
import { formatRef } from '#model/kube-object';
import type { PodObservation } from '#reconciler/model/observation';
import { type Draft, type Obstacle, restartsOf } from '#reconciler/model/plan';
import { downPod, downPods, repairOf } from '../gates/pods';
import { kafkaRef, type PlanInput, podRef, restartedPods } from '../plan-input';
import { isMixed } from '../served';

const LOOK_AT_THE_POD = 'Look at the pod, its log and its events. When it is Ready, run again.';

/** Returns one obstacle for each pod that is down. A stuck pod must be fixed; any other may become Ready by itself. */
export function podIsDown(input: PlanInput, draft: Draft): readonly Obstacle[] {
  const { live } = input;
  const restarted = restartedPods(live, draft.steps);
  if (restarted.length === 0 || isUnderWay(input, draft)) return [];
  const { gatesBetweenPods } = capabilitiesOf(input.bundle.desired);
  if (!gatesBetweenPods && repairOf(input, draft.operation) !== undefined) return [];
  return downPods(live, (p) => !gatesBetweenPods || !restarted.includes(p)).map(({ name, state, problem }) => ({
    ...(state === 'stuck' ? { kind: 'blocked' } : { kind: 'wait', until: 'gate' }),
    subject: podRef(live, name),
    message: `${problem}, and no healthy pod restarts meanwhile`,
    hint: LOOK_AT_THE_POD,
  }));
}

/** Returns one obstacle for each stuck pod, where pods are only verified: its listeners can never be observed. */
export function podCannotBeVerified({ live }: PlanInput, { operation, steps }: Draft): readonly Obstacle[] {
  if ((operation !== 'tidy' && operation !== 'reload') || !steps.some((s) => s.kind === 'verify')) return [];
  const restarted = restartedPods(live, steps);
  return live.pods.flatMap((pod) => {
    const { name, stuck } = pod;
    if (stuck === undefined || restarted.includes(pod)) return [];
    const message = `cannot start: ${stuck}, and no restart for TLS would fix it`;
    return [{ kind: 'blocked', subject: podRef(live, name), message, hint: LOOK_AT_THE_POD }];
  });
}

/** Returns the pods that are down and still restart: first, so that no healthy pod restarts unless they become Ready. */
export function downPodNotes(input: PlanInput, draft: Draft): readonly string[] {
  const { live, bundle } = input;
  if (!capabilitiesOf(bundle.desired).gatesBetweenPods || podIsDown(input, draft).length > 0) return [];
  const down = restartedPods(live, draft.steps).flatMap((p) => (p.isTerminating ? [] : (downPod(p) ?? [])));
  return down.map(
    ({ name, problem }) => `${name} ${problem}: it restarts before any healthy pod, and the run ends if it does not get Ready then.`,
  );
}

function isUnderWay({ live }: PlanInput, { steps, cutover }: Draft): boolean {
  return steps.some((s) => s.kind === 'submitOpsRequest' && s.isContinued) || (cutover !== undefined && isMixed(live.pods));
}

/** Returns the obstacle of restarts and reloads where no Ready pod can be reached. */
export function podsAreOutOfReach({ live }: PlanInput, { steps }: Draft): readonly Obstacle[] {
  const what = restartsOf(steps).length > 0 ? 'restart' : 'new certificate';
  const message = what === 'restart' || steps.some((s) => s.kind === 'reload') ? outOfReach(live, what) : undefined;
  if (message === undefined) return [];
  const hint = 'Run it where the pods can be reached, as the Job in the cluster does: network policies have to allow ports 9092 and 9093.';
  return [{ kind: 'blocked', isAboutPlace: true, subject: kafkaRef(live), message, hint }];
}

/** Returns why no pod can be observed; undefined when one can be, or none is Ready. */
function outOfReach({ namespace, pods }: PodObservation, what: string): string | undefined {
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
  return `no pod can be reached from here, so no ${what} could be proven (${subject}: ${first.because ?? 'could not be seen'})`;
}
