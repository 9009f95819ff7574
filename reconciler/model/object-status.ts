/**
 * The state of an object, by kind, in the words of kstatus.
 *
 *     Current      the object is as its spec asks      Terminating  the object is being deleted
 *     InProgress   a controller works on it            NotFound     the object does not exist
 *     Failed       waiting will not help               Unknown      no controller reports its state
 *
 * The reason is a sentence without the subject. A status of an earlier generation counts as no status.
 */
import type { Certificate, Issuer, Kafka, KafkaOpsRequest, KnownKind, ObjectOf, PetSet, Pod } from '#model/kinds/index';
import { type Condition, conditionOf, conditionsOf, hasTrueCondition, type KubeObject } from '#model/kube-object';

export const STATES = ['Current', 'InProgress', 'Failed', 'Terminating', 'NotFound', 'Unknown'] as const;
export type State = (typeof STATES)[number];

export interface Status {
  readonly state: State;
  /** Why; empty when there is nothing to add. */
  readonly reason: string;
}

const TABLE: { readonly [K in KnownKind]?: (object: ObjectOf<K>) => Status } = {
  Issuer: issuerStatus,
  ClusterIssuer: issuerStatus,
  Certificate: certificateStatus,
  Kafka: kafkaStatus,
  KafkaOpsRequest: requestStatus,
  PetSet: petSetStatus,
  Pod: podStatus,
};

/** Returns the state of an object; kinds without a row are Current as soon as they exist. */
export function statusOf(object: KubeObject | undefined): Status {
  if (object === undefined) return status('NotFound', 'does not exist');
  if (object.metadata.deletionTimestamp !== undefined) return status('Terminating', 'is being deleted');
  const statusOfKind = TABLE[object.kind as KnownKind] as ((object: KubeObject) => Status) | undefined;
  return statusOfKind?.(object) ?? status('Current');
}

function status(state: State, reason = ''): Status {
  return { state, reason };
}

function issuerStatus(issuer: Issuer): Status {
  const ready = conditionOf(issuer, 'Ready');
  if (ready === undefined || isOutdated(issuer, ready)) return status('InProgress', 'cert-manager has not looked at it yet');
  if (ready.status === 'True') return status('Current', ready.message);
  // A missing Secret may still be created; a Secret without a CA must be replaced by its owner.
  return status(ready.reason === 'ErrInvalidKeyPair' ? 'Failed' : 'InProgress', words(ready));
}

function certificateStatus(certificate: Certificate): Status {
  const issuing = conditionOf(certificate, 'Issuing');
  const ready = conditionOf(certificate, 'Ready');
  // Ready stays True while a renewal runs, and after one has failed: the old certificate is still good.
  if (issuing?.status === 'True') return status('InProgress', `is being issued (${words(issuing)})`);
  if (ready === undefined || isOutdated(certificate, ready)) return status('InProgress', 'cert-manager has not looked at it yet');
  const failure = issuanceFailure(certificate);
  if (ready.status === 'True') return status('Current', failure === undefined ? ready.message : `a renewal has failed: ${failure}`);
  return failure === undefined ? status('InProgress', words(ready)) : status('Failed', `issuance failed: ${failure}`);
}

/** What cert-manager puts before the reason that an issuer gave. */
const RETRY_PREFIX = /^The certificate request has failed to complete and will be retried: /;

/** Returns why the latest issuance of a Certificate failed, or undefined. It stays so until cert-manager tries again. */
export function issuanceFailure(certificate: KubeObject): string | undefined {
  const issuing = conditionOf(certificate, 'Issuing');
  return issuing?.status === 'False' ? (issuing.message ?? '').replace(RETRY_PREFIX, '') || words(issuing) : undefined;
}

function kafkaStatus(kafka: Kafka): Status {
  const phase = kafka.status?.phase ?? '';
  if (kafka.spec?.halted === true || phase === 'Halted') return status('Failed', 'is halted');
  if (hasTrueCondition(kafka, 'Paused')) return status('InProgress', 'is paused');
  const { generation } = kafka.metadata;
  if ((kafka.status?.observedGeneration ?? generation ?? 0) < (generation ?? 0))
    return status('InProgress', 'KubeDB has not looked at its latest change yet');
  if (phase === 'Ready') return status('Current');
  if (phase === 'Unknown') return status('Unknown', 'its health check is paused');
  const cause = ['ReplicaReady', 'AcceptingConnection', 'Ready'].map((type) => conditionOf(kafka, type)).find((c) => c?.status === 'False');
  const is = phase === '' ? 'KubeDB has not looked at it yet' : `phase ${phase}`;
  return status('InProgress', cause === undefined ? is : `${is}: ${words(cause)}`);
}

function requestStatus(request: KafkaOpsRequest): Status {
  const phase = request.status?.phase ?? '';
  switch (phase) {
    case 'Successful':
      return status('Current');
    case 'Failed':
    case 'Denied':
    case 'Skipped': {
      const reported = conditionOf(request, phase) ?? conditionsOf(request).at(-1);
      return status('Failed', reported === undefined ? phase : `${phase}: ${words(reported)}`);
    }
    case '':
    case 'Pending':
      return status('InProgress', 'is waiting for its turn');
    default: {
      const last = conditionsOf(request).at(-1);
      return status('InProgress', last === undefined ? phase : `${phase}: ${words(last)}`);
    }
  }
}

function petSetStatus(set: PetSet): Status {
  const { generation } = set.metadata;
  const wanted = set.spec.replicas ?? 1;
  const ready = set.status?.readyReplicas ?? 0;
  const updated = set.status?.updatedReplicas ?? 0;
  if ((set.status?.observedGeneration ?? 0) < (generation ?? 0)) return status('InProgress', 'its latest change was not looked at yet');
  if (ready < wanted) return status('InProgress', `${ready} of ${wanted} pods are Ready`);
  if (updated < wanted) return status('InProgress', `${updated} of ${wanted} pods are made from the latest template`);
  return status('Current', `${ready} of ${wanted} pods are Ready`);
}

function podStatus(pod: Pod): Status {
  const stuck = stuckReason(pod);
  if (stuck !== undefined) return status('Failed', `cannot start: ${stuck}`);
  if (hasTrueCondition(pod, 'Ready')) return status('Current');
  const phase = pod.status?.phase ?? '';
  if (phase === 'Failed' || phase === 'Succeeded') return status('Failed', `its containers have ended (${phase})`);
  const ready = conditionOf(pod, 'Ready');
  return status('InProgress', phase === 'Running' ? words(ready, 'is not Ready yet') : `is ${phase || 'not scheduled yet'}`);
}

function isOutdated(object: KubeObject, condition: Condition): boolean {
  return (condition.observedGeneration ?? Number.MAX_SAFE_INTEGER) < (object.metadata.generation ?? 0);
}

function words(condition: Condition | undefined, otherwise = ''): string {
  return [condition?.reason, condition?.message].filter(Boolean).join(': ') || otherwise || condition?.type || '';
}

/** Reasons for which waiting does not help. `ContainerCreating` is not one: volumes and images take their time. */
const STUCK_REASONS = ['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'CreateContainerConfigError'];

/** Returns why a pod cannot start, or undefined. */
export function stuckReason(pod: Pod): string | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') return 'Unschedulable';
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return containers.map((c) => c.state?.waiting?.reason ?? '').find((reason) => STUCK_REASONS.includes(reason));
}
