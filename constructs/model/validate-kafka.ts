/**
 * What KubeDB's webhook refuses in a Kafka, and what it accepts although nobody wants it. The chain is the list; a rule is named after
 * the violation it finds.
 *
 * Source: KubeDB apimachinery, validating webhook of `kubedb.com/v1` Kafka. The rules on KafkaVersions and tiered storage need the
 * cluster, or fields that have nothing to do with TLS, and are left to KubeDB.
 */
import { type KubeObject, refOf } from './kube-object';
import { nodesOf } from './kubedb';
import { isDnsLabel, isDnsSubdomain, isPositiveQuantity } from './kubernetes-names';
import { tlsViolations } from './validate-certificate';
import { type Violation, violationsFor } from './violation';

type Rule = (kafka: KubeObject) => readonly Violation[];

const RULES: readonly Rule[] = [
  nameIsUnusable,
  versionIsUnusable,
  sslAndTlsDisagree,
  tlsIsWrong,
  topologyIsHalf,
  topologyIsMixedWithCombined,
  replicasAreNotPositive,
  suffixesAreUnusable,
  clusterIdIsPinnedInOneRole,
  storageIsWrong,
  storageIsEmpty,
  deletionIsContradictory,
  rackHasNoKey,
  podTemplateTouchesKubeDb,
  tooFewReplicas,
];

/** Returns everything that is wrong with a Kafka. */
export function kafkaViolations(kafka: KubeObject): readonly Violation[] {
  return RULES.flatMap((rule) => rule(kafka));
}

const DEDICATED_ROLES = ['controller', 'broker'] as const;

function nameIsUnusable(kafka: KubeObject): readonly Violation[] {
  const { name } = kafka.metadata;
  const { error } = violationsFor(refOf(kafka));
  if (!isDnsSubdomain(name)) return []; // reported already, and clearer
  if (!isDnsLabel(`${name}-pods`) || !/^[a-z]/.test(name)) {
    const why = `KubeDB names a Service "${name}-pods" after it, which is not a name a Service can have`;
    return [error('metadata.name', name, why, 'Use at most 58 lower-case letters, digits and "-", beginning with a letter.')];
  }
  const longest = nodesOf(kafka).at(-1)?.pod ?? '';
  if (longest.length <= 63) return [];
  return [error('metadata.name', name, `the pod "${longest}" could not have its name as host name`, 'Use a shorter name.')];
}

function versionIsUnusable(kafka: KubeObject): readonly Violation[] {
  const version = kafka.spec?.version;
  if (isDnsSubdomain(version)) return [];
  const why = version ? 'that is not the name of a KafkaVersion' : 'KubeDB has to know which Kafka to run';
  return [violationsFor(refOf(kafka)).error('spec.version', version, why, 'Name a KafkaVersion, such as "4.2.0".')];
}

function sslAndTlsDisagree(kafka: KubeObject): readonly Violation[] {
  const { enableSSL, tls } = kafka.spec ?? {};
  const { error } = violationsFor(refOf(kafka));
  if (enableSSL === true && tls === undefined)
    return [
      error(
        'spec.tls',
        tls,
        'enableSSL is true, and KubeDB wants both or neither',
        'Say what TLS should be with the prop "tls", and leave enableSSL to it.',
      ),
    ];
  if (enableSSL !== true && tls !== undefined)
    return [
      error(
        'spec.enableSSL',
        enableSSL,
        'tls is set, and KubeDB wants both or neither',
        'Say what TLS should be with the prop "tls", and leave enableSSL to it.',
      ),
    ];
  return [];
}

function tlsIsWrong(kafka: KubeObject): readonly Violation[] {
  return kafka.spec?.tls === undefined ? [] : tlsViolations(kafka, 'spec.tls', kafka.spec.tls);
}

function topologyIsHalf(kafka: KubeObject): readonly Violation[] {
  const topology = kafka.spec?.topology;
  if (topology === undefined) return [];
  const { error } = violationsFor(refOf(kafka));
  return DEDICATED_ROLES.filter((role) => topology[role] === undefined).map((role) =>
    error(`spec.topology.${role}`, undefined, 'a topology has controllers and brokers', 'Describe both, or use a combined cluster.'),
  );
}

function topologyIsMixedWithCombined(kafka: KubeObject): readonly Violation[] {
  if (kafka.spec?.topology === undefined) return [];
  const { error } = violationsFor(refOf(kafka));
  const found = (['replicas', 'storage'] as const)
    .filter((field) => kafka.spec[field] !== undefined)
    .map((field) =>
      error(
        `spec.${field}`,
        kafka.spec[field],
        'with a topology it belongs to each role',
        `Set it below spec.topology.controller and spec.topology.broker.`,
      ),
    );
  // KubeDB looks for requests and limits; empty ones are none.
  const resources: Readonly<Record<string, object>> = kafka.spec.podTemplate?.spec?.containers?.[0]?.resources ?? {};
  if (Object.values(resources).some((amounts) => Object.keys(amounts).length > 0)) {
    found.push(
      error(
        'spec.podTemplate.spec.containers[0].resources',
        resources,
        'with a topology it belongs to each role',
        'Set it in the podTemplate of each role.',
      ),
    );
  }
  return found;
}

