/**
 * The kinds that the API serves, each with its traits: schema, status subresource, generation, names for `kubectl`.
 * They are the kinds of this project, and a few that controllers and `kubectl` need.
 */
import { groupOf, KINDS, type Kind } from '#model/kube-object';
import type { Schema } from './schema';
import { certificateRequestSchema, certificateSchema, issuerSchema } from './schemas/cert-manager';
import { gitOpsKafkaSchema, kafkaOpsRequestSchema, kafkaSchema, kafkaVersionSchema, petSetSchema } from './schemas/kubedb';
import {
  configSchema,
  cronJobSchema,
  jobSchema,
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
  readonly shortNames: readonly string[];
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
}

type Traits = Partial<Omit<Resource, keyof Kind | 'group' | 'version'>>;

function resource(kind: Kind, traits: Traits): Resource {
  const group = groupOf(kind.apiVersion);
  const isCustom = traits.isCustom ?? false;
  const hasStatus = traits.hasStatus ?? isCustom;
  return {
    ...kind,
    group,
    version: kind.apiVersion.slice(group === '' ? 0 : group.length + 1),
    shortNames: [],
    isCustom,
    hasStatus,
    hasGeneration: isCustom,
    allowsUnconditionalUpdate: !isCustom,
    schema: plainSchema,
    selectableFields: [],
    ...traits,
  };
}

/** `kubectl describe` selects the events of an object by these. */
const EVENT_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((f) => `involvedObject.${f}`);

/** Returns a kind that is served from a CustomResourceDefinition. */
const custom = (kind: Kind, schema: Schema, traits: Traits = {}) => resource(kind, { isCustom: true, schema, ...traits });

/** Every kind that can be served. */
export const RESOURCES: readonly Resource[] = [
  resource(KINDS.ConfigMap, { shortNames: ['cm'], schema: configSchema }),
  resource(KINDS.Event, { shortNames: ['ev'], selectableFields: EVENT_FIELDS }),
  resource(KINDS.Namespace, { shortNames: ['ns'], hasStatus: true }),
  resource(KINDS.Pod, { shortNames: ['po'], hasStatus: true, schema: podSchema }),
  resource(KINDS.Secret, { schema: configSchema }),
  resource(KINDS.Service, { shortNames: ['svc'], hasStatus: true, schema: serviceSchema }),
  resource(KINDS.ServiceAccount, { shortNames: ['sa'], schema: serviceAccountSchema }),
  resource(KINDS.ControllerRevision, {}),
  resource(KINDS.Job, { hasStatus: true, hasGeneration: true, schema: jobSchema }),
  resource(KINDS.CronJob, { shortNames: ['cj'], hasStatus: true, hasGeneration: true, schema: cronJobSchema }),
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
  custom(KINDS.PetSet, petSetSchema),
  custom(KINDS.Certificate, certificateSchema, { shortNames: ['cert', 'certs'] }),
  custom(KINDS.CertificateRequest, certificateRequestSchema, { shortNames: ['cr', 'crs'] }),
  custom(KINDS.Issuer, issuerSchema, { shortNames: ['iss'] }),
  custom(KINDS.ClusterIssuer, issuerSchema, { shortNames: ['ciss'] }),
  custom(KINDS.Kafka, kafkaSchema, { shortNames: ['kf'] }),
  custom(KINDS.GitOpsKafka, gitOpsKafkaSchema),
  custom(KINDS.KafkaVersion, kafkaVersionSchema, { shortNames: ['kfversion'], hasStatus: false }),
  custom(KINDS.KafkaOpsRequest, kafkaOpsRequestSchema, { shortNames: ['kfops'] }),
];
