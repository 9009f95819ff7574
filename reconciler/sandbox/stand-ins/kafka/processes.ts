/**
 * The Kafka processes that run in the sandbox's pods, by cluster: who leads, who is ready, how partitions stand. It keeps what the model
 * cannot know from one look: the former leader, the partitions' state, when a voter was last caught up.
 */
import type { KubeObject } from '#model/kube-object';
import { nodesOf, type Role } from '#model/kubedb';
import type { Clock } from '#reconciler/sandbox/clock';
import { type Copies, forgotten, NO_DATA, replicated, withEmptyDisk } from './copies';
import {
  electLeader,
  isCaughtUp,
  isReady,
  type KafkaModel,
  type ModelClient,
  nextPartition,
  type Partition,
  type RunningNode,
  servingBrokers,
} from './model';
import type { Startup } from './startup';
import { holds, nextBeginning, trustsChain } from './trust';

/** Kafka's own default of `controller.quorum.fetch.timeout.ms`. */
const FETCH_TIMEOUT_MS = 2000;
/** Timers of Node.js hold no more than 24 days. */
const A_DAY_MS = 86_400_000;
/** The offsets of consumers, and what KubeDB's health check writes to; how many partitions each has a broker. */
const TOPICS = { __consumer_offsets: 2, 'kafka-health': 1 } as const;

/** A running Kafka process. */
export interface KafkaProcess extends RunningNode {
  readonly namespace: string;
  readonly kafka: string;
  readonly pod: string;
  readonly uid: string;
  readonly role: Role;
  readonly startup: Startup;
  /** Its disk is deleted with its pod. */
  readonly isEphemeral: boolean;
}

/** How often data was lost: the metadata of the whole cluster, and single partitions. */
export interface DataLosses {
  readonly metadata: number;
  readonly partitions: number;
}

/** What Kafka itself would say about a cluster. */
export interface KafkaFacts {
  readonly quorum: {
    readonly leaderId: number | undefined;
    readonly voters: readonly { readonly nodeId: number; readonly lastCaughtUpMs: number | undefined }[];
    readonly fetchTimeoutMs: number;
  };
  readonly topics: readonly {
    readonly name: string;
    readonly minInsyncReplicas: number | undefined;
    readonly partitions: readonly Partition[];
  }[];
}

/** What a health check finds. */
export interface Health {
  /** A client that is configured as the Kafka's spec says can use it. */
  readonly isAccepting: boolean;
  /** And that through every broker. */
  readonly isComplete: boolean;
}

type KafkaName = Pick<KafkaProcess, 'namespace' | 'kafka'>;

interface Cluster {
  readonly processes: Map<string, KafkaProcess>;
  /** Processes that have not caught up since they started, and how to stop waiting for it. */
  readonly behind: Map<string, AbortController>;
  /** Processes that fall behind on demand. */
  readonly lagging: Set<string>;
  /** Stops waiting for a certificate that is not yet valid. */
  lookingAgain: AbortController | undefined;
  readonly lastCaughtUp: Map<number, number>;
  /** The pod whose disk a node has, by node id. */
  readonly disks: Map<number, string>;
  /** Who holds the metadata. */
  metadata: Copies;
  voters: readonly number[];
  leaderId: number | undefined;
  topics: readonly Topic[];
}

interface Topic {
  readonly name: keyof typeof TOPICS;
  readonly partitions: readonly StoredPartition[];
}

interface StoredPartition extends Partition {
  readonly copies: Copies;
}

export class KafkaProcesses {
  private readonly clusters = new Map<string, Cluster>();
  private readonly listeners: ((namespace: string, kafka: string) => void)[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly catchUpMs: number,
  ) {}

  /** Calls back whenever a process of a cluster has come or gone. */
  onChange(listener: (namespace: string, kafka: string) => void): void {
    this.listeners.push(listener);
  }

