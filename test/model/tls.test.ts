import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateSpec,
  certificateOf,
  formatIssuerRef,
  issuerOf,
  issuersOf,
  normalizeTls,
  type TlsConfig,
  type TlsState,
  tlsStateOf,
} from '#model/tls';

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
