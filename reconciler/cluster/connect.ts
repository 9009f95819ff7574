/**
 * The outside, ready to use: from flags and environment to the ports of the core.
 *
 *     kube-config.ts  which cluster, as which user    kubeconfig/, credentials/, proxy/
 *     http.ts         requests over sockets           dial.ts         TLS handshakes with listeners
 *     kube.ts         Kubernetes in raw JSON          lease.ts        one run for each Kafka
 *     requests.ts     deadlines and retries           write-guard.ts  no writes
 *     watch.ts        lists that stay up to date      events.ts       Kubernetes Events of a run
 *     address.ts      where listeners are reached     port-forward/   from outside of the cluster
 *     kafka-facts.ts  facts from the brokers: kafka-broker.ts one conversation
 *     kafka-admin.ts  settings of nodes, and key stores that they load again
 *                     kafka-access.ts how to connect to a node, kafka-connection.ts one connection,
 *                     secret-memory.ts what a connection needs, broker-problem.ts why a node did not answer
 *
 * Nothing here decides anything. API failures become errors in `api-error.ts`, and nowhere else.
 */
import type { Clock, Cluster } from '../ports';
import type { AddressOf } from './address';
import { kubeCluster } from './kube';
import { type KubeConfigOptions, loadConnection } from './kube-config';

export interface ConnectOptions extends KubeConfigOptions {
  readonly clock: Clock;
  /** @default - the namespace of the context */
  readonly namespace?: string | undefined;
}

export interface Connected {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** The API server's address. */
  readonly server: string;
  readonly isInPod: boolean;
  /** Reaches listeners through the API server. */
  readonly forwarded: AddressOf;
  /** Closes connections and ends pending retries, so that the process can end. */
  close(): void;
}

/** Returns a cluster behind the chosen kubeconfig; nothing is sent yet. */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const { transport, namespace, isInPod } = await loadConnection(options);
  const closed = new AbortController();
  const { clock, stderr = () => undefined } = options;
  const forwarding = memoized(async () => (await import('./port-forward/forward.js')).forwardedAddress({ transport, stderr }));
  // The first failure of parallel reads ends the command: the others must not go on with their retries.
  const sleep: Clock['sleep'] = (ms, signal) =>
    clock.sleep(ms, signal === undefined ? closed.signal : AbortSignal.any([closed.signal, signal]));
  return {
    cluster: kubeCluster(transport, { now: () => clock.now(), monotonicMs: () => clock.monotonicMs(), sleep }),
    namespace: options.namespace ?? namespace,
    server: transport.server,
    isInPod,
    forwarded: async (...at) => (await forwarding())(...at),
    close: () => {
      closed.abort();
      transport.close();
    },
  };
}

/** Calls `make` at the first use only. */
function memoized<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
