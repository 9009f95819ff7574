/** CA certificates that expire: which of them a rotation replaces, and which a note names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { REQUEST } from '#model/names';
import type { CaFacts } from '#reconciler/model/observation';
import { plan } from '#reconciler/plan/plan';
import { casToTrust } from '#reconciler/plan/trust-bundle';
import { ClusterBuilder, certificate, NOW, readyIssuer, root } from '../support/cluster-builder';

// A leaf lives for 90 days, and a third of that is the margin; now is 2026-11-23.
const SOON = '2026-12-10T09:00:00Z';
const YESTERDAY = '2026-11-22T09:00:00Z';
const R = root('R', { signers: ['key-R'] });
const old = (notAfter: string, change: Partial<CaFacts> = {}) =>
  root('old', { publicKey: 'key-I', signers: ['key-R'], issuer: 'CN=R', notAfter, ...change });
const renewed = root('renewed', { publicKey: 'key-I', signers: ['key-R'], issuer: 'CN=R', notBefore: '2026-11-20T09:00:00Z' });

/** Leaves with a chain of this CA below R, by an issuer that gives these now; undefined: it cannot be read. */
function cluster(above: CaFacts, given: readonly CaFacts[] | undefined, issued = '2026-10-23T09:00:00Z'): ClusterBuilder {
  const b = new ClusterBuilder();
  const leaf = certificate('leaf', {
    notBefore: issued,
    notAfter: '2027-01-21T09:00:00Z',
    issuer: above.subject,
    signers: [above.publicKey],
  });
  for (const name of ['orders-server-cert', 'orders-client-cert']) b.secret(name, { leaf, chain: [above], ca: [R] });
  for (const { name } of b.live.pods) b.podServes(name, { protocol: 'tls', leaf, isSignedBySecretCa: true });
  const object = { ...readyIssuer('orders-ca'), spec: { ca: { secretName: 'orders-ca' } } };
  b.issuer({
    kind: 'Issuer',
    name: 'orders-ca',
    object,
    ...(given === undefined ? {} : { chain: given, ca: [R], caPublicKeys: [R.publicKey] }),
  });
  return b.toldAll();
}

interface Case {
  readonly name: string;
  readonly cluster: ClusterBuilder;
  readonly rotates?: RegExp;
  readonly notes?: RegExp;
  readonly obstacle?: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'a CA that holds for long', cluster: cluster(renewed, [renewed]) },
  { name: 'a CA that was replaced and holds for long', cluster: cluster(old('2030-01-01T00:00:00Z'), [renewed]) },
  {
    name: 'a CA that expires and was renewed: leaves are rotated in time',
    cluster: cluster(old(SOON), [renewed]),
    rotates: /^its CA certificate CN=old expires 2026-12-10T09:00:00Z; its issuer has a newer one$/,
  },
  {
    name: 'a CA that expired and was renewed',
    cluster: cluster(old(YESTERDAY), [renewed]),
    rotates: /^its CA certificate CN=old expired 2026-11-22T09:00:00Z; its issuer has a newer one$/,
  },
  {
    name: 'a CA that expires and was not renewed: a rotation would not replace it',
    cluster: cluster(old(SOON), [old(SOON)]),
    notes:
      /The CA certificate CN=old of Issuer\/orders-ca expires 2026-12-10.* Renew it; certificates that it signed are rotated after that\./,
  },
  {
    name: 'a CA that was replaced by one that ends no later',
    cluster: cluster(old(SOON), [root('older', { publicKey: 'key-I', signers: ['key-R'], notAfter: '2026-12-01T09:00:00Z' })]),
    notes: /CN=older of Issuer\/orders-ca expires 2026-12-01/,
  },
  {
    name: 'a CA that cannot be read is tried when the known one is due',
    cluster: cluster(old(SOON), undefined),
    rotates: /its issuer may have a newer one/,
    notes: /The CA certificate CN=old, of which Issuer\/orders-ca issued, expires 2026-12-10/,
  },
  {
    name: 'it is not tried again when the new leaf has the same CA',
    cluster: cluster(old(SOON), undefined, '2026-11-20T09:00:00Z'),
    notes: /CN=old, of which Issuer\/orders-ca issued, expires/,
  },
  {
    name: 'it is tried once more when it has expired',
    cluster: cluster(old(YESTERDAY), undefined, '2026-11-20T09:00:00Z'),
    rotates: /expired 2026-11-22T09:00:00Z; its issuer may have a newer one/,
    notes: /expired/,
  },
  { name: 'it is not tried after that', cluster: cluster(old(YESTERDAY), undefined, '2026-11-22T10:00:00Z'), notes: /expired/ },
  {
    name: 'an issuer whose CA has expired issues nothing',
    cluster: cluster(old(YESTERDAY), [old(YESTERDAY)]).desires({ issuedAfter: NOW }),
    obstacle: /^blocked its CA certificate CN=old expired 2026-11-22T09:00:00Z: what it issues would be refused$/,
  },
  {
    name: 'a root that expires is found in the trust store, too',
    cluster: cluster(renewed, [renewed])
      .secret('orders-server-cert', { ca: [{ ...R, fingerprint: 'fp-R0', notAfter: SOON }] })
      .toldAll(),
    rotates: /its CA certificate CN=R expires 2026-12-10/,
  },
  {
    name: 'a CA from before issuedAfter that was replaced below the same root',
    cluster: cluster(old('2030-01-01T00:00:00Z'), [renewed], '2026-11-22T09:00:00Z').desires({ issuedAfter: '2026-11-19T09:00:00Z' }),
    rotates: /^its CA certificate CN=old was issued 2025-11-23T09:00:00Z, issuedAfter is 2026-11-19T09:00:00Z$/,
  },
  {
    name: 'also if it was replaced after the rotation that issuedAfter asked for: no issuer backdates here',
    cluster: cluster(old('2030-01-01T00:00:00Z'), [renewed], '2026-11-19T10:00:00Z')
      .desires({ issuedAfter: '2026-11-19T09:00:00Z' })
      .request(
        'orders-tls-rotate-x',
        'Successful',
        { executor: 'native', annotations: { [REQUEST.verified]: NOW } },
        { tls: { rotateCertificates: true } },
      ),
    rotates: /^its CA certificate CN=old was issued 2025-11-23T09:00:00Z, issuedAfter is 2026-11-19T09:00:00Z$/,
  },
  {
    name: 'a CA from before issuedAfter that the issuer still gives',
    cluster: cluster(old('2030-01-01T00:00:00Z'), [old('2030-01-01T00:00:00Z')], '2026-11-22T09:00:00Z').desires({
      issuedAfter: '2026-11-19T09:00:00Z',
    }),
  },
];

