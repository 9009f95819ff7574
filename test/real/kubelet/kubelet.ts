/**
 * A stand-in for kubelets that runs the pods of a Kafka as processes on this machine: real Kafka from Maven Central, of the release that the
 * image of the pod names.
 *
 *   1. A pod gets an address (`network.ts`) and its volumes (`volumes.ts`). While one cannot be mounted, it stays Pending.
 *   2. The boot script merges the configuration (`boot.ts`), storage is formatted (`storage.ts`), Kafka starts (`container.ts`).
 *   3. The pod is Ready once Kafka calls the node in sync (`probe.ts`), and not Ready after three failed probes in a row.
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
import { isEqual, type KubeObject } from '#model/kube-object';
import { keyOf, type Named, named } from '#reconciler/sandbox/stand-ins/cache';
import { type Context, decoded, writeStatus } from '#reconciler/sandbox/stand-ins/context';
import { type Again, watch } from '#reconciler/sandbox/stand-ins/controller';
import type { Health } from '#reconciler/sandbox/stand-ins/kafka/processes';
import { type Kafka, KINDS, type Pod } from '#reconciler/sandbox/stand-ins/kinds';
import { authSecretName, KAFKA_CONTAINER, kafkaNodeOf, nodesOf, type Role, serviceName } from '#reconciler/sandbox/stand-ins/kubedb/layout';
import type { PodRunner } from '#reconciler/sandbox/stand-ins/kubernetes/pod-runner';
import { KafkaContainer } from './container';
import { checkHealth } from './health';
import type { PodNetwork } from './network';
import { inSync } from './probe';
import { type ContainerState, podStatus } from './status';
import { type Lookup, PodVolumes } from './volumes';

export interface ProcessKubeletOptions {
  readonly network: PodNetwork;
  /** Folder of the run, which holds everything that pods write. */
  readonly root: string;
  /** Returns the class path of the release that an image holds. */
  readonly classPathOf: (image: string) => string;
}

/** What happened to a pod. */
export interface PodEvent {
  readonly at: Date;
  readonly pod: string;
  readonly event: 'started' | 'ready' | 'unready' | 'stopping' | 'ended';
  /** Exit code of the process. */
  readonly code?: number;
}

export interface RunningPod {
  readonly name: string;
  readonly role: Role;
  readonly nodeId: number;
  readonly address: string;
  readonly fqdn: string;
  /** Undefined: no process runs. */
  readonly pid: number | undefined;
  readonly isReady: boolean;
  /** File with everything that Kafka has printed. */
  readonly log: string;
  /** The folder on this machine for every mount path. */
  readonly mounts: ReadonlyMap<string, string>;
}

const PROBE_PERIOD_MS = 1_000;
const FAILED_PROBES = 3;
const HEALTH_PERIOD_MS = 2_000;
const HEALTH_TIMEOUT_MS = 5_000;
const UNKNOWN: Health = { isAccepting: false, isComplete: false };

/** A Kafka that the provisioner has asked about. */
interface Checked {
  kafka: Kafka;
  trust: readonly string[] | undefined;
  health: Health;
}

export class ProcessKubelet implements PodRunner {
  readonly kind = KINDS.Pod;
  readonly watches = [KINDS.Secret, KINDS.ConfigMap].map((kind) => watch(kind, (object) => this.concernedBy(object)));
  /** From a changed Secret or ConfigMap to the changed files of running pods. */
  mountDelayMs = 0;
  /** From the start of a process to its first probe. */
  readyDelayMs = 0;
  readonly events: PodEvent[] = [];
  /** By namespace and name of the pod. */
  private readonly containers = new Map<string, KafkaContainer>();
  private readonly checked = new Map<string, Checked>();
  private readonly listeners: ((namespace: string, kafka: string) => void)[] = [];
  private readonly dueSyncs = new Set<string>();
  private ending: Promise<unknown> | undefined;

  constructor(
    private readonly context: Context,
    private readonly options: ProcessKubeletOptions,
  ) {
    void this.every(PROBE_PERIOD_MS, () => this.probeAll());
    void this.every(HEALTH_PERIOD_MS, () => this.checkAll());
  }

  onChange(listener: (namespace: string, kafka: string) => void): void {
    this.listeners.push(listener);
  }

