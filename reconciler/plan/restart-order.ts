/**
 * The order in which pods restart.
 *
 * 1. Pods that serve an expired certificate come first: their peers refuse them.
 * 2. Controllers restart before brokers, and combined nodes count as controllers: a broker does not become ready without a quorum.
 * 3. The active controller is the last of the controllers, ready or not, and also while a gate refuses the others: each of its restarts
 *    costs an election.
 * 4. Unready pods restart before ready ones of their group: they serve no client, and if the new state does not fix them, no healthy pod is
 *    restarted.
 * 5. Ties are resolved by ordinal.
 *
 * Strimzi's roller is the model.
 */
import type { Role } from '#model/kubedb';
import type { PodObservation, Served } from '../model/observation';
import { expiredAt } from './served';

/** What the order depends on. */
export interface RestartCandidate {
  readonly name: string;
  readonly role: Role;
  readonly ordinal: number;
  readonly nodeId: number;
  readonly isReady: boolean;
  readonly served: readonly Served[];
}

export interface Placed<P extends RestartCandidate> {
  readonly pod: P;
  /** Why the pod has this place: `unready controller`, `active controller last`. */
  readonly place: string;
}

/** Returns the node id of the active controller; undefined when it is not known. */
export function leaderOf({ facts }: Pick<PodObservation, 'facts'>): number | undefined {
  return 'value' in facts ? facts.value.quorum.leaderId : undefined;
}

/** Returns pods in the order in which they restart. */
export function restartOrder<P extends RestartCandidate>(pods: readonly P[], leaderId: number | undefined): readonly Placed<P>[] {
  const group = (pod: P) => groupOf(pod, leaderId);
  return [...pods]
    .sort((a, b) => group(a) - group(b) || Number(a.isReady) - Number(b.isReady) || a.ordinal - b.ordinal)
    .map((pod) => ({ pod, place: placeOf(pod, group(pod) % GROUPS === ACTIVE) }));
}

/**
 * Returns pods in the order in which they stop where all pods stop before the first one is back: brokers before controllers. A broker hands its
 * partitions over through the active controller; without a quorum it does not end before its grace period does.
 */
export function stopOrder<P extends RestartCandidate>(pods: readonly P[], leaderId: number | undefined): readonly Placed<P>[] {
  const order = restartOrder(pods, leaderId);
  return [...order.filter(isBroker), ...order.filter((placed) => !isBroker(placed))];
}

function isBroker({ pod }: Placed<RestartCandidate>): boolean {
  return pod.role === 'broker';
}

/** Returns the first group of the order that has pods left. The active controller is a group by itself. */
export function firstGroup<P extends RestartCandidate>(pods: readonly P[], leaderId: number | undefined): readonly P[] {
  const order = restartOrder(pods, leaderId).map((p) => p.pod);
  return order.filter((p) => order[0] !== undefined && groupOf(p, leaderId) === groupOf(order[0], leaderId));
}

const [FOLLOWERS, ACTIVE, BROKERS] = [0, 1, 2];
const GROUPS = 3;

/** The groups of pods that serve an expired certificate, then the same groups of all other pods. */
function groupOf(pod: RestartCandidate, leaderId: number | undefined): number {
  const group = pod.role === 'broker' ? BROKERS : pod.nodeId === leaderId ? ACTIVE : FOLLOWERS;
  return expiredAt(pod) === undefined ? group + GROUPS : group;
}

function placeOf(pod: RestartCandidate, isActive: boolean): string {
  if (isActive) return 'active controller last';
  if (expiredAt(pod) !== undefined) return `expired ${pod.role}`;
  return pod.isReady ? pod.role : `unready ${pod.role}`;
}
