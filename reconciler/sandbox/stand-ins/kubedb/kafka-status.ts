/** Conditions and phase of a Kafka by KubeDB's rules. Pure. */
import { type Condition, conditionsOf } from '#model/kube-object';
import { isFalse, isTrue, type NewCondition, observing, withConditions } from '../context';
import type { Health } from '../kafka/processes';
import type { Kafka, PetSet } from '../kinds';
import { petSetsOf } from './layout';

export interface KafkaStatusInput {
  readonly kafka: Kafka;
  readonly petSets: readonly PetSet[];
  readonly health: Health;
  /** The provisioner has brought all objects to this generation. */
  readonly isObserved: boolean;
  readonly now: Date;
}

/** Returns the status of a Kafka. */
export function kafkaStatus({ kafka, petSets, health, isObserved, now }: KafkaStatusInput): object {
  const { name, namespace, generation = 1 } = kafka.metadata;
  const subject = `The Kafka: ${namespace}/${name}`;
  const problem = replicaProblem(kafka, petSets);
  const isReady = problem === undefined && health.isAccepting && health.isComplete;
  const isHalted = kafka.spec.halted === true;
  const kept = conditionsOf(kafka).filter((c) => isHalted || c.type !== 'Halted');
  /** Describes the past: a new generation does not repeat it. */
  const once = (condition: NewCondition) => (kept.some((c) => c.type === condition.type) ? [] : [condition]);
  const started = `The KubeDB operator has started the provisioning of Kafka: ${namespace}/${name}`;
  const set = [
    ...once(isTrue('ProvisioningStarted', 'DatabaseProvisioningStartedSuccessfully', started)),
    problem === undefined
      ? isTrue('ReplicaReady', 'AllReplicasReady', 'All desired replicas are ready.')
      : isFalse('ReplicaReady', 'SomeReplicasNotReady', problem),
    health.isAccepting
      ? isTrue('AcceptingConnection', 'DatabaseAcceptingConnectionRequest', `${subject} is accepting client requests`)
      : isFalse('AcceptingConnection', 'DatabaseNotAcceptingConnectionRequest', `${subject} is not accepting client requests`),
    isReady
      ? isTrue('Ready', 'ReadinessCheckSucceeded', `${subject} is ready.`)
      : isFalse('Ready', 'ReadinessCheckFailed', `${subject} is not ready.`),
    ...(isReady ? once(isTrue('Provisioned', 'DatabaseSuccessfullyProvisioned', `${subject} is successfully provisioned.`)) : []),
    ...(isHalted ? [isTrue('Halted', 'DatabaseHaltedSuccessfully', `${subject} is halted.`)] : []),
  ];
  const conditions = withConditions(kept, observing(kafka, set), now);
  return { ...kafka.status, phase: phaseOf(conditions), ...(isObserved ? { observedGeneration: generation } : {}), conditions };
}

function replicaProblem(kafka: Kafka, petSets: readonly PetSet[]): string | undefined {
  const expected = petSetsOf(kafka).length;
  if (petSets.length < expected) return `not all PetSets exist yet: ${petSets.length} of ${expected}`;
  for (const { metadata, spec, status } of petSets) {
    const [desired, ready] = [spec.replicas ?? 1, status?.readyReplicas ?? 0];
    if (desired !== ready) return `PetSet ${metadata.name}: desired replicas: ${desired}, ready replicas: ${ready}`;
  }
  return undefined;
}

/**
 * Returns the phase for a set of conditions: the first rule that matches. Neither `Paused` nor `Provisioned` alone changes it.
 * Source: the phase function of KubeDB's API module, without restores.
 */
function phaseOf(conditions: readonly Condition[]): string {
  const is = (type: string, status: 'True' | 'False') => conditions.some((c) => c.type === type && c.status === status);
  if (is('HealthCheckPaused', 'True')) return 'Unknown';
  if (is('Halted', 'True')) return 'Halted';
  if (!is('Provisioned', 'True')) return 'Provisioning';
  if (is('AcceptingConnection', 'False')) return 'NotReady';
  if (is('ReplicaReady', 'False') || is('Ready', 'False')) return 'Critical';
  return is('Ready', 'True') ? 'Ready' : 'Provisioning';
}
