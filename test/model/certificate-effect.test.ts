import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { differingFields } from '#model/certificate-effect';

const SPEC = { secretName: 'billing', issuerRef: { name: 'orders-ca', kind: 'Issuer', group: 'cert-manager.io' } };

const SAME: readonly { readonly name: string; readonly wanted: object; readonly live: object }[] = [
  { name: 'a reference to an issuer without kind and group', wanted: SPEC, live: { ...SPEC, issuerRef: { name: 'orders-ca' } } },
  { name: 'the default lifetime', wanted: { duration: '2160h' }, live: {} },
  { name: 'the default renewal', wanted: { renewBefore: '720h' }, live: {} },
  { name: 'the default renewal of another lifetime', wanted: { duration: '24h', renewBefore: '8h' }, live: { duration: '24h0m0s' } },
  { name: 'a renewal in percent', wanted: { renewBefore: '216h' }, live: { renewBeforePercentage: 10 } },
  { name: 'the default usages', wanted: { usages: ['key encipherment', 'digital signature'] }, live: {} },
  {
    name: 'a usage under its other name',
    wanted: { usages: ['s/mime', 'signing'] },
    live: { usages: ['digital signature', 'email protection'] },
  },
  {
    name: 'the usage that a CA has anyway',
    wanted: { isCA: true, usages: ['cert sign'] },
    live: { isCA: true, usages: ['cert sign', 'cert sign'] },
  },
  {
    name: 'the default key',
    wanted: { privateKey: { algorithm: 'RSA', size: 2048, encoding: 'PKCS1', rotationPolicy: 'Always' } },
    live: {},
  },
  {
    name: 'the default size of an ECDSA key',
    wanted: { privateKey: { algorithm: 'ECDSA', size: 256 } },
    live: { privateKey: { algorithm: 'ECDSA' } },
  },
  { name: 'an empty subject', wanted: { subject: { organizations: [] } }, live: {} },
  { name: 'lists in another order', wanted: { emailAddresses: ['a@b', 'c@d'] }, live: { emailAddresses: ['c@d', 'a@b', 'c@d'] } },
  {
    name: 'output formats in another order',
    wanted: { additionalOutputFormats: [{ type: 'DER' }, { type: 'CombinedPEM' }] },
    live: { additionalOutputFormats: [{ type: 'CombinedPEM' }, { type: 'DER' }] },
  },
  { name: 'no key stores', wanted: { keystores: { jks: { create: false } } }, live: {} },
  { name: 'fields of other writers', wanted: SPEC, live: { ...SPEC, revisionHistoryLimit: 3, secretTemplate: { labels: { team: 'a' } } } },
  { name: 'an empty common name', wanted: { commonName: '' }, live: {} },
];
for (const { name, wanted, live } of SAME) {
  test(`finds nothing to do about ${name}`, () => assert.deepEqual(differingFields(wanted, live), []));
}

const DIFFERENT: readonly { readonly wanted: object; readonly live: object; readonly differs: readonly string[] }[] = [
  { wanted: SPEC, live: { ...SPEC, issuerRef: { name: 'orders-ca', kind: 'ClusterIssuer' } }, differs: ['issuerRef.kind'] },
  { wanted: { renewBefore: '5m' }, live: {}, differs: ['renewBefore'] },
  { wanted: { usages: ['server auth'] }, live: {}, differs: ['usages'] },
  { wanted: { privateKey: { algorithm: 'ECDSA' } }, live: {}, differs: ['privateKey.algorithm'] },
  { wanted: { privateKey: { rotationPolicy: 'Never' } }, live: {}, differs: ['privateKey.rotationPolicy'] },
  { wanted: { isCA: true }, live: {}, differs: ['isCA'] },
  { wanted: { dnsNames: [] }, live: { dnsNames: ['a'] }, differs: ['dnsNames'] },
  {
    wanted: { keystores: { jks: { create: true, passwordSecretRef: { name: 'a', key: 'k' } } } },
    live: { keystores: { jks: { create: true, passwordSecretRef: { name: 'b', key: 'k' } } } },
    differs: ['keystores.jks.passwordSecretRef.name'],
  },
];
for (const { wanted, live, differs } of DIFFERENT) {
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
