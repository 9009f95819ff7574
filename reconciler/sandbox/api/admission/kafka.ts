/**
 * KubeDB's webhooks for Kafka: what they fill in and what they refuse. `test/admission` holds them to KubeDB's own.
 *
 * Nothing is immutable: the old object is not looked at. What they do not check, this does not either: whether the issuer exists,
 * alias values, clashing Secret names, lifetimes. Codes and fields of refusals are KubeDB's, also where its field is not the one that is
 * wrong; the words are this project's.
 */
import { KINDS } from '../../../../constructs/model/kube-object';
import { ALIASES, defaultSecretName } from '../../../../constructs/model/tls';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import { type FieldProblem, invalidValue } from '../field-problem';
import { isTree, listWithin, type Tree, within } from '../json';
import { durationsOf, spelledByGo, undecodable } from './decoding';

export const kafkaAdmission: Admission = {
  webhook: 'kafkas.webhooks.kubedb.com',
  kind: KINDS.Kafka,
  refusalGroup: 'kafka.kubedb.com',
  mutate: setDefaults,
  validate,
};

const CONTAINER = 'kafka';
const INIT_CONTAINER = 'kafka-init';
const CLUSTER_ID = 'KAFKA_CLUSTER_ID';

function setDefaults({ object, cluster }: AdmissionRequest): void {
  const spec: Tree = object.spec;
  passThroughGo(spec.tls);
  if (spec.halted === true) {
    if (spec.deletionPolicy === 'DoNotTerminate') return;
    spec.deletionPolicy = 'Halt';
  }
  spec.deletionPolicy ??= 'Delete';
  spec.storageType ??= 'Durable';
  if (spec.configSecret !== undefined) {
    spec.configuration ??= { secretName: spec.configSecret.name };
    delete spec.configSecret;
  }
  if (spec.disableSecurity !== true) spec.authSecret ??= { kind: 'Secret', name: '', apiGroup: '' };
  const version = cluster.get(KINDS.KafkaVersion, undefined, spec.version);
  if (version === undefined) return;
  for (const { parent, role } of rolesOf(spec)) {
    parent.replicas ??= 1;
    if (role !== undefined) parent.suffix ??= role;
    completePod(within(parent, 'podTemplate'), version.spec?.securityContext?.runAsUser, version.spec?.initContainer !== undefined);
  }
  pinClusterId(spec, cluster.nextNumber);
  completeTls(object.metadata.name, spec);
}

/** A group that is not there comes back as null, which the schema then refuses. */
function passThroughGo(tls: Tree | undefined): void {
  const certificates: Tree[] = tls?.certificates ?? [];
  for (const { issuerRef } of [{ issuerRef: tls?.issuerRef }, ...certificates]) if (issuerRef !== undefined) issuerRef.apiGroup ??= null;
  for (const certificate of certificates)
    for (const field of ['duration', 'renewBefore'])
      if (certificate[field] !== undefined) certificate[field] = spelledByGo(certificate[field]);
}

/** Returns the parts of the spec that hold a role's replicas and pod template. */
function rolesOf(spec: Tree): readonly { readonly parent: Tree; readonly role?: 'controller' | 'broker' }[] {
  if (spec.topology === undefined) return [{ parent: spec }];
  return (['controller', 'broker'] as const).flatMap((role) =>
    isTree(spec.topology[role]) ? [{ parent: spec.topology[role], role }] : [],
  );
}

function completePod(template: Tree, runAsUser: number, hasInit: boolean): void {
  const pod = within(template, 'spec');
  within(pod, 'securityContext').fsGroup ??= runAsUser;
  const kafka = upsert(pod, 'containers', CONTAINER);
  restrict(kafka, runAsUser);
  completeResources(kafka);
  if (hasInit) restrict(upsert(pod, 'initContainers', INIT_CONTAINER), runAsUser);
  for (const container of [...pod.containers, ...(pod.initContainers ?? [])])
    container.resizePolicy ??= ['cpu', 'memory'].map((resourceName) => ({ resourceName, restartPolicy: 'NotRequired' }));
}

function upsert(pod: Tree, list: string, name: string): Tree {
  const containers = listWithin(pod, list);
  const present = containers.find((c) => c.name === name);
  if (present !== undefined) return present;
  const added: Tree = { name };
  containers.push(added);
  return added;
}

function restrict(container: Tree, runAsUser: number): void {
  const context = within(container, 'securityContext');
  context.allowPrivilegeEscalation ??= false;
  context.capabilities ??= { drop: ['ALL'] };
  context.runAsNonRoot ??= true;
  context.runAsUser ??= runAsUser;
  context.runAsGroup ??= runAsUser;
  context.seccompProfile ??= { type: 'RuntimeDefault' };
}

function completeResources(container: Tree): void {
  const resources = within(container, 'resources');
  const { cpu = '500m', memory = '1536Mi' } = resources.limits ?? {};
  resources.requests = { cpu, memory, ...resources.requests };
  resources.limits = { memory: resources.requests.memory, ...resources.limits };
}

/** One fresh id per admission, the same for every role that has none. */
function pinClusterId(spec: Tree, nextNumber: () => number): void {
  const missing = rolesOf(spec)
    .map(({ parent }) => upsert(parent.podTemplate.spec, 'containers', CONTAINER))
    .filter((c) => clusterIdOf(c) === undefined);
  if (missing.length === 0) return;
  const id = `11ef-8000-${nextNumber().toString(16).padStart(11, '0')}w`;
  for (const container of missing) listWithin(container, 'env').push({ name: CLUSTER_ID, value: id });
}

function clusterIdOf(container: Tree | undefined): string | undefined {
  return (container?.env ?? []).find((e: Tree) => e.name === CLUSTER_ID)?.value;
}

