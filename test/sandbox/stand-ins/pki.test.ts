import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { CertificateContent } from '#reconciler/sandbox/stand-ins/pki/content';
import { javaKeyStore } from '#reconciler/sandbox/stand-ins/pki/jks';
import { type KeySpec, keyFits, keyToPem, pooledKeys } from '#reconciler/sandbox/stand-ins/pki/keys';
import { contentId, createRequest, issuedContentId, signRequest } from '#reconciler/sandbox/stand-ins/pki/x509';

const NOT_BEFORE = new Date('2026-11-23T09:00:00Z');
const NOT_AFTER = new Date('2027-02-21T09:00:00Z');
const LEAF: CertificateContent = {
  commonName: 'orders-pods.demo.svc',
  subject: { organizations: ['Zürich AG'], organizationalUnits: ['a', 'b'] },
  dnsNames: ['*.orders-pods.demo.svc.cluster.local', 'localhost'],
  ipAddresses: ['127.0.0.1', '2001:db8::1'],
  uris: ['spiffe://demo/orders'],
  emailAddresses: ['ops@example.org'],
  usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
};
const CA: CertificateContent = { commonName: 'orders-ca', isCA: true };

const source = pooledKeys();
const key = (spec: Partial<KeySpec> = {}) => source({ algorithm: 'RSA', size: 2048, isCa: false, ...spec }) as KeyObject;

function selfSigned(caKey: KeyObject): string {
  return signRequest({ requestPem: createRequest(caKey, CA), key: caKey, nonce: 'ca', notBefore: NOT_BEFORE, notAfter: NOT_AFTER });
}

function issue(leafKey: KeyObject, caKey: KeyObject, content = LEAF): string {
  const issuer = { certificatePem: selfSigned(caKey) };
  return signRequest({
    requestPem: createRequest(leafKey, content),
    issuer,
    key: caKey,
    nonce: 'leaf',
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
  });
}

const kinds: readonly [string, Partial<KeySpec>][] = [
  ['RSA', {}],
  ['ECDSA P-256', { algorithm: 'ECDSA', size: 256 }],
  ['ECDSA P-384', { algorithm: 'ECDSA', size: 384 }],
  ['Ed25519', { algorithm: 'Ed25519', size: 0 }],
];

for (const [name, spec] of kinds) {
  test(`a ${name} CA signs a leaf that verifies and says what was asked`, () => {
    const [leafKey, caKey] = [key(spec), key({ ...spec, isCa: true })];
    const ca = new X509Certificate(selfSigned(caKey));
    const leaf = new X509Certificate(issue(leafKey, caKey));
    assert.ok(ca.ca && ca.verify(ca.publicKey), 'the CA is self-signed');
    assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), 'the leaf is signed by the CA');
    assert.ok(leaf.checkPrivateKey(leafKey));
    assert.equal(leaf.ca, false);
    assert.equal(leaf.subject, 'O=Zürich AG\nOU=a\nOU=b\nCN=orders-pods.demo.svc');
    assert.equal(
      leaf.subjectAltName,
      'DNS:*.orders-pods.demo.svc.cluster.local, DNS:localhost, email:ops@example.org, URI:spiffe://demo/orders, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1',
    );
    assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    assert.equal(leaf.validFromDate.toISOString(), NOT_BEFORE.toISOString());
    assert.equal(leaf.validToDate.toISOString(), NOT_AFTER.toISOString());
    assert.ok(keyFits(leafKey, { algorithm: 'RSA', size: 2048, ...spec }));
  });
}

test('openssl finds nothing wrong with a chain', (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) return t.skip('openssl is not on the PATH');
  const caKey = key({ isCa: true });
  withFiles({ 'ca.pem': selfSigned(caKey), 'leaf.pem': issue(key(), caKey), 'leaf.csr': createRequest(key(), LEAF) }, (folder) => {
    const options = { cwd: folder, encoding: 'utf8' as const };
    const chain = spawnSync('openssl', ['verify', '-x509_strict', '-attime', '1795437600', '-CAfile', 'ca.pem', 'leaf.pem'], options);
    assert.equal(chain.stdout.trim(), 'leaf.pem: OK', chain.stderr);
    const request = spawnSync('openssl', ['req', '-in', 'leaf.csr', '-verify', '-noout'], options);
    assert.equal(request.status, 0, request.stderr);
  });
});

