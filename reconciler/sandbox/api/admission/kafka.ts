/**
 * KubeDB's webhooks for Kafka: the fields that they fill in and the objects that they refuse. `test/admission` compares them with KubeDB's.
 *
 * Nothing is immutable: the old object is not read. KubeDB does not check the existence of the issuer, alias values, clashing Secret names and
 * lifetimes, and neither do these rules. Codes and fields of refusals are KubeDB's, also where KubeDB names a field that is not the wrong one;
 * the words are this project's.
 */
import { KINDS } from '#model/kube-object';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import { type FieldProblem, invalidIf, invalidValue, problemsOf } from '../field-problem';
import type { JsonObject } from '../json';
import { type View, viewOf } from '../schema';
import { type kafkaSchema, kafkaVersionSchema } from '../schemas/kubedb';
import type { Store } from '../store';
import { goDuration, undecodable } from './go';

export const kafkaAdmission: Admission = {
  webhook: 'kafkas.webhooks.kubedb.com',
  kind: KINDS.Kafka,
  mutate: setDefaults,
  validate,
};

type Kafka = View<typeof kafkaSchema>;
type Spec = Kafka['spec'];
type Role = NonNullable<NonNullable<Spec['topology']>['broker']>;
type PodTemplate = NonNullable<Role['podTemplate']>;
type Pod = NonNullable<PodTemplate['spec']>;
type Container = NonNullable<Pod['containers']>[number];

const CONTAINER = 'kafka';
const INIT_CONTAINER = 'kafka-init';
const CLUSTER_ID = 'KAFKA_CLUSTER_ID';
const ALIASES = ['server', 'client'];

function setDefaults({ object, store }: AdmissionRequest<Kafka>): void {
  const { spec } = object;
  passThroughGo(spec.tls);
  if (spec.halted === true) {
    if (spec.deletionPolicy === 'DoNotTerminate') return;
    spec.deletionPolicy = 'Halt';
  }
  spec.deletionPolicy ??= 'Delete';
  spec.storageType ??= 'Durable';
  if (spec.configSecret?.name !== undefined) spec.configuration ??= { secretName: spec.configSecret.name };
  delete spec.configSecret;
  if (spec.disableSecurity !== true) spec.authSecret ??= { kind: 'Secret', name: '', apiGroup: '' };
  const version = store.get(KINDS.KafkaVersion, undefined, spec.version);
  if (version === undefined) return;
  const { securityContext, initContainer } = viewOf(kafkaVersionSchema, version).spec;
  const pods = rolesOf(spec).map(({ name, role }) => {
    role.replicas ??= 1;
    if (name !== undefined) role.suffix ??= name;
    role.podTemplate ??= {};
    role.podTemplate.spec ??= {};
    completePod(role.podTemplate.spec, securityContext?.runAsUser, initContainer !== undefined);
    return role.podTemplate.spec;
  });
  pinClusterId(pods, store);
  completeTls(object.metadata.name, spec);
}

/** An issuer without a group gets the group null, which the schema then refuses. */
function passThroughGo(tls: Spec['tls']): void {
  for (const issued of [tls, ...(tls?.certificates ?? [])])
    if (issued?.issuerRef !== undefined) (issued.issuerRef as { apiGroup?: string | null }).apiGroup ??= null;
  for (const certificate of tls?.certificates ?? [])
    for (const field of ['duration', 'renewBefore'] as const)
      if (certificate[field] !== undefined) certificate[field] = goDuration(certificate[field]);
}

/** Returns the parts of the spec that have replicas and a pod template. A Kafka without a topology is one part without a name. */
function rolesOf(spec: Spec): readonly { readonly name?: 'controller' | 'broker'; readonly role: Role }[] {
  if (spec.topology === undefined) return [{ role: spec as Role }];
  const { controller, broker } = spec.topology;
  return Object.entries({ controller, broker }).flatMap(([name, role]) =>
    role === undefined ? [] : [{ name: name as 'controller' | 'broker', role }],
  );
}