  start(process: KafkaProcess): void {
    const cluster = this.cluster(process.namespace, process.kafka);
    const waiting = new AbortController();
    this.change(process, cluster, () => {
      if (process.isEphemeral && cluster.disks.get(process.nodeId) !== process.uid) emptyDisk(cluster, process.nodeId);
      cluster.disks.set(process.nodeId, process.uid);
      cluster.processes.set(process.uid, process);
      if (this.catchUpMs > 0) cluster.behind.set(process.uid, waiting);
    });
    if (this.catchUpMs <= 0) return;
    const caughtUp = () => this.change(process, cluster, () => cluster.behind.delete(process.uid));
    this.clock.sleep(this.catchUpMs, waiting.signal).then(caughtUp, () => {}); // it ended before
  }

  stop(process: KafkaProcess): void {
    const cluster = this.cluster(process.namespace, process.kafka);
    cluster.behind.get(process.uid)?.abort();
    this.change(process, cluster, () => {
      cluster.processes.delete(process.uid);
      cluster.behind.delete(process.uid);
      cluster.lagging.delete(process.uid);
    });
  }

  /** Lets a process fall behind, or catch up again. */
  lag(process: KafkaProcess, isLagging: boolean): void {
    const cluster = this.cluster(process.namespace, process.kafka);
    if (cluster.lagging.has(process.uid) === isLagging) return;
    this.change(process, cluster, () => (isLagging ? cluster.lagging.add(process.uid) : cluster.lagging.delete(process.uid)));
  }

  isReady(process: KafkaProcess): boolean {
    const cluster = this.cluster(process.namespace, process.kafka);
    return isReady(this.modelOf(cluster), cluster.leaderId, process);
  }

  /** Looks at a Kafka the way KubeDB's health check does: in Go, where a root that has expired vouches for nothing. */
  health(kafka: KubeObject, trust: ModelClient['trust']): Health {
    const cluster = this.cluster(kafka.metadata.namespace ?? '', kafka.metadata.name);
    const at = this.clock.now();
    const serving = servingBrokers(this.modelOf(cluster), cluster.leaderId, { trust: trust?.filter((pem) => holds(pem, at)), at });
    const expected = nodesOf(kafka).filter((n) => n.role !== 'controller');
    return { isAccepting: serving.length > 0, isComplete: expected.every((n) => serving.includes(n.nodeId)) };
  }

  /** Returns how often a Kafka has lost data. */
  losses(namespace: string, kafka: string): DataLosses {
    const { metadata, topics } = this.cluster(namespace, kafka);
    const partitions = topics.flatMap((t) => t.partitions.map((p) => p.copies.losses));
    return { metadata: metadata.losses, partitions: partitions.reduce((sum, n) => sum + n, 0) };
  }

