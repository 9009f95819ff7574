/**
 * One living cluster of real Kafka pods, on which operations are measured one after the other. Each operation has its own load on a new topic,
 * sampled handshakes, and the closing questions: the plan says nothing to do, every listener serves the content of its Secret, the Kafka is not
 * paused, and a second run does nothing.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Size } from 'cdk8s';
import { KafkaCluster } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { trustName } from '#model/names';
import { brokerCertificateName } from '#model/tls';
import { plan } from '#reconciler/plan/plan';
import type { Dialer, KafkaFactsSource, ProgressEvent } from '#reconciler/ports';
import { assertConverged, assertDone } from '../../support/converged';
import { untyped } from '../../support/untyped';
import { KAFKA, World, type WorldOptions } from '../../support/world';
import type { RealApi } from '../environment';
import { type Release, versionOf } from '../kafka/jars';
import { RealKafkaEnvironment } from '../kafka-environment';
import { podBars } from '../load/chart/pods';
import type { MeasuredRun } from '../load/chart/run';
import { type Handshake, HandshakeSampler, type ListenerAddress } from '../load/handshakes';
import { judge } from '../load/judge';
import { now } from '../load/now';
import { Load, type LoadProgram, plaintextProfile, tlsProfile } from '../load/program';
import { ackRates } from '../load/rates';
import { QUORUM, type Recording } from '../load/record';
import { type ListenerFault, staleListeners } from '../load/served';
import type { Span } from '../load/spans';
import { type Between, betweenOf } from './between';
import { Calls } from './calls';
import { createIssuers } from './issuers-by-hand';
import { type Actor, ISSUERS, NOTHING, type Operation, restartOf, type Setting, tlsOf } from './operations';
import { overheadOf, type RestartPhase, restartPhase } from './overhead';
import { requestByHand } from './request-by-hand';
import { TrustFile } from './trust-file';

const PODS = 6;
const POLL_MS = 250;
/** Load before and after an operation, so that a gap at its edges is seen. */
const MARGIN_MS = 3_000;
const BUCKET_MS = 500;
/** Kubernetes' default. Brokers that reach no controller use it up. */
export const GRACE_S = 30;
/** Versions of KubeDB's catalog; the release of the processes is that of `kafka/pom.xml`. */
const KUBEDB_VERSIONS: Readonly<Record<Release, string>> = { 'kafka-4': '4.2.0', 'kafka-3': '3.9.0' };
const LISTENERS = {
  controller: [['CONTROLLER', 9093]],
  broker: [
    ['BROKER', 9092],
    ['LOCAL', 29092],
  ],
  combined: [],
} as const;

/** A measured operation, with what the bars are about. */
export interface Measurement {
  readonly operation: Operation;
  readonly actor: Actor;
  readonly run: MeasuredRun;
  readonly restarts: RestartPhase | undefined;
  /** What the reconciler did between two restarts. */
  readonly between: readonly Between[];
  /** What the reconciler reported, and when. */
  readonly events: readonly { readonly at: number; readonly event: ProgressEvent }[];
  /** Pods in the order in which they stopped. */
  readonly order: readonly string[];
  /** The pod that led the quorum when the operation began. */
  readonly activeController: string | undefined;
  /** Listeners that did not serve the content of their Secret after the operation. */
  readonly stale: readonly ListenerFault[];
}

export interface StageOptions {
  readonly api: RealApi;
  readonly executor: ExecutorName;
  readonly release: Release;
  readonly program: LoadProgram;
}

export class Stage {
  private setting: Setting = NOTHING;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-availability-'));
  private readonly world: World;
  private readonly trust: TrustFile;
  private readonly cluster;
  private operations = 0;
  private isByHand = false;
  private readonly roots = new Set<string>();
  private readonly calls = new Calls();

  private constructor(private readonly options: StageOptions) {
    const { api, executor, release } = options;
    const place = (o: WorldOptions) => new WatchedEnvironment(this.calls, api, executor, o);
    this.world = new World({ executor, opsManager: executor === 'ops-request', decorate: (cluster) => this.calls.cluster(cluster) }, place);
    this.trust = new TrustFile(path.join(this.folder, 'ca.crt'), () => this.trusted());
    const storage = Size.gibibytes(1);
    const extraSpec = { podTemplate: { spec: { terminationGracePeriodSeconds: GRACE_S } } };
    const nodes = { replicas: PODS / 2, storage, extraSpec };
    this.cluster = KafkaCluster.dedicated({ name: KAFKA, version: KUBEDB_VERSIONS[release], controllers: nodes, brokers: nodes });
  }

