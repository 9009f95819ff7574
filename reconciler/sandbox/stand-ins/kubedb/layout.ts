/**
 * The layout of a KubeDB Kafka: nodes, names, labels, ports and paths, from KubeDB's public API module and its guides. The stand-ins
 * have their own copy of these facts. If they read the model by which the native executor renders objects, an error there would pass
 * unnoticed.
 */
import type { Kafka, Pod, PodSpec, Tls, TlsCertificate } from '../kinds';

export type Role = 'controller' | 'broker' | 'combined';

/** `CC` is the listener of Cruise Control's metrics reporter. */
export const PORTS = { BROKER: 9092, CONTROLLER: 9093, LOCAL: 29092, CC: 9094 } as const;
/** Listeners that other nodes and clients connect to. */
export type ListenerName = 'BROKER' | 'CONTROLLER';

export const KAFKA_CONTAINER = 'kafka';
export const DATA_DIR = '/var/log/kafka';
export const METADATA_DIR = `${DATA_DIR}/metadata`;
export const CERTIFICATE_DIR = '/var/private/ssl';
export const CONFIG_DIR = '/opt/kafka/config/temp-config';
export const CONFIG_VOLUME = 'temp-config';
export const KEYSTORE = `${CERTIFICATE_DIR}/server.keystore.jks`;
export const TRUSTSTORE = `${CERTIFICATE_DIR}/server.truststore.jks`;

export const ALIASES = ['server', 'client'] as const;

/** The PetSet of a role, and the parts of the Kafka's spec that describe it. */
export interface PetSetPlan {
  readonly name: string;
  readonly role: Role;
  readonly replicas: number;
  readonly storage: object;
  readonly podSpec: Partial<PodSpec>;
}

/** Returns the PetSets of a Kafka in the order of restarts. */
export function petSetsOf({ metadata: { name }, spec }: Kafka): readonly PetSetPlan[] {
  const { topology } = spec;
  const roles = topology === undefined ? (['combined'] as const) : (['controller', 'broker'] as const);
  return roles.map((role) => {
    const part = role === 'combined' ? spec : (topology?.[role] ?? {});
    return {
      name: role === 'combined' ? name : `${name}-${topology?.[role]?.suffix ?? role}`,
      role,
      replicas: part.replicas ?? 1,
      storage: part.storage ?? {},
      // The API server has no schema for pods inside a Kafka.
      podSpec: (part.podTemplate?.spec ?? {}) as object as Partial<PodSpec>,
    };
  });
}

export interface Node {
  readonly pod: string;
  readonly role: Role;
  readonly nodeId: number;
}

/** Returns the nodes of a Kafka in the order of restarts. */
export function nodesOf(kafka: Kafka): readonly Node[] {
  return petSetsOf(kafka).flatMap(({ name, role, replicas }) =>
    Array.from({ length: replicas }, (_, ordinal) => ({ pod: `${name}-${ordinal}`, role, nodeId: nodeIdOf(role, ordinal) })),
  );
}

/** Returns Kafka's `node.id`: dedicated controllers start at 1000. */
export function nodeIdOf(role: Role, ordinal: number): number {
  return role === 'controller' ? 1000 + ordinal : ordinal;
}

/** Returns the listeners of a role. */
export function listenersOf(role: Role): readonly ListenerName[] {
  return [...(role === 'controller' ? [] : (['BROKER'] as const)), ...(role === 'broker' ? [] : (['CONTROLLER'] as const))];
}

export const serviceName = (kafka: string) => `${kafka}-pods`;
export const certificateName = (kafka: string, alias: string) => `${kafka}-${alias}-cert`;
export const configSecretName = (kafka: string, role: Role) => (role === 'combined' ? `${kafka}-config` : `${kafka}-${role}-config`);
export const authSecretName = ({ metadata, spec }: Kafka) => spec.authSecret?.name || `${metadata.name}-auth`;
export const keystoreSecretName = ({ metadata, spec }: Kafka) => spec.keystoreCredSecret?.name || `${metadata.name}-keystore-cred`;

/** Returns the labels that select all objects of a Kafka. */
export function selectorLabels(kafka: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/instance': kafka,
    'app.kubernetes.io/managed-by': 'kubedb.com',
    'app.kubernetes.io/name': 'kafkas.kubedb.com',
  };
}

/** Returns the labels of each object of a Kafka. */
export function offshootLabels(kafka: string): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/component': 'database', ...selectorLabels(kafka) };
}

/** Returns the labels of the pods of a role. Combined nodes carry the labels of both roles. */
export function roleLabels(kafka: string, role: Role): Readonly<Record<string, string>> {
  return {
    ...selectorLabels(kafka),
    ...(role === 'controller' ? {} : { 'kubedb.com/role-broker': 'set' }),
    ...(role === 'broker' ? {} : { 'kubedb.com/role-controller': 'set' }),
  };
}

/** Returns the TLS configuration of a Kafka, or undefined without TLS. TLS without an issuer, for which KubeDB signs by itself, is not imitated. */
export function tlsOf({ spec: { enableSSL, tls } }: Kafka): Tls | undefined {
  return enableSSL === true && tls?.issuerRef !== undefined ? { ...tls, issuerRef: tls.issuerRef } : undefined;
}

/** Returns the entry of an alias with its Secret. */
export function certificateOf(kafka: string, { certificates = [] }: Tls, alias: string): TlsCertificate & { secretName: string } {
  const entry = certificates.find((c) => c.alias === alias);
  return { alias, ...entry, secretName: entry?.secretName || certificateName(kafka, alias) };
}

/** The node that a pod runs. */
export interface KafkaNode {
  readonly kafka: string;
  readonly role: Role;
  readonly nodeId: number;
}

/** Returns the Kafka node of a pod by KubeDB's labels, or undefined for a pod of another application. */
export function kafkaNodeOf(pod: Pod): KafkaNode | undefined {
  const labels = pod.metadata.labels ?? {};
  const kafka = labels['app.kubernetes.io/instance'];
  const isBroker = labels['kubedb.com/role-broker'] !== undefined;
  const isController = labels['kubedb.com/role-controller'] !== undefined;
  if (kafka === undefined || (!isBroker && !isController)) return undefined;
  const role: Role = isBroker && isController ? 'combined' : isBroker ? 'broker' : 'controller';
  return { kafka, role, nodeId: nodeIdOf(role, ordinalOf(pod)) };
}

/** Returns the ordinal of a PetSet's pod. */
export function ordinalOf({ metadata: { name } }: Pod): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}
