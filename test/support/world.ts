/**
 * A whole cluster, and the product in front of it. Tests assert the end state of the cluster.
 *
 * By default it is in memory: the sandbox with its stand-ins, the product's client over an in-process transport, and time that passes only
 * when nothing else can happen. The same scenarios run on a real API server, in real time.
 */

import assert from 'node:assert/strict';
import { App, Chart, Testing } from 'cdk8s';
import { KafkaTls, type KafkaTlsProps, type Tls } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { type Condition, KINDS, type Kind, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { bundleFromConfigMap } from '#reconciler/bundle/documents';
import type { Observation } from '#reconciler/model/observation';
import { observe } from '#reconciler/observe/observe';
import type { PlanOptions } from '#reconciler/plan/plan';
import type { Clock, Cluster, Dialer, KafkaAdmin, KafkaFactsSource, KafkaNode, ProgressEvent } from '#reconciler/ports';
import { type Outcome, reconcile } from '#reconciler/reconcile';
import type { Send } from '#reconciler/sandbox/client';
import { createSandbox, type Sandbox, type SandboxOptions } from '#reconciler/sandbox/index';
import { desiredProps, KAFKA, NAMESPACE } from './desired-states';
import { FakeClock } from './fake-clock';
import { counting, interruptAfter } from './interrupting-cluster';
import { pooledKeys } from './stored-keys';
import { clusterIn } from './transports';
import { untyped } from './untyped';

export { KAFKA, NAMESPACE };

export interface WorldOptions {
  /** Executor of `desired`. Default: native. */
  readonly executor?: ExecutorName;
  /** KubeDB's ops-manager is there. Default: yes. */
  readonly opsManager?: SandboxOptions['opsManager'];
  readonly sandbox?: Partial<SandboxOptions>;
  /** Wraps the cluster that the product sees, in every run: faults, counters, interruptions. */
  readonly decorate?: (cluster: Cluster) => Cluster;
}

/** The cluster of a world, and how time passes in it. */
export interface TestEnvironment {
  readonly namespace: string;
  readonly clock: Clock;
  /** The cluster as it is, undecorated: for arranging and asserting. */
  readonly cluster: Cluster;
  /** The cluster as the product sees it. Default: the same. */
  readonly product?: Cluster;
  readonly dialer: Dialer;
  /** Gives the ServiceAccount the rights that the KafkaTls of a commit emits. Absent where every right is there. */
  grant?(tls: Tls): Promise<void>;
  /** Is read once in each run: a source may remember what it has seen. */
  readonly facts: KafkaFactsSource;
  readonly admin: KafkaAdmin;
  /** How other clients than the product reach the API. */
  readonly send: Send;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Lets time pass until the promise is settled. */
  run<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Lets this much time pass. */
  pass(ms: number): Promise<void>;
}

/** An environment in memory, whose sandbox a test can inspect. */
export interface MemoryEnvironment extends TestEnvironment {
  readonly clock: FakeClock;
  readonly sandbox: Sandbox;
}

/** The sandbox in memory, on a clock that jumps. */
export function inMemory({ opsManager = true, sandbox: more = {} }: WorldOptions): MemoryEnvironment {
  const clock = new FakeClock();
  const api = { namespaces: [NAMESPACE] };
  const sandbox: Sandbox = createSandbox({ clock, listeners: 'memory', opsManager, keys: pooledKeys(), api, ...more });
  const cluster = clusterIn(sandbox.api, clock);
  return {
    namespace: NAMESPACE,
    sandbox,
    clock,
    cluster,
    product: more.api?.denied === undefined ? mayDoAnything(cluster) : cluster,
    facts: modelFacts(sandbox),
    admin: modelAdmin(sandbox),
    send: (request) => sandbox.api.handle(request),
    start: () => sandbox.start(),
    stop: () => sandbox.stop(),
    run: (promise, limitMs) => clock.run(promise, limitMs),
    pass: (ms) => clock.advance(ms),
    dialer: {
      handshake: async ({ pod, listener }) =>
        sandbox.dial(pod.metadata.namespace ?? '', pod.metadata.name, listener) ?? { protocol: 'unknown', because: 'connection refused' },
    },
  };
}

/** Where no right is denied, forty access reviews in every run only take a tenth of its time. */
export function mayDoAnything(cluster: Cluster): Cluster {
  return { ...cluster, isAllowed: async () => true };
}

/** Kafka facts of the model of the brokers, as real brokers would report them. */
export function modelFacts(model: Pick<Sandbox, 'facts'>): KafkaFactsSource {
  return {
    read: async ({ metadata }) => {
      const value = model.facts(metadata.namespace ?? '', metadata.name);
      return value === undefined ? { unknown: 'broker health unknown: no broker runs' } : { value };
    },
  };
}

/** Kafka's administrators of the model, as adapters of real brokers answer. */
export function modelAdmin({ administration }: Pick<Sandbox, 'administration'>): KafkaAdmin {
  const at = ({ kafka, pod }: KafkaNode) => [kafka.metadata.namespace ?? '', pod] as const;
  return {
    settings: async (node) => {
      const value = administration.settings(...at(node));
      return value === undefined ? { unknown: 'connection refused' } : { value };
    },
    validate: async (node, settings) => {
      const answer = administration.validate(...at(node), settings);
      if ('problem' in answer) return { kind: 'unknown', because: answer.problem };
      return 'refused' in answer ? { kind: 'refused', because: answer.refused } : { kind: 'accepted' };
    },
    reload: async (node) => {
      const answer = administration.reload(...at(node));
      return 'problem' in answer ? answer.problem : undefined;
    },
  };
}

export class World {
  readonly events: ProgressEvent[] = [];
  /** Writes of the last run, such as `apply Issuer/demo/orders-ca`. */
  writes: readonly string[] = [];
  /** Every run is killed after this many writes. */
  killAfter = Number.POSITIVE_INFINITY;
  /** Called at every event of a run. */
  onEvent: ((event: ProgressEvent) => void) | undefined;
  readonly environment: TestEnvironment;
  private factsInstead: KafkaFactsSource | undefined;
  private readonly end = new AbortController();

  constructor(
    private readonly options: WorldOptions = {},
    placed: (options: WorldOptions) => TestEnvironment = inMemory,
  ) {
    this.environment = placed(options);
  }

  get cluster(): Cluster {
    return this.environment.cluster;
  }
  private get facts(): KafkaFactsSource {
    return this.factsInstead ?? this.environment.facts;
  }
  get clock(): Clock {
    return this.environment.clock;
  }
  get namespace(): string {
    return this.environment.namespace;
  }
  /** Returns a reference to an object of the world's namespace. */
  ref(kind: Kind, name: string): ObjectRef {
    return ref(kind, this.namespace, name);
  }

  /** Starts the stand-ins and creates objects in the world's namespace. */
  async start(...objects: KubeObject[]): Promise<this> {
    await this.environment.start();
    for (const object of objects) await this.cluster.create({ ...object, metadata: { ...object.metadata, namespace: this.namespace } });
    return this;
  }

  /** Ends everything; nothing may keep the process alive. */
  async stop(): Promise<void> {
    this.end.abort();
    await this.environment.stop();
  }

  /** Runs one `apply` to its end. */
  apply(bundle: Bundle | (() => Bundle), options: PlanOptions = {}): Promise<Outcome> {
    return this.environment.run(this.reconcile(typeof bundle === 'function' ? bundle : () => bundle, options));
  }

  /** The same; the caller lets time pass. */
  reconcile(read: () => Bundle, options: PlanOptions = {}): Promise<Outcome> {
    const { product = this.cluster, dialer, clock } = this.environment;
    const counted = counting(this.options.decorate?.(product) ?? product);
    this.writes = counted.writes;
    const context = {
      cluster: interruptAfter(counted.cluster, this.killAfter),
      dialer,
      facts: this.facts,
      admin: this.environment.admin,
      clock,
      report: (event: ProgressEvent) => {
        this.events.push(event);
        this.onEvent?.(event);
      },
      signal: this.end.signal,
      random: (bytes: number) => 'x'.repeat(bytes),
    };
    return reconcile(async () => read(), context, options);
  }

  /** Acts once, at the first such event about an object whose name begins so. */
  when(event: ProgressEvent['event'], name: string, act: () => void): void {
    let isDone = false;
    this.onEvent = (e) => {
      if (isDone || e.event !== event || !e.subject.name.startsWith(name)) return;
      isDone = true;
      act();
    };
  }

  /** Waits until a condition of the cluster holds. */
  until(isSo: () => Promise<boolean>): Promise<void> {
    const wait = async () => {
      while (!(await isSo())) await this.clock.sleep(1000);
    };
    return this.environment.run(wait(), 3_600_000);
  }

  /** Waits until a condition over the Kafka holds. */
  async settle(isDone: (kafka: KubeObject | undefined) => boolean = isReady): Promise<KubeObject> {
    await this.until(async () => isDone(await this.kafka()));
    return (await this.kafka()) as KubeObject;
  }

  kafka(): Promise<KubeObject | undefined> {
    return this.cluster.get(this.ref(KINDS.Kafka, KAFKA));
  }

  /** Deletes the object that has this name now. */
  async delete(subject: ObjectRef): Promise<void> {
    await this.cluster.delete(subject, (await this.cluster.get(subject))?.metadata.uid ?? '');
  }

  /** Sets annotations of the Kafka, or of another object; faults are asked for that way. */
  async annotate(annotations: Record<string, string>, subject = this.ref(KINDS.Kafka, KAFKA)): Promise<void> {
    const { metadata, ...rest } = (await this.cluster.get(subject)) as KubeObject;
    await this.cluster.replace({
      ...rest,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
    } as KubeObject);
  }

  /** Restarts a pod that cannot start any more from then on. */
  async crash(pod: string): Promise<void> {
    await this.annotate({ 'sandbox.kafka-tls/crash-loop': pod });
    const subject = this.ref(KINDS.Pod, pod);
    await this.cluster.evict(subject, (await this.podUids())[pod] ?? '');
    await this.until(
      async () => untyped((await this.cluster.get(subject))?.status)?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
    );
  }

  /** Makes cert-manager issue a certificate again, as cmctl does. Returns the Certificate as it was. */
  async askForRenewal(subject: ObjectRef): Promise<KubeObject> {
    const certificate = (await this.cluster.get(subject)) as KubeObject;
    const { generation } = certificate.metadata;
    const issuing = { type: 'Issuing', status: 'True', reason: 'ManuallyTriggered', message: '', observedGeneration: generation };
    const conditions = [...untyped(certificate.status).conditions, { ...issuing, lastTransitionTime: '2026-11-23T08:00:00Z' }];
    await this.cluster.replace({ ...certificate, status: { ...untyped(certificate.status), conditions } }, { status: true });
    return certificate;
  }

  observe(bundle: Bundle): Promise<Observation> {
    const { cluster, dialer, clock } = this.environment;
    return this.environment.run(observe({ cluster, dialer, facts: this.facts, clock }, bundle));
  }

  /** Replaces Kafka's facts from now on; undefined: those of the environment. */
  useFacts(facts: KafkaFactsSource | undefined): void {
    this.factsInstead = facts;
  }

  requests(): Promise<readonly KubeObject[]> {
    return this.cluster.list(KINDS.KafkaOpsRequest, { namespace: this.namespace });
  }

  /** uid of every pod, by name. */
  async podUids(): Promise<Readonly<Record<string, string>>> {
    const pods = await this.cluster.list(KINDS.Pod, { namespace: this.namespace });
    return Object.fromEntries(pods.map((p) => [p.metadata.name, p.metadata.uid ?? '']));
  }

  /** Pods in the order in which the product, or the ops-manager it followed, restarted them. */
  get evicted(): readonly string[] {
    return this.events.filter((e) => e.event === 'evicted').map((e) => e.subject.name);
  }

  /** Returns the bundle of a KafkaTls with this TLS for the Kafka of the world, by the world's executor. */
  desired(tls: Tls, change: Partial<KafkaTlsProps> = {}, addTo?: (kafkaTls: KafkaTls) => void): Bundle {
    return this.bundle(desiredProps(this.options.executor ?? 'native', tls, change), addTo);
  }

  /** Synthesises a KafkaTls of this namespace and returns its bundle. */
  bundle(props: KafkaTlsProps, addTo?: (kafkaTls: KafkaTls) => void): Bundle {
    return bundleOf(props, this.namespace, addTo);
  }
}

type Failure = Error & { readonly exitCode?: number; readonly hint?: string };

/** Returns the error that a run ends with. */
export async function failureOf(run: Promise<unknown>): Promise<Failure> {
  const error = await run.then(
    () => undefined,
    (e: Error) => e,
  );
  assert.ok(error !== undefined, 'the run fails');
  return error;
}

/** Asserts how a run fails, and returns its error. */
export async function assertFails(run: Promise<unknown>, exitCode: number, message: RegExp): Promise<Failure> {
  const error = await failureOf(run);
  assert.equal(error.exitCode, exitCode, error.message);
  assert.match(error.message, message);
  return error;
}

export function isReady(kafka: KubeObject | undefined): boolean {
  return untyped(kafka?.status)?.phase === 'Ready';
}

export function hasCondition(object: KubeObject | undefined, type: string): boolean {
  return (untyped(object?.status)?.conditions ?? []).some((c: Condition) => c.type === type && c.status === 'True');
}

/** Bundles of this process by the text of their props: synthesis takes longer than most of what a test does with a bundle. */
const bundles = new Map<string, Bundle>();

/** Synthesises a KafkaTls and returns its bundle, the way the Job reads it. */
export function bundleOf(props: KafkaTlsProps, namespace = NAMESPACE, addTo?: (kafkaTls: KafkaTls) => void): Bundle {
  const key = JSON.stringify([props, namespace]);
  const known = addTo === undefined ? bundles.get(key) : undefined;
  if (known !== undefined) return known;
  const chart = new Chart(new App(), 'chart', { namespace });
  const kafkaTls = new KafkaTls(chart, 'tls', props);
  addTo?.(kafkaTls);
  const bundle = bundleFromConfigMap(Testing.synth(chart).find((o: KubeObject) => o.kind === 'ConfigMap'));
  if (addTo === undefined) bundles.set(key, bundle);
  return bundle;
}

/** A Kafka that another client created: 3 controllers and 3 brokers without TLS. */
export function kafkaManifest(spec: object = {}): KubeObject {
  const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  return {
    apiVersion: KINDS.Kafka.apiVersion,
    kind: KINDS.Kafka.kind,
    metadata: { name: KAFKA, namespace: NAMESPACE },
    spec: { version: '4.2.0', topology: { controller: { replicas: 3, storage }, broker: { replicas: 3, storage } }, ...spec },
  };
}

/** Spec of three nodes in both roles: half the pods of the default, for tests in which the roles do not matter. */
export const COMBINED = { topology: undefined, replicas: 3, storage: { resources: { requests: { storage: '1Gi' } } } };

export interface KafkaOptions extends WorldOptions {
  /** Changes of the Kafka's spec. */
  readonly kafka?: object;
  /** Objects that are created before it. */
  readonly objects?: readonly KubeObject[];
}

/** Starts a world with a Kafka without TLS that another client created, and waits until it is Ready. */
export async function startPlaintext(executor: ExecutorName, { kafka = {}, objects = [], ...options }: KafkaOptions = {}): Promise<World> {
  const world = new World({ executor, opsManager: capabilitiesOf({ executor }).needsOpsManager, ...options });
  await world.start(...objects, kafkaManifest(kafka));
  await world.settle();
  return world;
}

/** The same, and a run has given the Kafka this TLS a day ago. */
export async function startSecured(executor: ExecutorName, tls: Tls, options: KafkaOptions = {}): Promise<World> {
  const world = await startPlaintext(executor, options);
  await world.apply(world.desired(tls));
  await world.environment.pass(86_400_000);
  world.events.length = 0;
  return world;
}
