/**
 * KubeDB's webhooks for Kafka: what they fill in and what they refuse.
 *
 * Nothing is immutable: the old object is not looked at. What they do not check, this does not either: whether the issuer exists,
 * alias values, clashing Secret names, durations. Texts of refusals are this project's; KubeDB's are not public.
 */
import { KINDS } from '../../../../constructs/model/kube-object';
import { ALIASES, defaultSecretName } from '../../../../constructs/model/tls';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import { type FieldProblem, forbiddenValue, invalidValue, requiredValue } from '../field-problem';
import { isTree, listWithin, type Tree, within } from '../json';

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
  if (spec.halted === true && spec.deletionPolicy !== 'DoNotTerminate') spec.deletionPolicy = 'Halt';
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
  container.resizePolicy ??= ['cpu', 'memory'].map((resourceName) => ({ resourceName, restartPolicy: 'NotRequired' }));
}

function completeResources(container: Tree): void {
  const resources = within(container, 'resources');
  resources.requests = { cpu: '500m', memory: '1.5Gi', ...resources.requests };
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
  for (const alias of ALIASES) if (!certificates.some((c) => c.alias === alias)) certificates.push({ alias });
  for (const certificate of certificates) certificate.secretName ||= defaultSecretName(kafka, certificate.alias);
}

function validate({ operation, subresource, object, cluster }: AdmissionRequest): Refusal | undefined {
  if (subresource !== undefined) return undefined;
  const spec: Tree = object.spec;
  if (operation === 'DELETE') {
    return spec.deletionPolicy === 'DoNotTerminate'
      ? `Kafka "${object.metadata.name}" can not be deleted: its deletionPolicy is DoNotTerminate`
      : undefined;
  }
  if (cluster.get(KINDS.KafkaVersion, undefined, spec.version) === undefined)
    return [invalidValue('spec.version', spec.version, 'version not supported')];
  return [
    ...tlsProblems(spec),
    ...(spec.topology === undefined ? combinedProblems(spec) : topologyProblems(spec)),
    ...otherProblems(spec),
    ...podProblems(spec),
  ];
}

function tlsProblems(spec: Tree): FieldProblem[] {
  if (spec.enableSSL === true) return spec.tls === undefined ? [requiredValue('spec.tls', 'enableSSL is set')] : [];
  return spec.tls === undefined ? [] : [invalidValue('spec.enableSSL', spec.enableSSL ?? false, 'must be true when tls is set')];
}

function combinedProblems(spec: Tree): FieldProblem[] {
  return spec.replicas > 0 ? [] : [invalidValue('spec.replicas', spec.replicas, 'must be greater than 0')];
}

function topologyProblems(spec: Tree): FieldProblem[] {
  const { controller, broker } = spec.topology;
  const missing = Object.entries({ controller, broker }).filter(([, role]) => role === undefined);
  if (missing.length > 0) return missing.map(([role]) => requiredValue(`spec.topology.${role}`, 'a topology has controllers and brokers'));
  const problems: FieldProblem[] = [];
  for (const field of ['replicas', 'storage'])
    if (spec[field] !== undefined) problems.push(forbiddenValue(`spec.${field}`, 'belongs to the roles of a topology'));
  if (spec.podTemplate?.spec?.containers?.[0]?.resources !== undefined)
    problems.push(forbiddenValue('spec.podTemplate.spec.containers[0].resources', 'belong to the roles of a topology'));
  for (const [name, role] of Object.entries({ controller, broker })) {
    if (!((role as Tree).replicas > 0))
      problems.push(invalidValue(`spec.topology.${name}.replicas`, (role as Tree).replicas, 'must be greater than 0'));
  }
  if (controller.suffix === broker.suffix)
    problems.push(invalidValue('spec.topology.broker.suffix', broker.suffix, 'must differ from that of the controllers'));
  const ids = [controller, broker].map((role) => clusterIdOf(role.podTemplate?.spec?.containers?.find((c: Tree) => c.name === CONTAINER)));
  if (ids[0] !== ids[1]) problems.push(invalidValue('spec.topology', ids, `${CLUSTER_ID} must be the same for controllers and brokers`));
  return problems;
}

function otherProblems(spec: Tree): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (spec.halted === true && spec.deletionPolicy === 'DoNotTerminate')
    problems.push(invalidValue('spec.halted', true, 'can not be halted while deletionPolicy is DoNotTerminate'));
  if (spec.brokerRack !== undefined && !spec.brokerRack.topologyKey) problems.push(requiredValue('spec.brokerRack.topologyKey'));
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
  const volumes = (pod.volumes ?? []).flatMap((v: Tree, i: number) =>
    reserved.includes(v.name) ? [invalidValue(`spec.podTemplate.spec.volumes[${i}].name`, v.name, 'is reserved')] : [],
  );
  const mounts = ['initContainers', 'containers'].flatMap((list) =>
    (pod[list] ?? []).flatMap((c: Tree, i: number) =>
      (c.volumeMounts ?? [])
        .filter((m: Tree) => RESERVED_MOUNTS.includes(m.mountPath))
        .map((m: Tree) => invalidValue(`spec.podTemplate.spec.${list}[${i}].volumeMounts`, m.mountPath, 'is reserved')),
    ),
  );
  return [...volumes, ...mounts];
}
