/**
 * Kafka's own facts from its brokers.
 *
 * 1. List the running pods with a broker, Ready pods first.
 * 2. Read the Secrets that a connection needs (`secret-memory.ts`); `kafka-access.ts` decides how to connect to each pod.
 * 3. Ask one broker and believe it (`kafka-broker.ts`). If it does not answer, or knows of no leader, it may be the one that is cut off:
 *    ask all others at once and believe the first that knows a leader. If none does, there is no leader.
 *
 * The connection to the broker that was believed stays open, and the next read asks there first: a connection and a login cost a broker more
 * than all questions do.
 *
 * A failure is a sentence, never an error: a gate decides what unknown health means. Ten seconds are the limit of the whole read.
 */
import { asKind, type Kafka, type Pod } from '#model/kinds/index';
import { hasTrueCondition, KINDS } from '#model/kube-object';
import { nodesOf, selectorLabels } from '#model/kubedb';
import type { KafkaFacts } from '../model/observation';
import type { Clock, Cluster, KafkaFactsSource } from '../ports';
import { type AddressOf, dnsAddress } from './address';
import { BrokerProblem } from './broker-problem';
import { withDeadline } from './deadline';
import type { KafkaSecrets } from './kafka-access';
import { factsOf } from './kafka-broker';
import { type OpenConnection, openNode, type Use } from './kafka-connection';
import { SecretMemory } from './secret-memory';

export interface KafkaFactsOptions {
  readonly clock: Clock;
  /** @default 10000 */
  readonly timeoutMs?: number;
  readonly addressOf?: AddressOf;
}

type Reader = Pick<Cluster, 'get' | 'list'>;

/** Facts from brokers, with a connection to one of them that stays open. */
export interface BrokerFacts extends KafkaFactsSource {
  close(): void;
}

/** Returns a source that asks the brokers of a Kafka. Its reads never throw. */
export function kafkaFacts(cluster: Reader, { clock, timeoutMs = 10_000, addressOf = dnsAddress }: KafkaFactsOptions): BrokerFacts {
  const memory = new SecretMemory(cluster);
  const kept = new Kept();
  return {
    close: () => kept.close(),
    async read(kafka, signal, clusterDomain) {
      const run = new FactsRead({ cluster, memory, kept, addressOf, kafka: asKind('Kafka', kafka), clusterDomain });
      const onExpiry = () => new BrokerProblem(`no answer within ${timeoutMs / 1000} s`);
      try {
        const facts = await withDeadline({ clock, ms: timeoutMs, signal, onExpiry }, (s) => run.facts(s));
        if (facts !== undefined) return { value: facts };
      } catch (error) {
        const isInterrupted = signal?.aborted === true && !(error instanceof BrokerProblem);
        run.problems.push(isInterrupted ? 'interrupted' : (error as Error).message.replace(/\.$/, ''));
      }
      return run.leaderless === undefined ? { unknown: `broker health unknown: ${run.problems.join('; ')}` } : { value: run.leaderless };
    },
  };
}

interface Running {
  readonly pod: Pod;
  readonly nodeId: number;
}

/** A broker of a Kafka that was believed, by the uid of the Kafka. */
interface Believed {
  readonly kafka: string | undefined;
  readonly broker: Running;
  readonly connection: OpenConnection;
}

/** The connection that stays open between reads, at most one. */
class Kept {
  private believed: Believed | undefined;

  keep(believed: Believed): void {
    this.close();
    this.believed = believed;
  }

  /** Returns the broker that was believed, if its connection is open. */
  of({ metadata: { uid } }: Kafka): Believed | undefined {
    return this.believed?.kafka === uid && this.believed?.connection.isOpen ? this.believed : undefined;
  }

  close(): void {
    this.believed?.connection.close();
    this.believed = undefined;
  }
}

