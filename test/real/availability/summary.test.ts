/** The verdict and the table at the head of the published page, from runs that are written by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Actor } from './operations';
import { type RunBy, summaryOf } from './summary';

function run(
  operation: string,
  executor: Actor,
  change: { gapMs?: number; lost?: number; failed?: number; estimatedMs?: number } = {},
): RunBy {
  const { gapMs = 300, lost = 0, failed = 0, estimatedMs } = change;
  const value = {
    acked: 1_000,
    lost: Array.from({ length: lost }, (_, number) => ({ writer: 'tls', number, partition: 0 })),
    failed: failed === 0 ? {} : { TimeoutException: failed },
    longestGap: { from: 0, to: gapMs },
  };
  const span = { from: 0, to: 57_000 };
  return {
    operation,
    executor,
    kafka: '4.3.1',
    span,
    restarts: 6,
    ...(estimatedMs === undefined ? {} : { estimatedOutageMs: estimatedMs }),
    judged: { value: value as object as never },
    rates: { window: span, bucketMs: 500, writers: {} },
    pods: [],
    handshakes: [],
  };
}

describe('the summary', () => {
  test('of runs that keep every promise', () => {
    const { verdict, notKept, rows } = summaryOf([
      run('rotate', 'native'),
      run('add, stop', 'native', { gapMs: 20_000, estimatedMs: 30_000 }),
    ]);
    assert.match(verdict[0] ?? '', /^No message was lost: all 2,000 acknowledged messages of 2 operations were read/);
    assert.match(verdict[1] ?? '', /protocol stays \(rotate\): no send failed, and the longest time without an acknowledgement was 0\.3 s/);
    assert.match(verdict[2] ?? '', /for 20\.0 s with Cutover\.STOP\.$/);
    assert.match(verdict.at(-1) ?? '', /^All \d promises are kept/);
    assert.deepEqual(notKept, []);
    assert.deepEqual(rows, [
      ['rotate', '4.3.1', '0.3 s of 57 s', '', '', 'kept'],
      ['add, stop', '4.3.1', '20.0 s of 57 s, estimated 30 s', '', '', 'kept'],
    ]);
  });

  test('names a lost message, failed sends and an outage that was not estimated', () => {
    const { verdict, notKept, rows } = summaryOf([
      run('rotate', 'native', { lost: 1, failed: 2 }),
      run('add, rolling', 'native', { gapMs: 100_000, estimatedMs: 300_000 }),
    ]);
    assert.match(verdict[0] ?? '', /^Messages were lost\..*rotate, native: 1\.$/);
    assert.match(verdict[1] ?? '', /2 sends failed/);
    assert.equal(notKept.length, 3);
    assert.deepEqual(rows[0]?.slice(2), ['0.3 s of 57 s, 2 sends failed, 1 lost', '', '', 'not all kept']);
  });

  test('promises nothing of KubeDB alone, and shows it beside the executors', () => {
    const { notKept, rows } = summaryOf([run('rotate', 'native'), run('rotate', 'KubeDB alone', { gapMs: 16_000, lost: 3 })]);
    assert.deepEqual(notKept, []);
    assert.deepEqual(rows, [['rotate', '4.3.1', '0.3 s of 57 s', '', '16.0 s of 57 s, 3 lost', 'kept']]);
  });
});
