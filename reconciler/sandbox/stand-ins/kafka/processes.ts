/**
 * The Kafka processes in the sandbox's pods, by cluster: which controller leads, which nodes are ready, the state of partitions. It keeps what
 * the model cannot derive from the running nodes: the previous leader, the state of partitions, when a voter was last caught up.
 */
import type { Context } from '../context';
import type { Kafka } from '../kinds';
import { nodesOf } from '../kubedb/layout';
import { type Beliefs, heard, isAcknowledged } from './acknowledgement';
import {
  type Copies,
  electLeader,
  forgotten,
  isCaughtUp,
  isConnected,
  isReady,
  type KafkaModel,
  type ModelClient,
  NO_DATA,
  nextPartition,
  type Partition,
  type RunningNode,
  replicated,
  servingBrokers,
  withEmptyDisk,
} from './model';
import type { Startup } from './startup';
import { isValidAt, nextBeginning, trustsChain } from './trust';

/** Kafka's default of `controller.quorum.fetch.timeout.ms`. */
const FETCH_TIMEOUT_MS = 2000;
/** A timer of Node.js lasts 24 days at most. */
const A_DAY_MS = 86_400_000;
const REPLICATION = 3;
/** Kafka's topic of consumer offsets and the topic of KubeDB's health check, with their number of partitions per broker. */
const TOPICS = { __consumer_offsets: 2, 'kafka-health': 1 } as const;

/** A running Kafka process. */
export interface KafkaProcess extends RunningNode {
  readonly namespace: string;
  readonly kafka: string;
  readonly pod: string;
  readonly uid: string;
  readonly startup: Startup;
  /** Its disk is deleted with its pod. */
  readonly isEphemeral: boolean;
}

/** How often data was lost: the metadata of the cluster, and single partitions. */
export interface DataLosses {
  readonly metadata: number;
  readonly partitions: number;
}

/** What Kafka itself would report about a cluster. */
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

/** The result of a health check. */
export interface Health {
  /** A client with the configuration of the Kafka's spec can use the cluster. */
  readonly isAccepting: boolean;
  /** The client can use every broker. */
  readonly isComplete: boolean;
}

interface StoredPartition extends Partition {
  readonly copies: Copies;
  readonly beliefs: Beliefs;
}

interface Cluster {
  /** By uid of the pod. */
  readonly processes: Map<string, KafkaProcess>;
  /** Uids of processes that have not caught up since their start. */
  readonly behind: Set<string>;
  /** Uids of processes with the fault `behind`. */
  readonly lagging: Set<string>;
  readonly lastCaughtUp: Map<number, number>;
  /** Node ids of brokers that hand their partitions over. */
  readonly ending: Set<number>;
  /** Uid of the pod whose disk a node has, by node id. */
  readonly disks: Map<number, string>;
  /** When a certificate becomes valid next. */
  wakesAtMs?: number | undefined;
  /** Who holds the metadata. */
  metadata: Copies;
  voters: readonly number[];
  leaderId?: number | undefined;
  topics: readonly { readonly name: keyof typeof TOPICS; readonly partitions: readonly StoredPartition[] }[];
}

type KafkaName = Pick<KafkaProcess, 'namespace' | 'kafka'>;

export class KafkaProcesses {
  private readonly clusters = new Map<string, Cluster>();
  private readonly listeners: ((namespace: string, kafka: string) => void)[] = [];

  constructor(private readonly context: Pick<Context, 'clock' | 'timing' | 'signal'>) {}

  /** Calls back after every change of a cluster. */
  onChange(listener: (namespace: string, kafka: string) => void): void {
    this.listeners.push(listener);
  }

  start(process: KafkaProcess): void {
    const { catchUpMs } = this.context.timing;
    this.change(process, (cluster) => {
      if (process.isEphemeral && cluster.disks.get(process.nodeId) !== process.uid) emptyDisk(cluster, process.nodeId);
      cluster.disks.set(process.nodeId, process.uid);
      cluster.processes.set(process.uid, process);
      if (catchUpMs > 0) cluster.behind.add(process.uid);
    });
    if (catchUpMs > 0) this.after(catchUpMs, process, (cluster) => cluster.behind.delete(process.uid));
  }

  /** A node that ends in order first hands its partitions over, while its vote still counts. */
  stop(process: KafkaProcess, { isInOrder = false } = {}): void {
    if (isInOrder) this.change(process, ({ ending }) => ending.add(process.nodeId));
    this.cluster(process).ending.delete(process.nodeId);
    this.change(process, ({ processes, behind, lagging }) => {
      for (const uids of [processes, behind, lagging]) uids.delete(process.uid);
    });
  }

