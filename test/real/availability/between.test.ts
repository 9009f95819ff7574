/** What the reconciler did between two pods, from calls that are written by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { betweenLines, betweenOf } from './between';
import type { Call, CallKind } from './calls';

/** `r10-20` is a read from 10 to 20; handshake, facts, write and eviction have their first letter, too. */
function calls(text: string): readonly Call[] {
  const kinds: Readonly<Record<string, CallKind>> = { r: 'read', h: 'handshake', f: 'facts', w: 'write', e: 'eviction' };
  return text.split(' ').map((word) => {
    const [, letter = '', from, to] = /^(\w)(\d+)-(\d+)$/.exec(word) ?? [];
    return { kind: kinds[letter] as CallKind, name: word, from: Number(from), to: Number(to) };
  });
}
const span = { from: 10, to: 110 };

describe('the calls between two pods', () => {
  const cases: readonly { name: string; calls: string; inSequence: number; idleMs: number }[] = [
    { name: 'one after the other', calls: 'r10-20 r20-30 e50-60', inSequence: 3, idleMs: 70 },
    { name: 'at once count as one', calls: 'r10-20 r10-25 h20-40 f15-60', inSequence: 2, idleMs: 50 },
    { name: 'before the span are about the pod while it was down', calls: 'r0-20 r30-40', inSequence: 1, idleMs: 90 },
    { name: 'that outlast the span count until its end', calls: 'r30-40 e100-130', inSequence: 2, idleMs: 80 },
  ];
  for (const { name, calls: text, inSequence, idleMs } of cases) {
    test(name, () => {
      const found = betweenOf(span, calls(text));
      assert.deepEqual({ inSequence: found.inSequence, idleMs: found.idleMs }, { inSequence, idleMs });
    });
  }

  test('are printed with their number and time by kind', () => {
    assert.deepEqual(betweenLines([betweenOf(span, calls('r10-20 h20-40 h25-50 e90-120'))]), [
      '100 ms between two pods, 3 calls in sequence: read 1 in 10 ms, handshake 2 in 30 ms, eviction 1 in 20 ms, no call 40 ms',
      '  +0 r10-20 10 ms',
      '  +10 h20-40 20 ms',
      '  +15 h25-50 25 ms',
      '  +80 e90-120 30 ms',
    ]);
  });
});
