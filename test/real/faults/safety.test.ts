import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dangersWithout, type Health, healthIn } from './safety';

const AT = 1_700_000_000_000;

function healthy(change: Partial<Health> = {}): Health {
  const voters = [1000, 1001, 1002].map((id) => ({ id, endOffset: 500, lastFetch: AT }));
  return { asked: AT - 20, at: AT, leader: 1000, committed: 500, voters, behind: [], ...change };
}

const behind = (isr: readonly number[], change: Partial<Health['behind'][number]> = {}) =>
  healthy({ behind: [{ topic: 'load', partition: 3, minimum: 2, replicas: [0, 1, 2], isr, ...change }] });
const voter = (id: number, change: Partial<Health['voters'][number]>) =>
  healthy({ voters: healthy().voters.map((v) => (v.id === id ? { ...v, ...change } : v)) });

const ISR = 'load-3 has ISR {0,1} and min.insync.replicas 2';

describe('what Kafka calls unsafe', () => {
  const cases: readonly [
    name: string,
    id: number,
    role: 'broker' | 'controller' | 'combined',
    health: Health,
    dangers: readonly string[],
  ][] = [
    ['nothing, while all replicas are in sync', 0, 'broker', healthy(), []],
    ['a broker of a partition at its minimum', 0, 'broker', behind([0, 1]), [ISR]],
    ['a broker that is itself out of sync: no', 2, 'broker', behind([0, 1]), []],
    [
      'a broker of a partition below its minimum, in sync or not',
      2,
      'broker',
      behind([0]),
      ['load-3 has ISR {0} and min.insync.replicas 2'],
    ],
    ['a broker that has no replica of it: no', 7, 'broker', behind([0, 1]), []],
    ['a partition that has no more replicas than its minimum: no', 0, 'broker', behind([0, 1], { minimum: 3 }), []],
    ['a partition with a lower minimum: no', 0, 'broker', behind([0, 1], { minimum: 1 }), []],
    ['a controller, because of partitions: no', 1000, 'controller', behind([0]), []],
    ['a node in both roles, because of partitions', 0, 'combined', behind([0, 1]), [ISR]],
    ['a controller while another one does not fetch', 1001, 'controller', voter(1002, { lastFetch: AT - 2_500 }), [quorum('1000')]],
    ['a controller while another one has fetched a second ago: no', 1001, 'controller', voter(1002, { lastFetch: AT - 1_000 }), []],
    ['a controller while another one lags behind', 1001, 'controller', voter(1002, { endOffset: 300 }), [quorum('1000')]],
    ['a controller while another one is a fetch behind: no', 1001, 'controller', voter(1002, { endOffset: 498 }), []],
    ['the controller that lags: no', 1002, 'controller', voter(1002, { endOffset: 300 }), []],
    ['a voter that has never fetched counts as absent', 1001, 'controller', voter(1002, { lastFetch: -1 }), [quorum('1000')]],
    ['a broker, because of the quorum: no', 0, 'broker', voter(1002, { endOffset: 0, lastFetch: -1 }), []],
  ];
  for (const [name, id, role, health, dangers] of cases) {
    test(name, () => assert.deepEqual(dangersWithout({ id, role }, health), dangers));
  }
});

test('answers are read from the events of a load', () => {
  const { asked, at, ...rest } = healthy();
  const events = [
    { event: 'first-ack', at: 1 },
    { event: 'health', ...rest, asked: asked * 1_000, at },
  ];
  assert.deepEqual(healthIn(events), [healthy()]);
});

function quorum(left: string): string {
  return `of 3 voters {${left}} would be left, 2 are a majority`;
}
