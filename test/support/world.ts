/**
 * A whole cluster in memory, and the product in front of it: the sandbox with its stand-ins, our ordinary client over an in-process
 * transport, and time that passes only when nothing else can happen. What is asserted is the end state of the cluster.
 */
import { App, Chart, Testing } from 'cdk8s';
import { KafkaTls, type KafkaTlsProps } from '../../constructs';
import type { Bundle } from '../../constructs/model/bundle';
import { type Condition, KINDS, type KubeObject, ref } from '../../constructs/model/kube-object';
import { bundleFromConfigMap } from '../../reconciler/bundle/documents';
import { judgeServed } from '../../reconciler/cluster/dial';
import { observe } from '../../reconciler/observe/observe';
import type { Observation } from '../../reconciler/plan/observation';
import type { PlanOptions } from '../../reconciler/plan/plan';
import type { Cluster, Dialer, ProgressEvent } from '../../reconciler/ports';
import { type Outcome, reconcile } from '../../reconciler/reconcile';
import { createSandbox, pooledKeys, type Sandbox, type SandboxOptions } from '../../reconciler/sandbox';
import { FakeClock } from './fake-clock';
import { clusterIn } from './transports';

export const NAMESPACE = 'demo';
export const KAFKA = 'orders';

export interface WorldOptions {
  /** KubeDB's ops-manager is there. Default: yes. */
  readonly opsManager?: SandboxOptions['opsManager'];
  readonly sandbox?: Partial<SandboxOptions>;
  /** Wraps the cluster that the product sees, anew for every run: faults, counters, interruptions. */
  readonly decorate?: (cluster: Cluster) => Cluster;
}

export class World {
  readonly clock = new FakeClock();
  readonly sandbox: Sandbox;
  /** The cluster as it is, undecorated: for arranging and asserting. */
  readonly cluster: Cluster;
  readonly events: ProgressEvent[] = [];
  /** Something that happens at a certain point of a run. */
  onEvent: ((event: ProgressEvent) => void) | undefined;
  private readonly end = new AbortController();

  constructor(private readonly options: WorldOptions = {}) {
    this.sandbox = createSandbox({
      clock: this.clock,
      listeners: 'memory',
      opsManager: options.opsManager ?? true,
      keys: pooledKeys(),
      api: { namespaces: [NAMESPACE] },
      ...options.sandbox,
    });
    this.cluster = clusterIn(this.sandbox.api, this.clock);
  }

  /** Starts the stand-ins and creates objects. */
  async start(...objects: KubeObject[]): Promise<this> {
    await this.sandbox.start();
    for (const object of objects) await this.cluster.create(object);
    return this;
  }

  /** Ends everything; nothing may keep the process alive. */
  async stop(): Promise<void> {
    this.end.abort();
    await this.sandbox.stop();
  }

  /** Runs one `apply` to its end. */
  apply(bundle: Bundle | (() => Bundle), options: PlanOptions = {}): Promise<Outcome> {
    return this.clock.run(this.reconcile(typeof bundle === 'function' ? bundle : () => bundle, options));
  }

  private reconcile(read: () => Bundle, options: PlanOptions): Promise<Outcome> {
    const context = {
      cluster: this.options.decorate?.(this.cluster) ?? this.cluster,
      dialer: this.dialer,
      facts: { read: async () => ({ unknown: "Kafka's own facts are not read" }) },
      clock: this.clock,
      report: (event: ProgressEvent) => {
        this.events.push(event);
        this.onEvent?.(event);
      },
      signal: this.end.signal,
      random: (bytes: number) => 'x'.repeat(bytes),
    };
    return reconcile(async () => read(), context, options);
  }

  /** Waits until a condition over the Kafka holds. */
  async settle(isDone: (kafka: KubeObject | undefined) => boolean = isReady): Promise<KubeObject> {
    const wait = async () => {
      while (!isDone(await this.cluster.get(kafkaRef))) await this.clock.sleep(1000);
    };
    await this.clock.run(wait(), 3_600_000);
    return (await this.cluster.get(kafkaRef)) as KubeObject;
  }

  observe(bundle: Bundle): Promise<Observation> {
    return this.clock.run(
      observe(
        { cluster: this.cluster, dialer: this.dialer, facts: { read: async () => ({ unknown: 'not read' }) }, clock: this.clock },
        bundle,
      ),
    );
  }

  /** What listeners serve, judged by the code that judges real ones. */
  private readonly dialer: Dialer = {
    handshake: async ({ pod, listener, servername, trust }) => {
      const answer = this.sandbox.dial(pod.metadata.namespace ?? '', pod.metadata.name, listener);
      if (answer === undefined) return { protocol: 'unknown', because: 'connection refused' };
      if (answer.protocol === 'plaintext') return answer;
      return judgeServed(answer.chain, { servername, trust }, this.clock.now());
    },
  };

  /** uid of every pod, by name. */
  async podUids(): Promise<Readonly<Record<string, string>>> {
    const pods = await this.cluster.list(KINDS.Pod, { namespace: NAMESPACE });
    return Object.fromEntries(pods.map((p) => [p.metadata.name, p.metadata.uid ?? '']));
  }

  /** Pods in the order in which the product, or the ops-manager it followed, restarted them. */
  get evicted(): readonly string[] {
    return this.events.filter((e) => e.event === 'evicted').map((e) => e.subject.name);
  }
}

export const kafkaRef = ref(KINDS.Kafka, NAMESPACE, KAFKA);

export function isReady(kafka: KubeObject | undefined): boolean {
  return kafka?.status?.phase === 'Ready';
}

export function hasCondition(object: KubeObject | undefined, type: string): boolean {
  return (object?.status?.conditions ?? []).some((c: Condition) => c.type === type && c.status === 'True');
}

/** Synthesises a KafkaTls and returns its bundle, the way the Job reads it. */
export function bundleOf(props: KafkaTlsProps, id = 'tls'): Bundle {
  const chart = new Chart(new App(), 'chart', { namespace: NAMESPACE });
  new KafkaTls(chart, id, props);
  const configMap = Testing.synth(chart).find((o: KubeObject) => o.kind === 'ConfigMap');
  return bundleFromConfigMap(configMap);
}

/** A Kafka as somebody else created it: 3 controllers and 3 brokers without TLS. */
export function kafkaManifest(spec: object = {}): KubeObject {
  const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  return {
    apiVersion: KINDS.Kafka.apiVersion,
    kind: KINDS.Kafka.kind,
    metadata: { name: KAFKA, namespace: NAMESPACE },
    spec: { version: '4.2.0', topology: { controller: { replicas: 3, storage }, broker: { replicas: 3, storage } }, ...spec },
  };
}
