/** A plan as the events of its run tell it to programs: rows with their estimated times, states, and what pods serve before it. Pure. */
import { formatRef } from '#model/kube-object';
import type { Obstacle, Plan } from '../model/plan';
import type { RunBlocker, RunPlan, RunStates, ShownListener, Spare } from '../model/run-events';
import type { Contact, ContactRow, PlanStates } from '../model/states';
import { stepRows } from '../model/step-rows';
import type { PlanInput } from './plan-input';
import { listenersOf, spareOf } from './spare';
import { statesOf } from './states/states';

export interface PlannedDetails {
  readonly plan: RunPlan;
  readonly listeners: readonly ShownListener[];
  readonly states?: RunStates;
  readonly spare?: Spare;
}

/** Returns what the event of a plan holds besides its text. */
export function plannedDetails(input: PlanInput, plan: Plan): PlannedDetails {
  // A run plans each phase again, so its states come with that plan.
  const found = statesOf(input, { ...plan, isLast: true });
  return {
    plan: runPlan(plan),
    ...before(input),
    ...(found === undefined ? {} : { states: runStates(found) }),
  };
}

/** Returns what pods serve and what Kafka can lose before the first step. */
export function before({ live }: PlanInput): Pick<PlannedDetails, 'listeners' | 'spare'> {
  const spare = spareOf(live.facts);
  return { listeners: listenersOf(live.pods), ...(spare === undefined ? {} : { spare }) };
}

/** Returns the rows of a plan and its estimate. */
export function runPlan({ executor, operation, summary, steps, estimate, cutover }: Plan): RunPlan {
  const rows = steps.flatMap(stepRows).map(({ change, subject, waitsFor, why }, i) => {
    const ms = estimate?.rowsMs?.[i];
    return { change, subject: formatRef(subject), waitsFor, why, ...(ms === undefined ? {} : { ms }) };
  });
  return {
    executor,
    operation,
    summary,
    ...(estimate === undefined ? {} : { durationMs: estimate.durationMs }),
    ...(estimate?.outageMs === undefined ? {} : { outageMs: estimate.outageMs }),
    ...(cutover === undefined ? {} : { cutover: { mode: cutover.mode, because: cutover.because } }),
    rows,
  };
}

/** Returns the blockers of a plan. */
export function runBlockers(obstacles: readonly Obstacle[]): readonly RunBlocker[] {
  return obstacles.map(({ subject, kind, message, hint }) => {
    return { subject: formatRef(subject), kind, message, ...(hint === undefined ? {} : { hint }) };
  });
}

const MARKS: Readonly<Record<Contact['kind'], string>> = { accepted: '+', refused: 'x', unknown: '?', never: '-' };

function runStates({ nodes, states }: PlanStates): RunStates {
  const rows = (all: readonly ContactRow[]) =>
    all.map(({ from, contacts }) => ({ from, reaches: contacts.map((c) => MARKS[c.kind]).join('') }));
  const joined: { after: string[]; nodes: ReturnType<typeof rows>; clients: ReturnType<typeof rows> }[] = [];
  for (const state of states) {
    const next = { nodes: rows(state.nodes), clients: rows(state.clients) };
    const last = joined.at(-1);
    const isSame = last !== undefined && JSON.stringify([last.nodes, last.clients]) === JSON.stringify([next.nodes, next.clients]);
    if (isSame) last.after.push(state.after);
    else joined.push({ after: [state.after], ...next });
  }
  return { nodes, states: joined };
}