  /** A process has loaded other certificates while it runs. */
  reload(process: KafkaProcess): void {
    this.change(process, ({ processes }) => processes.set(process.uid, process));
  }

  /** Tells whether a process can connect to the active controller. */
  isConnected(process: KafkaProcess): boolean {
    const cluster = this.cluster(process);
    return isConnected(this.modelOf(cluster), cluster.leaderId, process.nodeId);
  }

  /** Makes a process fall behind, or catch up again. */
  lag(process: KafkaProcess, isLagging: boolean): void {
    if (this.cluster(process).lagging.has(process.uid) === isLagging) return;
    this.change(process, ({ lagging }) => (isLagging ? lagging.add(process.uid) : lagging.delete(process.uid)));
  }

  isReady(process: KafkaProcess): boolean {
    const cluster = this.cluster(process);
    return isReady(this.modelOf(cluster), cluster.leaderId, process);
  }

  /** Checks a Kafka as KubeDB does. KubeDB is written in Go, where an expired root is not trusted. */
  health(kafka: Kafka, trust: ModelClient['trust']): Health {
    const { name, namespace = '' } = kafka.metadata;
    const cluster = this.cluster({ namespace, kafka: name });
    const at = this.context.clock.now();
    // After the clock was set back, a running process may serve a certificate that is not yet valid.
    this.wakeWhenValid({ namespace, kafka: name }, cluster);
    const serving = servingBrokers(this.modelOf(cluster), cluster.leaderId, { trust: trust?.filter((pem) => isValidAt(pem, at)), at });
    const expected = nodesOf(kafka).filter((n) => n.role !== 'controller');
    return { isAccepting: serving.length > 0, isComplete: expected.every((n) => serving.includes(n.nodeId)) };
  }

  losses(namespace: string, kafka: string): DataLosses {
    const { metadata, topics } = this.cluster({ namespace, kafka });
    const partitions = topics.flatMap((t) => t.partitions.map((p) => p.copies.losses));
    return { metadata: metadata.losses, partitions: partitions.reduce((sum, n) => sum + n, 0) };
  }

