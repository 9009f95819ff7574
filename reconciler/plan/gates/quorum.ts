/** Gates about the KRaft quorum, and the outages of small quorums that no gate prevents. */
import { nodesOf } from '#model/kubedb';
import type { Observation, PodFacts, QuorumFacts } from '../../model/observation';
import { type GateResult, healthOf, type RestartView } from './gate';

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
  const leader = voters.find((v) => v.nodeId === leaderId)?.lastCaughtUpMs;
  const isCaughtUp = (v: QuorumFacts['voters'][number]) => {
    if (v.lastCaughtUpMs === undefined || v.lastCaughtUpMs < 0) return false;
    // An instant ahead of the leader's is from before the leader's clock was set back, and shows nothing.
    return v.nodeId === leaderId || (leader !== undefined && Math.abs(leader - v.lastCaughtUpMs) < fetchTimeoutMs);
  };
  const caughtUp = voters.filter((v) => v.nodeId !== nodeId && isCaughtUp(v)).length;
  const needed = voters.length === 2 ? 1 : Math.floor((voters.length + 2) / 2);
  if (caughtUp >= needed) return undefined;
  return `${caughtUp} of ${voters.length} voters are caught up without controller ${nodeId}, ${needed} are needed`;
}

/** Returns the outages of controllers that restart one by one. */
export function quorumNotes({ kafka, facts }: Observation, restarted: readonly PodFacts[]): readonly string[] {
  if (kafka === undefined || !restarted.some((p) => p.role !== 'broker')) return [];
  const voters = 'value' in facts ? facts.value.quorum.voters.length : nodesOf(kafka).filter((n) => n.role !== 'broker').length;
  if (voters === 1) return ['There is no quorum while the only controller restarts.'];
  return voters === 2 ? ['Two controllers have no quorum while one of them restarts.'] : [];
}
