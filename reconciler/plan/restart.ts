/**
 * Which pod restarts next, and whether it may.
 *
 * Order
 * 1. controllers before brokers (combined nodes count as controllers): a broker cannot get ready without a quorum;
 * 2. among controllers the active one last, ready or not, and also while a gate refuses the others: every restart of it costs an election;
 * 3. unready pods before ready ones of their group: they serve nobody, and if the new state does not cure them no healthy pod is touched;
 * 4. before all others those that serve what has expired, in the same order: their peers refuse them;
 * 5. ties by ordinal.
 *
 * Gates: asked on fresh facts before every eviction. A "no" is never overridden, only waited for.
 * - A broker may go if no partition with more replicas than `min.insync.replicas` would fall below it or is below it already.
 * - A controller may go if, without it, at least floor((N+2)/2) of N voters are caught up (two voters: the other one; one: allowed).
 * - While the quorum has no leader nobody may go.
 * - A broker whose data is deleted with its pod may go only if another one has it: no partition has it as the last replica in sync.
 * - Without Kafka's own facts every other pod has to be Ready, and the verdict says that it rests on that alone.
 * - No pod may go, stuck or not, while the certificate that its successor would load does not hold by our clock.
 * - A pod that serves what has expired may go whatever its quorum and partitions say: restarted peers refuse it (Java checks the dates of
 *   peers), so neither recovers before it is restarted itself.
 * - In a cut-over restarted and not yet restarted nodes cannot talk, so no gate can hold between pods: all say yes before the first one, and
 *   are not asked again. Pods that are away then are waited for a while (`awayPods`).
 *
 * Strimzi's roller is the model (order and thresholds); unlike it nothing here ever forces a restart past a "no".
 */
import type { Role } from '#model/kubedb';
import { mountedCertificateSecret } from '../model/broker-pod';
import type { KafkaFacts, PodFacts, PodObservation, QuorumFacts, Reading, Served, TopicFacts } from '../model/observation';
import { expiredAt } from './dates';

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
  /** Why it has this place: `unready controller`, `active controller last`. */
  readonly place: string;
}

/** May the pod be restarted now? `retry: false` when waiting cannot help. */
export type Verdict =
  | { readonly ok: true; readonly note?: string }
  | { readonly ok: false; readonly because: string; readonly retry: boolean };

/** Returns pods in the order in which they restart. */
export function restartOrder<P extends RestartCandidate>(pods: readonly P[], activeController: number | undefined): readonly Placed<P>[] {
  const group = (pod: P) => groupOf(pod, activeController);
  return [...pods]
    .sort((a, b) => group(a) - group(b) || Number(a.isReady) - Number(b.isReady) || a.ordinal - b.ordinal)
    .map((pod) => ({ pod, place: placeOf(pod, group(pod) % GROUPS === ACTIVE) }));
}

const [FOLLOWERS, ACTIVE, BROKERS] = [0, 1, 2];
const GROUPS = 3;

/** The groups of pods that serve what has expired, then the same groups of all others. */
function groupOf(pod: RestartCandidate, activeController: number | undefined): number {
  const group = pod.role === 'broker' ? BROKERS : pod.nodeId === activeController ? ACTIVE : FOLLOWERS;
  return expiredAt(pod) === undefined ? group + GROUPS : group;
}

/**
 * Returns the pods whose gates are asked now, in their order: the first group that has pods left. The active controller is a group of its
 * own: it is not asked while a gate refuses another controller.
 */
export function firstGroup<P extends RestartCandidate>(pods: readonly P[], activeController: number | undefined): readonly P[] {
  const order = restartOrder(pods, activeController).map((p) => p.pod);
  return order.filter((p) => order[0] !== undefined && groupOf(p, activeController) === groupOf(order[0], activeController));
}

function placeOf(pod: RestartCandidate, isActive: boolean): string {
  if (isActive) return 'active controller last';
  if (expiredAt(pod) !== undefined) return `expired ${pod.role}`;
  return pod.isReady ? pod.role : `unready ${pod.role}`;
}

