/**
 * Faults on demand. An annotation on a Kafka names the pods that shall fail, separated by commas, `*` for all:
 *
 *     sandbox.kafka-tls/never-ready: orders-broker-1      the pod runs and never becomes Ready
 *     sandbox.kafka-tls/crash-loop: orders-broker-1       the pod ends as soon as it starts
 *
 * A running pod takes no notice of `crash-loop` until it is restarted; a pod that lost `never-ready` becomes Ready.
 */
import { KINDS, type KubeObject } from '../../../../constructs/model/kube-object';
import type { Cache } from '../cache';
import { kafkaNodeOf } from './kafka-node';

export const FAULTS = ['never-ready', 'crash-loop'] as const;
export type Fault = (typeof FAULTS)[number];

/** Returns what is wrong with a pod, if anything. */
export function faultOf(cache: Cache, pod: KubeObject): Fault | undefined {
  const kafka = cache.get(KINDS.Kafka, pod.metadata.namespace, kafkaNodeOf(pod)?.kafka ?? '');
  const isNamed = (text: string) => text.split(',').some((name) => name.trim() === '*' || name.trim() === pod.metadata.name);
  return FAULTS.find((fault) => isNamed(kafka?.metadata.annotations?.[`sandbox.kafka-tls/${fault}`] ?? ''));
}
