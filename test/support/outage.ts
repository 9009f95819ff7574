/**
 * Changes of TLS on the sandbox in memory, with pods that take as long as real ones: how long a run takes, how long Kafka is unavailable by the
 * model of the brokers, and the estimate of both in the plan.
 */
import { Cutover, type Tls } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import type { Estimate } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { on, onByRestart, onWithNewRoot } from './desired-states';
import { startTimed } from './undisturbed-runs';
import { COMBINED, KAFKA, type MemoryEnvironment, NAMESPACE } from './world';

const SAMPLE_MS = 500;
/** Nodes of the Kafka. */
const TOPOLOGIES = { '3 controllers, 3 brokers': {}, '3 combined nodes': COMBINED };
export type Topology = keyof typeof TOPOLOGIES;

/** Desired states before and after. */
const CHANGES = {
  'add TLS': { from: undefined, to: () => on() },
  'change the root': { from: on(), to: () => onWithNewRoot() },
  rotate: { from: on(), to: (now: Date) => on({ issuedAfter: now.toISOString() }) },
  'rotate by restart': { from: on(), to: (now: Date) => onByRestart({ issuedAfter: now.toISOString() }) },
} as const satisfies Record<string, { from: Tls | undefined; to: (now: Date) => Tls }>;
export type ChangeName = keyof typeof CHANGES;

/** How it is carried out. */
export interface Way {
  readonly executor: ExecutorName;
  readonly topology: Topology;
  readonly mode: 'rolling' | 'stop';
  /** How long the kubelets take to bring a changed Secret to the pods. Default: they do it at once. */
  readonly mountTakes?: string;
}

export interface Measured {
  readonly durationMs: number;
  /** From the first to the last moment in which producers get no answer for some partition. */
  readonly outageMs: number;
  readonly estimate: Estimate;
}

/** Plans a change, carries it out, and measures. */
export async function measure(name: ChangeName, { executor, topology, mode, mountTakes }: Way): Promise<Measured> {
  const { from, to } = CHANGES[name];
  const world = await startTimed(executor, from, TOPOLOGIES[topology]);
  const environment = world.environment as MemoryEnvironment;
  try {
    if (mountTakes !== undefined) await world.annotate({ 'sandbox.kafka-tls/mount-takes': mountTakes });
    const bundle = (tls: Tls) => world.desired(tls, { restart: { cutover: mode === 'stop' ? Cutover.STOP : Cutover.ROLLING } });
    const wanted = bundle(to(environment.clock.now()));
    const { estimate, obstacles } = plan(wanted, await world.observe(wanted), environment.clock.now(), { isPreview: true });
    if (estimate === undefined) throw new Error(`the plan has no estimate: ${obstacles[0]?.message ?? 'nothing to do'}`);
    const end = new AbortController();
    const outages: number[] = [];
    const watch = async () => {
      for (; !end.signal.aborted; await environment.clock.sleep(SAMPLE_MS))
        if (!environment.sandbox.acknowledges(NAMESPACE, KAFKA)) outages.push(environment.clock.monotonicMs());
    };
    const startMs = environment.clock.monotonicMs();
    const watching = watch();
    await world.apply(wanted);
    const durationMs = environment.clock.monotonicMs() - startMs;
    await environment.pass(60_000); // an outage may outlast the run
    end.abort();
    await environment.run(watching);
    return { durationMs, outageMs: (outages.at(-1) ?? 0) - (outages[0] ?? 0), estimate };
  } finally {
    await world.stop();
  }
}
