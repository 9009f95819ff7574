/** The progress of a `native` operation, as recorded on its KafkaOpsRequest. */

import { isEqual, type KubeObject, type ObjectRef } from '#model/kube-object';
import { mapIn } from '#model/plain-data';
import { BlockedError } from '#reconciler/errors';
import { modify, withCondition } from '../../execute/context';
import type { Run } from '../../execute/run';
import type { Entry } from './conditions';

export interface NativeRun extends Run {
  request?: ObjectRef | undefined;
  /** The request as we wrote it last. Another writer of its status is an ops-manager. */
  lastWritten?: KubeObject;
}

/** Adds conditions to our request, in one write, with the phase that goes with them. */
export async function record(run: NativeRun, entries: readonly Entry[], phase = 'Progressing'): Promise<void> {
  const now = run.context.clock.now();
  const change = (request: KubeObject) => {
    const { generation: observedGeneration = 1 } = request.metadata;
    const next = entries.reduce((r, entry) => withCondition(r, { status: 'True', observedGeneration, ...entry }, now), request);
    return { ...next, status: { ...mapIn(next.status), phase, observedGeneration } };
  };
  await modifyRequest(run, change, { status: true });
}

/** Changes our request, if there is one, and returns the result. Throws when another writer has changed its status. */
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

/** Returns the error for a request that another writer has changed. The request is left to that ops-manager. */
export function claimedByAnother(subject: ObjectRef): BlockedError {
  return new BlockedError('an ops-manager carries it out, but the native executor is for clusters without an ops-manager.', {
    subject,
    hint: 'Use Executor.opsRequest(). The request is left to the ops-manager.',
  });
}
