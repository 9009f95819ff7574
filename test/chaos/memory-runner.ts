/** Runs of `kafka-tls apply` in this process, on the sandbox in memory. A run can be killed, or stand still, between any two requests. */

import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { kubeCluster } from '#reconciler/cluster/kube';
import { withLease } from '#reconciler/cluster/lease';
import { fenced } from '#reconciler/cluster/write-guard';
import { InterruptedError, type KafkaTlsError } from '#reconciler/errors';
import type { Clock, Cluster, ProgressEvent } from '#reconciler/ports';
import { reconcile } from '#reconciler/reconcile';
import { transportTo } from '../support/transports';
import { inMemory, KAFKA, type MemoryEnvironment, mayDoAnything, World } from '../support/world';
import { type Fault, FaultInjector, type FaultName } from './faults';
import { Network } from './network';
import { type Ended, Killed, PASSWORD, type Run, type Runner, type Start } from './runner';

export class MemoryRunner implements Runner {
  readonly environment: MemoryEnvironment;
  readonly world: World;
  readonly network: Network;
  private readonly faults: FaultInjector;
  private committed: Bundle | undefined;
  private current: MemoryRun | undefined;
  private runs = 0;

  constructor(readonly executor: ExecutorName) {
    // A KubeDB stand-in that looks once a second, and not more often, keeps plays with hours of waiting short.
    this.environment = inMemory({ opsManager: capabilitiesOf({ executor }).needsOpsManager, sandbox: { timing: { opsStepMs: 1_000 } } });
    this.world = new World({}, () => this.environment);
    this.network = new Network(this.environment.sandbox.api);
    this.faults = new FaultInjector({ world: this.world, environment: this.environment, network: this.network });
  }

  get isQuiet(): boolean {
    return this.faults.isQuiet;
  }

  async commit(bundle: Bundle): Promise<void> {
    this.committed = bundle;
  }

  start(options: Start): Run {
    const identity = `run-${++this.runs}`;
    const run = new MemoryRun(this.environment.clock, (cluster, signal) => this.apply(identity, cluster, signal, options));
    run.begin(
      mayDoAnything(
        kubeCluster(transportTo({ handle: (request) => run.send(() => this.network.handle(request)) }), this.environment.clock),
      ),
    );
    this.current = run;
    return run;
  }

  async inject(fault: Fault): Promise<void> {
    if (this.current !== undefined) await this.faults.inject(fault as Fault<FaultName>, this.current);
  }

  /** Does what the command does. */
  private apply(identity: string, cluster: Cluster, signal: AbortSignal, { retry, log }: Start): Promise<unknown> {
    const { clock, dialer, facts, admin, namespace } = this.environment;
    const report = ({ event, subject, message }: ProgressEvent) => log(`${identity} ${event} ${subject.kind}/${subject.name} ${message}`);
    const lease = { namespace, name: `kafka-tls-${KAFKA}`, identity, waitMs: 1_800_000, report, signal };
    return withLease(cluster, clock, lease, (held) => {
      const context = { cluster: fenced(cluster, held), dialer, facts, admin, clock, report, signal, random: () => PASSWORD };
      return reconcile(async () => this.committed as Bundle, context, { retry, onPlan: (plan) => log(JSON.stringify(plan)) });
    });
  }

  close(): Promise<void> {
    return this.world.stop();
  }
}

export class MemoryRun implements Run {
  readonly ended: Promise<Ended>;
  readonly frozen: Promise<void>;
  private end: (ended: Ended) => void = () => {};
  private reportFrozen: () => void = () => {};
  private readonly sigterm = new AbortController();
  private isKilled = false;
  private gate: Promise<void> | undefined;
  private open: () => void = () => {};

  constructor(
    private readonly clock: Clock,
    private readonly apply: (cluster: Cluster, signal: AbortSignal) => Promise<unknown>,
  ) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.frozen = new Promise((resolve) => {
      this.reportFrozen = resolve;
    });
  }

  begin(cluster: Cluster): void {
    this.apply(this.interruptible(cluster), this.sigterm.signal).then(
      () => this.end({ exitCode: 0, message: 'done' }),
      (error: KafkaTlsError) =>
        this.end({ exitCode: error.exitCode, message: error.exitCode === undefined ? String(error.stack) : error.message }),
    );
  }

  /** Nothing that the run asks for from now on happens, and no answer reaches it. */
  async kill(): Promise<void> {
    this.isKilled = true;
    this.thaw();
  }

  terminate(): void {
    this.sigterm.abort(new InterruptedError('SIGTERM'));
  }

  /** The run's next request is on its way, and arrives after this time: a Lease may be lost meanwhile. */
  freeze(forMs: number): void {
    this.gate = new Promise((resolve) => {
      this.open = resolve;
    });
    this.reportFrozen();
    void this.clock.sleep(forMs).then(() => this.thaw());
  }

  /** Requests that the client repeats by itself end with the process, too. */
  send<T>(request: () => Promise<T>): Promise<T> {
    return this.isKilled ? Promise.reject(new Killed()) : request();
  }

  private thaw(): void {
    this.open();
    this.gate = undefined;
  }

  private interruptible(cluster: Cluster): Cluster {
    const guarded =
      <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await this.pass();
        const result = await call(...args);
        await this.pass();
        return result;
      };
    return {
      get: guarded(cluster.get),
      list: guarded(cluster.list),
      watch: (kind, selection, signal) => this.watched(cluster.watch(kind, selection, signal)),
      create: guarded(cluster.create),
      apply: guarded(cluster.apply),
      patch: guarded(cluster.patch),
      replace: guarded(cluster.replace),
      evict: guarded(cluster.evict),
      delete: guarded(cluster.delete),
      isAllowed: guarded(cluster.isAllowed),
    };
  }

  private async pass(): Promise<void> {
    await this.gate;
    if (this.isKilled) throw new Killed();
  }

  private async *watched<T>(changes: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const change of changes) {
      await this.pass();
      yield change;
    }
  }
}
