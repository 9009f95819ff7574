/**
 * A cluster inside this process: a Kubernetes API, and stand-ins for the controllers that a Kafka with TLS needs.
 *
 *     api/                          the API: an in-process handler, HTTPS in front of it on demand
 *     client.ts                     plain Kubernetes HTTP, all that a stand-in knows of the API
 *     stand-ins/
 *       cache.ts controller.ts      a watched copy of the cluster; the loop that every stand-in runs in
 *       kubernetes/                 kubelet, PetSet and disruption controllers
 *       kubedb/                     provisioner and, if wanted, ops-manager
 *       cert-manager/  pki/         issuers, certificates, requests; keys, X.509, Java key stores
 *       kafka/                      running processes: listeners, and a model of who can talk to whom
 *
 * A pod loads its certificates when it starts and serves those until it is restarted: over real TLS on 127.0.0.1, or, with listeners in
 * memory, to whoever calls `dial`. Readiness, quorum and in-sync replicas follow from who can talk to whom, so that a change of protocol
 * or CA that is rolled out pod by pod does here what it does in a real cluster.
 *
 * All time comes from the given clock, so a test owns it; nothing runs before `start` and nothing is left after `stop`. It is an imitation:
 * `test/sandbox/contract.test.ts` lists what the API may be relied on for. It schedules nothing, pulls no images, stores no data, speaks
 * no Kafka beyond ApiVersions, and knows of cert-manager the self-signed and the CA issuer only.
 */
import type { KubeObject } from '../../constructs/model/kube-object';
import { KINDS } from '../../constructs/model/kube-object';
import { type ListenerName, listenersOf } from '../../constructs/model/kubedb';
import { type Api, type ApiOptions, createApi } from './api/api';
import { serveApi } from './api/http';
import { Client, type Send } from './client';
import type { Clock } from './clock';
import { Cache } from './stand-ins/cache';
import { certManager } from './stand-ins/cert-manager/cert-manager';
import { type Controller, type Loop, runController } from './stand-ins/controller';
import { type KafkaFacts, KafkaProcesses } from './stand-ins/kafka/processes';
import { type OpsManagerOptions, opsManager } from './stand-ins/kubedb/ops-manager';
import { provisioner } from './stand-ins/kubedb/provisioner';
import { disruptionController } from './stand-ins/kubernetes/disruption';
import { Kubelet } from './stand-ins/kubernetes/kubelet';
import { petSetController } from './stand-ins/kubernetes/petset';
import { freshKeys, type KeySource } from './stand-ins/pki/keys';
import { FAST, type Timing, type World } from './stand-ins/world';

export type { Clock } from './clock';
export type { KafkaFacts } from './stand-ins/kafka/processes';
export { type KeySource, pooledKeys } from './stand-ins/pki/keys';
export type { Timing } from './stand-ins/world';

export interface SandboxOptions {
  readonly clock: Clock;
  /** Whether KubeDB's ops-manager is there. Default: true. With options: how it works. */
  readonly opsManager?: boolean | OpsManagerOptions;
  /** `real`: sockets on 127.0.0.1; `memory`: none, see `dial`. Default: `real`. */
  readonly listeners?: 'real' | 'memory';
  /** Default: `freshKeys`. */
  readonly keys?: KeySource;
  /** Default: `FAST`. */
  readonly timing?: Partial<Timing>;
  /** More about the API: what is not installed, what is forbidden. */
  readonly api?: Omit<ApiOptions, 'now'>;
  /** Is told a mistake in a stand-in. Default: it ends the process. */
  readonly onBug?: (error: unknown) => void;
}

/** What a listener of a pod serves. */
export type Dialed = { readonly protocol: 'tls'; readonly chain: readonly string[] } | { readonly protocol: 'plaintext' };

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
}

/** Returns a sandbox that is not started yet; its API answers already. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { clock } = options;
  const api = createApi({ now: () => clock.now(), ...options.api });
  const client = new Client({ send: (request) => api.handle(request), manager: 'sandbox-user' });
  const ended = new AbortController();
  const standIns = createStandIns((request) => api.handle(request), options, ended.signal);
  return {
    api,
    client,
    start: () => standIns.start(),
    stop: async () => {
      ended.abort(new Error('the sandbox has ended'));
      standIns.kubelet.stopAll();
    },
    serve: () => serveApi(api),
    dial: (namespace, pod, listener) => {
      const process = standIns.kubelet.processOf(namespace, pod);
      if (process === undefined || !listenersOf(process.role).includes(listener)) return undefined;
      return process.tls === undefined ? { protocol: 'plaintext' } : { protocol: 'tls', chain: process.tls.chain };
    },
    facts: (namespace, kafka) => standIns.processes.facts(namespace, kafka),
  };
}

function createStandIns(send: Send, options: SandboxOptions, signal: AbortSignal) {
  const { clock, keys = freshKeys, listeners = 'real', onBug = crash } = options;
  const cache = new Cache();
  const timing = { ...FAST, ...options.timing };
  const world = (manager: string): World => {
    const client = new Client({ send, manager, onWritten: (object: KubeObject) => cache.remember(object) });
    return { cache, client, clock, timing };
  };
  const processes = new KafkaProcesses(clock);
  const kubelet = new Kubelet(world('kubelet'), { listeners, processes });
  const provisioning = provisioner(world('kubedb-provisioner'), processes);
  const operations = options.opsManager ?? true;
  const others: readonly Controller[] = [
    petSetController(world('petset-controller')),
    disruptionController(world('disruption-controller')),
    ...certManager(world('cert-manager'), keys),
    ...(operations === false ? [] : opsManager(world('kubedb-ops-manager'), operations === true ? {} : operations)),
  ];
  const start = async () => {
    await cache.follow(FOLLOWED, { client: world('sandbox').client, clock, signal });
    const run = (controller: Controller): Loop => runController(controller, { cache, clock, signal, onBug });
    const [pods, kafkas] = [run(kubelet), run(provisioning)];
    others.forEach(run);
    // A node that comes or goes changes what its peers can do, and nothing in the API says so.
    processes.onChange((namespace, name) => {
      for (const key of kubelet.podsOf({ metadata: { namespace, name } })) pods.add(key);
      kafkas.add({ namespace, name });
    });
  };
  return { start, kubelet, processes };
}

const FOLLOWED = [
  KINDS.Pod,
  KINDS.Secret,
  KINDS.Service,
  KINDS.PodDisruptionBudget,
  KINDS.PetSet,
  KINDS.Kafka,
  KINDS.KafkaVersion,
  KINDS.KafkaOpsRequest,
  KINDS.Issuer,
  KINDS.ClusterIssuer,
  KINDS.Certificate,
  KINDS.CertificateRequest,
];

function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
