/**
 * What was seen of the cluster in one pass of reads, as one JSON value. `plan --observation FILE` replays it: a bug report becomes a test.
 *
 * Private keys, passwords and Secret values are never part of it. What could not be read is recorded as unknown with a reason, never as
 * absent.
 */
import type { KeyKind } from '#model/key-kind';
import type { KubeObject } from '#model/kube-object';
import type { ListenerName, Role } from '#model/kubedb';
import type { Permission } from '#model/permissions';

/** Version of the observation format. */
export const OBSERVATION_FORMAT = 1;

/** What a certificate says. */
export interface CertificateFacts {
  /** SHA-256 of the DER form, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly emailAddresses: readonly string[];
  /** SHA-256 of the subject public key info, lower-case hexadecimal: two certificates of one key are "the same root". */
  readonly publicKey: string;
  /** Algorithm and size of the key; absent in observations of earlier versions, and for kinds that cert-manager does not make. */
  readonly keyKind?: KeyKind;
  readonly isCa: boolean;
  /**
   * Public keys of the certificates that have signed it, among those that were seen; its own when it is self-signed. Absent in observations
   * of earlier versions.
   */
  readonly signers?: readonly string[];
}

/** A CA certificate that somebody trusts, or is to trust. */
export interface CaFacts extends CertificateFacts {
  /** The certificate itself, which is public; absent in observations of earlier versions. */
  readonly pem?: string;
}

/** A Secret, without any of its values. */
export interface SecretFacts {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly keys: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** First certificate of `tls.crt`. */
  readonly leaf?: CertificateFacts;
  /** The other certificates of `tls.crt`, which a pod serves with the leaf; absent in observations of earlier versions. */
  readonly chain?: readonly CaFacts[];
  /** Certificates of `ca.crt`. */
  readonly ca?: readonly CaFacts[];
  /** Whether a certificate of `ca.crt` has signed the leaf. */
  readonly isSignedByCa?: boolean;
  /** How `tls.key` is written; read off its PEM header, the key itself is not looked at. */
  readonly keyEncoding?: 'PKCS1' | 'PKCS8';
  /** Why a value could not be understood. */
  readonly unreadable?: string;
  /** Why the Secret may not be read: whether it exists and what it holds is not known, and everything else here means nothing. */
  readonly unread?: string;
}

/** What one listener of a pod serves. */
export interface Served {
  readonly listener: ListenerName;
  readonly protocol: 'tls' | 'plaintext' | 'unknown';
  /** With `unknown`: why. */
  readonly because?: string;
  /** With `tls`: the served leaf. */
  readonly leaf?: CertificateFacts;
  /** With `tls`: why its chain or name does not hold, measured against the CA in the pod's Secret. Absent when it does. */
  readonly untrusted?: string;
  /** With `tls`: when the first certificate of its chain expired, if one had by then. Peers and clients refuse it from then on. RFC 3339. */
  readonly expiredAt?: string;
  /** With `tls`: whether the CA in the pod's Secret, as it is now, has signed the served leaf. False in the middle of a change of CA. */
  readonly isSignedBySecretCa?: boolean;
}

export interface PodFacts {
  readonly name: string;
  readonly uid: string;
  readonly role: Role;
  readonly ordinal: number;
  readonly nodeId: number;
  readonly petSet: string;
  readonly isReady: boolean;
  readonly isRunning: boolean;
  readonly isTerminating: boolean;
  /** Why the pod cannot start, such as `CrashLoopBackOff`, `ImagePullBackOff`, `Unschedulable`. Absent when it can. */
  readonly stuck?: string;
  /** DNS name by which it was reached, and for which its certificate has to be valid. Absent in observations of earlier versions. */
  readonly fqdn?: string;
  /** ControllerRevision that the pod was made from. */
  readonly revision: string;
  /** RFC 3339 start of the Kafka container: all TLS material is read then, once. */
  readonly startedAt?: string;
  /** From the pod's creation until it was Ready, in milliseconds; absent when it is not Ready, or has been restarted in place. */
  readonly startMs?: number;
  /** Secret that the pod mounts its certificates from; absent without TLS. */
  readonly certificateSecret?: string;
  /** Names of the PodDisruptionBudgets that select it; absent in observations of earlier versions, and where nobody asked. */
  readonly budgets?: readonly string[];
  /** Its data is deleted with it; absent in observations of earlier versions, and where no volume for data is mounted. */
  readonly hasEphemeralData?: boolean;
  /** One entry a listener of the pod's role. */
  readonly served: readonly Served[];
}

/** A PetSet, as the one that pods are made by. */
export interface PodTemplate {
  readonly name: string;
  readonly role: Role;
  readonly object: KubeObject;
}

export interface PetSetState extends PodTemplate {
  /** Secret with the configuration, as the template mounts it. */
  readonly configSecret: string;
  /** The configuration, every line with a password left out; absent when the Secret is missing. */
  readonly config?: Readonly<Record<string, string>>;
}