  /** Returns what Kafka would say of itself, or undefined when nothing of it runs. */
  facts(namespace: string, kafka: string): KafkaFacts | undefined {
    const cluster = this.clusters.get(`${namespace}/${kafka}`);
    if (cluster === undefined || cluster.processes.size === 0) return undefined;
    const model = this.modelOf(cluster);
    const caughtUp = (id: number) => (isCaughtUp(model, cluster.leaderId, id) ? this.clock.now().getTime() : cluster.lastCaughtUp.get(id));
    return {
      quorum: {
        leaderId: cluster.leaderId,
        voters: cluster.voters.map((nodeId) => ({ nodeId, lastCaughtUpMs: caughtUp(nodeId) })),
        fetchTimeoutMs: FETCH_TIMEOUT_MS,
      },
      topics: cluster.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ copies: _, ...partition }) => partition),
        minInsyncReplicas: minInsyncReplicas(partitions),
      })),
    };
  }

  private change({ namespace, kafka }: KafkaName, cluster: Cluster, change: () => void): void {
    const before = this.modelOf(cluster);
    for (const id of cluster.voters) if (isCaughtUp(before, cluster.leaderId, id)) cluster.lastCaughtUp.set(id, this.clock.now().getTime());
    change();
    const running = [...cluster.processes.values()];
    if (running.length > 0) cluster.voters = running.at(-1)?.startup.voters ?? [];
    const model = this.modelOf(cluster);
    cluster.leaderId = electLeader({ ...model, upToDate: cluster.metadata.holders }, cluster.leaderId);
    const { metadata } = cluster;
    cluster.metadata = replicated(
      metadata,
      cluster.leaderId,
      cluster.voters.filter((id) => isCaughtUp(model, cluster.leaderId, id)),
    );
    const isForgotten = cluster.metadata.losses > metadata.losses;
    cluster.topics = cluster.topics.map(({ name, partitions }) => {
      const known = withBrokers(partitions, running, TOPICS[name]);
      return {
        name,
        partitions: known.map((p) => stored(isForgotten ? { ...p, copies: forgotten(p.copies) } : p, model, cluster.leaderId)),
      };
    });
    this.lookAgain({ namespace, kafka }, cluster);
    for (const tell of this.listeners) tell(namespace, kafka);
  }

  private modelOf({ processes, behind, lagging, voters }: Cluster): KafkaModel {
    // Of a pod and its successor, the later one counts.
    const byId = new Map([...processes.values()].map((p) => [p.nodeId, { ...p, isBehind: behind.has(p.uid) || lagging.has(p.uid) }]));
    return { nodes: [...byId.values()], voters, trusts: trustsChain, now: this.clock.now() };
  }

  /** Nodes go on connecting: what a certificate that is not yet valid keeps apart comes together when it is. */
  private lookAgain(some: KafkaName, cluster: Cluster): void {
    cluster.lookingAgain?.abort();
    cluster.lookingAgain = undefined;
    const now = this.clock.now();
    const next = nextBeginning(
      [...cluster.processes.values()].flatMap((p) => p.tls?.chain ?? []),
      now,
    );
    if (next === undefined) return;
    cluster.lookingAgain = new AbortController();
    const again = () => this.change(some, cluster, () => {});
    this.clock.sleep(Math.min(next - now.getTime(), A_DAY_MS), cluster.lookingAgain.signal).then(again, () => {}); // the nodes changed before
  }

  private cluster(namespace: string, kafka: string): Cluster {
    const key = `${namespace}/${kafka}`;
    let cluster = this.clusters.get(key);
    if (cluster === undefined) {
      const topics = (Object.keys(TOPICS) as (keyof typeof TOPICS)[]).map((name) => ({ name, partitions: [] }));
      cluster = {
        processes: new Map(),
        behind: new Map(),
        lagging: new Set(),
        lookingAgain: undefined,
        lastCaughtUp: new Map(),
        disks: new Map(),
        metadata: NO_DATA,
        voters: [],
        leaderId: undefined,
        topics,
      };
      this.clusters.set(key, cluster);
    }
    return cluster;
  }
}

/** Returns a partition after the nodes have changed, and who holds its data then. */
function stored(partition: StoredPartition, model: KafkaModel, leaderId: number | undefined): StoredPartition {
  const next = nextPartition(model, leaderId, partition);
  return { ...next, copies: replicated(partition.copies, leaderId === undefined ? undefined : next.leader, next.isr) };
}

function emptyDisk(cluster: Cluster, nodeId: number): void {
  cluster.metadata = withEmptyDisk(cluster.metadata, nodeId);
  cluster.topics = cluster.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((p) => ({ ...p, copies: withEmptyDisk(p.copies, nodeId) })),
  }));
}

const REPLICATION = 3;

/** As many partitions as asked for a broker that was ever seen, each with up to three replicas. */
function withBrokers(
  partitions: readonly StoredPartition[],
  running: readonly KafkaProcess[],
  perBroker: number,
): readonly StoredPartition[] {
  const known = new Set(partitions.flatMap((p) => p.replicas));
  for (const { role, nodeId } of running) if (role !== 'controller') known.add(nodeId);
  const brokers = [...known].sort((a, b) => a - b);
  if (brokers.length * perBroker === partitions.length) return partitions;
  return Array.from({ length: brokers.length * perBroker }, (_, partition) => {
    const replicas = Array.from(
      { length: Math.min(REPLICATION, brokers.length) },
      (_x, i) => brokers[(partition + i) % brokers.length] as number,
    );
    return { partition, replicas, leader: undefined, isr: replicas, copies: { losses: partitions[partition]?.copies.losses ?? 0 } };
  });
}

/** One replica may be away; with a single one none may, and no gate asks for it. */
function minInsyncReplicas(partitions: readonly Partition[]): number {
  return Math.max(1, (partitions[0]?.replicas.length ?? 1) - 1);
}
