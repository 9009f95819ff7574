/**
 * Faults that are planted between two states of a plan: wrong chains, dates and names, a missing bridge, trust that a node keeps from its start.
 * The line of the plan finds each, with the first state and the two nodes; without the fault every two nodes can talk.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CaFacts, SecretFacts } from '#reconciler/model/observation';
import type { Step } from '#reconciler/model/plan';
import type { PlannedStates } from '#reconciler/model/states';
import { plannedStates } from '#reconciler/plan/states/planned-states';
import { ClusterBuilder, certificate, NOW, readyIssuer, root, signingWith } from '../../support/cluster-builder';

const OLD = root('root-of-orders-ca', { subject: 'CN=root of orders-ca', issuer: 'CN=root of orders-ca' });
const NEW = root('new');
const BRIDGE: CaFacts = { ...NEW, fingerprint: 'fp-bridge', issuer: OLD.subject, signers: [OLD.publicKey] };
const CONTROLLERS = [0, 1, 2].map((i) => `orders-controller-${i}`);
const BROKERS = [0, 1, 2].map((i) => `orders-broker-${i}`);
const EXPIRED = { notAfter: '2026-11-22T09:00:00Z' };

const leafOf = ({ subject, publicKey }: CaFacts, change: object = {}) =>
  certificate('server', { issuer: subject, signers: [publicKey], ...change });

/** Pods hold and serve this, and the issuer gives that. */
function between(
  has: Partial<SecretFacts>,
  next: { readonly chain?: readonly CaFacts[]; readonly ca: readonly CaFacts[] },
): ClusterBuilder {
  const leaf = has.leaf ?? certificate('server');
  const b = new ClusterBuilder().secret('orders-server-cert', { ...has, leaf });
  for (const { name } of b.live.pods) b.podServes(name, { protocol: 'tls', leaf, isSignedBySecretCa: true });
  const { ca, chain = [] } = next;
  return b.issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca'), ...signingWith(...ca), chain });
}

const S0 = { leaf: leafOf(OLD), chain: [], ca: [OLD] };
const S1 = { leaf: leafOf(NEW), chain: [BRIDGE], ca: [OLD] };
const S2 = { leaf: leafOf(NEW), chain: [BRIDGE], ca: [BRIDGE] };
const S3 = { leaf: leafOf(NEW), chain: [], ca: [NEW] };

const FQDN = (name: string) => `${name}.orders-pods.demo.svc.cluster.local`;

/** Peers ask for the names of nodes. */
function asked(b: ClusterBuilder, nameOf: (pod: string) => string = FQDN): ClusterBuilder {
  for (const { name } of b.live.pods) b.pod(name, { fqdn: nameOf(name) });
  const without = (text: string) => text.replace(/^ssl\.endpoint\.identification\.algorithm=.*\n?/m, '');
  return b.sees(({ petSets }) => ({
    petSets: petSets.map((s) => ({
      ...s,
      config: Object.fromEntries(Object.entries(s.config ?? {}).map(([file, text]) => [file, without(text)])),
    })),
  }));
}

function states(b: ClusterBuilder, order: readonly string[], by: 'evict' | 'reload'): PlannedStates | undefined {
  const subject = { apiVersion: 'kafka', kind: 'Kafka', name: 'orders' } as unknown as Step['subject'];
  const parts = order.map((name) => ({
    subject: { ...subject, kind: 'Pod', name },
    findings: [],
    place: '',
    role: name.includes('broker') ? ('broker' as const) : ('controller' as const),
  }));
  const step: Step =
    by === 'evict' ? { kind: 'evict', subject, findings: [], pods: parts } : { kind: 'reload', subject, findings: [], nodes: parts };
  const input = { bundle: b.bundle, live: b.live, now: new Date(NOW) };
  return plannedStates(input, { steps: [step], reissued: new Set(['server']) }).states;
}

interface Planted {
  readonly name: string;
  readonly cluster: ClusterBuilder;
  readonly order?: readonly string[];
  readonly by?: 'evict' | 'reload';
  readonly found: { readonly verdict: string; readonly state?: number; readonly until?: number; readonly why?: string };
  readonly because?: RegExp;
}

const ORDER = [...CONTROLLERS, ...BROKERS];
const WHOLE = { verdict: 'whole' };

