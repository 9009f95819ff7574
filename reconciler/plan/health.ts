/**
 * The health of the Kafka as KubeDB reports it: `status.phase`, from KubeDB's own health check. TLS is not as desired while KubeDB's client
 * cannot use the Kafka, even if every listener is right: KubeDB may trust another root than the one that signs.
 *
 *     Ready      no problem
 *     Critical   a broker or controller is missing: gates and pods report which
 *     NotReady   no client can use the Kafka
 *
 * A run that restarted pods waits until the Kafka is Ready, and fails if it does not become Ready. A run with nothing to do waits for a
 * NotReady Kafka, and is blocked if it stays NotReady, since TLS may not be the cause.
 */
import type { Kafka } from '#model/kinds/index';
import { conditionOf, hasTrueCondition } from '#model/kube-object';
import { statusOf } from '../model/object-status';
import { type Draft, mayRestartPods, type Obstacle, type Step } from '../model/plan';
import { kafkaRef, type PlanInput } from './plan-input';

/** Returns why KubeDB does not report the Kafka Ready; undefined also while KubeDB does not check it: paused, halted, or new. */
export function healthProblem(kafka: Kafka): string | undefined {
  if (kafka.spec?.halted === true || hasTrueCondition(kafka, 'Paused')) return undefined;
  const { state, reason } = statusOf(kafka);
  return state === 'InProgress' ? reason : undefined;
}

/** Adds the wait for KubeDB's health check, after every pod is verified and the Kafka is resumed. */
export function withHealthCheck(steps: readonly Step[], input: PlanInput): readonly Step[] {
  if (!steps.some(mayRestartPods)) return steps;
  const end = steps.findLastIndex((s) => s.kind === 'verify' || s.kind === 'resume') + 1;
  return [...steps.slice(0, end), { kind: 'awaitHealth', subject: kafkaRef(input.live), findings: [] }, ...steps.slice(end)];
}

/** Returns the obstacle of a Kafka that has TLS as desired and that KubeDB's client cannot use. */
export function kafkaIsNotReady({ bundle, live }: PlanInput, { steps }: Draft): Obstacle | undefined {
  const { kafka } = live;
  if (steps.length > 0 || bundle.tls === 'off' || kafka?.status?.phase !== 'NotReady') return undefined;
  const problem = healthProblem(kafka);
  if (problem === undefined) return undefined;
  return {
    kind: 'wait',
    until: 'podReady',
    subject: kafkaRef(live),
    message: `every listener is as desired, but KubeDB cannot use the Kafka: ${problem}`,
    hint: 'Look at its pods, and at whether the CA in the Secret of the client certificate has signed what brokers serve.',
  };
}

/** Returns the phase that KubeDB reports for a Kafka that is not Ready before the first step. */
export function healthNotes({ live }: PlanInput): readonly string[] {
  const phase: unknown = live.kafka?.status?.phase;
  if (live.kafka === undefined || (phase !== 'NotReady' && phase !== 'Critical')) return [];
  const accepting = conditionOf(live.kafka, 'AcceptingConnection');
  const cause = [conditionOf(live.kafka, 'ReplicaReady'), accepting, conditionOf(live.kafka, 'Ready')].find((c) => c?.status === 'False');
  return [`KubeDB reports phase ${phase}${cause?.message === undefined ? '' : `: ${cause.message}`}`];
}
