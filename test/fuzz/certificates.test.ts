/** Anything in the place of certificates in Secrets and listeners: it is read, or reported as unreadable. No value is thrown or repeated. */

import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { KINDS, type KubeObject } from '#model/kube-object';
import { secretFacts, signingCa, trustOf } from '#reconciler/observe/secret';
import { isSignedBy, judgeChain, keyEncodingOf, readCertificates } from '#reconciler/pki/certificates';
import type { Cluster } from '#reconciler/ports';
import { type KeySpec, keyToPem } from '#reconciler/sandbox/stand-ins/pki/keys';
import { createRequest, signRequest } from '#reconciler/sandbox/stand-ins/pki/x509';
import { untyped } from '#test/support/untyped';
import { configMapOfBundle, yaml } from '../support/bundle-text';
import { pooledKeys } from '../support/stored-keys';
import { bundlesFor, outsideOf, tlsWorld } from './fixtures';
import { assertAlways, assertGraceful, runGracefully } from './graceful';
import { anySlips, slipped } from './mutations';

const folder = mkdtempSync(path.join(tmpdir(), 'fuzz-certificates-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const NOW = new Date('2026-11-23T09:00:00Z');
const keys = pooledKeys();
const DATES = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') };

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A CA and a leaf of every kind of key. */
const PAIRS: readonly Pair[] = (['RSA', 'ECDSA', 'Ed25519'] as const).flatMap((algorithm) => {
  const spec: KeySpec = { algorithm, size: algorithm === 'RSA' ? 2048 : 256, isCa: true };
  const caKey = keys(spec) as KeyObject;
  const leafKey = keys({ ...spec, isCa: false }) as KeyObject;
  const ca = signRequest({
    requestPem: createRequest(caKey, { commonName: `${algorithm} CA`, isCA: true }),
    key: caKey,
    nonce: 'c',
    ...DATES,
  });
  const names = { dnsNames: ['a.example.org'], ipAddresses: ['::1'], uris: ['urn:a, b'] };
  const issuer = { certificatePem: ca };
  const leaf = signRequest({ requestPem: createRequest(leafKey, names), issuer, key: caKey, nonce: 'l', ...DATES });
  return [
    { cert: ca, key: keyToPem(caKey, 'PKCS8') },
    { cert: leaf, key: keyToPem(leafKey, algorithm === 'Ed25519' ? 'PKCS8' : 'PKCS1') },
  ];
});
const CERTIFICATES = PAIRS.map((p) => p.cert);

const derOf = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
const pemOf = (label: string, der: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;

const anyCertificate = fc.constantFrom(...CERTIFICATES);
/** Good PEM around DER, some bytes of which are others. */
const anyBentDer = fc
  .tuple(anyCertificate, fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.option(fc.nat(1_000)))
  .map(([pem, changes, length]) => {
    const der = derOf(pem);
    for (const [at, byte] of changes) der[at % der.length] = byte;
    return pemOf('CERTIFICATE', length === null ? der : der.subarray(0, length));
  });
const anyBentText = fc.tuple(anyCertificate, anySlips).map(([pem, slips]) => slipped(pem, slips));
const anyOtherLabel = fc
  .tuple(
    fc.constantFrom('TRUSTED CERTIFICATE', 'X509 CERTIFICATE', 'PRIVATE KEY', 'CERTIFICATE REQUEST', 'certificate', ''),
    anyCertificate,
  )
  .map(([label, pem]) => pemOf(label, derOf(pem)));
const anyNoise = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => pemOf('CERTIFICATE', bytes)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.constantFrom(
    '',
    '\n',
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
    '-----BEGIN '.repeat(20_000),
  ),
  fc.constant(`-----BEGIN CERTIFICATE-----${'A'.repeat(300_000)}-----END CERTIFICATE-----`),
);
const anyPem = fc
  .array(fc.oneof(anyCertificate, anyBentDer, anyBentText, anyOtherLabel, anyNoise, fc.constantFrom(...PAIRS.map((p) => p.key))), {
    maxLength: 5,
  })
  .map((parts) => parts.join(''));

test('a chain of any length is read', async () => {
  const property = fc.asyncProperty(fc.array(anyCertificate, { minLength: 1, maxLength: 30 }), async (chain) => {
    const { certificates, unreadable } = readCertificates(chain.join('\r\n# a remark\n'));
    assert.equal(certificates.length, chain.length);
    assert.equal(unreadable, undefined);
  });
  await assertAlways(property, 50);
});

test('any text is read or reported as unreadable', async () => {
  const property = fc.asyncProperty(anyPem, anyPem, fc.constantFrom('a.example.org', '::1', '', '*', 'ü'), async (chain, trust, name) => {
    const { certificates, unreadable } = readCertificates(chain);
    assert.ok(certificates.length > 0 || (unreadable ?? '') !== '', 'nothing was read, and no reason was given');
    for (const c of certificates) {
      assert.ok(!Number.isNaN(Date.parse(c.notBefore)) && !Number.isNaN(Date.parse(c.notAfter)), JSON.stringify(c));
    }
    const judged = judgeChain([chain], name, [trust], NOW);
    if ('unreadable' in judged) assert.equal(certificates.length, 0);
    else if (judged.isSigned) assert.equal(isSignedBy(chain, trust), true);
    keyEncodingOf(chain);
    assertWords([unreadable, 'unreadable' in judged ? judged.unreadable : judged.untrusted].join('\n'));
  });
  await assertAlways(property, 200);
});

function assertWords(text: string): void {
  assertGraceful({ exitCode: 1, stdout: text, stderr: 'x' });
}

/** The data of a Secret: PEM or bytes in base64, or what is no base64 at all. */
const anyData = fc.oneof(
  { weight: 5, arbitrary: anyPem.map((pem) => Buffer.from(pem).toString('base64')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64')) },
  { weight: 1, arbitrary: fc.constantFrom('', '====', 'not base64', '\u0000') },
);
const anySecretData = fc.record({ 'tls.crt': anyData, 'ca.crt': anyData, 'tls.key': anyData }, { requiredKeys: [] });

test('a Secret of anything has facts, without any of its values', async () => {
  const property = fc.asyncProperty(anySecretData, async (data) => {
    const secret: KubeObject = { ...KINDS.Secret, metadata: { name: 's', uid: 'u', resourceVersion: '1' }, data };
    const facts = secretFacts(untyped(secret));
    for (const key of ['tls.crt', 'ca.crt'] as const) {
      const found = key === 'tls.crt' ? facts.leaf : facts.ca?.[0];
      assert.ok(
        data[key] === undefined || found !== undefined || facts.unreadable?.includes(key) === true,
        `${key}: ${JSON.stringify(facts)}`,
      );
    }
    signingCa(untyped(secret));
    trustOf(untyped(secret));
    assertWords(JSON.stringify(facts));
  });
  await assertAlways(property, 150);
});

test('any Secrets can be observed and planned, and the observation file gives the same plan', async () => {
  const world = await tlsWorld('native');
  const [bundle] = bundlesFor('native', world.clock.now());
  assert.ok(bundle !== undefined);
  const io = { stdin: async () => yaml(configMapOfBundle(bundle)) };
  const file = path.join(folder, 'seen.json');
  const property = fc.asyncProperty(anySecretData, fc.constantFrom('server', 'client', 'ca-1'), async (data, which) => {
    const isMeant = (name: string) => name.includes(which);
    const cluster: Cluster = {
      ...world.cluster,
      get: async (subject) => {
        const object = await world.cluster.get(subject);
        return subject.kind === KINDS.Secret.kind && object !== undefined && isMeant(subject.name) ? { ...object, data } : object;
      },
    };
    const outside = outsideOf(world, cluster);
    const seen = await runGracefully(['observe', '-f', '-'], { io, outside });
    assert.equal(seen.exitCode, 0, seen.stderr);
    const live = await runGracefully(['plan', '-f', '-', '--output', 'json'], { io, outside });
    writeFileSync(file, seen.stdout);
    const again = await runGracefully(['plan', '-f', '-', '--observation', file, '--output', 'json'], { io });
    assert.deepEqual(again, live, 'a replay comes to the same');
    await runGracefully(['verify', '-f', '-'], { io, outside });
  });
  await assertAlways(property, 12);
  await world.stop();
});
