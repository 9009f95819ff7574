import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignedBy, judgeChain, keyEncodingOf, parseCertificates, readCertificates } from '#reconciler/pki/certificates';
import { asPkcs1, issueCertificate } from '../support/certificate-factory';

const NOW = new Date('2026-11-23T09:00:00Z');
const FQDN = 'orders-broker-0.orders-pods.demo.svc.cluster.local';

// Made with openssl, since node-forge knows RSA only; their keys were not kept.
const EC_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIUPJSz+4+SRzLjXOPXjPlM5Yi6FykwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZWMtbGVhZjAeFw0yNjExMjMyMzU1MThaFw0zNjExMjAyMzU1
MThaMBIxEDAOBgNVBAMMB2VjLWxlYWYwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AASiOgkktZGBMrSwTTMRZmRyqPXOGpOYMo2Vc5txplkionSdNkJ/VTwWyVUHvT71
mISaltFW9msFiH3Yox+zSE5Vo1MwUTAdBgNVHQ4EFgQUFYnWG5aPaS5bqCQDpQRA
08OyrucwHwYDVR0jBBgwFoAUFYnWG5aPaS5bqCQDpQRA08OyrucwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA1dwEat5C96guySM9oQxhsEO6lHmm
ILVUmgYkx8DTRoICIQD5kcxuTJUMdTgfULq5L72omNSzJzuMG6QRZt2kvW3rIA==
-----END CERTIFICATE-----`;
const ED25519_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBQjCB9aADAgECAhQvHkeHWc0JD7jUFJ9ye/hgi3idDDAFBgMrZXAwFzEVMBMG
A1UEAwwMZWQyNTUxOS1sZWFmMB4XDTI2MTEyMzIzNTUxOFoXDTM2MTEyMDIzNTUx
OFowFzEVMBMGA1UEAwwMZWQyNTUxOS1sZWFmMCowBQYDK2VwAyEAc3dAQWmRRLnW
j63AyD2b+7N5HZzk7XK5EtWOJI9DY8CjUzBRMB0GA1UdDgQWBBSDFWZx9MWAPHdF
UokOM+gkRZPPxzAfBgNVHSMEGDAWgBSDFWZx9MWAPHdFUokOM+gkRZPPxzAPBgNV
HRMBAf8EBTADAQH/MAUGAytlcANBAGd3hYaIXSGmBlUiWKkORKBrxPJwPXaTGrMi
PlLB0xvNVN0bC+JveizWwz7wDZHLPB03pbySBOI4K8raAvVkWgM=
-----END CERTIFICATE-----`;

const root = issueCertificate({ commonName: 'root', isCa: true });
const otherRoot = issueCertificate({ commonName: 'other root', isCa: true });
const intermediate = issueCertificate({ commonName: 'intermediate', isCa: true, issuer: root });
const names = { dnsNames: ['*.orders-pods.demo.svc.cluster.local', 'localhost'], ipAddresses: ['127.0.0.1'] };
const leaf = issueCertificate({ commonName: 'leaf', issuer: root, ...names });
const deepLeaf = issueCertificate({ commonName: 'leaf', issuer: intermediate, ...names });

test('reads every fact of a certificate', () => {
  const full = issueCertificate({
    commonName: 'leaf',
    issuer: root,
    dnsNames: ['a.example', '*.b.example'],
    ipAddresses: ['10.0.0.1', 'fd00::1'],
    uris: ['spiffe://a/b, c'],
    emailAddresses: ['ops@a.example'],
  });
  const [facts] = parseCertificates(full.cert);
  assert.deepEqual(
    { ...facts, fingerprint: facts?.fingerprint.length, publicKey: facts?.publicKey.length, serial: typeof facts?.serial },
    {
      fingerprint: 64,
      serial: 'string',
      subject: 'O=kafka, CN=leaf',
      issuer: 'O=kafka, CN=root',
      notBefore: '2026-01-01T00:00:00Z',
      notAfter: '2036-01-01T00:00:00Z',
      dnsNames: ['a.example', '*.b.example'],
      ipAddresses: ['10.0.0.1', 'fd00::1'],
      uris: ['spiffe://a/b, c'],
      emailAddresses: ['ops@a.example'],
      publicKey: 64,
      keyKind: { algorithm: 'RSA', size: 2048 },
      isCa: false,
    },
  );
});

test('reads EC and Ed25519 certificates', () => {
  for (const pem of [EC_CERTIFICATE, ED25519_CERTIFICATE]) {
    const [facts] = parseCertificates(pem);
    assert.equal(facts?.subject.includes('CN='), true);
    assert.equal(facts?.publicKey.length, 64);
  }
});

test('two certificates of one key have the same public key and other fingerprints', () => {
  const renewed = issueCertificate({ commonName: 'root', isCa: true, notAfter: '2040-01-01T00:00:00Z' });
  const [a, b] = parseCertificates(root.cert + renewed.cert);
  assert.equal(a?.publicKey, b?.publicKey);
  assert.notEqual(a?.fingerprint, b?.fingerprint);
});

test('reads what it can of a bundle with a broken certificate, and says which', () => {
  const broken = leaf.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const read = readCertificates(`${root.cert}${broken}`);
  assert.equal(read.certificates.length, 1);
  assert.equal(read.unreadable, 'certificate 2 of 2 cannot be decoded');
});

