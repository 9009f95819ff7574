/** The conditions of a request, in KubeDB's words and order. */
import type { Condition, KubeObject } from '#model/kube-object';

/** One condition to be written; status, generation and time are added. */
export type Entry = Pick<Condition, 'type'> & { readonly reason?: string; readonly message: string };

export const ISSUED: readonly Entry[] = [
  action('GetCertificate', 'get certificate'),
  action('CheckReadyCondition', 'check ready condition'),
  action('IssuingCondition', 'issuing condition'),
  said('CertificateSynced', 'Successfully synced all certificates'),
];

export const RECONFIGURED: readonly Entry[] = [said('UpdatePetSets', 'successfully reconciled the Kafka with tls configuration')];

export const RESTARTED: readonly Entry[] = [said('RestartNodes', 'Successfully restarted all nodes')];

export function begun({ spec }: KubeObject): Entry {
  if (spec?.type === 'Restart') return said('Restart', 'Kafka ops-request has started to restart kafka nodes');
  return said('ReconfigureTLS', 'Kafka ops-request has started to reconfigure tls for kafka nodes');
}

/** Of a pod that was asked to go. */
export function evicted(pod: string): readonly Entry[] {
  return [actionOn(pod, 'GetPod', 'get pod'), actionOn(pod, 'EvictPod', 'evict pod')];
}

/** Of a pod whose successor is as it should be. */
export function running(pod: string): readonly Entry[] {
  return [actionOn(pod, 'CheckPodRunning', 'check pod running')];
}

export function successful({ spec }: KubeObject): Entry {
  const isRestart = spec?.type === 'Restart';
  return said('Successful', isRestart ? 'Successfully restarted kafka nodes.' : 'Successfully completed reconfigureTLS for kafka.');
}

export function failed(why: string): Entry {
  return said('Failed', why);
}

function said(type: string, message: string): Entry {
  return { type, reason: type, message };
}

function action(type: string, words: string): Entry {
  return { type, message: `${words}; ConditionStatus:True` };
}

function actionOn(pod: string, type: string, words: string): Entry {
  return { type: `${type}--${pod}`, message: `${words}; ConditionStatus:True; PodName:${pod}` };
}
