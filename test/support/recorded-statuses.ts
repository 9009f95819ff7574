/** Statuses of Kafkas and KafkaOpsRequests as KubeDB writes them, and what Argo CD and Flux are to make of each. */
import { KINDS, type KubeObject } from '#model/kube-object';
import { PAUSE_REASON } from '#model/names';
import type { CelHealth } from './cel-health';
import type { LuaHealth } from './lua-health';

export interface RecordedStatus {
  readonly name: string;
  readonly object: KubeObject;
  readonly argo: LuaHealth;
  readonly flux: CelHealth;
}

const TIME = '2026-11-23T09:00:00Z';

function condition(type: string, status: 'True' | 'False', reason?: string, message?: string): object {
  return { type, status, observedGeneration: 1, lastTransitionTime: TIME, ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}

const STARTED = condition(
  'ProvisioningStarted',
  'True',
  'DatabaseProvisioningStartedSuccessfully',
  'The KubeDB operator has started the provisioning of Kafka: demo/orders',
);
const PROVISIONED = condition(
  'Provisioned',
  'True',
  'DatabaseSuccessfullyProvisioned',
  'The Kafka: demo/orders is successfully provisioned.',
);
const ACCEPTS = condition(
  'AcceptingConnection',
  'True',
  'DatabaseAcceptingConnectionRequest',
  'The Kafka: demo/orders is accepting client requests',
);
const REFUSES = condition(
  'AcceptingConnection',
  'False',
  'DatabaseNotAcceptingConnectionRequest',
  'The Kafka: demo/orders is not accepting client requests',
);
const REPLICAS = condition('ReplicaReady', 'True', 'AllReplicasReady', 'All desired replicas are ready.');
const SHORT_OF = 'PetSet orders-broker: desired replicas: 3, ready replicas: 2';
const SHORT = condition('ReplicaReady', 'False', 'SomeReplicasNotReady', SHORT_OF);
const READY = condition('Ready', 'True', 'ReadinessCheckSucceeded', 'The Kafka: demo/orders is ready.');
const UNREADY = condition('Ready', 'False', 'ReadinessCheckFailed', 'The Kafka: demo/orders is not ready.');
const HALTED = condition('Halted', 'True', 'DatabaseHaltedSuccessfully', 'The Kafka: demo/orders is halted.');
const PAUSED_BY_US = condition('Paused', 'True', PAUSE_REASON, 'for KafkaOpsRequest/demo/orders-tls-c2f3a440');
const PAUSED_BY_KUBEDB = condition('Paused', 'True', 'DatabasePaused');

function kafka(status: object | undefined, generation = 1): KubeObject {
  return {
    apiVersion: KINDS.Kafka.apiVersion,
    kind: KINDS.Kafka.kind,
    metadata: { name: 'orders', namespace: 'demo', generation },
    spec: { version: '4.2.0' },
    ...(status === undefined ? {} : { status }),
  };
}

function reported(phase: string, ...conditions: readonly object[]): object {
  return { phase, observedGeneration: 1, conditions };
}

function request(status: object | undefined, type = 'ReconfigureTLS'): KubeObject {
  return {
    apiVersion: KINDS.KafkaOpsRequest.apiVersion,
    kind: KINDS.KafkaOpsRequest.kind,
    metadata: { name: 'orders-tls-c2f3a440', namespace: 'demo', generation: 1 },
    spec: { type, databaseRef: { name: 'orders' } },
    ...(status === undefined ? {} : { status }),
  };
}

const BEGUN = condition('ReconfigureTLS', 'True', 'ReconfigureTLS', 'Kafka ops-request has started to reconfigure tls for kafka nodes');
const EVICTED = condition(
  'EvictPod--orders-controller-0',
  'True',
  undefined,
  'evict pod; ConditionStatus:True; PodName:orders-controller-0',
);
const DONE = condition('Successful', 'True', 'Successful', 'Successfully completed reconfigureTLS for kafka.');
const FAILED = condition('Failed', 'True', 'Failed', 'there are no certificates to rotate: TLS is off');
const SKIP = 'skipped as demo/orders-tls-rotate is the most updated KafkaOpsRequest of type ReconfigureTLS at 2026-11-23T09:00:00Z';

const argo = (status: string, message: string): LuaHealth => ({ status, message });

export const KAFKAS: readonly RecordedStatus[] = [
  {
    name: 'one that was just created',
    object: kafka(undefined),
    argo: argo('Progressing', 'KubeDB has not reported on it yet'),
    flux: 'InProgress',
  },
  {
    name: 'one without a phase',
    object: kafka({ conditions: [] }),
    argo: argo('Progressing', 'KubeDB has not reported on it yet'),
    flux: 'InProgress',
  },
  {
    name: 'Provisioning',
    object: kafka(reported('Provisioning', STARTED, SHORT)),
    argo: argo('Progressing', `Provisioning: ${SHORT_OF}`),
    flux: 'InProgress',
  },
  {
    name: 'Ready',
    object: kafka(reported('Ready', STARTED, REPLICAS, ACCEPTS, READY, PROVISIONED)),
    argo: argo('Healthy', 'Ready'),
    flux: 'Current',
  },
  {
    name: 'Ready, without a word on the generation',
    object: kafka({ phase: 'Ready' }),
    argo: argo('Healthy', 'Ready'),
    flux: 'Current',
  },
  {
    name: 'Ready, its latest change not looked at',
    object: kafka(reported('Ready', REPLICAS, ACCEPTS, READY, PROVISIONED), 2),
    argo: argo('Progressing', 'KubeDB has not acted on the latest change yet'),
    flux: 'InProgress',
  },
  {
    name: 'Ready and paused: an operation begins',
    object: kafka(reported('Ready', REPLICAS, ACCEPTS, READY, PROVISIONED, PAUSED_BY_US)),
    argo: argo('Progressing', 'Ready (paused: for KafkaOpsRequest/demo/orders-tls-c2f3a440)'),
    flux: 'InProgress',
  },
  {
    name: 'Critical: a replica is missing',
    object: kafka(reported('Critical', SHORT, ACCEPTS, UNREADY, PROVISIONED)),
    argo: argo('Degraded', `Critical: ${SHORT_OF}`),
    flux: 'InProgress',
  },
  {
    name: 'Critical and paused: a pod restarts',
    object: kafka(reported('Critical', SHORT, ACCEPTS, UNREADY, PROVISIONED, PAUSED_BY_KUBEDB), 2),
    argo: argo('Progressing', `Critical: ${SHORT_OF} (paused: DatabasePaused)`),
    flux: 'InProgress',
  },
  {
    name: 'NotReady: no client is served',
    object: kafka(reported('NotReady', REFUSES, REPLICAS, UNREADY, PROVISIONED)),
    argo: argo('Degraded', 'NotReady: The Kafka: demo/orders is not accepting client requests'),
    flux: 'Failed',
  },
  {
    name: 'NotReady and paused: the outage of a cut-over',
    object: kafka(reported('NotReady', REFUSES, SHORT, UNREADY, PROVISIONED, PAUSED_BY_US)),
    argo: argo(
      'Progressing',
      'NotReady: The Kafka: demo/orders is not accepting client requests (paused: for KafkaOpsRequest/demo/orders-tls-c2f3a440)',
    ),
    flux: 'InProgress',
  },
  {
    name: 'Ready, no longer paused',
    object: kafka(reported('Ready', READY, PROVISIONED, { ...PAUSED_BY_US, status: 'False' })),
    argo: argo('Healthy', 'Ready'),
    flux: 'Current',
  },
  {
    name: 'Halted',
    object: kafka(reported('Halted', PROVISIONED, HALTED)),
    argo: argo('Suspended', 'Halted'),
    flux: 'Current',
  },
  {
    name: 'Unknown: its health is not looked at',
    object: kafka(reported('Unknown', PROVISIONED)),
    argo: argo('Progressing', 'Unknown'),
    flux: 'InProgress',
  },
];

export const REQUESTS: readonly RecordedStatus[] = [
  {
    name: 'one that was just created',
    object: request(undefined),
    argo: argo('Progressing', 'ReconfigureTLS: Pending'),
    flux: 'InProgress',
  },
  {
    name: 'Pending',
    object: request({ phase: 'Pending' }, 'Restart'),
    argo: argo('Progressing', 'Restart: Pending'),
    flux: 'InProgress',
  },
  {
    name: 'Progressing',
    object: request({ phase: 'Progressing', conditions: [BEGUN, EVICTED] }),
    argo: argo('Progressing', 'ReconfigureTLS: Progressing: evict pod; ConditionStatus:True; PodName:orders-controller-0'),
    flux: 'InProgress',
  },
  {
    name: 'Successful',
    object: request({ phase: 'Successful', observedGeneration: 1, conditions: [BEGUN, EVICTED, DONE] }),
    argo: argo('Healthy', 'ReconfigureTLS: Successful: Successfully completed reconfigureTLS for kafka.'),
    flux: 'Current',
  },
  {
    name: 'Failed',
    object: request({ phase: 'Failed', conditions: [BEGUN, FAILED] }),
    argo: argo('Degraded', 'ReconfigureTLS: Failed: there are no certificates to rotate: TLS is off'),
    flux: 'Failed',
  },
  {
    name: 'Skipped',
    object: request({ phase: 'Skipped', conditions: [condition('Skipped', 'True', 'Skipped', SKIP)] }),
    argo: argo('Degraded', `ReconfigureTLS: Skipped: ${SKIP}`),
    flux: 'Failed',
  },
  { name: 'Denied', object: request({ phase: 'Denied' }), argo: argo('Degraded', 'ReconfigureTLS: Denied'), flux: 'Failed' },
  {
    name: 'WaitingForApproval',
    object: request({ phase: 'WaitingForApproval' }),
    argo: argo('Suspended', 'ReconfigureTLS: WaitingForApproval'),
    flux: 'InProgress',
  },
  { name: 'Approved', object: request({ phase: 'Approved' }), argo: argo('Progressing', 'ReconfigureTLS: Approved'), flux: 'InProgress' },
];
