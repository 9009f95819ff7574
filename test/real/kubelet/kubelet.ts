/**
 * A stand-in for kubelets that runs the pods of a Kafka as processes on this machine: real Kafka from Maven Central, of the release that the
 * image of the pod names.
 *
 *   1. A pod gets an address (`network.ts`) and its volumes (`volumes.ts`). While one cannot be mounted, it stays Pending.
 *   2. The boot script merges the configuration (`boot.ts`), storage is formatted (`storage.ts`), Kafka starts (`container.ts`).
 *   3. The pod is Ready once Kafka calls the node in sync (`probe.ts`; or once it answers, `readinessChecks`), and not Ready after three failed probes in a row (`failureThreshold`).
 *   4. A changed Secret or ConfigMap reaches the files after `mountDelayMs`.
 *   5. A process that ends is started again, with back-off. The status shows the exit code.
 *   6. A deleted pod gets SIGTERM, and SIGKILL after its grace period; when the process has ended, the object goes.
 *
 * It does not: pull images, run init containers, sidecars and hooks, limit memory and CPU, check liveness, isolate file systems, users and
 * networks, know nodes, change the address of a pod, mount tokens, fetch logs, and run pods without Kafka (they are Ready at once). KubeDB's
 * images start Kafka with a heap after the limits of the pod; here it is 256 MB, and the serial collector.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { KubeObject } from '#model/kube-object';
import { keyOf, type Named, named } from '#reconciler/sandbox/stand-ins/cache';
import { type Context, decoded, writeStatus } from '#reconciler/sandbox/stand-ins/context';
import { type Again, watch } from '#reconciler/sandbox/stand-ins/controller';
import type { Health } from '#reconciler/sandbox/stand-ins/kafka/processes';
import { type Kafka, KINDS, type Pod } from '#reconciler/sandbox/stand-ins/kinds';
import { authSecretName, KAFKA_CONTAINER, kafkaNodeOf, nodesOf, serviceName } from '#reconciler/sandbox/stand-ins/kubedb/layout';
import type { PodRunner } from '#reconciler/sandbox/stand-ins/kubernetes/pod-runner';
import { untyped } from '#test/support/untyped';
import { KafkaContainer } from './container';
import { type CheckedBroker, HealthChecks } from './health';
import type { PodNetwork } from './network';
import { probeOnce, type ReadinessChecks } from './readiness';
import type { PodEvent, RunningPod } from './report';
import { type ContainerState, podStatus } from './status';
import { type Lookup, PodVolumes } from './volumes';
import type { Endpoint } from './wire';

export interface ProcessKubeletOptions {
  readonly network: PodNetwork;
  /** Folder of the run, which holds everything that pods write. */
  readonly root: string;
  /** Returns the class path of the release that an image holds. */
  readonly classPathOf: (image: string) => string;
}

const PROBE_PERIOD_MS = 1_000;
const HEALTH_PERIOD_MS = 2_000;

export class ProcessKubelet implements PodRunner {
  readonly kind = KINDS.Pod;
  readonly watches = [KINDS.Secret, KINDS.ConfigMap].map((kind) => watch(kind, (object) => this.concernedBy(object)));
  /** From a changed Secret or ConfigMap to the changed files of running pods. */
  mountDelayMs = 0;
  /** Pods whose files do not follow Secrets and ConfigMaps until they start again, so that a test can plant other content. */
  readonly held = new Set<string>();
  /** From the start of a process to its first probe. */
  readyDelayMs = 0;
  readinessChecks: ReadinessChecks = 'sync';
  /** Failed probes in a row until a pod is not Ready. */
  failureThreshold = 3;
  /** Is called before the process of a pod starts, for faults of its node. Returns a command that starts it, such as `prlimit`, or nothing. */
  beforeStart: ((pod: Pick<RunningPod, 'name' | 'mounts'>) => readonly string[]) | undefined;
  /** Is called at every event, before the API server knows of it. */
  onEvent: ((event: PodEvent) => void) | undefined;
  /** Formats storage at every start as KubeDB's boot scripts do, which leaves partitions without a leader (`storage.ts`). */
  formatsAlways = false;
  readonly events: PodEvent[] = [];
  /** By namespace and name of the pod. */
  private readonly containers = new Map<string, KafkaContainer>();
  private readonly checks = new HealthChecks({
    brokersOf: (kafka) => this.brokersOf(kafka),
    loginOf: (kafka) => this.loginOf(kafka),
    onChange: ({ metadata: { namespace = '', name } }) => this.notify(namespace, name),
  });
  private readonly listeners: ((namespace: string, kafka: string) => void)[] = [];
  private readonly dueSyncs = new Set<string>();
  private ending: Promise<unknown> | undefined;

