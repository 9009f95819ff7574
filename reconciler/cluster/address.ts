/** Where a pod of a Kafka is reached: under its DNS name, or at the loopback address that the sandbox writes on it. */
import type { KubeObject } from '../../constructs/model/kube-object';
import { type ListenerName, PORTS } from '../../constructs/model/kubedb';

/** Annotation of a pod of the sandbox with `<address>:<port>`; a listener's name in lower case, or `facts`, follows. */
export const ADDRESS_ANNOTATION = 'sandbox.kafka-tls/';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Returns where a listener of a pod is reached; `fqdn` is the pod's DNS name. */
export function listenerAddress(pod: KubeObject, listener: ListenerName, fqdn: string): Address {
  return loopbackAddress(pod, listener.toLowerCase()) ?? { host: fqdn, port: PORTS[listener] };
}

/** A pod's annotation may lead to this machine only: whoever may write pods must not send us anywhere else. */
export function loopbackAddress(pod: KubeObject, what: string): Address | undefined {
  const given = pod.metadata.annotations?.[`${ADDRESS_ANNOTATION}${what}`];
  const match = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost):(\d{1,5})$/.exec(given ?? '');
  const port = Number(match?.[2]);
  return match?.[1] === undefined || port > 65_535 ? undefined : { host: match[1].replace(/[[\]]/g, ''), port };
}
