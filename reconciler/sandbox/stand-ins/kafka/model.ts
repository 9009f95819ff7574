/**
 * Which Kafka nodes can talk to each other, and what follows from it. Pure: the running nodes go in, leader, readiness and partitions
 * come out.
 *
 *   two nodes talk        when both speak plaintext, or both TLS and each trusted the chain that the other serves at one instant since the
 *                         start of the later one: it connects again and again until it succeeds, so a chain that is not yet valid is
 *                         accepted once it is. Dates of a connection are never looked at again, so a chain that expires ends none
 *   a controller leads    when a majority of the voters can talk to it; a leader stays as long as that holds, else the lowest id follows
 *   a voter without data  leads only where no voter that holds the metadata could
 *   a node is ready       controllers once they listen; brokers and combined nodes when they can talk to the leader
 *   a node is caught up   a while after its start; the one that leads always is
 *   a replica is in sync  when its broker is caught up and talks to the controller that leads and to the partition's leader
 *
 * While nobody leads, combined nodes are ready once they listen: if each waited for a quorum, none would ever come to be.
 *
 * It knows nothing of how much data there is, of elections that take time, of connections that are lost,
 * or of listeners with different protocols.
 */
import type { Role } from '#model/kubedb';

export interface TlsMaterial {
  /** What the node serves, leaf first, PEM. */
  readonly chain: readonly string[];
  /** The CA certificates it accepts, PEM. */
  readonly trust: readonly string[];
}

/** A node as it runs: what it loaded when it started. Without `tls` it speaks plaintext. */
export interface RunningNode {
  readonly nodeId: number;
  readonly role: Role;
  readonly tls?: TlsMaterial | undefined;
  /** When it started, and connected to the nodes that were there. */
  readonly startedAt: Date;
  /** It has not caught up since it started. */
  readonly isBehind?: boolean | undefined;
}

/** Tells whether one of the trusted certificates vouches for a chain at one instant of a period, whose ends count. */
export type Trusts = (trust: readonly string[], chain: readonly string[], from: Date, until: Date) => boolean;

export interface KafkaModel {
  readonly nodes: readonly RunningNode[];
  /** Node ids of all controllers, running or not. */
  readonly voters: readonly number[];
  readonly trusts: Trusts;
  readonly now: Date;
  /** Node ids of voters that hold the metadata; an empty log wins no election against one of them. Default: all do. */
  readonly upToDate?: readonly number[] | undefined;
}

/** Tells whether two nodes can exchange data. */
export function canTalk(a: RunningNode, b: RunningNode, { trusts, now }: Pick<KafkaModel, 'trusts' | 'now'>): boolean {
  if (a.nodeId === b.nodeId) return true;
  if (a.tls === undefined || b.tls === undefined) return a.tls === b.tls;
  const from = a.startedAt > b.startedAt ? a.startedAt : b.startedAt;
  // The clock may have been set back since.
  const until = now > from ? now : from;
  return trusts(a.tls.trust, b.tls.chain, from, until) && trusts(b.tls.trust, a.tls.chain, from, until);
}

/** Returns the node id of the active controller, or undefined while there is none. */
export function electLeader(model: KafkaModel, previous: number | undefined): number | undefined {
  const majority = Math.floor(model.voters.length / 2) + 1;
  const running = model.nodes.filter((n) => model.voters.includes(n.nodeId));
  const able = running
    .filter((candidate) => running.filter((voter) => canTalk(candidate, voter, model)).length >= majority)
    .map((n) => n.nodeId);
  const upToDate = able.filter((id) => model.upToDate?.includes(id) !== false);
  const candidates = upToDate.length > 0 ? upToDate : able;
  if (previous !== undefined && candidates.includes(previous)) return previous;
  return candidates.length === 0 ? undefined : Math.min(...candidates);
}

/** Tells whether a node is known to the active controller: it fetches from it, or is registered with it. */
export function isConnected(model: KafkaModel, leaderId: number | undefined, nodeId: number): boolean {
  const leader = model.nodes.find((n) => n.nodeId === leaderId);
  const node = model.nodes.find((n) => n.nodeId === nodeId);
  return leader !== undefined && node !== undefined && canTalk(leader, node, model);
}

/** Tells whether the active controller sees a node caught up: a voter that counts, a broker whose replicas may be in sync. */
export function isCaughtUp(model: KafkaModel, leaderId: number | undefined, nodeId: number): boolean {
  if (!isConnected(model, leaderId, nodeId)) return false;
  return nodeId === leaderId || model.nodes.find((n) => n.nodeId === nodeId)?.isBehind !== true;
}

/** Tells whether the pod of a running node is Ready. */
export function isReady(model: KafkaModel, leaderId: number | undefined, node: RunningNode): boolean {
  if (node.role === 'controller') return true;
  if (leaderId === undefined) return node.role === 'combined';
  return isConnected(model, leaderId, node.nodeId);
}

/** What a client brings along: the CA certificates it trusts, or nothing for plaintext, and when it connects. */
export interface ModelClient {
  readonly trust?: readonly string[] | undefined;
  readonly at: Date;
}

/** Returns the brokers that take part in the cluster and that a client can talk to. */
export function servingBrokers(model: KafkaModel, leaderId: number | undefined, client: ModelClient): readonly number[] {
  return model.nodes
    .filter((n) => n.role !== 'controller' && isConnected(model, leaderId, n.nodeId))
    .filter(({ tls }) =>
      tls === undefined || client.trust === undefined ? tls === client.trust : model.trusts(client.trust, tls.chain, client.at, client.at),
    )
    .map((n) => n.nodeId);
}

export interface Partition {
  readonly partition: number;
  readonly leader: number | undefined;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** Returns a partition as it is after the nodes have changed. Without an active controller nothing about it changes. */
export function nextPartition(model: KafkaModel, leaderId: number | undefined, partition: Partition): Partition {
  if (leaderId === undefined) return partition;
  const alive = partition.replicas.filter((id) => isConnected(model, leaderId, id));
  const electable = alive.filter((id) => partition.isr.includes(id));
  const leader = electable.includes(partition.leader ?? -1) ? partition.leader : electable[0];
  if (leader === undefined) return { ...partition, leader };
  const node = (id: number) => model.nodes.find((n) => n.nodeId === id) as RunningNode;
  const isInSync = (id: number) => id === leader || (node(id).isBehind !== true && canTalk(node(leader), node(id), model));
  return { ...partition, leader, isr: alive.filter(isInSync) };
}
