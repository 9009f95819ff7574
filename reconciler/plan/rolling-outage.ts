/**
 * When a cut-over that goes pod by pod stops acknowledgements, and which pods take their whole grace period to end. Pure.
 *
 * Real brokers showed it (`docs/availability.md`): they go on serving when the controllers are converted, because producers and followers need
 * no controller for that. A broker that gets SIGTERM then finds no controller to hand its partitions to, serves until its grace period ends,
 * and is killed. From then on partitions lack a replica that no controller can remove from their ISR, so acks=all stops. Converted brokers
 * join the new controllers, but a partition is led again only when the broker is back that left its ISR last, which may be any of them.
 *
 *     controllers and brokers   from the end of the first broker until the last broker is back
 *     combined nodes            from the end of the first node whose loss costs the quorum its majority, until the last node is back
 */
import type { Role } from '#model/kubedb';
import type { PodObservation } from '../model/observation';
import type { PlannedRestart } from '../model/plan';

export interface RollingOutage {
  /** The restarts within the outage, in order. */
  readonly restarts: readonly PlannedRestart[];
  /** Those of pods that find no controller when they are to end. */
  readonly cutOff: readonly PlannedRestart[];
  /** The pod that serves until its grace period ends; absent if the outage is there before it. */
  readonly servesUntilItsEnd?: PlannedRestart;
}

/** `pods`: the restarts that the cut-over still has to do. */
export function rollingOutage(pods: readonly PlannedRestart[], { pods: live }: Pick<PodObservation, 'pods'>): RollingOutage {
  const isOf = (role: Role) => (p: { readonly role: Role }) => p.role === role;
  const voters = live.filter((p) => p.role !== 'broker');
  const votersLeft = pods.filter((p) => p.role !== 'broker');
  const spare = voters.length - (Math.floor(voters.length / 2) + 1);
  const converted = voters.length - votersLeft.length;
  if (!voters.some(isOf('combined'))) {
    const brokers = pods.filter(isOf('broker'));
    const [first] = brokers;
    const isBegun = brokers.length < live.filter(isOf('broker')).length;
    return { restarts: brokers, cutOff: brokers, ...(first === undefined || isBegun ? {} : { servesUntilItsEnd: first }) };
  }
  // A partition may have two of its replicas on the first two nodes, so a second node is never spare.
  const restarts = pods.slice(Math.max(0, Math.min(spare, 1) - converted));
  // The node that ends the majority finds its quorum when it is to end.
  return { restarts, cutOff: pods.slice(Math.max(0, spare + 1 - converted)) };
}

/** Kubernetes' own default. */
const DEFAULT_GRACE_S = 30;

/** Returns how long a pod of a role may take to end. */
export function graceMs({ petSets }: Pick<PodObservation, 'petSets'>, role: Role): number {
  const template = petSets.find((s) => s.role === role)?.object.spec.template.spec;
  return (template?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_S) * 1000;
}
