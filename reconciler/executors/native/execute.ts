/**
 * Carries an operation out without KubeDB's ops-manager: pause, issue, reconfigure, restart, resume. It writes the conditions that KubeDB
 * writes, in the same order, so that `kubectl get kafkaopsrequests` shows the usual progress.
 *
 * It changes only requests that it created. A new request is left unchanged for a while first: if another writer changes the request or
 * pauses the Kafka, an ops-manager is running, and this executor stops. KubeDB's provisioner is closed source, so it reconciles once after the
 * configuration was written (`provisionerSync`), and no pod restarts unless it keeps what was written.
 */
import { OperationFailedError } from '../../errors';
import { type Execution, emit, type Run, type StepResult } from '../../execute/context';
import { issueWithoutRequest } from '../../execute/issue';
import { howToResume, pause, resume } from '../../execute/pause';
import { restartPods } from '../../execute/restart';
import { requireTrustBundle } from '../../execute/trust-bundle';
import type { StepOf } from '../../model/plan';
import { createPassword, issue } from './issue';
import { provisionerSync, reconfigure } from './reconfigure';
import { evicted, failed, finish, type NativeRun, RESTARTED, record, running, submit } from './request';

export function native(given: Run): Execution {
  const run: NativeRun = { ...given };
  return {
    steps: {
      submitOpsRequest: (s) => submit(run, s),
      pause: (s) => pause(run.context, s.subject, run.request),
      createPassword: (s) => createPassword(run.context, s),
      // A rotation in which nodes load their certificate while they run has no request, or has it later.
      issue: (s) => (run.request === undefined ? issueWithoutRequest(run, s) : issue(run, s)),
      reconfigure: (s) => reconfigure(run, s),
      provisionerSync: (s) => provisionerSync(run, s),
      evict: (s) => restart(run, s),
      resume: (s) => finish(run, s),
    },
    leave: (error) => leave(run, error),
  };
}

/** Restarts the pods of the step and records the restarts on the request. */
async function restart(run: NativeRun, { pods }: StepOf<'evict'>): Promise<StepResult> {
  const { context, plan } = run;
  if ((await requireTrustBundle(context)) === 'replan') return 'replan';
  const result = await restartPods({
    context,
    plan,
    pods,
    onEvict: (pod) => record(run, evicted(pod)),
    onRunning: (pod) => record(run, running(pod)),
  });
  if (result === 'done') await record(run, RESTARTED);
  return result;
}

/**
 * Leaves no Kafka paused and no failed request unfinished, however the run ended. A write that fails here is only reported, and the next run
 * repeats it.
 */
async function leave(run: NativeRun, error: unknown): Promise<void> {
  const { context, plan } = run;
  if (!plan.steps.some((s) => s.kind === 'pause')) return;
  const warn = (text: string) => emit(context, 'warning', plan.subject, text);
  const messageOf = (second: unknown) => (second instanceof Error ? second.message : String(second));
  try {
    await resume(context, plan.subject);
  } catch (second) {
    return warn(`may still be paused: ${messageOf(second)}; ${howToResume(plan.subject)}`);
  }
  // The next run continues a request that is blocked or interrupted. Only a failure ends it.
  if (!(error instanceof OperationFailedError) || context.signal.aborted) return;
  const failing = record(run, [failed(error.message)], 'Failed');
  await failing.catch((second: unknown) => warn(`its request could not be marked Failed: ${messageOf(second)}`));
}