/** An issuer that the desired or live TLS state refers to. */
export interface IssuerState {
  readonly kind: 'Issuer' | 'ClusterIssuer';
  readonly name: string;
  /** Absent when there is none. */
  readonly object?: KubeObject;
  /** Why it could not be read (a ClusterIssuer without permission, say). */
  readonly unknown?: string;
  /** Public keys (see `CertificateFacts.publicKey`) of the CA it signs with, where that can be read. */
  readonly caPublicKeys?: readonly string[];
  /** What its leaves get as `ca.crt`: the root of the CA, or the highest certificate known; absent in observations of earlier versions. */
  readonly ca?: readonly CaFacts[];
  /** What its leaves bring along in `tls.crt`, from the certificate that signs them; absent in observations of earlier versions. */
  readonly chain?: readonly CaFacts[];
  /** Why a certificate request of ours did not show what it signs with; absent when none was made. */
  readonly probeFailure?: string;
  /** Why the Secret of a CA issuer cannot be signed with; absent when it can, or could not be read. */
  readonly caProblem?: CaProblem;
}

/** What is wrong with the Secret of a CA issuer. */
export interface CaProblem {
  /** A sentence: `Secret/demo/corp-ca lacks tls.key`. */
  readonly problem: string;
  /** Its content has to be replaced; else it may only not be there yet. */
  readonly isFinal: boolean;
}

/** The ConfigMap with the CA certificates that clients are told to trust. */
export interface TrustState {
  /** Absent when there is none. Without its data, for anybody may have put anything there. */
  readonly object?: KubeObject;
  /** Certificates of its `ca.crt`. */
  readonly ca: readonly CaFacts[];
  /** Content hash of its `ca.crt`; absent when it has none. */
  readonly digest?: string;
}

/** Kafka's own view: what the gates ask. */
export interface KafkaFacts {
  readonly quorum: QuorumFacts;
  readonly topics: readonly TopicFacts[];
}
export interface QuorumFacts {
  /** Node id of the active controller; undefined while there is none. */
  readonly leaderId: number | undefined;
  readonly voters: readonly VoterFacts[];
  /** `controller.quorum.fetch.timeout.ms`. */
  readonly fetchTimeoutMs: number;
}
export interface VoterFacts {
  readonly nodeId: number;
  /** Milliseconds since the epoch by the leader's clock; undefined when the leader does not know. */
  readonly lastCaughtUpMs: number | undefined;
}
export interface TopicFacts {
  readonly name: string;
  /** Undefined when the topic has no such setting. */
  readonly minInsyncReplicas: number | undefined;
  readonly partitions: readonly PartitionFacts[];
}
export interface PartitionFacts {
  readonly partition: number;
  readonly leader: number | undefined;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** A value, or why there is none. */
export type Reading<T> = { readonly value: T } | { readonly unknown: string };

/** What restarts depend on, and no more: it is looked at before and after every one of them. */
export interface PodObservation {
  /** RFC 3339. */
  readonly observedAt: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent when there is none. */
  readonly kafka?: KubeObject;
  /** Those that pods serve from, or shall. */
  readonly secrets: readonly SecretFacts[];
  readonly petSets: readonly PodTemplate[];
  readonly pods: readonly PodFacts[];
  readonly facts: Reading<KafkaFacts>;
}

/** What PetSets are made from, and have been made to be. */
export type PetSetObservation = Pick<Observation, 'namespace' | 'name' | 'kafka' | 'petSets'>;

export interface Observation extends PodObservation {
  readonly format: number;
  /** There is no such namespace; looked for only where there is no Kafka, and absent when it may not be seen. */
  readonly namespaceIsMissing?: true;
  /** A `gitops.kubedb.com` Kafka of the same name, which would fight with us over the TLS state. */
  readonly gitOpsKafka?: KubeObject;
  readonly issuers: readonly IssuerState[];
  /** Certificates of the Kafka and those that carry our label. */
  readonly certificates: readonly KubeObject[];
  /** Those and all others that the desired or live TLS state refers to. */
  readonly secrets: readonly SecretFacts[];
  /** Absent in observations of earlier versions, and when it may not be read. */
  readonly trust?: TrustState;
  readonly petSets: readonly PetSetState[];
  /** Every KafkaOpsRequest of the Kafka, oldest first. */
  readonly requests: readonly KubeObject[];
  /** PodDisruptionBudgets that select pods of the Kafka. */
  readonly budgets: readonly KubeObject[];
  /**
   * Of what carrying out a plan needs, what whoever observed may not do: permissions with only the verbs that are denied. Absent when that
   * was not asked, or the server does not say.
   */
  readonly denied?: readonly Permission[];
  /** What could not be looked at, and why: that it is absent above means nothing. */
  readonly unread?: readonly Unread[];
}

/** Something that can be done without, and was not seen. */
export interface Unread {
  /** Such as `PodDisruptionBudget/demo`. */
  readonly what: string;
  readonly because: string;
}

/** What an issuer answered to a certificate request of ours: the certificates in PEM, or why there are none. */
export type ProbeAnswer = { readonly certificate: string; readonly ca: string } | { readonly failure: string };

/** Answers of this run, by kind and name of the issuer: `ClusterIssuer/corp-ca`. */
export type ProbeAnswers = ReadonlyMap<string, ProbeAnswer>;
