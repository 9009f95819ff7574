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
const controllers = (change: object) => dedicated({ controller: { ...TOPOLOGY.controller, ...change } });
const brokers = (change: object) => dedicated({ broker: { ...TOPOLOGY.broker, ...change } });
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

const row = (name: string, manifest: KubeObject, field: string, says: RegExp): Row => ({ name, manifest, field, says });

export const errors: readonly Row[] = [
  row('a Kafka without a version', kafka({ version: '', replicas: 3, storage: STORAGE }), 'spec.version', /which Kafka to run/),
  row(
    'a Kafka whose Service could not be named',
    object(KINDS.Kafka, '1orders', { version: '4.2.0', replicas: 3, storage: STORAGE }),
    'metadata.name',
    /names a Service "1orders-pods"/,
  ),
  row(
    'a Kafka whose pods could not be named',
    kafka({ topology: { ...TOPOLOGY, broker: { ...TOPOLOGY.broker, suffix: 'b'.repeat(60) } } }),
    'metadata.name',
    /host name/,
  ),
  row('enableSSL without tls', combined({ enableSSL: true }), 'spec.tls', /both or neither/),
  row('tls without enableSSL', combined({ tls: TLS }), 'spec.enableSSL', /both or neither/),
  row(
    'controllers without brokers',
    kafka({ topology: { controller: TOPOLOGY.controller } }),
    'spec.topology.broker',
    /controllers and brokers/,
  ),
  row(
    'brokers without controllers',
    kafka({ topology: { broker: TOPOLOGY.broker } }),
    'spec.topology.controller',
    /controllers and brokers/,
  ),
  row('replicas beside a topology', dedicated({}, { replicas: 3 }), 'spec.replicas', /belongs to each role/),
  row('storage beside a topology', dedicated({}, { storage: STORAGE }), 'spec.storage', /belongs to each role/),
  row(
    'resources beside a topology',
    dedicated({}, { podTemplate: { spec: { containers: [{ name: 'kafka', resources: { requests: { cpu: '1' } } }] } } }),
    'spec.podTemplate.spec.containers[0].resources',
    /belongs to each role/,
  ),
  row('no combined nodes', combined({ replicas: 0 }), 'spec.replicas', /at least one/),
  row('no controllers', controllers({ replicas: 0 }), 'spec.topology.controller.replicas', /at least one/),
  row('less than no brokers', brokers({ replicas: -1 }), 'spec.topology.broker.replicas', /at least one/),
  row('half a broker', brokers({ replicas: 1.5 }), 'spec.topology.broker.replicas', /whole number/),
  row('one suffix for both roles', controllers({ suffix: 'broker' }), 'spec.topology.broker.suffix', /both PetSets/),
  row(
    'a cluster id pinned for brokers only',
    brokers({ podTemplate: pinned('x') }),
    'spec.topology.controller.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]',
    /same id in both roles/,
  ),
  row(
    'a cluster id pinned for controllers only',
    controllers({ podTemplate: pinned('x') }),
    'spec.topology.broker.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]',
    /is missing/,
  ),
  row(
    'two cluster ids',
    dedicated({
      controller: { ...TOPOLOGY.controller, podTemplate: pinned('x') },
      broker: { ...TOPOLOGY.broker, podTemplate: pinned('y') },
    }),
    'spec.topology.broker.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]',
    /never form a cluster/,
  ),
  row('an unknown kind of storage', combined({ storageType: 'Tape' }), 'spec.storageType', /Durable and Ephemeral/),
  row(
    'Halt for an Ephemeral cluster',
    combined({ storageType: 'Ephemeral', deletionPolicy: 'Halt' }),
    'spec.deletionPolicy',
    /no volumes to keep/,
  ),
  row('an unknown deletion policy', combined({ deletionPolicy: 'Retain' }), 'spec.deletionPolicy', /WipeOut/),
  row(
    'a halted cluster that must not be terminated',
    combined({ halted: true, deletionPolicy: 'DoNotTerminate' }),
    'spec.halted',
    /cannot be halted/,
  ),
  row('a rack without a label', combined({ brokerRack: {} }), 'spec.brokerRack.topologyKey', /label of their node/),
  row(
    'a volume with a name of KubeDB',
    combined({ podTemplate: { spec: { volumes: [{ name: 'mine' }, { name: 'temp-config' }] } } }),
    'spec.podTemplate.spec.volumes[1].name',
    /mounts a volume of this name/,
  ),
  row(
    'a volume with the name of a certificate',
    combined({ enableSSL: true, tls: TLS, podTemplate: { spec: { volumes: [{ name: 'server-certs' }] } } }),
    'spec.podTemplate.spec.volumes[0].name',
    /mounts a volume of this name/,
  ),
  row(
    'a mount at a path of KubeDB',
    combined({ podTemplate: { spec: { initContainers: [{ volumeMounts: [{ name: 'x', mountPath: '/var/private/ssl' }] }] } } }),
    'spec.podTemplate.spec.initContainers[0].volumeMounts[0].mountPath',
    /mounts a volume at this path/,
  ),
  row(
    'two entries for one alias',
    reconfigure([{ alias: 'server' }, { alias: 'server' }]),
    'spec.tls.certificates[1].alias',
    /only one of them would count/,
  ),
  row(
    'a lifetime under an hour',
    reconfigure([{ alias: 'server', duration: '59m' }]),
    'spec.tls.certificates[0].duration',
    /less than an hour/,
  ),
  row(
    'a lifetime in days',
    reconfigure([{ alias: 'server', duration: '90d' }]),
    'spec.tls.certificates[0].duration',
    /is "90d": that is not a duration in Go syntax\. Write .*"2160h"/,
  ),
  row('a renewal in days', reconfigure([{ alias: 'server', renewBefore: '1d' }]), 'spec.tls.certificates[0].renewBefore', /Go syntax/),
  row(
    'a renewal under five minutes',
    reconfigure([{ alias: 'server', renewBefore: '4m' }]),
    'spec.tls.certificates[0].renewBefore',
    /five minutes/,
  ),
  row(
    'a renewal that never ends',
    reconfigure([{ alias: 'server', duration: '1h', renewBefore: '60m' }]),
    'spec.tls.certificates[0].renewBefore',
    /not shorter/,
  ),
  row(
    'a name for an address',
    reconfigure([{ alias: 'server', ipAddresses: ['10.0.0.1', 'kafka'] }]),
    'spec.tls.certificates[0].ipAddresses[1]',
    /not an IP address/,
  ),
  row(
    'a dressed-up e-mail address',
    reconfigure([{ alias: 'server', emailAddresses: ['Team <a@b.org>'] }]),
    'spec.tls.certificates[0].emailAddresses[0]',
    /bare/,
  ),
  row('an empty DNS name', reconfigure([{ alias: 'server', dnsNames: [''] }]), 'spec.tls.certificates[0].dnsNames[0]', /not empty/),
  row(
    'a Secret that cannot be named',
    reconfigure([{ alias: 'server', secretName: 'My_Cert' }]),
    'spec.tls.certificates[0].secretName',
    /not the name of a Kubernetes object/,
  ),
  row(
    'an unknown key encoding',
    reconfigure([{ alias: 'server', privateKey: { encoding: 'DER' } }]),
    'spec.tls.certificates[0].privateKey.encoding',
    /one of PKCS1, PKCS8/,
  ),
  row(
    'an issuer of an unknown kind',
    request({ tls: { issuerRef: { ...ISSUER, kind: 'CA' } } }),
    'spec.tls.issuerRef.kind',
    /Issuer and ClusterIssuer/,
  ),
  row(
    'an issuer of another group',
    request({ tls: { issuerRef: { ...ISSUER, apiGroup: 'example.org' } } }),
    'spec.tls.issuerRef.apiGroup',
    /cert-manager only/,
  ),
  row(
    'an issuer of no group in a Kafka',
    combined({ enableSSL: true, tls: { issuerRef: NO_GROUP, certificates: [] } }),
    'spec.tls.issuerRef.apiGroup',
    /is missing: KubeDB's webhook makes null of it/,
  ),
  row(
    'an issuer of no group for one certificate',
    combined({ enableSSL: true, tls: { issuerRef: ISSUER, certificates: [{ alias: 'server', issuerRef: NO_GROUP }] } }),
    'spec.tls.certificates[0].issuerRef.apiGroup',
    /is missing/,
  ),
  row('an issuer of no group in a request', request({ tls: { issuerRef: NO_GROUP } }), 'spec.tls.issuerRef.apiGroup', /is missing/),
  row(
    'an issuer that cannot be named',
    request({ tls: { issuerRef: { ...ISSUER, name: '' } } }),
    'spec.tls.issuerRef.name',
    /not the name/,
  ),
  row('TLS without an issuer', combined({ enableSSL: true, tls: { certificates: [] } }), 'spec.tls.issuerRef', /needs an issuer/),
  row('a Certificate without a name in it', certificate({ commonName: undefined }), 'spec.commonName', /common name or at least one/),
  row('a common name that is too long', certificate({ commonName: 'x'.repeat(65) }), 'spec.commonName', /64 characters, this has 65/),
  row('a Certificate without a Secret', certificate({ secretName: undefined }), 'spec.secretName', /is missing/),
  row('a small RSA key', certificate({ privateKey: { size: 1024 } }), 'spec.privateKey.size', /2048 to 8192/),
  row('an Issuer of no type', object(KINDS.Issuer, 'i', {}), 'spec', /exactly one type, this is of 0/),
  row('an Issuer of two types', object(KINDS.Issuer, 'i', { selfSigned: {}, ca: { secretName: 'x' } }), 'spec', /this is of 2/),
  row('a CA Issuer without a Secret', object(KINDS.Issuer, 'i', { ca: {} }), 'spec.ca.secretName', /is missing/),
  row(
    'two operations in one request',
    request({ tls: { remove: true, rotateCertificates: true } }),
    'spec.tls',
    /these are 2: remove, rotateCertificates/,
  ),
  row(
    'a rotation with a new issuer',
    request({ tls: { rotateCertificates: true, issuerRef: ISSUER } }),
    'spec.tls',
    /these are 2: rotateCertificates, issuerRef/,
  ),
  row('a removal with an empty list of certificates', request({ tls: { remove: true, certificates: [] } }), 'spec.tls', /these are 2/),
  row('a request that asks for nothing', request({ tls: { remove: false, rotateCertificates: false } }), 'spec.tls', /there is none/),
  row('a request of an unknown type', request({ type: 'Upgrade' }), 'spec.type', /no such operation/),
  row('a request about no Kafka', request({ tls: { remove: true }, databaseRef: {} }), 'spec.databaseRef.name', /about one Kafka/),
  row('a restart that carries TLS', request({ type: 'Restart', tls: { remove: true } }), 'spec.tls', /would ignore it/),
  row('a timeout that is no duration', request({ tls: { remove: true }, timeout: '10' }), 'spec.timeout', /positive duration/),
  row('an unknown apply', request({ tls: { remove: true }, apply: 'Never' }), 'spec.apply', /IfReady and Always/),
  row('less than no retries', request({ tls: { remove: true }, maxRetries: -1 }), 'spec.maxRetries', /number of retries/),
  row('a private key', certificate({ note: '-----BEGIN RSA PRIVATE KEY-----\nMII' }), 'spec', /a private key must not/),
  row('a Secret', object(KINDS.Secret, 's', {}), 'kind', /a Secret must not/),
];

export const warnings: readonly Row[] = [
  row('one controller', controllers({ replicas: 1 }), 'spec.topology.controller.replicas', /the quorum is lost whenever the controller/),
  row('two controllers', controllers({ replicas: 2 }), 'spec.topology.controller.replicas', /whenever a controller/),
  row('two combined nodes', combined({ replicas: 2 }), 'spec.replicas', /quorum/),
  row('one broker', brokers({ replicas: 1 }), 'spec.topology.broker.replicas', /outage/),
  row('a Durable cluster without volumes', kafka({ replicas: 3 }), 'spec.storage', /volumes/),
  row(
    'a PKCS#1 key',
    reconfigure([{ alias: 'server', privateKey: { encoding: 'PKCS1' } }]),
    'spec.tls.certificates[0].privateKey.encoding',
    /PKCS#8 only/,
  ),
  row('an alias that no listener serves', reconfigure([{ alias: 'http' }]), 'spec.tls.certificates[0].alias', /no Kafka serves this/),
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
