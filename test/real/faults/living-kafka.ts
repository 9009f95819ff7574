/**
 * One living cluster of real Kafka pods on which one disturbed operation follows another, with clients on it all the time. Operations are
 * runs of `kafka-tls apply` as processes, which can be killed at any write. The engine of the chaos suite starts them, watches its invariants
 * and asks its closing questions. Each operation has its own load, and its own verdict: what clients saw, and whether Kafka's own AdminClient
 * would have taken the same pods down at the same moments.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import type { Deadlines, ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import type { Cluster } from '#reconciler/ports';
import { Player } from '../../chaos/play';
import type { Command } from '../../chaos/program';
import { bundleFor, type DesiredState } from '../../support/desired-states';
import { untyped } from '../../support/untyped';
import { KAFKA, kafkaManifest, World } from '../../support/world';
import { downtimes } from '../availability/overhead';
import { TrustFile } from '../availability/trust-file';
import type { RealApi } from '../environment';
import { type Release, versionOf } from '../kafka/jars';
import { RealKafkaEnvironment } from '../kafka-environment';
import { judge } from '../load/judge';
import { now } from '../load/now';
import { Load, type LoadProgram, tlsProfile } from '../load/program';
import type { Recording } from '../load/record';
import { lengthOf } from '../load/spans';
import { type Eviction, judgeEvictions } from './evictions';
import { PodsRunner } from './pods-runner';
import { type Health, healthIn } from './safety';

/** KubeDB's versions; the release of the processes is that of `kafka/pom.xml`. */
const KUBEDB_VERSIONS: Readonly<Record<Release, string>> = { 'kafka-4': '4.2.0', 'kafka-3': '3.9.0' };
/** Kubernetes' default, instead of KubeDB's: a frozen process uses it up. */
const GRACE_S = 30;
const STORAGE = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

const PLAIN: DesiredState = {
  issuer: 'off',
  names: [],
  days: 90,
  encoding: 'PKCS8',
  cutover: 'stop',
  isRotation: false,
  rotatesBy: 'restart',
};
/** With TLS, before the first operation. */
export const SECURED: DesiredState = { ...PLAIN, issuer: 'ca-1' };

export interface LivingOptions {
  readonly api: RealApi;
  readonly executor: ExecutorName;
  readonly release: Release;
  readonly program: LoadProgram;
}

/** What one operation was like. */
export interface Verdict {
  /** What was wrong, in sentences. */
  readonly broken: readonly string[];
  /** One line for the reader of a test. */
  readonly summary: string;
  readonly recording: Recording;
  readonly answers: readonly Health[];
  /** Pods that were asked to end, in order. */
  readonly evictions: readonly Eviction[];
  readonly ms: number;
}

export interface DisturbedVerdict extends Verdict {
  /** Faults and kills that met the operation. */
  readonly disturbances: number;
}

export class LivingKafka {
  readonly world: World;
  readonly runner: PodsRunner;
  /** Is called before a run of `apply` evicts a pod; an error ends the run there, as if it were killed. */
  beforeEviction: ((pod: string) => void) | undefined;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-faults-'));
  private readonly trust: TrustFile;
  private player: Player | undefined;
  private state = SECURED;
  private operations = 0;
  private load: Load | undefined;

