/** What the reconciler did between two restarts: which calls, how many of them one after the other, and how long. Pure. */
import { lengthOf, type Span } from '../load/spans';
import { CALL_KINDS, type Call, type CallKind } from './calls';

/** The time between a pod's readiness and the next SIGTERM. */
export interface Between {
  readonly span: Span;
  /** The longest row of calls of which each began after the end of the one before. */
  readonly inSequence: number;
  /** How many calls of a kind, and how long at least one of them was open. */
  readonly byKind: Partial<Record<CallKind, { readonly calls: number; readonly ms: number }>>;
  /** Time without any open call. */
  readonly idleMs: number;
  readonly calls: readonly Call[];
}

/** Calls that began before the span do not count: the answer to them cannot be about a Ready pod. */
export function betweenOf(span: Span, all: readonly Call[]): Between {
  const calls = all.filter((c) => c.from >= span.from && c.from < span.to).sort((a, b) => a.from - b.from);
  const byKind: Between['byKind'] = Object.fromEntries(
    CALL_KINDS.flatMap((kind) => {
      const own = calls.filter((c) => c.kind === kind);
      return own.length === 0 ? [] : [[kind, { calls: own.length, ms: coveredMs(own, span) }]];
    }),
  );
  return { span, inSequence: inSequence(calls), byKind, idleMs: lengthOf(span) - coveredMs(calls, span), calls };
}

/** The greatest number of calls that do not overlap. */
function inSequence(calls: readonly Call[]): number {
  let count = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to } of [...calls].sort((a, b) => a.to - b.to)) {
    if (from < end) continue;
    count += 1;
    end = to;
  }
  return count;
}

/** Returns how much of a span lies within at least one of some spans. */
function coveredMs(spans: readonly Span[], within: Span): number {
  let covered = 0;
  let end = within.from;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const [begin, until] = [Math.max(from, end), Math.min(to, within.to)];
    if (until > begin) covered += until - begin;
    end = Math.max(end, until);
  }
  return covered;
}

/** Returns one line for each span, and below it its calls. */
export function betweenLines(between: readonly Between[]): readonly string[] {
  const ms = (value: number) => `${Math.round(value)} ms`;
  return between.flatMap(({ span, inSequence, byKind, idleMs, calls }) => [
    `${ms(lengthOf(span))} between two pods, ${inSequence} calls in sequence: ${[
      ...Object.entries(byKind).map(([kind, { calls: n, ms: length }]) => `${kind} ${n} in ${ms(length)}`),
      `no call ${ms(idleMs)}`,
    ].join(', ')}`,
    ...calls.map((c) => `  +${Math.round(c.from - span.from)} ${c.name} ${ms(lengthOf(c))}`),
  ]);
}