  constructor(
    private readonly context: Context,
    private readonly options: ProcessKubeletOptions,
  ) {
    void this.every(PROBE_PERIOD_MS, () => this.probeAll());
    void this.every(HEALTH_PERIOD_MS, () => this.checks.run());
  }

  onChange(listener: (namespace: string, kafka: string) => void): void {
    this.listeners.push(listener);
  }

  health(kafka: Kafka, trust: readonly string[] | undefined): Health {
    return this.checks.health(kafka, trust);
  }

  async reconcile(pod: Pod): Promise<Again> {
    if (isOfJob(pod)) return undefined;
    if (kafkaNodeOf(pod) === undefined) return this.reportOther(pod);
    const key = keyOf(pod);
    const predecessor = this.containers.get(key);
    if (predecessor !== undefined && predecessor.uid !== pod.metadata.uid) {
      // It was deleted by force: its process holds the address and the disk.
      await predecessor.stop(0);
      this.forget(key, predecessor);
    }
    const container = this.containers.get(key) ?? this.admit(pod);
    if (typeof container === 'string') {
      await this.write(pod, { kind: 'creating', message: container }, undefined);
      return undefined;
    }
    return this.advance(pod, container);
  }

  async remove(pod: Pod | undefined, name: Named): Promise<Again> {
    if (pod !== undefined && isOfJob(pod)) return undefined;
    const key = keyOf(name);
    const container = this.containers.get(key);
    if (container !== undefined) {
      // A pod that is gone was deleted by force.
      if (pod === undefined) await container.stop(0);
      else if (!container.isStopping) this.terminate(container, untyped(pod.metadata).deletionGracePeriodSeconds);
      if (container.isRunning) return undefined;
      this.forget(key, container);
    }
    if (pod !== undefined) await this.context.client.delete(pod, { gracePeriodSeconds: 0 });
    return undefined;
  }

  stopAll(): void {
    this.ending = Promise.all([...this.containers.values()].map((c) => c.stop(0)));
  }

  /** Resolves when every process has ended. */
  async ended(): Promise<void> {
    await this.ending;
  }

  /** Returns the Kafka pods, in the order in which they came. */
  pods(): readonly RunningPod[] {
    return [...this.containers.values()].map((c) => ({
      name: c.pod.metadata.name,
      role: c.node.role,
      nodeId: c.node.id,
      address: c.place.address,
      fqdn: this.fqdnOf(c.pod),
      pid: c.pid,
      isReady: c.isReady,
      log: c.place.log,
      mounts: c.mounts,
    }));
  }

  /** Sends a signal to the process of a pod. Its pod stays, and the process is started again when it has ended. */
  signal(pod: string, signal: NodeJS.Signals): void {
    const container = [...this.containers.values()].find((c) => c.pod.metadata.name === pod);
    if (container === undefined) throw new Error(`${pod}: no process`);
    container.signal(signal);
  }

