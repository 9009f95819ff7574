/** Events to timeline: small runs written by hand, each with the one thing that it is about. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunEvent } from '#reconciler/model/run-events';
import { runsOf } from '#reconciler/report/timeline/runs';
import { type Timeline, timelineOf } from '#reconciler/report/timeline/timeline';
import { expectGolden } from '../support/golden';
import { recordedRun } from '../support/recorded-runs';

const START = Date.parse('2026-11-24T09:00:00Z');
const KAFKA = 'Kafka/demo/orders';
const pod = (name: string) => `Pod/demo/orders-${name}`;
type Brief = readonly [second: number, event: string, subject: string, more?: Partial<RunEvent>];

function run(...briefs: readonly Brief[]): readonly RunEvent[] {
  return briefs.map(([second, event, subject, more = {}]) => {
    return { time: new Date(START + second * 1000).toISOString(), event, subject, message: '', ...more };
  });
}
const timeline = (...briefs: readonly Brief[]): Timeline => timelineOf({ events: run(...briefs) });

const row = (change: string, subject: string, seconds: number) => ({ change, subject, waitsFor: '', why: '', ms: seconds * 1000 });
const plan = (rows: NonNullable<RunEvent['plan']>['rows'], more = {}) => ({
  plan: { executor: 'native', operation: 'rotate', summary: '', rows, ...more },
});
const waits = (phase: RunEvent['phase'], message: string): Partial<RunEvent> => ({ phase, message }) as Partial<RunEvent>;
const refuses = (...names: readonly string[]): Partial<RunEvent> => ({
  phase: 'gate',
  message: names.map((n) => `orders-${n}: behind`).join('; '),
  refusals: names.map((n) => ({ pod: `orders-${n}`, because: 'behind' })),
});
const began: Brief = [0, 'started', KAFKA, { run: { format: 1, version: '1', id: 'a' } }];
const failure = (exitCode: number, more = {}) => ({ error: { code: 'x', exitCode, message: `${KAFKA}: did not work.`, ...more } });

/** A line for each pod: `broker-0 restarted: gate 0-5, stopping 5-7; done 9; planned 2-4`. */
function drawn({ pods }: Timeline): readonly string[] {
  return pods.map(({ pod: name, outcome, spans, doneMs, planned }) => {
    const parts = spans.map((s) => `${s.phase} ${s.fromMs / 1000}-${s.toMs / 1000}`).join(', ');
    const done = doneMs === undefined ? '' : `; done ${doneMs / 1000}`;
    const bar = planned === undefined ? '' : `; planned ${planned.fromMs / 1000}-${planned.toMs / 1000}`;
    return `${name.replace('orders-', '')} ${outcome}: ${parts}${done}${bar}`;
  });
}

describe('pods over time', () => {
  const cases: readonly (readonly [name: string, events: readonly Brief[], lines: readonly string[]])[] = [
    [
      'a restart has a phase for each thing that is waited for',
      [
        began,
        [1, 'evicted', pod('broker-0')],
        [3, 'waiting', pod('broker-0'), waits('stopping', 'still stopping')],
        [4, 'waiting', pod('broker-0'), waits('starting', 'is Pending')],
        [6, 'waiting', pod('broker-0'), waits('starting', 'not Ready')],
        [8, 'waiting', pod('broker-0'), waits('handshake', 'serves another certificate')],
        [9, 'ready', pod('broker-0')],
      ],
      ['broker-0 restarted: stopping 1-4, starting 4-8, handshake 8-9; done 9'],
    ],
    [
      'a refused pod waits until another pod is evicted, or until it is refused no more',
      [
        began,
        [1, 'waiting', KAFKA, refuses('broker-0', 'broker-1')],
        [5, 'waiting', KAFKA, refuses('broker-1')],
        [7, 'evicted', pod('broker-0')],
        [9, 'ready', pod('broker-0')],
        [9, 'evicted', pod('broker-1')],
        [12, 'ready', pod('broker-1')],
      ],
      ['broker-0 restarted: gate 1-5, stopping 7-9; done 9', 'broker-1 restarted: gate 1-7, stopping 9-12; done 12'],
    ],
    [
      'a budget that refuses the eviction is a gate, too',
      [began, [2, 'waiting', pod('broker-0'), waits('eviction', 'budget')], [4, 'evicted', pod('broker-0')], [5, 'ready', pod('broker-0')]],
      ['broker-0 restarted: gate 2-4, stopping 4-5; done 5'],
    ],
    [
      'a run that ends in the middle leaves a pod unfinished, and the others not begun',
      [
        began,
        [0, 'planned', KAFKA, plan([row('restart', pod('broker-0'), 10), row('restart', pod('broker-1'), 10)])],
        [2, 'evicted', pod('broker-0')],
        [4, 'finished', KAFKA, failure(1)],
      ],
      ['broker-0 unfinished: stopping 2-4; planned 0-10', 'broker-1 not begun: ; planned 10-20'],
    ],
    [
      'a pod that is evicted again after it was back is unfinished',
      [began, [1, 'evicted', pod('broker-0')], [2, 'ready', pod('broker-0')], [3, 'evicted', pod('broker-0')], [5, 'warning', KAFKA]],
      ['broker-0 unfinished: stopping 1-2, stopping 3-5'],
    ],
    [
      'planned rows follow each other, and rows without a pod take their time as well',
      [
        began,
        [
          5,
          'planned',
          KAFKA,
          plan([row('issue', 'Certificate/demo/c', 20), row('reload', pod('broker-0'), 2), row('reload', pod('broker-1'), 2)]),
        ],
      ],
      ['broker-0 not begun: ; planned 25-27', 'broker-1 not begun: ; planned 27-29'],
    ],
    [
      'pods that stop together are planned side by side, and the next row follows the slowest',
      [
        began,
        [
          0,
          'planned',
          KAFKA,
          plan(
            [
              row('restart', pod('broker-0'), 10),
              row('restart', pod('broker-1'), 30),
              row('verify', KAFKA, 0),
              row('restart', pod('controller-0'), 5),
            ],
            {
              cutover: { mode: 'stop', because: '' },
            },
          ),
        ],
      ],
      ['broker-0 not begun: ; planned 0-10', 'broker-1 not begun: ; planned 0-30', 'controller-0 not begun: ; planned 30-35'],
    ],
    [
      'a node that loads its certificate is done without a restart',
      [
        began,
        [3, 'waiting', pod('broker-0'), waits('reload', 'was not asked yet')],
        [8, 'reloaded', pod('broker-0')],
        [8, 'reloaded', pod('broker-1')],
      ],
      ['broker-0 reloaded: reload 3-8; done 8', 'broker-1 reloaded: ; done 8'],
    ],
    [
      'a pod that no step is about is unchanged',
      [began, [1, 'planned', KAFKA, { listeners: [{ pod: 'orders-broker-0', listener: 'BROKER', protocol: 'plaintext' }] }]],
      ['broker-0 unchanged: '],
    ],
  ];
  for (const [name, events, lines] of cases) test(name, () => assert.deepEqual(drawn(timeline(...events)), lines));
});

