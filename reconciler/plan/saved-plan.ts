/**
 * A saved plan: `plan --out` writes it for review, `apply --plan` carries out what is in it and nothing else.
 *
 * `apply` plans again and compares. A difference means that the cluster has changed since the review. Only writes are compared, not what the
 * plan expects: the order of restarts depends on fresh facts.
 */
import type { Bundle } from '#model/bundle';
import { contentHash } from '#model/content-hash';
import { formatRef, type ObjectRef } from '#model/kube-object';
import { matchStep, type Plan, partsOf, type Step, type StepCases, type StepPart } from '../model/plan';
import { stepRows } from '../model/step-rows';

/** Version of the file. */
export const SAVED_PLAN_FORMAT = 1;

export interface SavedPlan {
  /** Content hash of the bundle that was planned for. */
  readonly digest: string;
  readonly plan: Plan;
}

/** What `plan --out` writes: one plan for each Kafka, by `namespace/name`. */
export interface SavedPlans {
  readonly format: number;
  readonly plans: Readonly<Record<string, SavedPlan>>;
}

export function savePlan({ digest }: Bundle, plan: Plan): SavedPlan {
  return { digest, plan };
}

/** Returns the differences between a saved plan and the plan of now. */
export function differences({ plan: agreed }: SavedPlan, next: Plan): readonly string[] {
  const left = new Set(writesOf(next).map(({ key }) => key));
  const dropped = writesOf(agreed).filter(({ key }) => !left.has(key));
  return [...additions(agreed, next), ...dropped.map(({ text }) => `${text}: is in the saved plan, and no longer needed`)];
}

/** Returns the writes of a plan that are not in the saved plan. Later rounds of a run have fewer writes left, and never others. */
export function additions(agreed: Plan, next: Plan): readonly string[] {
  const known = new Set(writesOf(agreed).map(({ key }) => key));
  const added = writesOf(next).filter(({ key }) => !known.has(key));
  const isOtherCutover = next.cutover !== undefined && next.cutover.mode !== agreed.cutover?.mode;
  const cutover = isOtherCutover ? [`cut-over (${next.cutover?.mode}): is not in the saved plan`] : [];
  return [...cutover, ...added.map(({ text }) => `${text}: is not in the saved plan`)];
}

/** What a step writes: the object, and the content that must not differ. */
interface Written {
  readonly subject: ObjectRef | undefined;
  readonly content: unknown;
}

const NOTHING: readonly Written[] = [];
const only = (content: unknown) => (part: StepPart) => ({ subject: part.subject, content });
const each = (step: Step) => partsOf(step).map(only(''));

/** Every kind of step, so that a new kind cannot be forgotten. Steps that observe, wait, or revert what the run itself did write nothing. */
const WRITTEN: StepCases<readonly Written[]> = {
  probe: () => NOTHING,
  apply: (s) => [only(s.manifest)(s)],
  publishTrustBundle: each,
  create: (s) => [only(s.manifest)(s)],
  retryIssuance: () => NOTHING,
  reissue: each,
  withdrawRoot: each,
  widenTrust: (s) => [only(s.roots.map((r) => r.fingerprint))(s)],
  awaitReady: () => NOTHING,
  awaitHealth: () => NOTHING,
  claimOwnership: (s) => [only(s.owner)(s)],
  record: (s) => [only(s.record)(s)],
  configure: each,
  // The name of a request depends on the live state. Which pods KubeDB restarts follows from the operation.
  submitOpsRequest: (s) => [{ subject: undefined, content: s.operation }, ...s.pods.map(only(''))],
  supersede: each,
  pause: () => NOTHING,
  createPassword: each,
  issue: (s) => s.certificates.map((c) => only(c.manifest)(c)),
  reconfigure: each,
  provisionerSync: () => NOTHING,
  evict: each,
  reload: each,
  verify: () => NOTHING,
  resume: () => NOTHING,
  delete: (s) => [only(s.uid)(s)],
};

interface Write {
  /** Equal for two steps that write the same. */
  readonly key: string;
  readonly text: string;
}

function writesOf({ steps }: Plan): readonly Write[] {
  return steps.flatMap((step) => {
    const rows = stepRows(step);
    return matchStep(step, WRITTEN).map(({ subject, content }, i) => {
      const row = rows[i];
      const kind = step.kind === 'submitOpsRequest' && i > 0 ? 'evict' : step.kind;
      return {
        key: `${kind} ${subject === undefined ? '' : formatRef(subject)} ${contentHash(content)}`,
        text: row === undefined ? step.kind : `${row.change} ${formatRef(row.subject)}`,
      };
    });
  });
}
