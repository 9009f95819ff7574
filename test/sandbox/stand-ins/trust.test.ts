/** What Java's trust managers accept of a peer: read off Java 17, with certificates of the same kinds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextBeginning, trustsChain } from '#reconciler/sandbox/stand-ins/kafka/trust';
import { issueCertificate } from '#test/support/certificate-factory';

const NOW = new Date('2026-11-23T09:00:00Z');
const PAST = { notBefore: '2026-01-01T00:00:00Z', notAfter: '2026-11-01T00:00:00Z' };
const FUTURE = { notBefore: '2026-12-01T00:00:00Z', notAfter: '2027-11-01T00:00:00Z' };

const root = issueCertificate({ commonName: 'trust-root', isCa: true });
const issuing = issueCertificate({ commonName: 'trust-issuing', issuer: root, isCa: true });
const leaf = issueCertificate({ commonName: 'trust-leaf', issuer: issuing });
const oldRoot = issueCertificate({ commonName: 'trust-old-root', isCa: true, ...PAST });
const oldIssuing = issueCertificate({ commonName: 'trust-old-issuing', issuer: root, isCa: true, ...PAST });
const of = (issuer: typeof root, dates = {}) => issueCertificate({ commonName: 'trust-leaf', issuer, ...dates });

const cases: readonly {
  readonly name: string;
  readonly chain: readonly (typeof root)[];
  readonly trust: typeof root;
  readonly is: boolean;
}[] = [
  { name: 'a chain that holds', chain: [leaf, issuing], trust: root, is: true },
  { name: 'a leaf that has expired', chain: [of(issuing, PAST), issuing], trust: root, is: false },
  { name: 'a leaf that does not hold yet', chain: [of(issuing, FUTURE), issuing], trust: root, is: false },
  { name: 'an intermediate that has expired', chain: [of(oldIssuing), oldIssuing], trust: root, is: false },
  { name: 'a root that has expired: no dates of trust anchors are checked', chain: [of(oldRoot)], trust: oldRoot, is: true },
  { name: 'an intermediate that has expired and is trusted itself', chain: [of(oldIssuing), oldIssuing], trust: oldIssuing, is: true },
  { name: 'another root', chain: [leaf, issuing], trust: oldRoot, is: false },
];
for (const { name, chain, trust, is } of cases) {
  test(`${name}: ${is ? 'accepted' : 'refused'}`, () => {
    assert.equal(
      trustsChain(
        [trust.cert],
        chain.map((c) => c.cert),
        NOW,
        NOW,
      ),
      is,
    );
  });
}

test('a leaf that does not hold yet is accepted by peers that still connect when it does', () => {
  const later = new Date(FUTURE.notBefore);
  const chain = [of(issuing, FUTURE).cert, issuing.cert];
  assert.equal(trustsChain([root.cert], chain, NOW, new Date(later.getTime() - 1)), false);
  assert.equal(trustsChain([root.cert], chain, NOW, later), true);
  assert.equal(nextBeginning(chain, NOW), later.getTime());
  assert.equal(nextBeginning(chain, later), undefined);
});
