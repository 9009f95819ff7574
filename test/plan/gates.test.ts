/** Gates as a table, the refusals of the quorum and of partitions as a peer tests them, and what holds whatever the facts are. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { KafkaFacts, PodFacts, Reading, TopicFacts } from '#reconciler/model/observation';
import type { Operation } from '#reconciler/model/plan';
import type { GateScope, RestartView } from '#reconciler/plan/gates/gate';
import { askGates, refusalOf } from '#reconciler/plan/gates/gates';
import { quorumTooSmall, tooFewInsync } from '#reconciler/plan/gates/kafka-health';
import { repairOf, unavailablePods } from '#reconciler/plan/gates/pods';
import { isMixed } from '#reconciler/plan/served';
import { ClusterBuilder, certificate, NOW } from '#test/support/cluster-builder';

/** All pods are outdated, except where `upToDate` names them. */
function viewOf({ live }: ClusterBuilder, upToDate: readonly string[] = [], change: Partial<RestartView> = {}): RestartView {
  const names = live.pods.map((p) => p.name);
  return {
    live,
    planned: new Set(names),
    outdated: new Set(names.filter((name) => !upToDate.includes(name))),
    isCutover: false,
    unknownHealthPolicy: 'readiness',
    now: new Date(NOW),
    ...change,
  };
}

const kafka = () => new ClusterBuilder();
const combined = () => new ClusterBuilder('combined');
const unready = { isReady: false };
const stuck = { isReady: false, stuck: 'CrashLoopBackOff' };
const expired = { served: [{ listener: 'BROKER' as const, protocol: 'tls' as const, expiredAt: '2026-11-22T09:00:00Z' }] };
const ephemeral = (c: ClusterBuilder) => c.kafka((k) => ({ ...k, spec: { ...k.spec, storageType: 'Ephemeral' } }));

const topic = (name: string, minInsyncReplicas: number, replicas: readonly number[], isr = replicas, partition = 0): TopicFacts => ({
  name,
  minInsyncReplicas,
  partitions: [{ partition, leader: isr[0], replicas, isr }],
});
const voters = (ids: readonly number[], behind: readonly number[] = []) =>
  ids.map((nodeId) => ({ nodeId, lastCaughtUpMs: behind.includes(nodeId) ? undefined : 1000 }));
const health = (topics: readonly TopicFacts[], quorum: Partial<KafkaFacts['quorum']> = {}): Reading<KafkaFacts> => ({
  value: { quorum: { leaderId: 1000, fetchTimeoutMs: 2000, voters: voters([1000, 1001, 1002]), ...quorum }, topics },
});
const behind = health([topic('orders', 2, [0, 1, 2], [1, 2])]);

interface Case {
  readonly name: string;
  readonly of: string;
  readonly view: RestartView;
  readonly scope?: GateScope;
  /** Absent: the pod may restart. */
  readonly refuses?: RegExp;
  /** Waiting cannot help. */
  readonly isFinal?: true;
}

