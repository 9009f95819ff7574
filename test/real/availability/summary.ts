/** What the measured runs say in short: verdicts in sentences, and a table with the actors beside each other. Pure. */
import { count, seconds } from '../load/chart/figures';
import type { MeasuredRun } from '../load/chart/run';
import type { Judgement } from '../load/judge';
import { lengthOf } from '../load/spans';
import { type Bar, barsOf } from './bars';
import { ACTORS, type Actor, OPERATIONS, type Operation } from './operations';

/** A run with who carried it out. */
export interface RunBy extends MeasuredRun {
  readonly executor: Actor;
}

export interface Summary {
  readonly verdict: readonly string[];
  /** One line for each promise that a run does not keep. */
  readonly notKept: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

interface Found {
  readonly operation: Operation;
  readonly run: RunBy;
  readonly judged: Judgement | undefined;
  /** Of native and ops-request only: nothing is promised of KubeDB alone. */
  readonly bars: readonly Bar[];
}

export function summaryOf(runs: readonly RunBy[]): Summary {
  const found = runs.flatMap((run): readonly Found[] => {
    const operation = OPERATIONS.find((o) => o.name === run.operation);
    if (operation === undefined) return [];
    const judged = 'value' in run.judged ? run.judged.value : undefined;
    return [{ operation, run, judged, bars: run.executor === 'KubeDB alone' ? [] : barsOf(operation, run) }];
  });
  const ours = found.filter(({ run }) => run.executor !== 'KubeDB alone');
  return {
    verdict: [lossVerdict(ours), ...rollVerdict(ours), ...cutoverVerdict(ours), promiseVerdict(ours)],
    notKept: ours.flatMap(({ run, bars }) =>
      bars.filter((b) => !b.isKept).map((b) => `${run.operation}, ${run.executor}, Kafka ${run.kafka}: ${b.promise}: ${b.measured}`),
    ),
    columns: ['operation', 'Kafka', ...ACTORS, 'promises'],
    rows: OPERATIONS.flatMap((operation) => rowsOf(found.filter((f) => f.operation === operation))),
  };
}

function lossVerdict(found: readonly Found[]): string {
  const lost = found.flatMap(({ run, judged }) =>
    judged === undefined || judged.lost.length > 0 ? [`${run.operation}, ${run.executor}: ${judged?.lost.length ?? 'unknown'}`] : [],
  );
  const acked = found.reduce((sum, { judged }) => sum + (judged?.acked ?? 0), 0);
  const all = `${count(acked)} acknowledged messages of ${count(found.length)} operations`;
  return lost.length === 0 ? `No message was lost: all ${all} were read.` : `Messages were lost. Of ${all}: ${lost.join('; ')}.`;
}

function rollVerdict(found: readonly Found[]): readonly string[] {
  const rolls = found.filter(({ operation, judged }) => judged !== undefined && !operation.isCutover && operation.from !== 'nothing');
  if (rolls.length === 0) return [];
  const judged = rolls.flatMap((f) => f.judged ?? []);
  const names = [...new Set(rolls.map(({ operation }) => operation.name))].join('; ');
  const failed = judged.reduce((sum, j) => sum + failuresOf(j), 0);
  const sends = failed === 0 ? 'no send failed' : `${count(failed)} sends failed`;
  const gap = seconds(Math.max(...judged.map((j) => lengthOf(j.longestGap))));
  return [
    `Clients keep working while the protocol stays (${names}): ${sends}, and the longest time without an acknowledgement was ${gap}.`,
  ];
}

/** Of each way that was measured, the shortest and the longest outage. */
function cutoverVerdict(found: readonly Found[]): readonly string[] {
  const outages = (isStop: boolean) =>
    found.flatMap(({ operation, judged }) =>
      operation.isCutover && operation.name.endsWith(', stop') === isStop && judged !== undefined ? [lengthOf(judged.longestGap)] : [],
    );
  const range = (lengths: readonly number[]) => [...new Set([Math.min(...lengths), Math.max(...lengths)].map(seconds))].join(' to ');
  const ways = [
    { lengths: outages(true), how: 'with Cutover.STOP' },
    { lengths: outages(false), how: 'when pods restart one by one' },
  ].flatMap(({ lengths, how }) => (lengths.length === 0 ? [] : [`for ${range(lengths)} ${how}`]));
  if (ways.length === 0) return [];
  return [`Clients are interrupted when TLS is added or removed: ${ways.join(', ')}.`];
}

function promiseVerdict(found: readonly Found[]): string {
  const bars = found.flatMap((f) => f.bars);
  const kept = bars.filter((b) => b.isKept).length;
  return kept === bars.length
    ? `All ${count(bars.length)} promises are kept.`
    : `${count(kept)} of ${count(bars.length)} promises are kept.`;
}

/** A row for each release of Kafka, the newest first. */
function rowsOf(found: readonly Found[]): readonly (readonly string[])[] {
  const releases = [...new Set(found.map(({ run }) => run.kafka))].sort().reverse();
  return releases.map((kafka) => {
    const own = found.filter(({ run }) => run.kafka === kafka);
    const bars = own.flatMap((f) => f.bars);
    const promises = bars.length === 0 ? '' : bars.every((b) => b.isKept) ? 'kept' : 'not all kept';
    return [own[0]?.run.operation ?? '', kafka, ...ACTORS.map((actor) => cellOf(own.find(({ run }) => run.executor === actor))), promises];
  });
}

/** `0.3 s of 57 s`; what is unusual follows. */
function cellOf(found: Found | undefined): string {
  if (found === undefined) return '';
  const { operation, run, judged } = found;
  if (judged === undefined) return 'no evidence';
  const failed = operation.isCutover ? 0 : failuresOf(judged);
  const { estimatedOutageMs } = run;
  const gap = seconds(lengthOf(judged.longestGap));
  return [
    operation.from === 'nothing' ? `first after ${gap}` : `${gap} of ${Math.round(lengthOf(run.span) / 1000)} s`,
    ...(estimatedOutageMs === undefined ? [] : [`estimated ${Math.round(estimatedOutageMs / 1000)} s`]),
    ...(failed === 0 ? [] : [`${count(failed)} sends failed`]),
    ...(judged.lost.length === 0 ? [] : [`${count(judged.lost.length)} lost`]),
  ].join(', ');
}

function failuresOf({ failed }: Judgement): number {
  return Object.values(failed).reduce((a, b) => a + b, 0);
}
