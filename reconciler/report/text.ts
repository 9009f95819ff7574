/**
 * Text for people and programs. This folder turns plain data (plans, events, errors, observations) into text. It reads no clock, opens no
 * file and does not know the process.
 *
 *     text.ts           a plan for a terminal: two columns and a reason, subject first
 *     markdown.ts       the same plan for a pull request
 *     progress.ts       events during a run, one line each, as text or JSON
 *     live.ts           the same on a terminal, with a block below that is redrawn
 *     timeline/, page/  a whole run as one value, and as a page
 *     verification.ts   the certificate that each listener serves, and the verdict
 *     error.ts          errors, as text and as JSON
 *
 * Rules: each line starts with its subject and ends with a reason. Our own text is plain ASCII. Text from the cluster goes through
 * `printable`. No input holds the content of a Secret, so no output does.
 */
import { formatAcknowledgement } from '#model/acknowledgement';
import { formatRef } from '#model/kube-object';
import { type Estimate, mayRestartPods, type Obstacle, type Plan, type PlannedRootChange, type Step } from '../model/plan';
import { type StepRow, stepRows } from '../model/step-rows';
import { approximately } from './duration';
import { printable, sentence } from './printable';
import { PHASE_HEADINGS, phaseRows, rootChangeLine, rootChangeNotes } from './root-change';
import { statesLine } from './states';
import { painterOf, paragraph, type Style } from './style';
import { formatTable } from './table';

/** Changes that the summary does not count: they change nothing, or the run reverts them before it ends. */
const UNCOUNTED: readonly string[] = ['wait', 'verify', 'check', 'pause', 'resume'];

/** The first words of an obstacle, by its kind. */
export const OBSTACLE_LABELS: Readonly<Record<Obstacle['kind'], string>> = {
  wait: 'Waits for',
  blocked: 'Blocked by',
  invalid: 'Not allowed:',
  failed: 'Failed:',
};

export interface PlanContext {
  /** The command that executes the plan, quoted for a shell; absent for a plan that was made without a cluster. */
  readonly applyWith?: string;
  /** Unified diff of the bundles before and after a commit; for a pull request only. */
  readonly difference?: string;
  /** The estimated course as a chart in Markdown; for a pull request only. */
  readonly chart?: string;
  /** Whether the plan is being executed now. */
  readonly isApplied?: boolean;
}

/** Returns the cells of a row: change, subject, state that the step waits for, reason. */
export function rowCells({ change, subject, waitsFor, why }: StepRow): readonly string[] {
  return [change, formatRef(subject), waitsFor, why].map(printable);
}

/** Returns how often each change occurs, in the order of the plan: `2 create, 1 configure, 5 restart`. */
export function countChanges(steps: readonly Step[]): string {
  const counts = new Map<string, number>();
  for (const { change } of steps.flatMap(stepRows)) {
    if (!UNCOUNTED.includes(change)) counts.set(change, (counts.get(change) ?? 0) + 1);
  }
  return [...counts].map(([change, count]) => `${count} ${change}`).join(', ');
}

/** Returns an obstacle in one line: `Blocked by Kafka/demo/orders: paused by another owner.` */
export function obstacleLine(obstacle: Obstacle): string {
  return printable(sentence(`${OBSTACLE_LABELS[obstacle.kind]} ${formatRef(obstacle.subject)}: ${obstacle.message}`));
}

/** Returns a cut-over in one line. */
export function cutoverLine({ mode, because }: NonNullable<Plan['cutover']>): string {
  return printable(sentence(`Cut-over (${mode}): ${because}`));
}

/** Returns in one line whether clients must act; undefined if no pod gets another certificate. */
export function clientsLine({ cutover, steps }: Plan): string | undefined {
  if (cutover?.kind === 'expired') return 'Clients need not act. Brokers refuse them until the pods have restarted: see the cut-over.';
  if (cutover !== undefined) return 'Clients must act: see the cut-over.';
  if (steps.some(mayRestartPods)) return 'Clients need not act. Each broker closes their connections once, and clients reconnect.';
  const reloads = steps.filter((s) => s.kind === 'reload');
  if (reloads.length === 0) return undefined;
  return reloads.some((s) => s.nodes.length === 0 || s.nodes.some((n) => n.isUndecided))
    ? 'Clients need not act. They keep their connections, except to brokers that restart.'
    : 'Clients need not act, and keep their connections.';
}

