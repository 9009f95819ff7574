/** Which restarts lose data, by the storage of the pods: what a plan refuses, and what it notes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Acknowledged, formatAcknowledgement } from '#model/acknowledgement';
import { CUTOVERS, EXECUTORS } from '#model/desired';
import { tlsHash } from '#model/tls';
import type { KafkaFacts, PodFacts } from '#reconciler/model/observation';
import { restartsOf } from '#reconciler/model/plan';
import { planOffline } from '#reconciler/plan/offline';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, KAFKA, NOW, TLS } from '../support/cluster-builder';

const ON = tlsHash(KAFKA, TLS);
const OFF = tlsHash(KAFKA, 'off');
const MOVE: Acknowledged = { kind: 'clientsMoveToTls' };
const lost = (content: string): Acknowledged => ({ kind: 'ephemeralDataIsLost', content });

const ephemeral = (b: ClusterBuilder) => b.kafka((k) => ({ ...k, spec: { ...k.spec, storageType: 'Ephemeral' } }));
/** Pods of a role say so themselves, whatever the Kafka's spec says. */
const onEmptyDir = (b: ClusterBuilder, ...roles: PodFacts['role'][]) =>
  b.sees(({ pods }) => ({ pods: pods.map((p) => ({ ...p, hasEphemeralData: roles.includes(p.role) })) }));
const turnedOn = (topology: 'dedicated' | 'combined' = 'dedicated') =>
  new ClusterBuilder(topology, 'off').wants(TLS).desires({ acknowledge: [MOVE] });
const rotated = (topology: 'dedicated' | 'combined' = 'dedicated') =>
  new ClusterBuilder(topology).byRestart().desires({ issuedAfter: NOW });
/** A Kafka with this many nodes a role. */
const sized = (b: ClusterBuilder, controllers: number, brokers: number) =>
  b
    .kafka((k) => ({ ...k, spec: { ...k.spec, topology: { controller: { replicas: controllers }, broker: { replicas: brokers } } } }))
    .sees(({ pods }) => ({ pods: pods.filter((p) => p.ordinal < (p.role === 'controller' ? controllers : brokers)) }));
const alone = (b: ClusterBuilder) =>
  b.kafka((k) => ({ ...k, spec: { ...k.spec, replicas: 1 } })).sees(({ pods }) => ({ pods: pods.slice(0, 1) }));

interface Row {
  readonly name: string;
  readonly cluster: () => ClusterBuilder;
  /** What is lost for certain; absent when nothing is. */
  readonly loses?: RegExp;
  readonly content?: string;
}

const ALL = /topics, offsets, ACLs, SCRAM users and KRaft metadata are lost/;

const ROWS: readonly Row[] = [
  { name: 'TLS on, durable', cluster: turnedOn },
  { name: 'TLS on, ephemeral', cluster: () => ephemeral(turnedOn()), loses: ALL },
  { name: 'TLS on, combined and ephemeral', cluster: () => ephemeral(turnedOn('combined')), loses: ALL },
  { name: 'TLS on, pods on emptyDir', cluster: () => onEmptyDir(turnedOn(), 'controller', 'broker'), loses: ALL },
  {
    name: 'TLS on, brokers on emptyDir',
    cluster: () => onEmptyDir(turnedOn(), 'broker'),
    loses: /: the records of all topics and the offsets of consumers are lost/,
  },
  {
    name: 'TLS on, controllers on emptyDir',
    cluster: () => onEmptyDir(turnedOn(), 'controller'),
    loses: /: topics, ACLs, SCRAM users and all other KRaft metadata are lost/,
  },
  { name: 'TLS on, pods on claims though the spec says Ephemeral', cluster: () => onEmptyDir(ephemeral(turnedOn())) },
  {
    name: 'TLS off, ephemeral',
    cluster: () => ephemeral(new ClusterBuilder().wants('off').desires({ acknowledge: [{ kind: 'clientsLeaveTls' }] })),
    loses: ALL,
    content: OFF,
  },
  {
    name: 'TLS off, ephemeral, a revert',
    cluster: () => ephemeral(new ClusterBuilder().wants('off').remembers({ change: { from: { tls: 'off' }, to: { tls: TLS } } })),
    loses: ALL,
    content: OFF,
  },
  { name: 'a rotation, ephemeral', cluster: () => ephemeral(rotated()) },
  { name: 'a rotation, combined and ephemeral', cluster: () => ephemeral(rotated('combined')) },
  { name: 'a rotation, two controllers', cluster: () => sized(ephemeral(rotated()), 2, 3) },
  {
    name: 'a rotation, one controller',
    cluster: () => sized(ephemeral(rotated()), 1, 3),
    loses: /^orders-controller-0 is the only controller, .*KRaft metadata are lost/,
  },
  { name: 'a rotation, one controller with a claim', cluster: () => onEmptyDir(sized(rotated(), 1, 3), 'broker') },
  {
    name: 'a rotation, one broker',
    cluster: () => sized(ephemeral(rotated()), 3, 1),
    loses: /^orders-broker-0 is the only broker, .*the records of all topics/,
  },
  { name: 'a rotation, one controller and one broker', cluster: () => sized(ephemeral(rotated()), 1, 1), loses: ALL },
  { name: 'a rotation, a single node', cluster: () => alone(ephemeral(rotated('combined'))), loses: ALL },
  { name: 'a rotation, a single durable node', cluster: () => alone(rotated('combined')) },
];

