/**
 * The one engine for worlds in which runs are disturbed: it gives the commands of a program to a cluster, watches the invariants meanwhile,
 * and asserts after every `run` that the cluster converged: the desired state is reached, nothing is left half done, one more run writes
 * nothing, and no output contains a key or a password.
 */

import type { Bundle } from '#model/bundle';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { PAUSE_REASON } from '#model/names';
import { mismatches } from '#reconciler/plan/verify';
import type { ApiRequest, ApiResponse } from '#reconciler/sandbox/api/api';
import { untyped } from '#test/support/untyped';
import { endState } from '../support/converged';
import { bundleFor, type DesiredState, isOnlyReload, isSameState, withAcknowledgements } from '../support/desired-states';
import { kafkaManifest } from '../support/world';
import { InvariantWatch, isRootChange } from './invariants';
import { type Forward, isWrite } from './network';
import type { Command, Program, Way } from './program';
import { type Ended, Killed, PASSWORD, type Run, type Runner } from './runner';

export interface Played {
  readonly runs: number;
  readonly evictions: number;
  /** Faults that were injected before the cluster converged. */
  readonly injected: readonly string[];
  readonly kills: Readonly<Record<Way, number>>;
  /** Most writes that one run made. */
  readonly writes: number;
  /** Broken invariants, in sentences. */
  readonly broken: readonly string[];
  /** What happened, a line each. */
  readonly trace: readonly string[];
  /** What the cluster was like after each `run`. */
  readonly ends: readonly unknown[];
}

