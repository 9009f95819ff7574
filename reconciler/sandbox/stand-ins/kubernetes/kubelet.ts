/**
 * Stand-in for kubelets: runs pods. A pod starts when everything it mounts is there; what it then reads is what it serves until it is
 * restarted. A pod of a Kafka is a process in the model of brokers and, if wanted, real listeners on this machine, whose addresses are
 * published as annotations. Any other pod just runs; those of Jobs are left to whoever runs Jobs.
 *
 * It knows no nodes, images, probes or limits, and no volumes but Secrets.
 */
import { isEqual, KINDS, type KubeObject } from '#model/kube-object';
import { type ListenerName, listenersOf } from '#model/kubedb';
import { timestamp } from '#reconciler/sandbox/clock';
import { type Again, type Controller, type Key, ownKey } from '../controller';
import { hasPodFault } from '../faults';
import { openFacts } from '../kafka/facts-server';
import { type Listener, openListener } from '../kafka/listener';
import type { KafkaProcess, KafkaProcesses } from '../kafka/processes';
import { startup } from '../kafka/startup';
import { type World, writeStatus } from '../world';
import { kafkaNodeOf } from './kafka-node';
import { findMounts, hasEphemeralDisk } from './mounts';
import { failedStatus, runningStatus, waitingStatus } from './pod-status';

export interface KubeletOptions {
  /** With `memory` nothing listens; who asks is told what would be served. */
  readonly listeners: 'real' | 'memory';
  readonly processes: KafkaProcesses;
}

/** Returns the annotation under which a pod's listener is found, or the facts of its Kafka. */
export function addressAnnotation(listener: ListenerName | 'FACTS'): string {
  return `sandbox.kafka-tls/${listener.toLowerCase()}`;
}

interface Container {
  readonly dueMs: number;
  startedAt?: Date;
  startedMs?: number;
  process?: KafkaProcess;
  listeners: readonly { readonly name: ListenerName; readonly listener: Listener }[];
  /** Where its Kafka's facts are to be had. */
  facts?: string;
  /** Why it ended at once. */
  failure?: string;
  restarts: number;
}

export class Kubelet implements Controller {
  readonly name = 'kubelet';
  readonly watches = [
    { kind: KINDS.Pod, keys: ownKey },
    { kind: KINDS.Secret, keys: (secret: KubeObject) => this.waitingPods(secret) },
    {
      kind: KINDS.Kafka,
      keys: (kafka: KubeObject, previous?: KubeObject) =>
        isEqual(kafka.metadata.annotations, previous?.metadata.annotations) ? [] : this.podsOf(kafka),
    },
  ];
  private readonly containers = new Map<string, Container>();
  /** When pods that were asked to go are gone, by uid. */
  private readonly leaving = new Map<string, number>();
  /** Uids of the pods of a name; more than one while a successor takes over. */
  private readonly uids = new Map<string, Set<string>>();
  /** One for all Kafkas, from the first pod on. */
  private facts: Promise<Listener> | undefined;

  constructor(
    private readonly world: World,
    private readonly options: KubeletOptions,
  ) {}

  async reconcile(key: Key): Promise<Again> {
    const pod = this.world.cache.get(KINDS.Pod, key.namespace, key.name);
    this.stopOthers(key, pod?.metadata.uid);
    if (pod === undefined || isOfJob(pod)) return undefined;
    if (pod.metadata.deletionTimestamp !== undefined) return this.terminate(pod);
    const container = this.containers.get(pod.metadata.uid ?? '');
    if (container === undefined) return this.admit(pod);
    if (container.startedAt === undefined) return this.start(pod, container);
    return this.observe(pod, container);
  }

  /** Returns the process of a running pod. */
  processOf(namespace: string, name: string): KafkaProcess | undefined {
    const uid = this.world.cache.get(KINDS.Pod, namespace, name)?.metadata.uid;
    return this.containers.get(uid ?? '')?.process;
  }

  stopAll(): void {
    for (const uid of [...this.containers.keys()]) this.stop(uid);
    void this.facts?.then((server) => server.close());
  }

  private async admit(pod: KubeObject): Promise<Again> {
    const found = findMounts(this.world.cache, pod);
    if ('missing' in found) {
      await writeStatus(this.world, pod, waitingStatus(pod, 'ContainerCreating', found.missing, this.world.clock.now()));
      return undefined;
    }
    const uid = pod.metadata.uid ?? '';
    const { podStartMs } = this.world.timing;
    const container: Container = { dueMs: this.world.clock.monotonicMs() + podStartMs, listeners: [], restarts: 0 };
    this.containers.set(uid, container);
    this.uids.set(idOf(pod), (this.uids.get(idOf(pod)) ?? new Set()).add(uid));
    return podStartMs > 0 ? podStartMs : this.start(pod, container);
  }

