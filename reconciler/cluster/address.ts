/** Where the listeners of a pod are reached. */
import type { KubeObject } from '#model/kube-object';
import { type ListenerName, PORTS } from '#model/kubedb';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Returns where a listener of a pod is reached; `fqdn` is the DNS name of the pod. */
export type AddressOf = (pod: KubeObject, listener: ListenerName, fqdn: string) => Address;

/** The address in a cluster: the DNS name of the pod and KubeDB's port of the listener. */
export const dnsAddress: AddressOf = (_, listener, fqdn) => ({ host: fqdn, port: PORTS[listener] });
