import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Eviction, judgeEvictions } from './evictions';
import type { Health } from './safety';

const AT = 1_700_000_000_000;
const voters = [1000, 1001, 1002];

/** An answer so many milliseconds after the beginning. */
function answer(ms: number, { leader = 1000, isr = [0, 1, 2] }: { leader?: number; isr?: readonly number[] } = {}): Health {
  const at = AT + ms;
  const behind = isr.length < 3 ? [{ topic: 'load', partition: 0, minimum: 2, replicas: [0, 1, 2], isr }] : [];
  return { asked: at, at, leader, committed: 9, voters: voters.map((id) => ({ id, endOffset: 9, lastFetch: at })), behind };
}
const broker = (id: number, ms: number): Eviction => ({ pod: `broker-${id}`, id, role: 'broker', at: AT + ms });
const controller = (id: number, ms: number): Eviction => ({ pod: `controller-${id}`, id, role: 'controller', at: AT + ms });
const down = (pod: string, from: number, to: number) => ({ pod, from: AT + from, to: AT + to });
const UNSAFE = 'broker-0 was taken down although load-0 has ISR {0,1} and min.insync.replicas 2';

describe('an eviction', () => {
  const cases: readonly [name: string, evictions: readonly Eviction[], answers: readonly Health[], broken: readonly string[]][] = [
    ['is right while Kafka calls it safe', [broker(0, 100)], [answer(0)], []],
    ['is wrong while Kafka calls it unsafe', [broker(0, 5_000)], [answer(0), answer(4_900, { isr: [0, 1] })].slice(1), [UNSAFE]],
    ['is right if Kafka called it safe a moment ago', [broker(0, 5_000)], [answer(4_000), answer(4_900, { isr: [0, 1] })], []],
    [
      'is wrong if Kafka called it safe only long ago',
      [broker(0, 5_000)],
      [answer(3_000), answer(3_600, { isr: [0, 1] }), answer(4_900, { isr: [0, 1] })],
      [UNSAFE],
    ],
    [
      'is not proven to be right by an answer that came later',
      [broker(0, 0)],
      [answer(100)],
      ['broker-0 was taken down, and Kafka was not asked before'],
    ],
    [
      'is not proven to be right by an old answer',
      [broker(0, 20_000)],
      [answer(0)],
      ['broker-0 was taken down, and Kafka was not asked before'],
    ],
    ['of the active controller is right when it is the last', [controller(1001, 10), controller(1000, 20), broker(0, 30)], [answer(0)], []],
    [
      'of the active controller is wrong before another one',
      [controller(1000, 10), controller(1001, 20), controller(1002, 30)],
      [answer(0), answer(15, { leader: 1001 }), answer(25, { leader: 1001 })],
      ['controller-1000 led the quorum and was taken down before controller-1001, controller-1002'],
    ],
    [
      'of a controller is right if the leadership has just moved to it',
      [controller(1001, 1_000), controller(1000, 2_000)],
      [answer(0), answer(900, { leader: 1001 }), answer(1_900, { leader: 1000 })],
      [],
    ],
  ];
  for (const [name, evictions, answers, broken] of cases)
    test(name, () => assert.deepEqual(judgeEvictions(evictions, answers, []), broken));

  test('is wrong while another pod is down', () => {
    const spans = [down('broker-1', -500, 500), down('broker-2', -900, -100), down('broker-0', 0, 900)];
    assert.deepEqual(judgeEvictions([broker(0, 0)], [answer(-10)], spans), ['broker-0 was taken down while broker-1 was down']);
  });
});
