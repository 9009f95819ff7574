/** TLS handshakes with every listener of a pod. */

import type { Kafka, Pod } from '#model/kinds/index';
import type { ContainerStatus } from '#model/kinds/kubernetes';
import { listenersOf, type Node, podFqdn } from '#model/kubedb';
import { KAFKA_CONTAINER } from '../model/broker-pod';
import type { Served } from '../model/observation';
import { judgeChain } from '../pki/certificates';
import type { Clock, Dialer } from '../ports';

export interface ListenerView {
  readonly dialer: Dialer;
  readonly clock: Clock;
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

/**
 * Returns one entry for each listener of the pod's role; `trust` returns the PEM of the CA certificates that the mounted Secret holds
 * now. Listeners are asked while that Secret is read.
 */
export function servedBy(view: ListenerView, pod: Pod, node: Node, trust: () => Promise<readonly string[]>): Promise<readonly Served[]> {
  const because = whyNotAsked(pod);
  const servername = fqdnOf(view, pod);
  return Promise.all(
    listenersOf(node.role).map(async (listener): Promise<Served> => {
      if (because !== undefined) return { listener, protocol: 'unknown', because };
      const handshake = await view.dialer.handshake({ pod, listener, servername }, view.signal);
      return {
        listener,
        ...(handshake.protocol === 'tls' ? judged(handshake.chain, servername, await trust(), view.clock.now()) : handshake),
      };
    }),
  );
}

type WithoutListener<T> = T extends unknown ? Omit<T, 'listener'> : never;

/** Returns what a presented chain proves. */
function judged(chain: readonly string[], servername: string, trust: readonly string[], now: Date): WithoutListener<Served> {
  const judgement = judgeChain(chain, servername, trust, now);
  if ('unreadable' in judgement) return { protocol: 'unknown', because: `its certificate cannot be read: ${judgement.unreadable}` };
  const { isSigned, ...served } = judgement;
  // Without a CA certificate nothing can be verified.
  return { protocol: 'tls', ...served, ...(trust.length === 0 ? {} : { isSignedBySecretCa: isSigned }) };
}

function whyNotAsked(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return 'the pod is terminating';
  return isRunning(pod) ? undefined : 'its Kafka container is not running';
}

/** Tells whether the Kafka container has been started; it need not be Ready. */
export function isRunning(pod: Pod): boolean {
  const kafka = kafkaContainer(pod);
  return kafka === undefined ? pod.status?.phase === 'Running' : kafka.state?.running !== undefined;
}

export function kafkaContainer(pod: Pod): ContainerStatus | undefined {
  return (pod.status?.containerStatuses ?? []).find((c) => c.name === KAFKA_CONTAINER);
}
