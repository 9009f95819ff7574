import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { statusOf } from '#reconciler/model/object-status';

type Conditions = Readonly<Record<string, readonly [status: string, reason?: string, message?: string, observedGeneration?: number]>>;

function object(kind: Kind, fields: { conditions?: Conditions; spec?: object; status?: object; meta?: object } = {}): KubeObject {
  const conditions = Object.entries(fields.conditions ?? {}).map(([type, [status, reason, message, observedGeneration]]) => ({
    type,
    status,
    reason,
    message,
    observedGeneration,
  }));
  return {
    ...kind,
    metadata: { name: 'x', namespace: 'demo', generation: 2, ...fields.meta },
    spec: fields.spec ?? {},
    status: { ...(fields.conditions === undefined ? {} : { conditions }), ...fields.status },
  };
}

const { Issuer, ClusterIssuer, Certificate, Kafka, KafkaOpsRequest, PetSet, Pod, ConfigMap } = KINDS;
const ready = (kind: Kind, ...condition: Conditions[string]) => object(kind, { conditions: { Ready: condition } });
const inPhase = (kind: Kind, phase: string, conditions?: Conditions) => {
  return object(kind, { status: { phase }, ...(conditions === undefined ? {} : { conditions }) });
};
const petSet = (readyReplicas: number, updatedReplicas: number) =>
  object(PetSet, { spec: { replicas: 3 }, status: { observedGeneration: 2, readyReplicas, updatedReplicas } });
const waiting = (reason: string) => ({ containerStatuses: [{ name: 'kafka', state: { waiting: { reason } } }] });

