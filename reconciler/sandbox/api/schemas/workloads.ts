/**
 * Schemas of Kubernetes' own kinds: only the fields that merge in a special way under server-side apply. Other fields are kept as sent,
 * unknown ones included, and not validated.
 */
import {
  atomic,
  builtInSchema,
  conditions,
  each,
  int32,
  int64,
  list,
  listBy,
  mapOf,
  metadataSchema,
  opaque,
  open,
  string,
  type View,
} from '../schema';

const named = listBy(['name'], opaque);
const withPort = open({ protocol: { ...string, default: 'TCP' } });
const status = open({ conditions });

const container = open({
  env: listBy(['name'], open({ valueFrom: open({ secretKeyRef: atomic, configMapKeyRef: atomic, fieldRef: atomic }) })),
  ports: listBy(['containerPort', 'protocol'], withPort),
  volumeMounts: listBy(['mountPath'], opaque),
});
const containers = listBy(['name'], container);
const podSpec = open({
  containers,
  initContainers: containers,
  volumes: named,
  imagePullSecrets: named,
  nodeSelector: atomic,
  terminationGracePeriodSeconds: int64,
});
const jobSpec = open({ selector: atomic, template: open({ metadata: metadataSchema(), spec: podSpec }) });

const labelSelector = open(
  { matchLabels: mapOf(string), matchExpressions: list(open({ ...each(string, 'key', 'operator'), values: list(string) })) },
  { 'x-kubernetes-map-type': 'atomic' },
);
export type LabelSelector = View<typeof labelSelector>;

/** A kind with no field that merges in a special way. */
export const plainSchema = builtInSchema({ spec: opaque, status });
export const podSchema = builtInSchema({ spec: podSpec, status: open({ conditions, phase: string }) });
export const jobSchema = builtInSchema({ spec: jobSpec, status });
export const cronJobSchema = builtInSchema({ spec: open({ jobTemplate: open({ metadata: metadataSchema(), spec: jobSpec }) }) });
export const serviceSchema = builtInSchema({ spec: open({ ports: listBy(['port', 'protocol'], withPort), selector: atomic }), status });
export const podDisruptionBudgetSchema = builtInSchema({
  spec: open({ selector: labelSelector }),
  status: open({
    ...each(int32, 'observedGeneration', 'disruptionsAllowed', 'desiredHealthy', 'currentHealthy'),
    disruptedPods: mapOf(string),
    conditions,
  }),
});
export const configSchema = builtInSchema({ data: mapOf(string), binaryData: mapOf(string), stringData: mapOf(string) });
export const serviceAccountSchema = builtInSchema({ secrets: named, imagePullSecrets: list(opaque) });
export const roleBindingSchema = builtInSchema({ roleRef: atomic, subjects: list(opaque) });
