/** The model of brokers: who connects, who leads, who is ready and in sync, who holds the data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Copies,
  canConnect,
  electLeader,
  forgotten,
  isCaughtUp,
  isReady,
  type KafkaModel,
  NO_DATA,
  nextPartition,
  type Partition,
  type RunningNode,
  replicated,
  servingBrokers,
  withEmptyDisk,
} from '#reconciler/sandbox/stand-ins/kafka/model';
import type { Role } from '#reconciler/sandbox/stand-ins/kubedb/layout';

const EARLY = new Date('2026-11-23T09:00:00Z');
const EXPIRY = new Date('2026-12-23T09:00:00Z');
const LATE = new Date('2027-01-23T09:00:00Z');

/** A chain has the name of the CA that signed it. Every node trusts `x`, whose chain expires. */
const trusts: KafkaModel['trusts'] = (trust, chain, at) => (chain[0] === 'x' ? at < EXPIRY : trust.includes(chain[0] ?? ''));

/** `-` is plaintext; `a` is TLS with CA a; `ab` serves a chain of a and trusts a and b. Capitals: started after the chain of `x` expired. */
function node(nodeId: number, material: string, role: Role = nodeId >= 1000 ? 'controller' : 'broker'): RunningNode {
  const startedAt = material === material.toUpperCase() && material !== '-' ? LATE : EARLY;
  const [first = '', ...others] = material.toLowerCase();
  return material === '-' ? { nodeId, role, startedAt } : { nodeId, role, startedAt, tls: { chain: [first], trust: [first, ...others] } };
}

/** A cluster as text: `1000:a 1001:- 0:a`. The voters are 1000 to 1002, or 0 to 2 with combined nodes. */
function cluster(text: string, role?: Role): KafkaModel {
  const nodes = text
    .split(' ')
    .filter(Boolean)
    .map((part) => {
      const [id = '', material = ''] = part.split(':');
      return node(Number(id), material, role);
    });
  return { nodes, voters: role === 'combined' ? [0, 1, 2] : [1000, 1001, 1002], trusts, now: LATE };
}

const talks: readonly [name: string, a: string, b: string, talk: boolean][] = [
  ['plaintext with plaintext', '-', '-', true],
  ['plaintext with TLS', '-', 'a', false],
  ['TLS by one CA', 'a', 'a', true],
  ['TLS by two CAs', 'a', 'b', false],
  ['a new leaf and an old one, both trusting both', 'ab', 'ba', true],
  ['one side trusting both, the other only its own', 'ba', 'a', false],
  ['an old leaf with a node that trusts both', 'a', 'ab', true],
  ['a chain that expired after both had connected', 'x', 'x', true],
  ['a chain that expired before the other started', 'x', 'A', false],
];
for (const [name, a, b, talk] of talks) {
  test(`${name}: ${talk ? 'connect' : 'do not connect'}`, () => {
    assert.equal(canConnect(node(0, a), node(1, b), { trusts, now: LATE }), talk);
    assert.equal(canConnect(node(1, b), node(0, a), { trusts, now: LATE }), talk, 'both ways');
  });
}

const leaders: readonly [name: string, nodes: string, previous: number | undefined, leader: number | undefined][] = [
  ['all alike: the lowest id', '1000:- 1001:- 1002:-', undefined, 1000],
  ['a leader stays', '1000:- 1001:- 1002:-', 1002, 1002],
  ['after the leader stopped: the lowest id of the others', '1001:- 1002:-', 1000, 1001],
  ['one of three: none, no majority', '1000:-', 1000, undefined],
  ['one converted: one of the other two', '1000:a 1001:- 1002:-', 1000, 1001],
  ['one converted, one stopped: none', '1000:a 1002:-', 1001, undefined],
  ['two converted: one of them', '1000:a 1001:a 1002:-', undefined, 1000],
  ['three CAs: none', '1000:a 1001:b 1002:c', undefined, undefined],
  ['all chains expired, one restarted: one of the other two', '1000:A 1001:x 1002:x', 1000, 1001],
  ['all chains expired, two restarted: one of them', '1000:A 1001:A 1002:x', 1002, 1000],
  ['brokers alone: none, they do not vote', '1000:- 0:- 1:- 2:-', undefined, undefined],
];
for (const [name, nodes, previous, leader] of leaders) {
  test(`leader: ${name}`, () => {
    assert.equal(electLeader(cluster(nodes), previous), leader);
  });
}

