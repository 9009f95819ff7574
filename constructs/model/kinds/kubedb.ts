/**
 * Kinds of KubeDB, as far as this project reads or writes them. `ANY` stands for parts that other schemas describe, such as pod templates;
 * the API server judges these.
 *
 * Source: KubeDB's CRDs; `test/model/manifest-schemas.test.ts` compares them.
 */
import { KUBEDB_CERTIFICATE, KUBEDB_ISSUER_REF } from '../certificate-fields';
import {
  ANY,
  BOOLEAN,
  COUNT,
  INTEGER,
  list,
  map,
  NAME,
  NON_EMPTY,
  NUMBER,
  nullable,
  optional,
  optionals,
  record,
  STRING,
  STRING_MAP,
  STRINGS,
} from '../schema';
import { CONTAINERS, REPLICAS, VOLUMES } from './kubernetes';
import { objectOf, STATUS, statusWith } from './metadata';

const TLS = { issuerRef: KUBEDB_ISSUER_REF, certificates: optional(list(KUBEDB_CERTIFICATE)) };
/** `spec.tls` of a Kafka. */
export const KAFKA_TLS = map(TLS);

const SECRET_REFERENCE = nullable(
  map(
    optionals({
      apiGroup: STRING,
      kind: STRING,
      name: STRING,
      externallyManaged: BOOLEAN,
      rotateAfter: STRING,
      activeFrom: STRING,
      secretStoreName: STRING,
    }),
  ),
);
const VOLUME_CLAIM = map(
  optionals({
    accessModes: STRINGS,
    dataSource: ANY,
    dataSourceRef: ANY,
    resources: map(optionals({ requests: record(ANY), limits: record(ANY) })),
    selector: ANY,
    storageClassName: STRING,
    volumeAttributesClassName: STRING,
    volumeMode: STRING,
    volumeName: STRING,
  }),
);
const NODES = map(optionals({ replicas: REPLICAS, suffix: NAME, storage: VOLUME_CLAIM, podTemplate: ANY }));

export const KAFKA_SPEC = map({
  ...optionals({
    version: STRING,
    replicas: REPLICAS,
    topology: map(optionals({ controller: NODES, broker: NODES })),
    storage: VOLUME_CLAIM,
    storageType: STRING,
    deletionPolicy: STRING,
    halted: BOOLEAN,
    enableSSL: BOOLEAN,
    tls: KAFKA_TLS,
    disableSecurity: BOOLEAN,
    configuration: map(optionals({ secretName: STRING, inline: STRING_MAP })),
    configSecret: map(optionals({ name: STRING })),
    podTemplate: map(optionals({ controller: ANY, metadata: ANY, spec: ANY })),
    serviceTemplates: list(ANY),
    healthChecker: map(
      optionals({ periodSeconds: INTEGER, timeoutSeconds: INTEGER, failureThreshold: INTEGER, disableWriteCheck: BOOLEAN }),
    ),
    brokerRack: map(optionals({ topologyKey: STRING })),
    monitor: ANY,
    cruiseControl: ANY,
    tieredStorage: ANY,
    autoOps: map(optionals({ disabled: BOOLEAN })),
  }),
  keystoreCredSecret: SECRET_REFERENCE,
  authSecret: SECRET_REFERENCE,
});

export const KAFKA = objectOf('Kafka', { spec: optional(KAFKA_SPEC), status: STATUS });

export const OPS_REQUEST_SPEC = map({
  type: NON_EMPTY,
  databaseRef: map({ name: NON_EMPTY }),
  ...optionals({
    tls: map(
      optionals({ issuerRef: KUBEDB_ISSUER_REF, certificates: list(KUBEDB_CERTIFICATE), rotateCertificates: BOOLEAN, remove: BOOLEAN }),
    ),
    restart: map({}),
    timeout: STRING,
    apply: STRING,
    maxRetries: INTEGER,
    updateVersion: ANY,
    horizontalScaling: ANY,
    verticalScaling: ANY,
    volumeExpansion: ANY,
    configuration: ANY,
    authentication: ANY,
    migration: ANY,
  }),
});

export const KAFKA_OPS_REQUEST = objectOf('KafkaOpsRequest', { spec: OPS_REQUEST_SPEC, status: STATUS });

/** KubeDB's StatefulSet. */
export const PET_SET = objectOf('PetSet', {
  spec: map({
    replicas: optional(REPLICAS),
    updateStrategy: nullable(map({ type: optional(STRING) })),
    template: map({
      metadata: optional(ANY),
      spec: map({ containers: CONTAINERS, volumes: VOLUMES, terminationGracePeriodSeconds: nullable(COUNT) }),
    }),
    volumeClaimTemplates: nullable(list(map({ metadata: map({ name: NON_EMPTY }) }))),
  }),
  status: statusWith({ readyReplicas: optional(NUMBER), updatedReplicas: optional(NUMBER), updateRevision: optional(STRING) }),
});
