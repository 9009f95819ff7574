/**
 * What one pass of reads found in the cluster, as one JSON value: its schema and its types. `plan --observation FILE` replays it, so that a
 * bug report becomes a test.
 *
 * Private keys, passwords and Secret values are never part of it. What could not be read is recorded as unknown with a reason, never as
 * absent.
 */

import { KEY_ALGORITHMS } from '#model/key-kind';
import { CERTIFICATE, CLUSTER_ISSUER, ISSUER } from '#model/kinds/cert-manager';
import { KAFKA, KAFKA_OPS_REQUEST, PET_SET } from '#model/kinds/kubedb';
import { CONFIG_MAP, POD_DISRUPTION_BUDGET } from '#model/kinds/kubernetes';
import { isMap, KINDS } from '#model/kube-object';
import { ROLES } from '#model/kubedb';
import {
  BOOLEAN,
  COUNT,
  chosen,
  INSTANT,
  type Infer,
  list,
  map,
  maybe,
  NAME,
  NON_EMPTY,
  NUMBER,
  oneOf,
  optional,
  type Schema,
  STRING,
  STRING_MAP,
  STRINGS,
  stringThat,
} from '#model/schema';

/** Version of the observation format. */
export const OBSERVATION_FORMAT = 1;

const CERTIFICATE_FACTS = map({
  /** SHA-256 of the DER form, lower-case hexadecimal. */
  fingerprint: NON_EMPTY,
  serial: STRING,
  subject: STRING,
  issuer: STRING,
  notBefore: INSTANT,
  notAfter: INSTANT,
  dnsNames: STRINGS,
  ipAddresses: STRINGS,
  uris: STRINGS,
  emailAddresses: STRINGS,
  /** SHA-256 of the subject public key info, lower-case hexadecimal: two certificates of one key are "the same root". */
  publicKey: NON_EMPTY,
  /** Absent in observations of earlier versions, and for kinds of keys that cert-manager does not make. */
  keyKind: optional(map({ algorithm: oneOf(KEY_ALGORITHMS), size: optional(COUNT) })),
  isCa: BOOLEAN,
  /** Public keys of the observed certificates that have signed this one; its own when it is self-signed. Absent in observations of earlier versions. */
  signers: optional(STRINGS),
});
/** The content of a certificate. */
export type CertificateFacts = Infer<typeof CERTIFICATE_FACTS>;

const ONE_CERTIFICATE = /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/;

const CA_FACTS = map({
  ...CERTIFICATE_FACTS.entries,
  /** How many CA certificates may follow below it; absent without a limit, and in observations of earlier versions. */
  maxPathLength: optional(COUNT),
  /** The certificate itself, which is public and goes into a ConfigMap as it is. Absent in observations of earlier versions. */
  pem: optional(stringThat('one certificate in PEM', (text) => ONE_CERTIFICATE.test(text))),
});
/** A CA certificate that pods or clients trust, or are to trust. */
export type CaFacts = Infer<typeof CA_FACTS>;
const CAS = list(CA_FACTS);

const ADDED_TRUST = map({
  /** Roots, old and new, that an annotation of this project names. */
  roots: CAS,
  /** SHA-256 of what the trust store trusts; absent where it cannot be read. */
  stored: optional(STRINGS),
  /** When any writer last wrote the data of the Secret, as its managed fields tell. */
  writtenAt: optional(INSTANT),
});

