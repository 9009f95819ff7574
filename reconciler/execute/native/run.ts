/** One `native` operation under way, and the books that are kept on its request. */
import type { ObjectRef } from '../../../constructs/model/kube-object';
import type { Plan } from '../../plan/nouns';
import type { Observation } from '../../plan/observation';
import { type ExecuteContext, modify, withCondition } from '../context';

export interface NativeRun {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  /** What was observed before anything was done. */
  readonly before: Observation;
  request?: ObjectRef;
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
  await modify(
    context.cluster,
    run.request,
    (request) => {
      const { generation = 1 } = request.metadata;
      const condition = { type, status: 'True' as const, observedGeneration: generation, ...said };
      const next = withCondition(request, condition, context.clock.now());
      return { ...next, status: { ...next.status, phase, observedGeneration: generation } };
    },
    { status: true },
  );
}

/** KubeDB words the conditions of single actions like this. */
export function action(words: string, pod?: string): { message: string } {
  return { message: `${words}; ConditionStatus:True${pod === undefined ? '' : `; PodName:${pod}`}` };
}
