/** Schemas of KubeDB's kinds, as far as TLS of a Kafka needs them; other parts are opaque. */
import {
  boolean,
  dateTime,
  each,
  int32,
  int64,
  intOrString,
  kindSchema,
  list,
  listBy,
  mapOf,
  object,
  oneOf,
  opaque,
  open,
  type Schema,
  string,
} from '../schema';
import { subject } from './subject';

const ATOMIC = { 'x-kubernetes-map-type': 'atomic' } as const;

const issuerRef = object(each(string, 'apiGroup', 'kind', 'name'), { required: ['kind', 'name'], ...ATOMIC });

const certificate = object(
  {
    alias: string,
    issuerRef,
    ...each(string, 'secretName', 'duration', 'renewBefore'),
    subject,
    ...each(list(string), 'dnsNames', 'ipAddresses', 'uris', 'emailAddresses'),
    privateKey: object({ encoding: oneOf(['PKCS1', 'PKCS8']) }),
  },
  { required: ['alias'] },
);
const certificates = list(certificate);

const secretReference = object(
  {
    apiGroup: { ...string, default: '' },
    kind: { ...string, default: 'Secret' },
    name: string,
    externallyManaged: boolean,
    ...each(string, 'rotateAfter', 'secretStoreName'),
    activeFrom: dateTime,
  },
  { required: ['kind', 'name'], ...ATOMIC },
);

const localReference = object({ name: { ...string, default: '' } }, ATOMIC);

const conditions = list(
  object(
    { ...each(string, 'type', 'status', 'severity', 'reason', 'message'), observedGeneration: int64, lastTransitionTime: dateTime },
    { required: ['lastTransitionTime', 'status', 'type'] },
  ),
);

const container = open({
  name: string,
  env: list(open({ name: string, value: string })),
  resources: open(each(mapOf(intOrString), 'limits', 'requests')),
  resizePolicy: list(opaque),
  securityContext: opaque,
  volumeMounts: list(open({ mountPath: string })),
});
const podTemplate = open({
  spec: open({
    ...each(list(container), 'containers', 'initContainers'),
    volumes: list(open({ name: string })),
    securityContext: opaque,
  }),
});
const role = object({ replicas: int32, suffix: string, storage: opaque, podTemplate });

const kafkaSpec = object(
  {
    version: string,
    replicas: int32,
    topology: object({ controller: role, broker: role }),
    storage: opaque,
    storageType: oneOf(['Durable', 'Ephemeral']),
    deletionPolicy: oneOf(['Halt', 'Delete', 'WipeOut', 'DoNotTerminate']),
    ...each(boolean, 'halted', 'enableSSL', 'disableSecurity'),
    tls: object({ issuerRef, certificates }),
    ...each(secretReference, 'authSecret', 'keystoreCredSecret'),
    configuration: object({ secretName: string, inline: mapOf(string) }),
    configSecret: localReference,
    podTemplate,
    serviceTemplates: list(opaque),
    healthChecker: object(
      {
        ...each({ ...int32, default: 10 }, 'periodSeconds', 'timeoutSeconds'),
        // A health checker without this field gets 1, an absent health checker gets the 3 below.
        failureThreshold: { ...int32, default: 1 },
        disableWriteCheck: boolean,
      },
      { default: { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3 } },
    ),
    brokerRack: object({ topologyKey: string }),
    ...each(opaque, 'monitor', 'cruiseControl', 'tieredStorage'),
    autoOps: object({ disabled: boolean }),
  },
  { required: ['version'] },
);

const kafkaStatus = object({
  phase: oneOf(['Provisioning', 'DataRestoring', 'Ready', 'Critical', 'NotReady', 'Halted', 'Unknown']),
  observedGeneration: int64,
  conditions,
});

/** KubeDB restricts the names of databases, so that derived names are valid, too. */
const databaseName: Schema<string> = { ...string, maxLength: 63, pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' };

export const kafkaSchema = kindSchema(kafkaSpec, kafkaStatus, databaseName);
export const gitOpsKafkaSchema = kindSchema(opaque, opaque);

const images = each(object({ image: string }, { required: ['image'] }), 'db', 'initContainer', 'connectCluster', 'cruiseControl');

export const kafkaVersionSchema = kindSchema(
  object(
    { version: string, ...images, securityContext: object({ runAsUser: int64 }), deprecated: boolean },
    { required: ['connectCluster', 'cruiseControl', 'db', 'version'] },
  ),
);

const OPERATIONS = [
  ...(['UpdateVersion', 'HorizontalScaling', 'VerticalScaling', 'VolumeExpansion', 'Restart'] as const),
  ...(['Reconfigure', 'ReconfigureTLS', 'RotateAuth', 'StorageMigration'] as const),
];

export const kafkaOpsRequestSchema = kindSchema(
  object(
    {
      databaseRef: localReference,
      type: oneOf(OPERATIONS),
      tls: object({ issuerRef, certificates, ...each(boolean, 'rotateCertificates', 'remove') }),
      timeout: string,
      apply: oneOf(['IfReady', 'Always'], { default: 'IfReady' }),
      maxRetries: { ...int32, default: 1 },
      updateVersion: object({ targetVersion: string }),
      ...each(opaque, 'restart', 'horizontalScaling', 'verticalScaling', 'volumeExpansion', 'configuration', 'authentication', 'migration'),
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

const petSetStatus = object(
  {
    ...each(int32, 'replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'collisionCount'),
    ...each(string, 'currentRevision', 'updateRevision'),
    observedGeneration: int64,
    conditions: listBy(['type'], opaque),
  },
  { required: ['replicas'] },
);

/** KubeDB's StatefulSet. */
export const petSetSchema = kindSchema(
  object(
    {
      ...each(int32, 'replicas', 'revisionHistoryLimit', 'minReadySeconds'),
      ...each(string, 'serviceName', 'podManagementPolicy'),
      selector: object({ matchLabels: mapOf(string), matchExpressions: list(opaque) }, ATOMIC),
      template: opaque,
      volumeClaimTemplates: list(opaque),
      updateStrategy: object({ type: string, rollingUpdate: object({ partition: int32, maxUnavailable: intOrString }) }),
      persistentVolumeClaimRetentionPolicy: object(each(string, 'whenDeleted', 'whenScaled')),
      ordinals: object({ start: int32 }),
      podPlacementPolicy: localReference,
      distributed: boolean,
    },
    { required: ['selector', 'serviceName', 'template'] },
  ),
  petSetStatus,
);