const STORAGE = { storage: { resources: { requests: { storage: '1Gi' } } } };
const TOPOLOGIES = {
  pair: { topology: undefined, replicas: 2, ...STORAGE },
  combined: { topology: undefined, replicas: 3, ...STORAGE },
  dedicated: { topology: { controller: { replicas: 3, ...STORAGE }, broker: { replicas: 3, ...STORAGE } } },
};
/** The back-off of a Job, and the CronJob after it. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 1_800_000;
const MOST_RUNS = 50;
const MONTH_MS = 30 * 86_400_000;
const [BLOCKED, INVALID, BUG] = [4, 2, 70];

/** Plays a program to its end, or until something is broken. */
export async function play({ topology, commands }: Program, runner: Runner): Promise<Played> {
  const { world } = runner;
  await world.start(kafkaManifest(TOPOLOGIES[topology]));
  await world.settle();
  const player = new Player(runner);
  try {
    for (const command of commands) {
      await player.obey(command);
      if (player.played.broken.length > 0) break;
    }
  } catch (error) {
    player.fail(`the play ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  try {
    return await player.close();
  } finally {
    await runner.close();
  }
}

/** Gives commands to a cluster that has started. */
export class Player {
  private readonly watch: InvariantWatch;
  private readonly injected: string[] = [];
  private readonly kills: Record<Way, number> = { 'SIGKILL before a write': 0, 'SIGTERM during a write': 0, 'SIGKILL after a write': 0 };
  private readonly trace: string[] = [];
  private readonly broken: string[] = [];
  private readonly ends: unknown[] = [];
  private runs = 0;
  private mostWrites = 0;

  private state: DesiredState | undefined;
  private bundle: Bundle | undefined;
  private before: Awaited<ReturnType<Runner['world']['podUids']>> = {};
  /** Commands about the next `run`, in order. */
  private faults: Extract<Command, { do: 'fault' }>[] = [];
  private aims: Extract<Command, { do: 'kill' }>[] = [];
  private leg: { readonly from: DesiredState | undefined; readonly to: DesiredState } | undefined;

  private current: Run | undefined;
  private isKilled = false;
  private requests = 0;
  private writes = 0;

  constructor(private readonly runner: Runner) {
    this.watch = new InvariantWatch(runner.world, runner.environment);
    runner.network.intercept = (request, forward) => this.intercept(request, forward);
  }

  get played(): Played {
    const { runs, injected, kills, trace, ends, mostWrites: writes } = this;
    return { runs, evictions: this.watch.evictions, injected, kills, writes, broken: [...this.watch.broken, ...this.broken], trace, ends };
  }

  fail(sentence: string): void {
    this.broken.push(sentence);
  }

  async close(): Promise<Played> {
    await this.watch.stop();
    return this.played;
  }

  async obey(command: Command): Promise<void> {
    const { world } = this.runner;
    switch (command.do) {
      case 'commit':
        return this.commit(command.state);
      case 'pass':
        return world.environment.pass(command.ms);
      case 'fault':
        return void this.faults.push(command);
      case 'kill':
        return void this.aims.push(command);
      case 'run':
        return this.converge();
    }
  }

  private async commit(to: DesiredState): Promise<void> {
    const { world, executor } = this.runner;
    this.bundle = await withAcknowledgements(world, bundleFor(to, executor, world.clock.now(), world.namespace));
    await this.runner.commit(this.bundle);
    this.leg = { from: this.state, to };
    this.state = to;
    this.before = await world.podUids();
  }

  private async converge(): Promise<void> {
    if (this.leg === undefined) throw new Error('a program commits before it runs');
    const isStrict = this.faults.length === 0;
    // KubeDB may need two requests, such as ReconfigureTLS for names and for a rotation, each with its restarts.
    const mostForChange = (this.runner.executor === 'ops-request' ? 2 : 1) * (isRootChange(this.leg) ? 3 : 1);
    const mostRestarts = this.leg.from !== undefined && isOnlyReload(this.leg.from, this.leg.to) ? 0 : mostForChange;
    this.watch.begin({ ...this.leg, isStrict, mostRestarts });
    this.requests = 0;
    await this.runner.world.environment.run(this.runUntilDone(isStrict), MONTH_MS);
    this.aims = [];
    this.faults = [];
    if (this.played.broken.length === 0) await this.assertConverged(isStrict);
  }

  private async runUntilDone(isStrict: boolean): Promise<void> {
    const { clock } = this.runner.world;
    let last: Ended = { exitCode: 0, message: 'faults did not end' };
    let pauseMs = FIRST_PAUSE_MS;
    for (let n = 1; n <= MOST_RUNS; n++) {
      last = await this.run(this.runner.isQuiet && n > 3);
      if (this.isKilled) continue;
      if (last.exitCode === 0 && this.runner.isQuiet) return;
      if (last.exitCode === INVALID || last.exitCode === BUG || (isStrict && last.exitCode !== 0 && last.exitCode !== BLOCKED)) break;
      await (this.runner.pause?.(pauseMs) ?? clock.sleep(pauseMs));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    this.fail(`no convergence: exit ${last.exitCode}: ${last.message}`);
  }

  /** Starts a run, and another one beside it while it stands still; returns how the last of them ended. */
  private async run(retry: boolean): Promise<Ended> {
    const run = this.start(retry);
    if (run.frozen === undefined || (await Promise.race([run.ended, run.frozen])) !== undefined) return run.ended;
    const other = this.start(retry);
    await run.ended;
    return other.ended;
  }

  private start(retry: boolean): Run {
    const number = ++this.runs;
    this.writes = 0;
    this.isKilled = false;
    const run = this.runner.start({ retry, log: (line) => this.log(line) });
    this.current = run;
    void run.ended.then(({ exitCode, message }) =>
      this.log(`== run ${number}: ${this.isKilled ? 'killed' : `exit ${exitCode}: ${message}`}`),
    );
    return run;
  }

  /** Every request of every run comes through here. */
  private async intercept(request: ApiRequest, forward: Forward): Promise<ApiResponse> {
    if (this.watch.broken.length > 0) throw new Killed(); // the play is lost, and the run might never end by itself
    this.requests++;
    for (let next = this.faults[0]; next !== undefined && next.fault.atRequest <= this.requests; next = this.faults[0]) {
      this.faults.shift();
      this.injected.push(next.fault.name);
      this.log(`-- ${next.fault.name}: at request ${this.requests}`);
      this.watch.beforeFault();
      await this.runner.inject(next.fault);
    }
    if (!isWrite(request)) return forward();
    this.mostWrites = Math.max(this.mostWrites, ++this.writes);
    const judged = () => this.watch.judged(request, forward);
    const { aim, way } = this.aims[0] ?? {};
    if (aim === undefined || way === undefined || this.isKilled || !aim(request, this.writes)) return judged();
    this.aims.shift();
    this.isKilled = true;
    this.kills[way]++;
    this.log(`-- ${way}: write ${this.writes}, ${request.method} ${request.path}`);
    if (way === 'SIGTERM during a write') {
      this.current?.terminate();
      return judged();
    }
    if (way === 'SIGKILL after a write') await judged();
    await this.current?.kill();
    throw new Killed();
  }

  private async assertConverged(isStrict: boolean): Promise<void> {
    const { world } = this.runner;
    const bundle = this.bundle as Bundle;
    await world.settle();
    const live = await world.observe(bundle);
    for (const { subject, problem } of mismatches(live, bundle.tls)) this.fail(`${subject.name} ${problem}`);
    const paused = conditionOf(live.kafka as KubeObject, 'Paused');
    if (paused?.status === 'True' && paused.reason === PAUSE_REASON) this.fail('the Kafka is left paused');
    for (const request of live.requests.filter((r) => !isFinishedRequest(r))) this.fail(`${request.metadata.name} is unfinished`);
    const { from, to } = this.leg ?? {};
    if (isStrict && from !== undefined && to !== undefined && isSameState(from, to) && !isEqual(await world.podUids(), this.before))
      this.fail('a pod restarted though nothing was to change');
    this.ends.push(await endState(world));
    await this.assertNothingLeftToDo();
    await this.assertSecrecy(`${this.trace.join('\n')}\n${JSON.stringify(live)}`);
  }

  private async assertNothingLeftToDo(): Promise<void> {
    const { exitCode, message } = await this.runner.world.environment.run(this.run(false), MONTH_MS);
    if (exitCode !== 0) this.fail(`one more run fails: exit ${exitCode}: ${message}`);
    if (this.writes > 0) this.fail(`one more run writes ${this.writes} times`);
  }

  /** No key and no password is in any output. */
  private async assertSecrecy(output: string): Promise<void> {
    const { world } = this.runner;
    if (output.includes('PRIVATE KEY')) this.fail('a private key is in the output');
    if (output.includes(PASSWORD)) this.fail('a password is in the output');
    for (const { metadata, data = {} } of await world.cluster.list(KINDS.Secret, { namespace: world.namespace }))
      for (const key of ['tls.key', 'keystore.jks', 'password'])
        if (typeof untyped(data)[key] === 'string' && output.includes(untyped(data)[key]))
          this.fail(`${key} of Secret ${metadata.name} is in the output`);
  }

  private log(line: string): void {
    this.trace.push(`${this.runner.world.clock.now().toISOString()} ${line}`);
  }
}

function isEqual(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
