/** The TLS of many Kafkas at one moment: one row for each, as `kafka-tls status --output json` prints it. */
import { BOOLEAN, COUNT, INSTANT, type Infer, list, map, NAME, NON_EMPTY, oneOf, optional, STRING, STRINGS } from '#model/schema';

const TLS = map({
  tls: oneOf(['on', 'off']),
  /** With `on`: such as `ClusterIssuer/corp-ca`. */
  issuer: optional(NON_EMPTY),
});

const CERTIFICATE = map({
  /** SHA-256, lower-case hexadecimal. */
  fingerprint: NON_EMPTY,
  subject: STRING,
  notAfter: INSTANT,
});

const RUN = map({
  /** `Job/demo/kafka-tls-orders-1a2b3c4d5e`, or the KafkaOpsRequest of the last operation where there is no Job. */
  by: NON_EMPTY,
  result: oneOf(['succeeded', 'failed', 'running']),
  /** The end; while it is running, the beginning. Absent where the object has no time. */
  at: optional(INSTANT),
  /** Why it failed. */
  message: optional(NON_EMPTY),
});
export type LastRun = Infer<typeof RUN>;

const ROW = map({
  namespace: NAME,
  kafka: NAME,
  /** By the bundle in the cluster. Absent where there is none. */
  wanted: optional(map({ ...TLS.entries, by: NON_EMPTY })),
  /** By the spec of the Kafka, and the certificate in the Secret that its pods serve from. */
  stored: map({ ...TLS.entries, certificate: optional(CERTIFICATE) }),
  /** Listeners of running pods by what they answer. */
  served: map({ tls: COUNT, plaintext: COUNT, unknown: COUNT }),
  /** The served leaf that ends first. */
  leaf: optional(CERTIFICATE),
  /** The CA certificate in the Secret that ends first. */
  ca: optional(CERTIFICATE),
  lastRun: optional(RUN),
  /** What differs: the bundle from the spec, or a listener from what is wanted. */
  drift: STRINGS,
  /** What could not be compared. */
  unknown: STRINGS,
});
export type StatusRow = Infer<typeof ROW>;

export const FLEET_STATUS = map({
  format: COUNT,
  observedAt: INSTANT,
  /** Absent: all namespaces. */
  namespace: optional(NAME),
  isComplete: BOOLEAN,
  kafkas: list(ROW),
  /** Kinds that may not be listed. */
  unread: list(map({ what: NON_EMPTY, because: NON_EMPTY })),
});
export type FleetStatus = Infer<typeof FLEET_STATUS>;

/** Version of the JSON document. */
export const FLEET_FORMAT = 1;
