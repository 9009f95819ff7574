/** Acknowledgements a second over time, for a plot. */
import type { Recording } from './record';
import type { Span } from './spans';

export interface AckRates {
  readonly window: Span;
  readonly bucketMs: number;
  /** For each producer, and for each bucket of the window. The last bucket may be shorter. */
  readonly writers: Readonly<Record<string, readonly number[]>>;
}

export function ackRates({ sends }: Recording, window: Span, bucketMs: number): AckRates {
  const { from, to } = window;
  const names = [...new Set(sends.map((s) => s.writer))].sort();
  const counts = new Map(names.map((name) => [name, new Array<number>(Math.ceil((to - from) / bucketMs)).fill(0)]));
  for (const { writer, done, error } of sends) {
    const own = counts.get(writer) ?? [];
    const bucket = Math.floor((done - from) / bucketMs);
    if (error === undefined && done >= from && done < to) own[bucket] = (own[bucket] ?? 0) + 1;
  }
  const perSecond = (count: number, i: number) => (count * 1000) / Math.min(bucketMs, to - from - i * bucketMs);
  return { window, bucketMs, writers: Object.fromEntries([...counts].map(([name, own]) => [name, own.map(perSecond)])) };
}