const cases: readonly (readonly [name: string, object: KubeObject | undefined, is: string])[] = [
  ['nothing', undefined, 'NotFound: does not exist'],
  [
    'anything on its way out',
    object(Kafka, { meta: { deletionTimestamp: '2026-11-23T09:00:00Z' }, status: { phase: 'Ready' } }),
    'Terminating: is being deleted',
  ],
  ['a kind without a row', object(ConfigMap), 'Current: '],
  ['an issuer that no controller has observed', object(Issuer), 'InProgress: cert-manager has not looked at it yet'],
  ['an issuer that works', ready(Issuer, 'True', 'KeyPairVerified', 'Signing CA verified'), 'Current: Signing CA verified'],
  [
    'an issuer that worked before its last change',
    ready(Issuer, 'True', 'IsReady', '', 1),
    'InProgress: cert-manager has not looked at it yet',
  ],
  [
    'an issuer whose Secret may still come',
    ready(ClusterIssuer, 'False', 'ErrGetKeyPair', 'secret "ca" not found'),
    'InProgress: ErrGetKeyPair: secret "ca" not found',
  ],
  [
    'an issuer with a certificate that is no CA',
    ready(Issuer, 'False', 'ErrInvalidKeyPair', 'not a CA'),
    'Failed: ErrInvalidKeyPair: not a CA',
  ],
  ['a certificate that no controller has observed', object(Certificate), 'InProgress: cert-manager has not looked at it yet'],
  ['a certificate that is there', ready(Certificate, 'True', 'Ready', 'up to date', 2), 'Current: up to date'],
  [
    'a certificate that was fine before its last change',
    ready(Certificate, 'True', 'Ready', 'up to date', 1),
    'InProgress: cert-manager has not looked at it yet',
  ],
  [
    'a certificate that is renewed while the old one is good',
    object(Certificate, {
      conditions: {
        Ready: ['True', 'Ready', 'up to date', 2],
        Issuing: ['True', 'ManuallyTriggered', 'Certificate re-issuance manually triggered'],
      },
    }),
    'InProgress: is being issued (ManuallyTriggered: Certificate re-issuance manually triggered)',
  ],
  [
    'a certificate whose renewal failed while the old one is good',
    object(Certificate, {
      conditions: { Ready: ['True', 'Ready'], Issuing: ['False', 'Failed', 'The certificate request has failed'] },
    }),
    'Current: a renewal has failed: The certificate request has failed',
  ],
  ['a certificate with a reason', ready(Certificate, 'False', 'DoesNotExist', 'no Secret'), 'InProgress: DoesNotExist: no Secret'],
  ['a Kafka that no controller has observed', object(Kafka), 'InProgress: KubeDB has not looked at it yet'],
  ['a Kafka that is ready', object(Kafka, { status: { phase: 'Ready', observedGeneration: 2 } }), 'Current: '],
  [
    'a Kafka that was ready before its last change',
    object(Kafka, { status: { phase: 'Ready', observedGeneration: 1 } }),
    'InProgress: KubeDB has not looked at its latest change yet',
  ],
  [
    'a Kafka with a pod down',
    inPhase(Kafka, 'Critical', { ReplicaReady: ['False', 'SomeReplicasNotReady', '2 of 3'] }),
    'InProgress: phase Critical: SomeReplicasNotReady: 2 of 3',
  ],
  ['a Kafka in operation', inPhase(Kafka, 'Ready', { Paused: ['True', 'DatabasePaused'] }), 'InProgress: is paused'],
  ['a halted Kafka', inPhase(Kafka, 'Halted'), 'Failed: is halted'],
  ['a Kafka whose health check is paused', inPhase(Kafka, 'Unknown'), 'Unknown: its health check is paused'],
  ['a request in the queue', object(KafkaOpsRequest), 'InProgress: is waiting for its turn'],
  [
    'a request at work',
    object(KafkaOpsRequest, {
      status: { phase: 'Progressing' },
      conditions: {
        ReconfigureTLS: ['True', 'ReconfigureTLS', 'started'],
        EvictPod: ['True', '', 'evict pod; ConditionStatus:True; PodName:orders-broker-0'],
      },
    }),
    'InProgress: Progressing: evict pod; ConditionStatus:True; PodName:orders-broker-0',
  ],
  ['a request that is done', inPhase(KafkaOpsRequest, 'Successful'), 'Current: '],
  [
    'a request that failed',
    inPhase(KafkaOpsRequest, 'Failed', { Failed: ['True', 'Failed', 'timed out'] }),
    'Failed: Failed: Failed: timed out',
  ],
  [
    'a request that lost against a newer one',
    object(KafkaOpsRequest, {
      status: { phase: 'Skipped' },
      conditions: { Skipped: ['True', 'Skipped', 'skipped as demo/b is the most updated'] },
    }),
    'Failed: Skipped: Skipped: skipped as demo/b is the most updated',
  ],
  ['a request that was denied', inPhase(KafkaOpsRequest, 'Denied'), 'Failed: Denied'],
  [
    'a PetSet that no controller has observed',
    object(PetSet, { spec: { replicas: 3 } }),
    'InProgress: its latest change was not looked at yet',
  ],
  ['a PetSet with a pod missing', petSet(2, 3), 'InProgress: 2 of 3 pods are Ready'],
  ['a PetSet with old pods', petSet(3, 1), 'InProgress: 1 of 3 pods are made from the latest template'],
  ['a PetSet that is complete', petSet(3, 3), 'Current: 3 of 3 pods are Ready'],
  ['a new pod', object(Pod), 'InProgress: is not scheduled yet'],
  ['a pod whose volumes come', object(Pod, { status: { phase: 'Pending', ...waiting('ContainerCreating') } }), 'InProgress: is Pending'],
  [
    'a pod that starts',
    inPhase(Pod, 'Running', { Ready: ['False', 'ContainersNotReady', 'kafka'] }),
    'InProgress: ContainersNotReady: kafka',
  ],
  ['a Ready pod', inPhase(Pod, 'Running', { Ready: ['True'] }), 'Current: '],
  [
    'a crashing pod',
    object(Pod, { status: { phase: 'Running', ...waiting('CrashLoopBackOff') } }),
    'Failed: cannot start: CrashLoopBackOff',
  ],
  [
    'a pod without its image',
    object(Pod, { status: { phase: 'Pending', ...waiting('ImagePullBackOff') } }),
    'Failed: cannot start: ImagePullBackOff',
  ],
  [
    'a pod whose first container cannot start',
    object(Pod, {
      status: { phase: 'Pending', initContainerStatuses: [{ name: 'kafka-init', state: { waiting: { reason: 'ErrImagePull' } } }] },
    }),
    'Failed: cannot start: ErrImagePull',
  ],
  [
    'a pod that fits nowhere',
    inPhase(Pod, 'Pending', { PodScheduled: ['False', 'Unschedulable', '0/3 nodes'] }),
    'Failed: cannot start: Unschedulable',
  ],
  ['a pod that ended', inPhase(Pod, 'Failed'), 'Failed: its containers have ended (Failed)'],
];

for (const [name, object, is] of cases) {
  test(`${name} is ${is.split(':')[0]}`, () => {
    const { state, reason } = statusOf(object);
    assert.equal(`${state}: ${reason}`, is);
  });
}
