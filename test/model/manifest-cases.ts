/** Manifests and what our validation says to each. `test/admission` asks KubeDB about the same. */
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { completeTls, type IssuerSettings } from '#model/manifests';

export const SELF_SIGNED: IssuerSettings = {
  kind: 'selfSignedCa',
  name: undefined,
  commonName: undefined,
  subject: undefined,
  duration: undefined,
  renewBefore: undefined,
};
export const TLS = completeTls({ issuer: SELF_SIGNED, certificates: { server: {}, client: {} } }, 'orders');
export const ISSUER = TLS.issuerRef;
const NO_GROUP = { kind: ISSUER.kind, name: ISSUER.name };
export const STORAGE = { resources: { requests: { storage: '1Gi' } } };
export const TOPOLOGY = { controller: { replicas: 3, storage: STORAGE }, broker: { replicas: 3, storage: STORAGE } };
export const object = (kind: Kind, name: string, spec: object, namespace = 'demo'): KubeObject => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: { name, namespace },
  spec,
});
export const kafka = (spec: object, name = 'orders') => object(KINDS.Kafka, name, { version: '4.2.0', ...spec });
export const dedicated = (topology: object, spec: object = {}) => kafka({ topology: { ...TOPOLOGY, ...topology }, ...spec });
export const combined = (spec: object) => kafka({ replicas: 3, storage: STORAGE, ...spec });
export const request = (spec: object) =>
  object(KINDS.KafkaOpsRequest, 'r', { type: 'ReconfigureTLS', databaseRef: { name: 'orders' }, ...spec });
const reconfigure = (certificates: readonly object[]) => request({ tls: { issuerRef: ISSUER, certificates } });
export const certificate = (spec: object) =>
  object(KINDS.Certificate, 'c', {
    secretName: 'c',
    commonName: 'c',
    issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'ca' },
    ...spec,
  });

export interface Row {
  readonly name: string;
  readonly manifest: KubeObject;
  readonly field: string;
  readonly says: RegExp;
}

