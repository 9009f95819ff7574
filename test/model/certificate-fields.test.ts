/** For which changes of a Certificate cert-manager issues again. Source: its trigger policy chain and `RequestMatchesSpec`. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reissuingFields, withKeyKind } from '#model/certificate-effect';
import { formatKeyKind, keyKindOf } from '#model/key-kind';
import { untyped } from '#test/support/untyped';
import { certificate } from './manifest-cases';

const SPEC = certificate({
  dnsNames: ['a.example.org', 'b.example.org'],
  ipAddresses: ['10.0.0.1', '2001:db8::1'],
  subject: { organizations: ['acme', 'zulu'], serialNumber: '7' },
  usages: ['server auth', 'client auth'],
  duration: '2160h',
}).spec;

const reissued: readonly (readonly [name: string, change: object, field: string])[] = [
  ['another Secret', { secretName: 'other' }, 'secretName'],
  ['another issuer', { issuerRef: { kind: 'Issuer', name: 'other' } }, 'issuerRef'],
  ['an issuer of another kind', { issuerRef: { kind: 'ClusterIssuer', name: 'ca' } }, 'issuerRef'],
  ['another common name', { commonName: 'other' }, 'commonName'],
  ['no common name', { commonName: undefined }, 'commonName'],
  ['another organization', { subject: { organizations: ['acme'], serialNumber: '7' } }, 'subject'],
  ['another serial number', { subject: { organizations: ['acme', 'zulu'], serialNumber: '8' } }, 'subject'],
  ['no subject', { subject: undefined }, 'subject'],
  ['a literal subject', { literalSubject: 'CN=c' }, 'literalSubject'],
  ['a further DNS name', { dnsNames: ['a.example.org', 'b.example.org', 'c.example.org'] }, 'dnsNames'],
  ['a DNS name in capitals', { dnsNames: ['A.example.org', 'b.example.org'] }, 'dnsNames'],
  ['no DNS names', { dnsNames: undefined }, 'dnsNames'],
  ['another address', { ipAddresses: ['10.0.0.2', '2001:db8::1'] }, 'ipAddresses'],
  ['a URI', { uris: ['spiffe://example.org/x'] }, 'uris'],
  ['an e-mail address', { emailAddresses: ['a@example.org'] }, 'emailAddresses'],
  ['another name', { otherNames: [{ oid: '1.2.3', utf8Value: 'x' }] }, 'otherNames'],
  ['a CA', { isCA: true }, 'isCA'],
  ['fewer usages', { usages: ['server auth'] }, 'usages'],
  ['another duration', { duration: '720h' }, 'duration'],
  ['another algorithm', { privateKey: { algorithm: 'ECDSA' } }, 'privateKey'],
  ['another size', { privateKey: { size: 4096 } }, 'privateKey'],
];

describe('cert-manager issues again for', () => {
  for (const [name, change, field] of reissued)
    test(name, () => assert.deepEqual(reissuingFields(SPEC, { ...untyped(SPEC), ...change }), [field]));
});

const kept: readonly (readonly [name: string, change: object])[] = [
  ['the same', {}],
  ['lists in another order', { dnsNames: ['b.example.org', 'a.example.org'], usages: ['client auth', 'server auth'] }],
  ['a subject in another order', { subject: { serialNumber: '7', organizations: ['zulu', 'acme'], countries: [] } }],
  ['addresses in another spelling', { ipAddresses: ['::ffff:10.0.0.1', '2001:DB8:0::1'] }],
  ['the defaults of an issuer', { issuerRef: { name: 'ca' } }],
  ['a duration in another spelling', { duration: '2160h0m0s' }],
  ['no duration', { duration: undefined }],
  ['the defaults of a key', { privateKey: { algorithm: 'RSA', size: 2048 } }],
  ['no CA', { isCA: false }],
  ['empty lists and texts', { uris: [], otherNames: [], literalSubject: '' }],
  ['another encoding and rotation of the key', { privateKey: { encoding: 'PKCS8', rotationPolicy: 'Never' } }],
  ['another time of renewal', { renewBefore: '1h' }],
  ['a renewal by percentage', { renewBeforePercentage: 30 }],
  ['times of renewal', { renewal: { policy: 'Disabled' } }],
  ['labels of the Secret', { secretTemplate: { labels: { a: 'b' } } }],
  ['a key store', { keystores: { jks: { create: true, password: 'x' } } }],
  ['further formats', { additionalOutputFormats: [{ type: 'DER' }] }],
  ['another history', { revisionHistoryLimit: 3 }],
  ['usages outside the request', { encodeUsagesInRequest: false }],
];

describe('cert-manager does not issue again for', () => {
  for (const [name, change] of kept) test(name, () => assert.deepEqual(reissuingFields(SPEC, { ...untyped(SPEC), ...change }), []));
});

test('compares literal subjects by what they spell, and in their order', () => {
  const literal = (literalSubject: string) => ({ literalSubject });
  assert.deepEqual(reissuingFields(literal('CN=a,OU=b'), literal(' CN = a ; OU = b')), []);
  assert.deepEqual(reissuingFields(literal('CN=a,OU=b'), literal('OU=b,CN=a')), ['literalSubject']);
});

test('names kinds of keys, with the sizes that cert-manager gives them', () => {
  const kinds = [undefined, { size: 4096 }, { algorithm: 'ECDSA' }, { algorithm: 'ECDSA', size: 0 }, { algorithm: 'Ed25519', size: 256 }];
  assert.deepEqual(kinds.map(keyKindOf).map(formatKeyKind), ['RSA 2048', 'RSA 4096', 'ECDSA 256', 'ECDSA 256', 'Ed25519']);
});

test('writes the default kind of key down where the live Certificate has another one written down', () => {
  const wanted = certificate({ privateKey: { encoding: 'PKCS8' } });
  const live = certificate({ privateKey: { algorithm: 'ECDSA', size: 256, encoding: 'PKCS8' } });
  assert.deepEqual(untyped(withKeyKind(wanted, live).spec).privateKey, { algorithm: 'RSA', size: 2048, encoding: 'PKCS8' });
  assert.equal(withKeyKind(wanted, wanted), wanted);
  assert.equal(withKeyKind(wanted, undefined), wanted);
});
