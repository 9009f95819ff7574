/**
 * The outside, ready to use: from flags and environment to the ports of the core.
 *
 *     kube-config.ts  which cluster, as whom          kubeconfig/, credentials/, proxy/
 *     http.ts         requests over sockets           dial.ts     handshakes with listeners
 *     kube.ts         Kubernetes in raw JSON          lease.ts    one run a Kafka
 *     watch.ts        lists that stay up to date      guarded.ts  no writes
 *     kafka-facts.ts  Kafka's own facts: kafka-access.ts how brokers are spoken to, kafka-broker.ts one conversation with one
 *     address.ts      where a pod is reached
 *
 * Nothing here decides anything. API failures become errors in `api-error.ts`, and nowhere else.
 */
import type { Clock, Cluster } from '../ports';
import { kubeCluster } from './kube';
import { type KubeConfigOptions, loadConnection } from './kube-config';

export interface ConnectOptions extends KubeConfigOptions {
  readonly clock: Clock;
  /** Default: the namespace of the context. */
  readonly namespace?: string | undefined;
}

export interface Connected {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** The API server's address. */
  readonly server: string;
  readonly isInPod: boolean;
  /** Lets go of connections and of whatever is still being asked, so that the process can end. */
  close(): void;
}

/** Returns a cluster behind the chosen kubeconfig; nothing is sent yet. */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const { transport, namespace, isInPod } = await loadConnection(options);
  const closed = new AbortController();
  return {
    cluster: kubeCluster(transport, endedBy(closed.signal, options.clock)),
    namespace: options.namespace ?? namespace,
    server: transport.server,
    isInPod,
    close: () => {
      closed.abort();
      transport.close();
    },
  };
}

/** Once nobody waits for an answer any more, nothing is asked again: the first failure of reads side by side ends the command. */
function endedBy(closed: AbortSignal, clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal === undefined ? closed : AbortSignal.any([closed, signal])),
  };
}
