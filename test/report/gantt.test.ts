/** The chart of a plan in Mermaid. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import type { Plan } from '#reconciler/model/plan';
import { gantt } from '#reconciler/report/gantt';
import { planMarkdown } from '#reconciler/report/markdown';
import { ADD, HOSTILE, NOTHING } from './samples';

const pods = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    subject: ref(KINDS.Pod, 'demo', `orders-broker-${i}`),
    findings: [],
    role: 'broker' as const,
    place: '',
  }));
const rolling = (count: number, more: Partial<Plan> = {}): Plan => ({
  ...NOTHING,
  steps: [{ kind: 'evict', subject: NOTHING.subject, findings: [], pods: pods(count) }],
  estimate: { durationMs: count * 30_000, because: '', rowsMs: Array.from({ length: count }, () => 30_000) },
  ...more,
});
const tasks = (plan: Plan) =>
  gantt(plan)
    ?.split('\n')
    .filter((line) => / :/.test(line))
    .map((line) => line.trim());

describe('a chart', () => {
  test('has the pods one after the other', () =>
    assert.deepEqual(tasks(rolling(2)), ['orders-broker-0 :0, 30s', 'orders-broker-1 :30000, 30s']));

  test('has pods that stop together side by side, and the outage', () => {
    const stop = rolling(2, { cutover: { kind: 'root', mode: 'stop', because: '' } });
    const plan = { ...stop, estimate: { durationMs: 30_000, outageMs: 30_000, because: '', rowsMs: [20_000, 30_000] } };
    assert.deepEqual(tasks(plan), ['orders-broker-0 :0, 20s', 'orders-broker-1 :0, 30s', 'outage :crit, 0, 30s']);
  });

  test('of a plan that knows only the number of pods has them as one bar', () => {
    const plan = { ...rolling(0), estimate: { durationMs: 60_000, because: '', rowsMs: [] } };
    assert.deepEqual(tasks(plan), ['all pods :0, 60s']);
  });

  test('ends when the estimate does', () => {
    const ends = (tasks(ADD) ?? []).map((line) => {
      const [, from, length] = /(\d+), (\d+)s$/.exec(line) ?? [];
      return Number(from) + Number(length) * 1000;
    });
    assert.equal(Math.max(...ends), ADD.estimate?.durationMs);
  });

  for (const [count, isFolded] of [
    [20, false],
    [21, true],
  ] as const)
    test(`of ${count} pods is ${isFolded ? '' : 'not '}folded`, () =>
      assert.equal(gantt(rolling(count))?.startsWith('<details>'), isFolded));

  test('is a part of the comment as long as the steps are', () => {
    const chart = gantt(ADD) ?? '';
    assert.ok(planMarkdown(ADD, { chart }).includes(chart));
    assert.ok(planMarkdown(ADD, { chart }, 'without difference').includes(chart));
    assert.ok(!planMarkdown(ADD, { chart }, 'without steps').includes(chart));
  });

  test('is absent where nothing takes time', () => assert.equal(gantt(NOTHING), undefined));

  test('keeps texts from the cluster inside their line', () => {
    const subject = ref(KINDS.Certificate, 'demo', 'a:b;c#d\n```\u001b');
    const step = {
      kind: 'issue' as const,
      subject,
      findings: [],
      isRootChange: false,
      certificates: [{ alias: 'server' as const, subject, findings: [], manifest: {} as never, isRotation: true }],
    };
    const plan = { ...HOSTILE, steps: [step], estimate: { durationMs: 10_000, because: '', rowsMs: [10_000] } };
    assert.deepEqual(tasks(plan), ['issue a b c d     u001b :0, 10s']);
  });
});
