/** The judge, on recordings written by hand: 2 partitions, one message every 100 ms, acknowledged 5 ms later. Second 0 is the first one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Judgement, judge } from './judge';
import { ackRates } from './rates';
import type { LoadEvent, Recording, Send, View } from './record';
import { lengthOf } from './spans';

const INTERVAL_MS = 100;
const PARTITIONS = [0, 1];

interface Told {
  /** How long the producer sends. */
  readonly ms?: number;
  /** Changes a send; undefined drops it, as if the program had never recorded it. */
  readonly send?: (send: Send) => Send | undefined;
  /** Numbers that the topic does not hold at the end. */
  readonly missing?: readonly number[];
  readonly twice?: readonly number[];
  readonly view?: (view: View) => View | undefined;
  readonly events?: (events: readonly LoadEvent[]) => readonly LoadEvent[];
}

/** Returns a recording in which nothing went wrong, but for what the test tells. */
function recording(told: Told = {}): Recording {
  const { ms = 10_000, missing = [], twice = [] } = told;
  const regular = Array.from({ length: ms / INTERVAL_MS }, (_, number): Send => {
    const sent = number * INTERVAL_MS;
    return { writer: 'tls', number, partition: number % PARTITIONS.length, offset: Math.floor(number / 2), sent, done: sent + 5 };
  });
  const sends = regular.flatMap((s) => (told.send === undefined ? s : (told.send(s) ?? [])));
  const kept = sends.filter((s) => s.error === undefined && !missing.includes(s.number));
  const held = kept.flatMap((s) => (twice.includes(s.number) ? [s, s] : [s]));
  const offsets = Object.fromEntries(PARTITIONS.map((p) => [p, [0, held.filter((s) => s.partition === p).length]]));
  const views = Array.from({ length: ms / 250 + 1 }, (_, i) => i * 250).flatMap((asked): View[] => [
    ...[1000, 1001].map((node) => viewOf(node, asked, node === 1000 ? { quorum: 1 } : {})),
    ...[0, 1].map((node) => viewOf(node, asked, { [node]: 1 })),
  ]);
  const events: readonly LoadEvent[] = [
    { event: 'sending', at: 0, writer: 'tls' },
    { event: 'connections', at: 10, client: 'writer-tls-1', opened: 3, closed: 0, refused: 0, retries: 0 },
    { event: 'stopping', at: ms },
    {
      event: 'writer-end',
      at: ms,
      writer: 'tls',
      sent: regular.length,
      acked: sends.filter((s) => s.error === undefined).length,
      failed: sends.filter((s) => s.error !== undefined).length,
    },
    { event: 'full-read', at: ms, offsets },
    { event: 'end', at: ms },
  ];
  return {
    events: told.events?.(events) ?? events,
    sends,
    reads: held.map(({ writer, number, partition, offset }) => ({ writer, number, partition, offset })),
    live: held.map((s) => ({ ...s, read: s.done + 5 })),
    views: views.flatMap((v) => (told.view === undefined ? v : (told.view(v) ?? []))),
  };
}

function viewOf(node: number, asked: number, leads: View['leads']): View {
  return { node, role: node < 1000 ? 'broker' : 'controller', asked, answered: asked + 1, leads };
}

function judged(told?: Told, window?: Parameters<typeof judge>[1]): Judgement {
  const result = judge(recording(told), window);
  assert.ok('value' in result, 'unknown' in result ? result.unknown.join('; ') : '');
  return result.value;
}

const late = (from: number, to: number) => (send: Send) =>
  send.sent >= from && send.sent < to ? { ...send, done: to + (send.sent - from) / 1000 } : send;

describe('a quiet run', () => {
  const verdict = judged();
  test('has lost nothing, failed nothing and repeated nothing', () => {
    assert.equal(verdict.acked, 100);
    assert.deepEqual([verdict.lost, verdict.duplicates, verdict.failed, verdict.unfinished], [[], [], {}, 0]);
  });

  test('has no gap beyond the interval between two messages', () => {
    assert.equal(lengthOf(verdict.longestGap), INTERVAL_MS);
    assert.equal(lengthOf(verdict.longestPartitionGap), 2 * INTERVAL_MS);
  });

  test('was never without a leader and lost no connection', () => {
    assert.deepEqual(verdict.withoutLeader, { quorum: { longestMs: 0, totalMs: 0 }, partition: { longestMs: 0, totalMs: 0 } });
    assert.deepEqual(verdict.connections, { lost: 0, reconnects: 0, refused: 0, retries: 0, renewed: {} });
  });

  test('has the latency of its messages', () => {
    assert.deepEqual(
      [verdict.latencyMs, verdict.reader.latencyMs],
      [
        { p50: 5, p99: 5 },
        { p50: 10, p99: 10 },
      ],
    );
  });

  test('has acknowledgements at an even rate, also in the last bucket, which is shorter', () => {
    assert.deepEqual(ackRates(recording(), { from: 0, to: 3_500 }, 1_000).writers, { tls: [10, 10, 10, 10] });
  });
});

