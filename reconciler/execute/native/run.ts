/** One `native` operation under way, and the books that are kept on its request. */
import { isEqual, type KubeObject, type ObjectRef } from '../../../constructs/model/kube-object';
import { BlockedError } from '../../errors';
import type { Plan } from '../../plan/nouns';
import type { Observation } from '../../plan/observation';
import { type ExecuteContext, modify, withCondition } from '../context';
import type { Entry } from './conditions';

export interface NativeRun {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  /** What was observed before anything was done. */
  readonly before: Observation;
  request?: ObjectRef;
  /** The request as we wrote it last: whoever writes another status is an ops-manager. */
  written?: KubeObject;
}

/** Adds conditions to our request, in one write, with the phase that goes with them. */
export async function record(run: NativeRun, entries: readonly Entry[], phase = 'Progressing'): Promise<void> {
  const { context, request, written } = run;
  if (request === undefined) return;
  const change = (object: KubeObject) => {
    if (written !== undefined && !isEqual(object.status, written.status)) throw claimedByAnother(request);
    const { generation = 1 } = object.metadata;
    const next = entries.reduce(
      (o, entry) => withCondition(o, { status: 'True', observedGeneration: generation, ...entry }, context.clock.now()),
      object,
    );
    return { ...next, status: { ...next.status, phase, observedGeneration: generation } };
  };
  run.written = await modify(context.cluster, request, change, { status: true, ...(written === undefined ? {} : { from: written }) });
}

/** Returns the error of a request that somebody else has written to: an ops-manager, which is given way to. */
export function claimedByAnother(subject: ObjectRef): BlockedError {
  return new BlockedError('an ops-manager works on it, and the native executor is for clusters without one.', {
    subject,
    hint: 'Use Executor.opsRequest(). The request is left to the ops-manager.',
  });
}
