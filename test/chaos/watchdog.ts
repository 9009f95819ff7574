/**
 * What must hold whenever the product takes a pod down, judged from the cluster itself and the model of its brokers, not by the product's
 * own reasoning. An eviction is judged by how things were right before it, and only if it went through.
 */
import { X509Certificate } from 'node:crypto';
import { KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import type { Cluster, Eviction } from '#reconciler/ports';
import type { KafkaFacts } from '#reconciler/sandbox/index';
import type { Desire } from '../support/desires';
import { KAFKA, type MemoryPlace, type World } from '../support/world';

/** How things were right before a pod was taken down. */
interface Before {
  readonly pod: string;
  readonly pods: readonly KubeObject[];
  readonly facts: KafkaFacts | undefined;
  readonly isUpToDate: boolean;
}

export class Watchdog {
  /** What was broken, in sentences. */
  readonly broken: string[] = [];
  /** Pods that we took down: name to the uid that went. */
  private readonly down = new Map<string, string>();
  evictions = 0;

  constructor(
    private readonly world: World,
    private readonly place: MemoryPlace,
    private readonly kafka: KubeObject,
    private readonly desired: Desire,
    /** Nodes cannot talk meanwhile: no quorum, and no replica in sync, can be asked for. */
    private readonly isCutover: boolean,
  ) {}

  /** Returns the cluster with everything that takes a pod down looked at. */
  watching(cluster: Cluster): Cluster {
    const judged = async <T>(pod: ObjectRef, uid: string, act: () => Promise<T>, wentThrough: (result: T) => boolean): Promise<T> => {
      const before = await this.look(pod.name, uid);
      const result = await act();
      if (before !== undefined && wentThrough(result)) this.judge(before, uid);
      return result;
    };
    return {
      ...cluster,
      evict: (pod, uid) =>
        judged(
          pod,
          uid,
          () => cluster.evict(pod, uid),
          (e: Eviction) => e.kind === 'evicted',
        ),
      delete: (subject, uid) =>
        subject.kind === KINDS.Pod.kind
          ? judged(
              subject,
              uid,
              () => cluster.delete(subject, uid),
              () => true,
            )
          : cluster.delete(subject, uid),
    };
  }

  /** Undefined when that pod is not there any more: what is asked for then does nothing. */
  private async look(pod: string, uid: string): Promise<Before | undefined> {
    const { world } = this;
    const pods = await world.cluster.list(KINDS.Pod, { namespace: world.namespace });
    const found = pods.find((p) => p.metadata.name === pod);
    if (found?.metadata.uid !== uid || found.metadata.deletionTimestamp !== undefined) return undefined;
    const facts = this.place.sandbox.facts(world.namespace, KAFKA);
    return { pod, pods, facts, isUpToDate: await this.isUpToDate(found) };
  }

  private judge(before: Before, uid: string): void {
    const { pod, pods } = before;
    this.evictions++;
    const others = [...this.down].filter(([name, gone]) => name !== pod && !isBack(pods, name, gone, this.isCutover)).map(([name]) => name);
    const isStop = this.isCutover && this.desired.cutover === 'stop';
    if (others.length > 0 && !isStop) this.broken.push(`${pod} was taken down while ${others.join(', ')} was not back`);
    for (const [name, gone] of this.down) if (isBack(pods, name, gone, this.isCutover)) this.down.delete(name);
    this.down.set(pod, uid);
    if (before.isUpToDate) this.broken.push(`${pod} was taken down, and served what it should`);
    if (!this.isCutover) this.judgeKafka(before);
  }

  private judgeKafka({ pod, facts }: Before): void {
    const id = nodesOf(this.kafka).find((n) => n.pod === pod)?.nodeId;
    if (facts === undefined || id === undefined) return;
    const { quorum, topics } = facts;
    if (this.place.clock.monotonicMs() - this.place.clock.jumpedAtMs >= quorum.fetchTimeoutMs) this.judgeQuorum(pod, id, quorum);
    this.judgeTopics(pod, id, topics);
  }

  /** Instants of before and after the wall clock was set are not held against each other. */
  private judgeQuorum(pod: string, id: number, quorum: KafkaFacts['quorum']): void {
    const now = quorum.voters.find((v) => v.nodeId === quorum.leaderId)?.lastCaughtUpMs ?? 0;
    const caughtUp = quorum.voters.filter((v) => Math.abs(now - (v.lastCaughtUpMs ?? 0)) < quorum.fetchTimeoutMs);
    const left = caughtUp.filter((v) => v.nodeId !== id).length;
    if (caughtUp.length !== left && quorum.voters.length > 1 && left < Math.floor(quorum.voters.length / 2) + 1)
      this.broken.push(`${pod} was taken down, and ${left} of ${quorum.voters.length} voters were left`);
  }

  private judgeTopics(pod: string, id: number, topics: KafkaFacts['topics']): void {
    for (const { name, minInsyncReplicas = 1, partitions } of topics) {
      for (const { partition, isr, replicas } of partitions) {
        if (isr.includes(id) && replicas.length > minInsyncReplicas && isr.length - 1 < minInsyncReplicas)
          this.broken.push(`${pod} was taken down, and ${name}-${partition} has ISR {${isr}}, needs ${minInsyncReplicas}`);
      }
    }
  }

  /** Tells whether every listener serves what the Secret holds and the desired state asks for, whoever looks. */
  private async isUpToDate(pod: KubeObject): Promise<boolean> {
    const { world, desired, place } = this;
    const listener = pod.metadata.name.includes('controller') ? 'CONTROLLER' : 'BROKER';
    const served = place.sandbox.dial(world.namespace, pod.metadata.name, listener);
    if (served === undefined) return false;
    if (desired.issuer === 'off') return served.protocol === 'plaintext';
    const secret = await world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-server-cert`));
    const held = Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
    if (served.protocol !== 'tls' || held === '') return false;
    const [leaf = ''] = served.chain;
    return new X509Certificate(leaf).fingerprint256 === new X509Certificate(held).fingerprint256;
  }
}

function isBack(pods: readonly KubeObject[], name: string, gone: string, isCutover: boolean): boolean {
  const pod = pods.find((p) => p.metadata.name === name);
  if (pod === undefined || pod.metadata.uid === gone || pod.metadata.deletionTimestamp !== undefined) return false;
  const isReady = (pod.status?.conditions ?? []).some((c: { type: string; status: string }) => c.type === 'Ready' && c.status === 'True');
  return isCutover ? pod.status?.phase === 'Running' : isReady;
}
