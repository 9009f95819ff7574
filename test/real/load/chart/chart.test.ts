/** The report of two runs written by hand: as a table, as a drawing and as a page. Golden files are in `golden/`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expectGolden } from '../../../support/golden';
import type { Handshake } from '../handshakes';
import type { Judgement } from '../judge';
import { list, page, table } from './page';
import { drawing } from './plot';
import { type PodEvent, podBars } from './pods';
import type { MeasuredRun } from './run';
import { markdownTable } from './table';

const GOLDEN = 'test/real/load/chart/golden';
const window = { from: 0, to: 30_000 };

const judgement: Judgement = {
  window,
  writers: { tls: { acked: 8_412, failed: {}, latencyMs: { p50: 4, p99: 61 } } },
  acked: 8_412,
  lost: [],
  duplicates: [],
  failed: {},
  unfinished: 0,
  longestGap: { from: 12_000, to: 13_450 },
  longestPartitionGap: { from: 12_000, to: 15_320, partition: 7 },
  latencyMs: { p50: 4, p99: 61 },
  reader: { longestGap: { from: 12_000, to: 13_500 }, latencyMs: { p50: 9, p99: 80 } },
  connections: { lost: 6, reconnects: 6, refused: 0, retries: 31, renewed: {} },
  withoutLeader: { quorum: { longestMs: 612, totalMs: 612 }, partition: { longestMs: 900, totalMs: 1_300, partition: 7 } },
};

const handshake = (listener: string, second: number, name?: string): Handshake => {
  const certificate = { serial: name ?? '', fingerprint: name ?? '', issuer: 'CN=root', notAfter: '2036-01-01T00:00:00.000Z' };
  return { listener, at: second * 1000, tookMs: 3, ...(name === undefined ? { failure: 'ECONNREFUSED' } : { certificate }) };
};

const podEvent = (pod: string, at: number, event: PodEvent['event']): PodEvent => ({ pod, at: new Date(at), event });

const rotate: MeasuredRun = {
  operation: 'rotate',
  kafka: '4.3.1',
  executor: 'native',
  span: { from: 5_000, to: 24_000 },
  restarts: 2,
  overhead: { totalMs: 480, downMs: 8_000, medianMs: 480 },
  judged: { value: judgement },
  rates: { window, bucketMs: 5_000, writers: { tls: [300, 300, 180, 0, 920, 300] } },
  pods: podBars(
    [
      podEvent('orders-broker-0', -1, 'ready'),
      podEvent('orders-broker-1', -1, 'ready'),
      podEvent('orders-broker-0', 8_000, 'stopping'),
      podEvent('orders-broker-0', 10_000, 'ended'),
      podEvent('orders-broker-0', 11_000, 'started'),
      podEvent('orders-broker-0', 16_000, 'ready'),
      podEvent('orders-broker-1', 17_000, 'unready'),
    ],
    window,
  ),
  handshakes: [
    ...[1, 4, 7].map((s) => handshake('orders-broker-0/BROKER', s, '0A01')),
    ...[10, 12].map((s) => handshake('orders-broker-0/BROKER', s)),
    ...[15, 20, 29].map((s) => handshake('orders-broker-0/BROKER', s, '0B02')),
    ...[1, 15, 29].map((s) => handshake('orders-broker-1/BROKER', s, '0A01')),
    handshake('orders-broker-1/LOCAL', 15, '0A01'),
    handshake('orders-broker-1/LOCAL', -40, '0C03'),
    handshake('orders-broker-1/LOCAL', 31),
  ],
};

/** A cut-over that went wrong in every way. */
const add: MeasuredRun = {
  ...rotate,
  operation: 'add',
  executor: 'KubeDB <alone>',
  estimatedOutageMs: 30_000,
  rates: { window, bucketMs: 5_000, writers: { plaintext: [300, 240, 60, 0, 0, 0], tls: [0, 0, 60, 0, 240, 300] } },
  judged: {
    value: {
      ...judgement,
      writers: {
        plaintext: { acked: 100, failed: { TimeoutException: 2_400 }, latencyMs: undefined },
        tls: { acked: 8_312, failed: {}, latencyMs: undefined },
      },
      lost: [{ writer: 'tls', number: 5, partition: 5 }],
      unfinished: 3,
      longestGap: { from: 5_000, to: 80_000 },
    },
  },
};

const unproven: MeasuredRun = { ...rotate, operation: 'remove', judged: { unknown: ['the load program did not come to its end'] } };

describe('a report', () => {
  test('as a Markdown table', () => expectGolden(`${GOLDEN}/table.md`, markdownTable([rotate, add, unproven])));

  test('as a drawing of one run', () => expectGolden(`${GOLDEN}/rotate.svg`, drawing(rotate)));

  test('as a page', () => {
    const before = [list(['Nothing was lost.']), table(['operation', 'native'], [['rotate', '0.3 s of 57 s']])];
    expectGolden(`${GOLDEN}/page.html`, page([rotate, add, unproven], { title: 'A report', before, after: [] }));
  });

  test('as a page needs nothing from elsewhere, runs no script and escapes its texts', () => {
    const html = page([rotate, add, unproven], { title: '<b>', before: [list(['"m"'])], after: [table(['&'], [])] });
    assert.doesNotMatch(html, /<script|<link|<img|<b>|@import|url\(|src=|href=|\bon\w+=/);
    for (const text of [/<h1>&lt;b&gt;</, /<li>&quot;m&quot;</, /<th scope="col">&amp;</, /KubeDB &lt;alone&gt;/]) assert.match(html, text);
  });
});

describe('bars of pods', () => {
  const events = (...names: readonly PodEvent['event'][]) => names.map((event, i) => podEvent('a', i * 10, event));
  const cases: readonly [name: string, history: readonly PodEvent[], bars: readonly string[]][] = [
    [
      'of a restart',
      events('ready', 'stopping', 'ended', 'started', 'ready'),
      ['ready 5-10', 'terminating 10-20', 'starting 30-40', 'ready 40-45'],
    ],
    ['of a pod that is not Ready for a while', events('ready', 'unready', 'ready'), ['ready 5-10', 'running 10-20', 'ready 20-45']],
    ['of a pod that ended before the window', events('ended'), []],
    ['of a pod that starts after the window', [podEvent('a', 50, 'started')], []],
    ['of no pod', [], []],
  ];
  for (const [name, history, bars] of cases) {
    test(name, () => {
      const found = podBars(history, { from: 5, to: 45 });
      assert.deepEqual(
        found.map(({ state, from, to }) => `${state} ${from}-${to}`),
        bars,
      );
    });
  }
});
