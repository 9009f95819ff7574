/**
 * Adapter for the brokers of a sandbox. Annotations of its pods hold their addresses on this machine. Its brokers do not speak Kafka's
 * protocol: its model answers over HTTP.
 */
import { request } from 'node:http';
import { KINDS, type KubeObject } from '#model/kube-object';
import { selectorLabels } from '#model/kubedb';
import { jsonAs } from '#model/schema';
import type { Address, AddressOf } from '../cluster/address';
import { KAFKA_FACTS } from '../model/observation';
import type { Cluster, KafkaAdmin, KafkaFactsSource, KafkaNode, Settings } from '../ports';

/** Annotation with `<address>:<port>`; the name of a listener in lower case, or `facts`, follows. */
const ADDRESS_ANNOTATION = 'sandbox.kafka-tls/';

/** Returns the annotated addresses of listeners, and other ones for pods that are not those of a sandbox. */
export function sandboxAddress(others: AddressOf): AddressOf {
  return (pod, listener, ...at) => annotatedAddress(pod, listener.toLowerCase()) ?? others(pod, listener, ...at);
}

/** Only loopback addresses are accepted: an account that may write pods must not redirect connections to other hosts. */
function annotatedAddress(pod: KubeObject, name: string): Address | undefined {
  const text = pod.metadata.annotations?.[`${ADDRESS_ANNOTATION}${name}`] ?? '';
  const [, host, port] = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) return undefined;
  return { host: host.replace(/[[\]]/g, ''), port: Number(port) };
}

/** Returns a source that asks the model of a sandbox, and `brokers` for a Kafka whose pods are not those of a sandbox. */
export function sandboxFacts(cluster: Pick<Cluster, 'list'>, brokers: KafkaFactsSource): KafkaFactsSource {
  return {
    async read(kafka, signal, clusterDomain) {
      const { name, namespace = '' } = kafka.metadata;
      try {
        const address = await modelOf(cluster, kafka);
        if (address === undefined) return brokers.read(kafka, signal, clusterDomain);
        const facts = jsonAs(KAFKA_FACTS, await askModel({ address, path: `/${namespace}/${name}`, signal }));
        return facts === undefined ? { unknown: 'the sandbox does not know this Kafka' } : { value: facts };
      } catch (error) {
        return { unknown: `broker health unknown: ${(error as Error).message}` };
      }
    },
  };
}

/** Returns an administrator that asks the model of a sandbox, and `brokers` for a Kafka whose pods are not those of a sandbox. */
export function sandboxAdmin(cluster: Pick<Cluster, 'list'>, brokers: KafkaAdmin): KafkaAdmin {
  type Asked = { readonly question: string; readonly body?: Settings; readonly signal: AbortSignal | undefined };
  const ask = async <T extends object>({ kafka, pod }: KafkaNode, { question, body, signal }: Asked) => {
    const { name, namespace = '' } = kafka.metadata;
    try {
      const address = await modelOf(cluster, kafka);
      if (address === undefined) return undefined;
      const answer = await askModel({ address, path: `/${namespace}/${name}/${pod}${question}`, body, signal });
      return JSON.parse(answer) as T | { readonly problem: string };
    } catch (error) {
      signal?.throwIfAborted();
      return { problem: (error as Error).message };
    }
  };
  return {
    async settings(node, signal) {
      const answer = await ask<Settings>(node, { question: '', signal });
      if (answer === undefined) return brokers.settings(node, signal);
      return 'problem' in answer ? { unknown: answer.problem } : { value: answer };
    },
    async validate(node, settings, signal) {
      const answer = await ask<{ readonly refused?: string }>(node, { question: '/validate', body: settings, signal });
      if (answer === undefined) return brokers.validate(node, settings, signal);
      if ('problem' in answer) return { kind: 'unknown', because: answer.problem };
      return answer.refused === undefined ? { kind: 'accepted' } : { kind: 'refused', because: answer.refused };
    },
    async reload(node, signal) {
      const answer = await ask<object>(node, { question: '/reload', body: {}, signal });
      if (answer === undefined) return brokers.reload(node, signal);
      return 'problem' in answer ? answer.problem : undefined;
    },
  };
}

/** Returns the address of the model that the pods of a Kafka name; undefined for pods that are not those of a sandbox. */
async function modelOf(cluster: Pick<Cluster, 'list'>, { metadata: { name, namespace = '' } }: KubeObject): Promise<Address | undefined> {
  const pods = await cluster.list(KINDS.Pod, { namespace, labels: selectorLabels(name) });
  return pods.flatMap((pod) => annotatedAddress(pod, 'facts') ?? [])[0];
}

interface Question {
  readonly address: Address;
  readonly path: string;
  /** Sent with POST. Absent: a GET. */
  readonly body?: object | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Returns the answer of the model as JSON; an empty object if it knows no such Kafka or node. */
async function askModel({ address, path, body, signal }: Question): Promise<string> {
  const method = body === undefined ? 'GET' : 'POST';
  const options = { ...address, path, method, agent: false as const, ...(signal === undefined ? {} : { signal }) };
  return new Promise<string>((resolve, reject) => {
    const sent = request(options, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk) => (received += chunk));
      response.once('end', () => resolve(response.statusCode === 200 ? received : '{}')).once('error', reject);
    });
    sent.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}
