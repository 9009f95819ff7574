/**
 * Kafka's own facts from its brokers.
 *
 * 1. Pods with a broker that runs, Ready ones first.
 * 2. What the Secrets hold to get in; `kafka-access.ts` says how each pod is spoken to.
 * 3. One broker is asked, and believed (`kafka-broker.ts`). If it does not answer, or knows of no leader, it may be the one that is cut
 *    off: all others are asked at once, and the first that knows better is believed. If none knows a leader, there is none.
 *
 * Whatever goes wrong is a sentence, never an error: a gate decides what not knowing means. Ten seconds are the limit of all of it. A pod
 * of the sandbox, whose brokers do not speak Kafka, says where its model tells the same.
 *
 * Why Secrets are remembered for as long as this process runs: when certificates have been issued by another CA, the Secrets hold the new
 * ones, and all pods still know only the old. They are shown to brokers and to nobody else.
 */
import { hasTrueCondition, isEqual, KINDS, type KubeObject, ref } from '../../constructs/model/kube-object';
import {
  authSecret,
  CONFIG_KEYS,
  mountedCertificateSecret,
  mountedConfigSecret,
  nodesOf,
  podFqdn,
  selectorLabels,
} from '../../constructs/model/kubedb';
import { certificateOf, defaultSecretName, tlsStateOf } from '../../constructs/model/tls';
import type { KafkaFacts, Reading } from '../plan/observation';
import type { Clock, Cluster, KafkaFactsSource } from '../ports';
import { listenerAddress, loopbackAddress } from './address';
import { withDeadline } from './deadline';
import { accessTo, type Identity, type KafkaSecrets, type SecretText } from './kafka-access';
import { askBroker, BrokerProblem } from './kafka-broker';
import { askSandbox } from './sandbox-facts';

const TIMEOUT_MS = 10_000;
/** Of a Secret, latest first: before and after a change, and one that was replaced in the middle of it. */
const REMEMBERED = 3;

export interface KafkaFactsOptions {
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/** Returns a source that asks the brokers of a Kafka. It never throws. */
export function kafkaFacts(cluster: Pick<Cluster, 'get' | 'list'>, { clock, timeoutMs = TIMEOUT_MS }: KafkaFactsOptions): KafkaFactsSource {
  const memory = new SecretMemory();
  return {
    async read(kafka, signal, clusterDomain) {
      const asked: Asked = { problems: [] };
      const onExpiry = () => new BrokerProblem(`no answer within ${timeoutMs / 1000} s`);
      try {
        const answer = await withDeadline({ clock, ms: timeoutMs, signal, onExpiry }, (s) =>
          ask({ cluster, memory, kafka, clusterDomain, asked }, s),
        );
        return answer ?? unknownOf(asked);
      } catch (error) {
        if (!(error instanceof BrokerProblem)) asked.problems.push(signal?.aborted === true ? 'interrupted' : reasonOf(error));
        else asked.problems.push(error.message);
        return unknownOf(asked);
      }
    },
  };
}

interface Asked {
  /** What came of the brokers so far. */
  readonly problems: string[];
  /** What a broker said that knows of no leader. */
  leaderless?: KafkaFacts | undefined;
}

interface Question {
  readonly cluster: Pick<Cluster, 'get' | 'list'>;
  readonly memory: SecretMemory;
  readonly kafka: KubeObject;
  readonly clusterDomain: string | undefined;
  readonly asked: Asked;
}

function unknownOf({ problems, leaderless }: Asked): Reading<KafkaFacts> {
  if (leaderless !== undefined) return { value: leaderless };
  return { unknown: `no broker says how Kafka is: ${problems.join('; ')}` };
}

/** What the Kubernetes client says names object and status, never a value. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : 'an unknown problem';
}

async function ask(question: Question, signal: AbortSignal): Promise<Reading<KafkaFacts> | undefined> {
  const { cluster, kafka, asked } = question;
  const { name, namespace = '' } = kafka.metadata;
  const pods = await cluster.list(KINDS.Pod, { namespace, labels: selectorLabels(name) });
  const brokers = brokersOf(kafka, pods);
  if (brokers.length === 0) {
    asked.problems.push('none of them runs');
    return undefined;
  }
  // Of a sandbox's pods each says the same.
  const sandbox = brokers.map(({ pod }) => loopbackAddress(pod, 'facts')).find((address) => address !== undefined);
  if (sandbox !== undefined) return askSandbox(sandbox, kafka, signal);
  const secrets = await readSecrets(question, pods);
  const [first, ...others] = brokers;
  return (await led(first, question, secrets, signal)) ?? (await anyLed(others, question, secrets, signal));
}

/** Returns what a broker says if it knows a leader. */
async function led(
  broker: Running | undefined,
  question: Question,
  secrets: KafkaSecrets,
  signal: AbortSignal,
): Promise<Reading<KafkaFacts> | undefined> {
  const facts = broker === undefined ? undefined : await askAs(broker, question, secrets, signal);
  if (facts?.quorum.leaderId !== undefined) return { value: facts };
  question.asked.leaderless ??= facts;
  return undefined;
}

/** Returns what the first of them says that knows a leader; the others are hung up on. */
async function anyLed(
  brokers: readonly Running[],
  question: Question,
  secrets: KafkaSecrets,
  signal: AbortSignal,
): Promise<Reading<KafkaFacts> | undefined> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const answers = brokers.map(async (broker) => (await led(broker, question, secrets, either)) ?? Promise.reject(new Error('none')));
  try {
    return await Promise.any(answers);
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    done.abort(new Error('answered by another broker'));
  }
}

