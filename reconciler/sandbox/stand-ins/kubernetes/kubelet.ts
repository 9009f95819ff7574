/**
 * Stand-in for kubelets: it runs pods. A pod starts when all its volumes can be mounted. What it reads then is what it serves until it is
 * restarted, or until an administrator of Kafka asks it to load its key stores again. Files follow a changed Secret after a while. A pod of a Kafka is a process in the model of brokers. With real listeners, the pod also listens on this machine; annotations
 * publish the addresses. Any other pod only runs. Pods of Jobs are left to the runner of Jobs.
 *
 * There are no nodes, images, probes or limits, and no volumes but Secrets.
 */
import { isEqual, type KubeObject } from '#model/kube-object';
import { keyOf, type Named, named } from '../cache';
import { type Context, writeStatus } from '../context';
import { type Again, watch } from '../controller';
import { hasPodFault, mountDelayOf } from '../faults';
import { type AdministeredNode, type Administration, administration } from '../kafka/administration';
import { type KafkaListener, type Listener, openListener, openModel } from '../kafka/listener';
import type { KafkaProcess, KafkaProcesses } from '../kafka/processes';
import { type Mounts, startup } from '../kafka/startup';
import { KINDS, type Pod } from '../kinds';
import { kafkaNodeOf, type ListenerName, listenersOf } from '../kubedb/layout';
import { findMounts, hasEphemeralDisk } from './mounts';
import type { PodRunner } from './pod-runner';
import { type ContainerState, podStatus } from './pod-status';

/** Kubernetes' default. */
const DEFAULT_GRACE_S = 30;

export interface KubeletOptions {
  /** `memory`: no sockets; the sandbox's `dial` returns what a listener would serve. */
  readonly listeners: 'real' | 'memory';
  readonly processes: KafkaProcesses;
}

/** The containers of one pod. */
interface Container {
  readonly uid: string;
  /** When the container starts. */
  dueMs: number;
  started?: { readonly at: Date; readonly ms: number };
  process?: KafkaProcess | undefined;
  /** The files that the container sees. */
  files?: Mounts;
  /** When its files follow Secrets that have changed. */
  filesDueMs?: number | undefined;
  listeners: readonly { readonly name: ListenerName | 'FACTS'; readonly address: string; close?(): void; serve?: KafkaListener['serve'] }[];
  restarts: number;
  /** When a pod that is being deleted is gone. */
  goneMs?: number;
  /** Its broker found no controller at its end, and serves until it is killed. */
  isHanging?: boolean | undefined;
}

export class Kubelet implements PodRunner {
  readonly kind = KINDS.Pod;
  readonly watches = [
    watch(KINDS.Secret, (secret) => {
      this.expectFiles(secret);
      return this.waitingFor(secret);
    }),
    watch(KINDS.Kafka, (kafka, previous) =>
      isEqual(kafka.metadata.annotations, previous?.metadata.annotations) ? [] : this.podsOf(kafka),
    ),
  ];
  /** By namespace and name of the pod. */
  private readonly containers = new Map<string, Container>();
  /** One server for all Kafkas, from the first pod on. */
  private model: Promise<Listener> | undefined;
  /** What administrators can ask of the nodes. */
  readonly administration: Administration;

  constructor(
    private readonly context: Context,
    private readonly options: KubeletOptions,
  ) {
    const { processes } = options;
    this.administration = administration({ context, processes, nodeOf: (namespace, name) => this.nodeOf(namespace, name) });
  }

  async reconcile(pod: Pod): Promise<Again> {
    if (isOfJob(pod)) return undefined;
    const container = this.containerOf(pod);
    if (container === undefined) return this.admit(pod);
    if (container.started === undefined) return this.start(pod, container);
    const failure = container.process === undefined ? undefined : this.outOfMemory(pod, container.process);
    if (failure === undefined) return this.report(pod, container);
    // The container starts again in its pod: with the files of today, and with the volumes that the pod was created with.
    this.stop(container);
    delete container.started;
    return this.crash(pod, container, failure);
  }

  async remove(pod: Pod | undefined, name: Named): Promise<Again> {
    if (pod === undefined) {
      this.stop(this.containers.get(keyOf(name)));
      this.containers.delete(keyOf(name));
      return undefined;
    }
    if (isOfJob(pod)) return undefined;
    const nowMs = this.context.clock.monotonicMs();
    const container = this.containerOf(pod);
    if (container !== undefined) {
      const isHanging = container.goneMs === undefined ? this.isCutOff(pod, container) : container.isHanging;
      container.isHanging = isHanging;
      container.goneMs ??= nowMs + this.stopMs(pod, container);
      if (!isHanging || container.goneMs <= nowMs) this.stop(container, { isInOrder: !isHanging });
      if (container.goneMs > nowMs) return container.goneMs - nowMs;
    }
    await this.context.client.delete(pod, { gracePeriodSeconds: 0 });
    return undefined;
  }

