import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Role } from '#model/kubedb';
import {
  canConnect,
  electLeader,
  isCaughtUp,
  isReady,
  type KafkaModel,
  nextPartition,
  type Partition,
  type RunningNode,
  servingBrokers,
} from '#reconciler/sandbox/stand-ins/kafka/model';

const EARLY = new Date('2026-11-23T09:00:00Z');
const EXPIRY = new Date('2026-12-23T09:00:00Z');
const LATE = new Date('2027-01-23T09:00:00Z');

/** In these tests a chain is named after the CA that signed it; that of `x`, which everybody trusts, expires. */
const trusts: KafkaModel['trusts'] = (trust, chain, at) => (chain[0] === 'x' ? at < EXPIRY : trust.includes(chain[0] ?? ''));

/** `-` is plaintext, `a` is TLS by CA a, `ab` serves by a and trusts a and b. Capitals started after the chain of `x` expired. */
function node(nodeId: number, material: string, role: Role = nodeId >= 1000 ? 'controller' : 'broker'): RunningNode {
  const startedAt = material === material.toUpperCase() && material !== '-' ? LATE : EARLY;
  const [first = '', ...others] = material.toLowerCase();
  return material === '-' ? { nodeId, role, startedAt } : { nodeId, role, startedAt, tls: { chain: [first], trust: [first, ...others] } };
}

/** A cluster as text: `1000:a 1001:- 0:a`; voters are 1000 to 1002, or 0 to 2 with combined nodes. */
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
  test(`${name}: ${talk ? 'they talk' : 'they do not'}`, () => {
    assert.equal(canConnect(node(0, a), node(1, b), { trusts, now: LATE }), talk);
    assert.equal(canConnect(node(1, b), node(0, a), { trusts, now: LATE }), talk, 'both ways');
  });
}

const leaders: readonly [name: string, nodes: string, previous: number | undefined, leader: number | undefined][] = [
  ['all of a kind: the lowest', '1000:- 1001:- 1002:-', undefined, 1000],
  ['a leader stays', '1000:- 1001:- 1002:-', 1002, 1002],
  ['a leader that went is followed by the lowest', '1001:- 1002:-', 1000, 1001],
  ['one of three is no quorum', '1000:-', 1000, undefined],
  ['one converted: the other two go on', '1000:a 1001:- 1002:-', 1000, 1001],
  ['one converted, one away: nobody', '1000:a 1002:-', 1001, undefined],
  ['two converted: they go on', '1000:a 1001:a 1002:-', undefined, 1000],
  ['three CAs: nobody', '1000:a 1001:b 1002:c', undefined, undefined],
  ['all chains have expired, one is restarted: the other two go on', '1000:A 1001:x 1002:x', 1000, 1001],
  ['two are restarted: they go on', '1000:A 1001:A 1002:x', 1002, 1000],
  ['brokers do not vote', '1000:- 0:- 1:- 2:-', undefined, undefined],
];
for (const [name, nodes, previous, leader] of leaders) {
  test(`leader: ${name}`, () => {
    assert.equal(electLeader(cluster(nodes), previous), leader);
  });
}

const readiness: readonly [name: string, nodes: string, role: Role | undefined, ready: readonly number[]][] = [
  ['everything of a kind', '1000:- 1001:- 1002:- 0:- 1:-', undefined, [1000, 1001, 1002, 0, 1]],
  ['brokers need a quorum, controllers do not', '1000:- 0:- 1:-', undefined, [1000]],
  ['controllers converted first: the brokers are cut off', '1000:a 1001:a 1002:a 0:- 1:-', undefined, [1000, 1001, 1002]],
  ['and come back one by one', '1000:a 1001:a 1002:a 0:a 1:-', undefined, [1000, 1001, 1002, 0]],
  ['a combined cluster begins', '0:-', 'combined', [0]],
  ['a converted combined node is alone', '0:a 1:- 2:-', 'combined', [1, 2]],
  ['no majority of either kind: combined nodes count as beginning', '0:a 2:-', 'combined', [0, 2]],
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

test('a client reaches the brokers of the cluster that speak its protocol and that it trusts', () => {
  const model = cluster('1000:a 1001:a 1002:a 0:a 1:- 2:ab');
  assert.deepEqual(servingBrokers(model, 1000, { trust: ['a'], at: EARLY }), [0, 2]);
  assert.deepEqual(servingBrokers(model, 1000, { at: EARLY }), []);
  assert.deepEqual(servingBrokers(model, 1000, { trust: ['b'], at: EARLY }), []);
});

const PARTITION: Partition = { partition: 0, leader: 1, replicas: [0, 1, 2], isr: [0, 1, 2] };
const partitions: readonly [name: string, nodes: string, after: Partial<Partition>][] = [
  ['nothing has changed', '1000:- 1001:- 1002:- 0:- 1:- 2:-', {}],
  ['a follower is away', '1000:- 1001:- 1002:- 0:- 1:-', { isr: [0, 1] }],
  ['the leader is away: the first in-sync replica leads', '1000:- 1001:- 1002:- 0:- 2:-', { leader: 0, isr: [0, 2] }],
  ['nobody controls: all stays as it was', '1000:- 0:-', {}],
  ['all replicas are away: no leader, the last in-sync replicas are remembered', '1000:- 1001:- 1002:-', { leader: undefined }],
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
