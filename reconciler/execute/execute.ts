/**
 * Carries out a plan, step by step. It does nothing that is not in the plan. It may refuse, wait, or end early; then everything is observed
 * and planned again.
 *
 * `common` lists the steps that are the same for every executor; the executor carries out the others (`executors/`). Every step may run again
 * at any point, because a run can be killed anywhere. However the plan ends, our pause of the Kafka is lifted.
 */

import { InternalError } from '../errors';
import { EXECUTORS } from '../executors';
import type { Observation } from '../model/observation';
import { matchStep, type Plan, type Step, type StepCases } from '../model/plan';
import type { Report } from '../ports';
import type { ExecuteContext, Run, StepResult } from './context';
import { retryIssuance } from './issuance';
import { resume } from './pause';
import { probe } from './probe';
import { reload } from './reload';
import { reissue, withdrawRoot } from './root-change';
import { reportingSpare } from './spare';
import { StepNumbers } from './step-numbers';
import {
  applyObject,
  awaitHealth,
  awaitReady,
  claimOwnership,
  configureKafka,
  createKafka,
  deleteObject,
  recordChange,
  supersede,
} from './steps';
import { publishTrustBundle } from './trust-bundle';
import { verify } from './verify';
import { widenTrust } from './widen-trust';

const common = (run: Run, context = run.context) =>
  ({
    probe: (s) => probe(context, s),
    apply: (s) => applyObject(context, s),
    publishTrustBundle: (s) => publishTrustBundle(context, s),
    create: (s) => createKafka(context, s),
    retryIssuance: (s) => retryIssuance(context, s),
    reissue: (s) => reissue(context, s),
    withdrawRoot: (s) => withdrawRoot(context, s),
    widenTrust: (s) => widenTrust(context, s),
    awaitReady: (s) => awaitReady(context, s),
    awaitHealth: (s) => awaitHealth(context, s),
    claimOwnership: (s) => claimOwnership(context, s),
    record: (s) => recordChange(context, s),
    configure: (s) => configureKafka(context, s),
    verify: (s) => verify(context, s),
    reload: (s) => reload(run, s),
    supersede: (s) => supersede(context, s),
    resume: (s) => resume(context, s.subject),
    delete: (s) => deleteObject(context, s),
  }) satisfies Partial<StepCases<Promise<StepResult>>>;

/** Carries a plan out. `replan`: the cluster or the desired state has changed, and the rest must be planned again. */
export async function execute(plan: Plan, before: Observation, given: ExecuteContext): Promise<StepResult> {
  const context = reportingSpare(given);
  const numbers = new StepNumbers(plan.steps);
  const report: Report = (event) => context.report({ ...event, step: numbers.of(event) });
  const run: Run = { context: { ...context, report }, plan, before };
  const executor = EXECUTORS[plan.executor](run);
  const cases: StepCases<Promise<StepResult>> = { ...UNPLANNED, ...common(run), ...executor.steps };
  try {
    const result = await walk(run, numbers, cases);
    // A plan that begins with a probe ends there and has changed nothing.
    if (result === 'replan' && plan.steps[0]?.kind !== 'probe') await executor.leave(undefined);
    return result;
  } catch (error) {
    await executor.leave(error);
    throw error;
  }
}

async function walk({ plan: { steps }, context }: Run, numbers: StepNumbers, cases: StepCases<Promise<StepResult>>): Promise<StepResult> {
  for (const [i, step] of steps.entries()) {
    context.signal.throwIfAborted();
    // Every operation is decided on what the one before has left, and on the desired state of then.
    if (step.kind === 'submitOpsRequest' && steps.slice(0, i).some((s) => s.kind === 'submitOpsRequest')) return 'replan';
    numbers.begin(i);
    if ((await matchStep(step, cases)) === 'replan') return 'replan';
  }
  return 'done';
}

/** Steps that some executors do not plan. */
const UNPLANNED = {
  submitOpsRequest: refuse,
  pause: refuse,
  createPassword: refuse,
  issue: refuse,
  reconfigure: refuse,
  provisionerSync: refuse,
  evict: refuse,
};

async function refuse({ kind }: Step): Promise<StepResult> {
  throw new InternalError(`the executor does not carry out steps of kind ${kind}`);
}