/**
 * Some pods cannot talk to others already: they serve another protocol, certificates of another root, or what has expired. Of what cannot be
 * seen nothing is assumed.
 */
export function isMixed(pods: readonly PodFacts[]): boolean {
  const present = pods.filter((p) => !p.isTerminating);
  if (present.some((p) => expiredAt(p) !== undefined)) return true;
  const served = present.flatMap((p) => p.served.filter((s) => s.protocol !== 'unknown'));
  return new Set(served.map((s) => `${s.protocol} ${s.isSignedBySecretCa ?? ''}`)).size > 1;
}

export interface RestartView {
  /** All pods of the Kafka, as they are now. */
  readonly pods: readonly PodFacts[];
  /** Names of pods of the Kafka that do not exist now. */
  readonly missing: readonly string[];
  /** Names of the pods that still have to be restarted. */
  readonly outdated: ReadonlySet<string>;
  readonly facts: Reading<KafkaFacts>;
  readonly unknownHealthPolicy: 'readiness' | 'refuse';
  /** Names of pods whose data is deleted with them; absent where nothing can or need be saved, as in a cut-over. */
  readonly losing?: ReadonlySet<string>;
  /** Why the certificate that the successor of a pod would load does not hold now, by name of the pod. */
  readonly invalid: ReadonlyMap<string, string>;
}

/**
 * Returns, by name of the pod, why the certificate in the Secret that its PetSet mounts does not hold now. Nobody would talk to a pod that
 * loads it; time, or cert-manager, cures it.
 */
export function invalidCertificates({ pods, petSets, secrets }: PodObservation, now: Date): ReadonlyMap<string, string> {
  const invalid = pods.flatMap(({ name, petSet }): (readonly [string, string])[] => {
    const template = petSets.find((s) => s.name === petSet)?.object.spec?.template?.spec;
    const secret = secrets.find((s) => s.name === mountedCertificateSecret(template));
    if (secret?.leaf === undefined) return [];
    const { notBefore, notAfter } = secret.leaf;
    const its = `the certificate that it would load (Secret ${secret.name})`;
    if (now.getTime() < Date.parse(notBefore)) return [[name, `${its} is valid only from ${notBefore}`]];
    if (now.getTime() >= Date.parse(notAfter)) return [[name, `${its} has expired ${notAfter}`]];
    // What it trusts may expire: Java checks no dates of that.
    const served = secret.chain?.find(
      (c) => Date.parse(c.notAfter) <= now.getTime() && !secret.ca?.some((t) => t.fingerprint === c.fingerprint),
    );
    return served === undefined ? [] : [[name, `${its} is signed by ${served.subject}, which has expired ${served.notAfter}`]];
  });
  return new Map(invalid);
}

/** A pod whose gate was asked, and its verdict. */
export interface GateResult {
  readonly pod: PodFacts;
  readonly verdict: Verdict;
}

/** Returns the active controller by Kafka's facts. */
export function activeController({ facts }: Pick<RestartView, 'facts'>): number | undefined {
  return 'value' in facts ? facts.value.quorum.leaderId : undefined;
}

/** Asks the gates of the outdated pods that are next, in their order. The first open gate is the one to go through. */
export function askGates(view: RestartView, isCutover: boolean): readonly GateResult[] {
  const outdated = view.pods.filter((p) => view.outdated.has(p.name));
  const active = activeController(view);
  // A cut-over passes the point of no return with its first pod: all gates have to say yes before it.
  const pods = isCutover ? restartOrder(outdated, active).map((p) => p.pod) : firstGroup(outdated, active);
  const verdicts = pods.map((pod) => ({ pod, verdict: canRestart(pod, view) }));
  if (!isCutover || verdicts.every((v) => v.verdict.ok)) return verdicts;
  // A stuck pod serves no client, and may be the reason why the others are refused.
  const stuck = verdicts.filter((v) => v.verdict.ok && v.pod.stuck !== undefined);
  return stuck.length > 0 ? stuck : verdicts.filter((v) => !v.verdict.ok);
}

