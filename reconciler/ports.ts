/**
 * What the core may ask of the outside. Production adapters are in `cluster/`; tests put decorators around them.
 *
 * Every write is guarded: an update or patch carries a resourceVersion, an eviction or deletion a uid. A run that woke up late can
 * therefore only fail, never undo what its successor did.
 */
import type { Kind, KubeObject, ObjectRef } from '#model/kube-object';
import type { ListenerName } from '#model/kubedb';
import type { KafkaFacts, Reading } from './model/observation';
import type {
  GateRefusal,
  RunBlocker,
  RunFailure,
  RunPlan,
  RunProgram,
  RunStates,
  ShownListener,
  Spare,
  WaitPhase,
} from './model/run-events';

/** Time. `monotonicMs` never jumps; deadlines use it. */
export interface Clock {
  now(): Date;
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** One operation of RFC 6902. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

export interface Selection {
  readonly namespace?: string;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** A label that objects have, with any value. */
  readonly hasLabel?: string;
}

/** What an eviction came to. `refused` is a PodDisruptionBudget's no (HTTP 429) and may be asked again. */
export type Eviction = { readonly kind: 'evicted' } | { readonly kind: 'gone' } | { readonly kind: 'refused'; readonly because: string };

/** One question of RBAC. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  /** Plural, with the subresource if there is one: `pods/eviction`. */
  readonly resource: string;
  readonly namespace: string;
  /** The only object this is about. */
  readonly name?: string;
}

/** Kubernetes. Failures are `ClusterError`s that name verb and subject; 429 and 5xx have been retried already. */
export interface Cluster {
  /** Returns the object, or undefined when there is none. */
  get(subject: ObjectRef): Promise<KubeObject | undefined>;
  list(kind: Kind, selection: Selection): Promise<readonly KubeObject[]>;
  /**
   * Yields all selected objects, at once and again after every change, until the signal aborts (which ends it without an error).
   * Dropped and expired watches are resumed inside. Changes that come while the consumer is busy are merged.
   */
  watch(kind: Kind, selection: Selection, signal: AbortSignal): AsyncIterable<readonly KubeObject[]>;
  create(object: KubeObject): Promise<KubeObject>;
  /** Server-side apply as field manager `kafka-tls`, never forced unless told to. With `dryRun` nothing is written. */
  apply(object: KubeObject, options?: { readonly force?: boolean; readonly dryRun?: boolean }): Promise<KubeObject>;
  /** JSON patch; the caller includes a `test` on `/metadata/resourceVersion`. */
  patch(subject: ObjectRef, operations: readonly JsonPatchOperation[], options?: { readonly status?: boolean }): Promise<KubeObject>;
  /** Writes the whole object; its resourceVersion must be the one that was read. */
  replace(object: KubeObject, options?: { readonly status?: boolean }): Promise<KubeObject>;
  evict(pod: ObjectRef, uid: string): Promise<Eviction>;
  /** Deletes the object with this uid; one that is gone already is no error. */
  delete(subject: ObjectRef, uid: string): Promise<void>;
  /** Tells whether we may; undefined when the server does not say. */
  isAllowed(access: Access): Promise<boolean | undefined>;
}

/** Where a pod's listener is reached. */
export interface DialTarget {
  readonly pod: KubeObject;
  readonly listener: ListenerName;
  /** DNS name of the pod, which is sent as the name of the server. */
  readonly servername: string;
}

/** What a listener answered. */
export type Handshake =
  /** The certificates that it presented in PEM, the leaf first. */
  | { readonly protocol: 'tls'; readonly chain: readonly string[] }
  | { readonly protocol: 'plaintext' }
  | { readonly protocol: 'unknown'; readonly because: string };

/** Opens a TLS connection to a listener and looks at what it serves. Never throws for what a listener does. */
export interface Dialer {
  handshake(target: DialTarget, signal?: AbortSignal): Promise<Handshake>;
}

/** Returns random text for passwords; its output goes into Secrets and nowhere else. */
export type RandomText = (bytes: number) => string;

export const EVENTS = [
  'started', // a run begins; only programs are told
  'planned', // what will be done
  'applied', // an object was created or configured
  'submitted', // a KafkaOpsRequest was created
  'paused', // the KubeDB provisioner is paused
  'resumed', // the KubeDB provisioner is resumed
  'issued', // certificates are in their Secrets
  'reconfigured', // Kafka, PetSets and configuration carry the desired TLS state
  'waiting', // for an object: why, and since when
  'evicted', // a pod was evicted, to restart
  'ready', // its successor is Ready
  'reloaded', // a node has loaded its certificate while it ran
  'verified', // a listener serves the certificate in its Secret
  'deleted', // an object was deleted
  'warning', // worth knowing, stops nothing
  'finished', // the run is over, and how
] as const;

/** What programs learn from an event besides its text; `model/run-events.ts` says which event has which. */
export interface EventDetails {
  readonly run?: RunProgram;
  readonly plan?: RunPlan;
  readonly states?: RunStates;
  readonly listeners?: readonly ShownListener[];
  readonly spare?: Spare;
  readonly phase?: WaitPhase;
  readonly refusals?: readonly GateRefusal[];
  readonly error?: RunFailure;
  readonly blockers?: readonly RunBlocker[];
}

/** Something happened. `message` is a sentence without the subject. */
export interface ProgressEvent extends EventDetails {
  readonly event: (typeof EVENTS)[number];
  readonly subject: ObjectRef;
  readonly message: string;
  /** Position in the plan, from 1, where the event belongs to a step. */
  readonly step?: { readonly number: number; readonly of: number };
  /** With `waiting`: for how long already, and after how long in all the run gives up. Absent when the wait ends well by itself. */
  readonly wait?: { readonly elapsedMs: number; readonly deadlineMs: number };
}

/** Every wait reports at least this often what it still waits for. */
export const REPEAT_WAIT_MS = 60_000;

export type Report = (event: ProgressEvent) => void;

/** Reads Kafka's own facts for the gates: quorum and partitions. */
export interface KafkaFactsSource {
  /** `clusterDomain` is the DNS domain in which brokers are reached; `cluster.local` if none is given. */
  read(kafka: KubeObject, signal?: AbortSignal, clusterDomain?: string): Promise<Reading<KafkaFacts>>;
}

/** A running node of a Kafka. */
export interface KafkaNode {
  readonly kafka: KubeObject;
  readonly pod: string;
  /** DNS domain in which nodes are reached. Default: `cluster.local`. */
  readonly clusterDomain?: string | undefined;
}

/** Settings of a node by their names in Kafka. */
export type Settings = Readonly<Record<string, string>>;

/** Whether a node would accept settings; `unknown`: it could not be asked. */
export type Validation = { readonly kind: 'accepted' } | { readonly kind: 'refused' | 'unknown'; readonly because: string };

/** Asks the nodes of a Kafka about their key stores, and makes them load these again. Never throws for what a node does. */
export interface KafkaAdmin {
  /** Returns the settings of a node about key stores, listeners and the quorum. None of them is a secret. */
  settings(node: KafkaNode, signal?: AbortSignal): Promise<Reading<Settings>>;
  /** Asks a broker whether it would accept settings; it changes nothing. A controller accepts everything. */
  validate(node: KafkaNode, settings: Settings, signal?: AbortSignal): Promise<Validation>;
  /**
   * Makes a node load key stores that have changed since it loaded them, and leaves no setting behind. Returns why the node could not be
   * asked. An answer without an error proves nothing: only handshakes show what was loaded.
   */
  reload(node: KafkaNode, signal?: AbortSignal): Promise<string | undefined>;
}
