/**
 * One conversation with one broker: the state of all partitions, and what the controllers report of their quorum.
 *
 * 1. Metadata of all topics, and the broker's `controller.quorum.fetch.timeout.ms`.
 * 2. `min.insync.replicas` of each topic, and DescribeQuorum, which the broker forwards to the active controller (in KRaft, `controllerId` of
 *    Metadata is any broker). DescribeQuorum comes late, since a connection answers in order and this request waits for controllers.
 * 3. Metadata again, right behind it: a broker that stood still answers the first request from an old copy, and may have caught up when the
 *    leader is asked. The broker answers this request only after DescribeQuorum, although it is sent at once.
 *
 * Requests are sent at once where they can be: an answer takes a broker less time than its way through a cluster.
 *
 * Every broker can answer all of it, so no advertised address is ever followed. A broker whose own copy of the metadata lags behind the
 * leader's is not believed. If the controllers do not answer, this broker knows of no leader. Kafka omits topics that the user may not
 * see; KubeDB's own user sees all of them.
 */
import type * as Kafka from '@platformatic/kafka';
import type { KafkaFacts, PartitionFacts, QuorumFacts } from '../model/observation';
import { BrokerProblem } from './broker-problem';
import type { Library, Use } from './kafka-connection';

const FETCH_TIMEOUT_KEY = 'controller.quorum.fetch.timeout.ms';
/** Kafka's default of it. */
const FETCH_TIMEOUT_MS = 2_000;
const MIN_ISR_KEY = 'min.insync.replicas';

/** Returns what asks a broker for its facts. */
export function factsOf(nodeId: number): Use<KafkaFacts> {
  return (library, connection) => new Conversation(library, connection, nodeId).facts();
}

const METADATA_TOPIC = '__cluster_metadata';
/** The controllers were not reached, or none of them leads. */
const LEADERLESS = ['NOT_LEADER_OR_FOLLOWER', 'NOT_CONTROLLER', 'BROKER_NOT_AVAILABLE', 'REQUEST_TIMED_OUT'];

class Conversation {
  constructor(
    private readonly library: Library,
    private readonly connection: Kafka.Connection,
    private readonly nodeId: number,
  ) {}

