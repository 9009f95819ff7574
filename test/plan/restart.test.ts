/** Order and gates as tables, and a peer's test cases where they are at hand. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PodFacts, QuorumFacts, TopicFacts } from '#reconciler/model/observation';
import {
  askGates,
  canRestart,
  canRestartBroker,
  canRestartController,
  firstGroup,
  invalidCertificates,
  isMixed,
  type RestartView,
  restartOrder,
  unavailablePods,
} from '#reconciler/plan/restart';
import { ClusterBuilder } from '../support/cluster-builder';

type Role = 'controller' | 'broker' | 'combined';
const pod = (name: string, role: Role, change: Partial<PodFacts> = {}): PodFacts => {
  const ordinal = Number(name.split('-').at(-1));
  return {
    name,
    uid: `u-${name}`,
    role,
    ordinal,
    nodeId: role === 'controller' ? 1000 + ordinal : ordinal,
    petSet: role,
    isReady: true,
    isRunning: true,
    isTerminating: false,
    revision: 'r',
    served: [],
    ...change,
  };
};

const EXPIRED: Partial<PodFacts> = { served: [{ listener: 'BROKER', protocol: 'tls', expiredAt: '2026-11-22T09:00:00Z' }] };

describe('a pod that serves what has expired', () => {
  // Half rolled: broker 0 is back, and refuses to fetch from 1 and 2.
  const quorum: QuorumFacts = { leaderId: 1000, fetchTimeoutMs: 2000, voters: [{ nodeId: 1000, lastCaughtUpMs: 1000 }] };
  const topics = [{ name: 'orders', minInsyncReplicas: 2, partitions: [{ partition: 0, leader: 1, replicas: [0, 1, 2], isr: [1, 2] }] }];
  const gate = (change: Partial<PodFacts>, view: Partial<RestartView> = {}) => {
    const pods = [pod('b-0', 'broker'), pod('b-1', 'broker', change), pod('b-2', 'broker', change)];
    return canRestart(pods[1] as PodFacts, {
      pods,
      outdated: new Set(['b-1', 'b-2']),
      facts: { value: { quorum, topics } },
      unknownHealthPolicy: 'refuse',
      missing: [],
      invalid: new Map(),
      ...view,
    });
  };
  const refused = { ok: false, because: 'orders-0 has ISR {1,2}, needs 2 without broker 1', retry: true };
  const inWords = { served: [{ listener: 'BROKER' as const, protocol: 'tls' as const, untrusted: 'expired 2026-11-22T09:00:00Z' }] };
  test('may go though no ISR allows it', () => assert.equal(gate(EXPIRED).ok, true));
  test('says so', () =>
    assert.match(JSON.stringify(gate(EXPIRED)), /b-1 serves what expired 2026-11-22T09:00:00Z: restarted peers refuse it/));
  test('may go by an observation of an earlier version, too', () => assert.equal(gate(inWords).ok, true));
  test('waits for its partitions otherwise', () => assert.deepEqual(gate({}), refused));
  test('stays while its successor would load what does not hold', () =>
    assert.equal(gate(EXPIRED, { invalid: new Map([['b-1', 'has expired']]) }).ok, false));
  test('may go though no fact of Kafka can be had', () => assert.equal(gate(EXPIRED, { facts: { unknown: 'CERT_HAS_EXPIRED' } }).ok, true));
  test('cannot talk to the others', () => {
    assert.equal(isMixed([pod('b-0', 'broker'), pod('b-1', 'broker', EXPIRED)]), true);
    assert.equal(isMixed([pod('b-0', 'broker'), pod('b-1', 'broker', { ...EXPIRED, isTerminating: true })]), false);
  });
});

test('without facts an unready active controller restarts first: stricter than the peer, which would go on elsewhere', () => {
  const pods = [pod('c-0', 'controller'), pod('c-1', 'controller', { isReady: false }), pod('c-2', 'controller')];
  const view: RestartView = {
    pods,
    outdated: new Set(pods.map((p) => p.name)),
    facts: { unknown: 'not read' },
    unknownHealthPolicy: 'readiness',
    missing: [],
    invalid: new Map(),
  };
  const may = restartOrder(pods, 1001)
    .map((p) => p.pod)
    .filter((p) => canRestart(p, view).ok);
  assert.deepEqual(
    may.map((p) => p.name),
    ['c-1'],
  );
});

describe('a certificate that a restarted pod would load', () => {
  const { live } = new ClusterBuilder();
  const { notBefore, notAfter } = live.secrets.find((s) => s.name === 'orders-server-cert')?.leaf ?? assert.fail();
  const after = (instant: string, ms: number) => new Date(Date.parse(instant) + ms);
  const cases = [
    {
      name: 'is refused until it begins to hold',
      at: after(notBefore, -1),
      says: /^the certificate .*\(Secret orders-server-cert\) is valid only from 2026-10-23T09:00:00Z$/,
    },
    { name: 'is accepted from then on', at: after(notBefore, 0), says: undefined },
    { name: 'is accepted to its end', at: after(notAfter, -1), says: undefined },
    { name: 'is refused from then on', at: after(notAfter, 0), says: /has expired 2027-01-21T09:00:00Z$/ },
  ];
  for (const { name, at, says } of cases) {
    test(name, () => {
      const invalid = invalidCertificates(live, at);
      assert.equal(invalid.size, says === undefined ? 0 : live.pods.length);
      if (says !== undefined) assert.match(invalid.get('orders-broker-1') ?? '', says);
    });
  }

  test('a pod whose PetSet mounts none may go whenever it likes', () => {
    assert.equal(invalidCertificates(new ClusterBuilder('dedicated', 'off').live, new Date('1999-01-01T00:00:00Z')).size, 0);
  });
});

describe('a pod that is away in a cut-over', () => {
  const { live } = new ClusterBuilder('combined');
  const change = (name: string, changed: Partial<PodFacts>) => live.pods.map((p) => (p.name === name ? { ...p, ...changed } : p));
  const cases = [
    { name: 'nobody', pods: live.pods, away: [] },
    { name: 'one that does not exist', pods: live.pods.filter((p) => p.name !== 'orders-1'), away: ['orders-1 does not exist'] },
    { name: 'one that is terminating', pods: change('orders-1', { isTerminating: true }), away: ['orders-1 is terminating'] },
    { name: 'one that does not run yet', pods: change('orders-1', { isRunning: false }), away: ['orders-1 does not run yet'] },
    { name: 'not one that cannot start', pods: change('orders-1', { isRunning: false, stuck: 'CrashLoopBackOff' }), away: [] },
    { name: 'not one that is outdated', pods: change('orders-2', { isRunning: false }), away: [] },
  ];
  for (const { name, pods, away } of cases) {
    test(name, () => {
      const found = unavailablePods({ ...live, pods }, new Set(['orders-2']));
      assert.deepEqual(
        found.map((p) => `${p.name} ${p.because}`),
        away,
      );
    });
  }

  test('not one that its PetSet is not told to make', () => {
    const replicas = (n: number) => live.petSets.map((s) => ({ ...s, object: { ...s.object, spec: { ...s.object.spec, replicas: n } } }));
    const found = (n: number) => unavailablePods({ ...live, petSets: replicas(n) }, new Set()).map((p) => p.name);
    assert.deepEqual([found(2), found(3), found(4)], [[], [], ['orders-3']]);
  });
});

describe('order', () => {
  const cases: readonly { name: string; pods: PodFacts[]; active?: number; expect: string[] }[] = [
    {
      name: 'controllers before brokers, by ordinal',
      pods: [pod('b-1', 'broker'), pod('c-1', 'controller'), pod('b-0', 'broker'), pod('c-0', 'controller')],
      expect: ['c-0', 'c-1', 'b-0', 'b-1'],
    },
    {
      name: 'the active controller last among controllers',
      pods: [pod('c-0', 'controller'), pod('c-1', 'controller'), pod('b-0', 'broker')],
      active: 1000,
      expect: ['c-1', 'c-0', 'b-0'],
    },
    {
      name: 'unready pods first in their group',
      pods: [
        pod('c-0', 'controller'),
        pod('c-1', 'controller', { isReady: false }),
        pod('b-0', 'broker'),
        pod('b-2', 'broker', { isReady: false }),
      ],
      expect: ['c-1', 'c-0', 'b-2', 'b-0'],
    },
    {
      name: 'the active controller last, ready or not',
      pods: [pod('c-0', 'controller', { isReady: false }), pod('c-1', 'controller')],
      active: 1000,
      expect: ['c-1', 'c-0'],
    },
    {
      name: 'combined nodes are controllers',
      pods: [pod('n-2', 'combined'), pod('n-0', 'combined'), pod('n-1', 'combined')],
      active: 0,
      expect: ['n-1', 'n-2', 'n-0'],
    },
    {
      name: 'pods that serve what has expired before all others',
      pods: [pod('c-0', 'controller'), pod('b-0', 'broker'), pod('b-1', 'broker', EXPIRED), pod('c-1', 'controller', EXPIRED)],
      expect: ['c-1', 'b-1', 'c-0', 'b-0'],
    },
    {
      name: 'the active controller last among controllers that serve what has expired',
      pods: [pod('b-0', 'broker', EXPIRED), pod('c-0', 'controller', EXPIRED), pod('c-1', 'controller', EXPIRED)],
      active: 1000,
      expect: ['c-1', 'c-0', 'b-0'],
    },
    { name: 'ordinals are numbers', pods: [pod('b-10', 'broker'), pod('b-9', 'broker')], expect: ['b-9', 'b-10'] },
  ];
  for (const c of cases)
    test(c.name, () =>
      assert.deepEqual(
        restartOrder(c.pods, c.active).map((p) => p.pod.name),
        c.expect,
      ),
    );
});

describe('pods whose gates are asked next', () => {
  const [c0, c1, c2] = ['c-0', 'c-1', 'c-2'].map((name) => pod(name, 'controller')) as [PodFacts, PodFacts, PodFacts];
  const [n0, n1] = ['n-0', 'n-1'].map((name) => pod(name, 'combined')) as [PodFacts, PodFacts];
  const b0 = pod('b-0', 'broker');
  const cases = [
    { name: 'controllers without the active one', pods: [b0, c0, c1, c2], active: 1001, expect: ['c-0', 'c-2'] },
    { name: 'the active controller once it is the last controller', pods: [b0, c1], active: 1001, expect: ['c-1'] },
    { name: 'an unready active controller is not asked earlier', pods: [{ ...c0, isReady: false }, c1], active: 1000, expect: ['c-1'] },
    { name: 'combined nodes without the active one', pods: [n0, n1], active: 0, expect: ['n-1'] },
    { name: 'all controllers where the active one is not known', pods: [b0, c0, c1], active: undefined, expect: ['c-0', 'c-1'] },
    { name: 'all controllers where the active one is not to be restarted', pods: [c0, c2, b0], active: 1001, expect: ['c-0', 'c-2'] },
    { name: 'a broker is not the active controller whose id it has', pods: [b0, pod('b-1', 'broker')], active: 0, expect: ['b-0', 'b-1'] },
    { name: 'none where none is left', pods: [], active: 1001, expect: [] },
  ] as const;
  for (const { name, pods, active, expect } of cases) {
    test(name, () =>
      assert.deepEqual(
        firstGroup<PodFacts>(pods, active).map((p) => p.name),
        expect,
      ),
    );
  }

  const flag = fc.boolean();
  const topology = fc.record({
    controllers: fc.array(fc.record({ isOutdated: flag, isReady: flag, isStuck: flag, lagMs: fc.nat(4000) }), { maxLength: 5 }),
    brokers: fc.array(fc.record({ isOutdated: flag, isReady: flag, isStuck: flag, lagMs: fc.nat(4000) }), { maxLength: 4 }),
    isCombined: flag,
    leader: fc.option(fc.nat(4), { nil: undefined }),
    isKnown: flag,
  });
  const viewOf = ({ controllers, brokers, isCombined, leader, isKnown }: typeof topology extends fc.Arbitrary<infer T> ? T : never) => {
    const nodes = [
      ...controllers.map((c, i) => ({ ...c, ...pod(`c-${i}`, isCombined ? 'combined' : 'controller') })),
      ...brokers.map((b, i) => ({ ...b, ...pod(`b-${i}`, 'broker'), nodeId: 100 + i })),
    ].map((n) => ({ ...n, isReady: n.isReady && !n.isStuck, ...(n.isStuck ? { stuck: 'CrashLoopBackOff' } : {}) }));
    const voters = nodes.filter((n) => n.role !== 'broker').map((n) => ({ nodeId: n.nodeId, lastCaughtUpMs: 9000 - n.lagMs }));
    const quorum = { leaderId: leader === undefined ? undefined : voters[leader]?.nodeId, fetchTimeoutMs: 2000, voters };
    const view: RestartView = {
      pods: nodes,
      outdated: new Set(nodes.filter((n) => n.isOutdated).map((n) => n.name)),
      facts: isKnown ? { value: { quorum, topics: [] } } : { unknown: 'not read' },
      unknownHealthPolicy: 'readiness',
      missing: [],
      invalid: new Map(),
    };
    return view;
  };
  test('whatever the facts are, no gate opens for the active controller before another controller, nor for a broker before a controller', () => {
    fc.assert(
      fc.property(topology, (facts) => {
        const view = viewOf(facts);
        const active = 'value' in view.facts ? view.facts.value.quorum.leaderId : undefined;
        const left = view.pods.filter((p) => view.outdated.has(p.name) && p.role !== 'broker');
        const next = askGates(view, false).find((a) => a.verdict.ok)?.pod;
        if (next === undefined || left.length === 0) return;
        assert.notEqual(next.role, 'broker', 'a broker before a controller');
        assert.ok(next.nodeId !== active || left.length === 1, 'the active controller before another');
      }),
      { numRuns: 2000 },
    );
  });

  test('whatever the facts are, the plan restarts controllers before brokers and the active one last of them', () => {
    fc.assert(
      fc.property(topology, (facts) => {
        const { pods, facts: known } = viewOf(facts);
        const active = 'value' in known ? known.value.quorum.leaderId : undefined;
        const order = restartOrder(pods, active).map((p) => p.pod);
        const controllers = pods.filter((p) => p.role !== 'broker').length;
        const place = order.findIndex((p) => p.role !== 'broker' && p.nodeId === active);
        assert.ok(order.slice(0, controllers).every((p) => p.role !== 'broker'));
        assert.ok(place === -1 || place === controllers - 1);
      }),
    );
  });
});

describe('gate of a pod', () => {
  const cluster = [
    pod('c-0', 'controller'),
    pod('c-1', 'controller'),
    pod('c-2', 'controller'),
    pod('b-0', 'broker'),
    pod('b-1', 'broker'),
  ];
  const view = (change: Partial<RestartView> = {}): RestartView => ({
    pods: cluster,
    outdated: new Set(cluster.map((p) => p.name)),
    facts: { unknown: 'not read' },
    unknownHealthPolicy: 'readiness',
    missing: [],
    invalid: new Map(),
    ...change,
  });
  const but = (name: string, change: Partial<PodFacts>) => cluster.map((p) => (p.name === name ? { ...p, ...change } : p));
  const cases: readonly { name: string; of: string; view: RestartView; ok: boolean; says?: RegExp }[] = [
    {
      name: 'opens when every other pod is Ready, and says on what it rests',
      of: 'c-0',
      view: view(),
      ok: true,
      says: /pod readiness alone: not read/,
    },
    {
      name: 'stays shut while another pod is not Ready',
      of: 'c-0',
      view: view({ pods: but('b-1', { isReady: false }) }),
      ok: false,
      says: /b-1 is not Ready/,
    },
    {
      name: 'opens for the unready pod itself: it serves nobody',
      of: 'b-1',
      view: view({ pods: but('b-1', { isReady: false }) }),
      ok: true,
    },
    {
      name: 'stays shut while a restarted pod is not Ready',
      of: 'c-0',
      view: view({ pods: but('c-1', { isReady: false }), outdated: new Set(['c-0']) }),
      ok: false,
      says: /c-1 is up to date and not Ready/,
    },
    {
      name: 'stops the run when an up-to-date pod is stuck',
      of: 'c-0',
      view: view({ pods: but('c-1', { isReady: false, stuck: 'CrashLoopBackOff' }), outdated: new Set(['c-0']) }),
      ok: false,
      says: /would fare no better/,
    },
    {
      name: 'is not asked for a pod that is stuck and outdated',
      of: 'c-1',
      view: view({ pods: but('c-1', { isReady: false, stuck: 'ImagePullBackOff' }) }),
      ok: true,
    },
    {
      name: 'refuses without facts when told so',
      of: 'c-0',
      view: view({ unknownHealthPolicy: 'refuse' }),
      ok: false,
      says: /cannot be had: not read/,
    },
    {
      name: 'stays shut while the certificate that the pod would load does not hold',
      of: 'c-0',
      view: view({ invalid: new Map([['c-0', 'is valid only from tomorrow']]) }),
      ok: false,
      says: /valid only from tomorrow/,
    },
    {
      name: 'stays shut for a stuck pod, too: it would serve nobody again',
      of: 'c-1',
      view: view({ pods: but('c-1', { isReady: false, stuck: 'CrashLoopBackOff' }), invalid: new Map([['c-1', 'has expired']]) }),
      ok: false,
      says: /has expired/,
    },
    {
      name: 'does not mind the certificate of another pod',
      of: 'c-0',
      view: view({ invalid: new Map([['b-0', 'has expired']]) }),
      ok: true,
    },
  ];
  for (const c of cases) {
    test(c.name, () => {
      const subject = c.view.pods.find((p) => p.name === c.of) as PodFacts;
      const verdict = canRestart(subject, c.view);
      assert.equal(verdict.ok, c.ok, JSON.stringify(verdict));
      if (c.says !== undefined) assert.match((verdict.ok ? verdict.note : verdict.because) ?? '', c.says);
    });
  }

  test('nobody may go while nobody leads: what is known of partitions is old', () => {
    const quorum: QuorumFacts = { leaderId: undefined, voters: [], fetchTimeoutMs: 2000 };
    const seen = view({ facts: { value: { quorum, topics: [] } } });
    for (const p of seen.pods)
      assert.deepEqual(canRestart(p, seen), { ok: false, because: 'the quorum has no leader', retry: true }, p.name);
  });

  test('a combined node needs its quorum and its partitions', () => {
    const nodes = [0, 1, 2].map((i) => pod(`n-${i}`, 'combined'));
    const quorum: QuorumFacts = {
      leaderId: 1,
      fetchTimeoutMs: 2000,
      voters: [0, 1, 2].map((nodeId) => ({ nodeId, lastCaughtUpMs: 1000 })),
    };
    const topics: TopicFacts[] = [
      { name: 'orders', minInsyncReplicas: 2, partitions: [{ partition: 3, leader: 0, replicas: [0, 1, 2], isr: [0, 2] }] },
    ];
    const seen = view({ pods: nodes, outdated: new Set(nodes.map((n) => n.name)), facts: { value: { quorum, topics } } });
    assert.deepEqual(canRestart(nodes[2] as PodFacts, seen), {
      ok: false,
      because: 'orders-3 has ISR {0,2}, needs 2 without broker 2',
      retry: true,
    });
    const lagging = { ...quorum, voters: quorum.voters.map((v) => (v.nodeId === 0 ? { ...v, lastCaughtUpMs: undefined } : v)) };
    const verdict = canRestart(nodes[2] as PodFacts, view({ ...seen, facts: { value: { quorum: lagging, topics: [] } } }));
    assert.deepEqual(verdict, { ok: false, because: '1 of 3 voters are caught up without controller 2, 2 are needed', retry: true });
  });
});

// A peer's cases, as data. They are not part of this project and only run where they are at hand.
const SCENARIOS = '../shared/scenarios/strimzi.json';
// biome-ignore lint/suspicious/noExplicitAny: a peer's data, one shape a suite
const scenarios: any[] = existsSync(SCENARIOS) ? JSON.parse(readFileSync(SCENARIOS, 'utf8')) : [];

describe("a peer's cases", { skip: scenarios.length === 0 ? `${SCENARIOS} is not here` : false }, () => {
  const of = (suite: string) => scenarios.filter((s) => s.suite === suite);

  for (const s of of('quorum')) {
    test(`${s.id}: ${s.source_test}`, () => {
      const { leaderId, lastCaughtUpTimestamp, fetchTimeoutMs, nodeToRestart } = s.given;
      const voters = Object.entries(lastCaughtUpTimestamp as Record<string, number>).map(([id, at]) => ({
        nodeId: Number(id),
        lastCaughtUpMs: at,
      }));
      const verdict = canRestartController(nodeToRestart, { leaderId: leaderId ?? undefined, voters, fetchTimeoutMs });
      // The peer throws when the quorum cannot be described; here that is a quorum without a leader, which is refused.
      assert.equal(verdict.ok, s.expect.canRestart ?? false);
    });
  }

  for (const s of of('availability')) {
    test(`${s.id}: ${s.source_test}`, () => {
      // biome-ignore lint/suspicious/noExplicitAny: as above
      const topics: TopicFacts[] = s.given.topics.map((t: any) => ({ ...t, minInsyncReplicas: t.minInsyncReplicas ?? undefined }));
      for (const [id, expected] of Object.entries(s.expect.canRestart))
        assert.equal(canRestartBroker(Number(id), topics).ok, expected, `broker ${id}`);
    });
  }
});
