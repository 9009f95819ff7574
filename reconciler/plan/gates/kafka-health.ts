/** Gates about what Kafka reports of its partitions and its KRaft quorum, and the outages of both that no gate prevents. */
import { nodesOf } from '#model/kubedb';
import type { Observation, PodFacts, QuorumFacts, TopicFacts } from '../../model/observation';
import { listed, losesData } from '../data-loss';
import { type GateResult, healthOf, type RestartView } from './gate';

/** Kafka did not report its health, and the desired state forbids to rely on the readiness of pods. */
export function healthUnknown(_: PodFacts, { live: { facts }, unknownHealthPolicy }: RestartView): GateResult {
  if ('value' in facts || unknownHealthPolicy !== 'refuse') return undefined;
  return { because: `broker health unknown: ${facts.unknown}`, retry: true };
}

/** Without Kafka's report every other pod must be Ready; an unready pod may always restart. */
export function otherPodsReady(pod: PodFacts, view: RestartView): GateResult {
  if (healthOf(view) !== undefined || !pod.isReady) return undefined;
  const unready = view.live.pods.find((p) => p.name !== pod.name && !p.isReady);
  return unready === undefined ? undefined : { because: `${unready.name} is not Ready`, retry: true };
}

export function minInsyncReplicas({ role, nodeId }: PodFacts, view: RestartView): GateResult {
  const topics = healthOf(view)?.topics;
  const because = role === 'controller' || topics === undefined ? undefined : tooFewInsync(nodeId, topics);
  return because === undefined ? undefined : { because, retry: true };
}

/** Returns why a broker must not restart: a partition is below `min.insync.replicas`, or would be without the broker. */
export function tooFewInsync(nodeId: number, topics: readonly TopicFacts[]): string | undefined {
  for (const { name, minInsyncReplicas: minimum, partitions } of topics) {
    if (minimum === undefined) continue;
    for (const { partition, replicas, isr } of partitions) {
      // With no more replicas than the minimum every restart stalls producers. Waiting does not help (`topicNotes`).
      if (!replicas.includes(nodeId) || replicas.length <= minimum) continue;
      const left = isr.filter((id) => id !== nodeId).length;
      if (isr.length >= minimum && left >= minimum) continue;
      return `${name}-${partition} has ISR {${isr.join(',')}}, needs ${minimum} without broker ${nodeId}`;
    }
  }
  return undefined;
}

/** A pod with ephemeral data may restart only if another pod has the data. In a cut-over no pod can fetch from another. */
export function copiesOfData(pod: PodFacts, view: RestartView): GateResult {
  const { live, isCutover } = view;
  const canBeCopied = !isCutover && live.pods.some((p) => p.name !== pod.name && p.role === pod.role);
  if (!canBeCopied || !losesData(pod, live)) return undefined;
  if ('unknown' in live.facts) {
    // Readiness does not show whether another pod has fetched the data.
    const because = `its storage is ephemeral, and whether another pod holds its data is not known: ${live.facts.unknown}`;
    return { because, retry: true };
  }
  const last = pod.role === 'controller' ? undefined : lastCopy(pod.nodeId, live.facts.value.topics);
  if (last === undefined) return undefined;
  return { because: `its storage is ephemeral, and no other broker in sync has ${last}: ISR {${pod.nodeId}}`, retry: true };
}

function lastCopy(nodeId: number, topics: readonly TopicFacts[]): string | undefined {
  for (const { name, partitions } of topics) {
    const last = partitions.find((p) => p.replicas.length > 1 && p.isr.length === 1 && p.isr.includes(nodeId));
    if (last !== undefined) return `${name}-${last.partition}`;
  }
  return undefined;
}

/**
 * Returns the topics that cannot be used, or not fully, while a broker restarts. A note about lost data names the partitions with a single
 * ephemeral replica (`data-loss.ts`).
 */