  async facts(): Promise<KafkaFacts> {
    const [first, fetchTimeoutMs] = await Promise.all([this.topics(), this.fetchTimeout()]);
    const answers = Promise.all([this.minimums(first.map((t) => t.name)), this.quorum(fetchTimeoutMs)]);
    const later = this.topics();
    later.catch(() => undefined); // without a leader it is not used
    const [minimums, quorum] = await answers;
    // A request that controllers did not answer blocks the connection.
    const topics = quorum.leaderId === undefined ? first : await later;
    return {
      quorum,
      topics: topics
        // A topic that was deleted after the first request has no settings.
        .filter(({ name }) => minimums.has(name))
        .map(({ name, partitions }) => ({
          name,
          minInsyncReplicas: minimums.get(name),
          partitions: partitions.map(partitionFacts).sort((a, b) => a.partition - b.partition),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  private async topics() {
    // A partition without a leader is reported as an error beside its replicas; the gates need to know it.
    const { topics } = await this.despite(
      ({ path }) => String(path).includes('/partitions/'),
      this.library.metadataV12.api.async(this.connection, null, false, false),
    );
    return topics.flatMap(({ name, partitions }) => (name == null ? [] : [{ name, partitions }]));
  }

  /** Returns `min.insync.replicas` of every topic that still exists. */
  private async minimums(names: readonly string[]): Promise<ReadonlyMap<string, number | undefined>> {
    if (names.length === 0) return new Map();
    const { TOPIC } = this.library.ConfigResourceTypes;
    const results = await this.configs(TOPIC, names, MIN_ISR_KEY, ({ apiId }) => apiId === 'UNKNOWN_TOPIC_OR_PARTITION');
    return new Map(results.map(({ name, value }) => [name, value]));
  }

  /** A user who may not read the settings of a broker gets Kafka's default. */
  private async fetchTimeout(): Promise<number> {
    const { BROKER } = this.library.ConfigResourceTypes;
    const [result] = await this.configs(BROKER, [String(this.nodeId)], FETCH_TIMEOUT_KEY, () => true);
    return result?.value ?? FETCH_TIMEOUT_MS;
  }

  /** Returns a numeric setting of every resource that has settings. */
  private async configs(resourceType: Kafka.ConfigResourceTypeValue, names: readonly string[], key: string, isTolerated: IsTolerated) {
    const resources = names.map((resourceName) => ({ resourceType, resourceName, configurationKeys: [key] }));
    const { results } = await this.despite(isTolerated, this.library.describeConfigsV4.api.async(this.connection, resources));
    return results
      .filter((r) => r.errorCode === 0)
      .map(({ resourceName: name, configs }) => {
        const text = configs.find((c) => c.name === key)?.value ?? '';
        return { name, value: /^\d+$/.test(text) ? Number(text) : undefined };
      });
  }

  private async quorum(fetchTimeoutMs: number): Promise<QuorumFacts> {
    const leaderless: QuorumFacts = { leaderId: undefined, voters: [], fetchTimeoutMs };
    const asked = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
    const response = await this.despite(
      ({ apiId }) => LEADERLESS.includes(String(apiId)),
      this.library.describeQuorumV1.api.async(this.connection, asked),
    ).catch((error: unknown) => {
      if (error instanceof this.library.TimeoutError) return undefined;
      throw error;
    });
    const partition = response?.topics[0]?.partitions[0];
    if (partition === undefined || partition.leaderId < 0) return leaderless;
    const { leaderId, currentVoters, observers } = partition;
    const leaderMs = caughtUpMs(currentVoters.find((v) => v.replicaId === leaderId));
    // A broker that came back with another disk is listed twice for a while.
    const own = [...currentVoters, ...observers].filter((r) => r.replicaId === this.nodeId).map((r) => caughtUpMs(r) ?? -1);
    const isKnown = own.some((ms) => ms >= 0);
    if (leaderMs !== undefined && (!isKnown || leaderMs - Math.max(...own) >= fetchTimeoutMs))
      throw new BrokerProblem('its own copy of the metadata lags behind');
    return {
      leaderId,
      voters: currentVoters.map((v) => ({ nodeId: v.replicaId, lastCaughtUpMs: caughtUpMs(v) })).sort((a, b) => a.nodeId - b.nodeId),
      fetchTimeoutMs,
    };
  }

  /** Returns a response although parts of it are errors, if all of these are tolerated. */
  private despite<T>(isTolerated: IsTolerated, answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      if (!(error instanceof this.library.ResponseError)) throw error;
      const { response } = error as { readonly response?: T };
      if (response !== undefined && (error.errors as readonly PartError[]).every(isTolerated)) return response;
      throw error;
    });
  }
}

/** An error about a part of a response. */
interface PartError {
  readonly apiId?: string;
  readonly path?: string;
}
type IsTolerated = (error: PartError) => boolean;

type Metadata = ReturnType<Library['metadataV12']['parseResponse']>;
type Quorum = ReturnType<Library['describeQuorumV1']['parseResponse']>;
type Replica = Quorum['topics'][number]['partitions'][number]['currentVoters'][number];

function partitionFacts(p: Metadata['topics'][number]['partitions'][number]): PartitionFacts {
  return {
    partition: p.partitionIndex,
    leader: p.leaderId < 0 ? undefined : p.leaderId,
    replicas: p.replicaNodes,
    isr: [...p.isrNodes].sort((a, b) => a - b),
  };
}

/** Kafka reports -1 for a replica that the leader does not know. For itself, a leader reports the present time. */
function caughtUpMs(replica: Replica | undefined): number | undefined {
  const at = Number(replica?.lastCaughtUpTimestamp ?? -1);
  return at < 0 ? undefined : at;
}
