/**
 * The controllers that a Kafka with TLS needs, against any Kubernetes API that speaks HTTP: the sandbox's own, or a real one, where those
 * that are really there are left out.
 */
import { DEFAULT_CLUSTER_DOMAIN } from '#model/cluster-domain';
import { KINDS, type KubeObject } from '#model/kube-object';
import { type ListenerName, listenersOf } from '#model/kubedb';
import { Client, type Send } from '../client';
import type { Clock } from '../clock';
import { Cache } from './cache';
import { certManager } from './cert-manager/cert-manager';
import { type Controller, type Loop, runController } from './controller';
import { type DataLosses, type KafkaFacts, KafkaProcesses } from './kafka/processes';
import { type OpsManagerOptions, opsManager } from './kubedb/ops-manager';
import { provisioner } from './kubedb/provisioner';
import { disruptionController } from './kubernetes/disruption';
import { Kubelet } from './kubernetes/kubelet';
import { petSetController } from './kubernetes/petset';
import { freshKeys, type KeySource } from './pki/keys';
import { FAST, type Timing, type World } from './world';

export interface StandInsOptions {
  readonly clock: Clock;
  /** Whether KubeDB's ops-manager is there. Default: true. With options: how it works. */
  readonly opsManager?: boolean | OpsManagerOptions;
  /** Controllers that are there in earnest. Default: none. */
  readonly without?: readonly ('cert-manager' | 'disruption-controller')[];
  /** The namespace that they look after. Default: all. */
  readonly namespace?: string;
  /** `real`: sockets on 127.0.0.1; `memory`: none, see `dial`. Default: `real`. */
  readonly listeners?: 'real' | 'memory';
  /** Default: `freshKeys`. */
  readonly keys?: KeySource;
  /** DNS domain of the cluster. Default: `cluster.local`. */
  readonly clusterDomain?: string;
  /** Default: `FAST`. */
  readonly timing?: Partial<Timing>;
  /** Is told a mistake in a stand-in. Default: it ends the process. */
  readonly onBug?: (error: unknown) => void;
}

/** What a listener of a pod serves. */
export type Dialed = { readonly protocol: 'tls'; readonly chain: readonly string[] } | { readonly protocol: 'plaintext' };

export interface StandIns {
  /** Starts them; they have seen everything that is there when this resolves. */
  start(): Promise<void>;
  /** Ends them, their listeners and all their timers. */
  stop(): void;
  /** Returns what a listener serves right now, or undefined when nobody listens. */
  dial(namespace: string, pod: string, listener: ListenerName): Dialed | undefined;
  /** Returns what Kafka would say of itself, or undefined when nothing of it runs. */
  facts(namespace: string, kafka: string): KafkaFacts | undefined;
  /** How often a Kafka has lost data. */
  losses(namespace: string, kafka: string): DataLosses;
}

/** Returns the stand-ins; nothing runs before `start`. */
export function createStandIns(send: Send, options: StandInsOptions): StandIns {
  const { clock, clusterDomain = DEFAULT_CLUSTER_DOMAIN, keys = freshKeys, listeners = 'real', onBug = crash, without = [] } = options;
  const ended = new AbortController();
  const { signal } = ended;
  const cache = new Cache();
  const timing = { ...FAST, ...options.timing };
  const world = (manager: string): World => {
    const client = new Client({ send, manager, onWritten: (object: KubeObject) => cache.remember(object) });
    return { cache, client, clock, timing, clusterDomain };
  };
  const processes = new KafkaProcesses(clock, timing.catchUpMs);
  const kubelet = new Kubelet(world('kubelet'), { listeners, processes });
  const provisioning = provisioner(world('kubedb-provisioner'), processes);
  const operations = options.opsManager ?? true;
  const others: readonly Controller[] = [
    petSetController(world('petset-controller')),
    ...(without.includes('disruption-controller') ? [] : [disruptionController(world('disruption-controller'))]),
    ...(without.includes('cert-manager') ? [] : certManager(world('cert-manager'), keys)),
    ...(operations === false ? [] : opsManager(world('kubedb-ops-manager'), operations === true ? {} : operations)),
  ];
  return {
    start: async () => {
      await cache.follow(FOLLOWED, { client: world('sandbox').client, clock, signal, namespace: options.namespace });
      const run = (controller: Controller): Loop => runController(controller, { cache, clock, signal, onBug });
      const [pods, kafkas] = [run(kubelet), run(provisioning)];
      others.forEach(run);
      // A node that comes or goes changes what its peers can do, and nothing in the API says so.
      processes.onChange((namespace, name) => {
        for (const key of kubelet.podsOf({ metadata: { namespace, name } })) pods.add(key);
        kafkas.add({ namespace, name });
      });
    },
    stop: () => {
      ended.abort(new Error('the sandbox has ended'));
      kubelet.stopAll();
    },
    dial: (namespace, pod, listener) => {
      const process = kubelet.processOf(namespace, pod);
      if (process === undefined || !listenersOf(process.role).includes(listener)) return undefined;
      return process.tls === undefined ? { protocol: 'plaintext' } : { protocol: 'tls', chain: process.tls.chain };
    },
    facts: (namespace, kafka) => processes.facts(namespace, kafka),
    losses: (namespace, kafka) => processes.losses(namespace, kafka),
  };
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