  static async start(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options);
    try {
      await stage.world.start();
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.trust.stop();
    await this.world.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Brings the cluster into a state in which the operation can begin, unless it is in one. Not measured. */
  async arrange({ from }: Operation): Promise<void> {
    const { issuer, cutover } = this.setting;
    const has = this.setting === NOTHING ? 'nothing' : issuer === undefined ? 'plaintext' : 'tls';
    if (has === from) return;
    this.setting = {
      ...(from === 'tls' ? { issuer: ISSUERS.first } : {}),
      dnsNames: [],
      cutover: this.options.executor === 'native' ? 'stop' : cutover,
    };
    await this.world.apply(this.desired(this.setting));
  }

  /** Carries an operation out under load. */
  async measure(operation: Operation, actor: Actor): Promise<Measurement> {
    const { world } = this;
    const before = this.setting;
    const after = operation.change(before, world.clock.now());
    const isByHand = actor === 'KubeDB alone';
    this.isByHand = isByHand;
    await createIssuers(world, after, isByHand);
    const events: Measurement['events'][number][] = [];
    world.onEvent = (event) => void events.push({ at: now(), event });
    const from = this.environment.kubelet.events.length;
    const carryOut = () => (isByHand ? requestByHand(world, this.requestName(), before, after) : this.apply(operation, before, after));

    const estimatedOutageMs = isByHand || operation.from === 'nothing' ? undefined : await this.estimatedOutage(after);
    let begun = now();
    const early = operation.from === 'nothing' ? carryOut() : undefined;
    early?.catch(() => undefined);
    if (early !== undefined) await Promise.race([early, this.untilPodsRun()]);
    const load = await this.load(operation);
    const sampler = HandshakeSampler.start(() => this.listeners());
    try {
      if (operation.from !== 'nothing') {
        await load.warm([operation.from]);
        await pause(MARGIN_MS);
        begun = now();
      }
      await (early ?? carryOut());
      const span = { from: begun, to: now() };
      this.setting = operation.isReverted === true ? before : after;
      await world.settle();
      await load.warm([operation.to]);
      const isUp = now();
      await pause(MARGIN_MS);
      const handshakes = [...sampler.seen];
      const recording = await load.stop();
      await sampler.stop();
      await this.askClosingQuestions(isByHand);
      const measured = { operation, actor, events, span, recording, handshakes, from, isUp };
      return await this.measurement({
        ...measured,
        ...(operation.isCutover && estimatedOutageMs !== undefined ? { estimatedOutageMs } : {}),
      });
    } catch (error) {
      const events = this.environment.kubelet.events.slice(from).map((e) => `${e.at.toISOString()} ${e.pod} ${e.event} ${e.code ?? ''}`);
      throw new Error(`${operation.name}, ${actor}: ${String(error)}\n${load.lastWords}\n${events.join('\n')}`, { cause: error });
    } finally {
      await sampler.stop();
      await load.kill();
      world.onEvent = undefined;
    }
  }

  /** One run, as the Job makes it. A reverted commit is what the run reads from the second restarted pod on. */
  private async apply(operation: Operation, before: Setting, after: Setting): Promise<void> {
    const [wanted, previous] = [this.desired(after), operation.from === 'nothing' ? undefined : this.desired(before)];
    let read = wanted;
    const listen = this.world.onEvent;
    if (operation.isReverted === true && previous !== undefined) {
      let ready = 0;
      this.world.onEvent = (event) => {
        listen?.(event);
        if (event.event === 'ready' && event.subject.kind === KINDS.Pod.kind && ++ready === 2) read = previous;
      };
    }
    await this.world.apply(() => read);
    this.world.onEvent = listen;
  }

  private async measurement(found: {
    readonly operation: Operation;
    readonly actor: Actor;
    readonly events: Measurement['events'];
    readonly span: Span;
    readonly recording: Recording;
    readonly handshakes: readonly Handshake[];
    readonly from: number;
    readonly isUp: number;
    readonly estimatedOutageMs?: number;
  }): Promise<Measurement> {
    const { operation, actor, events, span, recording, handshakes, from, isUp, estimatedOutageMs } = found;
    const window = { from: span.from, to: Math.max(span.to, isUp) };
    const history = this.environment.kubelet.events;
    const drawn = { from: window.from - MARGIN_MS, to: window.to + MARGIN_MS };
    const restarts = operation.from === 'nothing' ? undefined : restartPhase(history.slice(from), drawn);
    const served = this.setting.issuer === undefined ? undefined : await this.issuedFingerprint();
    const run: MeasuredRun = {
      operation: operation.name,
      kafka: versionOf(this.options.release),
      executor: actor,
      span,
      restarts: restarts?.downtimes.length ?? 0,
      ...(restarts === undefined ? {} : { overhead: overheadOf(restarts) }),
      ...(estimatedOutageMs === undefined ? {} : { estimatedOutageMs }),
      judged: judge(recording, window),
      rates: ackRates(recording, drawn, BUCKET_MS),
      pods: podBars(history, drawn),
      handshakes: handshakes.filter((h) => h.at >= drawn.from && h.at <= drawn.to),
    };
    const stale =
      served === undefined
        ? []
        : staleListeners(handshakes, {
            after: isUp,
            isWanted: (c) => c.fingerprint === served,
            listeners: this.listeners().map((l) => l.listener),
          });
    const order = restarts?.downtimes.map((d) => d.pod) ?? [];
    const between = (restarts?.between ?? []).map((s) => betweenOf(s, this.calls.seen));
    return { operation, actor, run, restarts, between, events, order, activeController: this.leaderAt(recording, span.from), stale };
  }

  private leaderAt({ views }: Recording, instant: number): string | undefined {
    const leading = views.filter((v) => v.role === 'controller' && v.answered <= instant && v.leads[QUORUM] !== undefined);
    const last = leading.reduce<(typeof leading)[number] | undefined>(
      (a, b) => (a !== undefined && a.answered > b.answered ? a : b),
      undefined,
    );
    return this.environment.pods().find((p) => p.nodeId === last?.node)?.name;
  }

  /** As the scenarios of the sandbox ask. Without a reconciler only what holds of the cluster is asked. */
  private async askClosingQuestions(isByHand: boolean): Promise<void> {
    const bundle = this.desired(this.setting);
    if (isByHand) return void (await assertConverged(this.world, bundle));
    await assertDone(this.world, bundle);
    assert.deepEqual(plan(bundle, await this.world.observe(bundle), this.world.clock.now()).steps, [], 'the plan has nothing to do');
  }

  private desired(setting: Setting): Bundle {
    return this.world.desired(tlsOf(setting), { cluster: this.cluster, ...restartOf(setting) });
  }

  private async estimatedOutage(after: Setting): Promise<number | undefined> {
    const bundle = this.desired(after);
    return plan(bundle, await this.world.observe(bundle), this.world.clock.now()).estimate?.outageMs;
  }

  private async load(operation: Operation): Promise<Load> {
    const { environment } = this;
    const login = { user: environment.adminUser, password: await environment.adminPassword() };
    const tls = tlsProfile(environment.bootstrap, login, this.trust.path);
    const profiles =
      operation.from === 'plaintext' || operation.to === 'plaintext' ? [tls, plaintextProfile(environment.bootstrap, login)] : [tls];
    const name = `load-${++this.operations}`;
    return Load.start(this.options.program, {
      folder: path.join(this.folder, name),
      topic: name,
      hostsFile: environment.hostsFile,
      profiles,
      nodes: environment.pods().map((p) => {
        const role = p.role === 'controller' ? 'controller' : 'broker';
        return { id: p.nodeId, role, address: `${p.fqdn}:${role === 'controller' ? 9093 : 9092}` } as const;
      }),
      watch: login,
    });
  }

  private listeners(): readonly ListenerAddress[] {
    return this.environment
      .pods()
      .flatMap((p) =>
        LISTENERS[p.role].map(([name, port]) => ({ listener: `${p.name}/${name}`, host: p.address, port, servername: p.fqdn })),
      );
  }

  private async untilPodsRun(): Promise<void> {
    while (this.environment.pods().length < PODS) await pause(POLL_MS);
  }

  /** The ConfigMap that the reconciler publishes. Without a reconciler: the CAs that the Secret of the server certificate has had. */
  private async trusted(): Promise<string | undefined> {
    const { world } = this;
    if (!this.isByHand) return untyped(await world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA))))?.data?.['ca.crt'];
    this.roots.add(decoded(await this.serverSecret(), 'ca.crt'));
    return [...this.roots].join('\n');
  }

  private async issuedFingerprint(): Promise<string> {
    return new X509Certificate(decoded(await this.serverSecret(), 'tls.crt')).fingerprint256;
  }

  private serverSecret(): Promise<KubeObject | undefined> {
    return this.world.cluster.get(this.world.ref(KINDS.Secret, brokerCertificateName(KAFKA, 'server')));
  }

  private requestName(): string {
    return `${KAFKA}-by-hand-${this.operations}`;
  }

  private get environment(): RealKafkaEnvironment {
    return this.world.environment as RealKafkaEnvironment;
  }
}

/** Records what the reconciler asks of listeners and brokers. */
class WatchedEnvironment extends RealKafkaEnvironment {
  constructor(
    private readonly calls: Calls,
    ...rest: ConstructorParameters<typeof RealKafkaEnvironment>
  ) {
    super(...rest);
  }

  override get dialer(): Dialer {
    return this.calls.dialer(super.dialer);
  }

  override get facts(): KafkaFactsSource {
    return this.calls.facts(super.facts);
  }
}

function decoded(secret: KubeObject | undefined, key: string): string {
  return Buffer.from(untyped(secret)?.data?.[key] ?? '', 'base64').toString('utf8');
}
