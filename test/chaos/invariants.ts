/**
 * Watches what must hold at every moment of a play. It judges by the objects of the cluster and by the model of the brokers, and not by the
 * product's own reasoning.
 *
 * - The product takes a pod down only if the pod is outdated, every pod that was taken down earlier is back, a majority of voters stays caught
 *   up and no partition falls below its minimum of replicas in sync. A cut-over is exempt from all but the first two; another root is none.
 * - Where nothing but kills disturbs the runs, no pod restarts twice for one operation and none for a rotation by reload, no two requests are unfinished at a time, and a pod starts with a CA
 *   only after that CA is in the trust bundle of clients.
 */

import { X509Certificate } from 'node:crypto';
import { KINDS, type KubeObject } from '#model/kube-object';
import { isFinishedRequest, nodesOf } from '#model/kubedb';
import { trustName } from '#model/names';
import { TRUST_KEY } from '#reconciler/model/trust-bundle';
import { readCas } from '#reconciler/pki/certificates';
import type { ApiRequest, ApiResponse } from '#reconciler/sandbox/api/api';
import type { KafkaFacts } from '#reconciler/sandbox/index';
import { untyped } from '#test/support/untyped';
import type { DesiredState } from '../support/desired-states';
import { hasCondition, KAFKA, type MemoryEnvironment, type World } from '../support/world';
import type { Forward } from './network';

/** What the runs from now on are for. */
export interface Leg {
  readonly from: DesiredState | undefined;
  readonly to: DesiredState;
  /** Nothing but kills disturbs the runs. */
  readonly isStrict: boolean;
  readonly mostRestarts: number;
}

/** State of the cluster just before a pod was taken down. */
interface Before {
  readonly pod: string;
  readonly uid: string;
  readonly nodeId: number | undefined;
  readonly pods: readonly KubeObject[];
  readonly facts: KafkaFacts | undefined;
  readonly isUpToDate: boolean;
}

const POD_TAKEN_DOWN = /^(?:POST \S+\/pods\/(?<evicted>[^/?]+)\/eviction|DELETE \S+\/pods\/(?<deleted>[^/?]+))/;

/** Tells whether TLS is turned on or off. */
function isProtocolChange(leg: Leg | undefined): boolean {
  return (leg?.from?.issuer ?? 'off') === 'off' || leg?.to.issuer === 'off';
}

/** Tells whether the root changes, which takes three rotations. */
export function isRootChange(leg: Pick<Leg, 'from' | 'to'>): boolean {
  return leg.from !== undefined && leg.from.issuer !== 'off' && leg.to.issuer !== 'off' && leg.from.issuer !== leg.to.issuer;
}

export class InvariantWatch {
  /** Violations, in sentences. */
  readonly broken: string[] = [];
  /** Pods that the product took down. */
  evictions = 0;
  private leg: Leg | undefined;
  /** Pods that the product took down in this leg, with the uid that went. */
  private readonly down = new Map<string, string>();
  /** Every uid that a pod has had in this leg. */
  private readonly uids = new Map<string, Set<string>>();
  private readonly stopped = new AbortController();
  private readonly watching: Promise<unknown>;

  /** What the brokers were like before a fault of this instant. */
  private unknowable: { readonly atMs: number; readonly facts: KafkaFacts | undefined } | undefined;

  /** In memory the brokers are judged, too; elsewhere time passes between a look and the request that it is about. */
  constructor(
    private readonly world: World,
    private readonly environment?: MemoryEnvironment,
  ) {
    const watch = (kind: typeof KINDS.Pod | typeof KINDS.KafkaOpsRequest) =>
      world.cluster.watch(kind, { namespace: world.namespace }, this.stopped.signal);
    this.watching = Promise.all([this.watchPods(watch(KINDS.Pod)), this.watchRequests(watch(KINDS.KafkaOpsRequest))]);
    this.watching.catch(() => undefined); // `stop` reports it
  }

  /**
   * To be called before a fault. Judged is the state before it until time passes: no run can know what changes between its last look and the
   * eviction.
   */
  beforeFault(): void {
    const { environment, world } = this;
    if (environment === undefined) return;
    const atMs = environment.clock.monotonicMs();
    if (this.unknowable?.atMs !== atMs) this.unknowable = { atMs, facts: environment.sandbox.facts(world.namespace, KAFKA) };
  }

  begin(leg: Leg): void {
    this.leg = leg;
    this.down.clear();
    for (const [pod, uids] of this.uids) this.uids.set(pod, new Set([...uids].slice(-1)));
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.watching;
  }

  /** Forwards a request of the product, and judges it if it takes a pod down. */
  async judged(request: ApiRequest, forward: Forward): Promise<ApiResponse> {
    const { evicted, deleted = evicted } = POD_TAKEN_DOWN.exec(`${request.method} ${request.path}`)?.groups ?? {};
    const before = deleted === undefined || this.environment === undefined ? undefined : await this.look(deleted, this.environment);
    const response = await forward();
    if (before !== undefined && response.status < 300) this.judge(before);
    return response;
  }

  private async look(pod: string, environment: MemoryEnvironment): Promise<Before | undefined> {
    const { world } = this;
    const pods = await world.cluster.list(KINDS.Pod, { namespace: world.namespace });
    const found = pods.find((p) => p.metadata.name === pod);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined;
    const nodeId = nodesOf(untyped((await world.kafka()) as KubeObject)).find((node) => node.pod === pod)?.nodeId;
    const isJustChanged = this.unknowable?.atMs === environment.clock.monotonicMs();
    const facts = isJustChanged ? this.unknowable?.facts : environment.sandbox.facts(world.namespace, KAFKA);
    return { pod, uid: found.metadata.uid ?? '', nodeId, pods, facts, isUpToDate: await this.isUpToDate(found, environment) };
  }

