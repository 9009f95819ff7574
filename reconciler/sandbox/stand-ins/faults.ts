/**
 * Faults on demand, asked for by annotation, so that users can rehearse them, too.
 *
 *     on a Kafka, naming pods separated by commas, `*` for all
 *       sandbox.kafka-tls/never-ready: orders-broker-1      the pod runs and never becomes Ready
 *       sandbox.kafka-tls/crash-loop: orders-broker-1       the pod ends as soon as it starts
 *       sandbox.kafka-tls/behind: orders-broker-1           its replicas are out of sync, and as a controller it has not caught up
 *     on an Issuer or ClusterIssuer
 *       sandbox.kafka-tls/issuance-takes: 3m                a certificate takes this long
 *       sandbox.kafka-tls/issuance-fails: no quota left     none is issued, for this reason
 *
 * A running pod takes no notice of `crash-loop` until it is restarted; what the others do ends when the annotation does.
 */
import { goDurationMs } from '../../../constructs/model/go-duration';
import { KINDS, type KubeObject } from '../../../constructs/model/kube-object';
import type { Cache } from './cache';
import { kafkaNodeOf } from './kubernetes/kafka-node';

const PREFIX = 'sandbox.kafka-tls/';

export type PodFault = 'never-ready' | 'crash-loop' | 'behind';

/** Tells whether this is to be wrong with a pod. */
export function hasPodFault(fault: PodFault, cache: Cache, pod: KubeObject): boolean {
  const kafka = cache.get(KINDS.Kafka, pod.metadata.namespace, kafkaNodeOf(pod)?.kafka ?? '');
  const isNamed = (text: string) => text.split(',').some((name) => name.trim() === '*' || name.trim() === pod.metadata.name);
  return isNamed(kafka?.metadata.annotations?.[`${PREFIX}${fault}`] ?? '');
}

/** Returns how long an issuer takes for a certificate, and why it issues none. */
export function issuerFaultOf({ metadata }: KubeObject): { readonly takesMs?: number | undefined; readonly failure?: string | undefined } {
  const annotations = metadata.annotations ?? {};
  const failure = annotations[`${PREFIX}issuance-fails`] ?? '';
  return { takesMs: goDurationMs(annotations[`${PREFIX}issuance-takes`] ?? ''), failure: failure === '' ? undefined : failure };
}
