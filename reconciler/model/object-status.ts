/**
 * What state an object is in, as a table by kind, in kstatus' words.
 *
 *     Current      what was asked for is so         Terminating  it is on its way out
 *     InProgress   somebody works on it             NotFound     there is none
 *     Failed       it will not come about by itself Unknown      nobody says
 *
 * The reason is a sentence without the subject. A status that speaks of an earlier generation is not believed.
 */
import { type Condition, conditionOf, hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';

export const STATES = ['Current', 'InProgress', 'Failed', 'Terminating', 'NotFound', 'Unknown'] as const;
export type State = (typeof STATES)[number];

export interface Status {
  readonly state: State;
  /** Why; empty when there is nothing to add. */
  readonly reason: string;
}

const TABLE: Readonly<Record<string, (object: KubeObject) => Status>> = {
  [KINDS.Issuer.kind]: issuerStatus,
  [KINDS.ClusterIssuer.kind]: issuerStatus,
  [KINDS.Certificate.kind]: certificateStatus,
  [KINDS.Kafka.kind]: kafkaStatus,
  [KINDS.KafkaOpsRequest.kind]: requestStatus,
  [KINDS.PetSet.kind]: petSetStatus,
  [KINDS.Pod.kind]: podStatus,
};

/** Returns the state of an object; kinds without a row are Current as soon as they exist. */
export function statusOf(object: KubeObject | undefined): Status {
  if (object === undefined) return status('NotFound', 'does not exist');
  if (object.metadata.deletionTimestamp !== undefined) return status('Terminating', 'is being deleted');
  return TABLE[object.kind]?.(object) ?? status('Current');
}

function status(state: State, reason = ''): Status {
  return { state, reason };
}

function issuerStatus(issuer: KubeObject): Status {
  const ready = conditionOf(issuer, 'Ready');
  if (ready === undefined || isOutdated(issuer, ready)) return status('InProgress', 'cert-manager has not looked at it yet');
  if (ready.status === 'True') return status('Current', ready.message);
  // A missing Secret may still come; one that holds no CA has to be changed by somebody.
  return status(ready.reason === 'ErrInvalidKeyPair' ? 'Failed' : 'InProgress', words(ready));
}

function certificateStatus(certificate: KubeObject): Status {
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

function kafkaStatus(kafka: KubeObject): Status {
  const phase: string = kafka.status?.phase ?? '';
  if (kafka.spec?.halted === true || phase === 'Halted') return status('Failed', 'is halted');
  if (hasTrueCondition(kafka, 'Paused')) return status('InProgress', 'is paused');
  const { generation } = kafka.metadata;
  if ((kafka.status?.observedGeneration ?? generation) < (generation ?? 0))
    return status('InProgress', 'KubeDB has not looked at its latest change yet');
  if (phase === 'Ready') return status('Current');
  if (phase === 'Unknown') return status('Unknown', 'its health check is paused');
  const cause = ['ReplicaReady', 'AcceptingConnection', 'Ready'].map((type) => conditionOf(kafka, type)).find((c) => c?.status === 'False');
  const is = phase === '' ? 'KubeDB has not looked at it yet' : `phase ${phase}`;
  return status('InProgress', cause === undefined ? is : `${is}: ${words(cause)}`);
}

function requestStatus(request: KubeObject): Status {
  const phase: string = request.status?.phase ?? '';
  switch (phase) {
    case 'Successful':
      return status('Current');
    case 'Failed':
    case 'Denied':
    case 'Skipped': {
      const said = conditionOf(request, phase) ?? lastCondition(request);
      return status('Failed', said === undefined ? phase : `${phase}: ${words(said)}`);
    }
    case '':
    case 'Pending':
      return status('InProgress', 'is waiting for its turn');
    default: {
      const last = lastCondition(request);
      return status('InProgress', last === undefined ? phase : `${phase}: ${words(last)}`);
    }
  }
}

function petSetStatus(set: KubeObject): Status {
  const { generation } = set.metadata;
  const wanted: number = set.spec?.replicas ?? 1;
  const ready: number = set.status?.readyReplicas ?? 0;
  const updated: number = set.status?.updatedReplicas ?? 0;
  if ((set.status?.observedGeneration ?? 0) < (generation ?? 0)) return status('InProgress', 'its latest change was not looked at yet');
  if (ready < wanted) return status('InProgress', `${ready} of ${wanted} pods are Ready`);
  if (updated < wanted) return status('InProgress', `${updated} of ${wanted} pods are made from the latest template`);
  return status('Current', `${ready} of ${wanted} pods are Ready`);
}

function podStatus(pod: KubeObject): Status {
  const stuck = stuckReason(pod);
  if (stuck !== undefined) return status('Failed', `cannot start: ${stuck}`);
  if (hasTrueCondition(pod, 'Ready')) return status('Current');
  const phase: string = pod.status?.phase ?? '';
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

function lastCondition(object: KubeObject): Condition | undefined {
  const conditions: unknown = object.status?.conditions;
  return Array.isArray(conditions) ? conditions.at(-1) : undefined;
}

/** States that no waiting cures. `ContainerCreating` is not one: volumes and images take their time. */
const STUCK_REASONS = ['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'CreateContainerConfigError'];

/** What a kubelet says of a container. */
export interface ContainerStatus {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: {
    readonly running?: { readonly startedAt?: string };
    readonly waiting?: { readonly reason?: string; readonly message?: string };
  };
}

/** Returns why a pod cannot start, or undefined. */
export function stuckReason(pod: KubeObject): string | undefined {
  const scheduled = ((pod.status?.conditions ?? []) as readonly { type: string; status: string; reason?: string }[]).find(
    (c) => c.type === 'PodScheduled',
  );
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') return 'Unschedulable';
  const waiting = containers(pod).map((c) => c.state?.waiting?.reason ?? '');
  return waiting.find((reason) => STUCK_REASONS.includes(reason));
}

function containers(pod: KubeObject): readonly ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}
