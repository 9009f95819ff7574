/**
 * Schemas of Kubernetes' own kinds: only the fields that merge in a special way under server-side apply. Other fields are kept as sent,
 * unknown ones included, and not validated.
 */
import * as s from '../schema';

const named = s.listBy(['name'], s.opaque);
const withPort = s.open({ protocol: { ...s.string, default: 'TCP' } });
const status = s.open({ conditions: s.conditions });

const container = s.open({
  env: s.listBy(['name'], s.open({ valueFrom: s.open({ secretKeyRef: s.atomic, configMapKeyRef: s.atomic, fieldRef: s.atomic }) })),
  ports: s.listBy(['containerPort', 'protocol'], withPort),
  volumeMounts: s.listBy(['mountPath'], s.opaque),
});
const containers = s.listBy(['name'], container);
const podSpec = s.open({
  containers,
  initContainers: containers,
  volumes: named,
  imagePullSecrets: named,
  nodeSelector: s.atomic,
  terminationGracePeriodSeconds: s.int64,
});
const jobSpec = s.open({ selector: s.atomic, template: s.open({ metadata: s.metadataSchema(), spec: podSpec }) });

const labelSelector = s.open(
  {
    matchLabels: s.mapOf(s.string),
    matchExpressions: s.list(s.open({ ...s.each(s.string, 'key', 'operator'), values: s.list(s.string) })),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);
export type LabelSelector = s.View<typeof labelSelector>;

/** A kind with no field that merges in a special way. */
export const plainSchema = s.builtInSchema({ spec: s.opaque, status });
export const podSchema = s.builtInSchema({ spec: podSpec, status: s.open({ conditions: s.conditions, phase: s.string }) });
export const jobSchema = s.builtInSchema({ spec: jobSpec, status });
export const cronJobSchema = s.builtInSchema({ spec: s.open({ jobTemplate: s.open({ metadata: s.metadataSchema(), spec: jobSpec }) }) });
export const serviceSchema = s.builtInSchema({
  spec: s.open({ ports: s.listBy(['port', 'protocol'], withPort), selector: s.atomic }),
  status,
});
export const podDisruptionBudgetSchema = s.builtInSchema({
  spec: s.open({ selector: labelSelector, ...s.each(s.intOrString, 'minAvailable', 'maxUnavailable') }),
  status: s.open({
    ...s.each(s.int32, 'observedGeneration', 'disruptionsAllowed', 'desiredHealthy', 'currentHealthy'),
    disruptedPods: s.mapOf(s.string),
    conditions: s.conditions,
  }),
});
export const configSchema = s.builtInSchema({ data: s.mapOf(s.string), binaryData: s.mapOf(s.string), stringData: s.mapOf(s.string) });
export const serviceAccountSchema = s.builtInSchema({ secrets: named, imagePullSecrets: s.list(s.opaque) });
export const roleBindingSchema = s.builtInSchema({ roleRef: s.atomic, subjects: s.list(s.opaque) });
