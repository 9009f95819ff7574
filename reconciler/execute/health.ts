/** Waits for KubeDB's health check after every pod was verified. */
import { asKind } from '#model/kinds/index';
import { KINDS } from '#model/kube-object';
import type { StepOf } from '../model/plan';
import { healthProblem } from '../plan/health';
import { deadlineMs, type ExecuteContext, emit, lookUnlessChanged, type StepResult } from './context';
import { waitUntil, watchObject } from './wait';

/** The phase of a Kafka follows KubeDB's health check with a delay, so the Kafka gets as long as a pod to become Ready. */
export async function awaitHealth(context: ExecuteContext, { subject }: StepOf<'awaitHealth'>): Promise<StepResult> {
  const result = await waitUntil(context, {
    subject,
    watch: [watchObject(KINDS.Kafka, subject)],
    check: async () => {
      const kafka = await lookUnlessChanged(context, () => context.cluster.get(subject));
      if (kafka === undefined || kafka === 'replan') return { done: 'replan' as const };
      const problem = healthProblem(asKind('Kafka', kafka));
      return problem === undefined ? { done: 'done' as const } : { waitingFor: problem };
    },
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'TLS was changed, but KubeDB does not report the Kafka Ready',
    hint: 'Every listener is as desired. Look at its pods, and at whether the CA in the Secret of the client certificate has signed it.',
  });
  if (result === 'done') emit(context, 'ready', subject, 'KubeDB reports it Ready');
  return result;
}
