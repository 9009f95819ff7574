/**
 * What KubeDB says of the Kafka as a whole: `status.phase`, from its own health check. TLS is not as desired while KubeDB's client cannot use
 * the Kafka, even if every listener serves what it should: KubeDB may trust another root than the one that signs.
 *
 *     Ready      all is well
 *     Critical   a broker or controller is missing: gates and the pods themselves say which
 *     NotReady   no client can use the Kafka
 *
 * A run that restarted pods waits until the Kafka is Ready again, and fails if it is not by then. A run with nothing to do waits for a
 * NotReady Kafka, and is blocked if it stays so: it may be NotReady for any other reason.
 */
import { conditionOf, hasTrueCondition, type KubeObject } from '#model/kube-object';
import { statusOf } from '../model/object-status';
import type { Draft, Obstacle, Step } from '../model/plan';
import type { PlanInput } from './plan-input';
import { kafkaRef } from './steps';

/** Returns why KubeDB does not call the Kafka Ready; undefined also where it does not say: while it is paused or halted, or not checked. */
export function healthProblem(kafka: KubeObject): string | undefined {
  if (kafka.spec?.halted === true || hasTrueCondition(kafka, 'Paused')) return undefined;
  const { state, reason } = statusOf(kafka);
  return state === 'InProgress' ? reason : undefined;
}

/** Returns the steps with a wait for KubeDB's verdict, when every pod is verified and the Kafka is resumed. */
export function withHealthCheck(steps: readonly Step[], input: PlanInput): readonly Step[] {
  if (!steps.some((s) => s.kind === 'evict' || s.kind === 'submitOpsRequest')) return steps;
  const end = steps.findLastIndex((s) => s.kind === 'verify' || s.kind === 'resume') + 1;
  return [...steps.slice(0, end), { kind: 'awaitHealth', subject: kafkaRef(input.live), findings: [] }, ...steps.slice(end)];
}

/** Returns the obstacle of a Kafka that has TLS as desired, and that no client can use. */
export function kafkaIsNotReady({ bundle, live }: PlanInput, { steps }: Draft): Obstacle | undefined {
  const { kafka } = live;
  if (steps.length > 0 || bundle.tls === 'off' || kafka?.status?.phase !== 'NotReady') return undefined;
  const problem = healthProblem(kafka);
  if (problem === undefined) return undefined;
  return {
    kind: 'wait',
    until: 'podReady',
    subject: kafkaRef(live),
    message: `every listener serves what it should, and yet KubeDB cannot use it: ${problem}`,
    hint: 'Look at its pods, and at whether the CA in the Secret of the client certificate has signed what brokers serve.',
  };
}

/** Returns what KubeDB says of a Kafka that is not Ready before anything is done. */
export function healthNotes({ live }: PlanInput): readonly string[] {
  const phase: unknown = live.kafka?.status?.phase;
  if (live.kafka === undefined || (phase !== 'NotReady' && phase !== 'Critical')) return [];
  const accepting = conditionOf(live.kafka, 'AcceptingConnection');
  const cause = [conditionOf(live.kafka, 'ReplicaReady'), accepting, conditionOf(live.kafka, 'Ready')].find((c) => c?.status === 'False');
  return [`KubeDB calls the Kafka ${phase}${cause?.message === undefined ? '' : `: ${cause.message}`}`];
}
