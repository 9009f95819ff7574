/** Where the listeners of pods are reached, and how a connection to them is made. */
import type { Socket } from 'node:net';
import type { KubeObject } from '#model/kube-object';
import { type ListenerName, PORTS } from '#model/kubedb';

/** Where a listener of a pod is reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Present if the address is on this machine, and the API server forwards one connection from there. */
  readonly forwarding?: Forwarding;
}

/** One connection to a port of a pod, forwarded by the API server. */
export interface Forwarding {
  /** For messages: `orders-broker-0:9092 (port-forward)`. */
  readonly name: string;
  /** Lets this socket in; every other connection to the address is refused. */
  admit(socket: Socket): void;
  /** Why the other end ended the connection, if it gave a reason. */
  readonly problem: string | undefined;
  close(): void;
}

/** Returns where a listener of a pod is reached; `fqdn` is the DNS name of the pod. Rejects with a NotForwarded, or the signal's reason. */
export type AddressOf = (pod: KubeObject, listener: ListenerName, fqdn: string, signal?: AbortSignal) => Address | Promise<Address>;

/** The address in a cluster: the DNS name of the pod and KubeDB's port of the listener. */
export const dnsAddress = (_: KubeObject, listener: ListenerName, fqdn: string): Address => ({ host: fqdn, port: PORTS[listener] });

/** A connection was not forwarded. The message is a clause that names the pod. */
export class NotForwarded extends Error {}

/** Uses an address once and closes its forwarding. If the other end gave a reason for a failure, the failure is a NotForwarded. */
export async function withForwarding<T>(address: Address, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw forwardingProblem(address) ?? error;
  } finally {
    address.forwarding?.close();
  }
}

/** Returns the failure of a forwarding, if the other end gave a reason. */
export function forwardingProblem({ forwarding }: Address): NotForwarded | undefined {
  return forwarding?.problem === undefined ? undefined : new NotForwarded(`${forwarding.name}: ${forwarding.problem}`);
}