describe('a verdict', () => {
  const restart: readonly Brief[] = [
    [1, 'evicted', pod('broker-0')],
    [20, 'ready', pod('broker-0')],
  ];
  const planned: Brief = [0, 'planned', KAFKA, plan([row('restart', pod('broker-0'), 10), row('restart', pod('broker-1'), 10)])];
  const cases: readonly (readonly [result: string, sentence: RegExp, events: readonly Brief[]])[] = [
    ['unchanged', /^Nothing to do\.$/, [began, [1, 'finished', KAFKA, { message: 'nothing to do' }]]],
    [
      'done',
      /^Done in 30s: 1 pod restarted\. TLS is as desired\.$/,
      [began, ...restart, [30, 'finished', KAFKA, { message: 'TLS is as desired' }]],
    ],
    ['refused', /^Refused: Kafka\/demo\/orders: did not work\. Nothing was changed\.$/, [began, [1, 'finished', KAFKA, failure(2)]]],
    [
      'blocked',
      /^Blocked: .* After 30s: 1 pod restarted, 1 pod not done\.$/,
      [began, planned, ...restart, [30, 'finished', KAFKA, failure(4)]],
    ],
    ['failed', /^Failed: .* Nothing was changed\.$/, [began, [1, 'finished', KAFKA, failure(1)]]],
    [
      'interrupted',
      /^Interrupted\. After 30s: 1 pod restarted/,
      [began, ...restart, [30, 'finished', KAFKA, failure(130, { code: 'interrupted' })]],
    ],
    ['unfinished', /^The events end after 20s without a result: 1 pod restarted, 1 pod not done\.$/, [began, planned, ...restart]],
  ];
  for (const [result, sentence, events] of cases) {
    test(`of a run that is ${result}`, () => {
      const { verdict } = timeline(...events);
      assert.equal(verdict.result, result);
      assert.match(verdict.sentence, sentence);
    });
  }
});

describe('blockers', () => {
  test('have what followed, if the run went on', () => {
    const { blockers } = timeline(
      began,
      [1, 'waiting', KAFKA, refuses('broker-0')],
      [61, 'waiting', KAFKA, refuses('broker-0')],
      [70, 'waiting', KAFKA, refuses('broker-1')],
      [80, 'evicted', pod('broker-1')],
    );
    assert.deepEqual(blockers, [
      {
        subject: KAFKA,
        kind: 'gate',
        causes: ['orders-broker-0: behind', 'orders-broker-1: behind'],
        fromMs: 1000,
        toMs: 80_000,
        fix: `evicted ${pod('broker-1')}`,
      },
    ]);
  });

  test('that ended the run have their hint', () => {
    const blocker = { subject: KAFKA, kind: 'invalid', message: 'not acknowledged', hint: 'Add it.' };
    const { blockers } = timeline(began, [2, 'finished', KAFKA, { ...failure(2), blockers: [blocker] }]);
    assert.deepEqual(blockers, [{ subject: KAFKA, kind: 'error', causes: ['not acknowledged'], fromMs: 2000, fix: 'Add it.' }]);
  });

  test('of an error have each reason with its subject', () => {
    const { blockers } = timeline(began, [
      2,
      'finished',
      KAFKA,
      failure(4, { reasons: ['Pod/demo/a: is down.', 'no subject'], hint: 'Repair.' }),
    ]);
    assert.deepEqual(
      blockers.map((b) => `${b.subject}: ${b.causes.join()} ${b.fix}`),
      ['Pod/demo/a: is down. Repair.', `${KAFKA}: no subject Repair.`],
    );
  });

  test('do not include a signal', () =>
    assert.deepEqual(timeline(began, [2, 'finished', KAFKA, failure(130, { code: 'interrupted' })]).blockers, []));
});

