/** Manifests and what our validation says to each. `test/admission` asks KubeDB about the same. */
import { KINDS, type Kind, type KubeObject, manifestOf } from '#model/kube-object';
import { completeTls, type IssuerSettings } from '#model/manifests';

export const SELF_SIGNED: IssuerSettings = { kind: 'selfSignedCa' };
export const TLS = completeTls({ issuer: SELF_SIGNED, certificates: { server: {}, client: {} } }, 'orders');
export const ISSUER = TLS.issuerRef;
const NO_GROUP = { kind: ISSUER.kind, name: ISSUER.name };
export const STORAGE = { resources: { requests: { storage: '1Gi' } } };
export const TOPOLOGY = { controller: { replicas: 3, storage: STORAGE }, broker: { replicas: 3, storage: STORAGE } };
export const object = (kind: Kind, name: string, spec: object, namespace = 'demo') => manifestOf(kind, { name, namespace }, spec);
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
/** A violation in the server certificate that a request asks for. */
const server = (name: string, fields: object, field: string, says: RegExp): Row =>
  row(name, reconfigure([{ alias: 'server', ...fields }]), `spec.tls.certificates[0].${field}`, says);
const inPods = (name: string, podTemplate: object, field: string, says: RegExp, spec: object = {}): Row =>
  row(name, combined({ ...spec, podTemplate: { spec: podTemplate } }), `spec.podTemplate.spec.${field}`, says);
const inIssuerRef = (name: string, change: object, field: string, says: RegExp): Row =>
  row(name, request({ tls: { issuerRef: { ...ISSUER, ...change } } }), `spec.tls.issuerRef.${field}`, says);
/** A violation in the variables of the pods of a role. */
const clusterId = (name: string, role: 'controller' | 'broker', manifest: KubeObject, says: RegExp): Row =>
  row(name, manifest, `spec.topology.${role}.podTemplate.spec.containers[kafka].env[KAFKA_CLUSTER_ID]`, says);

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
  clusterId('a cluster id pinned for brokers only', 'controller', brokers({ podTemplate: pinned('x') }), /same id in both roles/),
  clusterId('a cluster id pinned for controllers only', 'broker', controllers({ podTemplate: pinned('x') }), /is missing/),
  clusterId(
    'two cluster ids',
    'broker',
    dedicated({
      controller: { ...TOPOLOGY.controller, podTemplate: pinned('x') },
      broker: { ...TOPOLOGY.broker, podTemplate: pinned('y') },
    }),
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
  inPods(
    'a volume with a name of KubeDB',
    { volumes: [{ name: 'mine' }, { name: 'temp-config' }] },
    'volumes[1].name',
    /mounts a volume of this name/,
  ),
  inPods(
    'a volume with the name of a certificate',
    { volumes: [{ name: 'server-certs' }] },
    'volumes[0].name',
    /mounts a volume of this name/,
    { enableSSL: true, tls: TLS },
  ),
  inPods(
    'a mount at a path of KubeDB',
    { initContainers: [{ volumeMounts: [{ name: 'x', mountPath: '/var/private/ssl' }] }] },
    'initContainers[0].volumeMounts[0].mountPath',
    /mounts a volume at this path/,
  ),
  row(
    'two entries for one alias',
    reconfigure([{ alias: 'server' }, { alias: 'server' }]),
    'spec.tls.certificates[1].alias',
    /only one of them would count/,
  ),
  server('a lifetime under an hour', { duration: '59m' }, 'duration', /less than an hour/),
  server('a lifetime in days', { duration: '90d' }, 'duration', /is "90d": that is not a duration in Go syntax\. Write .*"2160h"/),
  server('a renewal in days', { renewBefore: '1d' }, 'renewBefore', /Go syntax/),
  server('a renewal under five minutes', { renewBefore: '4m' }, 'renewBefore', /five minutes/),
  server('a renewal that never ends', { duration: '1h', renewBefore: '60m' }, 'renewBefore', /not shorter/),
  server('a name for an address', { ipAddresses: ['10.0.0.1', 'kafka'] }, 'ipAddresses[1]', /not an IP address/),
  server('a dressed-up e-mail address', { emailAddresses: ['Team <a@b.org>'] }, 'emailAddresses[0]', /bare/),
  server('an empty DNS name', { dnsNames: [''] }, 'dnsNames[0]', /not empty/),
  server('a Secret that cannot be named', { secretName: 'My_Cert' }, 'secretName', /not the name of a Kubernetes object/),
  server('an unknown key encoding', { privateKey: { encoding: 'DER' } }, 'privateKey.encoding', /one of PKCS1, PKCS8/),
  inIssuerRef('an issuer of an unknown kind', { kind: 'CA' }, 'kind', /Issuer and ClusterIssuer/),
  inIssuerRef('an issuer of another group', { apiGroup: 'example.org' }, 'apiGroup', /cert-manager only/),
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
  inIssuerRef('an issuer that cannot be named', { name: '' }, 'name', /not the name/),
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
  server('a PKCS#1 key', { privateKey: { encoding: 'PKCS1' } }, 'privateKey.encoding', /PKCS#8 only/),
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
