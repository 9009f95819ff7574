/**
 * What is promised of an operation, and whether a measurement keeps it. Pure.
 *
 * Absolute times are promised for the machine that the published figures name. Elsewhere they are reported; a test asserts the other bars.
 */
import { count, milliseconds, seconds } from '../load/chart/figures';
import type { MeasuredRun } from '../load/chart/run';
import { lengthOf } from '../load/spans';
import type { Operation } from './operations';

export interface Bar {
  readonly promise: string;
  readonly isKept: boolean;
  /** The measured figures. */
  readonly measured: string;
  /** A slow machine can miss it; for an estimate, a fast one, too. */
  readonly dependsOnMachine?: true;
}

const LONGEST_GAP_MS = 10_000;
const OVERHEAD_SHARE = 0.05;
const OVERHEAD_MEDIAN_MS = 250;
const ESTIMATE_FACTOR = 2;

/** Returns the promises about one operation. A recording without evidence keeps none. */
export function barsOf({ isCutover, issuesBetween, isWithoutRestart, from }: Operation, run: MeasuredRun): readonly Bar[] {
  if ('unknown' in run.judged) return [{ promise: 'the recording can be judged', isKept: false, measured: run.judged.unknown.join('; ') }];
  const { lost, failed, longestGap } = run.judged.value;
  const failures = Object.values(failed).reduce((a, b) => a + b, 0);
  const gapMs = lengthOf(longestGap);
  const nothingLost = { promise: 'no acknowledged message is lost', isKept: lost.length === 0, measured: count(lost.length) };
  if (from === 'nothing') return [nothingLost];
  if (isCutover) return [nothingLost, ...estimateBar(run, gapMs)];
  return [
    nothingLost,
    { promise: 'no send fails', isKept: failures === 0, measured: count(failures) },
    { promise: 'the longest gap is under 10 s', isKept: gapMs < LONGEST_GAP_MS, measured: seconds(gapMs), dependsOnMachine: true },
    ...(isWithoutRestart === true
      ? [{ promise: 'no pod restarts', isKept: run.restarts === 0, measured: `${count(run.restarts)} restarts` }]
      : []),
    // The issuance between two restarts is no overhead of the restarts.
    ...(issuesBetween === true ? [] : overheadBars(run)),
  ];
}

function estimateBar({ estimatedOutageMs }: MeasuredRun, gapMs: number): readonly Bar[] {
  if (estimatedOutageMs === undefined) return [];
  const factor = Math.max(estimatedOutageMs / gapMs, gapMs / estimatedOutageMs);
  const measured = `estimated ${seconds(estimatedOutageMs)}, measured ${seconds(gapMs)}`;
  return [
    {
      promise: 'the outage is within a factor of two of the estimate',
      isKept: factor <= ESTIMATE_FACTOR,
      measured,
      dependsOnMachine: true,
    },
  ];
}

/** Only the reconciler's own restarts: KubeDB's ops-manager takes a step every five seconds. */
function overheadBars({ overhead, executor }: MeasuredRun): readonly Bar[] {
  if (overhead === undefined || executor !== 'native') return [];
  const { totalMs, downMs, medianMs = 0 } = overhead;
  const share = totalMs / downMs;
  return [
    {
      promise: "the reconciler adds at most 5 % to the pods' own down time",
      isKept: share <= OVERHEAD_SHARE,
      measured: `${(100 * share).toFixed(1)} %`,
      dependsOnMachine: true,
    },
    {
      promise: 'the reconciler adds at most 250 ms a pod (median)',
      isKept: medianMs <= OVERHEAD_MEDIAN_MS,
      measured: milliseconds(medianMs),
      dependsOnMachine: true,
    },
  ];
}
