/** The objects that KubeDB's operators create for a Kafka. Pure. */
import { canonical, type Kind, type KubeObject } from '#model/kube-object';
import { controllerOf, encoded, objectOf } from '../context';
import { type Container, type EnvironmentVariable, type Kafka, KINDS, type PetSet, type PodSpec, type Tls, type Volume } from '../kinds';
import {
  authSecretName,
  CERTIFICATE_DIR,
  CONFIG_DIR,
  CONFIG_VOLUME,
  certificateName,
  certificateOf,
  configSecretName,
  DATA_DIR,
  KAFKA_CONTAINER,
  keystoreSecretName,
  listenersOf,
  offshootLabels,
  type PetSetPlan,
  PORTS,
  type Role,
  roleLabels,
  selectorLabels,
  serviceName,
  tlsOf,
} from './layout';

/** An object that is deleted with its Kafka. */
function owned(kafka: Kafka, kind: Kind, name: string, rest: object): KubeObject {
  const object = surviving(kafka, kind, name, rest);
  return { ...object, metadata: { ...object.metadata, ownerReferences: [controllerOf(kafka)] } };
}

/** An object that survives its Kafka, as every password does. */
function surviving({ metadata }: Kafka, kind: Kind, name: string, rest: object): KubeObject {
  return objectOf(kind, { name, namespace: metadata.namespace ?? '', labels: offshootLabels(metadata.name) }, rest);
}

/** Returns the headless Service. */
export function serviceOf(kafka: Kafka): KubeObject {
  const { name } = kafka.metadata;
  const { CC: _, ...ports } = PORTS;
  return owned(kafka, KINDS.Service, serviceName(name), {
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selectorLabels(name),
      ports: Object.entries(ports).map(([listener, port]) => ({
        name: listener.toLowerCase(),
        port,
        targetPort: listener.toLowerCase(),
        protocol: 'TCP',
      })),
    },
  });
}

/** Returns the Secret with KubeDB's SASL user. */
export function authSecretOf(kafka: Kafka, password: string): KubeObject {
  const data = encoded({ username: 'admin', password });
  return surviving(kafka, KINDS.Secret, authSecretName(kafka), { type: 'kubernetes.io/basic-auth', data });
}

/** Keys of the Secret with the passwords of the JKS stores. cert-manager knows one password, so all three are the same. */
export const STORE_PASSWORD = 'ssl.keystore.password';
const PASSWORD_KEYS = [STORE_PASSWORD, 'ssl.key.password', 'ssl.truststore.password'];

/** Returns the Secret with the passwords of the JKS stores. */
export function keystoreSecretOf(kafka: Kafka, password: string): KubeObject {
  const data = encoded(Object.fromEntries(PASSWORD_KEYS.map((key) => [key, password])));
  return surviving(kafka, KINDS.Secret, keystoreSecretName(kafka), { type: 'Opaque', data });
}

/** Returns a role's configuration Secret. */
export function configSecretOf(kafka: Kafka, role: Role, files: Readonly<Record<string, string>>): KubeObject {
  return owned(kafka, KINDS.Secret, configSecretName(kafka.metadata.name, role), { type: 'Opaque', data: encoded(files) });
}

/**
 * Returns the Certificate of an alias. The guides show name, labels, common name and alternative names; usages, `renewBefore`, key stores
 * and the union with the user's names are inferred.
 */
export function certificateManifest(kafka: Kafka, tls: Tls, alias: string, clusterDomain: string): KubeObject {
  const { name, namespace } = kafka.metadata;
  const { issuerRef: own, privateKey, alias: _, ...entry } = certificateOf(name, tls, alias);
  const issuer = own ?? tls.issuerRef;
  const service = serviceName(name);
  const fqdn = `${service}.${namespace}.svc.${clusterDomain}`;
  const union = (...names: readonly string[]) => [...new Set(names)].sort();
  return owned(kafka, KINDS.Certificate, certificateName(name, alias), {
    spec: {
      duration: '2160h',
      renewBefore: '5m',
      ...entry,
      secretTemplate: { labels: offshootLabels(name) },
      commonName: `${service}.${namespace}.svc`,
      dnsNames: union(`*.${fqdn}`, fqdn, `${service}.${namespace}.svc`, service, 'localhost', ...(entry.dnsNames ?? [])),
      ipAddresses: union('127.0.0.1', ...(entry.ipAddresses ?? [])),
      usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
      privateKey: { encoding: privateKey?.encoding ?? 'PKCS8', rotationPolicy: 'Always' },
      keystores: { jks: { create: true, passwordSecretRef: { name: keystoreSecretName(kafka), key: STORE_PASSWORD } } },
      issuerRef: { group: issuer.apiGroup, kind: issuer.kind, name: issuer.name },
    },
  });
}

