/** Statuses of Kafkas and KafkaOpsRequests as KubeDB writes them, and the health that Argo CD and Flux must report for each. */
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

type Health = Pick<RecordedStatus, 'argo' | 'flux'>;

function condition(type: string, status: 'True' | 'False', reason?: string, message?: string): object {
  const rest = { ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
  return { type, status, observedGeneration: 1, lastTransitionTime: '2026-11-23T09:00:00Z', ...rest };
}

const KAFKA = 'The Kafka: demo/orders is';
const STARTED = condition(
  'ProvisioningStarted',
  'True',
  'DatabaseProvisioningStartedSuccessfully',
  'The KubeDB operator has started the provisioning of Kafka: demo/orders',
);
const PROVISIONED = condition('Provisioned', 'True', 'DatabaseSuccessfullyProvisioned', `${KAFKA} successfully provisioned.`);
const ACCEPTS = condition('AcceptingConnection', 'True', 'DatabaseAcceptingConnectionRequest', `${KAFKA} accepting client requests`);
const REFUSES = condition(
  'AcceptingConnection',
  'False',
  'DatabaseNotAcceptingConnectionRequest',
  `${KAFKA} not accepting client requests`,
);
const REPLICAS = condition('ReplicaReady', 'True', 'AllReplicasReady', 'All desired replicas are ready.');
const SHORT_OF = 'PetSet orders-broker: desired replicas: 3, ready replicas: 2';
const SHORT = condition('ReplicaReady', 'False', 'SomeReplicasNotReady', SHORT_OF);
const READY = condition('Ready', 'True', 'ReadinessCheckSucceeded', `${KAFKA} ready.`);
const UNREADY = condition('Ready', 'False', 'ReadinessCheckFailed', `${KAFKA} not ready.`);
const HALTED = condition('Halted', 'True', 'DatabaseHaltedSuccessfully', `${KAFKA} halted.`);
const PAUSED_BY_US = condition('Paused', 'True', PAUSE_REASON, 'for KafkaOpsRequest/demo/orders-tls-c2f3a440');
const PAUSED_BY_KUBEDB = condition('Paused', 'True', 'DatabasePaused');
const SERVING = [REPLICAS, ACCEPTS, READY, PROVISIONED];

function kafka(name: string, status: object | undefined, [argo, message, flux]: Judged, generation = 1): RecordedStatus {
  const { apiVersion, kind } = KINDS.Kafka;
  const metadata = { name: 'orders', namespace: 'demo', generation };
  const object = { apiVersion, kind, metadata, spec: { version: '4.2.0' }, ...(status === undefined ? {} : { status }) };
  return { name, object, ...judged(argo, message, flux) };
}

function request(name: string, status: object | undefined, [argo, message, flux]: Judged, type = 'ReconfigureTLS'): RecordedStatus {
  const { apiVersion, kind } = KINDS.KafkaOpsRequest;
  const metadata = { name: 'orders-tls-c2f3a440', namespace: 'demo', generation: 1 };
  const spec = { type, databaseRef: { name: 'orders' } };
  const object = { apiVersion, kind, metadata, spec, ...(status === undefined ? {} : { status }) };
  return { name, object, ...judged(argo, `${type}: ${message}`, flux) };
}

/** Status and message in Argo CD, status in Flux. */
type Judged = readonly [argo: string, message: string, flux: CelHealth];

function judged(status: string, message: string, flux: CelHealth): Health {
  return { argo: { status, message }, flux };
}

function reported(phase: string, ...conditions: readonly object[]): object {
  return { phase, observedGeneration: 1, conditions };
}

const UNREPORTED = ['Progressing', 'KubeDB has not reported on it yet', 'InProgress'] as const;
const HEALTHY = ['Healthy', 'Ready', 'Current'] as const;
const NOT_ACCEPTING = `NotReady: ${KAFKA} not accepting client requests`;

export const KAFKAS: readonly RecordedStatus[] = [
  kafka('one that was just created', undefined, UNREPORTED),
  kafka('one without a phase', { conditions: [] }, UNREPORTED),
  kafka('Provisioning', reported('Provisioning', STARTED, SHORT), ['Progressing', `Provisioning: ${SHORT_OF}`, 'InProgress']),
  kafka('Ready', reported('Ready', STARTED, ...SERVING), HEALTHY),
  kafka('Ready, without an observed generation', { phase: 'Ready' }, HEALTHY),
  kafka(
    'Ready, its latest change not observed',
    reported('Ready', ...SERVING),
    ['Progressing', 'KubeDB has not acted on the latest change yet', 'InProgress'],
    2,
  ),
  kafka('Ready and paused: an operation begins', reported('Ready', ...SERVING, PAUSED_BY_US), [
    'Progressing',
    'Ready (paused: for KafkaOpsRequest/demo/orders-tls-c2f3a440)',
    'InProgress',
  ]),
  kafka('Critical: a replica is missing', reported('Critical', SHORT, ACCEPTS, UNREADY, PROVISIONED), [
    'Degraded',
    `Critical: ${SHORT_OF}`,
    'InProgress',
  ]),
  kafka(
    'Critical and paused: a pod restarts',
    reported('Critical', SHORT, ACCEPTS, UNREADY, PROVISIONED, PAUSED_BY_KUBEDB),
    ['Progressing', `Critical: ${SHORT_OF} (paused: DatabasePaused)`, 'InProgress'],
    2,
  ),
  kafka('NotReady: no client is served', reported('NotReady', REFUSES, REPLICAS, UNREADY, PROVISIONED), [
    'Degraded',
    NOT_ACCEPTING,
    'Failed',
  ]),
  kafka('NotReady and paused: the outage of a cut-over', reported('NotReady', REFUSES, SHORT, UNREADY, PROVISIONED, PAUSED_BY_US), [
    'Progressing',
    `${NOT_ACCEPTING} (paused: for KafkaOpsRequest/demo/orders-tls-c2f3a440)`,
    'InProgress',
  ]),
  kafka('Ready, no longer paused', reported('Ready', READY, PROVISIONED, { ...PAUSED_BY_US, status: 'False' }), HEALTHY),
  kafka('Halted', reported('Halted', PROVISIONED, HALTED), ['Suspended', 'Halted', 'Current']),
  kafka('Unknown: its health is not checked', reported('Unknown', PROVISIONED), ['Progressing', 'Unknown', 'InProgress']),
];

const BEGUN = condition('ReconfigureTLS', 'True', 'ReconfigureTLS', 'Kafka ops-request has started to reconfigure tls for kafka nodes');
const EVICTING = 'evict pod; ConditionStatus:True; PodName:orders-controller-0';
const EVICTED = condition('EvictPod--orders-controller-0', 'True', undefined, EVICTING);
const SUCCESS = 'Successfully completed reconfigureTLS for kafka.';
const FAILURE = 'there are no certificates to rotate: TLS is off';
const SKIP = 'skipped as demo/orders-tls-rotate is the most updated KafkaOpsRequest of type ReconfigureTLS at 2026-11-23T09:00:00Z';

export const REQUESTS: readonly RecordedStatus[] = [
  request('one that was just created', undefined, ['Progressing', 'Pending', 'InProgress']),
  request('Pending', { phase: 'Pending' }, ['Progressing', 'Pending', 'InProgress'], 'Restart'),
  request('Progressing', { phase: 'Progressing', conditions: [BEGUN, EVICTED] }, ['Progressing', `Progressing: ${EVICTING}`, 'InProgress']),
  request(
    'Successful',
    { phase: 'Successful', observedGeneration: 1, conditions: [BEGUN, EVICTED, condition('Successful', 'True', 'Successful', SUCCESS)] },
    ['Healthy', `Successful: ${SUCCESS}`, 'Current'],
  ),
  request('Failed', { phase: 'Failed', conditions: [BEGUN, condition('Failed', 'True', 'Failed', FAILURE)] }, [
    'Degraded',
    `Failed: ${FAILURE}`,
    'Failed',
  ]),
  request('Skipped', { phase: 'Skipped', conditions: [condition('Skipped', 'True', 'Skipped', SKIP)] }, [
    'Degraded',
    `Skipped: ${SKIP}`,
    'Failed',
  ]),
  request('Denied', { phase: 'Denied' }, ['Degraded', 'Denied', 'Failed']),
  request('WaitingForApproval', { phase: 'WaitingForApproval' }, ['Suspended', 'WaitingForApproval', 'InProgress']),
  request('Approved', { phase: 'Approved' }, ['Progressing', 'Approved', 'InProgress']),
];
