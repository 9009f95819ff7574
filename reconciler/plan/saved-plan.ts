/**
 * A plan that was saved to be agreed to: `plan --out` writes it, `apply --plan` carries out what is in it and nothing else.
 *
 * The plan is made anew when it is applied. Where it has changed, the cluster has moved, and what was agreed to is no longer what would
 * happen. Not compared is what the plan only expects: the order of restarts, which fresh facts decide, and all that alters nothing.
 */
import type { Bundle } from '#model/bundle';
import { contentHash } from '#model/content-hash';
import { describeStep, formatSubject, type Plan, type Step } from '../model/plan';

/** Version of the file. */
export const SAVED_PLAN_FORMAT = 1;

export interface SavedPlan {
  /** Content of the bundle that it was made for. */
  readonly digest: string;
  readonly plan: Plan;
}

/** What `plan --out` writes: one plan a Kafka, by `namespace/name`. */
export interface SavedPlans {
  readonly format: number;
  readonly plans: Readonly<Record<string, SavedPlan>>;
}

export function savePlan({ digest }: Bundle, plan: Plan): SavedPlan {
  return { digest, plan };
}

/** Returns how a plan departs from the one that was agreed to; nothing where it would do just that. */
export function differences({ plan: agreed }: SavedPlan, next: Plan): readonly string[] {
  const added = additions(agreed, next);
  const dropped = writesOf(agreed).filter((a) => !writesOf(next).some((n) => n.key === a.key));
  return [...added, ...dropped.map(({ step }) => `${describe(step)}: was agreed to, and there is no need for it any more`)];
}

/** Returns what a plan would write that was not agreed to: later rounds of a run have less left to do, and never more. */
export function additions(agreed: Plan, next: Plan): readonly string[] {
  const known = new Set(writesOf(agreed).map(({ key }) => key));
  const added = writesOf(next).filter(({ key }) => !known.has(key));
  const cutover =
    next.cutover === undefined || next.cutover.mode === agreed.cutover?.mode ? [] : [`cut-over (${next.cutover.mode}): was not agreed to`];
  return [...cutover, ...added.map(({ step }) => `${describe(step)}: was not agreed to`)];
}

interface Write {
  readonly step: Step;
  /** The same for two steps that do the same. */
  readonly key: string;
}

function writesOf({ steps }: Plan): readonly Write[] {
  return steps.flatMap((step) => {
    const content = contentOf(step);
    if (content === undefined) return [];
    // Requests of one operation are named by what is there when they are made.
    const subject = step.kind === 'submitOpsRequest' ? '' : formatSubject(step);
    return [{ step, key: `${step.kind} ${subject} ${contentHash(content)}` }];
  });
}

/** What a step writes besides its subject; undefined for steps that look, wait, or take back what the run itself has done. */
function contentOf(step: Step): unknown {
  switch (step.kind) {
    case 'apply':
    case 'create':
    case 'issue':
      return step.manifest;
    case 'submitOpsRequest':
      return step.operation;
    case 'claimOwnership':
      return step.owner;
    case 'record':
      return step.record;
    case 'delete':
      return step.uid;
    case 'configure':
    case 'createPassword':
    case 'evict':
    case 'publishTrustBundle':
    case 'reconfigure':
    case 'supersede':
      return '';
    default:
      return undefined;
  }
}

function describe(step: Step): string {
  return `${describeStep(step).change} ${formatSubject(step)}`;
}
