/** The objects that KubeDB's provisioner makes of a Kafka. Pure; what TLS decides of them is in the model that the reconciler reads, too. */
import { canonical, KINDS, type KubeObject } from '#model/kube-object';
import {
  authSecret,
  CONFIG_DIR,
  CONFIG_VOLUME,
  configSecretName,
  governingService,
  KAFKA_CONTAINER,
  KEYSTORE_PASSWORD_KEYS,
  keystoreCredSecret,
  listenersOf,
  offshootLabels,
  type PetSetFacts,
  PORTS,
  type PodTemplate,
  type Role,
  roleLabels,
  selectorLabels,
  withCertificateVolume,
} from '#model/kubedb';
import { DATA_DIR } from '../kubernetes/mounts';
import { controllerOf, encoded } from '../world';

function named(kafka: KubeObject, name: string): { name: string; namespace: string; labels: Readonly<Record<string, string>> } {
  return { name, namespace: kafka.metadata.namespace ?? '', labels: offshootLabels(kafka.metadata.name) };
}

/** Returns the headless Service. */
export function serviceOf(kafka: KubeObject): KubeObject {
  const ports = Object.entries(PORTS).map(([name, port]) => ({
    name: name.toLowerCase(),
    port,
    targetPort: name.toLowerCase(),
    protocol: 'TCP',
  }));
  return {
    apiVersion: KINDS.Service.apiVersion,
    kind: KINDS.Service.kind,
    metadata: { ...named(kafka, governingService(kafka.metadata.name)), ownerReferences: [controllerOf(kafka)] },
    spec: { clusterIP: 'None', type: 'ClusterIP', publishNotReadyAddresses: true, selector: selectorLabels(kafka.metadata.name), ports },
  };
}

/** Returns the Secret with KubeDB's SASL user. Like every password it survives its Kafka. */
export function authSecretOf(kafka: KubeObject, password: string): KubeObject {
  return secret(kafka, authSecret(kafka), 'kubernetes.io/basic-auth', { username: 'admin', password });
}

/** Returns the Secret with the passwords of the Java key stores. */
export function keystoreCredSecretOf(kafka: KubeObject, password: string): KubeObject {
  return secret(kafka, keystoreCredSecret(kafka), 'Opaque', Object.fromEntries(KEYSTORE_PASSWORD_KEYS.map((key) => [key, password])));
}

/** Returns a role's configuration Secret. */
export function configSecretOf(kafka: KubeObject, role: Role, data: Readonly<Record<string, string>>): KubeObject {
  const object = secret(kafka, configSecretName(kafka.metadata.name, role), 'Opaque', data);
  return { ...object, metadata: { ...object.metadata, ownerReferences: [controllerOf(kafka)] } };
}

function secret(kafka: KubeObject, name: string, type: string, data: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: KINDS.Secret.apiVersion, kind: KINDS.Secret.kind, metadata: named(kafka, name), type, data: encoded(data) };
}

export interface PetSetOptions {
  readonly image: string;
  readonly initImage: string | undefined;
  readonly configSecret: string;
}

/** Returns the PetSet of a role. */
export function petSetOf(kafka: KubeObject, { name, role, replicas }: PetSetFacts, options: PetSetOptions): KubeObject {
  const labels = roleLabels(kafka.metadata.name, role);
  return {
    apiVersion: KINDS.PetSet.apiVersion,
    kind: KINDS.PetSet.kind,
    metadata: { ...named(kafka, name), ownerReferences: [controllerOf(kafka)] },
    spec: {
      replicas,
      serviceName: governingService(kafka.metadata.name),
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      selector: { matchLabels: labels },
      template: canonical(withCertificateVolume(kafka, templateOf(kafka, role, options))),
      ...(isEphemeral(kafka) ? {} : { volumeClaimTemplates: [{ metadata: { name: dataVolume(kafka) }, spec: storageOf(kafka, role) }] }),
    },
  };
}

/** KubeDB's default is Durable. */
function isEphemeral({ spec }: KubeObject): boolean {
  return spec?.storageType === 'Ephemeral';
}

function dataVolume({ metadata }: KubeObject): string {
  return `${metadata.name}-data`;
}

function storageOf({ spec }: KubeObject, role: Role): object {
  return (spec?.topology === undefined ? spec?.storage : spec.topology[role]?.storage) ?? {};
}

/** Grace of a Kafka that has to flush its log; the sandbox's kubelet has its own idea of time. */
const TERMINATION_GRACE_SECONDS = 120;

function templateOf(kafka: KubeObject, role: Role, { image, initImage, configSecret }: PetSetOptions): PodTemplate {
  const podTemplate = kafka.spec?.topology === undefined ? kafka.spec?.podTemplate : kafka.spec.topology[role]?.podTemplate;
  const own: readonly { name: string; [field: string]: unknown }[] = podTemplate?.spec?.containers ?? [];
  const initial: readonly object[] | undefined = podTemplate?.spec?.initContainers;
  const given = own.find((c) => c.name === KAFKA_CONTAINER);
  const ports = listenersOf(role).map((listener) => ({ name: listener.toLowerCase(), containerPort: PORTS[listener], protocol: 'TCP' }));
  const mounts = [
    { name: CONFIG_VOLUME, mountPath: CONFIG_DIR },
    { name: dataVolume(kafka), mountPath: DATA_DIR },
  ];
  return {
    metadata: { labels: { ...offshootLabels(kafka.metadata.name), ...roleLabels(kafka.metadata.name, role) } },
    spec: {
      ...podTemplate?.spec,
      ...(initial === undefined ? {} : { initContainers: initial.map((c) => ({ image: initImage, ...c })) }),
      terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
      containers: [
        { ...given, name: KAFKA_CONTAINER, image, ports, volumeMounts: mounts },
        ...own.filter((c) => c.name !== KAFKA_CONTAINER),
      ],
      volumes: [
        ...(podTemplate?.spec?.volumes ?? []),
        { name: CONFIG_VOLUME, secret: { secretName: configSecret } },
        ...(isEphemeral(kafka) ? [{ name: dataVolume(kafka), emptyDir: {} }] : []),
      ],
    },
  };
}

/** Returns the PodDisruptionBudget of a PetSet, or undefined for a single pod. */
export function budgetOf(kafka: KubeObject, { name, role, replicas }: PetSetFacts): KubeObject | undefined {
  if (replicas <= 1) return undefined;
  return {
    apiVersion: KINDS.PodDisruptionBudget.apiVersion,
    kind: KINDS.PodDisruptionBudget.kind,
    metadata: { ...named(kafka, name), ownerReferences: [controllerOf(kafka)] },
    spec: { maxUnavailable: Math.max(1, Math.floor((replicas - 1) / 2)), selector: { matchLabels: roleLabels(kafka.metadata.name, role) } },
  };
}