export function topicNotes(live: Observation, restarted: readonly PodFacts[]): readonly string[] {
  if ('unknown' in live.facts) return [];
  const { topics } = live.facts.value;
  const brokers = restarted.filter((p) => p.role !== 'controller');
  const durable = brokers.filter((b) => !losesData(b, live));
  const isOn = (among: readonly PodFacts[], replicas: readonly number[]) => among.some((b) => replicas.includes(b.nodeId));
  const single = topics.filter((t) => t.partitions.some((p) => p.replicas.length === 1 && isOn(durable, p.replicas)));
  const tight = topics.filter(({ minInsyncReplicas: minimum = 0, partitions }) =>
    partitions.some((p) => p.replicas.length > 1 && p.replicas.length <= minimum && isOn(brokers, p.replicas)),
  );
  return [
    ...about(single, 'cannot be used while the broker of a single replica restarts'),
    ...about(tight, 'have no more replicas than min.insync.replicas: producers with acks=all stall while one of their brokers restarts'),
  ];
}

function about(topics: readonly TopicFacts[], what: string): readonly string[] {
  return topics.length === 0 ? [] : [`Partitions of ${listed(topics.map((t) => t.name))} ${what}.`];
}

/** Without a leader no ISR changes, so what Kafka reports of partitions is old, and a broker that restarts does not become ready. */
export function quorumLeader(_: PodFacts, view: RestartView): GateResult {
  const quorum = healthOf(view)?.quorum;
  return quorum === undefined || quorum.leaderId !== undefined ? undefined : { because: 'the quorum has no leader', retry: true };
}

export function controllerQuorum({ role, nodeId }: PodFacts, view: RestartView): GateResult {
  const quorum = healthOf(view)?.quorum;
  const because = role === 'broker' || quorum === undefined ? undefined : quorumTooSmall(nodeId, quorum);
  return because === undefined ? undefined : { because, retry: true };
}

/**
 * Returns why a controller must not restart, by what the leader knows of its voters. Without this controller at least floor((N+2)/2) of N
 * voters must be caught up; of two voters the other one. A single voter may always restart.
 */
export function quorumTooSmall(nodeId: number, { leaderId, voters, fetchTimeoutMs }: QuorumFacts): string | undefined {
  if (leaderId === undefined) return 'the quorum has no leader';
  if (voters.length <= 1) return undefined;
  const caughtUp = caughtUpVoters({ leaderId, voters, fetchTimeoutMs }).filter((v) => v.nodeId !== nodeId).length;
  const needed = voters.length === 2 ? 1 : Math.floor((voters.length + 2) / 2);
  if (caughtUp >= needed) return undefined;
  return `${caughtUp} of ${voters.length} voters are caught up without controller ${nodeId}, ${needed} are needed`;
}

/** Returns the voters that have what the leader has, by what the leader knows of them. */
export function caughtUpVoters({ leaderId, voters, fetchTimeoutMs }: QuorumFacts): QuorumFacts['voters'] {
  const leader = voters.find((v) => v.nodeId === leaderId)?.lastCaughtUpMs;
  return voters.filter((v) => {
    if (v.lastCaughtUpMs === undefined || v.lastCaughtUpMs < 0) return false;
    // An instant ahead of the leader's is from before the leader's clock was set back, and shows nothing.
    return v.nodeId === leaderId || (leader !== undefined && Math.abs(leader - v.lastCaughtUpMs) < fetchTimeoutMs);
  });
}

/** Returns the outages of controllers that restart one by one. */
export function quorumNotes({ kafka, facts }: Observation, restarted: readonly PodFacts[]): readonly string[] {
  if (kafka === undefined || !restarted.some((p) => p.role !== 'broker')) return [];
  const voters = 'value' in facts ? facts.value.quorum.voters.length : nodesOf(kafka).filter((n) => n.role !== 'broker').length;
  if (voters === 1) return ['There is no quorum while the only controller restarts.'];
  return voters === 2 ? ['Two controllers have no quorum while one of them restarts.'] : [];
}
