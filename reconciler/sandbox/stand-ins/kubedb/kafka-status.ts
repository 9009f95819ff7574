/** Conditions and phase of a Kafka by KubeDB's rules. Pure. */
import { type Condition, conditionOf, type KubeObject } from '#model/kube-object';
import { petSetsOf } from '#model/kubedb';
import type { Health } from '../kafka/processes';
import { conditionsOf, type NewCondition, withCondition } from '../world';

export interface KafkaStatusInput {
  readonly kafka: KubeObject;
  readonly petSets: readonly KubeObject[];
  readonly health: Health;
  /** The provisioner has brought everything to this generation. */
  readonly isObserved: boolean;
  readonly now: Date;
}

/** Returns the status of a Kafka. */
export function kafkaStatus({ kafka, petSets, health, isObserved, now }: KafkaStatusInput): object {
  const { name, namespace, generation = 1 } = kafka.metadata;
  const id = `${namespace}/${name}`;
  const replicas = replicaProblem(kafka, petSets);
  const isReady = replicas === undefined && health.isAccepting && health.isComplete;
  const said = (type: string, isTrue: boolean, reason: string, message: string): NewCondition => ({
    type,
    status: isTrue ? 'True' : 'False',
    reason,
    message,
    observedGeneration: generation,
  });
  const isProvisioned = isReady || conditionOf(kafka, 'Provisioned')?.status === 'True';
  const isHalted = kafka.spec?.halted === true;
  const next: readonly NewCondition[] = [
    said(
      'ProvisioningStarted',
      true,
      'DatabaseProvisioningStartedSuccessfully',
      `The KubeDB operator has started the provisioning of Kafka: ${id}`,
    ),
    replicas === undefined
      ? said('ReplicaReady', true, 'AllReplicasReady', 'All desired replicas are ready.')
      : said('ReplicaReady', false, 'SomeReplicasNotReady', replicas),
    health.isAccepting
      ? said('AcceptingConnection', true, 'DatabaseAcceptingConnectionRequest', `The Kafka: ${id} is accepting client requests`)
      : said('AcceptingConnection', false, 'DatabaseNotAcceptingConnectionRequest', `The Kafka: ${id} is not accepting client requests`),
    isReady
      ? said('Ready', true, 'ReadinessCheckSucceeded', `The Kafka: ${id} is ready.`)
      : said('Ready', false, 'ReadinessCheckFailed', `The Kafka: ${id} is not ready.`),
    ...(isProvisioned
      ? [said('Provisioned', true, 'DatabaseSuccessfullyProvisioned', `The Kafka: ${id} is successfully provisioned.`)]
      : []),
    ...(isHalted ? [said('Halted', true, 'DatabaseHaltedSuccessfully', `The Kafka: ${id} is halted.`)] : []),
  ];
  const kept = conditionsOf(kafka).filter((c) => isHalted || c.type !== 'Halted');
  const conditions = next.reduce<readonly Condition[]>((all, c) => (isSaid(all, c) ? all : withCondition(all, c, now)), kept);
  return { ...kafka.status, phase: phaseOf(conditions), ...(isObserved ? { observedGeneration: generation } : {}), conditions };
}

/** What was once true of the past is not said anew with every generation. */
function isSaid(conditions: readonly Condition[], next: NewCondition): boolean {
  return ['ProvisioningStarted', 'Provisioned'].includes(next.type) && conditions.some((c) => c.type === next.type);
}

function replicaProblem(kafka: KubeObject, petSets: readonly KubeObject[]): string | undefined {
  const expected = petSetsOf(kafka);
  if (petSets.length < expected.length) return `not all PetSets exist yet: ${petSets.length} of ${expected.length}`;
  const short = petSets.find((p) => (p.spec?.replicas ?? 1) !== (p.status?.readyReplicas ?? 0));
  return short === undefined
    ? undefined
    : `PetSet ${short.metadata.name}: desired replicas: ${short.spec?.replicas ?? 1}, ready replicas: ${short.status?.readyReplicas ?? 0}`;
}

/**
 * Returns the phase that conditions amount to: the first rule that matches. Neither `Paused` nor `Provisioned` alone changes it.
 * Source: the phase function of KubeDB's API module, restores left out.
 */
export function phaseOf(conditions: readonly Condition[]): string {
  const is = (type: string, status: 'True' | 'False') => conditions.some((c) => c.type === type && c.status === status);
  const isProvisioned = is('Provisioned', 'True');
  if (is('HealthCheckPaused', 'True')) return 'Unknown';
  if (is('Halted', 'True')) return 'Halted';
  if (is('AcceptingConnection', 'False') && isProvisioned) return 'NotReady';
  if (is('ReplicaReady', 'False') && isProvisioned) return 'Critical';
  if (is('Ready', 'False') && isProvisioned) return 'Critical';
  if (is('Ready', 'True') && isProvisioned) return 'Ready';
  return 'Provisioning';
}
