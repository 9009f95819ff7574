/** What a cluster is like in the end, without what is another each time: uids, versions, instants, keys, namespace. Two can be compared. */
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { TRUST_KEY } from '#model/trust-bundle';
import { readCas } from '#reconciler/pki/certificates';
import { NAMESPACE, type World } from './world';

const LASTING = [KINDS.Kafka, KINDS.PetSet, KINDS.Issuer, KINDS.Certificate, KINDS.PodDisruptionBudget] as const;

/** Returns everything that lasts, by subject. */
export async function endState(world: World): Promise<Readonly<Record<string, unknown>>> {
  const list = (kind: Kind) => world.cluster.list(kind, { namespace: world.namespace });
  const lasting = (await Promise.all(LASTING.map(list))).flat();
  const kinds = [KINDS.Secret, KINDS.KafkaOpsRequest, KINDS.Pod, KINDS.ConfigMap];
  const [secrets = [], requests = [], pods = [], configMaps = []] = await Promise.all(kinds.map(list));
  const state = Object.fromEntries([
    ...lasting.map((o) => [nameOf(o), { spec: o.spec, labels: o.metadata.labels, annotations: o.metadata.annotations }]),
    ...secrets.map((s) => [nameOf(s), Object.keys(s.data ?? {}).sort()]),
    ...requests.map((r) => [nameOf(r), { spec: r.spec, phase: r.status?.phase, conditions: conditionsOf(r) }]),
    ...configMaps.map((c) => [nameOf(c), { labels: c.metadata.labels, trusted: trustedBy(c) }]),
    ...pods.map((p) => [nameOf(p), p.metadata.labels]),
    ['Paused', (await world.kafka())?.status?.conditions?.some((c: { type: string }) => c.type === 'Paused') ?? false],
  ]);
  const text = JSON.stringify(state).replaceAll(world.namespace, NAMESPACE);
  return JSON.parse(text.replaceAll(/\\"root\\":\\"[0-9a-f]{64}\\"/g, '\\"root\\":\\"known\\"'));
}

/** Rotations and restarts are named by leaves, which are others each time. */
function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name.replace(/-(rotate|restart)-[0-9a-f]+/, '-$1')}`;
}

/** Names of the CAs in what clients mount. */
function trustedBy(configMap: KubeObject): readonly string[] {
  return readCas(configMap.data?.[TRUST_KEY] ?? '').certificates.map((c) => c.subject);
}

/** Types, in no order: a run that goes on writes down last what the one before it was killed over. */
function conditionsOf(request: KubeObject): readonly string[] {
  return (request.status?.conditions ?? []).map((c: { type: string }) => c.type).sort();
}