describe('messages', () => {
  test('that were acknowledged and are not in the topic are lost', () => {
    const { lost, acked } = judged({ missing: [7, 12] });
    assert.deepEqual(lost, [
      { writer: 'tls', number: 7, partition: 1 },
      { writer: 'tls', number: 12, partition: 0 },
    ]);
    assert.equal(acked, 100);
  });

  test('that failed are not lost', () => {
    const verdict = judged({ send: (s) => (s.number === 7 ? { ...s, error: 'TimeoutException' } : s) });
    assert.deepEqual([verdict.lost, verdict.failed, verdict.acked], [[], { TimeoutException: 1 }, 99]);
    assert.deepEqual(verdict.writers.tls?.failed, { TimeoutException: 1 });
  });

  test('that are in the topic twice are duplicates', () => {
    assert.deepEqual(judged({ twice: [30] }).duplicates, [{ writer: 'tls', number: 30, partition: 0 }]);
  });

  test('that the program lost sight of are unfinished', () => {
    assert.equal(judged({ send: (s) => (s.number === 7 ? undefined : s) }).unfinished, 1);
  });

  test('outside of the window are not counted, but they can be lost within it', () => {
    const send = (s: Send) => (s.number === 8 ? { ...s, error: 'TimeoutException' } : s);
    const verdict = judged({ missing: [7, 50], twice: [9], send }, { from: 4_000, to: 6_000 });
    assert.deepEqual(
      verdict.lost.map((m) => m.number),
      [7, 50],
    );
    assert.deepEqual([verdict.acked, verdict.failed, verdict.duplicates.length], [21, {}, 1]);
  });

  test('of two producers are told apart, and an acknowledgement of either one ends a gap', () => {
    const isFirst = (s: Send) => s.number < 50;
    const verdict = judged({ send: (s) => ({ ...s, writer: isFirst(s) ? 'plaintext' : 'tls' }), missing: [60] });
    assert.deepEqual([verdict.writers.plaintext?.acked, verdict.writers.tls?.acked], [50, 50]);
    assert.deepEqual(verdict.lost, [{ writer: 'tls', number: 60, partition: 0 }]);
    assert.equal(lengthOf(verdict.longestGap), INTERVAL_MS);
  });
});

describe('gaps', () => {
  const cases: readonly [name: string, told: Told, overall: number, partition: number][] = [
    ['in the middle', { send: late(4_000, 6_000) }, 2_095, 2_195],
    ['from the start, before the first acknowledgement', { send: late(0, 3_000) }, 3_000, 3_000.1],
    [
      'up to the end, without another acknowledgement',
      { send: (s) => (s.sent < 8_000 ? s : { ...s, error: 'TimeoutException' }) },
      2_095,
      2_195,
    ],
    ['past the end, until the last messages are through', { send: late(8_000, 12_000) }, 4_095, 4_195],
    ['of one partition only', { send: (s) => (s.partition === 1 ? late(4_000, 6_000)(s) : s) }, 200, 2_095],
  ];
  for (const [name, told, overall, partition] of cases) {
    test(name, () => {
      const verdict = judged(told);
      assert.equal(lengthOf(verdict.longestGap), overall);
      assert.ok(Math.abs(lengthOf(verdict.longestPartitionGap) - partition) < 0.2, String(lengthOf(verdict.longestPartitionGap)));
    });
  }

  test('that reach into a window count with their whole length, others do not', () => {
    const told = { send: late(4_000, 6_000) };
    assert.equal(lengthOf(judged(told, { from: 5_000, to: 9_000 }).longestGap), 2_095);
    assert.equal(lengthOf(judged(told, { from: 6_500, to: 9_000 }).longestGap), INTERVAL_MS);
  });
});