interface Question {
  readonly cluster: Reader;
  readonly memory: SecretMemory;
  readonly kept: Kept;
  readonly addressOf: AddressOf;
  readonly kafka: Kafka;
  readonly clusterDomain: string | undefined;
}

/** One read. */
class FactsRead {
  /** Why brokers did not answer, so far. */
  readonly problems: string[] = [];
  /** The answer of a broker that knows of no leader. */
  leaderless: KafkaFacts | undefined;

  constructor(private readonly question: Question) {}

  /** Returns the facts of a broker that knows a leader. */
  async facts(signal: AbortSignal): Promise<KafkaFacts | undefined> {
    const { cluster, kafka, kept } = this.question;
    const believed = kept.of(kafka);
    if (believed !== undefined) {
      const again = await this.answer(believed.broker, signal, (use) => believed.connection.use(use, signal));
      if (again?.quorum.leaderId !== undefined) return again;
      // A question that controllers did not answer blocks the connection.
      kept.close();
    }
    const { name, namespace = '' } = kafka.metadata;
    const pods = (await cluster.list(KINDS.Pod, { namespace, labels: selectorLabels(name) })).map((pod) => asKind('Pod', pod));
    const [first, ...others] = brokersOf(kafka, pods);
    if (first === undefined) {
      this.problems.push('no broker runs');
      return undefined;
    }
    const secrets = await this.question.memory.secretsOf(kafka, pods);
    return (await this.withLeader(first, secrets, signal)) ?? (await this.firstWithLeader(others, secrets, signal));
  }

  private async withLeader(broker: Running, secrets: KafkaSecrets, signal: AbortSignal): Promise<KafkaFacts | undefined> {
    const { kafka, clusterDomain, addressOf, kept } = this.question;
    const { pod } = broker;
    const facts = await this.answer(broker, signal, async (use) => {
      const { connection, value } = await openNode({ kafka, pod, listener: 'BROKER', secrets, clusterDomain, addressOf }, signal, use);
      if (value.quorum.leaderId === undefined) connection.close();
      else kept.keep({ kafka: kafka.metadata.uid, broker, connection });
      return value;
    });
    if (facts?.quorum.leaderId !== undefined) return facts;
    this.leaderless ??= facts;
    return undefined;
  }

  /** Asks all brokers at once; the first answer with a leader ends the other conversations. */
  private async firstWithLeader(brokers: readonly Running[], secrets: KafkaSecrets, signal: AbortSignal): Promise<KafkaFacts | undefined> {
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    const answers = brokers.map(async (b) => (await this.withLeader(b, secrets, either)) ?? Promise.reject(new Error('no leader')));
    try {
      return await Promise.any(answers);
    } catch {
      signal.throwIfAborted();
      return undefined;
    } finally {
      done.abort(new Error('another broker answered'));
    }
  }

  /** Returns what a broker answers; remembers why it does not. */
  private async answer({ pod, nodeId }: Running, signal: AbortSignal, ask: Ask): Promise<KafkaFacts | undefined> {
    try {
      return await ask(factsOf(nodeId));
    } catch (error) {
      if (signal.aborted || !(error instanceof BrokerProblem)) throw error;
      this.problems.push(`${pod.metadata.name}: ${error.message}`);
      return undefined;
    }
  }
}

type Ask = (use: Use<KafkaFacts>) => Promise<KafkaFacts>;

/** Ready pods first, since they are most likely to answer. */
function brokersOf(kafka: Kafka, pods: readonly Pod[]): readonly Running[] {
  return nodesOf(kafka)
    .flatMap(({ pod: name, role, nodeId }) => {
      const pod = pods.find((p) => p.metadata.name === name);
      const isRunning = pod?.metadata.deletionTimestamp === undefined && pod?.status?.phase === 'Running';
      return role !== 'controller' && isRunning ? [{ pod, nodeId }] : [];
    })
    .sort((a, b) => Number(hasTrueCondition(b.pod, 'Ready')) - Number(hasTrueCondition(a.pod, 'Ready')));
}
