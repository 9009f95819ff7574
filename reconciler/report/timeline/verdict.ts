/** How a run ended, in one sentence. */
import { BLOCKED } from '../../errors';
import { duration } from './figures';
import type { PodLine } from './pods';
import type { TimedEvent } from './timed-event';

export const RESULTS = ['done', 'unchanged', 'refused', 'blocked', 'failed', 'interrupted', 'unfinished', 'planned'] as const;

export interface Verdict {
  readonly result: (typeof RESULTS)[number];
  readonly sentence: string;
}

/** Exit code of a run whose input must change. */
const INVALID = 2;
/** Events of steps that change the cluster. */
const CHANGES: readonly string[] = ['applied', 'submitted', 'paused', 'issued', 'reconfigured', 'evicted', 'reloaded', 'deleted'];

/** Returns the verdict of a run. */
export function verdictOf(events: readonly TimedEvent[], pods: readonly PodLine[]): Verdict {
  const end = events.findLast((e) => e.event === 'finished');
  const count = (outcome: PodLine['outcome']) => pods.filter((p) => p.outcome === outcome).length;
  const [restarted, reloaded, left] = [count('restarted'), count('reloaded'), count('not begun') + count('unfinished')];
  const took = duration(events.at(-1)?.atMs ?? 0);
  const isUntouched = !events.some((e) => CHANGES.includes(e.event));
  const done = [
    ...(restarted > 0 || reloaded === 0 ? [`${pod(restarted)} restarted`] : []),
    ...(reloaded > 0 ? [`${pod(reloaded)} loaded the new certificate without a restart`] : []),
  ].join(', ');
  const rest = left === 0 ? '' : `, ${pod(left)} not done`;
  if (end === undefined) return { result: 'unfinished', sentence: `The events end after ${took} without a result: ${done}${rest}.` };
  if (end.error === undefined) {
    if (isUntouched && !events.some((e) => e.event === 'planned')) return { result: 'unchanged', sentence: `${upper(end.message)}.` };
    return { result: 'done', sentence: `Done in ${took}: ${done}. ${upper(end.message)}.` };
  }
  const because = `${firstLine(end.error.message)}`;
  const state = isUntouched ? 'Nothing was changed.' : `After ${took}: ${done}${rest}.`;
  if (end.error.code === 'interrupted') return { result: 'interrupted', sentence: `Interrupted. ${state} The next run continues.` };
  if (end.error.exitCode === INVALID) return { result: 'refused', sentence: `Refused: ${because} ${state}` };
  if (end.error.exitCode === BLOCKED) return { result: 'blocked', sentence: `Blocked: ${because} ${state}` };
  return { result: 'failed', sentence: `Failed: ${because} ${state}` };
}

function pod(count: number): string {
  return `${count} ${count === 1 ? 'pod' : 'pods'}`;
}

function upper(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