  /** Returns the pod's container, or why its volumes cannot be mounted. */
  private admit(pod: Pod): KafkaContainer | string {
    const { root, network } = this.options;
    const { namespace = '', name } = pod.metadata;
    const instance = `${name}-${pod.metadata.uid?.slice(0, 8)}`;
    const folder = path.join(root, 'pods', namespace, instance);
    const claims = path.join(root, 'claims', namespace);
    const logs = path.join(root, 'logs', namespace);
    for (const dir of [folder, logs]) mkdirSync(dir, { recursive: true });
    const fqdn = this.fqdnOf(pod);
    const address = network.addressOf(keyOf(pod), [fqdn, `${name}.${namespace}`]);
    const volumes = new PodVolumes(pod.spec, { pod: folder, claims });
    const missing = volumes.mount(this.lookup(namespace));
    if (missing !== undefined) return missing;
    const container = new KafkaContainer(pod, {
      volumes,
      address,
      folder,
      log: path.join(logs, `${instance}.log`),
      root,
      hostsFile: network.hostsFile,
    });
    this.containers.set(keyOf(pod), container);
    return container;
  }

  private async advance(pod: Pod, container: KafkaContainer): Promise<Again> {
    const waitMs = container.dueMs - performance.now();
    if (!container.isRunning && container.startedAt === undefined && waitMs <= 0) {
      if (container.last !== undefined) container.restarts += 1;
      const image = pod.spec.containers.find((c) => c.name === KAFKA_CONTAINER)?.image ?? '';
      const onExit = () => this.onExit(container);
      const { formatsAlways } = this;
      const launcher = this.beforeStart?.({ name: pod.metadata.name, mounts: container.mounts }) ?? [];
      await container.start({ classPath: this.options.classPathOf(image), env: this.environmentOf(pod), formatsAlways, launcher, onExit });
      if (container.isRunning) this.record(container, 'started');
    }
    const { isReady } = container;
    await this.write(pod, stateOf(container), container);
    // A pod is Ready for others when its status says so.
    if (container.isReady === isReady && container.isStoredAsReady !== isReady) {
      container.isStoredAsReady = isReady;
      this.record(container, isReady ? 'ready' : 'unready');
    }
    // The back-off may have ended since it was looked at: then at once.
    return container.isRunning ? undefined : Math.max(container.dueMs - performance.now(), 1);
  }

  private terminate(container: KafkaContainer, graceSeconds = 0): void {
    if (container.isRunning) this.record(container, 'stopping');
    void container.stop(graceSeconds * 1000).then(() => this.notifyOf(container));
  }

  private onExit(container: KafkaContainer): void {
    this.record(container, 'ended', container.last?.code);
    this.notifyOf(container);
  }

  private async write(pod: Pod, state: ContainerState, container: KafkaContainer | undefined): Promise<void> {
    const { address = '' } = container?.place ?? {};
    const facts = { state, address, restarts: container?.restarts ?? 0, last: container?.last, now: this.context.clock.now() };
    await writeStatus(this.context, pod, { ...pod.status, ...podStatus(pod, facts) });
  }

  private async reportOther(pod: Pod): Promise<undefined> {
    const state: ContainerState = { kind: 'running', startedAt: new Date(pod.metadata.creationTimestamp ?? 0), isReady: true };
    await writeStatus(
      this.context,
      pod,
      podStatus(pod, { state, address: '127.0.0.1', restarts: 0, last: undefined, now: this.context.clock.now() }),
    );
  }

  /** Files of running pods follow after the delay, and pods that wait for the object are looked at again. */
  private concernedBy(object: KubeObject): readonly Pod[] {
    const { kind, metadata } = object;
    const { namespace = '', name } = metadata;
    const key = `${kind}/${namespace}/${name}`;
    const mounting = [...this.containers.values()].filter(
      ({ pod, place }) => pod.metadata.namespace === namespace && place.volumes.sources.some((s) => s.kind === kind && s.name === name),
    );
    if (mounting.length > 0 && !this.dueSyncs.has(key)) {
      this.dueSyncs.add(key);
      const sync = () => {
        this.dueSyncs.delete(key);
        for (const { place, pod } of mounting)
          if (this.isKnown(place) && !this.held.has(pod.metadata.name)) place.volumes.sync(this.lookup(namespace));
      };
      if (this.mountDelayMs <= 0) sync();
      else this.context.clock.sleep(this.mountDelayMs, this.context.signal).then(sync, () => undefined);
    }
    return this.context.cache.list(KINDS.Pod, namespace).filter((p) => p.status?.phase === 'Pending');
  }

