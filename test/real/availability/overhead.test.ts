/** The overhead of restarts, from histories of pods that are written by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { overheadOf, type PodChange, restartPhase } from './overhead';

/** `a-` is the SIGTERM of pod a, `a+` is its readiness; the number is the second. */
function history(text: string): readonly PodChange[] {
  return text.split(' ').map((word) => {
    const [, pod = '', sign, second] = /^(\w)([-+])(\d+)$/.exec(word) ?? [];
    return { pod, event: sign === '-' ? 'stopping' : 'ready', at: new Date(Number(second) * 1000) };
  });
}
const all = { from: 0, to: 100_000 };
const lengths = (text: string, span = all) => {
  const phase = restartPhase(history(text), span);
  if (phase === undefined) return undefined;
  const { totalMs, downMs, medianMs } = overheadOf(phase);
  return { down: downMs / 1000, total: totalMs / 1000, ...(medianMs === undefined ? {} : { median: medianMs / 1000 }) };
};

describe('the overhead of restarts', () => {
  const cases: readonly { name: string; history: string; span?: typeof all; expect: ReturnType<typeof lengths> }[] = [
    { name: 'is the time between two pods', history: 'a-10 a+20 b-21 b+31 c-34 c+40', expect: { down: 26, total: 4, median: 1 } },
    { name: 'of one pod is nothing', history: 'a-10 a+20', expect: { down: 10, total: 0 } },
    { name: 'of pods that are down together is nothing', history: 'a-10 b-11 a+30 b+32', expect: { down: 41, total: 0 } },
    {
      name: 'of pods that overlap is the time in which all are up',
      history: 'a-10 b-15 a+20 b+30 c-35 c+40',
      expect: { down: 30, total: 5, median: 5 },
    },
    { name: 'counts a pod that restarted twice twice', history: 'a-10 a+20 a-22 a+25', expect: { down: 13, total: 2, median: 2 } },
    {
      name: 'counts only what is in the span',
      history: 'a-10 a+20 b-30 b+40',
      span: { from: 25_000, to: 100_000 },
      expect: { down: 10, total: 0 },
    },
    { name: 'counts a pod that is not back as down', history: 'a-10', span: { from: 0, to: 50_000 }, expect: { down: 40, total: 0 } },
    { name: 'without a restart is unknown', history: 'a+10', expect: undefined },
  ];
  for (const { name, history: text, span, expect } of cases) test(name, () => assert.deepEqual(lengths(text, span), expect));
});
