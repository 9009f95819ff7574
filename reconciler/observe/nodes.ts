/** What Kafka itself reports: the certificate of each listener, quorum and partitions. */
import type { Kafka, Pod, PodDisruptionBudget, Secret } from '#model/kinds/index';
import { nodesOf } from '#model/kubedb';
import { mountedCertificateSecret } from '../model/broker-pod';
import type { KafkaFacts, PodFacts, Reading } from '../model/observation';
import type { KafkaFactsSource } from '../ports';
import { selects } from './budgets';
import { fqdnOf, type ListenerView, servedBy } from './listeners';
import { podFacts } from './pod';
import { trustOf } from './secret';

interface NodesView extends Omit<ListenerView, 'kafka'> {
  readonly kafka: Kafka | undefined;
  readonly facts: KafkaFactsSource;
}

interface Nodes {
  readonly pods: readonly PodFacts[];
  readonly facts: Reading<KafkaFacts>;
}

/** Returns the pods that are nodes of the Kafka, with what they serve, and the facts that Kafka reports; nothing without a Kafka. */
export async function readNodes(
  { kafka, facts, ...view }: NodesView,
  found: PodsFound,
  secrets: ReadonlyMap<string, Secret>,
): Promise<Nodes> {
  if (kafka === undefined) return { pods: [], facts: { unknown: 'the Kafka does not exist' } };
  const [pods, read] = await Promise.all([
    nodePods({ ...view, kafka }, found, secrets),
    facts.read(kafka, view.signal, view.clusterDomain),
  ]);
  return { pods, facts: read };
}

interface PodsFound {
  readonly pods: readonly Pod[];
  readonly budgets?: readonly PodDisruptionBudget[];
}

/** Returns pods in restart order, without pods that are not nodes of the Kafka, such as those of a Job. */
async function nodePods(
  view: ListenerView,
  { pods, budgets }: PodsFound,
  secrets: ReadonlyMap<string, Secret>,
): Promise<readonly PodFacts[]> {
  const found = nodesOf(view.kafka).map(async (node) => {
    const pod = pods.find((p) => p.metadata.name === node.pod);
    if (pod === undefined) return undefined;
    const mounted = mountedCertificateSecret(pod.spec);
    const trust = trustOf(mounted === undefined ? undefined : secrets.get(mounted));
    const facts = { ...podFacts(pod, node, await servedBy(view, pod, node, trust)), fqdn: fqdnOf(view, pod) };
    return budgets === undefined ? facts : { ...facts, budgets: budgets.filter((b) => selects(b, pod)).map((b) => b.metadata.name) };
  });
  return (await Promise.all(found)).filter((pod) => pod !== undefined);
}