describe('times without a leader', () => {
  const none = (from: number, to: number) => (v: View) => (v.asked >= from && v.asked < to ? { ...v, leads: {} } : v);

  test('last from one claim to the next', () => {
    const { withoutLeader } = judged({ view: none(2_000, 5_000) });
    assert.deepEqual(withoutLeader.quorum, { longestMs: 3_250, totalMs: 3_250 });
    assert.deepEqual(withoutLeader.partition, { longestMs: 3_250, totalMs: 3_250, partition: 0 });
  });

  test('are counted at the start and at the end', () => {
    const isAway = (v: View) => v.asked < 1_000 || v.asked >= 9_000;
    assert.deepEqual(judged({ view: (v) => (isAway(v) ? { ...v, leads: {} } : v) }).withoutLeader.quorum, {
      longestMs: 1_249,
      totalMs: 1_001 + 1_249,
    });
  });

  test('are none if another node takes over at once', () => {
    const view = (v: View) => (v.role === 'controller' && v.asked >= 5_000 ? { ...v, leads: v.node === 1001 ? { quorum: 2 } : {} } : v);
    assert.equal(judged({ view }).withoutLeader.quorum.totalMs, 0);
  });

  test('are none if no node was asked for a while', () => {
    assert.equal(judged({ view: (v) => (v.asked > 2_000 && v.asked < 5_000 ? undefined : v) }).withoutLeader.quorum.totalMs, 0);
  });

  test('do not end with the claim of a leader that was replaced', () => {
    const view = (v: View): View => {
      if (v.role === 'broker' || v.asked < 2_000) return v;
      if (v.asked === 2_000) return { ...v, leads: v.node === 1001 ? { quorum: 2 } : {} };
      return { ...v, leads: v.node === 1000 && v.asked === 4_000 ? { quorum: 1 } : {} };
    };
    assert.equal(judged({ view }).withoutLeader.quorum.longestMs, 10_000 - 2_001);
  });
});

test('connections that producers lost and opened again are counted, not those of the start', () => {
  const report = (at: number, opened: number, closed: number, retries: number): LoadEvent => {
    return { event: 'connections', at, client: 'writer-tls-1', opened, closed, refused: 0, retries };
  };
  const renewed: LoadEvent = { event: 'client', at: 6_000, client: 'writer-tls-2', because: 'trust file changed' };
  const reader: LoadEvent = { ...report(3_000, 90, 90, 0), client: 'reader-tls-1' };
  const { connections } = judged({ events: (all) => [...all, report(2_000, 4, 0, 0), report(3_000, 6, 2, 11), renewed, reader] });
  assert.deepEqual(connections, { lost: 2, reconnects: 2, refused: 0, retries: 11, renewed: { 'trust file changed': 1 } });
});

describe('a recording without evidence is not judged', () => {
  const without = (name: string): Told => ({ events: (all) => all.filter((e) => e.event !== name) });
  const cases: readonly [name: string, recording: Recording, because: RegExp][] = [
    ['an empty one', { events: [], sends: [], reads: [], live: [], views: [] }, /no producer has sent a message; the load program did not/],
    ['of a program that was killed', recording(without('end')), /the load program did not come to its end/],
    ['without a read at the end', recording(without('full-read')), /the topic was not read from its beginning/],
    ['with half of a read', { ...recording(), reads: recording().reads.slice(50) }, /50 messages were read at the end, offsets promise/],
    ['with half of the sends', { ...recording(), sends: recording().sends.slice(50) }, /50 sends are recorded, the producers counted 100/],
    ['without an acknowledgement', recording({ send: (s) => ({ ...s, error: 'TimeoutException' }) }), /no message was acknowledged/],
    ['without an answer of a controller', recording({ view: (v) => (v.role === 'broker' ? v : undefined) }), /no controller has answered/],
    ['of brokers that only failed', recording({ view: (v) => (v.node < 1000 ? { ...v, failure: 'EOFException' } : v) }), /no broker has/],
    [
      'with a node that was not asked for long',
      recording({ ms: 30_000, view: (v) => (v.node === 1 && v.asked > 9_000 ? undefined : v) }),
      /node 1 was not asked for 21.0 s/,
    ],
    ['with a clock that ran backwards', recording({ send: (s) => ({ ...s, done: s.sent - 1 }) }), /the clock ran backwards/],
  ];
  for (const [name, given, because] of cases) {
    test(name, () => {
      const result = judge(given);
      assert.ok('unknown' in result, 'it was judged');
      assert.match(result.unknown.join('; '), because);
    });
  }
});
