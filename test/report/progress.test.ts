import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import { EVENTS, type ProgressEvent } from '#reconciler/ports';
import { createLines, createLive, eventFields, eventJson, eventLine, formatAge } from '#reconciler/report/progress';
import { FakeClock } from '../support/fake-clock';

const pod = ref(KINDS.Pod, 'demo', 'orders-broker-1');
const waiting = (message: string): ProgressEvent => ({ event: 'waiting', subject: pod, message, step: { number: 3, of: 8 } });
const ready: ProgressEvent = { event: 'ready', subject: pod, message: 'after 12s' };

test('an event is a line: time, step number, subject, event', () => {
  const gate = waiting('orders-3 has ISR {0,2}, needs 2 without broker 1');
  const line = eventLine(gate, new Date('2026-11-23T09:00:07Z'));
  assert.equal(line, '09:00:07 [3/8] Pod/demo/orders-broker-1 waiting: orders-3 has ISR {0,2}, needs 2 without broker 1');
});

test('without a terminal every event is a plain line', () => {
  const written: string[] = [];
  const progress = createLines((text) => written.push(text), new FakeClock());
  progress.report(waiting('not Ready\u001b[2J'));
  progress.report(ready);
  progress.end();
  assert.deepEqual(written, [
    '09:00:00 [3/8] Pod/demo/orders-broker-1 waiting: not Ready\\u001b[2J\n',
    '09:00:00 Pod/demo/orders-broker-1 ready: after 12s\n',
  ]);
});

describe('a wait shows its age and its deadline', () => {
  const lasting = (message: string, elapsedMs: number): ProgressEvent => ({
    ...waiting(message),
    wait: { elapsedMs, deadlineMs: 300_000 },
  });
  for (const [message, elapsedMs, line] of [
    ['not Ready', 0, 'waiting: not Ready (gives up after 5m)'],
    ['not Ready', 40_000, 'waiting: not Ready (40s, gives up after 5m)'],
    [
      'no quota left (CertificateRequest/demo/orders-server-cert-2)',
      61_000,
      'waiting: no quota left (CertificateRequest/demo/orders-server-cert-2; 1m1s, gives up after 5m)',
    ],
  ] as const)
    test(`${message}, ${elapsedMs} ms`, () =>
      assert.equal(
        eventLine(lasting(message, elapsedMs), new Date('2026-11-23T09:00:07Z')),
        `09:00:07 [3/8] Pod/demo/orders-broker-1 ${line}`,
      ));

  test('on a terminal its age is redrawn', async () => {
    const screen = new Screen();
    const clock = new FakeClock();
    const progress = createLive((text) => screen.write(text), clock, { columns: 120, isColor: false });
    progress.report(lasting('not Ready', 60_000));
    await clock.advance(2_500);
    assert.deepEqual(screen.lines, ['09:00:02 [3/8] Pod/demo/orders-broker-1 waiting: not Ready (1m2s, gives up after 5m)']);
    progress.end();
  });

  test('on a narrow terminal the cause is cut, not the time', () => {
    const screen = new Screen();
    const progress = createLive((text) => screen.write(text), new FakeClock(), { columns: 80, isColor: false });
    progress.report(lasting('x'.repeat(200), 40_000));
    assert.match(screen.lines[0] ?? '', /^09:00:00 \[3\/8\] Pod\/demo\/orders-broker-1 waiting: x+\.\.\. \(40s, gives up after 5m\)$/);
    assert.equal(screen.lines[0]?.length, 79);
    progress.end();
  });

  test('programs get the numbers', () => {
    assert.deepEqual(JSON.parse(eventJson(eventFields(lasting('not Ready', 40_000), new Date(0)))).wait, {
      elapsedMs: 40_000,
      deadlineMs: 300_000,
    });
  });
});

test('on a terminal the current wait is redrawn with its age, and the next event replaces it', async () => {
  const screen = new Screen();
  const clock = new FakeClock();
  const progress = createLive((text) => screen.write(text), clock, { columns: 80, isColor: false });
  progress.report(waiting('not Ready'));
  await clock.advance(2_500);
  assert.deepEqual(screen.lines, ['09:00:02 [3/8] Pod/demo/orders-broker-1 waiting: not Ready (2s)']);
  progress.report(waiting('does not answer'));
  await clock.advance(61_000);
  assert.deepEqual(screen.lines, ['09:01:03 [3/8] Pod/demo/orders-broker-1 waiting: does not answer (1m3s)']);
  progress.report(ready);
  progress.end();
  assert.deepEqual(screen.lines, ['09:01:03 Pod/demo/orders-broker-1 ready: after 12s', '']);
});

test('on a terminal a long wait is cut to one line', () => {
  const screen = new Screen();
  const progress = createLive((text) => screen.write(text), new FakeClock(), { columns: 40, isColor: false });
  progress.report(waiting('x'.repeat(200)));
  assert.equal(screen.lines[0]?.length, 39);
  progress.end();
});

test('every event of the closed list is one JSON object with time, event, subject and message', () => {
  for (const event of EVENTS) {
    const line = eventJson(eventFields({ event, subject: pod, message: 'two\nlines \u009b' }, new Date('2026-11-23T09:00:07.5Z')));
    assert.match(line, /^[^\n\u009b]*\n$/);
    assert.deepEqual(JSON.parse(line), {
      time: '2026-11-23T09:00:07.500Z',
      event,
      subject: 'Pod/demo/orders-broker-1',
      message: 'two\nlines \u009b',
    });
  }
});

test('an event of a step has its number', () => {
  assert.deepEqual(JSON.parse(eventJson(eventFields(waiting('x'), new Date(0)))).step, { number: 3, of: 8 });
});

for (const [seconds, text] of [
  [0, '0s'],
  [59, '59s'],
  [60, '1m'],
  [125, '2m5s'],
  [3_600, '1h'],
  [3_900, '1h5m'],
] as const) {
  test(`${seconds} seconds read ${text}`, () => assert.equal(formatAge(seconds), text));
}

/** As much of a terminal as a redrawn line needs. */
class Screen {
  lines = [''];

  write(text: string): void {
    for (const part of text.replaceAll('\r\u001b[2K', '\r').split(/(\r|\n)/)) {
      if (part === '\n') this.lines.push('');
      else if (part === '\r') this.lines[this.lines.length - 1] = '';
      else this.lines[this.lines.length - 1] += part;
    }
  }
}
