/**
 * What KubeDB does with a Kafka, as far as this project depends on it: names, labels, ports, paths, volumes, property keys and
 * the Certificate it writes for an alias. Reconciler and sandbox both read it here and nowhere else.
 *
 * Sources: kubedb/apimachinery v0.66 (helpers, constants), kubedb/kafka-init-docker, the outputs in KubeDB's Kafka guides.
 * Marked "inferred" where no public source says so.
 */

import { DEFAULT_CLUSTER_DOMAIN } from './cluster-domain';
import { type SecurityProtocol, withClientProtocol, withKeyStores, withListenerProtocols, withoutKeyStores } from './kafka-properties';
import type { Certificate, Kafka, KafkaOpsRequest } from './kinds/index';
import { KINDS, type Kind } from './kube-object';
import { sortedSet } from './plain-data';
import { type Alias, brokerCertificateName, certificateOf, issuerOf, type TlsConfig, tlsStateOf } from './tls';

export const ROLES = ['controller', 'broker', 'combined'] as const;
/** What a node does; also the order of restarts. Combined nodes count as controllers. */
export type Role = (typeof ROLES)[number];

/** Listener ports of every KubeDB Kafka. The protocol of a listener changes with TLS, the port does not. */
export const PORTS = { BROKER: 9092, CONTROLLER: 9093, LOCAL: 29092 } as const;
export type ListenerName = 'BROKER' | 'CONTROLLER';

/** Where the Kafka container finds its certificates. Source: kafka-init-docker. */
export const CERTIFICATE_DIR = '/var/private/ssl';
/** Container that runs Kafka in every pod. */
export const KAFKA_CONTAINER = 'kafka';
/** Volume with the operator's configuration Secret. */
export const CONFIG_VOLUME = 'temp-config';
/** Keys of the configuration Secret. `ssl.properties` is there exactly when TLS is on (inferred from the key counts in the guides). */
export const CONFIG_KEYS = { main: 'config.properties', ssl: 'ssl.properties', client: 'clientauth.properties' } as const;
/** Keys of the JKS password Secret. cert-manager knows one password per store, so all three hold the same. */
export const KEYSTORE_PASSWORD_KEYS = ['ssl.keystore.password', 'ssl.key.password', 'ssl.truststore.password'] as const;

/** Lifetime that cert-manager gives a certificate without `duration`. */
export const DEFAULT_DURATION = '2160h';
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

/** Returns the Secret with the passwords of the JKS stores, where the Kafka names none. */
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