for (const executor of EXECUTORS) {
  for (const cutover of CUTOVERS) {
    describe(`data that is lost, executor ${executor}, cut-over ${cutover}`, () => {
      for (const { name, cluster, loses, content = ON } of ROWS) {
        test(name, () => {
          const c = cluster().desires({ executor, cutover });
          const planned = () => plan(c.bundle, c.live, new Date(NOW));
          const refused = planned().obstacles.filter((o) => o.kind === 'invalid');
          if (loses === undefined) return assert.deepEqual(refused, []);
          assert.equal(refused.length, 1, JSON.stringify(refused));
          assert.match(refused[0]?.message ?? '', loses);
          assert.ok(refused[0]?.hint?.includes(`[${formatAcknowledgement(lost(content))}]`), refused[0]?.hint);
          c.desires({ acknowledge: [...c.bundle.desired.acknowledge, lost(content)] });
          const { obstacles, notes, acknowledged, steps } = planned();
          assert.deepEqual(obstacles, []);
          assert.ok(restartsOf(steps).length > 0);
          assert.ok(acknowledged?.some((a) => a.kind === 'ephemeralDataIsLost'));
          assert.match(notes.join('\n'), /^Data is lost: /m);
        });
      }
    });
  }
}

describe('an acknowledged loss', () => {
  const asks = (c: ClusterBuilder) =>
    plan(c.bundle, c.live, new Date(NOW))
      .obstacles.map((o) => o.hint ?? '')
      .join();

  test('is approved once: the next loss has a number', () => {
    const c = ephemeral(turnedOn()).desires({ acknowledge: [MOVE, lost(ON)] });
    assert.equal(asks(c), '');
    assert.match(asks(c.remembers({ losses: { content: OFF, count: 1 } })), new RegExp(`ephemeralDataIsLost\\('${ON}-2'\\)`));
    assert.equal(asks(c.desires({ acknowledge: [MOVE, lost(`${ON}-2`)] })), '');
  });

  test('is not asked for again by a run that continues', () => {
    const c = ephemeral(turnedOn()).desires({ acknowledge: [MOVE] });
    assert.equal(asks(c.remembers({ losses: { content: ON, count: 1, unfinished: true } })), '');
  });

  test('of another TLS state approves nothing', () => {
    assert.match(asks(ephemeral(turnedOn()).desires({ acknowledge: [MOVE, lost(OFF)] })), /ephemeralDataIsLost/);
  });
});

describe('without a cluster', () => {
  const declared = (tls: 'off' | typeof TLS, acknowledge: readonly Acknowledged[]) => {
    const { bundle } = new ClusterBuilder().declares().wants(tls).desires({ acknowledge });
    const { kafka } = bundle;
    return kafka === undefined ? bundle : { ...bundle, kafka: { ...kafka, spec: { ...kafka.spec, storageType: 'Ephemeral' } } };
  };

  test('a declared ephemeral Kafka is known to lose its data', () => {
    const [before, after] = [declared('off', []), declared(TLS, [MOVE])];
    assert.match(planOffline(before, after).obstacles[0]?.message ?? '', ALL);
    assert.deepEqual(planOffline(before, declared(TLS, [MOVE, lost(ON)])).obstacles, []);
  });

  test('whether it was lost before is not known', () => {
    assert.deepEqual(planOffline(declared('off', []), declared(TLS, [MOVE, lost(`${ON}-3`)])).obstacles, []);
  });

  test('the revert of an acknowledged change loses it again', () => {
    const [on, off] = [declared(TLS, [MOVE, lost(ON)]), declared('off', [])];
    assert.match(planOffline(on, off).obstacles[0]?.hint ?? '', new RegExp(`ephemeralDataIsLost\\('${OFF}'\\)`));
  });
});

describe('notes on gated restarts of an ephemeral Kafka', () => {
  const quorum = { leaderId: 1000, voters: [1000, 1001, 1002].map((nodeId) => ({ nodeId, lastCaughtUpMs: 1 })), fetchTimeoutMs: 2000 };
  const partition = (replicas: number[], isr = replicas) => ({ partition: 0, leader: isr[0], replicas, isr });
  const topic = (name: string, replicas: number[]) => ({ name, minInsyncReplicas: 1, partitions: [partition(replicas)] });
  const facts: KafkaFacts = { quorum, topics: [topic('single', [1]), topic('double', [0, 1])] };
  const notesOf = (c: ClusterBuilder) => plan(c.bundle, c.live, new Date(NOW)).notes.join('\n');

  test('partitions with a single replica are lost', () => {
    const notes = notesOf(ephemeral(rotated()).facts({ value: facts }));
    assert.match(notes, /^Partitions of single are lost: the broker of a single replica restarts, and its storage is ephemeral\.$/m);
    assert.doesNotMatch(notes, /cannot be used/);
  });

  test('on durable storage they are unavailable', () => {
    assert.match(notesOf(rotated().facts({ value: facts })), /^Partitions of single cannot be used while/m);
  });

  test('their names may be unknown', () => {
    assert.match(notesOf(ephemeral(rotated()).facts({ unknown: 'no route' })), /^Partitions with a single replica are lost/m);
  });

  test('KubeDB asks no gate between pods', () => {
    assert.match(
      notesOf(ephemeral(rotated()).desires({ executor: 'ops-request' }).facts({ value: facts })),
      /^KubeDB does not wait between pods/m,
    );
    assert.doesNotMatch(notesOf(ephemeral(rotated()).facts({ value: facts })), /KubeDB does not wait/);
  });
});
