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
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: 'x', namespace: 'demo', generation: 2, ...fields.meta },
    spec: fields.spec ?? {},
    status: { ...(fields.conditions === undefined ? {} : { conditions }), ...fields.status },
  };
}

const { Issuer, ClusterIssuer, Certificate, Kafka, KafkaOpsRequest, PetSet, Pod, ConfigMap } = KINDS;
const waiting = (reason: string) => ({ containerStatuses: [{ name: 'kafka', state: { waiting: { reason } } }] });

const cases: { name: string; object: KubeObject | undefined; is: string }[] = [
  { name: 'nothing', object: undefined, is: 'NotFound: does not exist' },
  {
    name: 'anything on its way out',
    object: object(Kafka, { meta: { deletionTimestamp: '2026-11-23T09:00:00Z' }, status: { phase: 'Ready' } }),
    is: 'Terminating: is being deleted',
  },
  { name: 'a kind without a row', object: object(ConfigMap), is: 'Current: ' },

  { name: 'an issuer that no controller has observed', object: object(Issuer), is: 'InProgress: cert-manager has not looked at it yet' },
  {
    name: 'an issuer that works',
    object: object(Issuer, { conditions: { Ready: ['True', 'KeyPairVerified', 'Signing CA verified'] } }),
    is: 'Current: Signing CA verified',
  },
  {
    name: 'an issuer that worked before its last change',
    object: object(Issuer, { conditions: { Ready: ['True', 'IsReady', '', 1] } }),
    is: 'InProgress: cert-manager has not looked at it yet',
  },
  {
    name: 'an issuer whose Secret may still come',
    object: object(ClusterIssuer, { conditions: { Ready: ['False', 'ErrGetKeyPair', 'secret "ca" not found'] } }),
    is: 'InProgress: ErrGetKeyPair: secret "ca" not found',
  },
  {
    name: 'an issuer with a certificate that is no CA',
    object: object(Issuer, { conditions: { Ready: ['False', 'ErrInvalidKeyPair', 'not a CA'] } }),
    is: 'Failed: ErrInvalidKeyPair: not a CA',
  },

  {
    name: 'a certificate that no controller has observed',
    object: object(Certificate),
    is: 'InProgress: cert-manager has not looked at it yet',
  },
  {
    name: 'a certificate that is there',
    object: object(Certificate, { conditions: { Ready: ['True', 'Ready', 'up to date', 2] } }),
    is: 'Current: up to date',
  },
  {
    name: 'a certificate that was fine before its last change',
    object: object(Certificate, { conditions: { Ready: ['True', 'Ready', 'up to date', 1] } }),
    is: 'InProgress: cert-manager has not looked at it yet',
  },
  {
    name: 'a certificate that is renewed while the old one is good',
    object: object(Certificate, {
      conditions: {
        Ready: ['True', 'Ready', 'up to date', 2],
        Issuing: ['True', 'ManuallyTriggered', 'Certificate re-issuance manually triggered'],
      },
    }),
    is: 'InProgress: is being issued (ManuallyTriggered: Certificate re-issuance manually triggered)',
  },
  {
    name: 'a certificate whose renewal failed while the old one is good',
    object: object(Certificate, {
      conditions: { Ready: ['True', 'Ready'], Issuing: ['False', 'Failed', 'The certificate request has failed'] },
    }),
    is: 'Current: a renewal has failed: The certificate request has failed',
  },
  {
    name: 'a certificate with a reason',
    object: object(Certificate, { conditions: { Ready: ['False', 'DoesNotExist', 'no Secret'] } }),
    is: 'InProgress: DoesNotExist: no Secret',
  },

  { name: 'a Kafka that no controller has observed', object: object(Kafka), is: 'InProgress: KubeDB has not looked at it yet' },
  { name: 'a Kafka that is ready', object: object(Kafka, { status: { phase: 'Ready', observedGeneration: 2 } }), is: 'Current: ' },
  {
    name: 'a Kafka that was ready before its last change',
    object: object(Kafka, { status: { phase: 'Ready', observedGeneration: 1 } }),
    is: 'InProgress: KubeDB has not looked at its latest change yet',
  },
  {
    name: 'a Kafka with a pod down',
    object: object(Kafka, { status: { phase: 'Critical' }, conditions: { ReplicaReady: ['False', 'SomeReplicasNotReady', '2 of 3'] } }),
    is: 'InProgress: phase Critical: SomeReplicasNotReady: 2 of 3',
  },
  {
    name: 'a Kafka in operation',
    object: object(Kafka, { status: { phase: 'Ready' }, conditions: { Paused: ['True', 'DatabasePaused'] } }),
    is: 'InProgress: is paused',
  },
  { name: 'a halted Kafka', object: object(Kafka, { status: { phase: 'Halted' } }), is: 'Failed: is halted' },
  {
    name: 'a Kafka whose health check is paused',
    object: object(Kafka, { status: { phase: 'Unknown' } }),
    is: 'Unknown: its health check is paused',
  },

  { name: 'a request in the queue', object: object(KafkaOpsRequest), is: 'InProgress: is waiting for its turn' },
  {
    name: 'a request at work',
    object: object(KafkaOpsRequest, {
      status: { phase: 'Progressing' },
      conditions: {
        ReconfigureTLS: ['True', 'ReconfigureTLS', 'started'],
        EvictPod: ['True', '', 'evict pod; ConditionStatus:True; PodName:orders-broker-0'],
      },
    }),
    is: 'InProgress: Progressing: evict pod; ConditionStatus:True; PodName:orders-broker-0',
  },
  { name: 'a request that is done', object: object(KafkaOpsRequest, { status: { phase: 'Successful' } }), is: 'Current: ' },
  {
    name: 'a request that failed',
    object: object(KafkaOpsRequest, { status: { phase: 'Failed' }, conditions: { Failed: ['True', 'Failed', 'timed out'] } }),
    is: 'Failed: Failed: Failed: timed out',
  },
  {
    name: 'a request that lost against a newer one',
    object: object(KafkaOpsRequest, {
      status: { phase: 'Skipped' },
      conditions: { Skipped: ['True', 'Skipped', 'skipped as demo/b is the most updated'] },
    }),
    is: 'Failed: Skipped: Skipped: skipped as demo/b is the most updated',
  },
  { name: 'a request that was denied', object: object(KafkaOpsRequest, { status: { phase: 'Denied' } }), is: 'Failed: Denied' },

  {
    name: 'a PetSet that no controller has observed',
    object: object(PetSet, { spec: { replicas: 3 } }),
    is: 'InProgress: its latest change was not looked at yet',
  },
  {
    name: 'a PetSet with a pod missing',
    object: object(PetSet, { spec: { replicas: 3 }, status: { observedGeneration: 2, readyReplicas: 2, updatedReplicas: 3 } }),
    is: 'InProgress: 2 of 3 pods are Ready',
  },
  {
    name: 'a PetSet with old pods',
    object: object(PetSet, { spec: { replicas: 3 }, status: { observedGeneration: 2, readyReplicas: 3, updatedReplicas: 1 } }),
    is: 'InProgress: 1 of 3 pods are made from the latest template',
  },
  {
    name: 'a PetSet that is complete',
    object: object(PetSet, { spec: { replicas: 3 }, status: { observedGeneration: 2, readyReplicas: 3, updatedReplicas: 3 } }),
    is: 'Current: 3 of 3 pods are Ready',
  },

  { name: 'a new pod', object: object(Pod), is: 'InProgress: is not scheduled yet' },
  {
    name: 'a pod whose volumes come',
    object: object(Pod, { status: { phase: 'Pending', ...waiting('ContainerCreating') } }),
    is: 'InProgress: is Pending',
  },
  {
    name: 'a pod that starts',
    object: object(Pod, { status: { phase: 'Running' }, conditions: { Ready: ['False', 'ContainersNotReady', 'kafka'] } }),
    is: 'InProgress: ContainersNotReady: kafka',
  },
  { name: 'a Ready pod', object: object(Pod, { status: { phase: 'Running' }, conditions: { Ready: ['True'] } }), is: 'Current: ' },
  {
    name: 'a crashing pod',
    object: object(Pod, { status: { phase: 'Running', ...waiting('CrashLoopBackOff') } }),
    is: 'Failed: cannot start: CrashLoopBackOff',
  },
  {
    name: 'a pod without its image',
    object: object(Pod, { status: { phase: 'Pending', ...waiting('ImagePullBackOff') } }),
    is: 'Failed: cannot start: ImagePullBackOff',
  },
  {
    name: 'a pod whose first container cannot start',
    object: object(Pod, {
      status: { phase: 'Pending', initContainerStatuses: [{ name: 'kafka-init', state: { waiting: { reason: 'ErrImagePull' } } }] },
    }),
    is: 'Failed: cannot start: ErrImagePull',
  },
  {
    name: 'a pod that fits nowhere',
    object: object(Pod, { status: { phase: 'Pending' }, conditions: { PodScheduled: ['False', 'Unschedulable', '0/3 nodes'] } }),
    is: 'Failed: cannot start: Unschedulable',
  },
  { name: 'a pod that ended', object: object(Pod, { status: { phase: 'Failed' } }), is: 'Failed: its containers have ended (Failed)' },
];

for (const c of cases) {
  test(`${c.name} is ${c.is.split(':')[0]}`, () => {
    const { state, reason } = statusOf(c.object);
    assert.equal(`${state}: ${reason}`, c.is);
  });
}
