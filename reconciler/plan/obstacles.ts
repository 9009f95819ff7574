/**
 * Why nothing may be done to a Kafka now, whatever is wanted of it. Every obstacle counts: who removes one should not meet the next.
 */
import { conditionOf, formatRef, hasTrueCondition, KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { ANNOTATION_OWNER, PAUSE_REASON } from '#model/names';
import type { Obstacle } from '../model/plan';
import { declaredDomainDiffers } from './cluster-domain';
import { objectsBelongToAnother } from './ownership';
import type { PlanInput } from './plan-input';
import { annotationOf, describeRequest, isNative, isOurs, unfinished } from './requests';

export interface ObstacleOptions {
  readonly takeOver: boolean;
}

type ObstacleCheck = (input: PlanInput, subject: ObjectRef, options: ObstacleOptions) => Obstacle | undefined;

const OBSTACLES: readonly ObstacleCheck[] = [
  gitOpsKafkaExists, // KubeDB's own GitOps operator would undo what we do
  kafkaIsMissing, // only referenced: somebody else creates it
  kafkaIsHalted, // it has no pods, and KubeDB does not act on it
  kafkaBelongsToAnother, // two desired states of one Kafka never converge
  declaredDomainDiffers, // every certificate would carry names that no node has
  petSetReplacesPods, // native: a template change would restart pods on its own
  otherOperationIsUnfinished, // KubeDB runs one at a time, and skips the older of two of one type
  kafkaIsPausedByAnother, // whoever paused it is not done
];

/** Returns all that forbids acting on the Kafka now. Without its namespace, or of one that is on its way out, nothing else is worth saying. */
export function preconditions(input: PlanInput, options: ObstacleOptions): readonly Obstacle[] {
  const subject = ref(KINDS.Kafka, input.live.namespace, input.live.name);
  const gone = namespaceIsMissing(input) ?? kafkaIsBeingDeleted(input, subject);
  if (gone !== undefined) return [gone];
  return [...OBSTACLES.flatMap((check) => check(input, subject, options) ?? []), ...objectsBelongToAnother(input)];
}

/**
 * Tells whether it can be said what would be done. Not of a Kafka that is not there to be compared, and not while somebody else's operation
 * may be changing its TLS or restarting its pods: what is found then may be cured by it.
 */
export function canPlan(input: PlanInput): boolean {
  const { kafka } = input.live;
  if (input.live.namespaceIsMissing === true) return false;
  if (kafka === undefined) return input.bundle.kafka !== undefined;
  if (kafka.metadata.deletionTimestamp !== undefined) return false;
  const other = otherOperation(input);
  return other === undefined || other.spec?.type === 'HorizontalScaling';
}

const KINDS_BY_FINALITY: readonly Obstacle['kind'][] = ['invalid', 'failed', 'blocked', 'wait'];

/** Returns obstacles from what no run can cure to what time cures. */
export function bySeverity(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  return KINDS_BY_FINALITY.flatMap((kind) => obstacles.filter((o) => o.kind === kind));
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

function kafkaBelongsToAnother({ bundle, live }: PlanInput, subject: ObjectRef, { takeOver }: ObstacleOptions): Obstacle | undefined {
  const owner = live.kafka?.metadata.annotations?.[ANNOTATION_OWNER];
  if (owner === undefined || owner === bundle.desired.owner || takeOver) return undefined;
  return {
    kind: 'invalid',
    subject,
    message: `belongs to ${owner} (annotation ${ANNOTATION_OWNER}), not to ${bundle.desired.owner}`,
    hint: 'If that one is gone, run "kafka-tls apply --take-over" once.',
  };
}

function petSetReplacesPods({ bundle, live }: PlanInput): Obstacle | undefined {
  if (bundle.desired.executor !== 'native') return undefined;
  const set = live.petSets.find((s) => s.object.spec?.updateStrategy?.type !== 'OnDelete');
  if (set === undefined) return undefined;
  const type = set.object.spec?.updateStrategy?.type ?? 'RollingUpdate';
  return {
    kind: 'invalid',
    subject: ref(KINDS.PetSet, live.namespace, set.name),
    message: `its updateStrategy is ${type}, so that a changed template restarts pods in its own order`,
    hint: 'Use Executor.opsRequest(), or set the updateStrategy to OnDelete.',
  };
}

/** Our own `native` requests are continued or superseded; those that KubeDB carries out are followed, unless we no longer leave it to KubeDB. */
function otherOperation({ bundle, live }: PlanInput): KubeObject | undefined {
  const { owner, executor } = bundle.desired;
  const isInHand = (r: KubeObject) => isOurs(r, owner) && (isNative(r) || executor === 'ops-request');
  return unfinished(live.requests).find((r) => !isInHand(r));
}

function otherOperationIsUnfinished(input: PlanInput, subject: ObjectRef): Obstacle | undefined {
  const other = otherOperation(input);
  if (other === undefined) return undefined;
  const whose = annotationOf(other, ANNOTATION_OWNER);
  return {
    kind: 'wait',
    until: 'foreignOperation',
    subject,
    message: `${describeRequest(other)}${whose === undefined ? '' : ` of ${whose}`} is not finished`,
    hint: 'It is left to finish. Run again when it has, or delete it if nobody works on it.',
  };
}

function kafkaIsPausedByAnother({ live }: PlanInput, subject: ObjectRef): Obstacle | undefined {
  const paused = live.kafka === undefined ? undefined : conditionOf(live.kafka, 'Paused');
  if (paused?.status !== 'True' || paused.reason === PAUSE_REASON) return undefined;
  // A pause that belongs to a request of ours that KubeDB carries out goes away with it.
  if (unfinished(live.requests).length > 0) return undefined;
  const who = [paused.reason, paused.message].filter(Boolean).join(': ') || 'no reason is given';
  return {
    kind: 'blocked',
    subject,
    message: `was paused by somebody else since ${paused.lastTransitionTime ?? 'an unknown time'} (${who})`,
    hint: `A pause of others is never lifted here. When it is a leftover, remove the Paused condition from ${formatRef(subject)}.`,
  };
}
