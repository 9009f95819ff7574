/**
 * Schemas of the specs that a bundle may hold. What is described elsewhere (pod templates, volumes, other issuers than our own) is not
 * repeated here and left to the API server.
 *
 * Source: CRDs of KubeDB and cert-manager; `test/model/manifest-schemas.test.ts` compares them.
 */
import { CERTIFICATE_SCHEMA, KUBEDB_CERTIFICATE_SCHEMA } from './certificate-fields';
import type { Schema } from './schema';

const issuerRef: Schema = { fields: { apiGroup: 'text', kind: 'text', name: 'text' } };
const tls = { issuerRef, certificates: { list: KUBEDB_CERTIFICATE_SCHEMA } } as const;
const name: Schema = { fields: { name: 'text' } };
const secret: Schema = {
  fields: {
    apiGroup: 'text',
    kind: 'text',
    name: 'text',
    externallyManaged: 'truth',
    rotateAfter: 'text',
    activeFrom: 'text',
    secretStoreName: 'text',
  },
};
const volumeClaim: Schema = {
  fields: {
    accessModes: { list: 'text' },
    dataSource: 'any',
    dataSourceRef: 'any',
    resources: { fields: { requests: { each: 'any' }, limits: { each: 'any' } } },
    selector: 'any',
    storageClassName: 'text',
    volumeAttributesClassName: 'text',
    volumeMode: 'text',
    volumeName: 'text',
  },
};
const role: Schema = { fields: { replicas: 'whole', suffix: 'text', storage: volumeClaim, podTemplate: 'any' } };

const kafka: Schema = {
  fields: {
    version: 'text',
    replicas: 'whole',
    topology: { fields: { controller: role, broker: role } },
    storage: volumeClaim,
    storageType: 'text',
    deletionPolicy: 'text',
    halted: 'truth',
    enableSSL: 'truth',
    tls: { fields: tls },
    disableSecurity: 'truth',
    authSecret: secret,
    keystoreCredSecret: secret,
    configuration: { fields: { secretName: 'text', inline: { each: 'text' } } },
    configSecret: name,
    podTemplate: { fields: { controller: 'any', metadata: 'any', spec: 'any' } },
    serviceTemplates: { list: 'any' },
    healthChecker: {
      fields: { periodSeconds: 'whole', timeoutSeconds: 'whole', failureThreshold: 'whole', disableWriteCheck: 'truth' },
    },
    brokerRack: { fields: { topologyKey: 'text' } },
    monitor: 'any',
    cruiseControl: 'any',
    tieredStorage: 'any',
    autoOps: { fields: { disabled: 'truth' } },
  },
};

const kafkaOpsRequest: Schema = {
  fields: {
    databaseRef: name,
    type: 'text',
    tls: { fields: { ...tls, rotateCertificates: 'truth', remove: 'truth' } },
    restart: { fields: {} },
    timeout: 'text',
    apply: 'text',
    maxRetries: 'whole',
    updateVersion: 'any',
    horizontalScaling: 'any',
    verticalScaling: 'any',
    volumeExpansion: 'any',
    configuration: 'any',
    authentication: 'any',
    migration: 'any',
  },
};

const urls: Schema = { list: 'text' };
const issuer: Schema = {
  fields: {
    selfSigned: { fields: { crlDistributionPoints: urls } },
    ca: { fields: { secretName: 'text', crlDistributionPoints: urls, ocspServers: urls, issuingCertificateURLs: urls } },
    vault: 'any',
    acme: 'any',
    venafi: 'any',
  },
};

/** Schema of the spec by kind. */
export const SPEC_SCHEMAS: Readonly<Record<string, Schema>> = {
  Kafka: kafka,
  KafkaOpsRequest: kafkaOpsRequest,
  Certificate: CERTIFICATE_SCHEMA,
  Issuer: issuer,
};
