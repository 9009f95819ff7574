/**
 * How long an operation took beyond the time that the pods themselves need to stop and start. Pure.
 *
 *     down time of a pod    from its SIGTERM until it is Ready again
 *     restart phase         from the first SIGTERM until the last pod is Ready
 *     between two pods      from the moment that a pod is Ready until the next SIGTERM
 *     overhead              the restart phase without the time in which a pod is down
 *
 * In a cut-over pods are down together, and pods become Ready only when most are back. Overhead is then the time in which none is down.
 */
import type { Overhead } from '../load/chart/run';
import { lengthOf, quantile, type Span } from '../load/spans';

export interface PodChange {
  readonly pod: string;
  readonly at: Date;
  readonly event: 'started' | 'ready' | 'unready' | 'stopping' | 'ended';
}

export interface Downtime extends Span {
  readonly pod: string;
}

export interface RestartPhase {
  readonly span: Span;
  readonly downtimes: readonly Downtime[];
  /** In order of time; one fewer than restarts when pods restart one by one. */
  readonly between: readonly Span[];
  readonly overheadMs: number;
}

/** Returns each time that a pod was down within a span, in order. A pod that is not Ready at its end is down until then. */
export function downtimes(history: readonly PodChange[], span: Span): readonly Downtime[] {
  const within = history.map(({ at, ...rest }) => ({ ...rest, at: at.getTime() })).filter((e) => e.at >= span.from && e.at <= span.to);
  return within
    .filter((e) => e.event === 'stopping')
    .map(({ pod, at: from }) => ({ pod, from, to: within.find((e) => e.pod === pod && e.event === 'ready' && e.at > from)?.at ?? span.to }))
    .sort((a, b) => a.from - b.from);
}

/** The figures of a phase as a report has them. */
export function overheadOf({ downtimes: down, between, overheadMs }: RestartPhase): Overhead {
  const downMs = down.reduce((sum, d) => sum + lengthOf(d), 0);
  return { totalMs: overheadMs, downMs, medianMs: quantile(between.map(lengthOf), 0.5) };
}

/** Undefined when no pod restarted. */
export function restartPhase(history: readonly PodChange[], span: Span): RestartPhase | undefined {
  const down = downtimes(history, span);
  const [first] = down;
  if (first === undefined) return undefined;
  const phase = { from: first.from, to: Math.max(...down.map((d) => d.to)) };
  const between: Span[] = [];
  let readyUntil = first.to;
  for (const { from, to } of down.slice(1)) {
    if (from > readyUntil) between.push({ from: readyUntil, to: from });
    readyUntil = Math.max(readyUntil, to);
  }
  return { span: phase, downtimes: down, between, overheadMs: between.map(lengthOf).reduce((a, b) => a + b, 0) };
}