/** Returns whether this pod may be restarted now. */
export function canRestart(pod: PodFacts, view: RestartView): Verdict {
  const invalid = view.invalid.get(pod.name);
  if (invalid !== undefined) return { ok: false, because: invalid, retry: true };
  if (pod.stuck !== undefined) return { ok: true, note: `${pod.name} is ${pod.stuck} and serves nobody` };
  const [missing] = view.missing;
  if (missing !== undefined) return { ok: false, because: `${missing} does not exist`, retry: true };
  const upToDate = view.pods.filter((p) => p.name !== pod.name && !view.outdated.has(p.name));
  const stuck = upToDate.find((p) => p.stuck !== undefined);
  if (stuck !== undefined) {
    return { ok: false, because: `${stuck.name} is up to date and ${stuck.stuck}; the next pod would fare no better`, retry: false };
  }
  // A pod on its way out is Ready until its containers have ended, and serves nobody for much longer.
  const terminating = upToDate.find((p) => p.isTerminating);
  if (terminating !== undefined) return { ok: false, because: `${terminating.name} is terminating`, retry: true };
  const expired = expiredAt(pod);
  if (expired !== undefined) return { ok: true, note: `${pod.name} serves what expired ${expired}: restarted peers refuse it` };
  const unready = upToDate.find((p) => !p.isReady);
  if (unready !== undefined) return { ok: false, because: `${unready.name} is up to date and not Ready`, retry: true };
  if ('unknown' in view.facts)
    return canBeCopied(pod, view) ? copyIsUnknown(view.facts.unknown) : byReadiness(pod, view, view.facts.unknown);
  const verdict = byFacts(pod, view.facts.value);
  return verdict.ok && canBeCopied(pod, view) ? (hasCopies(pod, view.facts.value) ?? verdict) : verdict;
}

/** The pod loses its data, and another one of its role can hold it. */
function canBeCopied(pod: PodFacts, { losing, pods }: RestartView): boolean {
  return losing?.has(pod.name) === true && pods.some((p) => p.name !== pod.name && p.role === pod.role);
}

/** Readiness says nothing of whether another pod has fetched the data by now. */
function copyIsUnknown(why: string): Verdict {
  return { ok: false, because: `its storage is ephemeral, and whether another pod holds its data is not known: ${why}`, retry: true };
}

/** Refuses a broker that has the last copy of a partition that others are to have, too. */
function hasCopies({ nodeId, role }: PodFacts, { topics }: KafkaFacts): Verdict | undefined {
  if (role === 'controller') return undefined;
  for (const { name, partitions } of topics) {
    const last = partitions.find((p) => p.replicas.length > 1 && p.isr.includes(nodeId) && p.isr.length === 1);
    if (last === undefined) continue;
    return {
      ok: false,
      because: `its storage is ephemeral, and no other broker in sync has ${name}-${last.partition}: ISR {${nodeId}}`,
      retry: true,
    };
  }
  return undefined;
}

/** A pod that is not there for now and comes back without our doing. */
export interface UnavailablePod {
  readonly name: string;
  readonly because: string;
}

/**
 * Returns the pods that somebody else has taken down, or that have not started yet: in a cut-over the next one waits for them a while, so
 * that it does not take two down at once. Not among them are those that no waiting brings back: outdated pods, pods that cannot start, and
 * those that only KubeDB would make, which is paused; a PetSet makes its own.
 */