export interface PetSetOptions {
  readonly image: string;
  readonly initImage: string | undefined;
  readonly configSecret: string;
}

/** Returns the PetSet of a role. */
export function petSetOf(kafka: Kafka, plan: PetSetPlan, options: PetSetOptions): PetSet {
  const kafkaName = kafka.metadata.name;
  const labels = roleLabels(kafkaName, plan.role);
  const template = { metadata: { labels: { ...offshootLabels(kafkaName), ...labels } }, spec: podSpecOf(kafka, plan, options) };
  return owned(kafka, KINDS.PetSet, plan.name, {
    spec: {
      replicas: plan.replicas,
      serviceName: serviceName(kafkaName),
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      selector: { matchLabels: labels },
      template: canonical(template),
      ...(isEphemeral(kafka) ? {} : { volumeClaimTemplates: [{ metadata: { name: `${kafkaName}-data` }, spec: plan.storage }] }),
    },
  }) as PetSet;
}

/** KubeDB's default is Durable. */
function isEphemeral({ spec }: Kafka): boolean {
  return spec.storageType === 'Ephemeral';
}

function podSpecOf(kafka: Kafka, { role, podSpec }: PetSetPlan, { image, initImage, configSecret }: PetSetOptions): PodSpec {
  const data = `${kafka.metadata.name}-data`;
  const tls = tlsOf(kafka);
  const { containers = [], initContainers, volumes = [] } = podSpec;
  const given = containers.find((c) => c.name === KAFKA_CONTAINER);
  const env = [...(given?.env ?? []), ...loginVariables(kafka)];
  const kafkaContainer: Container & { readonly ports: readonly object[] } = {
    ...given,
    name: KAFKA_CONTAINER,
    image,
    ...(env.length === 0 ? {} : { env }),
    ports: listenersOf(role).map((l) => ({ name: l.toLowerCase(), containerPort: PORTS[l], protocol: 'TCP' })),
    volumeMounts: [
      { name: CONFIG_VOLUME, mountPath: CONFIG_DIR },
      { name: data, mountPath: DATA_DIR },
      ...(tls === undefined ? [] : [{ name: 'server-certs', mountPath: CERTIFICATE_DIR }]),
    ],
  };
  const grace = { terminationGracePeriodSeconds: 120 };
  return {
    ...grace,
    ...podSpec,
    ...(initContainers === undefined
      ? {}
      : { initContainers: initContainers.map((c) => ({ ...(initImage && { image: initImage }), ...c })) }),
    containers: [kafkaContainer, ...containers.filter((c) => c.name !== KAFKA_CONTAINER)],
    volumes: [
      ...volumes,
      { name: CONFIG_VOLUME, secret: { secretName: configSecret } },
      ...(isEphemeral(kafka) ? [{ name: data, emptyDir: {} }] : []),
      ...(tls === undefined ? [] : [certificateVolume(certificateOf(kafka.metadata.name, tls, 'server').secretName)]),
    ],
  };
}

/** The user that the boot script writes into the configuration. That it comes from the Secret is inferred. */
function loginVariables(kafka: Kafka): readonly EnvironmentVariable[] {
  if (kafka.spec.disableSecurity === true) return [];
  const name = authSecretName(kafka);
  return [
    { name: 'KAFKA_USER', valueFrom: { secretKeyRef: { name, key: 'username' } } },
    { name: 'KAFKA_PASSWORD', valueFrom: { secretKeyRef: { name, key: 'password' } } },
  ];
}

function certificateVolume(secretName: string): Volume {
  return {
    name: 'server-certs',
    secret: {
      secretName,
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

/** Returns the PodDisruptionBudget of a PetSet. KubeDB creates none for a single pod. */
export function budgetOf(kafka: Kafka, { name, role, replicas }: PetSetPlan): KubeObject | undefined {
  if (replicas <= 1) return undefined;
  const maxUnavailable = Math.max(1, Math.floor((replicas - 1) / 2));
  const selector = { matchLabels: roleLabels(kafka.metadata.name, role) };
  return owned(kafka, KINDS.PodDisruptionBudget, name, { spec: { maxUnavailable, selector } });
}