const CASES: readonly Planted[] = [
  { name: 'S0 to S1', cluster: between(S0, S1), found: WHOLE },
  { name: 'S1 to S2', cluster: between(S1, S2), found: WHOLE },
  { name: 'S2 to S3', cluster: between(S2, S3), found: WHOLE },
  { name: 'S2 to S3, loaded while nodes run', cluster: between(S2, S3), by: 'reload', found: WHOLE },
  {
    name: 'the bridge is missing',
    cluster: between(S0, S3),
    found: { verdict: 'broken', state: 2, until: 6, why: 'root' },
    because: /no trusted certificate has signed it/,
  },
  { name: 'a phase is skipped', cluster: between(S1, S3), found: { verdict: 'broken', state: 2, until: 6, why: 'root' } },
  {
    name: 'only brokers trust the bridge alone: they refuse controllers that the old CA has signed',
    cluster: between(S0, S2),
    order: BROKERS,
    found: { verdict: 'broken', state: 2, until: 4, why: 'root' },
  },
  {
    name: 'a node that loaded the new root keeps its trust in the old one',
    cluster: between(S1, S3),
    by: 'reload',
    order: CONTROLLERS,
    found: { verdict: 'broken', state: 2, until: 4, why: 'root' },
  },
  {
    name: 'the bridge is no CA',
    cluster: between(S0, { ...S1, chain: [{ ...BRIDGE, isCa: false }] }),
    found: { verdict: 'broken', state: 2, until: 7, why: 'root' },
  },
  {
    name: 'the bridge has expired',
    cluster: between(S0, { ...S1, chain: [{ ...BRIDGE, ...EXPIRED }] }),
    found: { verdict: 'broken', state: 2, until: 7, why: 'dates' },
    because: /CN=new expired 2026-11-22/,
  },
  {
    name: 'the old leaf has expired',
    cluster: between({ ...S0, leaf: leafOf(OLD, EXPIRED) }, S0),
    found: { verdict: 'broken', state: 1, until: 6, why: 'dates' },
  },
  { name: 'nodes are asked for their names', cluster: asked(between(S0, S0)), found: WHOLE },
  {
    name: 'nodes are asked for names that their certificates lack',
    cluster: asked(between(S0, S0), (pod) => `${pod}.elsewhere.example.org`),
    found: { verdict: 'broken', state: 1, until: 7, why: 'name' },
    because: /has not the name orders-controller-1\.elsewhere\.example\.org/,
  },
  {
    name: 'a pod serves another certificate than its Secret holds',
    cluster: between(S0, S0).podServes('orders-broker-2', { protocol: 'tls', leaf: certificate('older'), isSignedBySecretCa: true }),
    found: { verdict: 'unknown' },
    because: /another certificate than its Secret holds/,
  },
  {
    name: 'a pod cannot be observed',
    cluster: between(S0, S0).podServes('orders-broker-2', { protocol: 'unknown', because: 'no route' }),
    found: { verdict: 'unknown' },
    because: /no route/,
  },
  {
    name: 'a refusal counts beside what is unknown',
    cluster: between(S0, S3).podServes('orders-broker-2', { protocol: 'unknown', because: 'no route' }),
    found: { verdict: 'broken', state: 2, until: 5, why: 'root' },
  },
];

describe('the line of a plan finds what is planted', () => {
  for (const { name, cluster, order = ORDER, by = 'evict', found, because } of CASES) {
    test(`${name}: ${found.verdict}`, () => {
      const summary = states(cluster, order, by);
      assert.equal(summary?.count, order.length + 1);
      const { verdict } = summary;
      const details = verdict === 'broken' ? summary.broken : undefined;
      const seen = details === undefined ? { verdict } : { verdict, state: details.state, until: details.until, why: details.why };
      assert.deepEqual(seen, found);
      assert.match(verdict === 'unknown' ? summary.because : (details?.because ?? ''), because ?? /^/);
      assert.equal('otherwise' in summary, false);
    });
  }

  test('an order that works is told apart from every order', () => {
    // The only pod with an expired certificate restarts first: afterwards nothing expired is left, but it must be the first.
    const b = between(S0, S0);
    const leaf = leafOf(OLD, { ...EXPIRED, fingerprint: 'fp-expired' });
    b.sees(({ secrets }) => ({ secrets: [...secrets, { ...secrets[0], name: 'other', leaf, chain: [], ca: [OLD] } as SecretFacts] }));
    b.pod('orders-broker-0', { certificateSecret: 'other' }).podServes('orders-broker-0', { protocol: 'tls', leaf });
    const first = states(b, ['orders-broker-0', ...CONTROLLERS], 'evict');
    const last = states(b, [...CONTROLLERS, 'orders-broker-0'], 'evict');
    assert.deepEqual(
      [first, last].map((s) => (s?.verdict === 'broken' ? [s.broken.state, s.broken.until] : [])),
      [
        [1, 1],
        [1, 4],
      ],
    );
  });
});
