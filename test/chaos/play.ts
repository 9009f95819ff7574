/**
 * Plays one schedule: a Kafka as the first desire has it, then runs for the second one, as a Job would start them, while things go wrong.
 * Whatever goes wrong is over after a while, and then the cluster has to be as desired.
 */

import type { Bundle } from '#model/bundle';
import { KINDS, type KubeObject } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { PAUSE_REASON } from '#model/names';
import { kubeCluster } from '#reconciler/cluster/kube';
import { withLease } from '#reconciler/cluster/lease';
import { fenced } from '#reconciler/cluster/write-guard';
import type { KafkaTlsError } from '#reconciler/errors';
import { observe } from '#reconciler/observe/observe';
import { mismatches } from '#reconciler/plan/verify';
import type { Cluster, ProgressEvent } from '#reconciler/ports';
import { type Outcome, reconcile } from '#reconciler/reconcile';
import { acknowledging } from '../support/acknowledging';
import { bundleFor, type Desire } from '../support/desires';
import { transportTo } from '../support/transports';
import { inMemory, KAFKA, kafkaManifest, type MemoryPlace, mayDoAnything, World } from '../support/world';
import { Run } from './run';
import type { FaultName, Schedule } from './schedule';
import { Troubles } from './troubles';
import { Watchdog } from './watchdog';
import { Wire } from './wire';

export interface Played {
  readonly schedule: Schedule;
  /** Faults that came to happen before the cluster was as desired. */
  readonly injected: readonly FaultName[];
  readonly runs: number;
  readonly evictions: number;
  /** Invariants that were broken, in sentences. */
  readonly broken: readonly string[];
  /** What happened, a line each. */
  readonly trace: readonly string[];
}