describe('what Kafka could lose', () => {
  const spare = (value: number): Partial<RunEvent> => ({
    spare: { quorum: { voters: 3, caughtUp: 2 + value, spare: value }, underReplicated: 0 },
  });
  test('is known from a look until the next look or the next eviction', () => {
    const found = timeline(
      began,
      [2, 'planned', KAFKA, spare(1)],
      [5, 'issued', KAFKA],
      [8, 'evicted', pod('broker-0'), spare(1)],
      [20, 'ready', pod('broker-0'), spare(0)],
      [30, 'waiting', KAFKA, spare(1)],
      [40, 'finished', KAFKA],
    );
    assert.deepEqual(
      found.spare.map((s) => `${s.spare.quorum.spare} ${s.fromMs / 1000}-${s.toMs / 1000}`),
      ['1 2-8', '1 5-8', '0 20-30', '1 30-40'],
    );
  });
});

test('states are reached when the pod is back that they name, in whatever order', () => {
  const states = {
    nodes: ['orders-a', 'orders-b'],
    states: [
      { after: ['before the first change'], nodes: [], clients: [] },
      { after: ['orders-a restarted'], nodes: [], clients: [] },
      { after: ['orders-b restarted'], nodes: [], clients: [] },
    ],
  };
  const found = timeline(began, [1, 'planned', KAFKA, { states }], [5, 'ready', 'Pod/demo/orders-b']);
  assert.deepEqual(
    found.states?.states.map((s) => s.reachedMs),
    [1000, undefined, 5000],
  );
});

test('after a replan the states are those of the plan that ran', () => {
  const of = (...after: readonly string[]) => {
    return { nodes: ['orders-a', 'orders-b'], states: after.map((what) => ({ after: [what], nodes: [], clients: [] })) };
  };
  const found = timeline(
    began,
    [1, 'planned', KAFKA, { states: of('before', 'orders-a restarted', 'orders-b restarted') }],
    [5, 'ready', 'Pod/demo/orders-a'],
    [6, 'planned', KAFKA, { states: of('before', 'orders-b loaded its certificate') }],
    [9, 'reloaded', 'Pod/demo/orders-b'],
    [10, 'planned', KAFKA],
  );
  assert.deepEqual(
    found.states?.states.map((s) => `${s.after[0]} ${s.reachedMs}`),
    ['before 1000', 'orders-a restarted 5000', 'planned again 6000', 'orders-b loaded its certificate 9000'],
  );
});

describe('what is missing is said', () => {
  const cases: readonly (readonly [missing: RegExp, events: readonly Brief[]])[] = [
    [/no first line/, [[0, 'evicted', pod('broker-0')]]],
    [/no last line/, [began]],
    [/hold no plan.*--plan/, [began, [1, 'planned', KAFKA], [2, 'finished', KAFKA]]],
    [/hold no certificates/, [began, [1, 'planned', KAFKA], [2, 'finished', KAFKA]]],
    [/did not report its health/, [began, [1, 'planned', KAFKA], [2, 'finished', KAFKA]]],
  ];
  for (const [missing, events] of cases) test(String(missing), () => assert.ok(timeline(...events).missing.some((m) => missing.test(m))));

  test('nothing is missing in a run that had nothing to do', async () => {
    assert.deepEqual(timelineOf({ events: (await recordedRun('nothing')).events }).missing, []);
  });
});

test('runs are split at their first and last lines', () => {
  const [one, two] = [run(began, [1, 'finished', KAFKA]), run(began, [1, 'evicted', KAFKA])];
  const three = run([5, 'planned', KAFKA], [6, 'finished', KAFKA]);
  assert.deepEqual(runsOf([...one, ...two, ...one]), [one, two, one]);
  assert.deepEqual(runsOf([...three, ...three]), [three, three], 'also without first lines');
  assert.deepEqual(runsOf([]), []);
});

test('a whole run', async () => {
  const { events: _, ...found } = timelineOf({ events: (await recordedRun('cut-over')).events });
  // Keys differ from run to run.
  const text = JSON.stringify(found, undefined, 1).replace(/"fingerprint": "[0-9a-f]+"/g, '"fingerprint": "..."');
  expectGolden('test/report/golden/cut-over.timeline.json', `${text}\n`);
});
