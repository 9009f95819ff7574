/**
 * Which Kafka nodes can connect to each other, and what follows from that. Pure: from the running nodes it derives the leader, the readiness of
 * nodes and the state of partitions.
 *
 *   two nodes connect     if both speak plaintext; or if both speak TLS and each accepts the chain of the other at one instant since the start
 *                         of the later one. Nodes try again until they succeed, so a chain that is not yet valid is accepted once it is. An
 *                         existing connection outlives the chain
 *   a controller leads    if a majority of the voters can connect to it. A leader stays as long as that holds; then the lowest id follows
 *   a voter without data  leads only if no voter with the metadata can
 *   a node is ready       if it is a controller, as soon as it listens; if it is a broker or combined, once it can connect to the leader
 *   a node is caught up   a while after its start; the leader always is
 *   a replica is in sync  if its broker is caught up and can connect to the active controller and to the partition's leader
 *   acks=all is answered  by a broker that believes to lead a partition, if it reaches every replica that it believes to be in sync. It
 *                         believes what a controller told it last (`acknowledgement.ts`)
 *
 * Without a leader, combined nodes are ready as soon as they listen. If each of them waited for a quorum, none would ever form.
 *
 * The model leaves out the amount of data, the duration of elections, lost connections, and listeners with different protocols.
 */
import type { Role } from '../kubedb/layout';

export interface TlsMaterial {
  /** The chain that the node serves, leaf first, in PEM. */
  readonly chain: readonly string[];
  /** The CA certificates that it trusts, in PEM. */
  readonly trust: readonly string[];
}

/** A running node with what it loaded at its start. Without `tls` it speaks plaintext. */
export interface RunningNode {
  readonly nodeId: number;
  readonly role: Role;
  readonly tls?: TlsMaterial | undefined;
  /** When it started, and connected to the running nodes. */
  readonly startedAt: Date;
  /** It has not caught up since its start. */
  readonly isBehind?: boolean | undefined;
}

/** Tells whether a trust store accepts a chain at one instant of a period, including its ends. */
export type Trusts = (trust: readonly string[], chain: readonly string[], from: Date, until: Date) => boolean;

export interface KafkaModel {
  readonly nodes: readonly RunningNode[];
  /** Node ids of all controllers, running or not. */
  readonly voters: readonly number[];
  readonly trusts: Trusts;
  readonly now: Date;
  /** Node ids of the voters that hold the metadata. A voter with an empty log wins no election against them. Default: all voters. */
  readonly upToDate?: readonly number[] | undefined;
}

/** Tells whether two nodes can connect to each other. */
export function canConnect(a: RunningNode, b: RunningNode, { trusts, now }: Pick<KafkaModel, 'trusts' | 'now'>): boolean {
  if (a.nodeId === b.nodeId) return true;
  if (a.tls === undefined || b.tls === undefined) return a.tls === b.tls;
  const from = a.startedAt > b.startedAt ? a.startedAt : b.startedAt;
  // The clock may have been set back meanwhile.
  const until = now > from ? now : from;
  return trusts(a.tls.trust, b.tls.chain, from, until) && trusts(b.tls.trust, a.tls.chain, from, until);
}

/** Returns the node id of the active controller, or undefined if there is none. */
export function electLeader(model: KafkaModel, previous: number | undefined): number | undefined {
  const majority = Math.floor(model.voters.length / 2) + 1;
  const running = model.nodes.filter((n) => model.voters.includes(n.nodeId));
  const able = running
    .filter((candidate) => running.filter((voter) => canConnect(candidate, voter, model)).length >= majority)
    .map((n) => n.nodeId);
  const upToDate = able.filter((id) => model.upToDate?.includes(id) !== false);
  const candidates = upToDate.length > 0 ? upToDate : able;
  if (previous !== undefined && candidates.includes(previous)) return previous;
  return candidates.length === 0 ? undefined : Math.min(...candidates);
}

/** Tells whether a node can connect to the active controller, to fetch from it or to be registered with it. */
export function isConnected(model: KafkaModel, leaderId: number | undefined, nodeId: number): boolean {
  const leader = model.nodes.find((n) => n.nodeId === leaderId);
  const node = model.nodes.find((n) => n.nodeId === nodeId);
  return leader !== undefined && node !== undefined && canConnect(leader, node, model);
}

/** Tells whether a node is caught up: a voter then counts, and a broker's replicas may be in sync. */
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

/** A client: the CA certificates that it trusts, or undefined for plaintext, and when it connects. */
export interface ModelClient {
  readonly trust?: readonly string[] | undefined;
  readonly at: Date;
}

/** Returns the brokers that take part in the cluster and that a client can connect to. */
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

/**
 * Returns a partition after the nodes have changed. Without an active controller it stays as it is. A controller that hears of no replica
 * removes one after the other, and the last one stays in the ISR: only this one can lead again. It may be any; here it is the last in order.
 */
export function nextPartition(
  model: KafkaModel,
  leaderId: number | undefined,
  partition: Partition,
  ending: ReadonlySet<number> = new Set(),
): Partition {
  if (leaderId === undefined) return partition;
  const alive = partition.replicas.filter((id) => !ending.has(id) && isConnected(model, leaderId, id));
  if (alive.length === 0) return { ...partition, leader: undefined, isr: partition.isr.slice(-1) };
  const electable = alive.filter((id) => partition.isr.includes(id));
  const leader = electable.includes(partition.leader ?? -1) ? partition.leader : electable[0];
  if (leader === undefined) return { ...partition, leader };
  const node = (id: number) => model.nodes.find((n) => n.nodeId === id) as RunningNode;
  const isInSync = (id: number) => id === leader || (node(id).isBehind !== true && canConnect(node(leader), node(id), model));
  return { ...partition, leader, isr: alive.filter(isInSync) };
}

/**
 * The nodes that hold the data of a replicated log: of a partition, or of the quorum's metadata.
 *
 *   a node with an emptied disk  holds no data until it is in sync with the leader again
 *   a leader without data        makes its followers truncate their logs: the data is lost
 */
export interface Copies {
  /** Node ids. Absent: nothing was written yet. */
  readonly holders?: readonly number[];
  /** How often the data was lost. */
  readonly losses: number;
}

export const NO_DATA: Copies = { losses: 0 };

/** Returns the copies after a node started with an empty disk. */
export function withEmptyDisk(copies: Copies, nodeId: number): Copies {
  return copies.holders === undefined ? copies : { ...copies, holders: copies.holders.filter((id) => id !== nodeId) };
}

/** Returns the copies after the replicas in sync have fetched from their leader. Without a leader they fetch nothing. */
export function replicated(copies: Copies, leader: number | undefined, inSync: readonly number[]): Copies {
  const { holders, losses } = copies;
  if (leader === undefined) return copies;
  if (holders === undefined) return { holders: inSync, losses };
  if (!holders.includes(leader)) return { holders: inSync, losses: losses + 1 };
  return { holders: [...new Set([...holders, ...inSync])], losses };
}

/** Returns the copies of a partition after the loss of the metadata that names it. */
export function forgotten({ holders, losses }: Copies): Copies {
  return { losses: holders === undefined ? losses : losses + 1 };
}