  private judge({ pod, uid, nodeId, pods, facts, isUpToDate }: Before): void {
    this.evictions++;
    // Nodes with and without TLS cannot talk: quorum and replicas in sync mean nothing meanwhile.
    const isCutover = isProtocolChange(this.leg);
    const others = [...this.down].filter(([name, gone]) => name !== pod && !isBack(pods, name, gone, isCutover)).map(([name]) => name);
    const isStop = isCutover && this.leg?.to.cutover === 'stop';
    if (others.length > 0 && !isStop) this.broken.push(`${pod} was taken down before ${others.join(', ')} was back`);
    for (const [name, gone] of this.down) if (isBack(pods, name, gone, isCutover)) this.down.delete(name);
    this.down.set(pod, uid);
    if (isUpToDate) this.broken.push(`${pod} was taken down although it served the desired state`);
    if (!isCutover && facts !== undefined) this.judgeBrokers(pod, nodeId, facts);
  }

  private judgeBrokers(pod: string, id: number | undefined, { quorum, topics }: KafkaFacts): void {
    const { clock } = this.environment as MemoryEnvironment;
    // Instants before and after the wall clock was set cannot be compared.
    const areInstantsComparable = clock.monotonicMs() - clock.jumpedAtMs >= quorum.fetchTimeoutMs;
    const now = quorum.voters.find((v) => v.nodeId === quorum.leaderId)?.lastCaughtUpMs ?? 0;
    const caughtUp = quorum.voters.filter((v) => Math.abs(now - (v.lastCaughtUpMs ?? 0)) < quorum.fetchTimeoutMs).map((v) => v.nodeId);
    const left = caughtUp.filter((nodeId) => nodeId !== id).length;
    if (areInstantsComparable && quorum.voters.length > 2 && left < caughtUp.length && left <= quorum.voters.length / 2)
      this.broken.push(`${pod} was taken down, and ${left} of ${quorum.voters.length} voters were left`);
    for (const { name, minInsyncReplicas = 1, partitions } of topics)
      for (const { partition, isr, replicas } of partitions)
        if (id !== undefined && isr.includes(id) && replicas.length > minInsyncReplicas && isr.length - 1 < minInsyncReplicas)
          this.broken.push(`${pod} was taken down, and ${name}-${partition} has ISR {${isr}}, needs ${minInsyncReplicas}`);
  }

  /** Whether the pod serves the certificate of the Secret, or no TLS if none is desired. */
  private async isUpToDate(pod: KubeObject, environment: MemoryEnvironment): Promise<boolean> {
    const { world, leg } = this;
    const served = environment.sandbox.dial(
      world.namespace,
      pod.metadata.name,
      pod.metadata.name.includes('controller') ? 'CONTROLLER' : 'BROKER',
    );
    if (leg?.to.issuer === 'off') return served?.protocol === 'plaintext';
    const secret = await world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-server-cert`));
    const held = Buffer.from(untyped(secret?.data)?.['tls.crt'] ?? '', 'base64').toString('utf8');
    if (served?.protocol !== 'tls' || held === '') return false;
    const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;
    return fingerprint(served.chain[0] ?? '') === fingerprint(held);
  }

  private async watchPods(changes: AsyncIterable<readonly KubeObject[]>): Promise<void> {
    for await (const pods of changes) {
      for (const { metadata } of pods) {
        const uids = this.uids.get(metadata.name) ?? new Set();
        const isRestarted = uids.size > 0 && !uids.has(metadata.uid ?? '');
        this.uids.set(metadata.name, uids.add(metadata.uid ?? ''));
        if (!isRestarted || this.leg?.isStrict !== true) continue;
        if (uids.size - 1 > this.leg.mostRestarts) this.broken.push(`${metadata.name} restarted ${uids.size - 1} times`);
        const untrusted = await this.untrustedCas();
        if (untrusted.length > 0) this.broken.push(`${metadata.name} restarted before clients could trust ${untrusted.join(', ')}`);
      }
    }
  }

  /** Subjects of the CAs that brokers' certificates come with and the trust bundle lacks. */
  private async untrustedCas(): Promise<readonly string[]> {
    const { world } = this;
    const [secret, configMap] = await Promise.all([
      world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-server-cert`)),
      world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA))),
    ]);
    // Clients trust roots. While the root changes, nodes trust a certificate of the same key that is none.
    const trusted = readCas(untyped(configMap?.data)?.[TRUST_KEY] ?? '').certificates.map((c) => c.publicKey);
    const served = readCas(Buffer.from(untyped(secret?.data)?.['ca.crt'] ?? '', 'base64').toString()).certificates;
    return served.filter((c) => !trusted.includes(c.publicKey)).map((c) => c.subject);
  }

  private async watchRequests(changes: AsyncIterable<readonly KubeObject[]>): Promise<void> {
    for await (const requests of changes) {
      const unfinished = requests.filter((r) => !isFinishedRequest(untyped(r))).map((r) => r.metadata.name);
      if (this.leg?.isStrict === true && unfinished.length > 1) this.broken.push(`unfinished at the same time: ${unfinished.join(', ')}`);
    }
  }
}

/** In a cut-over a pod that runs is back: it cannot be Ready alone. */
function isBack(pods: readonly KubeObject[], name: string, gone: string, isCutover: boolean): boolean {
  const pod = pods.find((p) => p.metadata.name === name);
  if (pod === undefined || pod.metadata.uid === gone || pod.metadata.deletionTimestamp !== undefined) return false;
  return isCutover ? untyped(pod.status)?.phase === 'Running' : hasCondition(pod, 'Ready');
}