test('what was asked for and what was issued have one identity, whatever the order of names', () => {
  const pem = issue(key(), key({ isCa: true }));
  assert.equal(issuedContentId(pem), contentId({ ...LEAF, dnsNames: [...(LEAF.dnsNames ?? [])].reverse() }));
});

const differences: readonly [string, CertificateContent][] = [
  ['another common name', { ...LEAF, commonName: 'other' }],
  ['another organization', { ...LEAF, subject: { organizations: ['other'] } }],
  ['a DNS name more', { ...LEAF, dnsNames: [...(LEAF.dnsNames ?? []), 'more'] }],
  ['an address less', { ...LEAF, ipAddresses: ['127.0.0.1'] }],
  ['another usage', { ...LEAF, usages: ['server auth'] }],
  ['being a CA', { ...LEAF, isCA: true }],
];
for (const [name, content] of differences) {
  test(`a certificate's identity shows ${name}`, () => {
    assert.notEqual(contentId(LEAF), contentId(content));
  });
}

test('a request that somebody else signed is refused', () => {
  const pem = createRequest(key(), LEAF);
  const lines = pem.split('\n');
  const last = lines.length - 3;
  lines[last] = (lines[last] ?? '').replace(/^./, (c) => (c === 'A' ? 'B' : 'A'));
  const sign = () => signRequest({ requestPem: lines.join('\n'), key: key(), nonce: 'x', notBefore: NOT_BEFORE, notAfter: NOT_AFTER });
  assert.throws(sign, /not signed with its own key/);
});

test('pooled keys are few for leaves and never the same for two CAs of one source', () => {
  const pool = pooledKeys();
  const publicKeyOf = (isCa: boolean) =>
    createPublicKey(pool({ algorithm: 'ECDSA', size: 256, isCa }) as KeyObject).export({ type: 'spki', format: 'pem' });
  assert.equal(new Set([1, 2, 3, 4, 5].map(() => publicKeyOf(false))).size, 2);
  assert.equal(new Set([1, 2, 3].map(() => publicKeyOf(true))).size, 3);
});

test('private keys are written as PKCS1 or PKCS8', () => {
  assert.match(keyToPem(key(), 'PKCS1'), /^-----BEGIN RSA PRIVATE KEY-----/);
  assert.match(keyToPem(key(), 'PKCS8'), /^-----BEGIN PRIVATE KEY-----/);
});

test('keytool reads both stores, the key included', (t) => {
  if (spawnSync('keytool', ['-help']).status !== 0) return t.skip('keytool is not on the PATH');
  const [leafKey, caKey] = [key(), key({ isCa: true })];
  const chain = [new X509Certificate(issue(leafKey, caKey)).raw];
  const certificate = new X509Certificate(selfSigned(caKey)).raw;
  const pkcs8 = leafKey.export({ type: 'pkcs8', format: 'der' });
  const keystore = javaKeyStore(
    [
      { alias: 'certificate', key: pkcs8, chain },
      { alias: 'ca', certificate },
    ],
    'changeit-1',
    NOT_BEFORE,
  );
  const truststore = javaKeyStore([{ alias: 'ca', certificate }], 'changeit-1', NOT_BEFORE);
  withFiles({ 'keystore.jks': keystore, 'truststore.jks': truststore }, (folder) => {
    const keytool = (...args: string[]) =>
      spawnSync('keytool', [...args, '-storepass', 'changeit-1'], { cwd: folder, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    assert.match(
      keytool('-list', '-keystore', 'keystore.jks').stdout,
      /ca, .*trustedCertEntry[\s\S]*certificate, .*PrivateKeyEntry|certificate, .*PrivateKeyEntry[\s\S]*ca, .*trustedCertEntry/,
    );
    assert.match(keytool('-list', '-keystore', 'truststore.jks').stdout, /ca, .*trustedCertEntry/);
    const signed = keytool('-certreq', '-keystore', 'keystore.jks', '-alias', 'certificate');
    assert.match(signed.stdout, /BEGIN NEW CERTIFICATE REQUEST/, signed.stdout);
  });
});

function withFiles(files: Record<string, string | Buffer>, use: (folder: string) => void): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'pki-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
