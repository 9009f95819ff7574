/** The conditions of a request, with KubeDB's texts and in KubeDB's order. */
import type { KafkaOpsRequest } from '#model/kinds/index';
import type { Condition } from '#model/kube-object';

/** A condition without status, generation and time. */
export type Entry = Pick<Condition, 'type'> & { readonly reason?: string; readonly message: string };

export const ISSUED: readonly Entry[] = [
  action('GetCertificate', 'get certificate'),
  action('CheckReadyCondition', 'check ready condition'),
  action('IssuingCondition', 'issuing condition'),
  condition('CertificateSynced', 'Successfully synced all certificates'),
];

export const RECONFIGURED: readonly Entry[] = [condition('UpdatePetSets', 'successfully reconciled the Kafka with tls configuration')];

export const RESTARTED: readonly Entry[] = [condition('RestartNodes', 'Successfully restarted all nodes')];

export function begun({ spec }: KafkaOpsRequest): Entry {
  if (spec.type === 'Restart') return condition('Restart', 'Kafka ops-request has started to restart kafka nodes');
  return condition('ReconfigureTLS', 'Kafka ops-request has started to reconfigure tls for kafka nodes');
}

/** Conditions of an evicted pod. */
export function evicted(pod: string): readonly Entry[] {
  return [actionOn(pod, 'GetPod', 'get pod'), actionOn(pod, 'EvictPod', 'evict pod')];
}

/** Conditions of a pod whose successor is as desired. */
export function running(pod: string): readonly Entry[] {
  return [actionOn(pod, 'CheckPodRunning', 'check pod running')];
}

export function successful({ spec }: KafkaOpsRequest): Entry {
  const isRestart = spec.type === 'Restart';
  return condition('Successful', isRestart ? 'Successfully restarted kafka nodes.' : 'Successfully completed reconfigureTLS for kafka.');
}

export function failed(why: string): Entry {
  return condition('Failed', why);
}

function condition(type: string, message: string): Entry {
  return { type, reason: type, message };
}

function action(type: string, words: string): Entry {
  return { type, message: `${words}; ConditionStatus:True` };
}

function actionOn(pod: string, type: string, words: string): Entry {
  return { type: `${type}--${pod}`, message: `${words}; ConditionStatus:True; PodName:${pod}` };
}
