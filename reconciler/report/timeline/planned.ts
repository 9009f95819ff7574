/** A plan as a timeline, before any event: what is expected of each pod, and what a reader must know. */
import { formatAcknowledgement } from '#model/acknowledgement';
import { formatRef } from '#model/kube-object';
import type { Obstacle, Plan } from '../../model/plan';
import type { RunPlan, RunStates, ShownListener } from '../../model/run-events';
import { sentence } from '../printable';
import { PHASE_HEADINGS, phaseRows, rootChangeLine, rootChangeNotes } from '../root-change';
import { statesLine } from '../states';
import { clientsLine, conclusion, estimateLine, OBSTACLE_LABELS, type PlanContext } from '../text';
import { podLines } from './pods';
import type { Preview, Timeline } from './timeline';
import type { Verdict } from './verdict';

export interface PlannedInput {
  readonly plan: Plan;
  /** The same plan with the time of each row. What was seen is absent for a plan that was made without a cluster. */
  readonly details: { readonly plan: RunPlan; readonly listeners?: readonly ShownListener[]; readonly states?: RunStates };
  readonly context: PlanContext;
}

const RESULTS: Readonly<Record<Obstacle['kind'], Verdict['result']>> = {
  wait: 'blocked',
  blocked: 'blocked',
  invalid: 'refused',
  failed: 'failed',
};

/** Returns the timeline of a plan. */
export function plannedTimeline({ plan, details, context }: PlannedInput): Timeline {
  const { listeners = [], states } = details;
  const pods = podLines([], { planned: [{ atMs: 0, plan: details.plan }], spanMs: 0, known: [] });
  return {
    kafka: formatRef(plan.subject),
    spanMs: 0,
    verdict: verdictOf(plan, context),
    preview: previewOf(plan, context),
    plan: details.plan,
    pods: pods.map((p) => ({ ...p, outcome: 'planned' })),
    listeners: listeners.map((before) => ({ pod: before.pod, listener: before.listener, before })),
    spare: [],
    ...(states === undefined ? {} : { states }),
    blockers: plan.obstacles.map(({ kind, subject, message, hint }) => ({
      subject: formatRef(subject),
      kind: 'blocker',
      causes: [`${OBSTACLE_LABELS[kind]} ${message}`],
      fromMs: 0,
      ...(hint === undefined ? {} : { fix: hint }),
    })),
    events: [],
    missing: [],
  };
}

function verdictOf(plan: Plan, context: PlanContext): Verdict {
  const [first] = plan.obstacles;
  const end = conclusion(plan, context).replace(/ {2,}/g, ' ');
  if (first === undefined) return { result: plan.steps.length === 0 ? 'unchanged' : 'planned', sentence: end };
  const count = plan.obstacles.length;
  return { result: RESULTS[first.kind], sentence: `${count} ${count === 1 ? 'blocker' : 'blockers'}. ${end}` };
}

function previewOf(plan: Plan, { difference }: PlanContext): Preview {
  const { rootChange, estimate, states, acknowledged, steps, notes } = plan;
  const clients = clientsLine(plan);
  const acknowledges = acknowledged !== undefined && steps.length > 0;
  return {
    remarks: [
      ...(clients === undefined ? [] : [clients]),
      ...(estimate === undefined ? [] : [estimateLine(estimate)]),
      ...(states === undefined ? [] : [statesLine(states)]),
      ...(rootChange === undefined ? [] : rootChangeNotes(rootChange)),
      ...notes.map(sentence),
      ...(acknowledges ? [`Acknowledged: ${acknowledged.map(formatAcknowledgement).join(', ')}`] : []),
    ],
    ...(rootChange === undefined
      ? {}
      : { phases: { caption: rootChangeLine(rootChange), headings: PHASE_HEADINGS, rows: phaseRows(rootChange) } }),
    ...(difference === undefined || difference === '' ? {} : { difference }),
  };
}
