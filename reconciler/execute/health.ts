/** Waits for KubeDB's own verdict on the Kafka, when TLS was changed and every pod was verified. */
import { KINDS } from '../../constructs/model/kube-object';
import { healthProblem } from '../plan/health';
import type { AwaitHealthStep } from '../plan/nouns';
import { deadlineMs, type ExecuteContext, PlanAnew, say } from './context';
import { ifCurrent } from './gates';
import { waitUntil } from './wait';

/** Its health check takes a while, and the phase follows it: a Kafka that is not Ready gets as long as a pod. */
export async function awaitHealth(context: ExecuteContext, { subject }: AwaitHealthStep): Promise<void> {
  await waitUntil(context, {
    subject,
    watch: [{ kind: KINDS.Kafka, selection: { namespace: subject.namespace ?? '', name: subject.name } }],
    check: async () => {
      const kafka = await ifCurrent(context, () => context.cluster.get(subject));
      if (kafka === undefined) throw new PlanAnew();
      const problem = healthProblem(kafka);
      return problem === undefined ? { done: undefined } : { waitingFor: problem };
    },
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'TLS was changed, and KubeDB does not call the Kafka Ready',
    hint: 'Every listener serves what it should. Look at its pods, and at whether the CA in the Secret of the client certificate has signed it.',
  });
  say(context, 'ready', subject, 'KubeDB calls it Ready');
}