interface Running {
  readonly pod: KubeObject;
  readonly nodeId: number;
}

/** Ready ones first, for they are most likely to answer. */
function brokersOf(kafka: KubeObject, pods: readonly KubeObject[]): readonly Running[] {
  return nodesOf(kafka)
    .flatMap(({ pod: name, role, nodeId }) => {
      const pod = pods.find((p) => p.metadata.name === name);
      const isAsked = role !== 'controller' && pod?.metadata.deletionTimestamp === undefined && pod?.status?.phase === 'Running';
      return isAsked && pod !== undefined ? [{ pod, nodeId }] : [];
    })
    .sort((a, b) => Number(hasTrueCondition(b.pod, 'Ready')) - Number(hasTrueCondition(a.pod, 'Ready')));
}

/** Returns what one broker says, shown one client certificate after the other until it accepts one. */
async function askAs(
  { pod, nodeId }: Running,
  { kafka, clusterDomain, asked }: Question,
  secrets: KafkaSecrets,
  signal: AbortSignal,
): Promise<KafkaFacts | undefined> {
  const { name, namespace = '' } = kafka.metadata;
  const servername = podFqdn(name, namespace, pod.metadata.name, clusterDomain);
  const access = accessTo(kafka, pod, secrets);
  const say = (because: string) => void asked.problems.push(`${pod.metadata.name}: ${because}`);
  if ('unknown' in access) return say(access.unknown) as undefined;
  const { tls, login } = access;
  const at = { ...listenerAddress(pod, 'BROKER', servername), nodeId, login };
  const identities: readonly (Identity | undefined)[] = tls === undefined || tls.identities.length === 0 ? [undefined] : tls.identities;
  for (const [i, identity] of identities.entries()) {
    try {
      return await askBroker({ ...at, tls: tls && { ca: tls.ca, servername, identity } }, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof BrokerProblem)) throw error;
      if (error.isAboutIdentity && i < identities.length - 1) continue;
      return say(error.message) as undefined;
    }
  }
  return undefined;
}

/** Reads the Secrets that conversations rest on. Clients show the `client` certificate; the ones that pods mount are trusted and come last. */
async function readSecrets({ cluster, memory, kafka }: Question, pods: readonly KubeObject[]): Promise<KafkaSecrets> {
  const { name, namespace = '' } = kafka.metadata;
  const tls = tlsStateOf(kafka.spec);
  const named = (alias: string) =>
    (tls === 'off' ? undefined : certificateOf(name, tls, alias).secretName) ?? defaultSecretName(name, alias);
  const mounted = pods.map((p) => mountedCertificateSecret(p.spec)).filter((s) => s !== undefined);
  const read = async (secret: string) => {
    const found = await cluster.get(ref(KINDS.Secret, namespace, secret));
    return memory.remember(`${namespace}/${secret}`, found);
  };
  const config = pods.map((p) => mountedConfigSecret(p.spec)).find((s) => s !== undefined);
  const certificates = mounted.length === 0 ? [] : [...new Set([named('client'), named('server'), ...mounted])];
  const [login, client, ...found] = await Promise.all([
    kafka.spec?.disableSecurity === true ? [] : read(authSecret(kafka)),
    kafka.spec?.disableSecurity === true || config === undefined ? [] : read(config),
    ...certificates.map(read),
  ]);
  return { login: login?.[0], clientFile: client?.[0]?.[CONFIG_KEYS.client], certificates: found.flat() };
}

/** What Secrets have held since this process began. */
class SecretMemory {
  private readonly known = new Map<string, readonly SecretText[]>();

  /** Returns what a Secret holds now and what it held before, latest first. */
  remember(name: string, secret: KubeObject | undefined): readonly SecretText[] {
    const before = this.known.get(name) ?? [];
    if (secret === undefined) return before;
    const data: Readonly<Record<string, string>> = secret.data ?? {};
    const text = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
    const now = [text, ...before.filter((b) => !isEqual(b, text))].slice(0, REMEMBERED);
    this.known.set(name, now);
    return now;
  }
}