  /** A broker hands its partitions over before it ends; without a controller it cannot. Nodes that end together still find each other. */
  private isCutOff(pod: Pod, { process }: Container): boolean {
    if (process === undefined || process.role === 'controller') return false;
    const siblings = this.podsOf({ metadata: { name: process.kafka, namespace: process.namespace } });
    const isEndingWithOthers = siblings.some((p) => p !== pod && this.containers.get(keyOf(p))?.goneMs !== undefined);
    return !isEndingWithOthers && !this.options.processes.isConnected(process);
  }

  private stopMs({ spec }: Pod, { started, isHanging }: Container): number {
    const { podStopMs, longestGraceMs } = this.context.timing;
    if (started === undefined) return 0;
    return isHanging === true
      ? Math.max(podStopMs, Math.min((spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_S) * 1000, longestGraceMs))
      : podStopMs;
  }

  /** Returns the process of a running pod. */
  processOf(namespace: string, name: string): KafkaProcess | undefined {
    const container = this.containers.get(keyOf(named(namespace, name)));
    return container?.uid === this.context.cache.get(KINDS.Pod, namespace, name)?.metadata.uid ? container?.process : undefined;
  }

  /** Returns what an administrator can reach of the node in a pod; undefined if it does not run. */
  private nodeOf(namespace: string, name: string): AdministeredNode | undefined {
    const process = this.processOf(namespace, name);
    const pod = this.context.cache.get(KINDS.Pod, namespace, name);
    const container = pod === undefined ? undefined : this.containerOf(pod);
    if (process === undefined || pod === undefined || container === undefined) return undefined;
    const load: AdministeredNode['load'] = (stores) => {
      container.process = { ...process, startup: { ...process.startup, tls: stores }, tls: stores };
      for (const listener of container.listeners) listener.serve?.(stores);
      this.options.processes.reload(container.process);
    };
    return { pod, process, files: this.filesOf(pod, container), load };
  }

  /** Files of running pods follow a changed Secret later. */
  private expectFiles({ metadata }: KubeObject): void {
    const { cache, clock, timing } = this.context;
    for (const pod of cache.list(KINDS.Pod, metadata.namespace)) {
      const container = this.containers.get(keyOf(pod));
      if (container?.files === undefined || !pod.spec.volumes?.some((v) => v.secret?.secretName === metadata.name)) continue;
      container.filesDueMs ??= clock.monotonicMs() + (mountDelayOf(cache, pod) ?? timing.mountMs);
    }
  }

  private filesOf(pod: Pod, container: Container): Mounts {
    const found = findMounts(this.context.cache, pod);
    if (container.filesDueMs !== undefined && container.filesDueMs <= this.context.clock.monotonicMs() && 'mounts' in found) {
      container.files = found.mounts;
      container.filesDueMs = undefined;
    }
    return container.files ?? new Map();
  }

  stopAll(): void {
    for (const container of this.containers.values()) this.stop(container);
    void this.model?.then((server) => server.close());
  }

  health(...check: Parameters<PodRunner['health']>): ReturnType<PodRunner['health']> {
    return this.options.processes.health(...check);
  }

  /** The readiness of each pod depends on the others. */
  onChange(listener: (namespace: string, kafka: string) => void): void {
    this.options.processes.onChange(listener);
  }

  private podsOf({ metadata }: Named): readonly Pod[] {
    return this.context.cache.list(KINDS.Pod, metadata.namespace).filter((p) => kafkaNodeOf(p)?.kafka === metadata.name);
  }

  /** Returns why a node without TLS ends beside nodes with TLS. */
  private outOfMemory(pod: Pod, { tls }: Pick<KafkaProcess, 'tls'>): string | undefined {
    const { namespace = '' } = pod.metadata;
    if (tls !== undefined || !hasPodFault('small-heap', this.context.cache, pod)) return undefined;
    const isBesideTls = this.podsOf(named(namespace, kafkaNodeOf(pod)?.kafka ?? '')).some(
      (p) => this.processOf(namespace, p.metadata.name)?.tls !== undefined,
    );
    return isBesideTls ? 'OutOfMemoryError: a TLS alert was read as the length of an answer' : undefined;
  }

  private waitingFor({ metadata }: KubeObject): readonly Pod[] {
    const pods = this.context.cache.list(KINDS.Pod, metadata.namespace).filter((p) => p.status?.phase === 'Pending');
    return pods.filter(({ spec }) => spec.volumes?.some((v) => v.secret?.secretName === metadata.name));
  }

  /** A pod of the same name may have come before; its containers end. */
  private containerOf(pod: Pod): Container | undefined {
    const container = this.containers.get(keyOf(pod));
    if (container === undefined || container.uid === pod.metadata.uid) return container;
    this.stop(container);
    this.containers.delete(keyOf(pod));
    return undefined;
  }