  private isKnown(place: KafkaContainer['place']): boolean {
    return [...this.containers.values()].some((c) => c.place === place);
  }

  private lookup(namespace: string): Lookup {
    return ({ kind, name }) => this.context.cache.get(KINDS[kind], namespace, name);
  }

  private environmentOf(pod: Pod): ReadonlyMap<string, string> {
    const container = pod.spec.containers.find((c) => c.name === KAFKA_CONTAINER);
    const values = (container?.env ?? []).flatMap(({ name, value, valueFrom }): readonly [string, string][] => {
      const from = valueFrom?.secretKeyRef;
      const found = from === undefined ? value : decoded(this.context.cache.get(KINDS.Secret, pod.metadata.namespace, from.name))[from.key];
      return found === undefined ? [] : [[name, found]];
    });
    return new Map(values);
  }

  private probeAll(): Promise<void> {
    const { readyDelayMs: delayMs, readinessChecks: checks, failureThreshold } = this;
    return probeOnce([...this.containers.values()], { delayMs, checks, failureThreshold }, (container) => this.notifyOf(container));
  }

  private brokersOf(kafka: Kafka): readonly (CheckedBroker | undefined)[] {
    const brokers = nodesOf(kafka).filter((n) => n.role !== 'controller');
    return brokers.map(({ pod, nodeId: id }) => {
      const container = this.containers.get(keyOf(named(kafka.metadata.namespace, pod)));
      return container?.isRunning === true ? { id, address: container.place.address, fqdn: this.fqdnOf(container.pod) } : undefined;
    });
  }

  private loginOf(kafka: Kafka): Endpoint['login'] {
    const { username: user, password } = decoded(this.context.cache.get(KINDS.Secret, kafka.metadata.namespace, authSecretName(kafka)));
    return kafka.spec.disableSecurity === true || user === undefined || password === undefined ? undefined : { user, password };
  }

  private fqdnOf(pod: Pod): string {
    const { namespace = '', name } = pod.metadata;
    return `${name}.${serviceName(kafkaNodeOf(pod)?.kafka ?? '')}.${namespace}.svc.${this.context.clusterDomain}`;
  }

  private forget(key: string, container: KafkaContainer): void {
    this.containers.delete(key);
    container.probe?.close();
    container.place.volumes.remove();
  }

  private record(container: KafkaContainer, event: PodEvent['event'], code?: number): void {
    const recorded = { at: new Date(), pod: container.pod.metadata.name, event, ...(code === undefined ? {} : { code }) };
    this.events.push(recorded);
    this.onEvent?.(recorded);
  }

  private notify(namespace: string, kafka: string): void {
    for (const listener of this.listeners) listener(namespace, kafka);
  }

  private notifyOf({ pod, node }: KafkaContainer): void {
    this.notify(pod.metadata.namespace ?? '', node.kafka);
  }

  /** Repeats some work until the kubelet ends. */
  private async every(ms: number, work: () => Promise<void>): Promise<void> {
    const { clock, signal, onBug } = this.context;
    while (!signal.aborted) {
      await work().catch(onBug);
      await clock.sleep(ms, signal).catch(() => undefined);
    }
  }
}

function stateOf(container: KafkaContainer): ContainerState {
  if (container.isRunning) return { kind: 'running', startedAt: container.startedAt ?? new Date(), isReady: container.isReady };
  return container.dueMs > performance.now() ? { kind: 'backing-off' } : { kind: 'ended' };
}

/** They are left to the runner of Jobs. */
function isOfJob({ metadata }: Pod): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === KINDS.Job.kind) === true;
}
