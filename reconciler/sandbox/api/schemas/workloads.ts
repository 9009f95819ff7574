/**
 * Schemas of PetSets and of Kubernetes' own kinds. Of the latter only what merges in a special way under server-side apply is
 * spelled out: their other fields are kept as sent, unknown ones included, and not validated.
 */
import { boolean, int32, int64, kindSchema, list, listBy, mapOf, metadataSchema, object, opaque, type Schema, string } from '../schema';

const open = (properties: Readonly<Record<string, Schema>>): Schema => ({ ...opaque, properties });
const atomic: Schema = { ...opaque, 'x-kubernetes-map-type': 'atomic' };

const selector = object({ matchLabels: mapOf(string), matchExpressions: list(opaque) }, { 'x-kubernetes-map-type': 'atomic' });

const petSetStatus = object(
  {
    observedGeneration: int64,
    replicas: int32,
    readyReplicas: int32,
    currentReplicas: int32,
    updatedReplicas: int32,
    availableReplicas: int32,
    currentRevision: string,
    updateRevision: string,
    collisionCount: int32,
    conditions: listBy(['type'], opaque),
  },
  { required: ['replicas'] },
);

export const petSetSchema: Schema = kindSchema(
  object(
    {
      replicas: int32,
      selector,
      serviceName: string,
      template: opaque,
      volumeClaimTemplates: list(opaque),
      podManagementPolicy: string,
      updateStrategy: object({
        type: string,
        rollingUpdate: object({ partition: int32, maxUnavailable: { 'x-kubernetes-int-or-string': true } }),
      }),
      persistentVolumeClaimRetentionPolicy: object({ whenDeleted: string, whenScaled: string }),
      revisionHistoryLimit: int32,
      minReadySeconds: int32,
      ordinals: object({ start: int32 }),
      podPlacementPolicy: object({ name: { ...string, default: '' } }, { 'x-kubernetes-map-type': 'atomic' }),
      distributed: boolean,
    },
    { required: ['selector', 'serviceName', 'template'] },
  ),
  petSetStatus,
);

const container = open({
  env: listBy(['name'], open({ valueFrom: open({ secretKeyRef: atomic, configMapKeyRef: atomic, fieldRef: atomic }) })),
  ports: listBy(['containerPort', 'protocol'], open({ protocol: { ...string, default: 'TCP' } })),
  volumeMounts: listBy(['mountPath'], opaque),
});
const podSpec = open({
  containers: listBy(['name'], container),
  initContainers: listBy(['name'], container),
  volumes: listBy(['name'], opaque),
  imagePullSecrets: listBy(['name'], opaque),
  nodeSelector: atomic,
});
const podTemplate = open({ metadata: metadataSchema, spec: podSpec });
const jobSpec = open({ selector: atomic, template: podTemplate });
const conditions = open({ conditions: listBy(['type'], opaque) });

const ofKind = (properties: Readonly<Record<string, Schema>>): Schema =>
  open({ apiVersion: string, kind: string, metadata: metadataSchema, ...properties });

/** A kind of which nothing merges in a special way. */
export const plainSchema: Schema = ofKind({ spec: opaque, status: conditions });
export const podSchema: Schema = ofKind({ spec: podSpec, status: conditions });
export const jobSchema: Schema = ofKind({ spec: jobSpec, status: conditions });
export const cronJobSchema: Schema = ofKind({
  spec: open({ jobTemplate: open({ metadata: metadataSchema, spec: jobSpec }) }),
  status: opaque,
});
export const serviceSchema: Schema = ofKind({
  spec: open({ ports: listBy(['port', 'protocol'], open({ protocol: { ...string, default: 'TCP' } })), selector: atomic }),
  status: conditions,
});
export const podDisruptionBudgetSchema: Schema = ofKind({ spec: open({ selector: atomic }), status: conditions });
export const configSchema: Schema = ofKind({ data: mapOf(string), binaryData: mapOf(string), stringData: mapOf(string) });
export const serviceAccountSchema: Schema = ofKind({ secrets: listBy(['name'], opaque), imagePullSecrets: list(opaque) });
export const namespaceSchema: Schema = ofKind({ spec: open({ finalizers: list(string) }), status: conditions });
export const roleBindingSchema: Schema = ofKind({ roleRef: atomic, subjects: list(opaque) });
