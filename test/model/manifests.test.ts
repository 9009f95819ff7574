import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applicationCertificate,
  candidate,
  candidateName,
  completeTls,
  type IssuerSettings,
  issuerManifests,
  issuerRefOf,
  kafkaManifest,
  merged,
  OPERATION,
} from '#model/manifests';
import { ANNOTATION_OWNER, LABEL_KAFKA } from '#model/names';
import { untyped } from '#test/support/untyped';

const PLACE = { kafka: 'orders', namespace: 'demo', owner: 'team-a' };
const CORP: IssuerSettings = { kind: 'reference', ref: { apiGroup: 'cert-manager.io', kind: 'ClusterIssuer', name: 'corp-ca' } };
const SELF_SIGNED: IssuerSettings = {
  kind: 'selfSignedCa',
  name: undefined,
  commonName: undefined,
  subject: undefined,
  duration: undefined,
  renewBefore: undefined,
};

const merges: readonly { readonly name: string; readonly base: unknown; readonly extra: unknown; readonly is: unknown }[] = [
  { name: 'maps key by key', base: { a: 1, b: { c: 1 } }, extra: { b: { d: 2 } }, is: { a: 1, b: { c: 1, d: 2 } } },
  { name: 'lists as a whole', base: { a: [1, 2] }, extra: { a: [3] }, is: { a: [3] } },
  { name: 'nothing for undefined', base: { a: 1 }, extra: { a: undefined }, is: { a: 1 } },
  { name: 'null as a value', base: { a: 1 }, extra: { a: null }, is: { a: null } },
  { name: 'a map over a text', base: 'x', extra: { a: 1 }, is: { a: 1 } },
];
for (const c of merges) {
  test(`merges ${c.name}`, () => assert.deepEqual(merged(c.base, c.extra), c.is));
}

test('makes no object for an existing issuer, one for a CA in a Secret, three for a self-signed CA', () => {
  assert.deepEqual(issuerManifests(CORP, PLACE), []);
  const [issuer, ...more] = issuerManifests({ kind: 'caSecret', secret: 'root', name: undefined }, PLACE);
  assert.deepEqual([issuer?.metadata.name, issuer?.spec, more.length], ['root', { ca: { secretName: 'root' } }, 0]);
  assert.deepEqual(
    issuerManifests(SELF_SIGNED, PLACE).map((m) => `${m.kind}/${m.metadata.name}`),
    ['Issuer/orders-ca-selfsigned', 'Certificate/orders-ca', 'Issuer/orders-ca'],
  );
});

test('refers to the issuer that it makes', () => {
  assert.equal(issuerRefOf(SELF_SIGNED, 'orders').name, 'orders-ca');
  assert.equal(issuerRefOf({ ...SELF_SIGNED, name: 'orders-ca-2' }, 'orders').name, 'orders-ca-2');
  assert.equal(issuerRefOf({ kind: 'caSecret', secret: 'root', name: 'signer' }, 'orders').name, 'signer');
  assert.equal(issuerRefOf(CORP, 'orders').kind, 'ClusterIssuer');
});

test('keeps the key of a self-signed CA when it is renewed', () => {
  const [, ca] = issuerManifests(SELF_SIGNED, PLACE);
  assert.equal(untyped(ca?.spec)?.privateKey.rotationPolicy, 'Never');
  assert.equal(untyped(ca?.spec)?.isCA, true);
});

test('lists both certificates completely, in the encoding that Kafka reads', () => {
  const tls = completeTls(
    { issuer: CORP, certificates: { server: { extraSpec: { future: 1 } }, client: { issuer: SELF_SIGNED } } },
    'orders',
  );
  assert.deepEqual(tls.certificates, [
    { alias: 'server', secretName: 'orders-server-cert', privateKey: { encoding: 'PKCS8' }, future: 1 },
    {
      alias: 'client',
      secretName: 'orders-client-cert',
      privateKey: { encoding: 'PKCS8' },
      issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' },
    },
  ]);
});

test('adds owner and label to every object, but no label to a Kafka, whose labels KubeDB copies', () => {
  const kafka = kafkaManifest({ name: 'orders', nodes: 3, spec: { version: '4.2.0' } }, 'off', PLACE);
  const request = candidate(PLACE, 'r', OPERATION.restart, '10m');
  assert.deepEqual(kafka.metadata, { name: 'orders', namespace: 'demo', annotations: { [ANNOTATION_OWNER]: 'team-a' } });
  assert.deepEqual(request.metadata.labels, { [LABEL_KAFKA]: 'orders' });
  assert.deepEqual(request.metadata.annotations, { [ANNOTATION_OWNER]: 'team-a' });
});

test('makes a Kafka with the desired TLS from the start', () => {
  const tls = completeTls({ issuer: CORP, certificates: { server: {}, client: {} } }, 'orders');
  const { spec } = kafkaManifest({ name: 'orders', nodes: 3, spec: { version: '4.2.0' } }, tls, PLACE);
  assert.deepEqual(spec, { enableSSL: true, tls, version: '4.2.0' });
});

test('gives every candidate a timeout and one retry, on a Kafka in any state', () => {
  const { spec } = candidate(PLACE, candidateName('orders', 'rotate'), OPERATION.rotate, '10m');
  assert.deepEqual(spec, {
    apply: 'Always',
    databaseRef: { name: 'orders' },
    maxRetries: 1,
    timeout: '10m',
    tls: { rotateCertificates: true },
    type: 'ReconfigureTLS',
  });
});

test('allows an application certificate only the usages of a client', () => {
  const { spec } = applicationCertificate(PLACE, {
    name: 'billing',
    secretName: 'billing',
    commonName: 'billing',
    issuer: CORP.ref,
    certificate: {},
    extraSpec: {},
  });
  assert.deepEqual(untyped(spec).usages, ['digital signature', 'key encipherment', 'client auth']);
  assert.deepEqual(untyped(spec).issuerRef, { group: 'cert-manager.io', kind: 'ClusterIssuer', name: 'corp-ca' });
});