export const errors: readonly Row[] = [
  {
    name: 'a Kafka without a version',
    manifest: kafka({ version: '', replicas: 3, storage: STORAGE }),
    field: 'spec.version',
    says: /which Kafka to run/,
  },
  {
    name: 'a Kafka whose Service could not be named',
    manifest: object(KINDS.Kafka, '1orders', { version: '4.2.0', replicas: 3, storage: STORAGE }),
    field: 'metadata.name',
    says: /names a Service "1orders-pods"/,
  },
  {
    name: 'a Kafka whose pods could not be named',
    manifest: kafka({ topology: { ...TOPOLOGY, broker: { ...TOPOLOGY.broker, suffix: 'b'.repeat(60) } } }),
    field: 'metadata.name',
    says: /host name/,
  },
  { name: 'enableSSL without tls', manifest: combined({ enableSSL: true }), field: 'spec.tls', says: /both or neither/ },
  { name: 'tls without enableSSL', manifest: combined({ tls: TLS }), field: 'spec.enableSSL', says: /both or neither/ },
  {
    name: 'controllers without brokers',
    manifest: kafka({ topology: { controller: TOPOLOGY.controller } }),
    field: 'spec.topology.broker',
    says: /controllers and brokers/,
  },
  {
    name: 'brokers without controllers',
    manifest: kafka({ topology: { broker: TOPOLOGY.broker } }),
    field: 'spec.topology.controller',
    says: /controllers and brokers/,
  },
  { name: 'replicas beside a topology', manifest: dedicated({}, { replicas: 3 }), field: 'spec.replicas', says: /belongs to each role/ },
  { name: 'storage beside a topology', manifest: dedicated({}, { storage: STORAGE }), field: 'spec.storage', says: /belongs to each role/ },
  {
    name: 'resources beside a topology',
    manifest: dedicated({}, { podTemplate: { spec: { containers: [{ name: 'kafka', resources: { requests: { cpu: '1' } } }] } } }),
    field: 'spec.podTemplate.spec.containers[0].resources',
    says: /belongs to each role/,
  },
  { name: 'no combined nodes', manifest: combined({ replicas: 0 }), field: 'spec.replicas', says: /at least one/ },
  {
    name: 'no controllers',
    manifest: dedicated({ controller: { ...TOPOLOGY.controller, replicas: 0 } }),
    field: 'spec.topology.controller.replicas',
    says: /at least one/,
  },
  {
    name: 'less than no brokers',
    manifest: dedicated({ broker: { ...TOPOLOGY.broker, replicas: -1 } }),
    field: 'spec.topology.broker.replicas',
    says: /at least one/,
  },
  {
    name: 'half a broker',
    manifest: dedicated({ broker: { ...TOPOLOGY.broker, replicas: 1.5 } }),
    field: 'spec.topology.broker.replicas',
    says: /whole number/,
  },
  {
    name: 'one suffix for both roles',
    manifest: dedicated({ controller: { ...TOPOLOGY.controller, suffix: 'broker' } }),
    field: 'spec.topology.broker.suffix',
    says: /both PetSets/,
  },
  {
    name: 'a cluster id pinned for brokers only',
    manifest: dedicated({ broker: { ...TOPOLOGY.broker, podTemplate: pinned('x') } }),
    field: 'spec.topology.controller.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]',
    says: /same id in both roles/,
  },
  {
    name: 'a cluster id pinned for controllers only',
    manifest: dedicated({ controller: { ...TOPOLOGY.controller, podTemplate: pinned('x') } }),
    field: 'spec.topology.broker.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]',
    says: /is missing/,
  },
  {
    name: 'two cluster ids',
    manifest: dedicated({
      controller: { ...TOPOLOGY.controller, podTemplate: pinned('x') },
      broker: { ...TOPOLOGY.broker, podTemplate: pinned('y') },
    }),
    field: 'spec.topology.broker.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]',
    says: /never form a cluster/,
  },
  {
    name: 'an unknown kind of storage',
    manifest: combined({ storageType: 'Tape' }),
    field: 'spec.storageType',
    says: /Durable and Ephemeral/,
  },
  {
    name: 'Halt for an Ephemeral cluster',
    manifest: combined({ storageType: 'Ephemeral', deletionPolicy: 'Halt' }),
    field: 'spec.deletionPolicy',
    says: /no volumes to keep/,
  },
  { name: 'an unknown deletion policy', manifest: combined({ deletionPolicy: 'Retain' }), field: 'spec.deletionPolicy', says: /WipeOut/ },
  {
    name: 'a halted cluster that must not be terminated',
    manifest: combined({ halted: true, deletionPolicy: 'DoNotTerminate' }),
    field: 'spec.halted',
    says: /cannot be halted/,
  },
  {
    name: 'a rack without a label',
    manifest: combined({ brokerRack: {} }),
    field: 'spec.brokerRack.topologyKey',
    says: /label of their node/,
  },
  {
    name: 'a volume with a name of KubeDB',
    manifest: combined({ podTemplate: { spec: { volumes: [{ name: 'mine' }, { name: 'temp-config' }] } } }),
    field: 'spec.podTemplate.spec.volumes[1].name',
    says: /mounts a volume of this name/,
  },
  {
    name: 'a volume with the name of a certificate',
    manifest: combined({ enableSSL: true, tls: TLS, podTemplate: { spec: { volumes: [{ name: 'server-certs' }] } } }),
    field: 'spec.podTemplate.spec.volumes[0].name',
    says: /mounts a volume of this name/,
  },
  {
    name: 'a mount at a path of KubeDB',
    manifest: combined({ podTemplate: { spec: { initContainers: [{ volumeMounts: [{ name: 'x', mountPath: '/var/private/ssl' }] }] } } }),
    field: 'spec.podTemplate.spec.initContainers[0].volumeMounts[0].mountPath',
    says: /mounts a volume at this path/,
  },

  {
    name: 'two entries for one alias',
    manifest: reconfigure([{ alias: 'server' }, { alias: 'server' }]),
    field: 'spec.tls.certificates[1].alias',
    says: /only one of them would count/,
  },
  {
    name: 'a lifetime under an hour',
    manifest: reconfigure([{ alias: 'server', duration: '59m' }]),
    field: 'spec.tls.certificates[0].duration',
    says: /less than an hour/,
  },
  {
    name: 'a lifetime in days',
    manifest: reconfigure([{ alias: 'server', duration: '90d' }]),
    field: 'spec.tls.certificates[0].duration',
    says: /is "90d": that is not a duration in Go syntax\. Write .*"2160h"/,
  },
  {
    name: 'a renewal in days',
    manifest: reconfigure([{ alias: 'server', renewBefore: '1d' }]),
    field: 'spec.tls.certificates[0].renewBefore',
    says: /Go syntax/,
  },
  {
    name: 'a renewal under five minutes',
    manifest: reconfigure([{ alias: 'server', renewBefore: '4m' }]),
    field: 'spec.tls.certificates[0].renewBefore',
    says: /five minutes/,
  },
  {
    name: 'a renewal that never ends',
    manifest: reconfigure([{ alias: 'server', duration: '1h', renewBefore: '60m' }]),
    field: 'spec.tls.certificates[0].renewBefore',
    says: /not shorter/,
  },
  {
    name: 'a name for an address',
    manifest: reconfigure([{ alias: 'server', ipAddresses: ['10.0.0.1', 'kafka'] }]),
    field: 'spec.tls.certificates[0].ipAddresses[1]',
    says: /not an IP address/,
  },
  {
    name: 'a dressed-up e-mail address',
    manifest: reconfigure([{ alias: 'server', emailAddresses: ['Team <a@b.org>'] }]),
    field: 'spec.tls.certificates[0].emailAddresses[0]',
    says: /bare/,
  },
  {
    name: 'an empty DNS name',
    manifest: reconfigure([{ alias: 'server', dnsNames: [''] }]),
    field: 'spec.tls.certificates[0].dnsNames[0]',
    says: /not empty/,
  },
  {
    name: 'a Secret that cannot be named',
    manifest: reconfigure([{ alias: 'server', secretName: 'My_Cert' }]),
    field: 'spec.tls.certificates[0].secretName',
    says: /not the name of a Kubernetes object/,
  },
  {
    name: 'an unknown key encoding',
    manifest: reconfigure([{ alias: 'server', privateKey: { encoding: 'DER' } }]),
    field: 'spec.tls.certificates[0].privateKey.encoding',
    says: /one of PKCS1, PKCS8/,
  },
  {
    name: 'an issuer of an unknown kind',
    manifest: request({ tls: { issuerRef: { ...ISSUER, kind: 'CA' } } }),
    field: 'spec.tls.issuerRef.kind',
    says: /Issuer and ClusterIssuer/,
  },
  {
    name: 'an issuer of another group',
    manifest: request({ tls: { issuerRef: { ...ISSUER, apiGroup: 'example.org' } } }),
    field: 'spec.tls.issuerRef.apiGroup',
    says: /cert-manager only/,
  },
  {
    name: 'an issuer of no group in a Kafka',
    manifest: combined({ enableSSL: true, tls: { issuerRef: NO_GROUP, certificates: [] } }),
    field: 'spec.tls.issuerRef.apiGroup',
    says: /is missing: KubeDB's webhook makes null of it/,
  },
  {
    name: 'an issuer of no group for one certificate',
    manifest: combined({ enableSSL: true, tls: { issuerRef: ISSUER, certificates: [{ alias: 'server', issuerRef: NO_GROUP }] } }),
    field: 'spec.tls.certificates[0].issuerRef.apiGroup',
    says: /is missing/,
  },
  {
    name: 'an issuer of no group in a request',
    manifest: request({ tls: { issuerRef: NO_GROUP } }),
    field: 'spec.tls.issuerRef.apiGroup',
    says: /is missing/,
  },
  {
    name: 'an issuer that cannot be named',
    manifest: request({ tls: { issuerRef: { ...ISSUER, name: '' } } }),
    field: 'spec.tls.issuerRef.name',
    says: /not the name/,
  },
  {
    name: 'TLS without an issuer',
    manifest: combined({ enableSSL: true, tls: { certificates: [] } }),
    field: 'spec.tls.issuerRef',
    says: /somebody to sign it/,
  },

  {
    name: 'a Certificate without a name in it',
    manifest: certificate({ commonName: undefined }),
    field: 'spec.commonName',
    says: /common name or at least one/,
  },
  {
    name: 'a common name that is too long',
    manifest: certificate({ commonName: 'x'.repeat(65) }),
    field: 'spec.commonName',
    says: /64 characters, this has 65/,
  },
  {
    name: 'a Certificate without a Secret',
    manifest: certificate({ secretName: undefined }),
    field: 'spec.secretName',
    says: /is missing/,
  },
  { name: 'a small RSA key', manifest: certificate({ privateKey: { size: 1024 } }), field: 'spec.privateKey.size', says: /2048 to 8192/ },
  { name: 'an Issuer of no type', manifest: object(KINDS.Issuer, 'i', {}), field: 'spec', says: /exactly one type, this is of 0/ },
  {
    name: 'an Issuer of two types',
    manifest: object(KINDS.Issuer, 'i', { selfSigned: {}, ca: { secretName: 'x' } }),
    field: 'spec',
    says: /this is of 2/,
  },
  {
    name: 'a CA Issuer without a Secret',
    manifest: object(KINDS.Issuer, 'i', { ca: {} }),
    field: 'spec.ca.secretName',
    says: /is missing/,
  },

  {
    name: 'two operations in one request',
    manifest: request({ tls: { remove: true, rotateCertificates: true } }),
    field: 'spec.tls',
    says: /these are 2: remove, rotateCertificates/,
  },
  {
    name: 'a rotation with a new issuer',
    manifest: request({ tls: { rotateCertificates: true, issuerRef: ISSUER } }),
    field: 'spec.tls',
    says: /these are 2: rotateCertificates, issuerRef/,
  },
  {
    name: 'a removal with an empty list of certificates',
    manifest: request({ tls: { remove: true, certificates: [] } }),
    field: 'spec.tls',
    says: /these are 2/,
  },
  {
    name: 'a request that asks for nothing',
    manifest: request({ tls: { remove: false, rotateCertificates: false } }),
    field: 'spec.tls',
    says: /there is none/,
  },
  { name: 'a request of an unknown type', manifest: request({ type: 'Upgrade' }), field: 'spec.type', says: /no such operation/ },
  {
    name: 'a request about no Kafka',
    manifest: request({ tls: { remove: true }, databaseRef: {} }),
    field: 'spec.databaseRef.name',
    says: /about one Kafka/,
  },
  {
    name: 'a restart that carries TLS',
    manifest: request({ type: 'Restart', tls: { remove: true } }),
    field: 'spec.tls',
    says: /would ignore it/,
  },
  {
    name: 'a timeout that is no duration',
    manifest: request({ tls: { remove: true }, timeout: '10' }),
    field: 'spec.timeout',
    says: /positive duration/,
  },
  {
    name: 'an unknown apply',
    manifest: request({ tls: { remove: true }, apply: 'Never' }),
    field: 'spec.apply',
    says: /IfReady and Always/,
  },
  {
    name: 'less than no retries',
    manifest: request({ tls: { remove: true }, maxRetries: -1 }),
    field: 'spec.maxRetries',
    says: /number of retries/,
  },
  {
    name: 'a private key',
    manifest: certificate({ note: '-----BEGIN RSA PRIVATE KEY-----\nMII' }),
    field: 'spec',
    says: /a private key must not/,
  },
  { name: 'a Secret', manifest: object(KINDS.Secret, 's', {}), field: 'kind', says: /a Secret must not/ },
];

