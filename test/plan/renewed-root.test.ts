/** A root that is renewed with its key is the same root: leaves get it in time, and no client must do anything. With another key it is another. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXECUTORS } from '#model/desired';
import type { CaFacts } from '#reconciler/model/observation';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, certificate, NOW, readyIssuer, root } from '../support/cluster-builder';

// A leaf lives for 90 days, and a third of that is the margin; now is 2026-11-23.
const KEY = { publicKey: 'key-R', signers: ['key-R'], subject: 'CN=R', issuer: 'CN=R' };
const before = (notAfter: string) => root('before', { ...KEY, notAfter });
const renewed = root('renewed', { ...KEY, notBefore: '2026-11-20T09:00:00Z' });
const replaced = root('replaced', { ...KEY, publicKey: 'key-S', signers: ['key-S'], notBefore: '2026-11-20T09:00:00Z' });
const LATER = '2030-01-01T00:00:00Z';
const SOON = '2026-12-10T09:00:00Z';

interface Case {
  readonly name: string;
  /** The root beside the leaf, and the one that the issuer gives now. */
  readonly roots: readonly [CaFacts, CaFacts];
  readonly issuedAfter?: string;
  /** Why leaves are issued again. */
  readonly issues?: RegExp;
  readonly refused?: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'renewed with its key while it holds for long: nothing is due', roots: [before(LATER), renewed] },
  {
    name: 'renewed with its key before it expires: leaves are issued again in time',
    roots: [before(SOON), renewed],
    issues: /^its CA certificate CN=R expires 2026-12-10T09:00:00Z; its issuer has a newer one$/,
  },
  {
    name: 'renewed with its key, and issuedAfter asks for the new one',
    roots: [before(LATER), renewed],
    issuedAfter: '2026-11-20T08:00:00Z',
    issues: /issued 2026-10-23T09:00:00Z, issuedAfter is 2026-11-20T08:00:00Z$/,
  },
  { name: 'not renewed and about to expire: another leaf would not help', roots: [before(SOON), before(SOON)] },
  { name: 'replaced under its name with another key while nothing is due', roots: [before(LATER), replaced] },
  {
    name: 'replaced under its name with another key before it expires: another root',
    roots: [before(SOON), replaced],
    refused:
      /signs with another CA than pods trust: every client must trust the root with SHA-256 fp-replaced, and that is not acknowledged/,
  },
];

for (const executor of EXECUTORS) {
  describe(`a root, under ${executor}`, () => {
    for (const { name, roots, issuedAfter, issues, refused } of CASES) {
      test(name, () => {
        const { bundle, live } = cluster(roots).desires({ executor, ...(issuedAfter === undefined ? {} : { issuedAfter }) });
        const { steps, cutover, rootChange, obstacles, acknowledged } = plan(bundle, live, new Date(NOW));
        const why = steps
          .flatMap((s) => (s.kind === 'issue' ? s.certificates.flatMap((c) => c.findings) : s.findings))
          .map((f) => f.message);
        if (issues === undefined) assert.deepEqual(steps, []);
        else
          assert.ok(
            why.some((message) => issues.test(message)),
            why.join('\n'),
          );
        assert.deepEqual([cutover, rootChange, acknowledged], [undefined, undefined, undefined]);
        assert.match(obstacles.map((o) => o.message).join('\n'), refused ?? /^$/);
      });
    }
  });
}

function cluster([held, given]: readonly [CaFacts, CaFacts]): ClusterBuilder {
  const b = new ClusterBuilder();
  const leaf = certificate('leaf', {
    issuer: 'CN=R',
    notBefore: '2026-10-23T09:00:00Z',
    notAfter: '2027-01-21T09:00:00Z',
    signers: ['key-R'],
  });
  for (const name of ['orders-server-cert', 'orders-client-cert']) b.secret(name, { leaf, chain: [], ca: [held] });
  for (const { name } of b.live.pods) b.podServes(name, { protocol: 'tls', leaf, isSignedBySecretCa: true });
  const object = { ...readyIssuer('orders-ca'), spec: { ca: { secretName: 'orders-ca' } } };
  b.issuer({ kind: 'Issuer', name: 'orders-ca', object, chain: [], ca: [given], caPublicKeys: [given.publicKey] });
  return b.toldAll();
}
