/** The file that `plan --out` writes and `apply --plan` reads. */

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Bundle } from '#model/bundle';
import { COUNT, list, map, NON_EMPTY, optional, record, type Schema, STRING } from '#model/schema';
import { bundleId } from '../bundle/files';
import { InvalidInputError } from '../errors';
import type { Plan } from '../model/plan';
import { additions, differences, SAVED_PLAN_FORMAT, type SavedPlans, savePlan } from '../plan/saved-plan';
import { printableJson } from '../report/printable';
import { readJsonFile } from './json-file';

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

/** Holds a run to the plan that was agreed to. */
export interface PlanGuard {
  /** Throws when the bundle is not the one that was planned for. */
  readonly requireBundle: (bundle: Bundle) => void;
  /** Throws when the cluster has moved since: the first plan of a run has to be the one that was saved. */
  readonly requireSame: (plan: Plan) => void;
  /** Throws when a later round of the run would do something else. */
  readonly requireSubset: (plan: Plan) => void;
}

/** Reads what was agreed to. */
export async function readPlanGuard(file: string, cwd: string): Promise<(bundle: Bundle) => PlanGuard> {
  const saved = await readJsonFile<SavedPlans>(file, cwd, CONTENT);
  return (bundle) => {
    const agreed = saved.plans[bundleId(bundle)];
    if (agreed === undefined) throw new InvalidInputError(`${file}: holds no plan for ${bundleId(bundle)}`, { hint: PLAN_AGAIN });
    const requireNone = (found: readonly string[], done: string) => {
      if (found.length > 0)
        throw new InvalidInputError(
          found.map((line) => `${file}: ${line}`),
          { hint: `The cluster has moved since the plan was made. ${done} ${PLAN_AGAIN}` },
        );
    };
    return {
      requireBundle: (now) => {
        if (now.digest === agreed.digest) return;
        const text = `${file}: was made for content ${agreed.digest} of ${bundleId(now)}, which is ${now.digest} now`;
        throw new InvalidInputError(text, { hint: PLAN_AGAIN });
      },
      // What is done already needs no agreement.
      requireSame: (plan) => (plan.steps.length === 0 ? undefined : requireNone(differences(agreed, plan), 'Nothing was done.')),
      requireSubset: (plan) => requireNone(additions(agreed.plan, plan), 'Nothing more was done.'),
    };
  };
}

const HINT = 'A saved plan is what "kafka-tls plan --out" writes.';
const PLAN_AGAIN = 'Make a plan anew with "kafka-tls plan --out", and have it agreed to.';

const STEP = map({ kind: NON_EMPTY, subject: map({ kind: NON_EMPTY, name: NON_EMPTY }), findings: list(map({ message: STRING })) });
const SAVED_PLANS = map({
  format: COUNT,
  plans: record(map({ digest: NON_EMPTY, plan: map({ steps: list(STEP), cutover: optional(map({ mode: NON_EMPTY })) }) })),
});

const CONTENT = {
  name: 'a saved plan',
  format: SAVED_PLAN_FORMAT,
  schema: SAVED_PLANS as Schema<unknown> as Schema<SavedPlans>,
  hint: HINT,
};
