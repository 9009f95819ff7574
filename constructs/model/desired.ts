/**
 * The desired state besides the manifests: whose Kafka it is, who restarts the pods, when a certificate is too old, what was
 * acknowledged, how long to wait. It is the `desired.yaml` of a bundle. What TLS should *be* is not repeated here: that is the
 * `spec.tls` of the converging KafkaOpsRequest (`bundle.ts`), where a patch by the user counts, too.
 */

import type { Acknowledged } from './acknowledgement';

/** Version of the bundle format. A reconciler refuses a newer one. */
export const BUNDLE_FORMAT = 1;

export const EXECUTORS = ['ops-request', 'native'] as const;
/** Who carries operations out: KubeDB's ops-manager, or the reconciler itself on clusters without one. */
export type ExecutorName = (typeof EXECUTORS)[number];

export const UNKNOWN_HEALTH_POLICIES = ['readiness', 'refuse'] as const;
/** What a gate does when Kafka's own facts cannot be had. */
export type UnknownHealthPolicy = (typeof UNKNOWN_HEALTH_POLICIES)[number];

export const CUTOVERS = ['rolling', 'stop'] as const;
/** How pods restart when converted and unconverted ones cannot talk: one after the other, or all at once. */
export type Cutover = (typeof CUTOVERS)[number];

/** Go durations; how long to wait for each thing before the run ends. */
export interface Deadlines {
  /** Until a certificate is issued. */
  readonly issuance: string;
  /** Until a restarted pod is Ready and serves its certificate. */
  readonly podReady: string;
  /** Until the gate of a pod opens. */
  readonly gate: string;
  /** Until somebody else's operation, or a Kafka somebody else creates, is done. */
  readonly foreignOperation: string;
  /** Until KubeDB's ops-manager picks a request up. */
  readonly requestAcceptance: string;
  /** `native` only: how long a new request is left alone to see whether an ops-manager claims it. */
  readonly opsManagerDetection: string;
}

export const DEFAULT_DEADLINES: Deadlines = {
  issuance: '5m',
  podReady: '10m',
  gate: '15m',
  foreignOperation: '30m',
  requestAcceptance: '2m',
  opsManagerDetection: '15s',
};

export interface Desired {
  readonly formatVersion: number;
  readonly kafka: string;
  readonly namespace: string;
  /** Owner id of the Kafka. */
  readonly owner: string;
  /** Labels of the user's own, such as `team`, for every object that a run creates. */
  readonly labels?: Readonly<Record<string, string>>;
  /** DNS domain of the Kubernetes cluster. Default: the one that live objects of the Kafka show, else `cluster.local`. */
  readonly clusterDomain?: string;
  /** Number of pods of a Kafka that is only referred to; absent when the user does not say. */
  readonly nodes?: number;
  readonly executor: ExecutorName;
  /** RFC 3339 instant; every leaf has to be issued at or after it. */
  readonly issuedAfter?: string;
  /** Go duration; a leaf with less than this left is rotated. Default: a third of its lifetime. */
  readonly beforeExpiry?: string;
  readonly acknowledge: readonly Acknowledged[];
  readonly cutover: Cutover;
  /** What a gate does when Kafka's own facts cannot be had: rest on pod readiness, or refuse. */
  readonly unknownHealthPolicy: UnknownHealthPolicy;
  /** How often a failed operation is tried again. */
  readonly retries: number;
  readonly deadlines: Deadlines;
}
