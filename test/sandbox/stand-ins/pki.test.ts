/** The sandbox's certificates, keys and stores, judged by Node.js, openssl and keytool; its chains by what cert-manager and Java do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { nextBeginning, trustsChain } from '#reconciler/sandbox/stand-ins/kafka/trust';
import { singleChain } from '#reconciler/sandbox/stand-ins/pki/chain';
import type { CertificateContent } from '#reconciler/sandbox/stand-ins/pki/content';
import { javaKeyStore } from '#reconciler/sandbox/stand-ins/pki/jks';
import { type KeySpec, keyFits, keyToPem } from '#reconciler/sandbox/stand-ins/pki/keys';
import { contentId, createRequest, issuedContentId, signRequest } from '#reconciler/sandbox/stand-ins/pki/x509';
import { type Issued, issueCertificate } from '../../support/certificate-factory';
import { pooledKeys } from '../../support/stored-keys';

const DATES = { notBefore: new Date('2026-11-23T09:00:00Z'), notAfter: new Date('2027-02-21T09:00:00Z') };
const LEAF: CertificateContent = {
  commonName: 'orders-pods.demo.svc',
  subject: { organizations: ['Zürich AG'], organizationalUnits: ['a', 'b'] },
  dnsNames: ['*.orders-pods.demo.svc.cluster.local', 'localhost'],
  ipAddresses: ['127.0.0.1', '2001:db8::1'],
  uris: ['spiffe://demo/orders'],
  emailAddresses: ['ops@example.org'],
  usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
};

const source = pooledKeys();
const key = (spec: Partial<KeySpec> = {}) => source({ algorithm: 'RSA', size: 2048, isCa: false, ...spec }) as KeyObject;
const selfSigned = (caKey: KeyObject) =>
  signRequest({ requestPem: createRequest(caKey, { commonName: 'orders-ca', isCA: true }), key: caKey, nonce: 'ca', ...DATES });
const issue = (leafKey: KeyObject, caKey: KeyObject) =>
  signRequest({
    requestPem: createRequest(leafKey, LEAF),
    issuer: { certificatePem: selfSigned(caKey) },
    key: caKey,
    nonce: 'leaf',
    ...DATES,
  });

describe('certificates and requests', () => {
  const kinds: readonly [string, Partial<KeySpec>][] = [
    ['RSA', {}],
    ['ECDSA P-256', { algorithm: 'ECDSA', size: 256 }],
    ['ECDSA P-384', { algorithm: 'ECDSA', size: 384 }],
    ['Ed25519', { algorithm: 'Ed25519', size: 0 }],
  ];
  for (const [name, spec] of kinds) {
    test(`a CA with a key of ${name} signs a leaf with the requested content`, () => {
      const [leafKey, caKey] = [key(spec), key({ ...spec, isCa: true })];
      const ca = new X509Certificate(selfSigned(caKey));
      const leaf = new X509Certificate(issue(leafKey, caKey));
      assert.ok(ca.ca && ca.verify(ca.publicKey), 'the CA is self-signed');
      assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), 'the CA signed the leaf');
      assert.ok(leaf.checkPrivateKey(leafKey));
      assert.equal(leaf.ca, false);
      assert.equal(leaf.subject, 'O=Zürich AG\nOU=a\nOU=b\nCN=orders-pods.demo.svc');
      assert.equal(
        leaf.subjectAltName,
        'DNS:*.orders-pods.demo.svc.cluster.local, DNS:localhost, email:ops@example.org, URI:spiffe://demo/orders, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1',
      );
      assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      assert.deepEqual([leaf.validFromDate, leaf.validToDate], [DATES.notBefore, DATES.notAfter]);
      assert.ok(keyFits(leafKey, { algorithm: 'RSA', size: 2048, ...spec }));
    });
  }

  test('openssl accepts a chain and a request', (t) => {
    if (spawnSync('openssl', ['version']).status !== 0) return t.skip('openssl is not on the PATH');
    const caKey = key({ isCa: true });
    withFiles({ 'ca.pem': selfSigned(caKey), 'leaf.pem': issue(key(), caKey), 'leaf.csr': createRequest(key(), LEAF) }, (cwd) => {
      const openssl = (...args: string[]) => spawnSync('openssl', args, { cwd, encoding: 'utf8' });
      const chain = openssl('verify', '-x509_strict', '-attime', '1795437600', '-CAfile', 'ca.pem', 'leaf.pem');
      assert.equal(chain.stdout.trim(), 'leaf.pem: OK', chain.stderr);
      const request = openssl('req', '-in', 'leaf.csr', '-verify', '-noout');
      assert.equal(request.status, 0, request.stderr);
    });
  });

  test('requested and issued content have one id, whatever the order of names', () => {
    const pem = issue(key(), key({ isCa: true }));
    assert.equal(issuedContentId(pem), contentId({ ...LEAF, dnsNames: [...(LEAF.dnsNames ?? [])].reverse() }));
  });

  test('a request with a foreign signature is refused', () => {
    const lines = createRequest(key(), LEAF).split('\n');
    const last = lines.length - 3;
    lines[last] = (lines[last] ?? '').replace(/^./, (c) => (c === 'A' ? 'B' : 'A'));
    const sign = () => signRequest({ requestPem: lines.join('\n'), key: key(), nonce: 'x', ...DATES });
    assert.throws(sign, /not signed with its own key/);
  });
});

describe('keys and stores', () => {
  test('pooled keys are few for leaves and different for each CA of a source', () => {
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

  test('keytool reads both stores and the key', (t) => {
    if (spawnSync('keytool', ['-help']).status !== 0) return t.skip('keytool is not on the PATH');
    const [leafKey, caKey] = [key(), key({ isCa: true })];
    const chain = [new X509Certificate(issue(leafKey, caKey)).raw];
    const ca = { alias: 'ca', certificate: new X509Certificate(selfSigned(caKey)).raw };
    const own = { alias: 'certificate', key: leafKey.export({ type: 'pkcs8', format: 'der' }), chain };
    const store = (entries: Parameters<typeof javaKeyStore>[0]) => javaKeyStore(entries, 'changeit-1', DATES.notBefore);
    withFiles({ 'keystore.jks': store([own, ca]), 'truststore.jks': store([ca]) }, (cwd) => {
      const env = { ...process.env, LC_ALL: 'C' };
      const keytool = (command: string, file: string, ...args: string[]) =>
        spawnSync('keytool', [command, '-keystore', file, '-storepass', 'changeit-1', ...args], { cwd, encoding: 'utf8', env }).stdout;
      assert.match(keytool('-list', 'keystore.jks'), /certificate, .*PrivateKeyEntry/);
      assert.match(keytool('-list', 'keystore.jks'), /ca, .*trustedCertEntry/);
      assert.match(keytool('-list', 'truststore.jks'), /ca, .*trustedCertEntry/);
      assert.match(keytool('-certreq', 'keystore.jks', '-alias', 'certificate'), /BEGIN NEW CERTIFICATE REQUEST/);
    });
  });
});

const root = issueCertificate({ commonName: 'x-root', isCa: true });
const policy = issueCertificate({ commonName: 'x-policy', issuer: root, isCa: true });
const issuing = issueCertificate({ commonName: 'x-issuing', issuer: policy, isCa: true });
const leaf = issueCertificate({ commonName: 'x-leaf', issuer: issuing });
const other = issueCertificate({ commonName: 'x-other', isCa: true });

describe('the chain that a CA issuer makes of the certificates in its Secret, as cert-manager 1.21 does', () => {
  const cases: readonly [name: string, given: readonly Issued[], made?: readonly [tlsCrt: string, caCrt: string]][] = [
    ['leaves out the self-signed root', [leaf, issuing, policy, root], ['leaf issuing policy', 'root']],
    ['follows signatures, not the given order', [root, policy, leaf, issuing], ['leaf issuing policy', 'root']],
    ['counts a certificate once', [leaf, issuing, policy, policy, root, issuing], ['leaf issuing policy', 'root']],
    ['keeps a top that is not self-signed, also as the CA', [leaf, issuing, policy], ['leaf issuing policy', 'policy']],
    ['ends at the issuing CA if no other is known', [leaf, issuing], ['leaf issuing', 'issuing']],
    ['refuses a certificate that signed none of the chain', [leaf, issuing, policy, other]],
    ['refuses a chain with a gap', [leaf, issuing, root]],
  ];
  for (const [name, given, made] of cases) {
    test(name, () => {
      const chain = singleChain(given.map((c) => c.cert));
      const nameOf = (pem: string) => new X509Certificate(pem).subject.split('CN=x-')[1];
      assert.deepEqual(chain && [chain.certificates.map(nameOf).join(' '), nameOf(chain.ca)], made);
    });
  }
});

describe('the chains that a peer accepts, as Java 17 does', () => {
  const NOW = new Date('2026-11-23T09:00:00Z');
  const PAST = { notBefore: '2026-01-01T00:00:00Z', notAfter: '2026-11-01T00:00:00Z' };
  const FUTURE = { notBefore: '2026-12-01T00:00:00Z', notAfter: '2027-11-01T00:00:00Z' };
  const oldRoot = issueCertificate({ commonName: 'x-old-root', isCa: true, ...PAST });
  const oldIssuing = issueCertificate({ commonName: 'x-old-issuing', issuer: policy, isCa: true, ...PAST });
  const of = (issuer: Issued, dates = {}) => issueCertificate({ commonName: 'x-leaf', issuer, ...dates });
  const pems = (chain: readonly Issued[]) => chain.map((c) => c.cert);

  const cases: readonly [name: string, chain: readonly Issued[], trust: Issued, accepted: boolean][] = [
    ['a valid chain', [leaf, issuing, policy], root, true],
    ['an expired leaf', [of(issuing, PAST), issuing, policy], root, false],
    ['a leaf that is not yet valid', [of(issuing, FUTURE), issuing, policy], root, false],
    ['an expired intermediate', [of(oldIssuing), oldIssuing, policy], root, false],
    ['an expired root: dates of trust anchors do not count', [of(oldRoot)], oldRoot, true],
    ['an expired intermediate that is a trust anchor itself', [of(oldIssuing), oldIssuing], oldIssuing, true],
    ['another root', [leaf, issuing, policy], oldRoot, false],
  ];
  for (const [name, chain, trust, accepted] of cases) {
    test(`${name}: ${accepted ? 'accepted' : 'refused'}`, () => {
      assert.equal(trustsChain([trust.cert], pems(chain), NOW, NOW), accepted);
    });
  }

  test('a leaf that is not yet valid is accepted by peers that still connect when it is', () => {
    const later = new Date(FUTURE.notBefore);
    const chain = pems([of(issuing, FUTURE), issuing, policy]);
    assert.equal(trustsChain([root.cert], chain, NOW, new Date(later.getTime() - 1)), false);
    assert.equal(trustsChain([root.cert], chain, NOW, later), true);
    assert.deepEqual([nextBeginning(chain, NOW), nextBeginning(chain, later)], [later.getTime(), undefined]);
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
