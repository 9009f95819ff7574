/**
 * What KubeDB's webhook refuses in a Kafka, and what it admits although the cluster would be fragile.
 *
 * Source: KubeDB apimachinery, validating webhook of `kubedb.com/v1` Kafka. The rules about KafkaVersions need the cluster, and those about
 * tiered storage have nothing to do with TLS: both are left to KubeDB.
 */

import type { Kafka } from './kinds/index';
import { type KubeObject, refOf } from './kube-object';
import { nodesOf } from './kubedb';
import { isDnsLabel, isDnsSubdomain, isPositiveQuantity } from './kubernetes-names';
import { mapIn } from './plain-data';
import { checkRules, type FieldContext, isOneOf, listIn, type Rule, valueAt } from './rules';
import { TLS_RULES } from './validate-tls';
import { type Violation, violationsFor } from './violation';

/** Returns all violations of a Kafka. */
export function kafkaViolations(kafka: KubeObject): readonly Violation[] {
  return [...checkRules(kafka, RULES), ...clusterIdViolations(kafka), ...checkRules(kafka, TLS_RULES)];
}

const inBothRoles = (field: string) => [`spec.topology.controller.${field}`, `spec.topology.broker.${field}`];
const STORAGE = ['spec.storage', ...inBothRoles('storage')];
const hasTopology = ({ object }: FieldContext) => valueAt(object, 'spec.topology') !== undefined;
/** The field is where this kind of cluster has it: below the topology, or below the spec if there is none. */
const isInPlace = (context: FieldContext) => hasTopology(context) === context.path.startsWith('spec.topology.');
const isDurable = ({ object }: FieldContext) => isOneOf('Durable', undefined)(valueAt(object, 'spec.storageType'));
const isPositive = (count: unknown) => Number.isInteger(count) && Number(count) > 0;
const TLS_HINT = 'Set TLS with the prop "tls" only, and leave enableSSL to it.';

const KUBEDB_MOUNTS = [
  '/opt/kafka/config/kafkaconfig',
  '/opt/kafka/config/temp-config',
  '/var/log/kafka',
  '/var/log/kafka/metadata',
  '/var/private/ssl',
];

function isKubeDbVolume(name: unknown, { object }: FieldContext): boolean {
  const aliases = listIn(valueAt(object, 'spec.tls.certificates')).map((c) => `${mapIn(c).alias}-certs`);
  return ['data', 'kafkaconfig', 'temp-config', ...aliases].includes(String(name));
}

function longestPodName({ object }: FieldContext): string {
  return nodesOf(object as Kafka).reduce((longest, { pod }) => (pod.length > longest.length ? pod : longest), '');
}

