/** Which promises a measured run keeps. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MeasuredRun } from '../load/chart/run';
import { barsOf } from './bars';
import { OPERATIONS, type Operation } from './operations';

const operation = (name: string) => OPERATIONS.find((o) => o.name === name) as Operation;
const lost = { writer: 'tls', number: 1, partition: 0 };

interface Facts {
  readonly by?: string;
  readonly gapMs?: number;
  readonly lost?: readonly (typeof lost)[];
  readonly failed?: Readonly<Record<string, number>>;
  readonly estimatedMs?: number;
  readonly overhead?: MeasuredRun['overhead'];
  readonly restarts?: number;
}

function run({ by = 'native', gapMs = 500, lost: missing = [], failed = {}, estimatedMs, overhead, restarts = 6 }: Facts): MeasuredRun {
  const span = { from: 0, to: 100_000 };
  const value = { lost: missing, failed, longestGap: { from: 0, to: gapMs } };
  return {
    operation: '',
    kafka: '',
    executor: by,
    span,
    restarts,
    ...(estimatedMs === undefined ? {} : { estimatedOutageMs: estimatedMs }),
    ...(overhead === undefined ? {} : { overhead }),
    judged: { value: value as object as never },
    rates: { window: span, bucketMs: 500, writers: {} },
    pods: [],
    handshakes: [],
  };
}

describe('promises', () => {
  const slow = { totalMs: 6_000, downMs: 100_000, medianMs: 251 };
  const cases: readonly { name: string; of: string; facts: Facts; broken: readonly string[] }[] = [
    {
      name: 'a quiet rotation keeps all',
      of: 'rotate',
      facts: { overhead: { totalMs: 5_000, downMs: 100_000, medianMs: 250 } },
      broken: [],
    },
    { name: 'a restart in a rotation by reload', of: 'rotate by reload', facts: {}, broken: ['no pod restarts'] },
    { name: 'a rotation by reload without a restart', of: 'rotate by reload', facts: { restarts: 0 }, broken: [] },
    { name: 'a lost message', of: 'rotate', facts: { lost: [lost] }, broken: ['no acknowledged message is lost'] },
    { name: 'a failed send', of: 'rotate', facts: { failed: { TimeoutException: 1 } }, broken: ['no send fails'] },
    { name: 'a gap of ten seconds', of: 'rotate', facts: { gapMs: 10_000 }, broken: ['the longest gap is under 10 s'] },
    {
      name: 'an overhead of more than a twentieth',
      of: 'rotate',
      facts: { overhead: slow },
      broken: ["the reconciler adds at most 5 % to the pods' own down time", 'the reconciler adds at most 250 ms a pod (median)'],
    },
    {
      name: 'the steps of the ops-manager are no overhead of the reconciler',
      of: 'rotate',
      facts: { by: 'ops-request', overhead: slow },
      broken: [],
    },
    ...['revert names', 'update issuer, other root'].map((of) => ({
      name: `an issuance between two restarts is none, either: ${of}`,
      of,
      facts: { overhead: slow },
      broken: [],
    })),
    {
      name: 'a cut-over promises no gap, and sends may fail',
      of: 'add, stop',
      facts: { gapMs: 30_000, failed: { TimeoutException: 9 }, estimatedMs: 30_000 },
      broken: [],
    },
    ...[14_000, 61_000].map((gapMs) => ({
      name: `an outage of ${gapMs} ms where 30 s were estimated`,
      of: 'add, stop',
      facts: { gapMs, estimatedMs: 30_000 },
      broken: ['the outage is within a factor of two of the estimate'],
    })),
    { name: 'a message that is lost in a cut-over', of: 'add, stop', facts: { lost: [lost] }, broken: ['no acknowledged message is lost'] },
  ];
  for (const { name, of, facts, broken } of cases) {
    test(name, () => {
      const bars = barsOf(operation(of), run(facts));
      assert.deepEqual(
        bars.filter((b) => !b.isKept).map((b) => b.promise),
        broken,
      );
    });
  }

  test('a recording that proves nothing keeps none', () => {
    const bars = barsOf(operation('rotate'), { ...run({}), judged: { unknown: ['the load program did not come to its end'] } });
    assert.deepEqual(
      bars.map((b) => b.isKept),
      [false],
    );
  });
});
