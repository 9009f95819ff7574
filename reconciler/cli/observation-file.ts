/**
 * Observations in files: what `observe` printed, perhaps long ago, perhaps edited since.
 *
 * A plan takes an observation at its word, so all that it may rest on is checked here, by the shape that `plan/observation.ts` describes.
 */
import { KEY_ALGORITHMS } from '#model/key-kind';
import { isMap, KINDS } from '#model/kube-object';
import { ROLES } from '#model/kubedb';
import { objectOf } from '../input/kubernetes-schemas';
import {
  ANY_TEXT,
  COUNT,
  expects,
  INSTANT,
  listOf,
  mapOf,
  NAME,
  NUMBER,
  oneOf,
  optional,
  type Rule,
  TEXT,
  TEXT_MAP,
  TEXTS,
  TRUTH,
} from '../input/schema';
import { OBSERVATION_FORMAT, type Observation } from '../model/observation';
import { readJsonFile } from './json-file';

const CERTIFICATE = mapOf({
  fingerprint: TEXT,
  serial: ANY_TEXT,
  subject: ANY_TEXT,
  issuer: ANY_TEXT,
  notBefore: INSTANT,
  notAfter: INSTANT,
  dnsNames: TEXTS,
  ipAddresses: TEXTS,
  uris: TEXTS,
  emailAddresses: TEXTS,
  publicKey: TEXT,
  keyKind: optional(mapOf({ algorithm: oneOf(KEY_ALGORITHMS), size: optional(COUNT) })),
  isCa: TRUTH,
  signers: optional(TEXTS),
});

/** It goes into a ConfigMap as it is. */
const PEM = expects('one certificate in PEM', (v) => typeof v === 'string' && ONE_CERTIFICATE.test(v));
const ONE_CERTIFICATE = /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/;

/** A certificate that is trusted. */
const CA: Rule = (value: unknown) => [...CERTIFICATE(value), ...mapOf({ pem: optional(PEM) })(value)];

const SECRET = mapOf({
  name: NAME,
  uid: ANY_TEXT,
  resourceVersion: ANY_TEXT,
  keys: TEXTS,
  annotations: TEXT_MAP,
  leaf: optional(CERTIFICATE),
  chain: optional(listOf(CA)),
  ca: optional(listOf(CA)),
  isSignedByCa: optional(TRUTH),
  keyEncoding: optional(oneOf(['PKCS1', 'PKCS8'])),
  unreadable: optional(ANY_TEXT),
  unread: optional(ANY_TEXT),
});

const SERVED = mapOf({
  listener: oneOf(['BROKER', 'CONTROLLER']),
  protocol: oneOf(['tls', 'plaintext', 'unknown']),
  because: optional(ANY_TEXT),
  leaf: optional(CERTIFICATE),
  untrusted: optional(ANY_TEXT),
  expiredAt: optional(INSTANT),
  isSignedBySecretCa: optional(TRUTH),
});

const POD = mapOf({
  name: NAME,
  uid: ANY_TEXT,
  role: oneOf(ROLES),
  ordinal: COUNT,
  nodeId: COUNT,
  petSet: NAME,
  isReady: TRUTH,
  isRunning: TRUTH,
  isTerminating: TRUTH,
  stuck: optional(TEXT),
  fqdn: optional(TEXT),
  revision: ANY_TEXT,
  startedAt: optional(INSTANT),
  startMs: optional(COUNT),
  budgets: optional(TEXTS),
  certificateSecret: optional(ANY_TEXT),
  hasEphemeralData: optional(TRUTH),
  served: listOf(SERVED),
});

const PET_SET = mapOf({
  name: NAME,
  role: oneOf(ROLES),
  object: objectOf(KINDS.PetSet.kind),
  configSecret: ANY_TEXT,
  config: optional(TEXT_MAP),
});

const ISSUER = mapOf({
  kind: oneOf([KINDS.Issuer.kind, KINDS.ClusterIssuer.kind]),
  name: NAME,
  object: optional((value) =>
    objectOf(isMap(value) && value.kind === KINDS.ClusterIssuer.kind ? KINDS.ClusterIssuer.kind : KINDS.Issuer.kind)(value),
  ),
  unknown: optional(ANY_TEXT),
  caPublicKeys: optional(TEXTS),
  caProblem: optional(mapOf({ problem: ANY_TEXT, isFinal: TRUTH })),
  ca: optional(listOf(CA)),
  chain: optional(listOf(CA)),
  probeFailure: optional(ANY_TEXT),
});

const TRUST = mapOf({ object: optional(objectOf(KINDS.ConfigMap.kind)), ca: listOf(CA), digest: optional(TEXT) });

const KAFKA_FACTS = mapOf({
  quorum: mapOf({
    leaderId: optional(COUNT),
    voters: listOf(mapOf({ nodeId: COUNT, lastCaughtUpMs: optional(NUMBER) })),
    fetchTimeoutMs: NUMBER,
  }),
  topics: listOf(
    mapOf({
      name: TEXT,
      minInsyncReplicas: optional(COUNT),
      partitions: listOf(mapOf({ partition: COUNT, leader: optional(COUNT), replicas: listOf(COUNT), isr: listOf(COUNT) })),
    }),
  ),
});

/** A value, or why there is none. */
function readingOf(rule: Rule): Rule {
  return (value) => (isMap(value) && Object.hasOwn(value, 'value') ? mapOf({ value: rule }) : mapOf({ unknown: ANY_TEXT }))(value);
}

const OBSERVATION = mapOf({
  format: COUNT,
  observedAt: INSTANT,
  namespace: NAME,
  name: NAME,
  kafka: optional(objectOf(KINDS.Kafka.kind)),
  namespaceIsMissing: optional(TRUTH),
  gitOpsKafka: optional(objectOf(KINDS.GitOpsKafka.kind)),
  issuers: listOf(ISSUER),
  certificates: listOf(objectOf(KINDS.Certificate.kind)),
  secrets: listOf(SECRET),
  trust: optional(TRUST),
  petSets: listOf(PET_SET),
  pods: listOf(POD),
  requests: listOf(objectOf(KINDS.KafkaOpsRequest.kind)),
  budgets: listOf(objectOf(KINDS.PodDisruptionBudget.kind)),
  facts: readingOf(KAFKA_FACTS),
  unread: optional(listOf(mapOf({ what: TEXT, because: TEXT }))),
  denied: optional(listOf(mapOf({ group: ANY_TEXT, resource: TEXT, verbs: TEXTS, name: optional(TEXT), use: TEXT }))),
});

/** Returns the observation in a file; an InvalidInputError holds everything that is wrong with it. */
export function readObservation(file: string, cwd: string): Promise<Observation> {
  const hint = 'An observation is what "kafka-tls observe" prints.';
  return readJsonFile(file, cwd, { name: 'an observation', format: OBSERVATION_FORMAT, rule: OBSERVATION, hint });
}