const RULES: readonly Rule[] = [
  {
    field: 'metadata.name',
    // A name that no object can have is reported by the rules for metadata.
    must: (name) => !isDnsSubdomain(name) || (isDnsLabel(`${name}-pods`) && /^[a-z]/.test(name)),
    message: (name) =>
      `KubeDB names a Service "${name}-pods" after it, which is not a name a Service can have. Use at most 58 lower-case letters, digits and "-", beginning with a letter.`,
  },
  {
    field: 'metadata.name',
    must: (_, context) => longestPodName(context).length <= 63,
    message: (_, context) => `the pod "${longestPodName(context)}" could not have its name as host name. Use a shorter name.`,
  },
  {
    field: 'spec.version',
    isRequired: true,
    must: isDnsSubdomain,
    message: 'KubeDB must know which Kafka to run. Name a KafkaVersion, such as "4.2.0".',
  },
  {
    field: 'spec.tls',
    isRequired: true,
    must: (tls, { parent }) => tls !== undefined || parent.enableSSL !== true,
    message: `enableSSL is true, and KubeDB requires both or neither. ${TLS_HINT}`,
  },
  {
    field: 'spec.enableSSL',
    isRequired: true,
    must: (enableSSL, { parent }) => enableSSL === true || parent.tls === undefined,
    message: `tls is set, and KubeDB requires both or neither. ${TLS_HINT}`,
  },
  {
    field: ['spec.topology.controller', 'spec.topology.broker'],
    isRequired: true,
    must: (role) => role !== undefined,
    message: 'a topology has controllers and brokers. Describe both, or use a combined cluster.',
  },
  {
    field: ['spec.replicas', 'spec.storage'],
    must: (_, context) => isInPlace(context),
    message: 'with a topology it belongs to each role. Set it below spec.topology.controller and spec.topology.broker.',
  },
  {
    field: 'spec.podTemplate.spec.containers[].resources',
    // KubeDB looks at the first container, and takes empty requests and limits for none.
    must: (resources, context) =>
      !hasTopology(context) ||
      !context.path.includes('containers[0]') ||
      Object.values(mapIn(resources)).every((r) => Object.keys(mapIn(r)).length === 0),
    message: 'with a topology it belongs to each role. Set it in the podTemplate of each role.',
  },
  {
    field: ['spec.replicas', ...inBothRoles('replicas')],
    must: isPositive,
    message: 'KubeDB requires a whole number of nodes, at least one. Use 3 for a cluster that survives the loss of a node.',
  },
  {
    field: inBothRoles('suffix'),
    must: isDnsLabel,
    message: 'no PetSet can have a name that ends with this. Use lower-case letters, digits and "-".',
  },
  {
    field: 'spec.topology.broker.suffix',
    isRequired: true,
    must: (suffix = 'broker', { object }) => suffix !== (valueAt(object, 'spec.topology.controller.suffix') ?? 'controller'),
    message: 'the controllers have the same suffix, so both PetSets would have one name. Choose another suffix for one of them.',
  },
  { field: 'spec.storageType', must: isOneOf('Durable', 'Ephemeral'), message: 'KubeDB knows Durable and Ephemeral. Use one of the two.' },
  {
    field: 'spec.deletionPolicy',
    must: (policy, { parent }) => policy !== 'Halt' || parent.storageType !== 'Ephemeral',
    message: 'an Ephemeral cluster has no volumes to keep. Use Delete or WipeOut.',
  },
  {
    field: 'spec.deletionPolicy',
    must: isOneOf('Halt', 'Delete', 'WipeOut', 'DoNotTerminate'),
    message: 'KubeDB knows Halt, Delete, WipeOut and DoNotTerminate. Use one of them.',
  },
  {
    field: 'spec.halted',
    must: (halted, { parent }) => halted !== true || parent.deletionPolicy !== 'DoNotTerminate',
    message: 'a cluster that must not be terminated cannot be halted. Change deletionPolicy first.',
  },
  {
    field: STORAGE,
    isRequired: true,
    severity: 'warning',
    must: (storage, context) => storage !== undefined || !isDurable(context) || !isInPlace(context),
    message: 'a Durable cluster keeps its data in volumes. Set their size, or set storageType to Ephemeral.',
  },
  {
    field: STORAGE.map((storage) => `${storage}.resources.requests.storage`),
    must: isPositiveQuantity,
    message: 'that is not a size above zero. Write it as "10Gi".',
  },
  {
    field: STORAGE.map((storage) => `${storage}.storageClassName`),
    // The empty string is Kubernetes' way to ask for no class at all.
    must: (name) => name === '' || isDnsSubdomain(name),
    message: 'that is not the name of a StorageClass. Use the name of one, or leave it out.',
  },
  {
    field: 'spec.brokerRack.topologyKey',
    isRequired: true,
    must: Boolean,
    message: 'brokers find their rack by a label of their node. Name the label, such as "topology.kubernetes.io/zone".',
  },
  {
    field: 'spec.podTemplate.spec.volumes[].name',
    must: (name, context) => !isKubeDbVolume(name, context),
    message: 'KubeDB mounts a volume of this name itself. Choose another name.',
  },
  {
    field: ['containers', 'initContainers'].map((list) => `spec.podTemplate.spec.${list}[].volumeMounts[].mountPath`),
    must: (path) => !isOneOf(...KUBEDB_MOUNTS)(path),
    message: 'KubeDB mounts a volume at this path itself. Choose another path.',
  },
  {
    field: ['spec.replicas', 'spec.topology.controller.replicas'],
    isRequired: true,
    severity: 'warning',
    must: (replicas = 1, context) => !isOneOf(1, 2)(replicas) || !isInPlace(context),
    message: (replicas) => `the quorum is lost whenever ${replicas === 2 ? 'a' : 'the'} controller restarts. Use 3.`,
  },
  {
    field: 'spec.topology.broker.replicas',
    isRequired: true,
    severity: 'warning',
    must: (replicas = 1) => replicas !== 1,
    message: 'every restart is an outage for clients. Use 3.',
  },
];

/** Without a pinned id KubeDB gives both roles the same new one. If one role pins an id, the other role gets a different one. */
function clusterIdViolations(kafka: KubeObject): readonly Violation[] {
  const [controller, broker] = (['controller', 'broker'] as const).map((role) => {
    const containers = listIn(valueAt(kafka, `spec.topology.${role}.podTemplate.spec.containers`)).map(mapIn);
    const env = listIn(containers.find((c) => c.name === 'kafka')?.env).map(mapIn);
    return env.find((variable) => variable.name === 'KAFKA_CLUSTER_ID')?.value;
  });
  if (controller === broker) return [];
  const [role, id] = controller === undefined ? ['controller', controller] : ['broker', broker];
  const field = `spec.topology.${role}.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]`;
  const why = 'the other role has another cluster id, and nodes of two ids never form a cluster';
  return [violationsFor(refOf(kafka)).error(field, id, why, 'Pin the same id in both roles, or in none.')];
}
