/** Two TLS states are the same in effect. Spellings of single fields: `certificate-effect.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateSpec, TlsConfig, TlsState } from '#model/tls';
import { differingCertificates, isSameTls } from '#model/tls-effect';

const ISSUER = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' } as const;
const OTHER = { apiGroup: 'cert-manager.io', kind: 'ClusterIssuer', name: 'corp-ca' } as const;
const tls = (...certificates: CertificateSpec[]): TlsConfig => ({ issuerRef: ISSUER, certificates });
const server = (fields: Omit<CertificateSpec, 'alias'>): TlsConfig => tls({ alias: 'server', ...fields });

const SAME: readonly (readonly [name: string, a: TlsState, b: TlsState])[] = [
  ['off and off', 'off', 'off'],
  ['a default Secret name and none', server({ secretName: 'orders-server-cert' }), tls()],
  ['the key encoding that KubeDB chooses, and none', server({ privateKey: { encoding: 'PKCS8' } }), tls()],
  ['the default lifetime and none', server({ duration: '2160h' }), tls()],
  ["KubeDB's renewBefore and none", server({ renewBefore: '5m0s' }), tls()],
  ['names in another order, and twice', server({ dnsNames: ['b', 'a', 'a'] }), server({ dnsNames: ['a', 'b'] })],
  ['names that KubeDB adds by itself, and none', server({ dnsNames: ['localhost', 'orders-pods'], ipAddresses: ['127.0.0.1'] }), tls()],
  [
    'aliases in another order',
    tls({ alias: 'client', duration: '2h' }, { alias: 'server' }),
    tls({ alias: 'server' }, { alias: 'client', duration: '2h' }),
  ],
  ['an alias that Kafka does not use, and none', tls({ alias: 'http', duration: '2h' }), tls()],
  ['an empty list, an empty subject, and nothing', server({ uris: [], subject: { countries: [] } }), tls()],
  ['the issuer of the Kafka said once more for an alias', server({ issuerRef: ISSUER }), tls()],
  [
    'an issuer for each alias, and one for both',
    {
      issuerRef: OTHER,
      certificates: [
        { alias: 'server', issuerRef: ISSUER },
        { alias: 'client', issuerRef: ISSUER },
      ],
    },
    tls(),
  ],
  ["an issuer without cert-manager's group", { issuerRef: { kind: 'Issuer', name: 'orders-ca', apiGroup: '' }, certificates: [] }, tls()],
];
for (const [name, a, b] of SAME) {
  test(`takes for the same: ${name}`, () => {
    assert.ok(isSameTls('orders', a, b));
    assert.ok(isSameTls('orders', b, a));
  });
}

const DIFFERENT: readonly (readonly [name: string, a: TlsState, b: TlsState, differs?: readonly string[]])[] = [
  ['on and off', tls(), 'off'],
  ['another issuer', tls(), { issuerRef: OTHER, certificates: [] }, ['server.issuerRef', 'client.issuerRef']],
  [
    'an Issuer and a ClusterIssuer of one name',
    tls(),
    { issuerRef: { ...ISSUER, kind: 'ClusterIssuer' }, certificates: [] },
    ['server.issuerRef', 'client.issuerRef'],
  ],
  ['an issuer of one alias', tls(), tls({ alias: 'client', issuerRef: OTHER }), ['client.issuerRef']],
  ['another duration', tls(), server({ duration: '1h' }), ['server.duration']],
  ['another renewBefore', tls(), server({ renewBefore: '720h' }), ['server.renewBefore']],
  ['a further name', tls(), server({ dnsNames: ['kafka.example.org'] }), ['server.dnsNames']],
  [
    'a name with a trailing dot, which no client accepts',
    server({ dnsNames: ['kafka.example.org'] }),
    server({ dnsNames: ['kafka.example.org.'] }),
    ['server.dnsNames'],
  ],
  ['the path of a URI', server({ uris: ['spiffe://a/B'] }), server({ uris: ['spiffe://a/b'] }), ['server.uris']],
  ['a subject', tls(), server({ subject: { organizations: ['acme'] } }), ['server.subject']],
  ['a key encoding', tls(), server({ privateKey: { encoding: 'PKCS1' } }), ['server.privateKey']],
  ['another Secret', tls(), server({ secretName: 'x' }), ['server.secretName']],
];
for (const [name, a, b, differs] of DIFFERENT) {
  test(`takes for different: ${name}`, () => {
    assert.ok(!isSameTls('orders', a, b));
    if (a === 'off' || b === 'off') return;
    assert.deepEqual(differingCertificates('orders', a, b), differs);
    assert.deepEqual(differingCertificates('orders', b, a), differs);
  });
}