const CASES: readonly Case[] = [
  { name: 'every other pod is Ready', of: 'controller-0', view: viewOf(kafka()) },
  {
    name: 'another pod is not Ready',
    of: 'controller-0',
    view: viewOf(kafka().pod('orders-broker-1', unready)),
    refuses: /^orders-broker-1 is not Ready \(gate: other-pods-ready\)$/,
  },
  { name: 'the unready pod itself serves no client', of: 'broker-1', view: viewOf(kafka().pod('orders-broker-1', unready)) },
  {
    name: 'a restarted pod is not Ready',
    of: 'controller-0',
    view: viewOf(kafka().pod('orders-controller-1', unready), ['orders-controller-1']),
    refuses: /^orders-controller-1 is up to date and not Ready \(gate: restarted-pods-ready\)$/,
  },
  {
    name: 'a restarted pod is stuck',
    of: 'controller-0',
    view: viewOf(kafka().pod('orders-controller-1', stuck), ['orders-controller-1']),
    refuses: /is up to date and cannot start: CrashLoopBackOff; the next pod would fail the same way \(gate: no-pod-down\)$/,
    isFinal: true,
  },
  {
    name: 'a restarted pod is terminating',
    of: 'controller-0',
    view: viewOf(kafka().pod('orders-controller-1', { isTerminating: true }), ['orders-controller-1']),
    refuses: /^orders-controller-1 is terminating \(gate: no-pod-down\)$/,
  },
  {
    name: 'a pod does not exist',
    of: 'controller-0',
    view: viewOf(kafka().sees(({ pods }) => ({ pods: pods.slice(0, -1) }))),
    refuses: /^orders-broker-2 does not exist \(gate: no-pod-down\)$/,
  },
  { name: 'a stuck outdated pod', of: 'controller-1', view: viewOf(kafka().pod('orders-controller-1', stuck)) },
  {
    name: 'health is unknown, and must be known',
    of: 'controller-0',
    view: viewOf(kafka(), [], { unknownHealthPolicy: 'refuse' }),
    refuses: /^broker health unknown: .* \(gate: health-known\)$/,
  },
  {
    name: 'the quorum has no leader',
    of: 'broker-0',
    view: viewOf(kafka().facts(health([], { leaderId: undefined }))),
    refuses: /^the quorum has no leader \(gate: quorum-leader\)$/,
  },
  {
    name: 'a combined node needs its partitions',
    of: '2',
    view: viewOf(combined().facts(health([topic('orders', 2, [0, 1, 2], [0, 2], 3)], { leaderId: 1, voters: voters([0, 1, 2]) }))),
    refuses: /^orders-3 has ISR \{0,2\}, needs 2 without broker 2 \(gate: min-insync-replicas\)$/,
  },
  {
    name: 'a combined node needs its quorum',
    of: '2',
    view: viewOf(combined().facts(health([], { leaderId: 1, voters: voters([0, 1, 2], [0]) }))),
    refuses: /^1 of 3 voters are caught up without controller 2, 2 are needed \(gate: controller-quorum\)$/,
  },
  {
    name: 'the certificate that the pod would load is not valid yet',
    of: 'broker-1',
    view: viewOf(kafka(), [], { now: new Date(Date.parse('2026-10-23T09:00:00Z') - 1) }),
    refuses: /\(Secret orders-server-cert\) is valid only from 2026-10-23T09:00:00Z \(gate: valid-certificate\)$/,
  },
  { name: 'the certificate becomes valid now', of: 'broker-1', view: viewOf(kafka(), [], { now: new Date('2026-10-23T09:00:00Z') }) },
  {
    name: 'the certificate is valid for a last moment',
    of: 'broker-1',
    view: viewOf(kafka(), [], { now: new Date(Date.parse('2027-01-21T09:00:00Z') - 1) }),
  },
  {
    name: 'the certificate has expired, also for a stuck pod',
    of: 'broker-1',
    view: viewOf(kafka().pod('orders-broker-1', stuck), [], { now: new Date('2027-01-21T09:00:00Z') }),
    refuses: /has expired 2027-01-21T09:00:00Z \(gate: valid-certificate\)$/,
  },
  {
    name: 'without TLS no certificate matters',
    of: 'broker-1',
    view: viewOf(new ClusterBuilder('dedicated', 'off'), [], { now: new Date(0) }),
  },
  {
    name: 'a broker waits for its partitions',
    of: 'broker-1',
    view: viewOf(kafka().facts(behind)),
    refuses: /^orders-0 has ISR \{1,2\}, needs 2 without broker 1 \(gate: min-insync-replicas\)$/,
  },
  {
    name: 'a broker with an expired certificate restarts whatever its partitions are',
    of: 'broker-1',
    view: viewOf(kafka().pod('orders-broker-1', expired).facts(behind)),
  },
  {
    name: 'the same by an observation of an earlier version',
    of: 'broker-1',
    view: viewOf(kafka().podServes('orders-broker-1', { protocol: 'tls', untrusted: 'expired 2026-11-22T09:00:00Z' }).facts(behind)),
  },
  {
    name: 'the same while broker health is unknown',
    of: 'broker-1',
    view: viewOf(kafka().pod('orders-broker-1', expired), [], { unknownHealthPolicy: 'refuse' }),
  },
  {
    name: 'it does not restart onto a certificate that has expired, too',
    of: 'broker-1',
    view: viewOf(kafka().pod('orders-broker-1', expired), [], { now: new Date('2027-01-21T09:00:00Z') }),
    refuses: /valid-certificate/,
  },
  { name: 'ephemeral data has another copy', of: 'broker-0', view: viewOf(ephemeral(kafka()).facts(health([topic('double', 1, [0, 1])]))) },
  {
    name: 'ephemeral data has no other copy',
    of: 'broker-0',
    view: viewOf(ephemeral(kafka()).facts(health([topic('double', 2, [0, 1], [0])]))),
    refuses: /^its storage is ephemeral, and no other broker in sync has double-0: ISR \{0\} \(gate: copies-of-data\)$/,
  },
  { name: 'durable data needs no other copy', of: 'broker-0', view: viewOf(kafka().facts(health([topic('double', 2, [0, 1], [0])]))) },
  {
    name: 'copies of ephemeral data are unknown',
    of: 'broker-0',
    view: viewOf(ephemeral(kafka()).facts({ unknown: 'no route' })),
    refuses: /whether another pod holds its data is not known: no route/,
  },
  {
    name: 'a single broker has no other copy to wait for',
    of: 'broker-0',
    view: viewOf(
      ephemeral(kafka())
        .kafka((k) => ({ ...k, spec: { ...k.spec, topology: { controller: { replicas: 3 }, broker: { replicas: 1 } } } }))
        .sees(({ pods }) => ({ pods: pods.filter((p) => p.role === 'controller' || p.ordinal === 0) }))
        .facts({ unknown: 'no route' }),
    ),
  },
  {
    name: 'in a cut-over no other pod can fetch ephemeral data',
    of: 'broker-0',
    scope: 'wholeOperation',
    view: viewOf(ephemeral(kafka()).facts({ unknown: 'no route' }), [], { isCutover: true }),
  },
];

