/**
 * The Kafka processes that run in the sandbox's pods, by cluster: who leads, who is ready, how partitions stand. It keeps what the model
 * cannot know from one look: the former leader, the partitions' state, when a voter was last caught up.
 */
import type { KubeObject } from '../../../../constructs/model/kube-object';
import { nodesOf, type Role } from '../../../../constructs/model/kubedb';
import type { Clock } from '../../clock';
import {
  electLeader,
  isConnected,
  isReady,
  type KafkaModel,
  type ModelClient,
  nextPartition,
  type Partition,
  type RunningNode,
  servingBrokers,
} from './model';
import type { Startup } from './startup';
import { trustsChain } from './trust';

/** Kafka's own default of `controller.quorum.fetch.timeout.ms`. */
const FETCH_TIMEOUT_MS = 2000;
/** The topic that KubeDB's health check writes to; the only one there is. */
const HEALTH_TOPIC = 'kafka-health';

/** A running Kafka process. */
export interface KafkaProcess extends RunningNode {
  readonly namespace: string;
  readonly kafka: string;
  readonly pod: string;
  readonly uid: string;
  readonly role: Role;
  readonly startup: Startup;
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

interface Cluster {
  readonly processes: Map<string, KafkaProcess>;
  readonly lastCaughtUp: Map<number, number>;
  voters: readonly number[];
  leaderId: number | undefined;
  partitions: readonly Partition[];
}

export class KafkaProcesses {
  private readonly clusters = new Map<string, Cluster>();
  private readonly listeners: ((namespace: string, kafka: string) => void)[] = [];

  constructor(private readonly clock: Clock) {}

  /** Calls back whenever a process of a cluster has come or gone. */
  onChange(listener: (namespace: string, kafka: string) => void): void {
    this.listeners.push(listener);
  }

  start(process: KafkaProcess): void {
    const cluster = this.cluster(process.namespace, process.kafka);
    this.change(process, cluster, () => cluster.processes.set(process.uid, process));
  }

  stop(process: KafkaProcess): void {
    const cluster = this.cluster(process.namespace, process.kafka);
    this.change(process, cluster, () => cluster.processes.delete(process.uid));
  }

  isReady(process: KafkaProcess): boolean {
    const cluster = this.cluster(process.namespace, process.kafka);
    return isReady(modelOf(cluster), cluster.leaderId, process);
  }

  /** Looks at a Kafka the way KubeDB's health check does. */
  health(kafka: KubeObject, client: ModelClient): Health {
    const cluster = this.cluster(kafka.metadata.namespace ?? '', kafka.metadata.name);
    const serving = servingBrokers(modelOf(cluster), cluster.leaderId, client);
    const expected = nodesOf(kafka).filter((n) => n.role !== 'controller');
    return { isAccepting: serving.length > 0, isComplete: expected.every((n) => serving.includes(n.nodeId)) };
  }

  /** Returns what Kafka would say of itself, or undefined when nothing of it runs. */
  facts(namespace: string, kafka: string): KafkaFacts | undefined {
    const cluster = this.clusters.get(`${namespace}/${kafka}`);
    if (cluster === undefined || cluster.processes.size === 0) return undefined;
    const model = modelOf(cluster);
    const caughtUp = (id: number) => (isConnected(model, cluster.leaderId, id) ? this.clock.now().getTime() : cluster.lastCaughtUp.get(id));
    return {
      quorum: {
        leaderId: cluster.leaderId,
        voters: cluster.voters.map((nodeId) => ({ nodeId, lastCaughtUpMs: caughtUp(nodeId) })),
        fetchTimeoutMs: FETCH_TIMEOUT_MS,
      },
      topics: [{ name: HEALTH_TOPIC, minInsyncReplicas: minInsyncReplicas(cluster.partitions), partitions: cluster.partitions }],
    };
  }

  private change({ namespace, kafka }: KafkaProcess, cluster: Cluster, change: () => void): void {
    const before = modelOf(cluster);
    for (const id of cluster.voters)
      if (isConnected(before, cluster.leaderId, id)) cluster.lastCaughtUp.set(id, this.clock.now().getTime());
    change();
    const running = [...cluster.processes.values()];
    if (running.length > 0) cluster.voters = running.at(-1)?.startup.voters ?? [];
    const model = modelOf(cluster);
    cluster.leaderId = electLeader(model, cluster.leaderId);
    const known = withBrokers(cluster.partitions, running);
    cluster.partitions = known.map((p) => nextPartition(model, cluster.leaderId, p));
    for (const tell of this.listeners) tell(namespace, kafka);
  }

  private cluster(namespace: string, kafka: string): Cluster {
    const key = `${namespace}/${kafka}`;
    let cluster = this.clusters.get(key);
    if (cluster === undefined) {
      cluster = { processes: new Map(), lastCaughtUp: new Map(), voters: [], leaderId: undefined, partitions: [] };
      this.clusters.set(key, cluster);
    }
    return cluster;
  }
}

function modelOf({ processes, voters }: Cluster): KafkaModel {
  // Of a pod and its successor, the later one counts.
  const byId = new Map([...processes.values()].map((p) => [p.nodeId, p]));
  return { nodes: [...byId.values()], voters, trusts: trustsChain };
}

const REPLICATION = 3;

/** One partition a broker that was ever seen, each with up to three replicas. */
function withBrokers(partitions: readonly Partition[], running: readonly KafkaProcess[]): readonly Partition[] {
  const known = new Set(partitions.flatMap((p) => p.replicas));
  for (const { role, nodeId } of running) if (role !== 'controller') known.add(nodeId);
  const brokers = [...known].sort((a, b) => a - b);
  if (brokers.length === partitions.length) return partitions;
  return brokers.map((_, partition) => {
    const replicas = Array.from(
      { length: Math.min(REPLICATION, brokers.length) },
      (_x, i) => brokers[(partition + i) % brokers.length] as number,
    );
    return { partition, replicas, leader: undefined, isr: replicas };
  });
}

function minInsyncReplicas(partitions: readonly Partition[]): number {
  return Math.max(1, (partitions[0]?.replicas.length ?? 1) - 1);
}
