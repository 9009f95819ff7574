/** One `native` operation under way, and the books that are kept on its request. */
import { isEqual, type KubeObject, type ObjectRef } from '#model/kube-object';
import { BlockedError } from '#reconciler/errors';
import type { Observation } from '#reconciler/model/observation';
import type { Plan } from '#reconciler/model/plan';
import { type ExecuteContext, modify, withCondition } from '../context';
import type { Entry } from './conditions';

export interface NativeRun {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  /** What was observed before anything was done. */
  readonly before: Observation;
  request?: ObjectRef | undefined;
  /** The request as we wrote it last: whoever writes another status is an ops-manager. */
  lastWritten?: KubeObject;
}

/** Adds conditions to our request, in one write, with the phase that goes with them. */
export async function record(run: NativeRun, entries: readonly Entry[], phase = 'Progressing'): Promise<void> {
  const now = run.context.clock.now();
  const change = (request: KubeObject) => {
    const { generation: observedGeneration = 1 } = request.metadata;
    const next = entries.reduce((r, entry) => withCondition(r, { status: 'True', observedGeneration, ...entry }, now), request);
    return { ...next, status: { ...next.status, phase, observedGeneration } };
  };
  await modifyRequest(run, change, { status: true });
}

/** Changes our request, and returns it as it is afterwards; nothing without one. Throws when somebody else has written its status. */
export async function modifyRequest(
  run: NativeRun,
  change: (request: KubeObject) => KubeObject,
  options: { readonly status?: boolean } = {},
): Promise<KubeObject | undefined> {
  const { context, request, lastWritten } = run;
  if (request === undefined) return undefined;
  const unclaimed = (object: KubeObject) => {
    if (lastWritten !== undefined && !isEqual(object.status, lastWritten.status)) throw claimedByAnother(request);
    return change(object);
  };
  run.lastWritten = await modify(context.cluster, request, unclaimed, { ...options, from: lastWritten });
  return run.lastWritten;
}

/** Returns the error of a request that somebody else has written to: an ops-manager, which is given way to. */
export function claimedByAnother(subject: ObjectRef): BlockedError {
  return new BlockedError('an ops-manager works on it, and the native executor is for clusters without one.', {
    subject,
    hint: 'Use Executor.opsRequest(). The request is left to the ops-manager.',
  });
}
