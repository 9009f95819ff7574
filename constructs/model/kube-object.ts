/**
 * Kubernetes objects as plain data: kinds, references, conditions. The schemas and types of single kinds are in `kinds/`.
 */
import type { Condition, ObjectMeta } from './kinds/metadata';

import { defined } from './plain-data';

export type { Condition, ObjectMeta } from './kinds/metadata';
export { canonical, isEqual, isMap } from './plain-data';

/** Any Kubernetes object. `isKind` and `asKind` of `kinds/` give it the members of its kind. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

/** A kind of object, as the API server knows it. */
export interface Kind<Name extends string = string> {
  readonly apiVersion: string;
  readonly kind: Name;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** One object, by identity. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

const kind = <const Name extends string>(apiVersion: string, name: Name, plural: string, namespaced = true): Kind<Name> => ({
  apiVersion,
  kind: name,
  plural,
  namespaced,
});

/** Every kind that this project reads or writes. */
export const KINDS = {
  ConfigMap: kind('v1', 'ConfigMap', 'configmaps'),
  Event: kind('v1', 'Event', 'events'),
  Namespace: kind('v1', 'Namespace', 'namespaces', false),
  Pod: kind('v1', 'Pod', 'pods'),
  Secret: kind('v1', 'Secret', 'secrets'),
  Service: kind('v1', 'Service', 'services'),
  ServiceAccount: kind('v1', 'ServiceAccount', 'serviceaccounts'),
  ControllerRevision: kind('apps/v1', 'ControllerRevision', 'controllerrevisions'),
  Job: kind('batch/v1', 'Job', 'jobs'),
  CronJob: kind('batch/v1', 'CronJob', 'cronjobs'),
  Lease: kind('coordination.k8s.io/v1', 'Lease', 'leases'),
  PodDisruptionBudget: kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  NetworkPolicy: kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  Role: kind('rbac.authorization.k8s.io/v1', 'Role', 'roles'),
  RoleBinding: kind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
  ClusterRole: kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false),
  ClusterRoleBinding: kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false),
  PetSet: kind('apps.k8s.appscode.com/v1', 'PetSet', 'petsets'),
  Certificate: kind('cert-manager.io/v1', 'Certificate', 'certificates'),
  CertificateRequest: kind('cert-manager.io/v1', 'CertificateRequest', 'certificaterequests'),
  Issuer: kind('cert-manager.io/v1', 'Issuer', 'issuers'),
  ClusterIssuer: kind('cert-manager.io/v1', 'ClusterIssuer', 'clusterissuers', false),
  Kafka: kind('kubedb.com/v1', 'Kafka', 'kafkas'),
  GitOpsKafka: kind('gitops.kubedb.com/v1alpha1', 'Kafka', 'kafkas'),
  KafkaVersion: kind('catalog.kubedb.com/v1alpha1', 'KafkaVersion', 'kafkaversions', false),
  KafkaOpsRequest: kind('ops.kubedb.com/v1alpha1', 'KafkaOpsRequest', 'kafkaopsrequests'),
} as const satisfies Record<string, Kind>;

const KINDS_BY_NAME: ReadonlyMap<string, Kind> = new Map(Object.values(KINDS).map((k) => [`${k.apiVersion} ${k.kind}`, k]));

/** Returns the kind of an object or reference, or undefined for one this project does not know. */
export function kindOf(object: { readonly apiVersion: string; readonly kind: string }): Kind | undefined {
  return KINDS_BY_NAME.get(`${object.apiVersion} ${object.kind}`);
}

/** Returns a manifest of a kind. */
export function manifestOf({ apiVersion, kind }: Kind, metadata: ObjectMeta, spec: unknown): KubeObject {
  return { apiVersion, kind, metadata, spec };
}

/** Returns a reference to one object of a kind. */
export function ref(of: Kind, namespace: string | undefined, name: string): ObjectRef {
  return defined({ apiVersion: of.apiVersion, kind: of.kind, name, namespace: of.namespaced ? namespace : undefined });
}

/** Returns the reference of an object. */
export function refOf(object: KubeObject): ObjectRef {
  const { name, namespace } = object.metadata;
  return defined({ apiVersion: object.apiVersion, kind: object.kind, name, namespace });
}

/** Returns a subject as it is printed everywhere: `Kafka/demo/kafka-prod`, `ClusterIssuer/corp-ca`. */
export function formatRef(subject: ObjectRef): string {
  return [subject.kind, subject.namespace, subject.name].filter((part) => part !== undefined).join('/');
}

/** Tells whether two references name the same object. */
export function isSameRef(a: ObjectRef, b: ObjectRef): boolean {
  return a.kind === b.kind && groupOf(a.apiVersion) === groupOf(b.apiVersion) && a.name === b.name && a.namespace === b.namespace;
}

/** Returns the API group of an apiVersion; the core group is empty. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** Returns the condition of a type from an object's status, or undefined. */
export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  return conditionsOf(object).find((c) => c.type === type);
}

/** Returns the conditions of an object's status, in their order. */
export function conditionsOf({ status }: KubeObject): readonly Condition[] {
  return (status as { readonly conditions?: readonly Condition[] | null } | undefined)?.conditions ?? [];
}

/** Returns the phase in an object's status; an empty string when the controller has not set one. */
export function phaseOf({ status }: KubeObject): string {
  return (status as { readonly phase?: string } | undefined)?.phase ?? '';
}

/** Tells whether a condition is present with status True; an absent one is neither true nor false. */
export function hasTrueCondition(object: KubeObject, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}