function replicasAreNotPositive(kafka: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(kafka));
  const topology = kafka.spec?.topology;
  const given: readonly (readonly [string, unknown])[] =
    topology === undefined
      ? [['spec.replicas', kafka.spec?.replicas]]
      : DEDICATED_ROLES.map((role) => [`spec.topology.${role}.replicas`, topology[role]?.replicas]);
  return given
    .filter(([, replicas]) => replicas !== undefined && !(Number.isInteger(replicas) && (replicas as number) > 0))
    .map(([field, replicas]) =>
      error(field, replicas, 'KubeDB wants a whole number of nodes, at least one', 'Use 3 for a cluster that survives the loss of a node.'),
    );
}

function suffixesAreUnusable(kafka: KubeObject): readonly Violation[] {
  const topology = kafka.spec?.topology;
  if (topology?.controller === undefined || topology.broker === undefined) return [];
  const { error } = violationsFor(refOf(kafka));
  const suffixes = DEDICATED_ROLES.map((role) => ({ field: `spec.topology.${role}.suffix`, suffix: topology[role].suffix ?? role }));
  const malformed = suffixes
    .filter(({ suffix }) => !isDnsLabel(suffix))
    .map(({ field, suffix }) => error(field, suffix, 'no PetSet can have a name that ends so', 'Use lower-case letters, digits and "-".'));
  if (suffixes[0]?.suffix !== suffixes[1]?.suffix) return malformed;
  const why = 'the controllers have the same, so both PetSets would have one name';
  return [...malformed, error('spec.topology.broker.suffix', suffixes[1]?.suffix, why, 'Choose another for one of them.')];
}

/** Left alone, KubeDB gives both roles one fresh id; pinned in one role, the other gets a fresh one of its own. */
function clusterIdIsPinnedInOneRole(kafka: KubeObject): readonly Violation[] {
  const topology = kafka.spec?.topology;
  if (topology === undefined) return [];
  const [controller, broker] = DEDICATED_ROLES.map((role) => clusterId(topology[role]?.podTemplate));
  if (controller === broker) return [];
  const [role, id] = controller === undefined ? ['controller', broker] : ['broker', broker];
  const field = `spec.topology.${role}.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]`;
  const value = role === 'controller' ? undefined : id;
  return [
    violationsFor(refOf(kafka)).error(
      field,
      value,
      'the other role has another cluster id, and nodes of two ids never form a cluster',
      'Pin the same id in both roles, or in none.',
    ),
  ];
}

