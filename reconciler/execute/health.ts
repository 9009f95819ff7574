/** Waits for KubeDB's own verdict on the Kafka, when TLS was changed and every pod was verified. */
import { KINDS } from '#model/kube-object';
import type { AwaitHealthStep } from '../model/plan';
import { healthProblem } from '../plan/health';
import { deadlineMs, type ExecuteContext, emit, Replan } from './context';
import { ifDesiredStateUnchanged } from './gates';
import { waitUntil } from './wait';

/** Its health check takes a while, and the phase follows it: a Kafka that is not Ready gets as long as a pod. */
export async function awaitHealth(context: ExecuteContext, { subject }: AwaitHealthStep): Promise<void> {
  await waitUntil(context, {
    subject,
    watch: [{ kind: KINDS.Kafka, selection: { namespace: subject.namespace ?? '', name: subject.name } }],
    check: async () => {
      const kafka = await ifDesiredStateUnchanged(context, () => context.cluster.get(subject));
      if (kafka === undefined) throw new Replan();
      const problem = healthProblem(kafka);
      return problem === undefined ? { done: undefined } : { waitingFor: problem };
    },
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'TLS was changed, and KubeDB does not call the Kafka Ready',
    hint: 'Every listener serves what it should. Look at its pods, and at whether the CA in the Secret of the client certificate has signed it.',
  });
  emit(context, 'ready', subject, 'KubeDB calls it Ready');
}
