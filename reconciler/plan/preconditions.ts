/**
 * What forbids acting on a Kafka now, for any desired state. All blockers are reported at once, so that a user does not fix one only to
 * meet the next.
 */

import { capabilitiesOf } from '#model/capabilities';
import type { KafkaOpsRequest } from '#model/kinds/index';
import { conditionOf, formatRef, hasTrueCondition, KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { ANNOTATION_OWNER, PAUSE_REASON } from '#model/names';
import type { Obstacle } from '../model/plan';
import { declaredDomainDiffers } from './cluster-domain';
import { objectsBelongToAnother } from './ownership';
import { kafkaRef, type PlanInput } from './plan-input';
import { annotationOf, describeRequest, isByReconciler, isOurs, unfinished } from './requests';

type Precondition = (input: PlanInput, subject: ObjectRef, takeOver: boolean) => Obstacle | undefined;

const PRECONDITIONS: readonly Precondition[] = [
  gitOpsKafkaExists, // KubeDB's GitOps operator would revert our changes
  kafkaIsMissing, // it is only referenced, so another actor creates it
  kafkaIsHalted, // it has no pods, and KubeDB does not act on it
  kafkaBelongsToAnother, // two desired states of one Kafka never converge
  declaredDomainDiffers, // every certificate would have names that no node has
  petSetReplacesPods, // a changed template would restart pods without gates
  otherOperationIsUnfinished, // KubeDB runs one operation at a time, and skips the older of two of one type
  kafkaIsPausedByAnother, // the work that it was paused for is not done
];

/** Returns what forbids acting on the Kafka now. Nothing else counts if its namespace is missing or the Kafka is being deleted. */
export function preconditions(input: PlanInput, takeOver: boolean): readonly Obstacle[] {
  const subject = kafkaRef(input.live);
  const gone = namespaceIsMissing(input) ?? kafkaIsBeingDeleted(input, subject);
  if (gone !== undefined) return [gone];
  return [...PRECONDITIONS.flatMap((check) => check(input, subject, takeOver) ?? []), ...objectsBelongToAnother(input)];
}

/**
 * Tells whether steps can be planned: the Kafka exists or is declared, and no operation of another owner may be changing its TLS or
 * restarting its pods. Such an operation may resolve the differences that are found now.
 */
export function canPlan(input: PlanInput): boolean {
  const { kafka } = input.live;
  if (input.live.namespaceIsMissing === true) return false;
  if (kafka === undefined) return input.bundle.kafka !== undefined;
  if (kafka.metadata.deletionTimestamp !== undefined) return false;
  const other = otherOperation(input);
  return other === undefined || other.spec.type === 'HorizontalScaling';
}

const BY_SEVERITY: readonly Obstacle['kind'][] = ['invalid', 'failed', 'blocked', 'wait'];

/** Returns obstacles in the order of their severity: what no run resolves first, what time resolves last. */
export function bySeverity(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  return BY_SEVERITY.flatMap((kind) => obstacles.filter((o) => o.kind === kind));
}

function gitOpsKafkaExists({ live }: PlanInput, subject: ObjectRef): Obstacle | undefined {
  if (live.gitOpsKafka === undefined) return undefined;
  return {
    kind: 'blocked',
    subject,
    message: "a Kafka of gitops.kubedb.com has the same name, and KubeDB's GitOps operator writes spec.tls from it",
    hint: 'Keep one of the two: delete that object, or change TLS in it.',
  };
}

function namespaceIsMissing({ live }: PlanInput): Obstacle | undefined {
  if (live.namespaceIsMissing !== true) return undefined;
  return {
    kind: 'blocked',
    subject: ref(KINDS.Namespace, undefined, live.namespace),
    message: 'does not exist',
    hint: 'Create it, or name another namespace in the KafkaTls or its Chart.',
  };
}

function kafkaIsMissing({ bundle, live }: PlanInput, subject: ObjectRef): Obstacle | undefined {
  if (live.kafka !== undefined || bundle.kafka !== undefined) return undefined;
  return {
    kind: 'wait',
    until: 'foreignOperation',
    subject,
    message: 'does not exist, and the desired state only refers to it',
    hint: 'Create the Kafka, or declare it with KafkaCluster.dedicated or KafkaCluster.combined.',
  };
}

function kafkaIsBeingDeleted({ live }: PlanInput, subject: ObjectRef): Obstacle | undefined {
  if (live.kafka?.metadata.deletionTimestamp === undefined) return undefined;
  return { kind: 'blocked', subject, message: 'is being deleted' };
}

function kafkaIsHalted({ live }: PlanInput, subject: ObjectRef): Obstacle | undefined {
  const { kafka } = live;
  if (kafka === undefined || !(kafka.spec?.halted === true || hasTrueCondition(kafka, 'Halted'))) return undefined;
  return { kind: 'blocked', subject, message: 'is halted', hint: 'Set spec.halted to false first.' };
}

function kafkaBelongsToAnother({ bundle, live }: PlanInput, subject: ObjectRef, takeOver: boolean): Obstacle | undefined {
  const owner = live.kafka?.metadata.annotations?.[ANNOTATION_OWNER];
  if (owner === undefined || owner === bundle.desired.owner || takeOver) return undefined;
  return {
    kind: 'invalid',
    subject,
    message: `belongs to ${owner} (annotation ${ANNOTATION_OWNER}), not to ${bundle.desired.owner}`,
    hint: 'If that KafkaTls no longer exists, run "kafka-tls apply --take-over" once.',
  };
}

function petSetReplacesPods({ bundle, live }: PlanInput): Obstacle | undefined {
  if (!capabilitiesOf(bundle.desired).ownsConfiguration) return undefined;
  const set = live.petSets.find((s) => s.object.spec?.updateStrategy?.type !== 'OnDelete');
  if (set === undefined) return undefined;
  const type = set.object.spec?.updateStrategy?.type ?? 'RollingUpdate';
  return {
    kind: 'invalid',
    subject: ref(KINDS.PetSet, live.namespace, set.name),
    message: `its updateStrategy is ${type}, so a changed template restarts pods without gates`,
    hint: 'Use Executor.opsRequest(), or set the updateStrategy to OnDelete.',
  };
}

/** Our own requests are continued, followed or superseded, except those of the ops-manager after a change to an executor without it. */
function otherOperation({ bundle, live }: PlanInput): KafkaOpsRequest | undefined {
  const { needsOpsManager } = capabilitiesOf(bundle.desired);
  const isHandled = (r: KubeObject) => isOurs(r, bundle.desired.owner) && (isByReconciler(r) || needsOpsManager);
  return unfinished(live.requests).find((r) => !isHandled(r));
}

function otherOperationIsUnfinished(input: PlanInput, subject: ObjectRef): Obstacle | undefined {
  const other = otherOperation(input);
  if (other === undefined) return undefined;
  const owner = annotationOf(other, ANNOTATION_OWNER);
  return {
    kind: 'wait',
    until: 'foreignOperation',
    subject,
    message: `${describeRequest(other)}${owner === undefined ? '' : ` of ${owner}`} is not finished`,
    hint: 'Run again when it has finished, or delete it if no controller works on it.',
  };
}

function kafkaIsPausedByAnother({ live }: PlanInput, subject: ObjectRef): Obstacle | undefined {
  const paused = live.kafka === undefined ? undefined : conditionOf(live.kafka, 'Paused');
  if (paused?.status !== 'True' || paused.reason === PAUSE_REASON) return undefined;
  // A pause for a request that KubeDB carries out ends with the request.
  if (unfinished(live.requests).length > 0) return undefined;
  const reason = [paused.reason, paused.message].filter(Boolean).join(': ') || 'no reason is given';
  return {
    kind: 'blocked',
    subject,
    message: `is paused by another writer since ${paused.lastTransitionTime ?? 'an unknown time'} (${reason})`,
    hint: `Only its writer lifts a pause. If it is a leftover, remove the condition Paused from ${formatRef(subject)}.`,
  };
}
