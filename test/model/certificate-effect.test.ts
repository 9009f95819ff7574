import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { differingFields } from '#model/certificate-effect';

const SPEC = { secretName: 'billing', issuerRef: { name: 'orders-ca', kind: 'Issuer', group: 'cert-manager.io' } };

const SAME: readonly (readonly [name: string, wanted: object, live: object])[] = [
  ['a reference to an issuer without kind and group', SPEC, { ...SPEC, issuerRef: { name: 'orders-ca' } }],
  ['the default lifetime', { duration: '2160h' }, {}],
  ['the default renewal', { renewBefore: '720h' }, {}],
  ['the default renewal of another lifetime', { duration: '24h', renewBefore: '8h' }, { duration: '24h0m0s' }],
  ['a renewal in percent', { renewBefore: '216h' }, { renewBeforePercentage: 10 }],
  ['the default usages', { usages: ['key encipherment', 'digital signature'] }, {}],
  ['a usage under its other name', { usages: ['s/mime', 'signing'] }, { usages: ['digital signature', 'email protection'] }],
  ['the usage that a CA has anyway', { isCA: true, usages: ['cert sign'] }, { isCA: true, usages: ['cert sign', 'cert sign'] }],
  ['the default key', { privateKey: { algorithm: 'RSA', size: 2048, encoding: 'PKCS1', rotationPolicy: 'Always' } }, {}],
  ['the default size of an ECDSA key', { privateKey: { algorithm: 'ECDSA', size: 256 } }, { privateKey: { algorithm: 'ECDSA' } }],
  ['an empty subject', { subject: { organizations: [] } }, {}],
  ['a subject in another order', { subject: { organizations: ['b', 'a'], countries: [] } }, { subject: { organizations: ['a', 'b'] } }],
  ['lists in another order', { emailAddresses: ['a@b', 'c@d'] }, { emailAddresses: ['c@d', 'a@b', 'c@d'] }],
  [
    'output formats in another order',
    { additionalOutputFormats: [{ type: 'DER' }, { type: 'CombinedPEM' }] },
    { additionalOutputFormats: [{ type: 'CombinedPEM' }, { type: 'DER' }] },
  ],
  ['no key stores', { keystores: { jks: { create: false } } }, {}],
  ['fields of other writers', SPEC, { ...SPEC, revisionHistoryLimit: 3, secretTemplate: { labels: { team: 'a' } } }],
  ['an empty common name', { commonName: '' }, {}],
];
for (const [name, wanted, live] of SAME) {
  test(`finds nothing to do about ${name}`, () => assert.deepEqual(differingFields(wanted, live), []));
}

const DIFFERENT: readonly (readonly [wanted: object, live: object, differs: readonly string[]])[] = [
  [SPEC, { ...SPEC, issuerRef: { name: 'orders-ca', kind: 'ClusterIssuer' } }, ['issuerRef.kind']],
  [{ renewBefore: '5m' }, {}, ['renewBefore']],
  [{ usages: ['server auth'] }, {}, ['usages']],
  [{ privateKey: { algorithm: 'ECDSA' } }, {}, ['privateKey.algorithm']],
  [{ privateKey: { rotationPolicy: 'Never' } }, {}, ['privateKey.rotationPolicy']],
  [{ isCA: true }, {}, ['isCA']],
  [{ dnsNames: [] }, { dnsNames: ['a'] }, ['dnsNames']],
  [
    { keystores: { jks: { create: true, passwordSecretRef: { name: 'a', key: 'k' } } } },
    { keystores: { jks: { create: true, passwordSecretRef: { name: 'b', key: 'k' } } } },
    ['keystores.jks.passwordSecretRef.name'],
  ],
];
for (const [wanted, live, differs] of DIFFERENT) {
  test(`finds that ${differs.join(', ')} differs`, () => assert.deepEqual(differingFields(wanted, live), differs));
}

test('takes more than is wanted for enough where it is told to', () => {
  const live = { dnsNames: ['a', 'b'], subject: { organizations: ['x', 'y'] } };
  assert.deepEqual(differingFields({ dnsNames: ['A'], subject: { organizations: ['x'] } }, live, { mayHoldMore: true }), []);
  assert.deepEqual(differingFields({ dnsNames: ['c'] }, live, { mayHoldMore: true }), ['dnsNames']);
});

describe('a spec that is written otherwise', () => {
  const names = fc.uniqueArray(fc.constantFrom('a.example.org', 'b.example.org', '*.example.org'));
  const addresses = fc.uniqueArray(fc.constantFrom('10.0.0.1', '2001:db8::1', '::1'));
  const anySpec = fc.record(
    {
      dnsNames: names,
      ipAddresses: addresses,
      usages: fc.uniqueArray(fc.constantFrom('digital signature', 'server auth', 'client auth'), { minLength: 1 }),
      duration: fc.constantFrom('2160h', '24h'),
      subject: fc.record({ organizations: names }, { requiredKeys: [] }),
      privateKey: fc.record({ encoding: fc.constantFrom('PKCS1', 'PKCS8') }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  );
  const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
    '10.0.0.1': '::ffff:10.0.0.1',
    '2001:db8::1': '2001:0DB8:0:0:0:0:0:1',
    '::1': '0:0:0:0:0:0:0:1',
    '2160h': '2160h0m0s',
    '24h': '1440m',
  };
  const respelled = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) return [...value.map((item) => respelled(item, key)), ...value.slice(0, 1)].reverse();
    if (typeof value === 'string') return key === 'dnsNames' ? value.toUpperCase() : (OTHER_SPELLINGS[value] ?? value);
    return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, respelled(v, k)]));
  };

  test('differs in nothing, seen from either side', () => {
    const property = fc.property(anySpec, (spec) => {
      const other = respelled(spec);
      assert.deepEqual(differingFields(spec, other), []);
      assert.deepEqual(differingFields(other, spec), []);
    });
    fc.assert(property, { seed: 20261123 });
  });
});
