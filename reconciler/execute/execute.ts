/**
 * Walks a plan, step by step. It does nothing that is not in the plan; it may refuse, wait, or end early, and then everything is observed
 * and planned anew.
 *
 *     apply, create, own, record, configure, awaitReady, verify, delete     the same for both executors   (`steps.ts`)
 *     awaitHealth                                                   the same                      (`health.ts`)
 *     retryIssuance                                                 the same                      (`issuance.ts`)
 *     exportTrust                                                   the same                      (`client-trust.ts`)
 *     submit, pause, issue, reconfigure, pass, evict, resume        ours under `native`           (`native/`, `restart.ts`)
 *     submit, evict                                                 KubeDB's under `ops-request`  (`ops-request.ts`)
 *
 * Every step may be run again at any point, for a run can be killed anywhere. On every way out, our pause of the Kafka is lifted.
 */
import { assertNever } from '../errors';
import type { Observation } from '../model/observation';
import type { EvictStep, IssueStep, Plan, ReconfigureStep, Step } from '../model/plan';
import type { Report } from '../ports';
import { type ExecuteContext, Replan } from './context';
import { awaitHealth } from './health';
import { retryIssuance } from './issuance';
import { cleanUpAfterFailure, runNative, runNativeGroup } from './native/native';
import type { NativeRun } from './native/run';
import { submitAndFollow } from './ops-request';
import { probe } from './probe';
import { StepNumbers } from './step-numbers';
import { applyObject, awaitReady, claimOwnership, configureKafka, createKafka, deleteObject, recordChange, verify } from './steps';
import { publishTrustBundle } from './trust-bundle';

/** `done`: every step was carried out. `replan`: the world has changed, what is left has to be planned anew. */
export type Executed = 'done' | 'replan';

/** Carries a plan out. `before` is the observation that it was made from. */
export async function execute(plan: Plan, before: Observation, context: ExecuteContext): Promise<Executed> {
  const numbers = new StepNumbers(plan.steps);
  const report: Report = (event) => context.report({ ...event, step: numbers.of(event) });
  const run: NativeRun = { context: { ...context, report }, plan, before };
  try {
    return await walk(run, numbers);
  } catch (error) {
    await cleanUpAfterFailure(run, error, plan.steps);
    if (error instanceof Replan) return 'replan';
    throw error;
  }
}

async function walk(run: NativeRun, numbers: StepNumbers): Promise<Executed> {
  const { steps } = run.plan;
  for (let i = 0; i < steps.length; i++) {
    run.context.signal.throwIfAborted();
    const step = steps[i] as Step;
    numbers.begin(i);
    if (step.kind === 'evict' || step.kind === 'issue' || step.kind === 'reconfigure') {
      const group = sameKind(steps, i);
      i += group.length - 1;
      // The ops-manager's restarts are followed where its request was submitted.
      if (step.kind !== 'evict' || step.by === 'kafka-tls') await runNativeGroup(run, group);
      continue;
    }
    // Every operation is decided anew, on what the one before it has left and on what is desired by then.
    if (step.kind === 'submitOpsRequest' && steps.slice(0, i).some((s) => s.kind === 'submitOpsRequest')) return 'replan';
    if ((await carryOut(run, step)) === 'Skipped' || step.kind === 'probe') return 'replan';
  }
  return 'done';
}

type GroupedStep = EvictStep | IssueStep | ReconfigureStep;

function sameKind(steps: readonly Step[], from: number): readonly GroupedStep[] {
  const end = steps.findIndex((s, i) => i > from && s.kind !== steps[from]?.kind);
  return steps.slice(from, end === -1 ? undefined : end) as readonly GroupedStep[];
}

async function carryOut(run: NativeRun, step: Exclude<Step, GroupedStep>): Promise<unknown> {
  const { context, plan } = run;
  switch (step.kind) {
    case 'apply':
      return applyObject(context, step);
    case 'probe':
      return probe(context, step);
    case 'publishTrustBundle':
      return publishTrustBundle(context, step);
    case 'create':
      return createKafka(context, step);
    case 'claimOwnership':
      return claimOwnership(context, step);
    case 'record':
      return recordChange(context, step);
    case 'configure':
      return configureKafka(context, step);
    case 'retryIssuance':
      return retryIssuance(context, step);
    case 'awaitReady':
      return awaitReady(context, step);
    case 'awaitHealth':
      return awaitHealth(context, step);
    case 'verify':
      return verify(context, step);
    case 'delete':
      return deleteObject(context, step);
    case 'submitOpsRequest':
      return plan.executor === 'native' ? runNative(run, step) : submitAndFollow(context, plan, step);
    case 'supersede':
    case 'pause':
    case 'createPassword':
    case 'provisionerSync':
    case 'resume':
      return runNative(run, step);
    default:
      return assertNever(step);
  }
}
