/** Gates about pods that are down: no healthy pod restarts meanwhile, except for an operation that repairs the pod. */

import { nodesOf } from '#model/kubedb';
import type { PodFacts, PodObservation } from '../../model/observation';
import type { Operation } from '../../model/plan';
import { podFindings } from '../checks/pods';
import { secretFindings } from '../checks/secrets';
import type { PlanInput } from '../plan-input';
import { invalidCertificate } from './certificates';
import type { GateResult, RestartView } from './gate';

/** A pod that is down, and how. */
export interface DownPod {
  readonly name: string;
  readonly state: 'missing' | 'stuck' | 'terminating' | 'unready';
  /** `is terminating`, `cannot start: CrashLoopBackOff`. */
  readonly problem: string;
}

/** Returns the pods that are down, among those that `counts` accepts and those that do not exist. */
export function downPods(live: PodObservation, counts: (pod: PodFacts) => boolean = () => true): readonly DownPod[] {
  return [...missingPods(live), ...live.pods.filter(counts).flatMap((p) => downPod(p) ?? [])];
}

/** Returns the pods that the Kafka should have and that do not exist. */
export function missingPods({ kafka, pods }: PodObservation): readonly DownPod[] {
  const nodes = kafka === undefined ? [] : nodesOf(kafka);
  return nodes
    .filter(({ pod }) => !pods.some((p) => p.name === pod))
    .map(({ pod }) => ({ name: pod, state: 'missing', problem: 'does not exist' }));
}

/** Returns how a pod is down, or undefined when it is Ready. */
export function downPod({ name, stuck, isTerminating, isReady }: PodFacts): DownPod | undefined {
  if (stuck !== undefined) return { name, state: 'stuck', problem: `cannot start: ${stuck}` };
  if (isTerminating) return { name, state: 'terminating', problem: 'is terminating' };
  return isReady ? undefined : { name, state: 'unready', problem: 'is not Ready' };
}

/** A stuck pod serves no client: its restart can only help. */
export function podIsStuck({ stuck }: PodFacts): GateResult {
  return stuck === undefined ? undefined : 'exempt';
}

export function noPodDown(pod: PodFacts, view: RestartView): GateResult {
  const down = restartedPodsDown(pod, view);
  const [missing] = down.filter((p) => p.state === 'missing');
  if (missing !== undefined) return { because: `${missing.name} does not exist`, retry: true };
  const [stuck] = down.filter((p) => p.state === 'stuck');
  if (stuck !== undefined) {
    return { because: `${stuck.name} is up to date and ${stuck.problem}; the next pod would fail the same way`, retry: false };
  }
  // A terminating pod stays Ready until its containers have ended.
  const [terminating] = down.filter((p) => p.state === 'terminating');
  return terminating === undefined ? undefined : { because: `${terminating.name} is terminating`, retry: true };
}

export function restartedPodsReady(pod: PodFacts, view: RestartView): GateResult {
  const [unready] = restartedPodsDown(pod, view);
  return unready === undefined ? undefined : { because: `${unready.name} is up to date and not Ready`, retry: true };
}

/** Pods that are not outdated, or no longer, and that are down. */
function restartedPodsDown(pod: PodFacts, { live, outdated }: RestartView): readonly DownPod[] {
  return downPods(live, (p) => p.name !== pod.name && !outdated.has(p.name));
}

/** A pod that is unavailable and becomes available without a restart by us. */
export interface UnavailablePod {
  readonly name: string;
  readonly because: string;
}

/**
 * Returns the pods that another actor has taken down, or that have not started yet. In a cut-over the next restart waits for them for a
 * while, so that two pods are not down at once. No waiting brings back outdated pods, stuck pods, and pods that only KubeDB would
 * create, because KubeDB is paused; a PetSet creates its own pods.
 */
export function unavailablePods({ pods, petSets }: PodObservation, outdated: ReadonlySet<string>): readonly UnavailablePod[] {
  const missing = petSets.flatMap(({ name, object }) =>
    Array.from({ length: object.spec?.replicas ?? 0 }, (_, i) => `${name}-${i}`).filter((pod) => !pods.some((p) => p.name === pod)),
  );
  const present = pods
    .filter((p) => !outdated.has(p.name))
    .flatMap(({ name, isTerminating, isRunning, stuck }) => {
      if (isTerminating) return [{ name, because: 'is terminating' }];
      return isRunning || stuck !== undefined ? [] : [{ name, because: 'does not run yet' }];
    });
  return [...missing.map((name) => ({ name, because: 'does not exist' })), ...present];
}

/**
 * Returns which pod that serves no client an operation of KubeDB repairs, in a sentence. No gate is asked before such an operation: waiting for
 * the pod to become Ready would be waiting for the operation itself.
 */
export function repairOf(input: PlanInput, operation: Operation): string | undefined {
  const { live, now } = input;
  const outdated = new Set(podFindings(input).map((f) => f.subject.name));
  // A restart loads what the Secrets hold. Every other operation fills the Secrets first.
  const isReissuing = operation !== 'restart';
  const isSecretBroken =
    isReissuing && secretFindings(input).some(({ reason }) => reason === 'SecretMissing' || reason === 'SecretIncomplete');
  for (const pod of live.pods) {
    const invalid = isReissuing ? invalidCertificate(pod, live, now) : undefined;
    if (invalid !== undefined) return `${pod.name}: ${invalid}`;
    if (pod.isReady) continue;
    const problem = downPod(pod)?.problem;
    if (outdated.has(pod.name)) return `${pod.name} ${problem} and is outdated`;
    // Where TLS is turned on, a missing Secret is still to be created and broke no pod.
    if (isSecretBroken && pod.certificateSecret !== undefined) return `${pod.name} ${problem}, and its Secret is incomplete`;
  }
  return undefined;
}