/** Returns an estimate in one line: `Takes about 7 min, with an outage of about 4 min (a pod took up to 40 s to get Ready).` */
export function estimateLine({ durationMs, restartingMs, perPodMs, outageMs, because }: Estimate): string {
  const perPod = perPodMs === undefined ? [] : [`${approximately(perPodMs)} for every pod that restarts`];
  // A plan that only submits a request has no duration before its restarts.
  const before = durationMs === 0 && perPod.length > 0 ? [] : [approximately(durationMs)];
  const instead = restartingMs === undefined ? '' : `, or about ${approximately(restartingMs)} if pods restart`;
  const outage = outageMs === undefined ? '' : `, with an outage of about ${approximately(outageMs)}`;
  const basis = because === '' ? '' : ` (${because})`;
  return printable(`Takes about ${[...before, ...perPod].join(', and ')}${instead}${outage}${basis}.`);
}

/** Returns the last sentence of a plan: the number of changes and the next command. */
export function conclusion(plan: Plan, { applyWith, isApplied }: PlanContext): string {
  if (plan.obstacles.length > 0) return plan.obstacles.every((o) => o.kind === 'wait') ? 'Nothing changes until then.' : 'Nothing changes.';
  if (plan.steps.length === 0) return plan.isPartial === true ? 'Nothing to do, as far as these rights allow to see.' : 'Nothing to do.';
  const counted = countChanges(plan.steps);
  const total = counted === '' ? `${plan.steps.length} ${plan.steps.length === 1 ? 'check' : 'checks'}` : counted;
  if (isApplied === true) return `${total}.`;
  const apply = applyWith === undefined ? 'This plan was made without a cluster.' : `Apply with: ${applyWith}`;
  return `${total}.  Nothing was changed.  ${apply}`;
}

/** Returns a plan as text for a terminal, with a line break at its end. */
export function planText(plan: Plan, style: Style, context: PlanContext): string {
  const paint = painterOf(style);
  const blocks: string[] = [`${paint.bold(formatRef(plan.subject))}  ${printable(plan.summary)}    executor: ${plan.executor}`];
  if (plan.steps.length > 0) blocks.push(stepTable(plan.steps, style));
  if (plan.rootChange !== undefined) blocks.push(phaseTable(plan.rootChange, style));
  const foreseen = [
    ...(plan.cutover === undefined ? [] : [cutoverLine(plan.cutover)]),
    ...(plan.estimate === undefined ? [] : [estimateLine(plan.estimate)]),
    ...(plan.states === undefined ? [] : [statesLine(plan.states)]),
  ];
  const phases = plan.rootChange === undefined ? [] : rootChangeNotes(plan.rootChange);
  const remarks = [...foreseen, ...phases.map(printable), ...plan.notes.map((n) => printable(sentence(n)))];
  if (plan.acknowledged !== undefined && plan.steps.length > 0) {
    remarks.push(`Acknowledged: ${plan.acknowledged.map(formatAcknowledgement).map(printable).join(', ')}`);
  }
  if (remarks.length > 0) blocks.push(remarks.map((r) => `- ${paragraph(r, style, '  ')}`).join('\n'));
  for (const obstacle of plan.obstacles) {
    const hint = obstacle.hint === undefined ? [] : [paragraph(printable(obstacle.hint), style)];
    blocks.push([paint.red(paragraph(obstacleLine(obstacle), style)), ...hint].join('\n'));
  }
  blocks.push(conclusion(plan, context));
  return `${blocks.join('\n\n')}\n`;
}

function phaseTable(change: PlannedRootChange, style: Style): string {
  const paint = painterOf(style);
  const rows = [PHASE_HEADINGS.map((h) => h.toUpperCase()), ...phaseRows(change).map((row) => row.map(printable))];
  const table = formatTable(rows, style, (cell, _, row) => (row === 0 ? paint.dim(cell) : cell));
  return [paragraph(printable(rootChangeLine(change)), style), '', ...table].join('\n');
}

function stepTable(steps: readonly Step[], style: Style): string {
  const paint = painterOf(style);
  const rows = [['CHANGE', 'SUBJECT', 'WAITS FOR', 'WHY'], ...steps.flatMap(stepRows).map(rowCells)];
  return formatTable(rows, style, (cell, column, row) => {
    if (row === 0) return paint.dim(cell);
    return column === 0 ? changePaint(cell, paint) : cell;
  }).join('\n');
}

function changePaint(cell: string, paint: ReturnType<typeof painterOf>): string {
  const change = cell.trim();
  if (change === 'create' || change === 'issue') return paint.green(cell);
  if (change === 'delete' || change === 'supersede') return paint.red(cell);
  return UNCOUNTED.includes(change) ? paint.dim(cell) : paint.yellow(cell);
}