describe('the gates of a pod', () => {
  for (const { name, of, view, scope = 'rolling', refuses, isFinal } of CASES) {
    test(`${name}: ${refuses === undefined ? 'it may restart' : 'refused'}`, () => {
      const pod = view.live.pods.find((p) => p.name === `orders-${of}`);
      assert.ok(pod);
      const refusal = refusalOf(pod, view, scope);
      if (refuses === undefined) return assert.equal(refusal, undefined);
      assert.match(refusal?.because ?? '', refuses);
      assert.equal(refusal?.retry, isFinal !== true);
    });
  }
});

describe('pods that cannot talk already', () => {
  test('one serves an expired certificate', () => {
    assert.equal(isMixed(kafka().live.pods), false);
    assert.equal(isMixed(kafka().pod('orders-broker-1', expired).live.pods), true);
    assert.equal(isMixed(kafka().pod('orders-broker-1', { ...expired, isTerminating: true }).live.pods), false);
  });
});

test('without broker health an unready active controller restarts first: stricter than the peer, which would restart others', () => {
  const view = viewOf(kafka().pod('orders-controller-1', unready));
  const may = view.live.pods.filter((p) => refusalOf(p, view, 'rolling') === undefined);
  assert.deepEqual(
    may.map((p) => p.name),
    ['orders-controller-1'],
  );
});

