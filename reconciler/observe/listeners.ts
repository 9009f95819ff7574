/** TLS handshakes with every listener of a pod. */

import type { Kafka, Pod } from '#model/kinds/index';
import type { ContainerStatus } from '#model/kinds/kubernetes';
import { type ListenerName, listenersOf, type Node, podFqdn } from '#model/kubedb';
import { KAFKA_CONTAINER } from '../model/broker-pod';
import type { Served } from '../model/observation';
import type { Dialer, Handshake } from '../ports';

export interface ListenerView {
  readonly dialer: Dialer;
  readonly kafka: Kafka;
  readonly namespace: string;
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  readonly signal?: AbortSignal | undefined;
}

/** Returns the DNS name by which a pod is reached. */
export function fqdnOf({ kafka, namespace, clusterDomain }: ListenerView, pod: Pod): string {
  return podFqdn(kafka.metadata.name, namespace, pod.metadata.name, clusterDomain);
}

/** Returns one entry for each listener of the pod's role; `trust` is the PEM of the CA certificates that the mounted Secret holds now. */
export function servedBy(view: ListenerView, pod: Pod, node: Node, trust: readonly string[]): Promise<readonly Served[]> {
  const because = whyNotAsked(pod);
  const servername = fqdnOf(view, pod);
  return Promise.all(
    listenersOf(node.role).map(async (listener): Promise<Served> => {
      if (because !== undefined) return { listener, protocol: 'unknown', because };
      return servedOn(listener, await view.dialer.handshake({ pod, listener, servername, trust }, view.signal), trust.length > 0);
    }),
  );
}

function whyNotAsked(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return 'the pod is terminating';
  return isRunning(pod) ? undefined : 'its Kafka container is not running';
}

function servedOn(listener: ListenerName, handshake: Handshake, hasTrust: boolean): Served {
  switch (handshake.protocol) {
    case 'tls':
      return {
        listener,
        protocol: 'tls',
        leaf: handshake.leaf,
        ...(handshake.untrusted === undefined ? {} : { untrusted: handshake.untrusted }),
        ...(handshake.expiredAt === undefined ? {} : { expiredAt: handshake.expiredAt }),
        // Without a CA certificate nothing can be verified.
        ...(hasTrust ? { isSignedBySecretCa: handshake.isSigned } : {}),
      };
    case 'plaintext':
      return { listener, protocol: 'plaintext' };
    case 'unknown':
      return { listener, protocol: 'unknown', because: handshake.because };
  }
}

/** Tells whether the Kafka container has been started; it need not be Ready. */
export function isRunning(pod: Pod): boolean {
  const kafka = kafkaContainer(pod);
  return kafka === undefined ? pod.status?.phase === 'Running' : kafka.state?.running !== undefined;
}

export function kafkaContainer(pod: Pod): ContainerStatus | undefined {
  return (pod.status?.containerStatuses ?? []).find((c) => c.name === KAFKA_CONTAINER);
}