  private async admit(pod: Pod): Promise<Again> {
    const found = findMounts(this.context.cache, pod);
    if ('missing' in found) {
      await this.writeState(pod, { waiting: { reason: 'ContainerCreating', message: found.missing } });
      return undefined;
    }
    const dueMs = this.context.clock.monotonicMs() + this.context.timing.podStartMs;
    const container: Container = { uid: pod.metadata.uid ?? '', dueMs, listeners: [], restarts: 0 };
    this.containers.set(keyOf(pod), container);
    return this.start(pod, container);
  }

  private async start(pod: Pod, container: Container): Promise<Again> {
    const { cache, clock } = this.context;
    const left = container.dueMs - clock.monotonicMs();
    if (left > 0) return left;
    const found = findMounts(cache, pod);
    if ('missing' in found) {
      this.containers.delete(keyOf(pod));
      return this.admit(pod);
    }
    const node = kafkaNodeOf(pod);
    const outcome = node === undefined ? undefined : startup(found.mounts);
    if (hasPodFault('crash-loop', cache, pod)) return this.crash(pod, container, 'exit on demand');
    if (outcome !== undefined && 'failure' in outcome) return this.crash(pod, container, outcome.failure);
    const failure = this.outOfMemory(pod, { tls: outcome?.tls });
    if (failure !== undefined) return this.crash(pod, container, failure);
    const startedAt = clock.now();
    container.files = found.mounts;
    container.filesDueMs = undefined;
    container.started = { at: startedAt, ms: clock.monotonicMs() };
    if (node !== undefined && outcome !== undefined) {
      const { namespace = '', name } = pod.metadata;
      const process = { ...node, namespace, pod: name, uid: container.uid, startup: outcome, tls: outcome.tls, startedAt };
      container.process = { ...process, isEphemeral: hasEphemeralDisk(pod) };
      if (this.options.listeners === 'real') await this.listen(container, container.process);
      // The sandbox may have ended meanwhile.
      if (container.process === undefined) return undefined;
      this.options.processes.start(container.process);
    }
    return this.report(pod, container);
  }

  private async listen(container: Container, { role, startup: { tls } }: KafkaProcess): Promise<void> {
    this.model ??= openModel({ ...this.administration, facts: (namespace, kafka) => this.options.processes.facts(namespace, kafka) });
    const { address } = await this.model;
    const opened = await Promise.all(listenersOf(role).map(async (name) => ({ name, ...(await openListener(tls)) })));
    if (container.process !== undefined) container.listeners = [...opened, { name: 'FACTS', address }];
    else for (const listener of opened) listener.close();
  }

  private async crash(pod: Pod, container: Container, message: string): Promise<Again> {
    const backoffMs = Math.min(10_000 * 2 ** container.restarts, 300_000);
    container.dueMs = this.context.clock.monotonicMs() + backoffMs;
    container.restarts += 1;
    await this.writeState(pod, { crash: message, restarts: container.restarts });
    return backoffMs;
  }

  private async report(pod: Pod, { started, process, listeners, restarts }: Container): Promise<Again> {
    const { clock, timing, cache, client } = this.context;
    const { at: startedAt = clock.now(), ms = 0 } = started ?? {};
    const left = ms + timing.podReadyMs - clock.monotonicMs();
    if (process !== undefined) this.options.processes.lag(process, hasPodFault('behind', cache, pod));
    const isHealthy = process === undefined || this.options.processes.isReady(process);
    const isReady = left <= 0 && isHealthy && !hasPodFault('never-ready', cache, pod);
    const addresses = Object.fromEntries(listeners.map(({ name, address }) => [`sandbox.kafka-tls/${name.toLowerCase()}`, address]));
    const annotations = { ...pod.metadata.annotations, ...addresses };
    if (isEqual(annotations, pod.metadata.annotations ?? {})) await this.writeState(pod, { startedAt, isReady, restarts });
    else {
      // The status of a pod may carry annotations: the address is then known as soon as the pod is seen running.
      const status = podStatus(pod, { startedAt, isReady, restarts }, clock.now());
      await client.replaceStatus({ ...pod, metadata: { ...pod.metadata, annotations }, status });
    }
    return left > 0 ? left : undefined;
  }

  private writeState(pod: Pod, state: ContainerState): Promise<void> {
    return writeStatus(this.context, pod, podStatus(pod, state, this.context.clock.now()));
  }

  private stop(container: Container | undefined, { isInOrder = false } = {}): void {
    if (container === undefined) return;
    for (const listener of container.listeners) listener.close?.();
    container.listeners = [];
    if (container.process !== undefined) this.options.processes.stop(container.process, { isInOrder });
    container.process = undefined;
  }
}

function isOfJob({ metadata }: Pod): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === KINDS.Job.kind) === true;
}
