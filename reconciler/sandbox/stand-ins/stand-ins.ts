/**
 * The controllers that a Kafka with TLS needs. They work against any Kubernetes API over HTTP: the sandbox's own, or a real API server, where
 * the controllers that exist in reality are left out.
 */
import { DEFAULT_CLUSTER_DOMAIN } from '#model/cluster-domain';
import { Client, type Send } from '../client';
import type { Clock } from '../clock';
import { Cache, named } from './cache';
import { certManager } from './cert-manager/cert-manager';
import { type Context, FAST, type Timing } from './context';
import { type Controller, Loop } from './controller';
import type { Administration } from './kafka/administration';
import { type DataLosses, type KafkaFacts, KafkaProcesses } from './kafka/processes';
import { FOLLOWED, KINDS } from './kinds';
import { kafkaNodeOf, type ListenerName, listenersOf } from './kubedb/layout';
import { type OpsManagerOptions, opsManager } from './kubedb/ops-manager';
import { provisioner } from './kubedb/provisioner';
import { disruptionController } from './kubernetes/disruption';
import { Kubelet } from './kubernetes/kubelet';
import { petSetController } from './kubernetes/petset';
import type { PodRunner } from './kubernetes/pod-runner';
import { freshKeys, type KeySource } from './pki/keys';

export interface StandInsOptions {
  readonly clock: Clock;
  /** Whether KubeDB's ops-manager runs, and how. Default: true. */
  readonly opsManager?: boolean | OpsManagerOptions;
  /** Controllers that exist in reality. Default: none. */
  readonly without?: readonly ('cert-manager' | 'disruption-controller')[];
  /** The namespace that the stand-ins work in. Default: all. */
  readonly namespace?: string;
  /** `real`: sockets on 127.0.0.1; `memory`: no sockets, see `dial`. Default: `real`. */
  readonly listeners?: 'real' | 'memory';
  /** Runs the pods instead of the stand-in for kubelets. `dial`, `facts` and `losses` then know nothing. */
  readonly podRunner?: (context: Context) => PodRunner;
  /** Default: `freshKeys`. */
  readonly keys?: KeySource;
  /** DNS domain of the cluster. Default: `cluster.local`. */
  readonly clusterDomain?: string;
  /** Default: `FAST`. */
  readonly timing?: Partial<Timing>;
  /** Receives an error that is a bug of a stand-in. Default: it ends the process. */
  readonly onBug?: (error: unknown) => void;
}

/** What a listener of a pod serves. */
export type Dialed = { readonly protocol: 'tls'; readonly chain: readonly string[] } | { readonly protocol: 'plaintext' };

export interface StandIns {
  /** Starts the stand-ins. Resolves once they have seen every existing object. */
  start(): Promise<void>;
  /** Ends the stand-ins, their listeners and all their timers. */
  stop(): void;
  /** Returns what a listener serves at the moment, or undefined if none listens. */
  dial(namespace: string, pod: string, listener: ListenerName): Dialed | undefined;
  /** Returns what Kafka would report, or undefined if no process runs. */
  facts(namespace: string, kafka: string): KafkaFacts | undefined;
  /** Tells whether producers with acks=all get an answer for every partition. */
  acknowledges(namespace: string, kafka: string): boolean;
  /** What administrators can ask of Kafka nodes. */
  readonly administration: Administration;
  /** Returns how often a Kafka has lost data. */
  losses(namespace: string, kafka: string): DataLosses;
}

/** Returns the stand-ins, which wait for `start`. */
export function createStandIns(send: Send, options: StandInsOptions): StandIns {
  const { clock, clusterDomain = DEFAULT_CLUSTER_DOMAIN, keys = freshKeys, listeners = 'real', onBug = crash, without = [] } = options;
  const ended = new AbortController();
  const { signal } = ended;
  const cache = new Cache();
  const timing = { ...FAST, ...options.timing };
  const contextOf = (manager: string): Context => {
    const client = new Client({ send, manager, onWritten: (object) => cache.remember(object) });
    return { cache, client, clock, timing, clusterDomain, signal, onBug };
  };
  const processes = new KafkaProcesses({ clock, timing, signal });
  const kubelet = new Kubelet(contextOf('kubelet'), { listeners, processes });
  const runner = options.podRunner?.(contextOf('kubelet')) ?? kubelet;
  const pods = new Loop(contextOf('kubelet'), runner);
  const kafkas = new Loop(contextOf('kubedb-provisioner'), provisioner(contextOf('kubedb-provisioner'), runner));
  const operations = options.opsManager ?? true;
  const others: readonly Controller[] = [
    petSetController(contextOf('petset-controller')),
    ...(without.includes('disruption-controller') ? [] : [disruptionController(contextOf('disruption-controller'))]),
    ...(without.includes('cert-manager') ? [] : certManager(contextOf('cert-manager'), keys)),
    ...(operations === false ? [] : opsManager(contextOf('kubedb-ops-manager'), operations === true ? {} : operations)),
  ];
  return {
    start: async () => {
      await cache.follow(FOLLOWED, { client: contextOf('sandbox').client, clock, signal, namespace: options.namespace });
      pods.start();
      kafkas.start();
      for (const controller of others) new Loop(contextOf('sandbox'), controller).start();
      // A process that starts or ends affects its peers, and no object in the API shows it.
      runner.onChange((namespace, name) => {
        for (const pod of cache.list(KINDS.Pod, namespace)) if (kafkaNodeOf(pod)?.kafka === name) pods.add(pod);
        kafkas.add(named(namespace, name));
      });
    },
    stop: () => {
      ended.abort(new Error('the sandbox has ended'));
      runner.stopAll();
    },
    dial: (namespace, pod, listener) => {
      const process = kubelet.processOf(namespace, pod);
      if (process === undefined || !listenersOf(process.role).includes(listener)) return undefined;
      return process.tls === undefined ? { protocol: 'plaintext' } : { protocol: 'tls', chain: process.tls.chain };
    },
    administration: kubelet.administration,
    facts: (namespace, kafka) => processes.facts(namespace, kafka),
    acknowledges: (namespace, kafka) => processes.acknowledges(namespace, kafka),
    losses: (namespace, kafka) => processes.losses(namespace, kafka),
  };
}

function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
