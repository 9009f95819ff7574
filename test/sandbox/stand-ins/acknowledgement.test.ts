/** Whether producers with acks=all get an answer, from nodes that are written by hand. Nodes of one side speak plaintext, of the other TLS. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Beliefs, heard, isAcknowledged } from '#reconciler/sandbox/stand-ins/kafka/acknowledgement';
import type { KafkaModel, RunningNode } from '#reconciler/sandbox/stand-ins/kafka/model';

const AT = new Date('2026-11-23T09:00:00Z');
/** `0 1 1000*`: brokers and controllers by id; `*` has TLS. */
function model(text: string): KafkaModel {
  const nodes = text.split(' ').map((word): RunningNode => {
    const nodeId = Number.parseInt(word, 10);
    const tls = word.endsWith('*') ? { chain: [], trust: [] } : undefined;
    return { nodeId, role: nodeId < 1000 ? 'broker' : 'controller', tls, startedAt: AT };
  });
  return { nodes, voters: [1000, 1001, 1002], trusts: () => true, now: AT };
}
const PARTITION = { partition: 0, leader: 0, replicas: [0, 1, 2], isr: [0, 1, 2] };
const whole = heard(new Map(), model('1000 0 1 2'), 1000, PARTITION);

describe('acks=all', () => {
  const cases: readonly { name: string; beliefs?: Beliefs; nodes: string; isAnswered: boolean }[] = [
    { name: 'is answered while all replicas run', nodes: '1000 0 1 2', isAnswered: true },
    { name: 'is answered without any controller', nodes: '0 1 2', isAnswered: true },
    { name: 'is answered while all controllers speak another protocol', nodes: '1000* 1001* 0 1 2', isAnswered: true },
    { name: 'is not answered when a replica goes that no controller removes from the ISR', nodes: '1000* 0 1', isAnswered: false },
    { name: 'is not answered while a replica cannot connect to the leader', nodes: '1000* 0 1 2*', isAnswered: false },
    {
      name: 'is answered without a replica that a controller has removed',
      beliefs: heard(whole, model('1000 0 1'), 1000, { ...PARTITION, isr: [0, 1] }),
      nodes: '1000 0 1',
      isAnswered: true,
    },
    {
      name: 'is not answered with fewer replicas in sync than the minimum',
      beliefs: heard(whole, model('1000 0'), 1000, { ...PARTITION, isr: [0] }),
      nodes: '1000 0',
      isAnswered: false,
    },
    {
      name: 'is answered by the new leader, and not by a cut-off broker that believes to lead',
      beliefs: heard(whole, model('1000* 1* 2*'), 1000, { ...PARTITION, leader: 1, isr: [1, 2] }),
      nodes: '1000* 0 1* 2*',
      isAnswered: true,
    },
  ];
  for (const { name, beliefs = whole, nodes, isAnswered } of cases)
    test(name, () => assert.equal(isAcknowledged(beliefs, model(nodes), 2), isAnswered));
});