/** Keys of the Secret with the SASL user of KubeDB. */
export const AUTH_KEYS = { user: 'username', password: 'password' } as const;

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** Returns how KubeDB's own client file logs in, PLAIN where it does not say; undefined for a mechanism that is none of ours. */
export function saslMechanismOf(clientProperties: string): SaslMechanism | undefined {
  const named = /^\s*sasl\.mechanism\s*[=:]\s*(\S+)\s*$/m.exec(clientProperties)?.[1];
  return named === undefined ? 'PLAIN' : SASL_MECHANISMS.find((m) => m === named);
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

/** What of a Kafka a Certificate depends on. */
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
  return {
    apiVersion: KINDS.Certificate.apiVersion,
    kind: KINDS.Certificate.kind,
    metadata: { name: brokerCertificateName(kafka.name, alias), namespace: kafka.namespace, labels },
    spec: {
      secretName: certificate.secretName ?? '',
      secretTemplate: { labels },
      commonName: brokerCommonName(kafka.name, kafka.namespace),
      ...(certificate.subject === undefined ? {} : { subject: certificate.subject }),
      dnsNames: sortedSet([...brokerDnsNames(kafka.name, kafka.namespace, kafka.clusterDomain), ...(certificate.dnsNames ?? [])]),
      ipAddresses: sortedSet(['127.0.0.1', ...(certificate.ipAddresses ?? [])]),
      ...(certificate.uris === undefined ? {} : { uris: certificate.uris }),
      ...(certificate.emailAddresses === undefined ? {} : { emailAddresses: certificate.emailAddresses }),
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

/** The part of a pod template that this project touches. */
export interface PodTemplate {
  readonly metadata?: unknown;
  readonly spec: {
    readonly containers: readonly PodContainer[];
    readonly volumes?: readonly PodVolume[] | null;
    readonly [field: string]: unknown;
  };
}
export interface PodContainer {
  readonly name: string;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath?: string; readonly [field: string]: unknown }[] | null;
  readonly [field: string]: unknown;
}
export interface PodVolume {
  readonly name: string;
  readonly secret?: { readonly secretName?: string; readonly items?: readonly { readonly key?: string; readonly path?: string }[] | null };
  readonly [field: string]: unknown;
}

/** Volume that carries the `server` certificate into every pod. Source: KubeDB's `<alias>-certs` rule. */
export const CERTIFICATE_VOLUME = 'server-certs';

function certificateVolume(kafka: string, tls: TlsConfig): PodVolume {
  return {
    name: CERTIFICATE_VOLUME,
    secret: {
      secretName: certificateOf(kafka, tls, 'server').secretName ?? '',
      items: [
        { key: 'ca.crt', path: 'ca.crt' },
        { key: 'tls.crt', path: 'tls.crt' },
        { key: 'tls.key', path: 'tls.key' },
        { key: 'keystore.jks', path: 'server.keystore.jks' },
        { key: 'truststore.jks', path: 'server.truststore.jks' },
      ],
    },
  };
}

/** Returns the pod template with exactly the certificate volume and mount that the TLS state asks for; all else stays as it is. */
export function withCertificateVolume(kafka: Kafka, template: PodTemplate): PodTemplate {
  const tls = tlsStateOf(kafka.spec);
  const volumes = (template.spec.volumes ?? []).filter((v) => v.name !== CERTIFICATE_VOLUME);
  const mount = { name: CERTIFICATE_VOLUME, mountPath: CERTIFICATE_DIR };
  return {
    ...template,
    spec: {
      ...template.spec,
      containers: template.spec.containers.map((c) => {
        if (c.name !== KAFKA_CONTAINER) return c;
        const mounts = (c.volumeMounts ?? []).filter((m) => m.name !== CERTIFICATE_VOLUME);
        return { ...c, volumeMounts: tls === 'off' ? mounts : [...mounts, mount] };
      }),
      volumes: tls === 'off' ? volumes : [...volumes, certificateVolume(kafka.metadata.name, tls)],
    },
  };
}

/** The volumes of a pod, as far as they mount Secrets. */
interface WithVolumes {
  readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName?: string } }[] | null;
}

/** Returns the Secret that a pod or pod template mounts its certificates from, or undefined without TLS. */
export function mountedCertificateSecret(spec: WithVolumes | undefined): string | undefined {
  return spec?.volumes?.find((v) => v.name === CERTIFICATE_VOLUME)?.secret?.secretName;
}

/** Returns the Secret that a pod or pod template mounts its configuration from, or undefined. */
export function mountedConfigSecret(spec: WithVolumes | undefined): string | undefined {
  return spec?.volumes?.find((v) => v.name === CONFIG_VOLUME)?.secret?.secretName;
}

/** Returns the default name of a role's configuration Secret; a live PetSet's volume has the last word, for KubeDB has changed the rule. */
export function configSecretName(kafka: string, role: Role): string {
  return role === 'combined' ? `${kafka}-config` : `${kafka}-${role}-config`;
}

/** Passwords of the JKS stores, all three the same. */
export type KeystorePassword = string;

const STORES = { keystore: `${CERTIFICATE_DIR}/server.keystore.jks`, truststore: `${CERTIFICATE_DIR}/server.truststore.jks` };

/**
 * Returns the data of a role's configuration Secret with the TLS state of the Kafka. `existing` is what the Secret holds; all that TLS does
 * not decide is kept, and where it has the wanted effect already, the same texts are returned. Without a password, those there are kept.
 */
