/**
 * What KubeDB does with a Kafka, as far as this project depends on it: names, labels, ports, nodes, and the Certificate that it writes for an
 * alias. The configuration and the volumes of its pods are in `reconciler/model/broker-pod.ts`.
 *
 * Sources: kubedb/apimachinery v0.66 (helpers, constants), kubedb/kafka-init-docker, the outputs in KubeDB's Kafka guides.
 * Facts that no public source states are marked "inferred".
 */
import { DEFAULT_DURATION, KUBEDB_FIELDS } from './certificate-fields';
import { DEFAULT_CLUSTER_DOMAIN } from './cluster-domain';
import type { Certificate, Kafka } from './kinds/index';
import { KINDS, type Kind, type KubeObject } from './kube-object';
import { mapIn, sortedSet } from './plain-data';
import { type Alias, brokerCertificateName, certificateOf, issuerOf, type TlsConfig } from './tls';

export const ROLES = ['controller', 'broker', 'combined'] as const;
/** Role of a node, in the order of restarts. Combined nodes count as controllers. */
export type Role = (typeof ROLES)[number];

/** Listener ports of every KubeDB Kafka. The protocol of a listener changes with TLS, the port does not. */
export const PORTS = { BROKER: 9092, CONTROLLER: 9093, LOCAL: 29092 } as const;
export type ListenerName = 'BROKER' | 'CONTROLLER';

/** Keys of the JKS password Secret. cert-manager knows one password per store, so all three hold the same. */
export const KEYSTORE_PASSWORD_KEYS = ['ssl.keystore.password', 'ssl.key.password', 'ssl.truststore.password'] as const;

/** KubeDB keeps cert-manager from renewing underneath running brokers with a renewBefore this short (inferred from its 5-minute constant). */
export const DEFAULT_RENEW_BEFORE = '5m';

/** One node of a Kafka, derived from its spec. */
export interface Node {
  readonly pod: string;
  readonly petSet: string;
  readonly role: Role;
  readonly ordinal: number;
  /** Kafka's `node.id`: the ordinal; dedicated controllers start at 1000. */
  readonly nodeId: number;
}

export interface PetSetFacts {
  readonly name: string;
  readonly role: Role;
  readonly replicas: number;
}

/** Returns the PetSets of a Kafka in restart order: controllers first, or the one of combined nodes. */
export function petSetsOf(kafka: Kafka): readonly PetSetFacts[] {
  const { name } = kafka.metadata;
  const topology = kafka.spec?.topology;
  if (topology === undefined) return [{ name, role: 'combined', replicas: kafka.spec?.replicas ?? 1 }];
  return (['controller', 'broker'] as const).map((role) => ({
    name: `${name}-${topology[role]?.suffix ?? role}`,
    role,
    replicas: topology[role]?.replicas ?? 1,
  }));
}

/** Returns the nodes that a Kafka's spec asks for, in restart order. */
export function nodesOf(kafka: Kafka): readonly Node[] {
  return petSetsOf(kafka).flatMap(({ name, role, replicas }) =>
    Array.from({ length: replicas }, (_, ordinal) => ({
      pod: `${name}-${ordinal}`,
      petSet: name,
      role,
      ordinal,
      nodeId: role === 'controller' ? 1000 + ordinal : ordinal,
    })),
  );
}

/** Returns the listeners that a role serves and that other nodes or clients reach. */
export function listenersOf(role: Role): readonly ListenerName[] {
  if (role === 'controller') return ['CONTROLLER'];
  return role === 'broker' ? ['BROKER'] : ['BROKER', 'CONTROLLER'];
}

/** Returns the name of the headless Service that gives pods their DNS names. */
export function governingService(kafka: string): string {
  return `${kafka}-pods`;
}

/** Returns the DNS name of a pod, as brokers advertise it. */
export function podFqdn(kafka: string, namespace: string, pod: string, clusterDomain = DEFAULT_CLUSTER_DOMAIN): string {
  return `${pod}.${governingService(kafka)}.${namespace}.svc.${clusterDomain}`;
}

/** Returns the labels by which KubeDB selects everything of one Kafka. */
export function selectorLabels(kafka: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/instance': kafka,
    'app.kubernetes.io/managed-by': 'kubedb.com',
    'app.kubernetes.io/name': 'kafkas.kubedb.com',
  };
}

/** Returns the labels KubeDB puts on the objects of a Kafka. */
export function offshootLabels(kafka: string): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/component': 'database', ...selectorLabels(kafka) };
}

/** Returns the labels of the pods of one role; combined nodes carry both role labels (inferred). */
export function roleLabels(kafka: string, role: Role): Readonly<Record<string, string>> {
  const roles = role === 'combined' ? ['broker', 'controller'] : [role];
  return { ...selectorLabels(kafka), ...Object.fromEntries(roles.map((r) => [`kubedb.com/role-${r}`, 'set'])) };
}