  /** Returns what Kafka would report, or undefined if no process runs. */
  facts(namespace: string, kafka: string): KafkaFacts | undefined {
    const cluster = this.clusters.get(`${namespace}/${kafka}`);
    if (cluster === undefined || cluster.processes.size === 0) return undefined;
    const { leaderId, lastCaughtUp, voters, topics } = cluster;
    const model = this.modelOf(cluster);
    const caughtUp = (id: number) => (isCaughtUp(model, leaderId, id) ? model.now.getTime() : lastCaughtUp.get(id));
    return {
      quorum: {
        leaderId,
        voters: voters.map((nodeId) => ({ nodeId, lastCaughtUpMs: caughtUp(nodeId) })),
        fetchTimeoutMs: FETCH_TIMEOUT_MS,
      },
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ copies: _, beliefs: __, ...partition }) => partition),
        minInsyncReplicas: minInsyncReplicas(partitions),
      })),
    };
  }

  /** Tells whether producers with acks=all get an answer for every partition. */
  acknowledges(namespace: string, kafka: string): boolean {
    const cluster = this.cluster({ namespace, kafka });
    const model = this.modelOf(cluster);
    return cluster.topics.every(({ partitions }) =>
      partitions.every((p) => isAcknowledged(p.beliefs, model, minInsyncReplicas(partitions))),
    );
  }

  /** Changes a cluster, and derives the leader, the holders of the metadata and the state of the partitions. */
  private change(name: KafkaName, change: (cluster: Cluster) => unknown): void {
    const cluster = this.cluster(name);
    const before = this.modelOf(cluster);
    for (const id of cluster.voters) if (isCaughtUp(before, cluster.leaderId, id)) cluster.lastCaughtUp.set(id, before.now.getTime());
    change(cluster);
    const running = [...cluster.processes.values()];
    cluster.voters = running.at(-1)?.startup.voters ?? cluster.voters;
    const model = this.modelOf(cluster);
    const leaderId = electLeader({ ...model, upToDate: cluster.metadata.holders }, cluster.leaderId);
    cluster.leaderId = leaderId;
    const lossesBefore = cluster.metadata.losses;
    const inSync = cluster.voters.filter((id) => isCaughtUp(model, leaderId, id));
    cluster.metadata = replicated(cluster.metadata, leaderId, inSync);
    const isForgotten = cluster.metadata.losses > lossesBefore;
    cluster.topics = cluster.topics.map(({ name: topic, partitions }) => ({
      name: topic,
      partitions: withBrokers(partitions, running, TOPICS[topic]).map((partition) => {
        const next = nextPartition(model, leaderId, partition, cluster.ending);
        const copies = isForgotten ? forgotten(partition.copies) : partition.copies;
        const beliefs = heard(partition.beliefs, model, leaderId, next);
        return { ...next, beliefs, copies: replicated(copies, leaderId === undefined ? undefined : next.leader, next.isr) };
      }),
    }));
    this.wakeWhenValid(name, cluster);
    for (const notify of this.listeners) notify(name.namespace, name.kafka);
  }

  private modelOf({ processes, behind, lagging, voters }: Cluster): KafkaModel {
    // Of a pod and its successor, the later one counts.
    const byId = new Map([...processes.values()].map((p) => [p.nodeId, { ...p, isBehind: behind.has(p.uid) || lagging.has(p.uid) }]));
    return { nodes: [...byId.values()], voters, trusts: trustsChain, now: this.context.clock.now() };
  }

  /** Nodes try again and again to connect: a certificate that is not yet valid separates them only until it is. */
  private wakeWhenValid(name: KafkaName, cluster: Cluster): void {
    const now = this.context.clock.now();
    const chains = [...cluster.processes.values()].flatMap((p) => p.tls?.chain ?? []);
    const next = nextBeginning(chains, now);
    if (next === undefined || next === cluster.wakesAtMs) return;
    cluster.wakesAtMs = next;
    this.after(Math.min(next - now.getTime(), A_DAY_MS), name, () => {
      cluster.wakesAtMs = undefined;
    });
  }

  /** Changes a cluster after a time, unless the sandbox has ended. */
  private after(ms: number, name: KafkaName, change: (cluster: Cluster) => unknown): void {
    const { clock, signal } = this.context;
    clock.sleep(ms, signal).then(
      () => this.change(name, change),
      () => {}, // the sandbox has ended
    );
  }

  private cluster({ namespace, kafka }: KafkaName): Cluster {
    const key = `${namespace}/${kafka}`;
    const cluster = this.clusters.get(key) ?? newCluster();
    this.clusters.set(key, cluster);
    return cluster;
  }
}

function newCluster(): Cluster {
  return {
    processes: new Map(),
    behind: new Set(),
    lagging: new Set(),
    lastCaughtUp: new Map(),
    ending: new Set(),
    disks: new Map(),
    metadata: NO_DATA,
    voters: [],
    topics: (Object.keys(TOPICS) as (keyof typeof TOPICS)[]).map((name) => ({ name, partitions: [] })),
  };
}

function emptyDisk(cluster: Cluster, nodeId: number): void {
  cluster.metadata = withEmptyDisk(cluster.metadata, nodeId);
  cluster.topics = cluster.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((p) => ({ ...p, copies: withEmptyDisk(p.copies, nodeId) })),
  }));
}

/** Returns the partitions of a topic after brokers were added, each with up to three replicas. Brokers never leave. */
function withBrokers(
  partitions: readonly StoredPartition[],
  running: readonly KafkaProcess[],
  perBroker: number,
): readonly StoredPartition[] {
  const known = new Set(partitions.flatMap((p) => p.replicas));
  for (const { role, nodeId } of running) if (role !== 'controller') known.add(nodeId);
  const brokers = [...known].sort((a, b) => a - b);
  const count = brokers.length * perBroker;
  if (count === partitions.length) return partitions;
  return Array.from({ length: count }, (_, partition) => {
    const turned = brokers.map((_id, i) => brokers[(partition + i) % brokers.length] as number);
    const replicas = turned.slice(0, REPLICATION);
    return {
      partition,
      replicas,
      leader: undefined,
      isr: replicas,
      beliefs: new Map(),
      copies: { losses: partitions[partition]?.copies.losses ?? 0 },
    };
  });
}

/** One replica may be unavailable. A partition with a single replica needs it, and no gate asks for more. */
function minInsyncReplicas(partitions: readonly Partition[]): number {
  return Math.max(1, (partitions[0]?.replicas.length ?? 1) - 1);
}
