/**
 * Kafka's own facts from its brokers.
 *
 * 1. List the running pods with a broker, Ready pods first.
 * 2. Read the Secrets that a connection needs; `kafka-access.ts` decides how to connect to each pod.
 * 3. Ask one broker and believe it (`kafka-broker.ts`). If it does not answer, or knows of no leader, it may be the one that is cut off:
 *    ask all others at once and believe the first that knows a leader. If none does, there is no leader.
 *
 * A failure is a sentence, never an error: a gate decides what unknown health means. Ten seconds are the limit of the whole read.
 *
 * Why the contents of Secrets are remembered while this process runs: after certificates were issued by another CA, the Secrets hold the
 * new ones while all pods still know only the old. They are sent to brokers and to nothing else.
 */
import { asKind, type Kafka, type Pod } from '#model/kinds/index';
import { hasTrueCondition, isEqual, KINDS, ref } from '#model/kube-object';
import { authSecret, nodesOf, podFqdn, selectorLabels } from '#model/kubedb';
import { brokerCertificateName, certificateOf, tlsStateOf } from '#model/tls';
import { CONFIG_KEYS, mountedCertificateSecret, mountedConfigSecret } from '../model/broker-pod';
import type { KafkaFacts } from '../model/observation';
import type { Clock, Cluster, KafkaFactsSource } from '../ports';
import { BrokerProblem } from './broker-problem';
import { withDeadline } from './deadline';
import { type AddressOf, dnsAddress } from './dial';
import { accessTo, type KafkaSecrets, type SecretText } from './kafka-access';
import { askBroker } from './kafka-broker';

/** Contents of one Secret, latest first: before and after a change, and one that was replaced in the middle of it. */
const REMEMBERED = 3;

export interface KafkaFactsOptions {
  readonly clock: Clock;
  /** @default 10000 */
  readonly timeoutMs?: number;
  readonly addressOf?: AddressOf;
}

type Reader = Pick<Cluster, 'get' | 'list'>;

/** Returns a source that asks the brokers of a Kafka. It never throws. */
export function kafkaFacts(cluster: Reader, { clock, timeoutMs = 10_000, addressOf = dnsAddress }: KafkaFactsOptions): KafkaFactsSource {
  const memory = new SecretMemory(cluster);
  return {
    async read(kafka, signal, clusterDomain) {
      const run = new FactsRead({ cluster, memory, addressOf, kafka: asKind('Kafka', kafka), clusterDomain });
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

interface Question {
  readonly cluster: Reader;
  readonly memory: SecretMemory;
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
    const { cluster, kafka } = this.question;
    const { name, namespace = '' } = kafka.metadata;
    const pods = (await cluster.list(KINDS.Pod, { namespace, labels: selectorLabels(name) })).map((pod) => asKind('Pod', pod));
    const [first, ...others] = brokersOf(kafka, pods);
    if (first === undefined) {
      this.problems.push('no broker runs');
      return undefined;
    }
    const secrets = await this.secrets(pods);
    return (await this.withLeader(first, secrets, signal)) ?? (await this.firstWithLeader(others, secrets, signal));
  }

  private async withLeader(broker: Running, secrets: KafkaSecrets, signal: AbortSignal): Promise<KafkaFacts | undefined> {
    const facts = await this.ask(broker, secrets, signal);
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

  /** Returns the answer of one broker, trying one client certificate after the other until it accepts one. */
  private async ask({ pod, nodeId }: Running, secrets: KafkaSecrets, signal: AbortSignal): Promise<KafkaFacts | undefined> {
    const { kafka, clusterDomain, addressOf } = this.question;
    const { name, namespace = '' } = kafka.metadata;
    const servername = podFqdn(name, namespace, pod.metadata.name, clusterDomain);
    const access = accessTo(kafka, pod, secrets);
    const failed = (why: string): undefined => void this.problems.push(`${pod.metadata.name}: ${why}`);
    if ('unknown' in access) return failed(access.unknown);
    const { tls, login } = access;
    const identities = tls?.identities ?? [undefined];
    for (const identity of identities) {
      try {
        const broker = { ...addressOf(pod, 'BROKER', servername), nodeId, login };
        return await askBroker({ ...broker, tls: tls && { ca: tls.ca, servername, identity } }, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof BrokerProblem)) throw error;
        if (!error.isAboutIdentity || identity === identities.at(-1)) return failed(error.message);
      }
    }
    return undefined;
  }

  /** Clients use the `client` certificate; those that pods mount are trusted and come last. */
  private async secrets(pods: readonly Pod[]): Promise<KafkaSecrets> {
    const { kafka, memory } = this.question;
    const { name, namespace = '' } = kafka.metadata;
    const tls = tlsStateOf(kafka.spec);
    const secretOf = (alias: string) =>
      (tls === 'off' ? undefined : certificateOf(name, tls, alias).secretName) ?? brokerCertificateName(name, alias);
    const mounted = pods.map((p) => mountedCertificateSecret(p.spec)).filter((s) => s !== undefined);
    const certificates = mounted.length === 0 ? [] : [...new Set([secretOf('client'), secretOf('server'), ...mounted])];
    const isSecured = kafka.spec?.disableSecurity !== true;
    const config = isSecured ? pods.map((p) => mountedConfigSecret(p.spec)).find((s) => s !== undefined) : undefined;
    const read = (secret: string | undefined) => (secret === undefined ? [] : memory.read(namespace, secret));
    const [login, client, ...found] = await Promise.all([
      read(isSecured ? authSecret(kafka) : undefined),
      read(config),
      ...certificates.map(read),
    ]);
    return { login: login?.[0], clientFile: client?.[0]?.[CONFIG_KEYS.client], certificates: found.flat() };
  }
}

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

/** The contents of Secrets since this process began. */
class SecretMemory {
  private readonly known = new Map<string, readonly SecretText[]>();

  constructor(private readonly cluster: Reader) {}

  /** Returns the content of a Secret now and before, latest first. */
  async read(namespace: string, name: string): Promise<readonly SecretText[]> {
    const secret = asKind('Secret', await this.cluster.get(ref(KINDS.Secret, namespace, name)));
    const key = `${namespace}/${name}`;
    const before = this.known.get(key) ?? [];
    if (secret === undefined) return before;
    const text = Object.fromEntries(
      Object.entries(secret.data ?? {}).map(([field, value]) => [field, Buffer.from(value, 'base64').toString('utf8')]),
    );
    const contents = [text, ...before.filter((b) => !isEqual(b, text))].slice(0, REMEMBERED);
    this.known.set(key, contents);
    return contents;
  }
}
