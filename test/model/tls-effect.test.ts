import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateSpec, TlsConfig, TlsState } from '#model/tls';
import { differingCertificates, isSameTls } from '#model/tls-effect';

const ISSUER = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' } as const;
const OTHER = { apiGroup: 'cert-manager.io', kind: 'ClusterIssuer', name: 'corp-ca' } as const;
const tls = (...certificates: CertificateSpec[]): TlsConfig => ({ issuerRef: ISSUER, certificates });
const server = (fields: Omit<CertificateSpec, 'alias'>): TlsConfig => tls({ alias: 'server', ...fields });

const SAME: readonly { readonly name: string; readonly a: TlsState; readonly b: TlsState }[] = [
  { name: 'off and off', a: 'off', b: 'off' },
  { name: 'a default Secret name and none', a: server({ secretName: 'orders-server-cert' }), b: tls() },
  { name: 'the key encoding that KubeDB chooses, and none', a: server({ privateKey: { encoding: 'PKCS8' } }), b: tls() },
  { name: 'the default lifetime and none', a: server({ duration: '2160h' }), b: tls() },
  { name: "KubeDB's renewBefore and none", a: server({ renewBefore: '5m0s' }), b: tls() },
  { name: 'two spellings of one duration', a: server({ duration: '1h30m' }), b: server({ duration: '90m0s' }) },
  { name: 'names in another order, and twice', a: server({ dnsNames: ['b', 'a', 'a'] }), b: server({ dnsNames: ['a', 'b'] }) },
  { name: 'names in capitals', a: server({ dnsNames: ['Kafka.Example.ORG'] }), b: server({ dnsNames: ['kafka.example.org'] }) },
  {
    name: 'names that KubeDB adds by itself, and none',
    a: server({ dnsNames: ['localhost', 'orders-pods'], ipAddresses: ['127.0.0.1'] }),
    b: tls(),
  },
  { name: 'two spellings of an IPv6 address', a: server({ ipAddresses: ['::1'] }), b: server({ ipAddresses: ['0:0:0:0:0:0:0:1'] }) },
  { name: 'an IPv4 address inside IPv6', a: server({ ipAddresses: ['::ffff:10.0.0.1'] }), b: server({ ipAddresses: ['10.0.0.1'] }) },
  {
    name: 'a subject in another order',
    a: server({ subject: { organizations: ['b', 'a'], countries: [] } }),
    b: server({ subject: { organizations: ['a', 'b'] } }),
  },
  {
    name: 'aliases in another order',
    a: tls({ alias: 'client', duration: '2h' }, { alias: 'server' }),
    b: tls({ alias: 'server' }, { alias: 'client', duration: '2h' }),
  },
  { name: 'an alias that Kafka does not use, and none', a: tls({ alias: 'http', duration: '2h' }), b: tls() },
  { name: 'an empty list, an empty subject, and nothing', a: server({ uris: [], subject: { countries: [] } }), b: tls() },
  { name: 'the issuer of the Kafka said once more for an alias', a: server({ issuerRef: ISSUER }), b: tls() },
  {
    name: 'an issuer for each alias, and one for both',
    a: {
      issuerRef: OTHER,
      certificates: [
        { alias: 'server', issuerRef: ISSUER },
        { alias: 'client', issuerRef: ISSUER },
      ],
    },
    b: tls(),
  },
  {
    name: "an issuer without cert-manager's group",
    a: { issuerRef: { kind: 'Issuer', name: 'orders-ca', apiGroup: '' }, certificates: [] },
    b: tls(),
  },
];
for (const { name, a, b } of SAME) {
  test(`takes for the same: ${name}`, () => {
    assert.ok(isSameTls('orders', a, b));
    assert.ok(isSameTls('orders', b, a));
  });
}

const DIFFERENT: readonly { readonly name: string; readonly a: TlsState; readonly b: TlsState; readonly differs?: readonly string[] }[] = [
  { name: 'on and off', a: tls(), b: 'off' },
  {
    name: 'another issuer',
    a: tls(),
    b: { issuerRef: OTHER, certificates: [] },
    differs: ['server.issuerRef', 'client.issuerRef'],
  },
  {
    name: 'an Issuer and a ClusterIssuer of one name',
    a: tls(),
    b: { issuerRef: { ...ISSUER, kind: 'ClusterIssuer' }, certificates: [] },
    differs: ['server.issuerRef', 'client.issuerRef'],
  },
  { name: 'an issuer of one alias', a: tls(), b: tls({ alias: 'client', issuerRef: OTHER }), differs: ['client.issuerRef'] },
  { name: 'another duration', a: tls(), b: server({ duration: '1h' }), differs: ['server.duration'] },
  { name: 'another renewBefore', a: tls(), b: server({ renewBefore: '720h' }), differs: ['server.renewBefore'] },
  { name: 'a further name', a: tls(), b: server({ dnsNames: ['kafka.example.org'] }), differs: ['server.dnsNames'] },
  {
    name: 'a name with a trailing dot, which no client accepts',
    a: server({ dnsNames: ['kafka.example.org'] }),
    b: server({ dnsNames: ['kafka.example.org.'] }),
    differs: ['server.dnsNames'],
  },
  { name: 'the path of a URI', a: server({ uris: ['spiffe://a/B'] }), b: server({ uris: ['spiffe://a/b'] }), differs: ['server.uris'] },
  { name: 'a subject', a: tls(), b: server({ subject: { organizations: ['acme'] } }), differs: ['server.subject'] },
  { name: 'a key encoding', a: tls(), b: server({ privateKey: { encoding: 'PKCS1' } }), differs: ['server.privateKey'] },
  { name: 'another Secret', a: tls(), b: server({ secretName: 'x' }), differs: ['server.secretName'] },
];
for (const { name, a, b, differs } of DIFFERENT) {
  test(`takes for different: ${name}`, () => {
    assert.ok(!isSameTls('orders', a, b));
    if (a === 'off' || b === 'off') return;
    assert.deepEqual(differingCertificates('orders', a, b), differs);
    assert.deepEqual(differingCertificates('orders', b, a), differs);
  });
}
