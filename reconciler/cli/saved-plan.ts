/** The file that `plan --out` writes and `apply --plan` reads. */

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Bundle } from '#model/bundle';
import { COUNT, list, map, NON_EMPTY, optional, record, type Schema, STRING } from '#model/schema';
import { bundleId } from '../bundle/files';
import { InvalidInputError } from '../errors';
import { type Content, readJsonFile } from '../input/files';
import type { Plan } from '../model/plan';
import { additions, differences, SAVED_PLAN_FORMAT, type SavedPlans, savePlan } from '../plan/saved-plan';
import { printableJson } from '../report/printable';

/** Writes plans to a file. */
export async function writePlans(
  file: string,
  planned: readonly { readonly bundle: Bundle; readonly plan: Plan }[],
  cwd: string,
): Promise<void> {
  const plans = Object.fromEntries(planned.map(({ bundle, plan }) => [bundleId(bundle), savePlan(bundle, plan)]));
  const saved: SavedPlans = { format: SAVED_PLAN_FORMAT, plans };
  await writeFile(path.resolve(cwd, file), `${printableJson(saved, 2)}\n`).catch((error: unknown) => {
    throw new InvalidInputError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
}

/** Keeps a run within an approved plan. */
export interface PlanGuard {
  /** Throws if the plan was made for another content of the bundle. */
  readonly requireBundle: (bundle: Bundle) => void;
  /** Throws if the cluster has changed since: the first plan of a run must be the saved one. */
  readonly requireSame: (plan: Plan) => void;
  /** Throws if a later round of the run would do more than the saved plan. */
  readonly requireSubset: (plan: Plan) => void;
}

/** Reads a file of plans. */
export function readSavedPlans(file: string, cwd: string): Promise<SavedPlans> {
  return readJsonFile(file, cwd, SAVED_PLANS);
}

/** Reads an approved plan. */
export async function readPlanGuard(file: string, cwd: string): Promise<(bundle: Bundle) => PlanGuard> {
  const saved = await readSavedPlans(file, cwd);
  return (bundle) => {
    const approved = saved.plans[bundleId(bundle)];
    if (approved === undefined) throw new InvalidInputError(`${file}: holds no plan for ${bundleId(bundle)}`, { hint: PLAN_AGAIN });
    const requireNone = (found: readonly string[], done: string) => {
      if (found.length > 0)
        throw new InvalidInputError(
          found.map((line) => `${file}: ${line}`),
          { hint: `The cluster has changed since the plan was made. ${done} ${PLAN_AGAIN}` },
        );
    };
    return {
      requireBundle: (now) => {
        if (now.digest === approved.digest) return;
        const text = `${file}: was made for content ${approved.digest} of ${bundleId(now)}, which is ${now.digest} now`;
        throw new InvalidInputError(text, { hint: PLAN_AGAIN });
      },
      // A run without steps needs no approval.
      requireSame: (plan) => (plan.steps.length === 0 ? undefined : requireNone(differences(approved, plan), 'Nothing was done.')),
      requireSubset: (plan) => requireNone(additions(approved.plan, plan), 'Nothing more was done.'),
    };
  };
}

const PLAN_AGAIN = 'Make a new plan with "kafka-tls plan --out" and have it approved.';

const STEP = map({ kind: NON_EMPTY, subject: map({ kind: NON_EMPTY, name: NON_EMPTY }), findings: list(map({ message: STRING })) });
const SCHEMA = map({
  format: COUNT,
  plans: record(map({ digest: NON_EMPTY, plan: map({ steps: list(STEP), cutover: optional(map({ mode: NON_EMPTY })) }) })),
});
const SAVED_PLANS: Content<SavedPlans> = {
  name: 'a saved plan',
  format: SAVED_PLAN_FORMAT,
  schema: SCHEMA as Schema<unknown> as Schema<SavedPlans>,
  hint: 'A saved plan is what "kafka-tls plan --out" writes.',
};