const readiness: readonly [name: string, nodes: string, role: Role | undefined, ready: readonly number[]][] = [
  ['all alike', '1000:- 1001:- 1002:- 0:- 1:-', undefined, [1000, 1001, 1002, 0, 1]],
  ['brokers need a quorum, controllers do not', '1000:- 0:- 1:-', undefined, [1000]],
  ['all controllers converted: no broker', '1000:a 1001:a 1002:a 0:- 1:-', undefined, [1000, 1001, 1002]],
  ['all controllers and one broker converted', '1000:a 1001:a 1002:a 0:a 1:-', undefined, [1000, 1001, 1002, 0]],
  ['the first node of a combined cluster', '0:-', 'combined', [0]],
  ['one combined node converted: not that one', '0:a 1:- 2:-', 'combined', [1, 2]],
  ['no majority of either kind: combined nodes as in a new cluster', '0:a 2:-', 'combined', [0, 2]],
];
for (const [name, nodes, role, ready] of readiness) {
  test(`ready: ${name}`, () => {
    const model = cluster(nodes, role);
    const leader = electLeader(model, undefined);
    assert.deepEqual(
      model.nodes.filter((n) => isReady(model, leader, n)).map((n) => n.nodeId),
      ready,
    );
  });
}

test('a client connects to the brokers of the cluster that speak its protocol and that it trusts', () => {
  const model = cluster('1000:a 1001:a 1002:a 0:a 1:- 2:ab');
  assert.deepEqual(servingBrokers(model, 1000, { trust: ['a'], at: EARLY }), [0, 2]);
  assert.deepEqual(servingBrokers(model, 1000, { at: EARLY }), []);
  assert.deepEqual(servingBrokers(model, 1000, { trust: ['b'], at: EARLY }), []);
});

const PARTITION: Partition = { partition: 0, leader: 1, replicas: [0, 1, 2], isr: [0, 1, 2] };
const partitions: readonly [name: string, nodes: string, after: Partial<Partition>][] = [
  ['unchanged', '1000:- 1001:- 1002:- 0:- 1:- 2:-', {}],
  ['a follower stopped', '1000:- 1001:- 1002:- 0:- 1:-', { isr: [0, 1] }],
  ['the leader stopped: the first in-sync replica leads', '1000:- 1001:- 1002:- 0:- 2:-', { leader: 0, isr: [0, 2] }],
  ['no active controller: it stays as it is', '1000:- 0:-', {}],
  ['all replicas stopped: no leader, and the last one stays in sync', '1000:- 1001:- 1002:-', { leader: undefined, isr: [2] }],
];
for (const [name, nodes, after] of partitions) {
  test(`partition: ${name}`, () => {
    const model = cluster(nodes);
    assert.deepEqual(nextPartition(model, electLeader(model, undefined), PARTITION), { ...PARTITION, ...after });
  });
}

test('a replica that has not caught up is not in sync, unless it leads; a voter does not count until then', () => {
  const { nodes, ...model } = cluster('1000:- 1001:- 1002:- 0:- 1:- 2:-');
  const behind = { ...model, nodes: nodes.map((n) => ({ ...n, isBehind: [1, 2, 1000, 1002].includes(n.nodeId) })) };
  assert.deepEqual(nextPartition(behind, 1000, PARTITION), { ...PARTITION, isr: [0, 1] });
  assert.deepEqual(
    [1000, 1001, 1002].map((id) => isCaughtUp(behind, 1000, id)),
    [true, true, false],
  );
});

test('a replica that was not in sync does not lead', () => {
  const model = cluster('1000:- 1001:- 1002:- 2:-');
  assert.equal(nextPartition(model, 1000, { ...PARTITION, isr: [1] }).leader, undefined);
});

const of = (...holders: number[]): Copies => ({ holders, losses: 0 });
const copies: readonly [name: string, has: Copies, wanted: Copies][] = [
  ['the first data is on the replicas in sync', replicated(NO_DATA, 0, [0, 1]), of(0, 1)],
  ['without a leader, replicas fetch nothing', replicated(of(0), undefined, [0, 1]), of(0)],
  ['an emptied node holds no data', withEmptyDisk(of(0, 1), 1), of(0)],
  ['an emptied node fetches it again', replicated(withEmptyDisk(of(0, 1), 1), 0, [0, 1]), of(0, 1)],
  ['an emptied leader loses it', replicated(withEmptyDisk(of(0, 1), 0), 0, [0]), { holders: [0], losses: 1 }],
  ['the only copy is emptied', replicated(withEmptyDisk(of(0), 0), 0, [0]), { holders: [0], losses: 1 }],
  ['an empty disk before the first data', withEmptyDisk(NO_DATA, 0), NO_DATA],
  ['the metadata is lost', forgotten(of(0, 1)), { losses: 1 }],
];
for (const [name, has, wanted] of copies) test(`copies: ${name}`, () => assert.deepEqual(has, wanted));