function completeTls(kafka: string, spec: Tree): void {
  if (spec.enableSSL !== true || spec.tls?.issuerRef === undefined) return;
  const certificates = listWithin(spec.tls, 'certificates');
  for (const alias of ALIASES) {
    const secretName = defaultSecretName(kafka, alias);
    const given = certificates.find((c) => c.alias === alias);
    if (given === undefined) certificates.push({ alias, secretName });
    else given.secretName ||= secretName;
  }
}

function validate({ operation, subresource, object, cluster }: AdmissionRequest): Refusal | undefined {
  if (subresource !== undefined) return undefined;
  const spec: Tree = object.spec;
  if (operation === 'DELETE') {
    if (spec.deletionPolicy !== 'DoNotTerminate') return undefined;
    return [invalidValue('spec.deletionPolicy', spec.deletionPolicy, 'a Kafka with this policy can not be deleted')];
  }
  const unread = undecodable(durationsOf(spec.tls));
  if (unread !== undefined) return unread;
  if (cluster.get(KINDS.KafkaVersion, undefined, spec.version) === undefined)
    return [invalidValue('spec.version', spec.version, 'version not supported')];
  if (spec.topology !== undefined && (spec.topology.controller === undefined || spec.topology.broker === undefined))
    return { code: 500, says: 'panic: half a topology [recovered]' };
  return [
    ...tlsProblems(spec),
    ...(spec.topology === undefined ? combinedProblems(spec) : topologyProblems(spec)),
    ...otherProblems(spec),
    ...podProblems(spec),
  ];
}

function tlsProblems(spec: Tree): FieldProblem[] {
  const isOn = spec.enableSSL === true;
  if (isOn === (spec.tls !== undefined)) return [];
  return [invalidValue('spec.enableSSL', isOn, isOn ? 'must not be true without tls' : 'must be true when tls is set')];
}

function combinedProblems(spec: Tree): FieldProblem[] {
  return spec.replicas <= 0 ? [invalidValue('spec.replicas', spec.replicas, 'must be greater than 0')] : [];
}

function topologyProblems(spec: Tree): FieldProblem[] {
  const { controller, broker } = spec.topology;
  const problems: FieldProblem[] = [];
  if (spec.replicas !== undefined) problems.push(invalidValue('spec.replicas', spec.replicas, 'belongs to the roles of a topology'));
  if (spec.storage !== undefined) problems.push(invalidValue('spec.topology.broker', spec.storage, 'storage belongs to the roles'));
  const resources: Tree = spec.podTemplate?.spec?.containers?.[0]?.resources ?? {};
  if (Object.values(resources).some((r: Tree) => Object.keys(r).length > 0))
    problems.push(invalidValue('spec.podTemplate.spec.resources', resources, 'belong to the roles of a topology'));
  for (const [name, role] of Object.entries({ controller, broker })) {
    if ((role as Tree).replicas > 0) continue;
    problems.push(invalidValue(`spec.topology.${name}.replicas`, (role as Tree).replicas, 'must be greater than 0'));
    problems.push(invalidValue('spec.topology', name, 'the role has no replicas'));
  }
  if (controller.suffix === broker.suffix) problems.push(invalidValue('spec.topology', broker.suffix, 'suffixes must differ'));
  const ids = [controller, broker].map((role) => clusterIdOf(role.podTemplate?.spec?.containers?.find((c: Tree) => c.name === CONTAINER)));
  if (ids[0] !== ids[1]) problems.push(invalidValue('spec.topology', ids, `${CLUSTER_ID} must be the same for controllers and brokers`));
  return problems;
}

function otherProblems(spec: Tree): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (spec.halted === true && spec.deletionPolicy === 'DoNotTerminate')
    problems.push(invalidValue('spec.halted', true, 'can not be halted while deletionPolicy is DoNotTerminate'));
  if (spec.brokerRack !== undefined && !spec.brokerRack.topologyKey)
    problems.push(invalidValue('spec.brokerRack.topologyKey', '', 'can not be empty'));
  if (spec.storageType === undefined) problems.push(invalidValue('spec.storageType', '', 'can not be empty'));
  if (spec.storageType === 'Ephemeral' && spec.deletionPolicy === 'Halt')
    problems.push(invalidValue('spec.deletionPolicy', 'Halt', 'can not be Halt with ephemeral storage'));
  return problems;
}

const RESERVED_MOUNTS = [
  '/opt/kafka/config/kafkaconfig',
  '/opt/kafka/config/temp-config',
  '/var/log/kafka',
  '/var/log/kafka/metadata',
  '/var/private/ssl',
];

/** Only the common pod template is looked at, not those of the roles. */
function podProblems(spec: Tree): FieldProblem[] {
  const pod: Tree = spec.podTemplate?.spec ?? {};
  const aliases: string[] = (spec.tls?.certificates ?? []).map((c: Tree) => `${c.alias}-certs`);
  const reserved = ['data', 'kafkaconfig', 'temp-config', ...aliases];
  const volume = pod.volumes?.find((v: Tree) => reserved.includes(v.name))?.name;
  // Init containers are not looked at when there are no others.
  const containers: Tree[] = pod.containers === undefined ? [] : [...pod.containers, ...(pod.initContainers ?? [])];
  const mount = containers.flatMap((c) => c.volumeMounts ?? []).find((m) => RESERVED_MOUNTS.includes(m.mountPath))?.mountPath;
  return [
    ...(volume === undefined ? [] : [invalidValue('spec.podTemplate.spec.volumes', volume, 'is reserved')]),
    ...(mount === undefined ? [] : [invalidValue('spec.podTemplate.spec.volumeMounts', mount, 'is reserved')]),
  ];
}
