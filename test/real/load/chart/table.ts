/** The figures of runs as rows, and these as a Markdown table. */
import type { Judgement } from '../judge';
import { lengthOf } from '../spans';
import { count, milliseconds, seconds } from './figures';
import type { MeasuredRun } from './run';

export const COLUMNS = [
  'operation',
  'Kafka',
  'executor',
  'restarts',
  'duration',
  'overhead',
  'acked',
  'lost',
  'failed sends',
  'longest gap',
  'in one partition',
  'p99 latency',
  'reconnects',
  'no quorum leader',
] as const;

/** Returns a cell for each column. A run without evidence has one long cell instead of its figures. */
export function rowOf(run: MeasuredRun): readonly string[] {
  const { operation, kafka, executor, restarts, span, overhead, judged } = run;
  const head = [operation, kafka, executor, count(restarts), seconds(lengthOf(span)), overheadOf(overhead)];
  return 'unknown' in judged ? [...head, `no evidence: ${judged.unknown.join('; ')}`] : [...head, ...figuresOf(run, judged.value)];
}

export function overheadOf(overhead: MeasuredRun['overhead']): string {
  if (overhead === undefined || overhead.downMs === 0) return '-';
  const { totalMs, downMs, medianMs } = overhead;
  const perPod = medianMs === undefined ? '' : `, ${milliseconds(medianMs)} a pod`;
  return `${seconds(totalMs)} (${((100 * totalMs) / downMs).toFixed(1)} %${perPod})`;
}

function figuresOf({ estimatedOutageMs }: MeasuredRun, judgement: Judgement): readonly string[] {
  const { lost, longestGap, longestPartitionGap, latencyMs, connections, withoutLeader } = judgement;
  const estimate = estimatedOutageMs === undefined ? '' : ` (estimated ${seconds(estimatedOutageMs)})`;
  return [
    count(judgement.acked),
    count(lost.length),
    failedOf(judgement),
    seconds(lengthOf(longestGap)) + estimate,
    seconds(lengthOf(longestPartitionGap)),
    milliseconds(latencyMs.p99),
    count(connections.reconnects),
    seconds(withoutLeader.quorum.longestMs),
  ];
}

/** With two producers only those that failed are named: in a cut-over one of them is expected to fail. */
export function failedOf({ writers, failed, unfinished }: Judgement): string {
  const sum = (each: Readonly<Record<string, number>>) => Object.values(each).reduce((a, b) => a + b, 0);
  const named = Object.entries(writers).flatMap(([name, own]) => (sum(own.failed) > 0 ? `${name} ${count(sum(own.failed))}` : []));
  const text = Object.keys(writers).length > 1 && named.length > 0 ? named.join(', ') : count(sum(failed));
  return unfinished === 0 ? text : `${text}, unfinished ${count(unfinished)}`;
}

export function markdownTable(runs: readonly MeasuredRun[]): string {
  const rows = runs.map(rowOf).map((row) => [...row, ...new Array<string>(COLUMNS.length - row.length).fill('')]);
  return `${tableOf(COLUMNS, rows)}\n`;
}

/** Returns a Markdown table. */
export function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}