describe('unavailable pods in a cut-over', () => {
  const one = (change: Partial<PodFacts>) => combined().pod('orders-1', change).live;
  const { live } = combined();
  const withReplicas = (replicas: number) => ({
    ...live,
    petSets: live.petSets.map((s) => ({ ...s, object: { ...s.object, spec: { ...s.object.spec, replicas } } })),
  });
  const cases = [
    { name: 'none', live, expect: [] },
    { name: 'a missing pod', live: { ...live, pods: live.pods.filter((p) => p.name !== 'orders-1') }, expect: ['orders-1 does not exist'] },
    { name: 'a terminating pod', live: one({ isTerminating: true }), expect: ['orders-1 is terminating'] },
    { name: 'a pod that does not run yet', live: one({ isRunning: false }), expect: ['orders-1 does not run yet'] },
    { name: 'no stuck pod', live: one({ isRunning: false, stuck: 'CrashLoopBackOff' }), expect: [] },
    { name: 'no outdated pod', live: combined().pod('orders-2', { isRunning: false }).live, expect: [] },
    { name: 'no pod above the replicas of its PetSet', live: withReplicas(2), expect: [] },
    { name: 'every pod that its PetSet will create', live: withReplicas(4), expect: ['orders-3 does not exist'] },
  ];
  for (const { name, live: seen, expect } of cases) {
    test(name, () => {
      const found = unavailablePods(seen, new Set(['orders-2'])).map((p) => `${p.name} ${p.because}`);
      assert.deepEqual(found, expect);
    });
  }
});

describe('an operation of KubeDB repairs', () => {
  const old = { protocol: 'tls' as const, leaf: certificate('old'), isSignedBySecretCa: true };
  const leaf = certificate('expired', { notAfter: '2026-11-23T08:00:00Z' });
  const POD = 'orders-broker-1';
  const lacksKey = () =>
    kafka()
      .pod(POD, unready)
      .secret('orders-server-cert', { keys: ['tls.crt'] });
  const withExpired = () => kafka().secret('orders-server-cert', { leaf });
  const cases: readonly { name: string; operation: Operation; cluster: ClusterBuilder; says?: string }[] = [
    { name: 'no healthy pod', operation: 'rotate', cluster: kafka() },
    { name: 'no outdated pod that is Ready', operation: 'restart', cluster: kafka().podServes(POD, old) },
    {
      name: 'an outdated pod that is not Ready',
      operation: 'restart',
      cluster: kafka().podServes(POD, old).pod(POD, unready),
      says: 'orders-broker-1 is not Ready and is outdated',
    },
    {
      name: 'an outdated pod that is stuck',
      operation: 'update',
      cluster: kafka().podServes(POD, old).pod(POD, stuck),
      says: 'orders-broker-1 cannot start: CrashLoopBackOff and is outdated',
    },
    { name: 'no up-to-date pod that is not Ready', operation: 'restart', cluster: kafka().pod(POD, unready) },
    { name: 'no up-to-date pod that is stuck', operation: 'rotate', cluster: kafka().pod(POD, stuck) },
    {
      name: 'a pod whose Secret lacks a key',
      operation: 'update',
      cluster: lacksKey(),
      says: 'orders-broker-1 is not Ready, and its Secret is incomplete',
    },
    { name: 'not with a restart, which does not fill the Secret', operation: 'restart', cluster: lacksKey() },
    {
      name: 'an expired certificate, whether pods are Ready or not',
      operation: 'rotate',
      cluster: withExpired(),
      says: 'orders-controller-0: the certificate that it would load (Secret orders-server-cert) has expired 2026-11-23T08:00:00Z',
    },
    { name: 'not with a restart, which loads the expired certificate', operation: 'restart', cluster: withExpired() },
  ];
  for (const { name, operation, cluster, says } of cases) {
    test(`${name} (${operation})`, () => {
      const { bundle, live } = cluster;
      assert.equal(repairOf({ bundle, live, now: new Date(NOW) }, operation), says);
    });
  }
});

