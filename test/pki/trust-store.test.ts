import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { readCas } from '#reconciler/pki/certificates';
import { trustedIn } from '#reconciler/pki/trust-store';
import { javaKeyStore } from '#reconciler/sandbox/stand-ins/pki/jks';
import { issueCertificate } from '../support/certificate-factory';

const roots = [issueCertificate({ commonName: 'old', isCa: true }), issueCertificate({ commonName: 'new', isCa: true })];
const entries = roots.map(({ cert }, i) => ({ alias: `ca-${i}`, certificate: new X509Certificate(cert).raw }));
const store = javaKeyStore(entries, 'changeit', new Date(0));

test('a store shows its trusted certificates without its password', () => {
  assert.deepEqual(
    trustedIn(store),
    roots.map(({ cert }) => readCas(cert).certificates[0]?.fingerprint),
  );
  assert.deepEqual(trustedIn(javaKeyStore([], 'changeit', new Date(0))), []);
});

const unreadable: readonly [name: string, bytes: Buffer][] = [
  ['an empty file', Buffer.alloc(0)],
  ['text', Buffer.from('no store at all')],
  ['a store that ends within a certificate', store.subarray(0, 200)],
  ['a store that ends after its head', store.subarray(0, 12)],
  ['a store with a private key', javaKeyStore([{ alias: 'key', key: Buffer.from('key'), chain: [] }], 'changeit', new Date(0))],
];
for (const [name, bytes] of unreadable) test(`${name} shows nothing`, () => assert.equal(trustedIn(bytes), undefined));
