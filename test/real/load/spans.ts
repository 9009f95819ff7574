/** Spans of time. Instants and lengths are milliseconds. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

export function lengthOf({ from, to }: Span): number {
  return to - from;
}

/** Returns the longest of some spans; of equals the first. */
export function longest(spans: readonly Span[]): Span | undefined {
  return spans.reduce<Span | undefined>((best, span) => (best === undefined || lengthOf(span) > lengthOf(best) ? span : best), undefined);
}

/**
 * Returns the longest span without one of some instants that touches a window. The time before the first instant and the time after the last
 * one count as well: an outage that has not ended yet is an outage. A span that goes on outside of the window counts with its whole length.
 */
export function longestGap(instants: readonly number[], window: Span): Span {
  const sorted = [...instants].sort((a, b) => a - b);
  const first = sorted.findLast((t) => t <= window.from) ?? window.from;
  const last = sorted.find((t) => t >= window.to) ?? window.to;
  const edges = [first, ...sorted.filter((t) => t > window.from && t < window.to), last];
  return longest(edges.slice(1).map((to, i) => ({ from: edges[i] as number, to }))) as Span;
}

/** Returns the value that a share of all values does not exceed, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
