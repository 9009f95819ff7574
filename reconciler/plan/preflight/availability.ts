/** What Kafka is too small for: where no order of restarts avoids an outage, nothing is refused, and somebody has to know. */
import { nodesOf } from '#model/kubedb';
import type { Observation, PodFacts, TopicFacts } from '#reconciler/model/observation';
import type { Draft } from '#reconciler/model/plan';
import { listed, losesData } from '../data-loss';
import type { PlanInput } from '../plan-input';

/** Returns what clients will feel of restarts that are gated. Of a cut-over the plan says worse already. */
export function availabilityNotes({ live }: PlanInput, { steps, cutover }: Draft): readonly string[] {
  if (cutover !== undefined) return [];
  const restarted = live.pods.filter((p) => steps.some((s) => s.kind === 'evict' && s.subject.name === p.name));
  return [...quorumNotes(live, restarted), ...('value' in live.facts ? topicNotes(live.facts.value.topics, restarted, live) : [])];
}

function quorumNotes({ kafka, facts }: Observation, restarted: readonly PodFacts[]): readonly string[] {
  if (kafka === undefined || !restarted.some((p) => p.role !== 'broker')) return [];
  const voters = 'value' in facts ? facts.value.quorum.voters.length : nodesOf(kafka).filter((n) => n.role !== 'broker').length;
  if (voters === 1) return ['There is no quorum while the only controller restarts.'];
  return voters === 2 ? ['Two controllers have no quorum while one of them restarts.'] : [];
}

/** Partitions of a single replica that are lost, and not only away, are named with the loss (`data-loss.ts`). */
function topicNotes(topics: readonly TopicFacts[], restarted: readonly PodFacts[], live: Observation): readonly string[] {
  const brokers = restarted.filter((p) => p.role !== 'controller');
  const restarts = ({ replicas }: { readonly replicas: readonly number[] }, among = brokers) =>
    among.some((b) => replicas.includes(b.nodeId));
  const kept = brokers.filter((b) => !losesData(b, live));
  const single = topics.filter((t) => t.partitions.some((p) => p.replicas.length === 1 && restarts(p, kept)));
  const tight = topics.filter(({ minInsyncReplicas = 0, partitions }) =>
    partitions.some((p) => p.replicas.length > 1 && p.replicas.length <= minInsyncReplicas && restarts(p)),
  );
  return [
    ...about(single, 'cannot be used while the broker of a single replica restarts'),
    ...about(tight, 'have no more replicas than min.insync.replicas: producers with acks=all stall while one of their brokers restarts'),
  ];
}

function about(topics: readonly TopicFacts[], what: string): readonly string[] {
  return topics.length === 0 ? [] : [`Partitions of ${listed(topics.map((t) => t.name))} ${what}.`];
}