  health(kafka: Kafka, trust: readonly string[] | undefined): Health {
    const key = keyOf(kafka);
    const known = this.checked.get(key);
    if (known === undefined) this.checked.set(key, { kafka, trust, health: UNKNOWN });
    else Object.assign(known, { kafka, trust });
    return known?.health ?? UNKNOWN;
  }

  async reconcile(pod: Pod): Promise<Again> {
    if (pod.metadata.ownerReferences?.some(({ kind }) => kind === KINDS.Job.kind)) return undefined;
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
    const key = keyOf(name);
    const container = this.containers.get(key);
    if (container === undefined) {
      if (pod !== undefined) await this.context.client.delete(pod, { gracePeriodSeconds: 0 });
      return undefined;
    }
    if (!container.isStopping) {
      const graceS = pod === undefined ? 0 : (pod.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds;
      if (container.isRunning) this.record(container, 'stopping');
      void container.stop((graceS ?? 0) * 1000).then(() => this.notify(container));
    }
    if (container.isRunning) return undefined;
    this.forget(key, container);
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
      await container.start({ classPath: this.options.classPathOf(image), env: this.environmentOf(pod), onExit });
      if (container.isRunning) this.record(container, 'started');
    }
    await this.write(pod, stateOf(container), container);
    const left = container.dueMs - performance.now();
    return container.isRunning || left <= 0 ? undefined : left;
  }

  private onExit(container: KafkaContainer): void {
    this.record(container, 'ended', container.last?.code);
    this.notify(container);
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
        for (const { place } of mounting) if (this.isKnown(place)) place.volumes.sync(this.lookup(namespace));
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

  private async probeAll(): Promise<void> {
    const running = [...this.containers.values()].filter((c) => c.isRunning && c.probe !== undefined && isDue(c, this.readyDelayMs));
    const kafkas = new Set(running.map(kafkaOf));
    for (const kafka of kafkas) {
      const containers = running.filter((c) => kafkaOf(c) === kafka);
      const ready = await inSync(containers.flatMap((c) => c.probe ?? []));
      for (const container of containers) if (container.probe !== undefined) this.judge(container, ready.has(container.probe));
    }
  }

  private judge(container: KafkaContainer, isInSync: boolean): void {
    container.failures = isInSync ? 0 : container.failures + 1;
    const isReady = isInSync || (container.isReady && container.failures < FAILED_PROBES);
    if (isReady === container.isReady) return;
    container.isReady = isReady;
    this.record(container, isReady ? 'ready' : 'unready');
    this.notify(container);
  }

  private async checkAll(): Promise<void> {
    for (const [key, checked] of this.checked) {
      const health = await this.check(checked);
      const isChanged = !isEqual(health, checked.health);
      checked.health = health;
      const [namespace = '', kafka = ''] = key.split('/');
      if (isChanged) for (const listener of this.listeners) listener(namespace, kafka);
    }
  }

  private check({ kafka, trust }: Checked): Promise<Health> {
    const { namespace } = kafka.metadata;
    const { username: user, password } = decoded(this.context.cache.get(KINDS.Secret, namespace, authSecretName(kafka)));
    const login = kafka.spec.disableSecurity === true || user === undefined || password === undefined ? undefined : { user, password };
    const brokers = nodesOf(kafka)
      .filter((n) => n.role !== 'controller')
      .map(({ pod, nodeId: id }) => {
        const container = this.containers.get(keyOf(named(namespace, pod)));
        return container?.isRunning === true ? { id, address: container.place.address, fqdn: this.fqdnOf(container.pod) } : undefined;
      });
    return checkHealth(brokers, { kafka, trust, login, timeoutMs: HEALTH_TIMEOUT_MS });
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
    this.events.push({ at: new Date(), pod: container.pod.metadata.name, event, ...(code === undefined ? {} : { code }) });
  }

  private notify({ pod, node }: KafkaContainer): void {
    for (const listener of this.listeners) listener(pod.metadata.namespace ?? '', node.kafka);
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

function kafkaOf({ pod, node }: KafkaContainer): string {
  return keyOf(named(pod.metadata.namespace, node.kafka));
}

function isDue({ startedAt }: KafkaContainer, delayMs: number): boolean {
  return startedAt !== undefined && Date.now() - startedAt.getTime() >= delayMs;
}

function stateOf(container: KafkaContainer): ContainerState {
  if (container.isRunning) return { kind: 'running', startedAt: container.startedAt ?? new Date(), isReady: container.isReady };
  return container.dueMs > performance.now() ? { kind: 'backing-off' } : { kind: 'ended' };
}
