/**
 * The kinds that the API serves, each with what sets it apart: schema, status subresource, generation, printed columns.
 * The list is this project's own kinds plus the few more that controllers and `kubectl` need.
 */
import { groupOf, KINDS, type Kind } from '../../../constructs/model/kube-object';
import { AGE, type Column, columnsOf } from './columns';
import type { Schema } from './schema';
import { certificateRequestSchema, certificateSchema, issuerSchema } from './schemas/cert-manager';
import { gitOpsKafkaSchema, kafkaOpsRequestSchema, kafkaSchema, kafkaVersionSchema } from './schemas/kubedb';
import {
  configSchema,
  cronJobSchema,
  jobSchema,
  namespaceSchema,
  petSetSchema,
  plainSchema,
  podDisruptionBudgetSchema,
  podSchema,
  roleBindingSchema,
  serviceAccountSchema,
  serviceSchema,
} from './schemas/workloads';

/** A kind as it is served. */
export interface Resource extends Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Served from a CustomResourceDefinition: pruned, defaulted and validated by its schema. */
  readonly isCustom: boolean;
  /** Status is written only through its subresource, and only status there. */
  readonly hasStatus: boolean;
  /** `metadata.generation` counts changes of what is neither metadata nor status. */
  readonly hasGeneration: boolean;
  /** An update may leave resourceVersion out. */
  readonly allowsUnconditionalUpdate: boolean;
  readonly schema: Schema;
  /** Dotted paths that a field selector may name beside name and namespace. */
  readonly selectableFields: readonly string[];
  readonly columns: readonly Column[];
}

type Traits = Partial<Omit<Resource, keyof Kind | 'group' | 'version' | 'singular'>>;

function resource(kind: Kind, traits: Traits): Resource {
  const group = groupOf(kind.apiVersion);
  const isCustom = traits.isCustom ?? false;
  const hasStatus = traits.hasStatus ?? isCustom;
  return {
    ...kind,
    group,
    version: kind.apiVersion.slice(group === '' ? 0 : group.length + 1),
    singular: kind.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    isCustom,
    hasStatus,
    hasGeneration: isCustom,
    allowsUnconditionalUpdate: !isCustom,
    schema: plainSchema,
    selectableFields: [],
    columns: columnsOf(kind) ?? [AGE],
    ...traits,
  };
}

const kind = (apiVersion: string, name: string, plural: string): Kind => ({ apiVersion, kind: name, plural, namespaced: true });

const KUBEDB = ['kubedb', 'appscode'];
const ISSUER_FIELDS = ['spec.issuerRef.group', 'spec.issuerRef.kind', 'spec.issuerRef.name'];
const EVENT_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((f) => `involvedObject.${f}`);

const builtIn: readonly Resource[] = [
  resource(KINDS.ConfigMap, { shortNames: ['cm'], schema: configSchema }),
  resource(KINDS.Event, { shortNames: ['ev'], selectableFields: [...EVENT_FIELDS, 'reason', 'type'] }),
  resource(KINDS.Namespace, { shortNames: ['ns'], hasStatus: true, schema: namespaceSchema, selectableFields: ['status.phase'] }),
  resource(KINDS.Pod, {
    shortNames: ['po'],
    categories: ['all'],
    hasStatus: true,
    schema: podSchema,
    selectableFields: ['spec.nodeName', 'status.phase', 'status.podIP'],
  }),
  resource(KINDS.Secret, { schema: configSchema, selectableFields: ['type'] }),
  resource(KINDS.Service, { shortNames: ['svc'], categories: ['all'], hasStatus: true, schema: serviceSchema }),
  resource(KINDS.ServiceAccount, { shortNames: ['sa'], schema: serviceAccountSchema }),
  resource(kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'), { shortNames: ['pvc'], hasStatus: true }),
  resource(kind('apps/v1', 'ControllerRevision', 'controllerrevisions'), {}),
  resource(KINDS.Job, { categories: ['all'], hasStatus: true, hasGeneration: true, schema: jobSchema }),
  resource(KINDS.CronJob, { shortNames: ['cj'], categories: ['all'], hasStatus: true, hasGeneration: true, schema: cronJobSchema }),
  resource(KINDS.Lease, { allowsUnconditionalUpdate: false }),
  resource(KINDS.PodDisruptionBudget, {
    shortNames: ['pdb'],
    hasStatus: true,
    hasGeneration: true,
    allowsUnconditionalUpdate: false,
    schema: podDisruptionBudgetSchema,
  }),
  resource(KINDS.Role, {}),
  resource(KINDS.RoleBinding, { schema: roleBindingSchema }),
  resource(KINDS.ClusterRole, {}),
  resource(KINDS.ClusterRoleBinding, { schema: roleBindingSchema }),
  resource(KINDS.NetworkPolicy, { shortNames: ['netpol'], hasGeneration: true }),
];

const custom: readonly Resource[] = [
  resource(KINDS.PetSet, { isCustom: true, schema: petSetSchema }),
  resource(KINDS.Certificate, {
    isCustom: true,
    shortNames: ['cert', 'certs'],
    categories: ['cert-manager'],
    schema: certificateSchema,
    selectableFields: ISSUER_FIELDS,
  }),
  resource(KINDS.CertificateRequest, {
    isCustom: true,
    shortNames: ['cr', 'crs'],
    categories: ['cert-manager'],
    schema: certificateRequestSchema,
    selectableFields: ISSUER_FIELDS,
  }),
  resource(KINDS.Issuer, { isCustom: true, shortNames: ['iss'], categories: ['cert-manager'], schema: issuerSchema }),
  resource(KINDS.ClusterIssuer, { isCustom: true, shortNames: ['ciss'], categories: ['cert-manager'], schema: issuerSchema }),
  resource(KINDS.Kafka, { isCustom: true, shortNames: ['kf'], categories: ['datastore', ...KUBEDB, 'all'], schema: kafkaSchema }),
  resource(KINDS.GitOpsKafka, { isCustom: true, schema: gitOpsKafkaSchema }),
  resource(KINDS.KafkaVersion, {
    isCustom: true,
    hasStatus: false,
    shortNames: ['kfversion'],
    categories: ['catalog', ...KUBEDB],
    schema: kafkaVersionSchema,
  }),
  resource(KINDS.KafkaOpsRequest, {
    isCustom: true,
    shortNames: ['kfops'],
    categories: ['ops', ...KUBEDB],
    schema: kafkaOpsRequestSchema,
  }),
];

/** Every kind that can be served. */
export const RESOURCES: readonly Resource[] = [...builtIn, ...custom];