function completePod(pod: Pod, runAsUser: number | undefined, hasInit: boolean): void {
  pod.securityContext = { fsGroup: runAsUser, ...pod.securityContext };
  pod.containers ??= [];
  const kafka = upsert(pod.containers, CONTAINER);
  restrict(kafka, runAsUser);
  completeResources(kafka);
  if (hasInit) {
    pod.initContainers ??= [];
    restrict(upsert(pod.initContainers, INIT_CONTAINER), runAsUser);
  }
  for (const container of [...pod.containers, ...(pod.initContainers ?? [])])
    container.resizePolicy ??= ['cpu', 'memory'].map((resourceName) => ({ resourceName, restartPolicy: 'NotRequired' }));
}

function upsert(containers: Container[], name: string): Container {
  const present = containers.find((c) => c.name === name);
  if (present !== undefined) return present;
  const added: Container = { name };
  containers.push(added);
  return added;
}

function restrict(container: Container, runAsUser: number | undefined): void {
  const restricted: JsonObject = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    runAsUser,
    runAsGroup: runAsUser,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  container.securityContext = { ...restricted, ...container.securityContext };
}

function completeResources(container: Container): void {
  const { limits = {}, requests, ...others } = container.resources ?? {};
  const { cpu = '500m', memory = '1536Mi' } = limits;
  const completed = { cpu, memory, ...requests };
  container.resources = { ...others, requests: completed, limits: { memory: completed.memory, ...limits } };
}

/** One new id per admission, the same for every role that has none. */
function pinClusterId(pods: readonly Pod[], store: Store): void {
  const missing = pods.map((pod) => upsert(pod.containers ?? [], CONTAINER)).filter((c) => clusterIdOf(c) === undefined);
  if (missing.length === 0) return;
  const value = `11ef-8000-${store.nextNumber().toString(16).padStart(11, '0')}w`;
  for (const container of missing) container.env = [...(container.env ?? []), { name: CLUSTER_ID, value }];
}

function clusterIdOf(container: Container | undefined): string | undefined {
  return container?.env?.find((e) => e.name === CLUSTER_ID)?.value;
}

function completeTls(kafka: string, { enableSSL, tls }: Spec): void {
  if (enableSSL !== true || tls?.issuerRef === undefined) return;
  tls.certificates ??= [];
  for (const alias of ALIASES) {
    const secretName = `${kafka}-${alias}-cert`;
    const given = tls.certificates.find((c) => c.alias === alias);
    if (given === undefined) tls.certificates.push({ alias, secretName });
    else given.secretName ||= secretName;
  }
}

function validate({ operation, subresource, object, store }: AdmissionRequest<Kafka>): Refusal | undefined {
  if (subresource !== undefined) return undefined;
  const { spec } = object;
  if (operation === 'DELETE') {
    if (spec.deletionPolicy !== 'DoNotTerminate') return undefined;
    return [invalidValue('spec.deletionPolicy', spec.deletionPolicy, 'a Kafka with this policy can not be deleted')];
  }
  const unread = undecodable(spec.tls);
  if (unread !== undefined) return unread;
  if (store.get(KINDS.KafkaVersion, undefined, spec.version) === undefined)
    return [invalidValue('spec.version', spec.version, 'version not supported')];
  const { controller, broker } = spec.topology ?? {};
  if (spec.topology !== undefined && (controller === undefined || broker === undefined))
    return { code: 500, message: 'panic: half a topology [recovered]' };
  const isOn = spec.enableSSL === true;
  const isHalf = isOn !== (spec.tls !== undefined);
  return [
    ...problemsOf(invalidIf(isHalf, 'spec.enableSSL', isOn, isOn ? 'must not be true without tls' : 'must be true when tls is set')),
    ...(controller === undefined || broker === undefined ? combinedProblems(spec) : topologyProblems(spec, controller, broker)),
    ...otherProblems(spec),
    ...podProblems(spec),
  ];
}