  private async start(pod: KubeObject, container: Container): Promise<Again> {
    const left = container.dueMs - this.world.clock.monotonicMs();
    if (left > 0) return left;
    const found = findMounts(this.world.cache, pod);
    if ('missing' in found) {
      this.stop(pod.metadata.uid ?? '');
      return this.admit(pod);
    }
    const node = kafkaNodeOf(pod);
    const outcome = node === undefined ? undefined : startup(found.mounts);
    const failure = hasPodFault('crash-loop', this.world.cache, pod)
      ? 'exit on demand'
      : outcome !== undefined && 'failure' in outcome
        ? outcome.failure
        : undefined;
    if (failure !== undefined) return this.crash(pod, container, failure);
    container.startedAt = this.world.clock.now();
    container.startedMs = this.world.clock.monotonicMs();
    if (node !== undefined && outcome !== undefined && !('failure' in outcome)) {
      const { uid = '', namespace = '', name } = pod.metadata;
      container.process = {
        ...node,
        namespace,
        pod: name,
        uid,
        startup: outcome,
        tls: outcome.tls,
        startedAt: container.startedAt,
        isEphemeral: hasEphemeralDisk(pod),
      };
      if (this.options.listeners === 'real') await this.listen(uid, container, container.process);
      if (this.containers.get(uid) !== container) return undefined;
      this.options.processes.start(container.process);
    }
    return this.observe(pod, container);
  }

  private async listen(uid: string, container: Container, { role, startup: { tls } }: KafkaProcess): Promise<void> {
    this.facts ??= openFacts((namespace, kafka) => this.options.processes.facts(namespace, kafka));
    container.facts = (await this.facts).address;
    const opened = await Promise.all(listenersOf(role).map(async (name) => ({ name, listener: await openListener(tls) })));
    if (this.containers.get(uid) === container) container.listeners = opened;
    else for (const { listener } of opened) listener.close();
  }

  private async crash(pod: KubeObject, container: Container, failure: string): Promise<Again> {
    const backoffMs = Math.min(10_000 * 2 ** container.restarts, 300_000);
    const uid = pod.metadata.uid ?? '';
    const next = { dueMs: this.world.clock.monotonicMs() + backoffMs, listeners: [], restarts: container.restarts + 1 };
    this.containers.set(uid, next);
    await writeStatus(this.world, pod, failedStatus(pod, failure, next.restarts, this.world.clock.now()));
    return backoffMs;
  }

  private async observe(pod: KubeObject, container: Container): Promise<Again> {
    const { clock, timing, client } = this.world;
    const left = (container.startedMs ?? 0) + timing.podReadyMs - clock.monotonicMs();
    if (container.process !== undefined) this.options.processes.lag(container.process, hasPodFault('behind', this.world.cache, pod));
    const isWell = container.process === undefined || this.options.processes.isReady(container.process);
    const isReady = left <= 0 && isWell && !hasPodFault('never-ready', this.world.cache, pod);
    const status = runningStatus(
      pod,
      { isReady, startedAt: timestamp(container.startedAt ?? clock.now()), restarts: container.restarts },
      clock.now(),
    );
    const addresses = Object.fromEntries([
      ...container.listeners.map(({ name, listener }) => [addressAnnotation(name), listener.address]),
      ...(container.facts === undefined ? [] : [[addressAnnotation('FACTS'), container.facts]]),
    ]);
    const known = pod.metadata.annotations ?? {};
    if (Object.entries(addresses).some(([key, address]) => known[key] !== address)) {
      // The status of a pod takes annotations along, so that its address is known no later than that it runs.
      await client.replaceStatus({ ...pod, metadata: { ...pod.metadata, annotations: { ...known, ...addresses } }, status });
    } else {
      await writeStatus(this.world, pod, status);
    }
    return left > 0 ? left : undefined;
  }

  private async terminate(pod: KubeObject): Promise<Again> {
    const uid = pod.metadata.uid ?? '';
    const nowMs = this.world.clock.monotonicMs();
    const isRunning = this.containers.get(uid)?.startedAt !== undefined;
    const goneMs = this.leaving.get(uid) ?? nowMs + (isRunning ? this.world.timing.podStopMs : 0);
    this.leaving.set(uid, goneMs);
    this.stop(uid);
    if (goneMs > nowMs) return goneMs - nowMs;
    this.leaving.delete(uid);
    await this.world.client.delete(pod, { gracePeriodSeconds: 0 });
    return undefined;
  }

  private stopOthers(key: Key, uid: string | undefined): void {
    for (const other of this.uids.get(`${key.namespace ?? ''}/${key.name}`) ?? []) if (other !== uid) this.stop(other);
  }

  private stop(uid: string): void {
    const container = this.containers.get(uid);
    if (container === undefined) return;
    this.containers.delete(uid);
    for (const [id, uids] of this.uids) if (uids.delete(uid) && uids.size === 0) this.uids.delete(id);
    for (const { listener } of container.listeners) listener.close();
    if (container.process !== undefined) this.options.processes.stop(container.process);
  }

  /** Returns the pods of a Kafka, whose readiness depends on each other. */
  podsOf({ metadata }: { readonly metadata: { readonly name: string; readonly namespace?: string } }): readonly Key[] {
    return this.world.cache
      .list(KINDS.Pod, metadata.namespace)
      .filter((p) => kafkaNodeOf(p)?.kafka === metadata.name)
      .flatMap(ownKey);
  }

  private waitingPods(secret: KubeObject): readonly Key[] {
    const pods = this.world.cache.list(KINDS.Pod, secret.metadata.namespace).filter((p) => p.status?.phase === 'Pending');
    return pods
      .filter((p) =>
        (p.spec?.volumes ?? []).some((v: { secret?: { secretName: string } }) => v.secret?.secretName === secret.metadata.name),
      )
      .flatMap(ownKey);
  }
}

function isOfJob({ metadata }: KubeObject): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind }) => kind === KINDS.Job.kind);
}

function idOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
