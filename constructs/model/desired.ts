/**
 * The desired state besides the manifests: owner, executor, when a certificate is too old, acknowledgements, deadlines. It is the
 * `desired.yaml` of a bundle. The desired TLS state itself is the `spec.tls` of the converging KafkaOpsRequest (`bundle.ts`), which users can
 * patch.
 */

import { ACKNOWLEDGED } from './acknowledgement';
import { isClusterDomain } from './cluster-domain';
import { COUNT, DURATION, INSTANT, type Infer, list, map, NAME, NON_EMPTY, oneOf, optional, STRING_MAP, stringThat } from './schema';

/** Version of the bundle format. A reconciler refuses a newer one. */
export const BUNDLE_FORMAT = 1;

export const EXECUTORS = ['ops-request', 'native'] as const;
/** The program that carries out operations: KubeDB's ops-manager, or the reconciler on clusters without an ops-manager. */
export type ExecutorName = (typeof EXECUTORS)[number];

/** What a gate does when Kafka's own facts cannot be read. */
export const UNKNOWN_HEALTH_POLICIES = ['readiness', 'refuse'] as const;

export const CUTOVERS = ['rolling', 'stop'] as const;
/** How pods restart in a cut-over: one after the other, or all at once. */
export type Cutover = (typeof CUTOVERS)[number];

export const ROTATIONS = ['restart', 'reload'] as const;
export const ROTATION_FALLBACKS = ['restart', 'fail'] as const;

const ROTATION = map({
  /** How nodes get a certificate that was issued again: their pods restart, or Kafka loads its key stores while it runs. */
  by: oneOf(ROTATIONS),
  /** With `reload`: what happens to a node that cannot load it. Default: its pod restarts. */
  otherwise: optional(oneOf(ROTATION_FALLBACKS)),
});
export type RotationChoice = Infer<typeof ROTATION>;

/** Tells whether Kafka is to load new certificates while it runs. */
export function rotatesByReload({ rotation }: Pick<Desired, 'rotation'>): boolean {
  return rotation?.by !== 'restart';
}

const DEADLINES = map({
  /** For cert-manager to issue a certificate. */
  issuance: DURATION,
  /** For a restarted pod to be Ready and to serve its certificate. */
  podReady: DURATION,
  /** For the gate of a pod to allow its restart. */
  gate: DURATION,
  /** Until another writer's operation, or a Kafka that another writer creates, is done. */
  foreignOperation: DURATION,
  /** Until KubeDB's ops-manager accepts a request. */
  requestAcceptance: DURATION,
  /** `native` only: how long a new request stays untouched, to see whether an ops-manager claims it. */
  opsManagerDetection: DURATION,
});
/** How long a run waits before it ends, as Go durations. */
export type Deadlines = Infer<typeof DEADLINES>;

export const DEFAULT_DEADLINES: Deadlines = {
  issuance: '5m',
  podReady: '10m',
  gate: '15m',
  foreignOperation: '30m',
  requestAcceptance: '2m',
  opsManagerDetection: '15s',
};

/** `desired.yaml` of a bundle. */
export const DESIRED = map({
  formatVersion: COUNT,
  kafka: NAME,
  namespace: NAME,
  /** Owner id of the Kafka. */
  owner: NON_EMPTY,
  /** Labels of the user, such as `team`, for every object that a run creates. */
  labels: optional(STRING_MAP),
  /** DNS domain of the Kubernetes cluster. Default: the domain in the live objects of the Kafka, else `cluster.local`. */
  clusterDomain: optional(stringThat('a DNS domain such as cluster.local', isClusterDomain)),
  /** Number of pods of a Kafka that is only referred to; absent when the user does not give it. */
  nodes: optional(COUNT),
  executor: oneOf(EXECUTORS),
  /** RFC 3339 instant; every leaf must be issued at or after it. */
  issuedAfter: optional(INSTANT),
  /** Go duration: a leaf that expires sooner is rotated. Default: a third of its lifetime. */
  beforeExpiry: optional(DURATION),
  /** Default: by reload. */
  rotation: optional(ROTATION),
  /** Go duration: clients that could get the new root for that long trust it, as if that were acknowledged. */
  trustFor: optional(DURATION),
  /** Go duration: how long the published trust bundle keeps a root that no pod serves. Default: not at all. */
  keepOldRootFor: optional(DURATION),
  acknowledge: list(ACKNOWLEDGED),
  cutover: oneOf(CUTOVERS),
  /** Whether a gate rests on pod readiness, or refuses, when Kafka's own facts cannot be read. */
  unknownHealthPolicy: oneOf(UNKNOWN_HEALTH_POLICIES),
  /** How often the reconciler tries a failed operation again. */
  retries: COUNT,
  deadlines: DEADLINES,
});
export type Desired = Infer<typeof DESIRED>;
