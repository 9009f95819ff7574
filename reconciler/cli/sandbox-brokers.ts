/**
 * Adapter for the brokers of a sandbox. Annotations of its pods hold their addresses on this machine. Its brokers do not speak Kafka's
 * protocol: its model answers over HTTP.
 */
import { get } from 'node:http';
import { KINDS, type KubeObject } from '#model/kube-object';
import { selectorLabels } from '#model/kubedb';
import { type Address, type AddressOf, dnsAddress } from '../cluster/dial';
import type { KafkaFacts, Reading } from '../model/observation';
import type { Cluster, KafkaFactsSource } from '../ports';

/** Annotation with `<address>:<port>`; the name of a listener in lower case, or `facts`, follows. */
const ADDRESS_ANNOTATION = 'sandbox.kafka-tls/';

/** Returns the annotated address of a listener. */
export const sandboxAddress: AddressOf = (pod, listener, fqdn) =>
  annotatedAddress(pod, listener.toLowerCase()) ?? dnsAddress(pod, listener, fqdn);

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
        const pods = await cluster.list(KINDS.Pod, { namespace, labels: selectorLabels(name) });
        const [address] = pods.flatMap((pod) => annotatedAddress(pod, 'facts') ?? []);
        if (address !== undefined) return await askModel(address, `/${namespace}/${name}`, signal);
      } catch (error) {
        return { unknown: `broker health unknown: ${(error as Error).message}` };
      }
      return brokers.read(kafka, signal, clusterDomain);
    },
  };
}

async function askModel(address: Address, path: string, signal: AbortSignal | undefined): Promise<Reading<KafkaFacts>> {
  const options = { ...address, path, agent: false as const, ...(signal === undefined ? {} : { signal }) };
  const body = await new Promise<string>((resolve, reject) => {
    get(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve(response.statusCode === 200 ? text : '{}')).once('error', reject);
    }).once('error', reject);
  });
  // JSON has no undefined: an unknown value is left out.
  const { quorum, topics }: Partial<KafkaFacts> = JSON.parse(body);
  return quorum === undefined || topics === undefined ? { unknown: 'the sandbox does not know this Kafka' } : { value: { quorum, topics } };
}