const SECRET_FACTS = map({
  name: NAME,
  uid: STRING,
  resourceVersion: STRING,
  keys: STRINGS,
  annotations: STRING_MAP,
  /** First certificate of `tls.crt`. */
  leaf: optional(CERTIFICATE_FACTS),
  /** The other certificates of `tls.crt`, which a pod serves with the leaf. Absent in observations of earlier versions. */
  chain: optional(CAS),
  /** Certificates of `ca.crt`. */
  ca: optional(CAS),
  /** What nodes are to trust besides the issuer's root, while the root changes. Absent where this project has never added one. */
  addedTrust: optional(ADDED_TRUST),
  /** Whether a certificate of `ca.crt` has signed the leaf. */
  isSignedByCa: optional(BOOLEAN),
  /** How `tls.key` is written, by its PEM header. */
  keyEncoding: optional(oneOf(['PKCS1', 'PKCS8'])),
  /** Why a value could not be understood. */
  unreadable: optional(STRING),
  /** Why the Secret may not be read: whether it exists is not known, and the other members mean nothing. */
  unread: optional(STRING),
});
/** A Secret without its values. */
export type SecretFacts = Infer<typeof SECRET_FACTS>;

const SERVED = map({
  listener: oneOf(['BROKER', 'CONTROLLER']),
  protocol: oneOf(['tls', 'plaintext', 'unknown']),
  /** With `unknown`: why. */
  because: optional(STRING),
  /** With `tls`: the served leaf. */
  leaf: optional(CERTIFICATE_FACTS),
  /** With `tls`: why its chain or name does not hold, measured against the CA in the pod's Secret. Absent when both hold. */
  untrusted: optional(STRING),
  /** With `tls`: when the first certificate of its chain expired. Peers and clients have refused it since then. Absent when none has. */
  expiredAt: optional(INSTANT),
  /** With `tls`: whether the CA that is in the pod's Secret now has signed the served leaf. False in the middle of a change of CA. */
  isSignedBySecretCa: optional(BOOLEAN),
});
/** What one listener of a pod serves. */
export type Served = Infer<typeof SERVED>;

/** A value, or why it could not be read. */
export type Reading<T> = { readonly value: T } | { readonly unknown: string };

function readingOf<T>(schema: Schema<T>): Schema<Reading<T>> {
  return chosen<Reading<T>>((value) => (isMap(value) && Object.hasOwn(value, 'value') ? map({ value: schema }) : map({ unknown: STRING })));
}

const NODE_SETTINGS = map({
  /** Settings that decide whether the node can load its key stores again, by their names; none of them is a secret. */
  settings: STRING_MAP,
  /** Directories of the container in which the kubelet updates the files of the certificate. A mount with a subPath is none. */
  directories: STRINGS,
});
/** What decides whether a running node can load its key stores again. */
export type NodeSettings = Infer<typeof NODE_SETTINGS>;

const POD_FACTS = map({
  name: NAME,
  uid: STRING,
  role: oneOf(ROLES),
  ordinal: COUNT,
  nodeId: COUNT,
  petSet: NAME,
  isReady: BOOLEAN,
  isRunning: BOOLEAN,
  isTerminating: BOOLEAN,
  /** Why the pod cannot start, such as `CrashLoopBackOff`, `ImagePullBackOff`, `Unschedulable`. Absent when it can. */
  stuck: optional(NON_EMPTY),
  /** DNS name by which the pod was reached, and for which its certificate must be valid. Absent in observations of earlier versions. */
  fqdn: optional(NON_EMPTY),
  /** ControllerRevision that the pod was made from. */
  revision: STRING,
  /** Absent in observations of earlier versions. */
  createdAt: optional(INSTANT),
  /** Start of the Kafka container, which reads all TLS material once, then. */
  startedAt: optional(INSTANT),
  /** Milliseconds from the pod's creation until it was Ready; absent when it is not Ready, or was restarted in place. */
  startMs: optional(COUNT),
  /** Secret that the pod mounts its certificates from; absent without TLS. */
  certificateSecret: optional(STRING),
  /** Names of the PodDisruptionBudgets that select the pod. Absent in observations of earlier versions, and where budgets were not read. */
  budgets: optional(STRINGS),
  /** Its data is deleted with the pod. Absent in observations of earlier versions, and where the pod mounts no volume for data. */
  hasEphemeralData: optional(BOOLEAN),
  /** Read only when the node may have to load a certificate while it runs. */
  node: optional(readingOf(NODE_SETTINGS)),
  /** One entry a listener of the pod's role. */
  served: list(SERVED),
});
export type PodFacts = Infer<typeof POD_FACTS>;

