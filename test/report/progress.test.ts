import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import type { Plan } from '#reconciler/model/plan';
import { EVENTS, type ProgressEvent } from '#reconciler/ports';
import { createLive } from '#reconciler/report/live';
import { createLines, eventFields, eventJson, eventLine, formatAge } from '#reconciler/report/progress';
import { FakeClock } from '../support/fake-clock';
import { ADD } from './samples';

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

describe('on a terminal', () => {
  const broker = (n: number) => ref(KINDS.Pod, 'demo', `orders-broker-${n}`);
  const step = (number: number) => ({ number, of: 3 });
  const start = (columns = 80) => {
    const [screen, clock] = [new Screen(), new FakeClock()];
    return { screen, clock, progress: createLive((text) => screen.write(text), clock, { columns, isColor: false }) };
  };
  const refused = (...pods: readonly number[]): ProgressEvent => ({
    event: 'waiting',
    subject: ref(KINDS.Kafka, 'demo', 'orders'),
    message: 'refused',
    phase: 'gate',
    refusals: pods.map((n) => ({ pod: `orders-broker-${n}`, because: 'behind' })),
    wait: { elapsedMs: 0, deadlineMs: 600_000 },
  });

  test('each pod of the group has a line, and finished lines stay above', async () => {
    const { screen, clock, progress } = start();
    progress.report(refused(1, 2));
    await clock.advance(3_000);
    assert.deepEqual(screen.lines, [
      '09:00:03 Pod/demo/orders-broker-1 waiting: behind (3s, gives up after 10m)',
      '09:00:03 Pod/demo/orders-broker-2 waiting: behind (3s, gives up after 10m)',
    ]);
    progress.report({ event: 'evicted', subject: broker(1), message: 'changes' });
    await clock.advance(2_000);
    assert.deepEqual(screen.lines, [
      '09:00:03 Pod/demo/orders-broker-1 evicted: changes',
      '09:00:05 Pod/demo/orders-broker-1 waiting: is stopping (2s)',
    ]);
    progress.report({ event: 'ready', subject: broker(1), message: 'Ready' });
    progress.end();
    assert.deepEqual(screen.lines, [
      '09:00:03 Pod/demo/orders-broker-1 evicted: changes',
      '09:00:05 Pod/demo/orders-broker-1 ready: Ready',
      '',
    ]);
  });

  test('pods that stop together are waited for side by side', () => {
    const { screen, progress } = start();
    for (const n of [0, 1, 2]) progress.report({ event: 'evicted', subject: broker(n), message: 'changes' });
    assert.equal(screen.lines.filter((line) => line.includes('waiting: is stopping')).length, 3);
    progress.report({ event: 'ready', subject: broker(1), message: 'Ready' });
    assert.equal(screen.lines.filter((line) => line.includes('waiting: is stopping')).length, 2);
    progress.end();
    assert.equal(screen.lines.filter((line) => line.includes('waiting')).length, 0);
    assert.equal(screen.lines.filter((line) => line.includes('evicted')).length, 3);
  });

  test('the last line is the total: steps done, and the estimated time of the others', async () => {
    const { screen, clock, progress } = start();
    const pods = [0, 1, 2].map((n) => ({ subject: broker(n), findings: [], role: 'broker' as const, place: '' }));
    const rolling: Plan = {
      ...ADD,
      steps: [{ kind: 'evict', subject: ADD.subject, findings: [], pods }],
      estimate: { durationMs: 90_000, because: '', rowsMs: [30_000, 30_000, 30_000] },
    };
    delete (rolling as { cutover?: unknown }).cutover;
    progress.plan?.(rolling);
    progress.report({ event: 'waiting', subject: broker(1), message: 'not Ready', step: step(2) });
    assert.equal(screen.lines.at(-1), '1 of 3 steps done, about 1m left');
    await clock.advance(21_000);
    assert.equal(screen.lines.at(-1), '1 of 3 steps done, about 40s left');
    await clock.advance(300_000);
    assert.equal(screen.lines.at(-1), '1 of 3 steps done, about 30s left', 'a late step takes nothing from the next one');
    progress.plan?.({ ...rolling, cutover: { kind: 'root', mode: 'stop', because: '' } });
    progress.report({ event: 'waiting', subject: broker(1), message: 'not Ready', step: step(1) });
    assert.equal(screen.lines.at(-1), '0 of 3 steps done, about 30s left', 'pods that stop together take the time of one');
    progress.end();
  });

  test('many pods are counted, and no line is wider than the terminal', () => {
    const { screen, progress } = start(60);
    progress.report(refused(...Array.from({ length: 20 }, (_, i) => i)));
    assert.equal(screen.lines.length, 9);
    assert.equal(screen.lines.at(-1), 'and 12 more pods');
    assert.ok(screen.lines.every((line) => line.length < 60));
    progress.end();
  });
});

test('without a terminal the usual parts of a restart are folded, and a long one is not', () => {
  const written: string[] = [];
  const progress = createLines((text) => written.push(text), new FakeClock());
  const part = (elapsedMs: number): ProgressEvent => ({
    ...waiting('is Pending'),
    phase: 'starting',
    wait: { elapsedMs, deadlineMs: 600_000 },
  });
  for (const elapsedMs of [0, 2_000, 60_000]) progress.report(part(elapsedMs));
  assert.deepEqual(written, ['09:00:00 [3/8] Pod/demo/orders-broker-1 waiting: is Pending (1m, gives up after 10m)\n']);
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

/** As much of a terminal as redrawn lines need: a cursor in the last line of a block, which can move up and clear its line. */
class Screen {
  lines = [''];
  private row = 0;

  write(text: string): void {
    for (const part of text
      .replaceAll('\r\u001b[2K', '\r')
      .replaceAll('\u001b[1A', '\f')
      .split(/(\r|\f|\n)/)) {
      if (part === '\n') {
        this.row++;
        this.lines[this.row] ??= '';
      } else if (part === '\f') this.row--;
      else if (part === '\r') this.lines[this.row] = '';
      else this.lines[this.row] += part;
    }
    while (this.lines.length > this.row + 1 && this.lines.at(-1) === '') this.lines.pop();
  }
}
