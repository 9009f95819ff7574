/** Schemas of KubeDB's kinds, as far as TLS of a Kafka needs them; what lies beside that is opaque. */
import { boolean, dateTime, int32, int64, kindSchema, list, mapOf, object, oneOf, opaque, type Schema, string } from '../schema';

const issuerRef = object(
  { apiGroup: string, kind: string, name: string },
  { required: ['kind', 'name'], 'x-kubernetes-map-type': 'atomic' },
);

const subject = object({
  organizations: list(string),
  countries: list(string),
  organizationalUnits: list(string),
  localities: list(string),
  provinces: list(string),
  streetAddresses: list(string),
  postalCodes: list(string),
  serialNumber: string,
});

const certificate = object(
  {
    alias: string,
    issuerRef,
    secretName: string,
    subject,
    duration: string,
    renewBefore: string,
    dnsNames: list(string),
    ipAddresses: list(string),
    uris: list(string),
    emailAddresses: list(string),
    privateKey: object({ encoding: oneOf(['PKCS1', 'PKCS8']) }),
  },
  { required: ['alias'] },
);

const secretReference = object(
  {
    apiGroup: { ...string, default: '' },
    kind: { ...string, default: 'Secret' },
    name: string,
    externallyManaged: boolean,
    rotateAfter: string,
    activeFrom: dateTime,
    secretStoreName: string,
  },
  { required: ['kind', 'name'], 'x-kubernetes-map-type': 'atomic' },
);

const conditions = list(
  object(
    {
      type: string,
      status: string,
      observedGeneration: int64,
      severity: string,
      lastTransitionTime: dateTime,
      reason: string,
      message: string,
    },
    { required: ['lastTransitionTime', 'status', 'type'] },
  ),
);

const role = object({ replicas: int32, suffix: string, storage: opaque, podTemplate: opaque });

const kafkaSpec = object(
  {
    version: string,
    replicas: int32,
    topology: object({ controller: role, broker: role }),
    storage: opaque,
    storageType: oneOf(['Durable', 'Ephemeral']),
    deletionPolicy: oneOf(['Halt', 'Delete', 'WipeOut', 'DoNotTerminate']),
    halted: boolean,
    enableSSL: boolean,
    tls: object({ issuerRef, certificates: list(certificate) }),
    disableSecurity: boolean,
    authSecret: secretReference,
    keystoreCredSecret: secretReference,
    configuration: object({ secretName: string, inline: mapOf(string) }),
    configSecret: object({ name: { ...string, default: '' } }, { 'x-kubernetes-map-type': 'atomic' }),
    podTemplate: opaque,
    serviceTemplates: list(opaque),
    healthChecker: object(
      {
        periodSeconds: { ...int32, default: 10 },
        timeoutSeconds: { ...int32, default: 10 },
        // A partly given health checker gets 1 here, an absent one the 3 below.
        failureThreshold: { ...int32, default: 1 },
        disableWriteCheck: boolean,
      },
      { default: { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3 } },
    ),
    brokerRack: object({ topologyKey: string }),
    monitor: opaque,
    cruiseControl: opaque,
    tieredStorage: opaque,
    autoOps: object({ disabled: boolean }),
  },
  { required: ['version'] },
);

const kafkaStatus = object({
  phase: oneOf(['Provisioning', 'DataRestoring', 'Ready', 'Critical', 'NotReady', 'Halted', 'Unknown']),
  observedGeneration: int64,
  conditions,
});

/** KubeDB restricts the names of databases, so that what is derived from them is valid, too. */
const databaseName: Schema = { ...string, maxLength: 63, pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' };

export const kafkaSchema: Schema = kindSchema(kafkaSpec, kafkaStatus, databaseName);
export const gitOpsKafkaSchema: Schema = kindSchema(opaque, opaque);

export const kafkaVersionSchema: Schema = kindSchema(
  object(
    {
      version: string,
      db: object({ image: string }, { required: ['image'] }),
      initContainer: object({ image: string }, { required: ['image'] }),
      connectCluster: object({ image: string }, { required: ['image'] }),
      cruiseControl: object({ image: string }, { required: ['image'] }),
      securityContext: object({ runAsUser: int64 }),
      deprecated: boolean,
    },
    { required: ['connectCluster', 'cruiseControl', 'db', 'version'] },
  ),
);

export const kafkaOpsRequestSchema: Schema = kindSchema(
  object(
    {
      databaseRef: object({ name: { ...string, default: '' } }, { 'x-kubernetes-map-type': 'atomic' }),
      type: oneOf([
        'UpdateVersion',
        'HorizontalScaling',
        'VerticalScaling',
        'VolumeExpansion',
        'Restart',
        'Reconfigure',
        'ReconfigureTLS',
        'RotateAuth',
        'StorageMigration',
      ]),
      tls: object({ issuerRef, certificates: list(certificate), rotateCertificates: boolean, remove: boolean }),
      restart: opaque,
      timeout: string,
      apply: oneOf(['IfReady', 'Always'], { default: 'IfReady' }),
      maxRetries: { ...int32, default: 1 },
      updateVersion: object({ targetVersion: string }),
      horizontalScaling: opaque,
      verticalScaling: opaque,
      volumeExpansion: opaque,
      configuration: opaque,
      authentication: opaque,
      migration: opaque,
    },
    { required: ['databaseRef', 'type'] },
  ),
  object({
    phase: oneOf(['Pending', 'Progressing', 'Successful', 'WaitingForApproval', 'Failed', 'Approved', 'Denied', 'Skipped']),
    observedGeneration: int64,
    conditions,
    pausedBackups: list(opaque),
  }),
);