const chains: { name: string; chain: string[]; trust: string[]; servername?: string; now?: Date; untrusted?: RegExp; isSigned: boolean }[] =
  [
    { name: 'a leaf of a trusted root holds', chain: [leaf.cert], trust: [root.cert], isSigned: true },
    { name: 'a chain over an intermediate holds', chain: [deepLeaf.cert, intermediate.cert], trust: [root.cert], isSigned: true },
    { name: 'a trusted intermediate is enough', chain: [deepLeaf.cert], trust: [intermediate.cert], isSigned: true },
    { name: 'one of several trusted roots is enough', chain: [leaf.cert], trust: [otherRoot.cert + root.cert], isSigned: true },
    { name: 'a leaf that is trusted itself holds', chain: [leaf.cert], trust: [leaf.cert], isSigned: true },
    { name: 'an address in the certificate holds', chain: [leaf.cert], trust: [root.cert], servername: '127.0.0.1', isSigned: true },
    {
      name: 'a missing intermediate breaks the chain',
      chain: [deepLeaf.cert],
      trust: [root.cert],
      untrusted: /CN=intermediate.*none of the trusted/,
      isSigned: false,
    },
    { name: 'another root is not trusted', chain: [leaf.cert], trust: [otherRoot.cert], untrusted: /CN=other root/, isSigned: false },
    {
      name: 'a root of the same name and another key is not trusted',
      chain: [impostor().cert],
      trust: [root.cert],
      untrusted: /none of the trusted/,
      isSigned: false,
    },
    {
      name: 'an intermediate without the CA flag is no issuer',
      chain: [issueCertificate({ commonName: 'below leaf', issuer: leaf, ...names }).cert, leaf.cert],
      trust: [root.cert],
      untrusted: /none of the trusted/,
      isSigned: false,
    },
    { name: 'nothing is trusted when no CA is known', chain: [leaf.cert], trust: [], untrusted: /no CA certificate/, isSigned: false },
    {
      name: 'a name outside the wildcard is refused',
      chain: [leaf.cert],
      trust: [root.cert],
      servername: 'a.b.orders-pods.demo.svc.cluster.local',
      untrusted: /not valid for a\.b/,
      isSigned: true,
    },
    {
      name: 'an expired leaf is refused',
      chain: [leaf.cert],
      trust: [root.cert],
      now: new Date('2036-02-01T00:00:00Z'),
      untrusted: /^expired 2036-01-01/,
      isSigned: true,
    },
    {
      name: 'a leaf from the future is refused',
      chain: [leaf.cert],
      trust: [root.cert],
      now: new Date('2025-02-01T00:00:00Z'),
      untrusted: /not valid before/,
      isSigned: true,
    },
  ];

function impostor() {
  const fakeRoot = { ...otherRoot, forgeCert: root.forgeCert };
  return issueCertificate({ commonName: 'leaf', issuer: fakeRoot, ...names });
}

for (const c of chains) {
  test(c.name, () => {
    const judged = judgeChain(c.chain, c.servername ?? FQDN, c.trust, c.now ?? NOW);
    assert.ok('leaf' in judged);
    assert.equal(judged.isSigned, c.isSigned);
    if (c.untrusted === undefined) assert.equal(judged.untrusted, undefined);
    else assert.match(judged.untrusted ?? '', c.untrusted);
    assert.equal(isSignedBy(c.chain.join(''), c.trust.join('')), c.isSigned);
  });
}

test('a CA that was renewed many times, and is not trusted, does not take for ever', () => {
  const years = Array.from({ length: 14 }, (_, i) => `20${30 + i}-01-01T00:00:00Z`);
  const renewed = years.map((notAfter) => issueCertificate({ commonName: 'root', isCa: true, notAfter }).cert);
  const judged = judgeChain([leaf.cert, ...renewed], FQDN, [otherRoot.cert], NOW);
  assert.equal('isSigned' in judged && judged.isSigned, false);
});

test('a date beyond the year 9999 makes a certificate unreadable', () => {
  const der = Buffer.from(leaf.cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  // "360101000000Z", the end of its validity, as a UTCTime; the tag and the text of a GeneralizedTime are as long here, and no date.
  const end = der.indexOf('360101000000Z');
  assert.ok(end > 0);
  der[end - 2] = 24;
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  const { certificates, unreadable } = readCertificates(pem);
  assert.deepEqual([certificates.map((c) => c.notAfter), unreadable], [[], 'certificate 1 of 1 cannot be decoded']);
});

test('tells the encoding of a key by its header', () => {
  assert.equal(keyEncodingOf(leaf.key), 'PKCS8');
  assert.equal(keyEncodingOf(asPkcs1(leaf.key)), 'PKCS1');
  assert.equal(keyEncodingOf('-----BEGIN ENCRYPTED PRIVATE KEY-----'), undefined);
  assert.equal(keyEncodingOf(''), undefined);
});

test('never throws, whatever is said to be a certificate', () => {
  const damaged = fc
    .tuple(fc.nat(leaf.cert.length), fc.string())
    .map(([at, text]) => leaf.cert.slice(0, at) + text + leaf.cert.slice(at + text.length));
  const wrapped = fc.base64String().map((b) => `-----BEGIN CERTIFICATE-----\n${b}\n-----END CERTIFICATE-----`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), damaged, wrapped), (pem) => {
      const read = readCertificates(pem);
      assert.ok(read.certificates.length > 0 || read.unreadable !== undefined);
      judgeChain([pem], FQDN, [pem, root.cert], NOW);
      isSignedBy(pem, root.cert);
      keyEncodingOf(pem);
    }),
    { numRuns: 300 },
  );
});
