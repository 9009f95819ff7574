/** The pods of a Kafka, with what their listeners serve, and what Kafka itself reports: quorum and partitions. */
import type { Kafka, Pod, PodDisruptionBudget, Secret } from '#model/kinds/index';
import type { Requirement } from '#model/kinds/kubernetes';
import { conditionOf, hasTrueCondition } from '#model/kube-object';
import { type Node, nodesOf } from '#model/kubedb';
import { mountedCertificateSecret } from '../model/broker-pod';
import { stuckReason } from '../model/object-status';
import type { KafkaFacts, PodFacts, Reading, Served } from '../model/observation';
import { isDataEphemeral } from '../model/storage';
import type { KafkaFactsSource } from '../ports';
import { fqdnOf, isRunning, kafkaContainer, type ListenerView, servedBy } from './listeners';
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
  secrets: Promise<ReadonlyMap<string, Secret>>,
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
  secrets: Promise<ReadonlyMap<string, Secret>>,
): Promise<readonly PodFacts[]> {
  const found = nodesOf(view.kafka).map(async (node) => {
    const pod = pods.find((p) => p.metadata.name === node.pod);
    if (pod === undefined) return undefined;
    const mounted = mountedCertificateSecret(pod.spec);
    const trust = async () => trustOf(mounted === undefined ? undefined : (await secrets).get(mounted));
    const facts = { ...podFacts(pod, node, await servedBy(view, pod, node, trust)), fqdn: fqdnOf(view, pod) };
    return budgets === undefined ? facts : { ...facts, budgets: budgets.filter((b) => selects(b, pod)).map((b) => b.metadata.name) };
  });
  return (await Promise.all(found)).filter((pod) => pod !== undefined);
}

/** Tells whether a budget selects a pod. In policy/v1 an empty selector selects every pod, and an absent one selects none. */
export function selects(budget: PodDisruptionBudget, pod: Pod): boolean {
  const selector = budget.spec?.selector;
  if (selector === undefined || selector === null) return false;
  const labels = pod.metadata.labels ?? {};
  const matched = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return matched && (selector.matchExpressions ?? []).every((r) => meets(labels, r));
}

function meets(labels: Readonly<Record<string, string>>, { key, operator, values }: Requirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && (values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined; // DoesNotExist, the only other operator
  }
}

/** Returns the facts of a pod that is a node of the Kafka; `served` is what its listeners answered. */
export function podFacts(pod: Pod, node: Pick<Node, 'petSet' | 'role' | 'ordinal' | 'nodeId'>, served: readonly Served[]): PodFacts {
  const stuck = stuckReason(pod);
  const startedAt = kafkaContainer(pod)?.state?.running?.startedAt;
  const startMs = startOf(pod);
  const createdAt = pod.metadata.creationTimestamp ?? undefined;
  const certificateSecret = mountedCertificateSecret(pod.spec);
  const hasEphemeralData = isDataEphemeral(pod.spec);
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid ?? '',
    role: node.role,
    ordinal: node.ordinal,
    nodeId: node.nodeId,
    petSet: node.petSet,
    isReady: hasTrueCondition(pod, 'Ready'),
    isRunning: isRunning(pod),
    isTerminating: pod.metadata.deletionTimestamp !== undefined,
    ...(stuck === undefined ? {} : { stuck }),
    revision: pod.metadata.labels?.['controller-revision-hash'] ?? '',
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(certificateSecret === undefined ? {} : { certificateSecret }),
    ...(hasEphemeralData === undefined ? {} : { hasEphemeralData }),
    served,
  };
}

/** Returns how long the pod took to become Ready; undefined if the container was restarted or the time was overwritten later. */
function startOf(pod: Pod): number | undefined {
  const ready = conditionOf(pod, 'Ready');
  const kafka = kafkaContainer(pod);
  const startedAt = kafka?.state?.running?.startedAt;
  if (ready?.status !== 'True' || kafka?.restartCount !== 0 || startedAt === undefined) return undefined;
  const readyMs = Date.parse(ready.lastTransitionTime ?? '');
  const createdMs = Date.parse(pod.metadata.creationTimestamp ?? '');
  return createdMs <= Date.parse(startedAt) && Date.parse(startedAt) <= readyMs ? readyMs - createdMs : undefined;
}