export const warnings: readonly Row[] = [
  {
    name: 'one controller',
    manifest: dedicated({ controller: { ...TOPOLOGY.controller, replicas: 1 } }),
    field: 'spec.topology.controller.replicas',
    says: /the quorum is lost whenever the controller/,
  },
  {
    name: 'two controllers',
    manifest: dedicated({ controller: { ...TOPOLOGY.controller, replicas: 2 } }),
    field: 'spec.topology.controller.replicas',
    says: /whenever a controller/,
  },
  { name: 'two combined nodes', manifest: combined({ replicas: 2 }), field: 'spec.replicas', says: /quorum/ },
  {
    name: 'one broker',
    manifest: dedicated({ broker: { ...TOPOLOGY.broker, replicas: 1 } }),
    field: 'spec.topology.broker.replicas',
    says: /outage/,
  },
  { name: 'a Durable cluster without volumes', manifest: kafka({ replicas: 3 }), field: 'spec.storage', says: /volumes/ },
  {
    name: 'a PKCS#1 key',
    manifest: reconfigure([{ alias: 'server', privateKey: { encoding: 'PKCS1' } }]),
    field: 'spec.tls.certificates[0].privateKey.encoding',
    says: /PKCS#8 only/,
  },
  {
    name: 'an alias that no listener serves',
    manifest: reconfigure([{ alias: 'http' }]),
    field: 'spec.tls.certificates[0].alias',
    says: /no Kafka serves it/,
  },
];
export const fine: readonly { readonly name: string; readonly manifest: KubeObject }[] = [
  { name: 'three and three', manifest: dedicated({}) },
  { name: 'three combined nodes with TLS', manifest: combined({ enableSSL: true, tls: TLS }) },
  {
    name: 'one cluster id in both roles',
    manifest: dedicated({
      controller: { ...TOPOLOGY.controller, podTemplate: pinned('x') },
      broker: { ...TOPOLOGY.broker, podTemplate: pinned('x') },
    }),
  },
  { name: 'certificates changed without naming the issuer', manifest: request({ tls: { certificates: [{ alias: 'server' }] } }) },
  { name: 'a removal that says it is no rotation', manifest: request({ tls: { remove: true, rotateCertificates: false } }) },
  {
    name: 'empty resources beside a topology',
    manifest: dedicated({}, { podTemplate: { spec: { containers: [{ name: 'kafka', resources: { requests: {} } }] } } }),
  },
  { name: 'a restart', manifest: request({ type: 'Restart', restart: {} }) },
  { name: 'a common name of 64 characters', manifest: certificate({ commonName: 'x'.repeat(64) }) },
];
function pinned(id: string): object {
  return { spec: { containers: [{ name: 'kafka', env: [{ name: 'KAFKA_CLUSTER_ID', value: id }] }] } };
}
