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

const reissued: readonly { readonly name: string; readonly change: object; readonly field: string }[] = [
  { name: 'another Secret', change: { secretName: 'other' }, field: 'secretName' },
  { name: 'another issuer', change: { issuerRef: { kind: 'Issuer', name: 'other' } }, field: 'issuerRef' },
  { name: 'an issuer of another kind', change: { issuerRef: { kind: 'ClusterIssuer', name: 'ca' } }, field: 'issuerRef' },
  { name: 'another common name', change: { commonName: 'other' }, field: 'commonName' },
  { name: 'no common name', change: { commonName: undefined }, field: 'commonName' },
  { name: 'another organization', change: { subject: { organizations: ['acme'], serialNumber: '7' } }, field: 'subject' },
  { name: 'another serial number', change: { subject: { organizations: ['acme', 'zulu'], serialNumber: '8' } }, field: 'subject' },
  { name: 'no subject', change: { subject: undefined }, field: 'subject' },
  { name: 'a literal subject', change: { literalSubject: 'CN=c' }, field: 'literalSubject' },
  { name: 'a further DNS name', change: { dnsNames: ['a.example.org', 'b.example.org', 'c.example.org'] }, field: 'dnsNames' },
  { name: 'a DNS name in capitals', change: { dnsNames: ['A.example.org', 'b.example.org'] }, field: 'dnsNames' },
  { name: 'no DNS names', change: { dnsNames: undefined }, field: 'dnsNames' },
  { name: 'another address', change: { ipAddresses: ['10.0.0.2', '2001:db8::1'] }, field: 'ipAddresses' },
  { name: 'a URI', change: { uris: ['spiffe://example.org/x'] }, field: 'uris' },
  { name: 'an e-mail address', change: { emailAddresses: ['a@example.org'] }, field: 'emailAddresses' },
  { name: 'another name', change: { otherNames: [{ oid: '1.2.3', utf8Value: 'x' }] }, field: 'otherNames' },
  { name: 'a CA', change: { isCA: true }, field: 'isCA' },
  { name: 'fewer usages', change: { usages: ['server auth'] }, field: 'usages' },
  { name: 'another duration', change: { duration: '720h' }, field: 'duration' },
  { name: 'another algorithm', change: { privateKey: { algorithm: 'ECDSA' } }, field: 'privateKey' },
  { name: 'another size', change: { privateKey: { size: 4096 } }, field: 'privateKey' },
];

describe('cert-manager issues again for', () => {
  for (const { name, change, field } of reissued)
    test(name, () => assert.deepEqual(reissuingFields(SPEC, { ...untyped(SPEC), ...change }), [field]));
});

const kept: readonly { readonly name: string; readonly change: object }[] = [
  { name: 'the same', change: {} },
  { name: 'lists in another order', change: { dnsNames: ['b.example.org', 'a.example.org'], usages: ['client auth', 'server auth'] } },
  { name: 'a subject in another order', change: { subject: { serialNumber: '7', organizations: ['zulu', 'acme'], countries: [] } } },
  { name: 'addresses in another spelling', change: { ipAddresses: ['::ffff:10.0.0.1', '2001:DB8:0::1'] } },
  { name: 'the defaults of an issuer', change: { issuerRef: { name: 'ca' } } },
  { name: 'a duration in another spelling', change: { duration: '2160h0m0s' } },
  { name: 'no duration', change: { duration: undefined } },
  { name: 'the defaults of a key', change: { privateKey: { algorithm: 'RSA', size: 2048 } } },
  { name: 'no CA', change: { isCA: false } },
  { name: 'empty lists and texts', change: { uris: [], otherNames: [], literalSubject: '' } },
  { name: 'another encoding and rotation of the key', change: { privateKey: { encoding: 'PKCS8', rotationPolicy: 'Never' } } },
  { name: 'another time of renewal', change: { renewBefore: '1h' } },
  { name: 'a renewal by percentage', change: { renewBeforePercentage: 30 } },
  { name: 'times of renewal', change: { renewal: { policy: 'Disabled' } } },
  { name: 'labels of the Secret', change: { secretTemplate: { labels: { a: 'b' } } } },
  { name: 'a key store', change: { keystores: { jks: { create: true, password: 'x' } } } },
  { name: 'further formats', change: { additionalOutputFormats: [{ type: 'DER' }] } },
  { name: 'another history', change: { revisionHistoryLimit: 3 } },
  { name: 'usages outside the request', change: { encodeUsagesInRequest: false } },
];

describe('cert-manager does not issue again for', () => {
  for (const { name, change } of kept) test(name, () => assert.deepEqual(reissuingFields(SPEC, { ...untyped(SPEC), ...change }), []));
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