const flag = fc.boolean();
const node = fc.record({ isOutdated: flag, isReady: flag, isStuck: flag, lagMs: fc.nat(4000) });
const TOPOLOGY = fc.record({
  controllers: fc.array(node, { maxLength: 5 }),
  brokers: fc.array(node, { maxLength: 4 }),
  isCombined: flag,
  leader: fc.option(fc.nat(4), { nil: undefined }),
  isKnown: flag,
});
test('whatever the facts are, the active controller restarts after the other controllers, and brokers after all controllers', () => {
  fc.assert(
    fc.property(TOPOLOGY, ({ controllers, brokers, isCombined, leader, isKnown }) => {
      const [first] = kafka().live.pods as [PodFacts];
      const made = (role: PodFacts['role'], some: typeof controllers, from: number) =>
        some.map(({ isOutdated, isReady, isStuck, lagMs }, ordinal) => {
          const pod = { ...first, name: `${role}-${ordinal}`, role, ordinal, nodeId: from + ordinal, isReady: isReady && !isStuck };
          return { isOutdated, lagMs, pod: isStuck ? { ...pod, stuck: 'CrashLoopBackOff' } : pod };
        });
      const nodes = [...made(isCombined ? 'combined' : 'controller', controllers, 0), ...made('broker', brokers, 100)];
      const known = nodes.filter((n) => n.pod.role !== 'broker').map((n) => ({ nodeId: n.pod.nodeId, lastCaughtUpMs: 9000 - n.lagMs }));
      const leaderId = leader === undefined ? undefined : known[leader]?.nodeId;
      const facts = isKnown ? health([], { leaderId, voters: known }) : { unknown: 'not read' };
      const { kafka: _, ...live } = kafka().live;
      const outdated = new Set(nodes.filter((n) => n.isOutdated).map((n) => n.pod.name));
      const view = viewOf(kafka(), [], { live: { ...live, pods: nodes.map((n) => n.pod), facts }, outdated });
      const left = view.live.pods.filter((p) => outdated.has(p.name) && p.role !== 'broker');
      const next = askGates(view, 'rolling').find((a) => a.refusal === undefined)?.pod;
      if (next === undefined || left.length === 0) return;
      assert.notEqual(next.role, 'broker', 'a broker before a controller');
      assert.ok(!isKnown || next.nodeId !== leaderId || left.length === 1, 'the active controller before another');
    }),
    { numRuns: 2000 },
  );
});

// A peer's cases, as data. They are not part of this project and only run where they are at hand.
const SCENARIOS = '../shared/scenarios/strimzi.json';
interface Scenario {
  readonly id: string;
  readonly suite: string;
  readonly source_test: string;
  readonly given: {
    readonly leaderId: number | null;
    readonly lastCaughtUpTimestamp: Readonly<Record<string, number>>;
    readonly fetchTimeoutMs: number;
    readonly nodeToRestart: number;
    readonly topics: readonly (Omit<TopicFacts, 'minInsyncReplicas'> & { readonly minInsyncReplicas: number | null })[];
  };
  readonly expect: { readonly canRestart: boolean & Readonly<Record<string, boolean>> };
}
const scenarios: readonly Scenario[] = existsSync(SCENARIOS) ? JSON.parse(readFileSync(SCENARIOS, 'utf8')) : [];

describe("a peer's cases", { skip: scenarios.length === 0 ? `skipped: ${SCENARIOS} is absent` : false }, () => {
  for (const { id, suite, source_test, given, expect } of scenarios) {
    if (suite === 'quorum') {
      test(`${id}: ${source_test}`, () => {
        const known = Object.entries(given.lastCaughtUpTimestamp).map(([nodeId, at]) => ({ nodeId: Number(nodeId), lastCaughtUpMs: at }));
        const quorum = { leaderId: given.leaderId ?? undefined, voters: known, fetchTimeoutMs: given.fetchTimeoutMs };
        // The peer throws when the quorum cannot be described. Here that is a quorum without a leader, which is refused.
        assert.equal(quorumTooSmall(given.nodeToRestart, quorum) === undefined, expect.canRestart ?? false);
      });
    }
    if (suite === 'availability') {
      test(`${id}: ${source_test}`, () => {
        const topics = given.topics.map((t): TopicFacts => ({ ...t, minInsyncReplicas: t.minInsyncReplicas ?? undefined }));
        for (const [broker, expected] of Object.entries(expect.canRestart))
          assert.equal(tooFewInsync(Number(broker), topics) === undefined, expected, `broker ${broker}`);
      });
    }
  }
});