/** Plays a schedule to its end. */
export async function play(schedule: Schedule): Promise<Played> {
  const stage = await Stage.open(schedule);
  try {
    await stage.place.run(stage.play(), 30 * 86_400_000);
  } catch (error) {
    stage.broken.push(`the play ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    await stage.world.stop();
  }
  const { injected, broken, runs, trace, watchdog } = stage;
  return { schedule, injected, runs, evictions: watchdog.evictions, broken: [...watchdog.broken, ...broken], trace };
}

const STORAGE = { storage: { resources: { requests: { storage: '1Gi' } } } };
const TOPOLOGIES = {
  combined: { topology: undefined, replicas: 3, ...STORAGE },
  dedicated: { topology: { controller: { replicas: 3, ...STORAGE }, broker: { replicas: 3, ...STORAGE } } },
};
/** Like a Job's back-off, and the CronJob after it. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 1_800_000;
const MOST_RUNS = 20;

class Stage {
  readonly injected: FaultName[] = [];
  readonly broken: string[] = [];
  readonly trace: string[] = [];
  runs = 0;
  private current: Run | undefined;
  private readonly troubles: Troubles;

  private constructor(
    private readonly schedule: Schedule,
    readonly place: MemoryPlace,
    readonly world: World,
    private readonly wire: Wire,
    readonly watchdog: Watchdog,
    private readonly desired: Bundle,
  ) {
    this.troubles = new Troubles(world, place, wire);
  }

  /** Everything as the first desire has it, and nothing wrong yet. */
  static async open(schedule: Schedule): Promise<Stage> {
    const { executor, first, second } = schedule;
    // The ops-manager looks every second: at its usual pace a stand-in that waits for an hour looks very often.
    const place = inMemory({ opsManager: executor === 'ops-request', sandbox: { timing: { opsStepMs: 1_000 } } });
    const world = await new World({}, () => place).start(kafkaManifest(TOPOLOGIES[schedule.topology]));
    await world.settle();
    await world.apply(await acknowledging(world, bundleFor(first, executor, place.clock.now())));
    await world.settle();
    await world.place.pass(86_400_000);
    world.events.length = 0;
    const wire = new Wire(place.sandbox.api);
    const watchdog = new Watchdog(world, place, (await world.kafka()) as KubeObject, second, isCutover(first, second));
    const wanted = await acknowledging(world, bundleFor(second, executor, place.clock.now()));
    return new Stage(schedule, place, world, wire, watchdog, wanted);
  }

  async play(): Promise<void> {
    const faults = [...this.schedule.faults];
    this.wire.onRequest = async (number) => {
      while (faults[0] !== undefined && faults[0].atRequest <= number) {
        const fault = faults.shift() as Schedule['faults'][number];
        this.injected.push(fault.name);
        this.tell(`-- ${fault.name}: at request ${number}`);
        if (fault.name === 'killed') this.current?.kill();
        else if (fault.name === 'frozen') this.current?.freeze(20_000 + (fault.choice % 10) * 20_000);
        else await this.troubles.cause(fault);
      }
    };
    let last: KafkaTlsError | undefined;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.runs < MOST_RUNS) {
      last = await this.run(this.troubles.areOver && this.runs > 3);
      if (last === undefined && this.troubles.areOver) return this.judgeEnd();
      if (last?.exitCode === 2 || last?.exitCode === 70) break;
      await this.place.clock.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    this.broken.push(`it did not converge in ${this.runs} runs: ${last?.message ?? 'troubles did not end'}`);
  }

  /** Starts a run, and another one beside it while it stands still; returns how the last of them ended. */
  private async run(isRetry: boolean): Promise<KafkaTlsError | undefined> {
    const run = this.start(isRetry);
    if ((await Promise.race([run.ended.then(() => 'ended'), run.frozen])) === 'ended') return run.ended;
    const other = this.start(isRetry);
    await run.ended;
    return other.ended;
  }

  private start(isRetry: boolean): Run {
    const number = ++this.runs;
    const { clock } = this.place;
    const cluster = this.watchdog.watching(mayDoAnything(kubeCluster(transportTo(this.wire), clock)));
    const run = new Run((mortal) => this.reconcile(`run-${number}`, mortal, isRetry), cluster, clock);
    this.current = run;
    void run.ended.then((error) =>
      this.tell(`== run ${number}: ${error === undefined ? 'done' : `exit ${error.exitCode ?? '?'}: ${error.message}`}`),
    );
    return run;
  }

  /** What `kafka-tls apply` does. */
  private reconcile(identity: string, cluster: Cluster, retry: boolean): Promise<Outcome> {
    const { clock, dialer, facts } = this.place;
    const signal = new AbortController().signal;
    const report = (event: ProgressEvent) =>
      this.tell(`${identity} ${event.event} ${event.subject.kind}/${event.subject.name} ${event.message}`);
    const lease = { namespace: this.world.namespace, name: `kafka-tls-${KAFKA}`, identity, waitMs: 1_800_000, report, signal };
    return withLease(cluster, clock, lease, (held) => {
      const context = { cluster: fenced(cluster, held), dialer, facts, clock, report, signal, random: () => PASSWORD };
      return reconcile(async () => this.desired, context, { retry, onPlan: (plan) => this.trace.push(JSON.stringify(plan)) });
    });
  }

  private tell(line: string): void {
    this.trace.push(`${this.place.clock.now().toISOString()} ${line}`);
  }

  private async judgeEnd(): Promise<void> {
    const { broken, world, desired } = this;
    const until = this.place.clock.monotonicMs() + 3_600_000;
    while ((await world.kafka())?.status?.phase !== 'Ready' && this.place.clock.monotonicMs() < until) await this.place.clock.sleep(1000);
    this.wire.onRequest = async () => {};
    const { cluster, dialer, facts, clock } = this.place;
    const live = await observe({ cluster, dialer, facts, clock }, desired);
    this.trace.push(JSON.stringify(live));
    for (const { subject, problem } of mismatches(live, desired.tls)) broken.push(`${subject.name} ${problem}`);
    const paused = (live.kafka?.status?.conditions ?? []).find(
      (c: { type: string; status: string }) => c.type === 'Paused' && c.status === 'True',
    );
    if (paused?.reason === PAUSE_REASON) broken.push('the Kafka is left paused');
    for (const request of live.requests.filter((r) => !isFinishedRequest(r))) broken.push(`${request.metadata.name} is unfinished`);
    const versions = async () =>
      (await Promise.all(WRITTEN.map((kind) => cluster.list(kind, { namespace: world.namespace }))))
        .flat()
        .map((o) => o.metadata.resourceVersion);
    const before = await versions();
    const error = await this.run(false);
    if (error !== undefined) broken.push(`one more run fails: ${error.message}`);
    if (String(before) !== String(await versions())) broken.push('one more run writes something');
    await this.judgeSecrecy();
  }

  /** No key and no password may be in anything that was said. */
  private async judgeSecrecy(): Promise<void> {
    const said = this.trace.join('\n');
    if (said.includes('PRIVATE KEY')) this.broken.push('a private key was said');
    if (said.includes(PASSWORD)) this.broken.push('a password was said');
    for (const secret of await this.place.cluster.list(KINDS.Secret, { namespace: this.world.namespace })) {
      for (const key of ['tls.key', 'keystore.jks', 'password'].filter((k) => typeof secret.data?.[k] === 'string')) {
        if (said.includes(secret.data[key])) this.broken.push(`${key} of Secret ${secret.metadata.name} was said`);
      }
    }
  }
}

/** What a product without anything to do leaves as it is. Its Lease it takes. */
const WRITTEN = [KINDS.Kafka, KINDS.KafkaOpsRequest, KINDS.Certificate, KINDS.Issuer, KINDS.PetSet, KINDS.Pod, KINDS.Secret];
const PASSWORD = 'correct-horse-battery';

/** Whether nodes of before and after can talk. */
function isCutover(first: Desire, second: Desire): boolean {
  return first.issuer !== second.issuer;
}
