/** One `native` operation under way, and the books that are kept on its request. */
import { isEqual, type KubeObject, type ObjectRef } from '../../../constructs/model/kube-object';
import { BlockedError } from '../../errors';
import type { Plan } from '../../plan/nouns';
import type { Observation } from '../../plan/observation';
import { type ExecuteContext, modify, withCondition } from '../context';

export interface NativeRun {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  /** What was observed before anything was done. */
  readonly before: Observation;
  request?: ObjectRef;
  /** The request's status as we wrote it last: whoever writes another one is an ops-manager. */
  written?: KubeObject['status'];
}

/** Adds a condition to our request, with the phase that goes with it. */
export async function record(
  run: NativeRun,
  type: string,
  said: { reason?: string; message: string },
  phase = 'Progressing',
): Promise<void> {
  const { context } = run;
  if (run.request === undefined) return;
  const { status } = await modify(
    context.cluster,
    run.request,
    (request) => {
      if (run.written !== undefined && !isEqual(request.status, run.written)) throw claimedByAnother(run.request);
      const { generation = 1 } = request.metadata;
      const condition = { type, status: 'True' as const, observedGeneration: generation, ...said };
      const next = withCondition(request, condition, context.clock.now());
      return { ...next, status: { ...next.status, phase, observedGeneration: generation } };
    },
    { status: true },
  );
  run.written = status;
}

/** Returns the error of a request that somebody else has written to: an ops-manager, which is given way to. */
export function claimedByAnother(subject: ObjectRef | undefined): BlockedError {
  return new BlockedError('an ops-manager works on it, and the native executor is for clusters without one.', {
    ...(subject === undefined ? {} : { subject }),
    hint: 'Use Executor.opsRequest(). The request is left to the ops-manager.',
  });
}

/** KubeDB words the conditions of single actions like this. */
export function action(words: string, pod?: string): { message: string } {
  return { message: `${words}; ConditionStatus:True${pod === undefined ? '' : `; PodName:${pod}`}` };
}

/** The conditions of a pod that was asked to go. */
export async function recordEvicted(run: NativeRun, pod: string): Promise<void> {
  await record(run, `GetPod--${pod}`, action('get pod', pod));
  await record(run, `EvictPod--${pod}`, action('evict pod', pod));
}

/** The condition of a pod whose successor is as it should be. */
export function recordRunning(run: NativeRun, pod: string): Promise<void> {
  return record(run, `CheckPodRunning--${pod}`, action('check pod running', pod));
}

export function recordRestarted(run: NativeRun): Promise<void> {
  return record(run, 'RestartNodes', { reason: 'RestartNodes', message: 'Successfully restarted all nodes' });
}
