import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateSpec,
  certificateOf,
  formatIssuerRef,
  isSameTls,
  issuerOf,
  issuersOf,
  normalizeTls,
  type TlsConfig,
  type TlsState,
  tlsHash,
  tlsStateOf,
} from '../../constructs/model/tls';

const ISSUER = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' } as const;
const OTHER = { apiGroup: 'cert-manager.io', kind: 'ClusterIssuer', name: 'corp-ca' } as const;
const tls = (...certificates: CertificateSpec[]): TlsConfig => ({ issuerRef: ISSUER, certificates });

test('completes a configuration as KubeDB does: server, then client, with their default Secrets', () => {
  assert.deepEqual(normalizeTls('orders', tls()), {
    issuerRef: ISSUER,
    certificates: [
      { alias: 'server', secretName: 'orders-server-cert' },
      { alias: 'client', secretName: 'orders-client-cert' },
    ],
  });
});

test('leaves a complete configuration as it is', () => {
  const complete = normalizeTls('orders', tls({ alias: 'client', duration: '90m' }, { alias: 'http' }));
  assert.deepEqual(normalizeTls('orders', complete), complete);
});

const sames: readonly { readonly name: string; readonly a: TlsState; readonly b: TlsState }[] = [
  { name: 'off and off', a: 'off', b: 'off' },
  { name: 'a default Secret name and none', a: tls({ alias: 'server', secretName: 'orders-server-cert' }), b: tls() },
  {
    name: 'two spellings of one duration',
    a: tls({ alias: 'server', duration: '2160h0m0s' }),
    b: tls({ alias: 'server', duration: '2160h' }),
  },
  {
    name: 'names in another order, and twice',
    a: tls({ alias: 'server', dnsNames: ['b', 'a', 'a'] }),
    b: tls({ alias: 'server', dnsNames: ['a', 'b'] }),
  },
  {
    name: 'aliases in another order',
    a: tls({ alias: 'client', duration: '2h' }, { alias: 'server' }),
    b: tls({ alias: 'server' }, { alias: 'client', duration: '2h' }),
  },
  { name: 'an empty list, an empty subject, and nothing', a: tls({ alias: 'server', uris: [], subject: { countries: [] } }), b: tls() },
];
for (const c of sames) {
  test(`takes for the same: ${c.name}`, () => assert.ok(isSameTls('orders', c.a, c.b)));
}

const others: readonly { readonly name: string; readonly a: TlsState; readonly b: TlsState }[] = [
  { name: 'on and off', a: tls(), b: 'off' },
  { name: 'another issuer', a: tls(), b: { issuerRef: OTHER, certificates: [] } },
  { name: 'an Issuer and a ClusterIssuer of one name', a: tls(), b: { issuerRef: { ...ISSUER, kind: 'ClusterIssuer' }, certificates: [] } },
  { name: 'an issuer of one alias', a: tls(), b: tls({ alias: 'client', issuerRef: OTHER }) },
  { name: 'another duration', a: tls(), b: tls({ alias: 'server', duration: '1h' }) },
  { name: 'a further name', a: tls(), b: tls({ alias: 'server', dnsNames: ['kafka.example.org'] }) },
  { name: 'a subject', a: tls(), b: tls({ alias: 'server', subject: { organizations: ['acme'] } }) },
  { name: 'a key encoding', a: tls(), b: tls({ alias: 'server', privateKey: { encoding: 'PKCS8' } }) },
  { name: 'another Secret', a: tls(), b: tls({ alias: 'server', secretName: 'x' }) },
];
for (const c of others) {
  test(`takes for different: ${c.name}`, () => {
    assert.ok(!isSameTls('orders', c.a, c.b));
    assert.notEqual(tlsHash('orders', c.a), tlsHash('orders', c.b));
  });
}

test('finds the issuer of an alias: its own, else that of the Kafka', () => {
  const mixed = tls({ alias: 'client', issuerRef: OTHER });
  assert.equal(formatIssuerRef(issuerOf(mixed, 'client')), 'ClusterIssuer/corp-ca');
  assert.equal(formatIssuerRef(issuerOf(mixed, 'server')), 'Issuer/orders-ca');
  assert.deepEqual(issuersOf(tls({ alias: 'client', issuerRef: OTHER }, { alias: 'server', issuerRef: ISSUER })).map(formatIssuerRef), [
    'Issuer/orders-ca',
    'ClusterIssuer/corp-ca',
  ]);
});

test('gives every alias a certificate, also when the configuration does not mention it', () => {
  assert.equal(certificateOf('orders', tls(), 'client').secretName, 'orders-client-cert');
});

const states: readonly { readonly name: string; readonly spec: Parameters<typeof tlsStateOf>[0]; readonly is: TlsState }[] = [
  { name: 'no spec', spec: undefined, is: 'off' },
  { name: 'a spec without TLS', spec: {}, is: 'off' },
  { name: 'enableSSL without tls', spec: { enableSSL: true }, is: 'off' },
  { name: 'tls without enableSSL', spec: { tls: tls() }, is: 'off' },
  { name: 'both', spec: { enableSSL: true, tls: tls() }, is: tls() },
  {
    name: 'an issuer and no certificates',
    spec: { enableSSL: true, tls: { issuerRef: tls().issuerRef } },
    is: { issuerRef: tls().issuerRef, certificates: [] },
  },
];
for (const c of states) {
  test(`reads the TLS state of a Kafka with ${c.name}`, () => assert.deepEqual(tlsStateOf(c.spec), c.is));
}
