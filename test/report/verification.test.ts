import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import { PLAIN } from '#reconciler/report/style';
import { type Mismatch, type Verification, verdictLine, verificationJson, verificationText } from '#reconciler/report/verification';
import { expectGolden } from '../support/golden';
import { LIVE } from './samples';

const tls = { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' }, certificates: [] } as const;
const mismatches: readonly Mismatch[] = [
  { subject: ref(KINDS.Pod, 'demo', 'orders-broker-0'), problem: 'BROKER: serves plaintext, wanted TLS', isUnknown: false },
  { subject: ref(KINDS.Pod, 'demo', 'orders-broker-1'), problem: 'BROKER: connect ETIMEDOUT', isUnknown: true },
];
const verification: Verification = { live: LIVE, tls, mismatches };

test('prints the certificate of every listener, then the mismatches', () => {
  expectGolden('test/report/golden/verification.txt', verificationText(verification, PLAIN));
});

test('a listener without an answer is unknown, never verified', () => {
  assert.equal(verdictLine({ ...verification, mismatches: mismatches.slice(1) }), 'Not verified: 1 unknown.');
  assert.equal(verdictLine({ ...verification, live: { ...LIVE, pods: [] }, mismatches: [] }), 'Not verified: the Kafka has no pod.');
});

test('prints the verdict', () => {
  assert.equal(verdictLine({ ...verification, mismatches: [] }), 'Verified: 6 listeners of 6 pods, each serves what its Secret holds.');
});

test('prints the same as JSON', () => {
  const document = JSON.parse(verificationJson(verification));
  assert.equal(document.verified, false);
  assert.deepEqual(document.mismatches[1], { subject: 'Pod/demo/orders-broker-1', problem: 'BROKER: connect ETIMEDOUT', isUnknown: true });
  assert.equal(document.listeners.length, 6);
});
