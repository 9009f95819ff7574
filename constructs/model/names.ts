/** Names, labels and annotations of this project. Those of KubeDB are in `kubedb.ts`. */
import { contentHash } from './content-hash';
import type { KubeObject } from './kube-object';

/** Field manager of every server-side apply. It differs from `kubectl` and from the managers whose fields Flux removes. */
export const FIELD_MANAGER = 'kafka-tls';

/** Label on every object that was applied for a Kafka: the name of the Kafka. The reconciler deletes Certificates with it that left the bundle. */
export const LABEL_KAFKA = 'kafka-tls/kafka';

/** Annotation on a Kafka and on every request of the reconciler: the owner id, `<namespace>/<kafka>` unless the user chose another. */
export const ANNOTATION_OWNER = 'kafka-tls/owner';

/** Annotation on a Kafka: JSON of its last cut-over and of the acknowledgements used for it (`plan/change-record.ts`). */
export const ANNOTATION_CHANGE = 'kafka-tls/change';

/** Annotation on a Kafka: JSON of the nodes that did not load a certificate while they ran (`plan/reload-record.ts`). */
export const ANNOTATION_RELOAD = 'kafka-tls/reload';

/** Annotation on the Secret of a broker certificate: the roots, in PEM, that its nodes are to trust while the root changes (`plan/dual/`). */
export const ANNOTATION_TRUST = 'kafka-tls/trust';

/** Annotation on the ConfigMap of a bundle: the Job for this content. Other finished Jobs may be deleted. */
export const ANNOTATION_JOB = 'kafka-tls/job';

/** Annotation on the ConfigMap of a bundle: the digest of its content at synth. It reveals changes between synth and the cluster. */
export const ANNOTATION_DIGEST = 'kafka-tls/digest';

/** Annotations on a KafkaOpsRequest of the reconciler. */
export const REQUEST = {
  /** The executor of the request: `native` or `ops-request`. */
  executor: 'kafka-tls/executor',
  /** JSON of the Kafka's TLS state before the operation (`"off"` or a TlsConfig): the target of a revert, and of a restore. */
  from: 'kafka-tls/from',
  /** JSON of `{ [alias]: { revision, fingerprint } }` before the trigger: a certificate is issued again when it differs from this. */
  baseline: 'kafka-tls/baseline',
  /** Instant at which all layers that the request changes agreed with it. */
  verified: 'kafka-tls/verified',
  /** The Kafka's generation when the request was first seen Successful without effect. */
  ineffectiveAt: 'kafka-tls/ineffective-at-generation',
  /** Set when the reconciler ended the request itself: `superseded`. Such a failure does not count as a retry. */
  superseded: 'kafka-tls/superseded',
} as const;

/** Reason of the `Paused` condition that the reconciler writes; its message names the request. */
export const PAUSE_REASON = 'PausedByKafkaTls';

/** Returns the fixed name of the ConfigMap, RBAC and Lease that belong to a Kafka. */
export function bundleName(kafka: string): string {
  return `kafka-tls-${kafka}`;
}

/** Returns the name of the ConfigMap with the CA certificates that clients of a Kafka must trust. */
export function trustName(kafka: string): string {
  return `kafka-tls-${kafka}-trust`;
}

/** Returns the name of the CertificateRequest whose result shows the root of an issuer. */
export function probeName(kafka: string): string {
  return `kafka-tls-${kafka}-probe`;
}

/** Returns the name of the ClusterRole of a Kafka and of its binding. */
export function clusterRoleName(namespace: string, kafka: string): string {
  return `kafka-tls-${namespace}-${kafka}`;
}

/** Kubernetes appends a suffix to the name of a CronJob to name its Jobs. */
const CRON_JOB_NAME_MAX = 52;

/** Returns the name of the CronJob of a Kafka: `bundleName`, or the beginning of it and a hash. */
export function cronJobName(kafka: string): string {
  const name = bundleName(kafka);
  return name.length <= CRON_JOB_NAME_MAX ? name : withSuffix(name, contentHash(kafka, 6), CRON_JOB_NAME_MAX);
}

const JOB_HASH_LENGTH = 10;

/** Returns the name of a Job: it holds a hash of the spec, which Kubernetes does not allow to change. */
export function jobNameOf(kafka: string, { spec }: KubeObject): string {
  return jobName(kafka, contentHash(spec, JOB_HASH_LENGTH));
}

/** Tells whether a name is that of a Job of the Kafka, with any spec. */
export function isJobName(kafka: string, name: string): boolean {
  const hash = name.slice(-JOB_HASH_LENGTH);
  return /^[0-9a-f]+$/.test(hash) && jobName(kafka, hash) === name;
}

function jobName(kafka: string, hash: string): string {
  return withSuffix(bundleName(kafka), hash);
}

/** Returns `base`, cut so that base and suffix fit a DNS label of `max` characters, joined by a dash. */
export function withSuffix(base: string, suffix: string, max = 63): string {
  const room = max - suffix.length - 1;
  return `${base.slice(0, room).replace(/-+$/, '')}-${suffix}`;
}

/** Returns the name of the request that brings a Kafka to the TLS state with this hash. */
export function convergeRequestName(kafka: string, hash: string): string {
  return withSuffix(kafka, `tls-${hash}`);
}

/** Returns the base name of a rotation; `fingerprint` is that of the leaf certificates to replace. */
export function rotateRequestName(kafka: string, fingerprint: string): string {
  return withSuffix(kafka, `tls-rotate-${fingerprint}`);
}

/** Returns the base name of a restart; `fingerprint` is that of the leaf certificates that the pods must serve. */
export function restartRequestName(kafka: string, fingerprint: string): string {
  return withSuffix(kafka, `tls-restart-${fingerprint}`);
}

/** Returns the name of the n-th attempt of a request: the base name, then `-2`, `-3` and so on. */
export function attemptName(base: string, attempt: number): string {
  return attempt <= 1 ? base : `${base}-${attempt}`;
}

/** Tells whether a name is an attempt of a base name. */
export function isAttemptOf(name: string, base: string): boolean {
  return name === base || (name.startsWith(`${base}-`) && /^\d+$/.test(name.slice(base.length + 1)));
}

/** Returns the base name of an attempt. A base name ends in a hash, which is longer than any number of attempts. */
export function baseOfAttempt(name: string): string {
  return name.replace(/-\d{1,4}$/, '');
}
