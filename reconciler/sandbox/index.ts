/**
 * A cluster inside this process: a Kubernetes API, and stand-ins for the controllers that a Kafka with TLS needs.
 *
 *     api/                          the API: an in-process handler, and HTTPS in front of it on demand
 *     client.ts                     a small Kubernetes client, the stand-ins' only way to the API
 *     stand-ins/                    `stand-ins.ts` puts them together
 *       cache.ts controller.ts      a watched copy of the cluster; the loop that every stand-in runs in
 *       kubernetes/                 kubelet, PetSet and disruption controllers
 *       kubedb/                     provisioner and, if wanted, ops-manager
 *       cert-manager/  pki/         issuers, certificates, requests; keys, X.509, Java key stores
 *       kafka/                      running processes: listeners, and a model of connections between nodes and of replicas
 *
 * A pod loads its certificates when it starts, and again when an administrator of Kafka asks for it, and serves them: over real TLS on 127.0.0.1, or, with listeners in
 * memory, to callers of `dial`. Readiness, quorum and in-sync replicas follow from the connections that the certificates allow. A change of
 * protocol or CA that is rolled out pod by pod therefore has the same effects as in a real cluster.
 *
 * All time comes from the given clock, so that tests control it. Nothing runs before `start` and nothing is left after `stop`. Callers may rely
 * on the list in `test/sandbox/contract.test.ts`. The sandbox schedules no pods, pulls no images, stores no data, answers no Kafka request but
 * ApiVersions (facts of brokers are served as JSON), and has the self-signed and the CA issuer of cert-manager only.
 */
import type { ListenerName } from '#model/kubedb';
import { type Api, type ApiOptions, createApi } from './api/api';
import { serveApi } from './api/http';
import { Client } from './client';
import type { Administration } from './stand-ins/kafka/administration';
import type { DataLosses, KafkaFacts } from './stand-ins/kafka/processes';
import { createStandIns, type Dialed, type StandInsOptions } from './stand-ins/stand-ins';

export type { Timing } from './stand-ins/context';
export type { KafkaFacts } from './stand-ins/kafka/processes';
export type { Dialed } from './stand-ins/stand-ins';

export interface SandboxOptions extends Omit<StandInsOptions, 'without'> {
  /** Options of the API, such as kinds that are not installed and requests that are denied. */
  readonly api?: Omit<ApiOptions, 'now'>;
}

export interface Sandbox {
  /** The API, in process. */
  readonly api: Api;
  /** A client of the API with the manager `sandbox-user`. */
  readonly client: Client;
  /** Starts the stand-ins. When this resolves, they have read all objects. */
  start(): Promise<void>;
  /** Ends the stand-ins, their listeners and all their timers. */
  stop(): Promise<void>;
  /** Puts HTTPS on 127.0.0.1 in front of the API. */
  serve(): Promise<{ readonly kubeconfig: string; readonly url: string; close(): Promise<void> }>;
  /** Returns the certificates that a listener serves now, or undefined if nothing listens. */
  dial(namespace: string, pod: string, listener: ListenerName): Dialed | undefined;
  /** Returns the facts that a Kafka's brokers would report, or undefined if none runs. */
  facts(namespace: string, kafka: string): KafkaFacts | undefined;
  /** Tells whether producers with acks=all get an answer for every partition of a Kafka. */
  acknowledges(namespace: string, kafka: string): boolean;
  /** What administrators can ask of Kafka nodes. */
  readonly administration: Administration;
  /** Returns how often a Kafka has lost data. */
  losses(namespace: string, kafka: string): DataLosses;
}

/** Returns a sandbox. Its API answers at once; its stand-ins have to be started. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock } = options;
  const api = createApi({ now: () => clock.now(), ...options.api });
  const client = new Client({ send: (request) => api.handle(request), manager: 'sandbox-user' });
  const standIns = createStandIns((request) => api.handle(request), options);
  return {
    api,
    client,
    start: () => standIns.start(),
    stop: async () => standIns.stop(),
    serve: () => serveApi(api),
    dial: standIns.dial,
    administration: standIns.administration,
    facts: standIns.facts,
    acknowledges: standIns.acknowledges,
    losses: standIns.losses,
  };
}