/** The PetSet as the source of pods. */
const POD_TEMPLATE = map({ name: NAME, role: oneOf(ROLES), object: PET_SET });
export type PodTemplate = Infer<typeof POD_TEMPLATE>;

const PET_SET_STATE = map({
  ...POD_TEMPLATE.entries,
  /** Secret with the configuration, as the template mounts it. */
  configSecret: STRING,
  /** The configuration without the lines that hold a password; absent when the Secret is missing. */
  config: optional(STRING_MAP),
});
export type PetSetState = Infer<typeof PET_SET_STATE>;

const CA_PROBLEM = map({
  /** A sentence: `Secret/demo/corp-ca lacks tls.key`. */
  problem: STRING,
  /** The content must be replaced; else it may only not be there yet. */
  isFinal: BOOLEAN,
});
/** What is wrong with the Secret of a CA issuer. */
export type CaProblem = Infer<typeof CA_PROBLEM>;

const ISSUER_STATE = map({
  kind: oneOf(['Issuer', 'ClusterIssuer']),
  name: NAME,
  /** Absent when the issuer does not exist. */
  object: optional(chosen((object) => (isMap(object) && object.kind === KINDS.ClusterIssuer.kind ? CLUSTER_ISSUER : ISSUER))),
  /** Why the issuer could not be read, such as a ClusterIssuer without permission. */
  unknown: optional(STRING),
  /** Public keys (see `CertificateFacts.publicKey`) of the CA it signs with, where that can be read. */
  caPublicKeys: optional(STRINGS),
  /** What its leaves get as `ca.crt`: the root of the CA, or the highest certificate known. Absent in observations of earlier versions. */
  ca: optional(CAS),
  /** What its leaves bring along in `tls.crt`, from the certificate that signs them. Absent in observations of earlier versions. */
  chain: optional(CAS),
  /** Why a certificate request did not show the CA; absent when none was made. */
  probeFailure: optional(STRING),
  /** Why cert-manager cannot sign with the Secret of a CA issuer; absent when it can, or the Secret could not be read. */
  caProblem: optional(CA_PROBLEM),
});
/** An issuer that the desired or live TLS state refers to. */
export type IssuerState = Infer<typeof ISSUER_STATE>;

const TRUST_STATE = map({
  /** Absent when there is none. Without its data, since other writers may have put anything there. */
  object: optional(CONFIG_MAP),
  /** Certificates of its `ca.crt`. */
  ca: CAS,
  /** When it was last written, by any writer. Absent where its fields have no recorded owners. */
  writtenAt: optional(INSTANT),
  /** Content hash of its `ca.crt`; absent when it has none. */
  digest: optional(NON_EMPTY),
});
/** The ConfigMap with the CA certificates for clients. */
export type TrustState = Infer<typeof TRUST_STATE>;

const PARTITION_FACTS = map({ partition: COUNT, leader: maybe(COUNT), replicas: list(COUNT), isr: list(COUNT) });
export type PartitionFacts = Infer<typeof PARTITION_FACTS>;

const TOPIC_FACTS = map({
  name: NON_EMPTY,
  /** Undefined when the topic has no such setting. */
  minInsyncReplicas: maybe(COUNT),
  partitions: list(PARTITION_FACTS),
});
export type TopicFacts = Infer<typeof TOPIC_FACTS>;

const VOTER_FACTS = map({
  nodeId: COUNT,
  /** Milliseconds since the epoch by the leader's clock; undefined when the leader does not know. */
  lastCaughtUpMs: maybe(NUMBER),
});