function clusterId(podTemplate: { readonly spec?: { readonly containers?: readonly PinningContainer[] } } | undefined): string | undefined {
  const container = podTemplate?.spec?.containers?.find((c) => c.name === 'kafka');
  return container?.env?.find((e) => e.name === 'KAFKA_CLUSTER_ID')?.value;
}
interface PinningContainer {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

function storageIsWrong(kafka: KubeObject): readonly Violation[] {
  const { storageType = 'Durable', deletionPolicy, topology, storage } = kafka.spec ?? {};
  const { error, warning } = violationsFor(refOf(kafka));
  if (!['Durable', 'Ephemeral'].includes(storageType))
    return [error('spec.storageType', storageType, 'KubeDB knows Durable and Ephemeral', 'Use one of the two.')];
  if (storageType === 'Ephemeral') {
    return deletionPolicy === 'Halt'
      ? [error('spec.deletionPolicy', deletionPolicy, 'nothing of an Ephemeral cluster would be left to keep', 'Use Delete or WipeOut.')]
      : [];
  }
  const missing =
    topology === undefined
      ? storage === undefined
        ? ['spec.storage']
        : []
      : DEDICATED_ROLES.filter((r) => topology[r] !== undefined && topology[r].storage === undefined).map(
          (r) => `spec.topology.${r}.storage`,
        );
  return missing.map((field) =>
    warning(
      field,
      undefined,
      'a Durable cluster keeps its data in volumes',
      'Say how large they should be, or set storageType to Ephemeral.',
    ),
  );
}

function storageIsEmpty(kafka: KubeObject): readonly Violation[] {
  const { topology, storage } = kafka.spec ?? {};
  const claims = [
    { at: 'spec.storage', claim: storage },
    ...DEDICATED_ROLES.map((role) => ({ at: `spec.topology.${role}.storage`, claim: topology?.[role]?.storage })),
  ];
  const { error } = violationsFor(refOf(kafka));
  return claims.flatMap(({ at, claim }) => {
    const amount = claim?.resources?.requests?.storage;
    const className = claim?.storageClassName;
    return [
      ...(amount === undefined || isPositiveQuantity(amount)
        ? []
        : [error(`${at}.resources.requests.storage`, amount, 'that is not a size above zero', 'Write it as "10Gi".')]),
      // The empty text is Kubernetes' way to ask for no class at all.
      ...(className === undefined || className === '' || isDnsSubdomain(className)
        ? []
        : [error(`${at}.storageClassName`, className, 'that is not the name of a StorageClass', 'Use the name of one, or leave it out.')]),
    ];
  });
}

function deletionIsContradictory(kafka: KubeObject): readonly Violation[] {
  const { deletionPolicy, halted } = kafka.spec ?? {};
  const { error } = violationsFor(refOf(kafka));
  if (deletionPolicy !== undefined && !['Halt', 'Delete', 'WipeOut', 'DoNotTerminate'].includes(deletionPolicy)) {
    return [error('spec.deletionPolicy', deletionPolicy, 'KubeDB knows Halt, Delete, WipeOut and DoNotTerminate', 'Use one of them.')];
  }
  if (halted !== true || deletionPolicy !== 'DoNotTerminate') return [];
  return [error('spec.halted', halted, 'a cluster that must not be terminated cannot be halted', 'Change deletionPolicy first.')];
}

function rackHasNoKey(kafka: KubeObject): readonly Violation[] {
  const rack = kafka.spec?.brokerRack;
  if (rack === undefined || rack.topologyKey) return [];
  return [
    violationsFor(refOf(kafka)).error(
      'spec.brokerRack.topologyKey',
      rack.topologyKey,
      'brokers find their rack by a label of their node',
      'Name the label, such as "topology.kubernetes.io/zone".',
    ),
  ];
}

const KUBEDB_MOUNTS = [
  '/opt/kafka/config/kafkaconfig',
  '/opt/kafka/config/temp-config',
  '/var/log/kafka',
  '/var/log/kafka/metadata',
  '/var/private/ssl',
];

function podTemplateTouchesKubeDb(kafka: KubeObject): readonly Violation[] {
  const spec = kafka.spec?.podTemplate?.spec;
  if (spec === undefined) return [];
  const { error } = violationsFor(refOf(kafka));
  const aliases: readonly { readonly alias: string }[] = kafka.spec.tls?.certificates ?? [];
  const reserved = ['data', 'kafkaconfig', 'temp-config', ...aliases.map((c) => `${c.alias}-certs`)];
  const volumes: readonly { readonly name: string }[] = spec.volumes ?? [];
  const found = [...volumes.entries()]
    .filter(([, volume]) => reserved.includes(volume.name))
    .map(([i, volume]) =>
      error(`spec.podTemplate.spec.volumes[${i}].name`, volume.name, 'KubeDB mounts a volume of this name itself', 'Choose another name.'),
    );
  for (const list of ['containers', 'initContainers'] as const) {
    const containers: readonly { readonly volumeMounts?: readonly { readonly mountPath: string }[] }[] = spec[list] ?? [];
    for (const [i, container] of containers.entries()) {
      for (const [j, mount] of (container.volumeMounts ?? []).entries()) {
        if (!KUBEDB_MOUNTS.includes(mount.mountPath)) continue;
        found.push(
          error(
            `spec.podTemplate.spec.${list}[${i}].volumeMounts[${j}].mountPath`,
            mount.mountPath,
            'KubeDB mounts a volume here itself',
            'Choose another path.',
          ),
        );
      }
    }
  }
  return found;
}

function tooFewReplicas(kafka: KubeObject): readonly Violation[] {
  const { warning } = violationsFor(refOf(kafka));
  const topology = kafka.spec?.topology;
  const controllers = topology === undefined ? (kafka.spec?.replicas ?? 1) : (topology.controller?.replicas ?? 1);
  const field = topology === undefined ? 'spec.replicas' : 'spec.topology.controller.replicas';
  const found: Violation[] = [];
  if (controllers === 1 || controllers === 2) {
    found.push(warning(field, controllers, `the quorum is lost whenever ${controllers === 1 ? 'the' : 'a'} controller restarts`, 'Use 3.'));
  }
  if (topology !== undefined && (topology.broker?.replicas ?? 1) === 1) {
    found.push(
      warning('spec.topology.broker.replicas', topology.broker?.replicas ?? 1, 'every restart is an outage for clients', 'Use 3.'),
    );
  }
  return found;
}
