/**
 * A cluster inside this process: a Kubernetes API, and stand-ins for the controllers that a Kafka with TLS needs.
 *
 *     api/                          the API: an in-process handler, HTTPS in front of it on demand
 *     client.ts                     plain Kubernetes HTTP, all that a stand-in knows of the API
 *     stand-ins/                    `stand-ins.ts` puts them together
 *       cache.ts controller.ts      a watched copy of the cluster; the loop that every stand-in runs in
 *       kubernetes/                 kubelet, PetSet and disruption controllers
 *       kubedb/                     provisioner and, if wanted, ops-manager
 *       cert-manager/  pki/         issuers, certificates, requests; keys, X.509, Java key stores
 *       kafka/                      running processes: listeners, and a model of who can talk to whom and who has caught up
 *
 * A pod loads its certificates when it starts and serves those until it is restarted: over real TLS on 127.0.0.1, or, with listeners in
 * memory, to whoever calls `dial`. Readiness, quorum and in-sync replicas follow from who can talk to whom, so that a change of protocol
 * or CA that is rolled out pod by pod does here what it does in a real cluster.
 *
 * All time comes from the given clock, so a test owns it; nothing runs before `start` and nothing is left after `stop`. It is an imitation:
 * `test/sandbox/contract.test.ts` lists what the API may be relied on for. It schedules nothing, pulls no images, stores no data,
 * speaks no Kafka beyond ApiVersions (what brokers would say of themselves is served beside them as JSON), and knows of cert-manager the
 * self-signed and the CA issuer only.
 */
import type { ListenerName } from '#model/kubedb';
import { type Api, type ApiOptions, createApi } from './api/api';
import { serveApi } from './api/http';
import { Client } from './client';
import type { DataLosses, KafkaFacts } from './stand-ins/kafka/processes';
import { createStandIns, type Dialed, type StandInsOptions } from './stand-ins/stand-ins';

export type { Timing } from './stand-ins/context';
export type { KafkaFacts } from './stand-ins/kafka/processes';
export { pooledKeys } from './stand-ins/pki/keys';
export type { Dialed } from './stand-ins/stand-ins';

export interface SandboxOptions extends Omit<StandInsOptions, 'without'> {
  /** More about the API: what is not installed, what is forbidden. */
  readonly api?: Omit<ApiOptions, 'now'>;
}

export interface Sandbox {
  /** The API, in process. */
  readonly api: Api;
  /** A user's way to it. */
  readonly client: Client;
  /** Starts the stand-ins; they have seen everything that is there when this resolves. */
  start(): Promise<void>;
  /** Ends the stand-ins, their listeners and all their timers. */
  stop(): Promise<void>;
  /** Puts HTTPS on 127.0.0.1 in front of the API. */
  serve(): Promise<{ readonly kubeconfig: string; readonly url: string; close(): Promise<void> }>;
  /** Returns what a listener serves right now, or undefined when nobody listens. */
  dial(namespace: string, pod: string, listener: ListenerName): Dialed | undefined;
  /** Returns what Kafka would say of itself, or undefined when nothing of it runs. */
  facts(namespace: string, kafka: string): KafkaFacts | undefined;
  /** How often a Kafka has lost data. */
  losses(namespace: string, kafka: string): DataLosses;
}

/** Returns a sandbox that is not started yet; its API answers already. */
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
    facts: standIns.facts,
    losses: standIns.losses,
  };
}
