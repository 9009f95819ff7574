/**
 * Carries an operation out without KubeDB's ops-manager: pause, issue, reconfigure, restart, resume, with the conditions that KubeDB
 * writes, in its order, so that `kubectl get kafkaopsrequests` reads as usual.
 *
 * It touches only requests that it created. A new request is left alone for a while first: if anything appears on it, or on the Kafka,
 * that we did not write, an ops-manager is there, and this executor gives up. KubeDB's provisioner is closed source; therefore it is let
 * at what was written once (`provisionerPass`), and no pod restarts unless it leaves that as it is.
 */
import { OperationFailedError } from '#reconciler/errors';
import type {
  CreatePasswordStep,
  EvictStep,
  IssueStep,
  PauseStep,
  ProvisionerSyncStep,
  ReconfigureStep,
  ResumeStep,
  Step,
  SubmitOpsRequestStep,
  SupersedeStep,
} from '#reconciler/model/plan';
import { emit } from '../context';
import { restartPods } from '../restart';
import { assertTrustBundleCurrent } from '../trust-bundle';
import { evicted, failed, RESTARTED, running } from './conditions';
import { createPassword, issue } from './issue';
import { pause, resume, whoResumes } from './pause';
import { provisionerSync, reconfigure } from './reconfigure';
import { finish, submit, supersede } from './request';
import { type NativeRun, record } from './run';

/** Steps of one kind in a row are one piece of work: certificates are waited for together, and which pod is next is decided on fresh facts. */
export async function runNativeGroup(run: NativeRun, steps: readonly (EvictStep | IssueStep | ReconfigureStep)[]): Promise<void> {
  const [first] = steps;
  if (first?.kind === 'issue')
    return issue(
      run,
      steps.filter((s) => s.kind === 'issue'),
    );
  if (first?.kind === 'reconfigure')
    return reconfigure(
      run,
      steps.filter((s) => s.kind === 'reconfigure'),
    );
  if (first?.kind === 'evict')
    return restartNative(
      run,
      steps.filter((s) => s.kind === 'evict'),
    );
}

export type NativeStep = SubmitOpsRequestStep | SupersedeStep | PauseStep | CreatePasswordStep | ProvisionerSyncStep | ResumeStep;

/** Carries a single step out. */
export async function runNative(run: NativeRun, step: NativeStep): Promise<void> {
  switch (step.kind) {
    case 'submitOpsRequest':
      return submit(run, step);
    case 'supersede':
      return supersede(run, step.subject);
    case 'pause':
      return pause(run, step.subject);
    case 'createPassword':
      return createPassword(run, step);
    case 'provisionerSync':
      return provisionerSync(run, step);
    case 'resume':
      return finish(run, step);
  }
}

/** Restarts the pods of the plan and keeps the request's conditions. */
async function restartNative(run: NativeRun, steps: readonly EvictStep[]): Promise<void> {
  await assertTrustBundleCurrent(run.context);
  await restartPods({
    context: run.context,
    plan: run.plan,
    steps,
    hooks: { onEvict: (pod) => record(run, evicted(pod)), onRunning: (pod) => record(run, running(pod)) },
  });
  await record(run, RESTARTED);
}

/**
 * Leaves no Kafka paused and no request in doubt, however the run ended. The error that ended it is the one to be thrown: what cannot be
 * written any more is only told, and left to the next run.
 */
export async function cleanUpAfterFailure(run: NativeRun, error: unknown, steps: readonly Step[]): Promise<void> {
  const { context, plan } = run;
  if (!steps.some((s) => s.kind === 'pause' || s.kind === 'provisionerSync')) return;
  const warn = (text: string) => emit(context, 'warning', plan.subject, text);
  const whyOf = (second: unknown) => (second instanceof Error ? second.message : String(second));
  try {
    await resume(context, plan.subject);
  } catch (second) {
    return warn(`may still be paused: ${whyOf(second)}; ${whoResumes(plan.subject)}`);
  }
  // Blocked or interrupted work is continued by the next run; only a failure ends the request.
  if (!(error instanceof OperationFailedError) || context.signal.aborted) return;
  const failing = record(run, [failed(error.message)], 'Failed');
  await failing.catch((second: unknown) => warn(`its request does not say that it failed: ${whyOf(second)}`));
}
