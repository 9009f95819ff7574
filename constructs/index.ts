/**
 * cdk8s-kafka-tls: the desired TLS state of a KubeDB Kafka, in TypeScript.
 *
 *     new KafkaTls(chart, 'orders', {
 *       cluster: KafkaCluster.existing('orders'),
 *       tls: Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: [Acknowledgement.clientsMoveToTls()] }),
 *       job: { image: 'registry.example/kafka-tls@sha256:...' },
 *     });
 *
 * It synthesises one ConfigMap with the desired state and its manifests (the bundle), and a Job that brings the Kafka to this state. The public
 * API is exactly what this file exports.
 */
export { Acknowledgement } from './acknowledgement';
export { type BrokerCertificateProps, type CertificateProps, KeyEncoding } from './certificate';
export type { CertificateSubject } from './certificate-subject';
export { ClientCertificate, type ClientCertificateProps } from './client-certificate';
export { Cutover, type DeadlinesProps, type RestartProps, UnknownHealthPolicy } from './desired-state';
export { Executor } from './executor';
export { type CaSecretOptions, type SelfSignedCaOptions, TlsIssuer } from './issuer';
export type { KafkaBundle } from './kafka-bundle';
export {
  type CombinedClusterProps,
  type DeclaredClusterProps,
  type DedicatedClusterProps,
  type ExistingClusterOptions,
  KafkaCluster,
  type KafkaNodesProps,
} from './kafka-cluster';
export { ApplyWhen, KafkaOperation, KafkaOpsRequest, type KafkaOpsRequestProps, type ReconfigureTlsProps } from './kafka-ops-request';
export { KafkaTls, type KafkaTlsProps } from './kafka-tls';
export { KeyAlgorithm } from './key-algorithm';
export { type CronOptions, ReconcileSchedule } from './reconcile-schedule';
export type { ReconcilerAccess } from './reconciler-access';
export type { ReconcilerJobProps } from './reconciler-job';
export {
  ImagePullPolicy,
  type ReconcilerPodProps,
  type ReconcilerResources,
  type ReconcilerSecurityContext,
  type ReconcilerToleration,
} from './reconciler-pod';
export { type ReloadOptions, Rotation, RotationFallback } from './rotation';
export { Tls, type TlsOffProps, type TlsOnProps } from './tls';
