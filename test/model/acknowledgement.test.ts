import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACKNOWLEDGEMENT_RULES, type Acknowledged, acknowledgedRoot, formatAcknowledgement } from '#model/acknowledgement';
import { KINDS, ref } from '#model/kube-object';
import { checkRules } from '#model/rules';

const ROOT = '0123456789abcdef'.repeat(4);
const COLONS = ROOT.toUpperCase().replace(/..(?!$)/g, '$&:');

describe('a root is acknowledged', () => {
  const spellings: readonly { readonly name: string; readonly text: string }[] = [
    { name: 'plain digits', text: ROOT },
    { name: 'upper case', text: ROOT.toUpperCase() },
    { name: 'colons', text: COLONS },
    { name: 'a prefix', text: `sha256:${ROOT}` },
    { name: 'OpenSSL 1', text: `SHA256 Fingerprint=${COLONS}` },
    { name: 'OpenSSL 3', text: `sha256 Fingerprint=${COLONS}` },
    { name: 'keytool', text: `SHA256: ${COLONS}` },
    { name: 'a line with its end', text: ` ${ROOT}\n` },
  ];
  for (const { name, text } of spellings) {
    test(`by its fingerprint: ${name}`, () => assert.deepEqual(acknowledgedRoot(text), { kind: 'trustRootChangesTo', root: ROOT }));
  }

  for (const issuer of ['corp-ca', 'ca.example.org', '0123abcd']) {
    test(`by the name of an issuer: ${issuer}`, () => assert.deepEqual(acknowledgedRoot(issuer), { kind: 'trustRootChangesTo', issuer }));
  }
});

describe('an acknowledgement is refused', () => {
  const of = (a: Acknowledged) => checkRules({ acknowledge: [a] }, ACKNOWLEDGEMENT_RULES, ref(KINDS.Kafka, 'demo', 'orders'));
  const roots: readonly { readonly name: string; readonly text: string }[] = [
    { name: 'nothing', text: '' },
    { name: 'upper case', text: 'Corp-CA' },
    { name: 'an issuer with its kind', text: 'ClusterIssuer/corp-ca' },
    { name: 'a fingerprint that was cut', text: ROOT.slice(1) },
    { name: 'a fingerprint that was cut, with colons', text: COLONS.slice(3) },
    { name: 'SHA-1', text: ROOT.slice(0, 40) },
    { name: 'SHA-1 by OpenSSL', text: `SHA1 Fingerprint=${COLONS.slice(0, 59)}` },
    { name: 'a blank', text: ' corp-ca' },
  ];
  for (const { name, text } of roots) {
    test(`whose root is ${name}`, () => {
      const [violation] = of(acknowledgedRoot(text));
      assert.equal(violation?.severity, 'error');
      assert.equal(violation?.field, 'acknowledge[0].issuer');
      assert.match(violation?.message ?? '', /neither the SHA-256 fingerprint of a root certificate nor the name of an issuer/);
    });
  }

  for (const content of ['', 'orders-tls-22be769b', '22be769', '22be769b-', '22be769b-0', 'off']) {
    test(`whose content is "${content}"`, () => assert.equal(of({ kind: 'clientsMoveToTls', content }).length, 1));
  }

  test('but not if its content is that of a TLS state', () => {
    assert.deepEqual(of({ kind: 'clientsMoveToTls', content: '22be769b' }), []);
    assert.deepEqual(of({ kind: 'ephemeralDataIsLost', content: '22be769b-2' }), []);
  });
});

test('an acknowledgement is printed as the user writes it', () => {
  assert.equal(formatAcknowledgement({ kind: 'clientsLeaveTls' }), 'Acknowledgement.clientsLeaveTls()');
  assert.equal(formatAcknowledgement({ kind: 'clientsLeaveTls', content: '22be769b' }), "Acknowledgement.clientsLeaveTls('22be769b')");
  assert.equal(formatAcknowledgement(acknowledgedRoot('orders-ca-2')), "Acknowledgement.trustRootChangesTo('orders-ca-2')");
  assert.equal(formatAcknowledgement(acknowledgedRoot(COLONS)), `Acknowledgement.trustRootChangesTo('${ROOT}')`);
});