export function unavailablePods({ pods, petSets }: PodObservation, outdated: ReadonlySet<string>): readonly UnavailablePod[] {
  const missing = petSets.flatMap(({ name, object }) =>
    Array.from({ length: object.spec?.replicas ?? 0 }, (_, i) => `${name}-${i}`).filter((pod) => !pods.some((p) => p.name === pod)),
  );
  const present = pods
    .filter((p) => !outdated.has(p.name))
    .flatMap((p) => {
      const { name, isTerminating, isRunning, stuck } = p;
      if (isTerminating) return [{ name, because: 'is terminating' }];
      return isRunning || stuck !== undefined ? [] : [{ name, because: 'does not run yet' }];
    });
  return [...missing.map((name) => ({ name, because: 'does not exist' })), ...present];
}

function byReadiness(pod: PodFacts, view: RestartView, why: string): Verdict {
  if (view.unknownHealthPolicy === 'refuse') return { ok: false, because: `Kafka's own facts cannot be had: ${why}`, retry: true };
  const note = `rests on pod readiness alone: ${why}`;
  if (!pod.isReady) return { ok: true, note };
  const unready = view.pods.find((p) => p.name !== pod.name && !p.isReady);
  return unready === undefined ? { ok: true, note } : { ok: false, because: `${unready.name} is not Ready`, retry: true };
}

function byFacts(pod: PodFacts, facts: KafkaFacts): Verdict {
  // While nobody leads no ISR changes: what is known of partitions is old, and a broker that restarts does not get ready.
  if (facts.quorum.leaderId === undefined) return { ok: false, because: 'the quorum has no leader', retry: true };
  const controller: Verdict = pod.role === 'broker' ? { ok: true } : canRestartController(pod.nodeId, facts.quorum);
  if (!controller.ok || pod.role === 'controller') return controller;
  const broker = canRestartBroker(pod.nodeId, facts.topics);
  return broker.ok ? controller : broker;
}

/** Returns whether a broker may go, given every topic's partitions. */
export function canRestartBroker(nodeId: number, topics: readonly TopicFacts[]): Verdict {
  for (const { name, minInsyncReplicas: minimum, partitions } of topics) {
    if (minimum === undefined) continue;
    for (const { partition, replicas, isr } of partitions) {
      // With no more replicas than the minimum every restart stalls producers; waiting would never help.
      if (!replicas.includes(nodeId) || replicas.length <= minimum) continue;
      const left = isr.filter((id) => id !== nodeId).length;
      if (isr.length >= minimum && left >= minimum) continue;
      const has = `${name}-${partition} has ISR {${isr.join(',')}}`;
      return { ok: false, because: `${has}, needs ${minimum} without broker ${nodeId}`, retry: true };
    }
  }
  return { ok: true };
}

/** Returns whether a controller may go, given what the leader knows of its voters. */
export function canRestartController(nodeId: number, quorum: QuorumFacts): Verdict {
  const { leaderId, voters, fetchTimeoutMs } = quorum;
  if (leaderId === undefined) return { ok: false, because: 'the quorum has no leader', retry: true };
  if (voters.length <= 1) return { ok: true, note: 'a single controller cannot restart without an outage' };
  const leader = voters.find((v) => v.nodeId === leaderId)?.lastCaughtUpMs;
  const isCaughtUp = (v: { readonly nodeId: number; readonly lastCaughtUpMs?: number | undefined }) => {
    if (v.lastCaughtUpMs === undefined || v.lastCaughtUpMs < 0) return false;
    // An instant that lies ahead of the leader's is one from before its clock was set back, and says nothing.
    return v.nodeId === leaderId || (leader !== undefined && Math.abs(leader - v.lastCaughtUpMs) < fetchTimeoutMs);
  };
  const others = voters.filter((v) => v.nodeId !== nodeId);
  const caughtUp = others.filter(isCaughtUp).length;
  const needed = voters.length === 2 ? 1 : Math.floor((voters.length + 2) / 2);
  if (caughtUp < needed) {
    const counted = `${caughtUp} of ${voters.length} voters are caught up without controller ${nodeId}`;
    return { ok: false, because: `${counted}, ${needed} are needed`, retry: true };
  }
  return voters.length === 2 ? { ok: true, note: 'two controllers have no quorum while one restarts' } : { ok: true };
}
