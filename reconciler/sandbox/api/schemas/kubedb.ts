/** Schemas of KubeDB's kinds, as far as TLS of a Kafka needs them; other parts are opaque. */
import * as s from '../schema';
import { subject } from './cert-manager';

const ATOMIC = { 'x-kubernetes-map-type': 'atomic' } as const;

const issuerRef = s.object(s.each(s.string, 'apiGroup', 'kind', 'name'), { required: ['kind', 'name'], ...ATOMIC });

const certificate = s.object(
  {
    alias: s.string,
    issuerRef,
    ...s.each(s.string, 'secretName', 'duration', 'renewBefore'),
    subject,
    ...s.each(s.list(s.string), 'dnsNames', 'ipAddresses', 'uris', 'emailAddresses'),
    privateKey: s.object({ encoding: s.oneOf(['PKCS1', 'PKCS8']) }),
  },
  { required: ['alias'] },
);
const certificates = s.list(certificate);

const secretReference = s.object(
  {
    apiGroup: { ...s.string, default: '' },
    kind: { ...s.string, default: 'Secret' },
    name: s.string,
    externallyManaged: s.boolean,
    ...s.each(s.string, 'rotateAfter', 'secretStoreName'),
    activeFrom: s.dateTime,
  },
  { required: ['kind', 'name'], ...ATOMIC },
);

/** The default makes sure of the name. */
const localReference = s.object({ name: { ...s.string, default: '' } }, ATOMIC) as s.Schema<{ name: string }>;

const conditions = s.list(
  s.object(
    { ...s.each(s.string, 'type', 'status', 'severity', 'reason', 'message'), observedGeneration: s.int64, lastTransitionTime: s.dateTime },
    { required: ['lastTransitionTime', 'status', 'type'] },
  ),
);

const container = s.open({
  name: s.string,
  env: s.list(s.open({ name: s.string, value: s.string })),
  resources: s.open(s.each(s.mapOf(s.intOrString), 'limits', 'requests')),
  resizePolicy: s.list(s.opaque),
  securityContext: s.opaque,
  volumeMounts: s.list(s.open({ mountPath: s.string })),
});
const podTemplate = s.open({
  spec: s.open({
    ...s.each(s.list(container), 'containers', 'initContainers'),
    volumes: s.list(s.open({ name: s.string })),
    securityContext: s.opaque,
  }),
});
const role = s.object({ replicas: s.int32, suffix: s.string, storage: s.opaque, podTemplate });

const kafkaSpec = s.object(
  {
    version: s.string,
    replicas: s.int32,
    topology: s.object({ controller: role, broker: role }),
    storage: s.opaque,
    storageType: s.oneOf(['Durable', 'Ephemeral']),
    deletionPolicy: s.oneOf(['Halt', 'Delete', 'WipeOut', 'DoNotTerminate']),
    ...s.each(s.boolean, 'halted', 'enableSSL', 'disableSecurity'),
    tls: s.object({ issuerRef, certificates }),
    ...s.each(secretReference, 'authSecret', 'keystoreCredSecret'),
    configuration: s.object({ secretName: s.string, inline: s.mapOf(s.string) }),
    configSecret: localReference,
    podTemplate,
    serviceTemplates: s.list(s.opaque),
    healthChecker: s.object(
      {
        ...s.each({ ...s.int32, default: 10 }, 'periodSeconds', 'timeoutSeconds'),
        // A health checker without this field gets 1, an absent health checker gets the 3 below.
        failureThreshold: { ...s.int32, default: 1 },
        disableWriteCheck: s.boolean,
      },
      { default: { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3 } },
    ),
    brokerRack: s.object({ topologyKey: s.string }),
    ...s.each(s.opaque, 'monitor', 'cruiseControl', 'tieredStorage'),
    autoOps: s.object({ disabled: s.boolean }),
  },
  { required: ['version'] },
);

const kafkaStatus = s.object({
  phase: s.oneOf(['Provisioning', 'DataRestoring', 'Ready', 'Critical', 'NotReady', 'Halted', 'Unknown']),
  observedGeneration: s.int64,
  conditions,
});

/** KubeDB restricts the names of databases, so that derived names are valid, too. */
const databaseName: s.Schema<string> = { ...s.string, maxLength: 63, pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' };

export const kafkaSchema = s.kindSchema(kafkaSpec, kafkaStatus, databaseName);
export const gitOpsKafkaSchema = s.kindSchema(s.opaque, s.opaque);

const images = s.each(s.object({ image: s.string }, { required: ['image'] }), 'db', 'initContainer', 'connectCluster', 'cruiseControl');

export const kafkaVersionSchema = s.kindSchema(
  s.object(
    { version: s.string, ...images, securityContext: s.object({ runAsUser: s.int64 }), deprecated: s.boolean },
    { required: ['connectCluster', 'cruiseControl', 'db', 'version'] },
  ),
);

const OPERATIONS = [
  ...(['UpdateVersion', 'HorizontalScaling', 'VerticalScaling', 'VolumeExpansion', 'Restart'] as const),
  ...(['Reconfigure', 'ReconfigureTLS', 'RotateAuth', 'StorageMigration'] as const),
];

export const kafkaOpsRequestSchema = s.kindSchema(
  s.object(
    {
      databaseRef: localReference,
      type: s.oneOf(OPERATIONS),
      tls: s.object({ issuerRef, certificates, ...s.each(s.boolean, 'rotateCertificates', 'remove') }),
      timeout: s.string,
      apply: s.oneOf(['IfReady', 'Always'], { default: 'IfReady' }),
      maxRetries: { ...s.int32, default: 1 },
      updateVersion: s.object({ targetVersion: s.string }),
      ...s.each(
        s.opaque,
        'restart',
        'horizontalScaling',
        'verticalScaling',
        'volumeExpansion',
        'configuration',
        'authentication',
        'migration',
      ),
    },
    { required: ['databaseRef', 'type'] },
  ),
  s.object({
    phase: s.oneOf(['Pending', 'Progressing', 'Successful', 'WaitingForApproval', 'Failed', 'Approved', 'Denied', 'Skipped']),
    observedGeneration: s.int64,
    conditions,
    pausedBackups: s.list(s.opaque),
  }),
);

const petSetStatus = s.object(
  {
    ...s.each(s.int32, 'replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'collisionCount'),
    ...s.each(s.string, 'currentRevision', 'updateRevision'),
    observedGeneration: s.int64,
    conditions: s.listBy(['type'], s.opaque),
  },
  { required: ['replicas'] },
);

/** KubeDB's StatefulSet. */
export const petSetSchema = s.kindSchema(
  s.object(
    {
      ...s.each(s.int32, 'replicas', 'revisionHistoryLimit', 'minReadySeconds'),
      ...s.each(s.string, 'serviceName', 'podManagementPolicy'),
      selector: s.object({ matchLabels: s.mapOf(s.string), matchExpressions: s.list(s.opaque) }, ATOMIC),
      template: s.opaque,
      volumeClaimTemplates: s.list(s.opaque),
      updateStrategy: s.object({ type: s.string, rollingUpdate: s.object({ partition: s.int32, maxUnavailable: s.intOrString }) }),
      persistentVolumeClaimRetentionPolicy: s.object(s.each(s.string, 'whenDeleted', 'whenScaled')),
      ordinals: s.object({ start: s.int32 }),
      podPlacementPolicy: localReference,
      distributed: s.boolean,
    },
    { required: ['selector', 'serviceName', 'template'] },
  ),
  petSetStatus,
);