  private constructor(private readonly options: LivingOptions) {
    const { api, executor } = options;
    const decorate = (cluster: Cluster): Cluster => ({
      ...cluster,
      evict: async (pod, uid) => {
        this.beforeEviction?.(pod.name);
        return cluster.evict(pod, uid);
      },
    });
    this.world = new World(
      { executor, opsManager: capabilitiesOf({ executor }).needsOpsManager, decorate },
      (o) => new RealKafkaEnvironment(api, executor, o),
    );
    this.runner = new PodsRunner(executor, this.world);
    this.trust = new TrustFile(path.join(this.folder, 'ca.crt'), async () => {
      const { world } = this;
      return untyped(await world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA))))?.data?.['ca.crt'];
    });
  }

  /** Starts three controllers and three brokers without TLS, and adds TLS in one stop. */
  static async start(options: LivingOptions): Promise<LivingKafka> {
    const living = new LivingKafka(options);
    try {
      const node = { replicas: 3, storage: STORAGE, podTemplate: { spec: { terminationGracePeriodSeconds: GRACE_S } } };
      const version = KUBEDB_VERSIONS[options.release];
      await living.world.start(kafkaManifest({ version, topology: { controller: node, broker: node } }));
      await living.world.settle();
      living.player = new Player(living.runner);
      await living.play([{ do: 'commit', state: SECURED }, { do: 'run' }]);
      if (living.broken.length > 0) throw new Error(`TLS was not added: ${living.broken.join('; ')}\n${living.trace}`);
      return living;
    } catch (error) {
      await living.stop();
      throw error;
    }
  }

  get environment(): RealKafkaEnvironment {
    return this.world.environment as RealKafkaEnvironment;
  }

  /** What the engine of the chaos suite has found so far. */
  get broken(): readonly string[] {
    return this.player?.played.broken ?? [];
  }

  /** What happened so far, a line each. */
  get trace(): string {
    return this.player?.played.trace.join('\n') ?? '';
  }

  get kills(): number {
    return Object.values(this.player?.played.kills ?? {}).reduce((sum, n) => sum + n, 0);
  }

  /** How many faults were injected and kills done. */
  private get disturbances(): number {
    return this.kills + (this.player?.played.injected.length ?? 0);
  }

  /** Carries an operation out under load, disturbed by commands. */
  async operate(change: (state: DesiredState) => DesiredState, disturb: readonly Command[] = []): Promise<DisturbedVerdict> {
    const [before, disturbances] = [this.broken.length, this.disturbances];
    const verdict = await this.underLoad(async () => {
      this.state = change(this.state);
      await this.play([{ do: 'commit', state: this.state }, ...disturb, { do: 'run' }]);
      return this.broken.slice(before);
    });
    return { ...verdict, disturbances: this.disturbances - disturbances };
  }

  /** Returns the bundle of the next operation, for runs of `World.apply`. */
  next(change: (state: DesiredState) => DesiredState, deadlines: Partial<Deadlines> = {}): Bundle {
    this.state = change(this.state);
    const bundle = bundleFor(this.state, this.options.executor, this.world.clock.now(), this.world.namespace);
    return { ...bundle, desired: { ...bundle.desired, deadlines: { ...bundle.desired.deadlines, ...deadlines } } };
  }

  /** Does something while clients write and read, and judges what they saw. It returns what was wrong besides. */
  async underLoad(act: (load: Load) => Promise<readonly string[]>): Promise<Verdict> {
    const { kubelet } = this.environment;
    const load = await this.startLoad();
    this.load = load;
    try {
      await load.warm();
      await load.until('the first answer about the health of Kafka', (e) => e.event === 'health');
      const [from, first] = [now(), kubelet.events.length];
      const broken = await act(load);
      const window = { from, to: now() };
      const recording = await load.stop();
      const answers = healthIn(recording.events);
      const evictions = this.evictionsSince(first);
      const history = kubelet.events.slice(first);
      const judged = judge(recording, window);
      const seen = 'unknown' in judged ? judged.unknown.map((because) => `the load proves nothing: ${because}`) : lossesOf(judged.value);
      const gap = 'unknown' in judged ? Number.NaN : lengthOf(judged.value.longestGap);
      const acked = 'unknown' in judged ? 0 : judged.value.acked;
      return {
        broken: [...broken, ...seen, ...(this.isJudged ? judgeEvictions(evictions, answers, downtimes(history, window)) : [])],
        summary: `${evictions.length} restarts, ${seconds(lengthOf(window))}, ${acked} acked, longest gap ${seconds(gap)}`,
        recording,
        answers,
        evictions,
        ms: lengthOf(window),
      };
    } catch (error) {
      const events = kubelet.events.slice(-40).map((e) => `${e.at.toISOString()} ${e.pod} ${e.event} ${e.code ?? ''}`);
      throw new Error(`${String(error)}\n${load.lastWords}\n${events.join('\n')}`, { cause: error });
    } finally {
      await load.kill();
      this.load = undefined;
    }
  }

  async stop(): Promise<void> {
    await this.load?.kill();
    await this.player?.close().catch(() => undefined);
    await this.trust.stop();
    await this.runner.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** KubeDB's ops-manager asks no gates between pods. */
  private get isJudged(): boolean {
    return this.options.executor === 'native';
  }

  private async play(commands: readonly Command[]): Promise<void> {
    for (const command of commands) await this.player?.obey(command);
  }

  private evictionsSince(first: number): readonly Eviction[] {
    const pods = new Map(this.environment.pods().map((p) => [p.name, p]));
    return this.environment.kubelet.events.slice(first).flatMap(({ pod, at, event }) => {
      const { role, nodeId: id } = pods.get(pod) ?? {};
      return event !== 'stopping' || role === undefined || id === undefined ? [] : [{ pod, role, id, at: at.getTime() }];
    });
  }

  private async startLoad(): Promise<Load> {
    const { environment } = this;
    const login = { user: environment.adminUser, password: await environment.adminPassword() };
    const name = `load-${++this.operations}`;
    return Load.start(this.options.program, {
      folder: path.join(this.folder, name),
      topic: name,
      hostsFile: environment.hostsFile,
      profiles: [tlsProfile(environment.bootstrap, login, this.trust.path)],
      nodes: environment.pods().map((p) => {
        const role = p.role === 'controller' ? 'controller' : 'broker';
        return { id: p.nodeId, role, address: `${p.fqdn}:${role === 'controller' ? 9093 : 9092}` } as const;
      }),
      watch: login,
      health: 'tls',
    });
  }

  /** For the name of a suite. */
  static versionOf(release: Release): string {
    return versionOf(release);
  }
}

function lossesOf({
  lost,
  duplicates,
  failed,
  unfinished,
}: Extract<ReturnType<typeof judge>, { value: unknown }>['value']): readonly string[] {
  const errors = Object.entries(failed).map(([error, n]) => `${n} sends failed with ${error}`);
  return [
    ...(lost.length > 0 ? [`${lost.length} acknowledged messages are lost`] : []),
    ...(duplicates.length > 0 ? [`${duplicates.length} messages are there twice`] : []),
    ...(unfinished > 0 ? [`${unfinished} sends have no outcome`] : []),
    ...errors,
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
