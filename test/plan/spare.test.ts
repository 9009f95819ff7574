/** What Kafka can still lose, from what its brokers report. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KafkaFacts } from '#reconciler/model/observation';
import { spareOf } from '#reconciler/plan/spare';

const voter = (nodeId: number, behindMs = 0) => ({ nodeId, lastCaughtUpMs: 1_000_000 - behindMs });
const quorum = (voters: KafkaFacts['quorum']['voters'], leaderId: number | undefined = 0) => ({ leaderId, voters, fetchTimeoutMs: 2_000 });
const topic = (isr: readonly number[], min: number | undefined, replicas: readonly number[] = [3, 4, 5]) => ({
  name: 'orders',
  minInsyncReplicas: min,
  partitions: [{ partition: 0, leader: isr[0], replicas, isr }],
});

const CASES: readonly {
  readonly name: string;
  readonly facts: KafkaFacts;
  readonly quorumSpare: number;
  readonly isrSpare: number | undefined;
  readonly underReplicated: number;
}[] = [
  {
    name: 'three voters and a whole partition',
    facts: { quorum: quorum([voter(0), voter(1), voter(2)]), topics: [topic([3, 4, 5], 2)] },
    quorumSpare: 1,
    isrSpare: 1,
    underReplicated: 0,
  },
  {
    name: 'a voter that is behind, and a partition at its minimum',
    facts: { quorum: quorum([voter(0), voter(1), voter(2, 60_000)]), topics: [topic([3, 4, 5], 2), topic([3, 4], 2)] },
    quorumSpare: 0,
    isrSpare: 0,
    underReplicated: 1,
  },
  {
    name: 'a lost majority, and a partition below its minimum',
    facts: { quorum: quorum([voter(0), voter(1, 60_000), voter(2, 60_000)]), topics: [topic([3], 2)] },
    quorumSpare: -1,
    isrSpare: -1,
    underReplicated: 1,
  },
  {
    name: 'no leader: nothing is known to be caught up',
    facts: { quorum: { leaderId: undefined, voters: [voter(0), voter(1), voter(2)], fetchTimeoutMs: 2_000 }, topics: [] },
    quorumSpare: -2,
    isrSpare: undefined,
    underReplicated: 0,
  },
  {
    name: 'partitions that have nothing to spare in health, or no minimum, are not judged',
    facts: { quorum: quorum([voter(0)]), topics: [topic([3], 1, [3]), topic([3, 4], undefined)] },
    quorumSpare: 0,
    isrSpare: undefined,
    underReplicated: 1,
  },
];

describe('Kafka can still lose', () => {
  for (const { name, facts, quorumSpare, isrSpare, underReplicated } of CASES) {
    test(name, () => {
      const spare = spareOf({ value: facts });
      assert.equal(spare?.quorum.spare, quorumSpare);
      assert.equal(spare?.isr?.spare, isrSpare);
      assert.equal(spare?.underReplicated, underReplicated);
    });
  }

  test('something that no broker reports', () => assert.equal(spareOf({ unknown: 'no broker answers' }), undefined));
});