describe('a CA certificate', () => {
  for (const {
    name,
    cluster: { bundle, live },
    rotates,
    notes,
    obstacle,
  } of CASES) {
    test(name, () => {
      const result = plan(bundle, live, new Date(NOW));
      const why = result.steps.flatMap((s) => (s.kind === 'issue' ? s.certificates.flatMap((c) => c.findings.map((f) => f.message)) : []));
      const about = result.notes.filter((n) => n.includes('CA certificate'));
      const matches = (texts: readonly string[], wanted: RegExp | undefined) =>
        wanted === undefined
          ? assert.deepEqual(texts, [])
          : assert.ok(
              texts.some((t) => wanted.test(t)),
              texts.join('\n') || 'nothing',
            );
      matches(why, rotates);
      matches(about, notes);
      matches(
        result.obstacles.map((o) => `${o.kind} ${o.message}`),
        obstacle,
      );
    });
  }
});

describe('the trust bundle holds', () => {
  const trusted = (b: ClusterBuilder) => casToTrust({ bundle: b.bundle, live: b.live, now: new Date(NOW) }).map((c) => c.subject);
  const anchor = root('anchor', { publicKey: 'key-A', signers: ['key-R'] });
  const below = (...known: readonly CaFacts[]) =>
    new ClusterBuilder()
      .issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca') })
      .secret('orders-server-cert', { ca: [anchor] })
      .secret('orders-client-cert', { ca: known });
  const noteOf = (b: ClusterBuilder) => plan(b.toldAll().bundle, b.live, new Date(NOW)).notes.filter((n) => n.includes('librdkafka'));

  test('the root above what pods trust, where any Secret holds it', () => {
    assert.deepEqual(trusted(below(R)), ['CN=R', 'CN=anchor']);
    assert.deepEqual(noteOf(below(R)), []);
  });
  test('only what pods trust, where no root is known; a note names the clients that refuse it', () => {
    assert.deepEqual(trusted(below()), ['CN=anchor']);
    assert.match(noteOf(below()).join(), /no self-signed root, and its root is not known \(CN=anchor\)/);
  });
  test('a root two tiers above', () => {
    const policy = root('policy', { publicKey: 'key-P', signers: ['key-R'] });
    const b = below(R, policy).secret('orders-server-cert', { ca: [root('low', { publicKey: 'key-L', signers: ['key-P'] })] });
    assert.deepEqual(trusted(b), ['CN=R', 'CN=low']);
    assert.deepEqual(noteOf(below()).length, 1);
  });
});