export function configData(
  kafka: Kafka,
  role: Role,
  password: KeystorePassword | undefined,
  existing: Readonly<Record<string, string>> = baseConfig(kafka, role),
): Readonly<Record<string, string>> {
  const { [CONFIG_KEYS.main]: main, [CONFIG_KEYS.ssl]: ssl, [CONFIG_KEYS.client]: client, ...rest } = existing;
  const isTlsOn = tlsStateOf(kafka.spec) !== 'off';
  const protocol = securityProtocol(kafka);
  const stores = { ...STORES, password };
  const listening = withListenerProtocols(main ?? '', { own: Object.keys(PORTS), protocol });
  const files = (isTlsOn ? withKeyStores : withoutKeyStores)({ main: listening, ssl }, stores);
  return {
    ...rest,
    ...(main === undefined ? {} : { [CONFIG_KEYS.main]: files.main }),
    ...(client === undefined ? {} : { [CONFIG_KEYS.client]: withClientProtocol(client, protocol, stores) }),
    ...(files.ssl === undefined ? {} : { [CONFIG_KEYS.ssl]: files.ssl }),
  };
}

/** Returns the security protocol of KubeDB's own listeners. */
export function securityProtocol(kafka: Kafka): SecurityProtocol {
  const tlsOn = tlsStateOf(kafka.spec) !== 'off';
  if (kafka.spec?.disableSecurity === true) return tlsOn ? 'SSL' : 'PLAINTEXT';
  return tlsOn ? 'SASL_SSL' : 'SASL_PLAINTEXT';
}

/** Returns the configuration of a Kafka that was not observed: what KubeDB writes, as far as it is known. */
export function baseConfig(kafka: Kafka, role: Role, clusterDomain?: string): Readonly<Record<string, string>> {
  const { name, namespace = 'default' } = kafka.metadata;
  const protocol = securityProtocol(kafka);
  const voters = nodesOf(kafka)
    .filter((n) => n.role !== 'broker')
    .map((n) => `${n.nodeId}@${podFqdn(name, namespace, n.pod, clusterDomain)}:${PORTS.CONTROLLER}`);
  const listeners = listenersOf(role).map((l) => `${l}://:${PORTS[l]}`);
  const main = [
    `process.roles=${role === 'combined' ? 'controller,broker' : role}`,
    `listeners=${listeners.join(',')}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=BROKER',
    `controller.quorum.voters=${voters.join(',')}`,
    `listener.security.protocol.map=${Object.keys(PORTS)
      .map((listener) => `${listener}:${protocol}`)
      .join(',')}`,
    'log.dirs=/var/log/kafka',
  ];
  const client = [`security.protocol=${protocol}`, ...(kafka.spec?.disableSecurity === true ? [] : ['sasl.mechanism=PLAIN'])];
  return { [CONFIG_KEYS.main]: `${main.join('\n')}\n`, [CONFIG_KEYS.client]: `${client.join('\n')}\n` };
}

/**
 * Returns the lines of a properties file without those that hold a password or a login. What is left may be shown. A line that ends with
 * a backslash goes on in the next one, which is left out with it.
 */
export function withoutPasswords(properties: string): string {
  let isContinued = false;
  let isSecret = false;
  return properties
    .split('\n')
    .filter((line) => {
      if (!isContinued) isSecret = /password|jaas|secret|credential/i.test(line.split(/[=:]/)[0] ?? '');
      isContinued = line.endsWith('\\');
      return !isSecret;
    })
    .join('\n');
}

/** Phases of a KafkaOpsRequest after which KubeDB never touches it again. */
export const TERMINAL_PHASES = ['Successful', 'Failed', 'Skipped', 'Denied'] as const;

/** Tells whether a request is over: its phase is terminal, or it is being deleted. */
export function isFinishedRequest(request: Pick<KafkaOpsRequest, 'metadata' | 'status'>): boolean {
  const phase: string = request.status?.phase ?? '';
  return TERMINAL_PHASES.some((p) => p === phase) || request.metadata.deletionTimestamp !== undefined;
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