/** Returns the name of the Secret with the passwords of the JKS stores if the Kafka names none. */
export function defaultKeystoreCredSecret(kafka: string): string {
  return `${kafka}-keystore-cred`;
}

/** Returns the name of the Secret with the JKS passwords. */
export function keystoreCredSecret(kafka: Kafka): string {
  return kafka.spec?.keystoreCredSecret?.name || defaultKeystoreCredSecret(kafka.metadata.name);
}

/** Returns the name of the Secret with the SASL user of KubeDB. */
export function authSecret(kafka: Kafka): string {
  return kafka.spec?.authSecret?.name || `${kafka.metadata.name}-auth`;
}

/** Returns the common name of both aliases; cert-manager refuses one over 64 characters. */
export function brokerCommonName(kafka: string, namespace: string): string {
  return `${governingService(kafka)}.${namespace}.svc`;
}

/** Returns the DNS names that every certificate of a Kafka carries; user names are added to them. */
export function brokerDnsNames(kafka: string, namespace: string, clusterDomain = DEFAULT_CLUSTER_DOMAIN): readonly string[] {
  const service = governingService(kafka);
  const fqdn = `${service}.${namespace}.svc.${clusterDomain}`;
  return [`*.${fqdn}`, 'localhost', service, `${service}.${namespace}.svc`, fqdn];
}

/** The properties of a Kafka on which its Certificates depend. */
export interface CertificateOwner {
  readonly name: string;
  readonly namespace: string;
  readonly keystoreCredSecret: string;
  /** DNS domain of the cluster. Default: `cluster.local`. */
  readonly clusterDomain?: string | undefined;
}

/**
 * Returns the Certificate of an alias as KubeDB's ops-manager writes it. Name, labels, common name and subject alternative names are
 * observed; usages, renewBefore, the password key and the union with user names are inferred.
 */
export function brokerCertificate(kafka: CertificateOwner, tls: TlsConfig, alias: Alias): Certificate {
  const certificate = certificateOf(kafka.name, tls, alias);
  const issuer = issuerOf(tls, alias);
  const labels = offshootLabels(kafka.name);
  const given = Object.entries(certificate).filter(([name]) => KUBEDB_FIELDS.includes(name));
  return {
    apiVersion: KINDS.Certificate.apiVersion,
    kind: KINDS.Certificate.kind,
    metadata: { name: brokerCertificateName(kafka.name, alias), namespace: kafka.namespace, labels },
    spec: {
      ...Object.fromEntries(given),
      secretName: certificate.secretName ?? '',
      secretTemplate: { labels },
      commonName: brokerCommonName(kafka.name, kafka.namespace),
      dnsNames: sortedSet([...brokerDnsNames(kafka.name, kafka.namespace, kafka.clusterDomain), ...(certificate.dnsNames ?? [])]),
      ipAddresses: sortedSet(['127.0.0.1', ...(certificate.ipAddresses ?? [])]),
      duration: certificate.duration ?? DEFAULT_DURATION,
      renewBefore: certificate.renewBefore ?? DEFAULT_RENEW_BEFORE,
      usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
      privateKey: { encoding: certificate.privateKey?.encoding ?? 'PKCS8', rotationPolicy: 'Always' },
      keystores: {
        jks: { create: true, passwordSecretRef: { name: kafka.keystoreCredSecret, key: KEYSTORE_PASSWORD_KEYS[0] } },
      },
      issuerRef: { group: issuer.apiGroup, kind: issuer.kind, name: issuer.name },
    },
  };
}

/** Returns the default name of a role's configuration Secret; if a live PetSet mounts another Secret, that one counts, because KubeDB has changed the rule. */
export function configSecretName(kafka: string, role: Role): string {
  return role === 'combined' ? `${kafka}-config` : `${kafka}-${role}-config`;
}

/** Phases of a KafkaOpsRequest after which KubeDB never touches it again. */
export const TERMINAL_PHASES = ['Successful', 'Failed', 'Skipped', 'Denied'] as const;

/** Tells whether a request has finished: its phase is terminal, or it is being deleted. */
export function isFinishedRequest({ status, metadata }: KubeObject): boolean {
  const { phase } = mapIn(status);
  return TERMINAL_PHASES.some((p) => p === phase) || metadata.deletionTimestamp !== undefined;
}

/** Kinds whose absence means that an operator is missing, and which one. */
export const INSTALLED_BY: readonly { readonly kind: Kind; readonly operator: string }[] = [
  { kind: KINDS.Kafka, operator: 'KubeDB (kubedb-provisioner)' },
  { kind: KINDS.KafkaOpsRequest, operator: 'KubeDB (kubedb-ops-manager)' },
  { kind: KINDS.KafkaVersion, operator: 'KubeDB (kubedb-catalog)' },
  { kind: KINDS.PetSet, operator: 'KubeDB (petset)' },
  { kind: KINDS.Certificate, operator: 'cert-manager' },
  { kind: KINDS.Issuer, operator: 'cert-manager' },
  { kind: KINDS.ClusterIssuer, operator: 'cert-manager' },
];