const QUORUM_FACTS = map({
  /** Node id of the active controller; undefined while there is none. */
  leaderId: maybe(COUNT),
  voters: list(VOTER_FACTS),
  /** `controller.quorum.fetch.timeout.ms`. */
  fetchTimeoutMs: NUMBER,
});
export type QuorumFacts = Infer<typeof QUORUM_FACTS>;

export const KAFKA_FACTS = map({ quorum: QUORUM_FACTS, topics: list(TOPIC_FACTS) });
/** Kafka's own view: what the gates ask. */
export type KafkaFacts = Infer<typeof KAFKA_FACTS>;

const UNREAD = map({
  /** Such as `PodDisruptionBudget/demo`. */
  what: NON_EMPTY,
  because: NON_EMPTY,
});
/** An object that a plan can do without, and that could not be read. */
export type Unread = Infer<typeof UNREAD>;

const CLIENT_CERTIFICATE = map({ name: NAME, secretName: STRING, issuerKind: oneOf(['Issuer', 'ClusterIssuer']), issuerName: NAME });
/** A Certificate with which a client may connect to brokers. */
export type ClientCertificateFacts = Infer<typeof CLIENT_CERTIFICATE>;

const POD_OBSERVATION = map({
  observedAt: INSTANT,
  namespace: NAME,
  name: NAME,
  /** Absent when there is none. */
  kafka: optional(KAFKA),
  /** Secrets that pods serve from, or are to serve from. */
  secrets: list(SECRET_FACTS),
  petSets: list(POD_TEMPLATE),
  pods: list(POD_FACTS),
  facts: readingOf(KAFKA_FACTS),
});
/** What restarts depend on, and no more: it is read before and after every restart. */
export type PodObservation = Infer<typeof POD_OBSERVATION>;

export const OBSERVATION = map({
  ...POD_OBSERVATION.entries,
  format: COUNT,
  /** The namespace does not exist; read only where there is no Kafka, and absent when it may not be read. */
  namespaceIsMissing: optional(BOOLEAN),
  /** A `gitops.kubedb.com` Kafka of the same name, which would fight over the TLS state. */
  gitOpsKafka: optional(KAFKA),
  issuers: list(ISSUER_STATE),
  /** Certificates of the Kafka and those that carry our label. */
  certificates: list(CERTIFICATE),
  /**
   * Certificates of others in the namespace that are for clients, of the issuers above. Absent where there are none, and in observations of
   * earlier versions.
   */
  clientCertificates: optional(list(CLIENT_CERTIFICATE)),
  /** Those of `PodObservation` and all others that the desired or live TLS state refers to. */
  secrets: list(SECRET_FACTS),
  /** Absent in observations of earlier versions, and when it may not be read. */
  trust: optional(TRUST_STATE),
  petSets: list(PET_SET_STATE),
  /** Every KafkaOpsRequest of the Kafka, oldest first. */
  requests: list(KAFKA_OPS_REQUEST),
  /** PodDisruptionBudgets that select pods of the Kafka. */
  budgets: list(POD_DISRUPTION_BUDGET),
  /**
   * Permissions that a plan needs and the observer does not have, with only the verbs that are denied. Absent when the server was not asked,
   * or does not answer.
   */
  denied: optional(list(map({ group: STRING, resource: NON_EMPTY, verbs: STRINGS, name: optional(NON_EMPTY), use: NON_EMPTY }))),
  /** What could not be read: that it is absent above means nothing. */
  unread: optional(list(UNREAD)),
});
export type Observation = Infer<typeof OBSERVATION>;

/** PetSets and what they are made from. */
export type PetSetObservation = Pick<Observation, 'namespace' | 'name' | 'kafka' | 'petSets'>;

/** The answer of an issuer to a certificate request of this run: the certificates in PEM, or why there are none. */
export type ProbeAnswer = { readonly certificate: string; readonly ca: string } | { readonly failure: string };

/** Answers of this run, by kind and name of the issuer: `ClusterIssuer/corp-ca`. */
export type ProbeAnswers = ReadonlyMap<string, ProbeAnswer>;