const hasNone = (replicas: number | undefined) => !(replicas !== undefined && replicas > 0);

function combinedProblems({ replicas }: Spec): FieldProblem[] {
  return problemsOf(invalidIf(hasNone(replicas), 'spec.replicas', replicas, 'must be greater than 0'));
}

function topologyProblems(spec: Spec, controller: Role, broker: Role): FieldProblem[] {
  const { requests = {}, limits = {}, ...others } = spec.podTemplate?.spec?.containers?.[0]?.resources ?? {};
  const resources = { requests, limits, ...others };
  const ids = [controller, broker].map((role) => clusterIdOf(role.podTemplate?.spec?.containers?.find((c) => c.name === CONTAINER)));
  const isResourced = Object.values(resources).some((part) => Object.keys(part).length > 0);
  const sameId = `${CLUSTER_ID} must be the same for controllers and brokers`;
  return problemsOf(
    invalidIf(spec.replicas !== undefined, 'spec.replicas', spec.replicas, 'belongs to the roles of a topology'),
    invalidIf(spec.storage !== undefined, 'spec.topology.broker', spec.storage, 'storage belongs to the roles'),
    invalidIf(isResourced, 'spec.podTemplate.spec.resources', resources, 'belong to the roles of a topology'),
    ...Object.entries({ controller, broker }).flatMap(([name, { replicas }]) => [
      invalidIf(hasNone(replicas), `spec.topology.${name}.replicas`, replicas, 'must be greater than 0'),
      invalidIf(hasNone(replicas), 'spec.topology', name, 'the role has no replicas'),
    ]),
    invalidIf(controller.suffix === broker.suffix, 'spec.topology', broker.suffix, 'suffixes must differ'),
    invalidIf(ids[0] !== ids[1], 'spec.topology', ids, sameId),
  );
}

function otherProblems({ halted, deletionPolicy, brokerRack, storageType }: Spec): FieldProblem[] {
  const isStuck = halted === true && deletionPolicy === 'DoNotTerminate';
  const losesData = storageType === 'Ephemeral' && deletionPolicy === 'Halt';
  return problemsOf(
    invalidIf(isStuck, 'spec.halted', true, 'can not be halted while deletionPolicy is DoNotTerminate'),
    invalidIf(brokerRack !== undefined && !brokerRack.topologyKey, 'spec.brokerRack.topologyKey', '', 'can not be empty'),
    invalidIf(storageType === undefined, 'spec.storageType', '', 'can not be empty'),
    invalidIf(losesData, 'spec.deletionPolicy', 'Halt', 'can not be Halt with ephemeral storage'),
  );
}

const RESERVED_MOUNTS = [
  '/opt/kafka/config/kafkaconfig',
  '/opt/kafka/config/temp-config',
  '/var/log/kafka',
  '/var/log/kafka/metadata',
  '/var/private/ssl',
];

/** Only the common pod template is checked, not those of the roles. */
function podProblems({ podTemplate, tls }: Spec): FieldProblem[] {
  const { volumes = [], containers, initContainers = [] } = podTemplate?.spec ?? {};
  const reserved = ['data', 'kafkaconfig', 'temp-config', ...(tls?.certificates ?? []).map((c) => `${c.alias}-certs`)];
  const volume = volumes.find((v) => reserved.includes(v.name ?? ''))?.name;
  // Without other containers, init containers are not checked.
  const mounts = (containers === undefined ? [] : [...containers, ...initContainers]).flatMap((c) => c.volumeMounts ?? []);
  const mount = mounts.find((m) => RESERVED_MOUNTS.includes(m.mountPath ?? ''))?.mountPath;
  return problemsOf(
    invalidIf(volume !== undefined, 'spec.podTemplate.spec.volumes', volume, 'is reserved'),
    invalidIf(mount !== undefined, 'spec.podTemplate.spec.volumeMounts', mount, 'is reserved'),
  );
}
