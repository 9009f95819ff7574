/**
 * Changes of TLS on the sandbox in memory, with pods that take as long as real ones: how long a run takes, how long Kafka is away by the
 * model of the brokers, and what the plan has said of both.
 */
import { Cutover, type Tls } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import type { Estimate } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import type { KafkaFacts } from '#reconciler/sandbox/index';
import { desiredProps, on, onWithNewRoot } from './desired-states';
import { inMemory, KAFKA, kafkaManifest, NAMESPACE, World } from './world';

/** A pod stops within 5 s, listens 22 s later and is Ready 6 s after that; KubeDB's documented runs show 10 to 40 s until it runs. */
const TIMING = { issuanceMs: 3_000, podStartMs: 22_000, podReadyMs: 6_000, podStopMs: 5_000, catchUpMs: 4_000, opsStepMs: 5_000 };
const SAMPLE_MS = 500;
/** What a Kafka consists of. */
const TOPOLOGIES = { '3 controllers, 3 brokers': {}, '3 combined nodes': combined(3) };
export type Topology = keyof typeof TOPOLOGIES;

/** What is wanted, of a Kafka that has what. */
const CHANGES = {
  'add TLS': { from: undefined, to: () => on() },
  'change the root': { from: on(), to: () => onWithNewRoot() },
  rotate: { from: on(), to: (now: Date) => on({ issuedAfter: now.toISOString() }) },
} as const satisfies Record<string, { from: Tls | undefined; to: (now: Date) => Tls }>;
export type ChangeName = keyof typeof CHANGES;

/** How it is carried out. */
export interface Way {
  readonly executor: ExecutorName;
  readonly topology: Topology;
  readonly mode: 'rolling' | 'stop';
}

export interface Measured {
  readonly durationMs: number;
  /** From the first to the last moment in which a client cannot be served. */
  readonly outageMs: number;
  readonly estimate: Estimate;
}

/** Plans a change, carries it out, and measures. */
export async function measure(name: ChangeName, { executor, topology, mode }: Way): Promise<Measured> {
  const environment = inMemory({ opsManager: executor === 'ops-request', sandbox: { timing: TIMING } });
  const world = new World({}, () => environment);
  try {
    await world.start(kafkaManifest(TOPOLOGIES[topology]));
    await world.settle();
    const { from, to } = CHANGES[name];
    const bundle = (tls: Tls) =>
      world.bundle(desiredProps(executor, tls, { restart: { cutover: mode === 'stop' ? Cutover.STOP : Cutover.ROLLING } }));
    if (from !== undefined) await world.apply(bundle(from));
    await environment.pass(3_600_000);

    const wanted = bundle(to(environment.clock.now()));
    const { estimate, obstacles } = plan(wanted, await world.observe(wanted), environment.clock.now());
    if (estimate === undefined) throw new Error(`the plan has no estimate: ${obstacles[0]?.message ?? 'nothing to do'}`);
    const end = new AbortController();
    const outages: number[] = [];
    const watch = async () => {
      for (; !end.signal.aborted; await environment.clock.sleep(SAMPLE_MS))
        if (isAway(environment.sandbox.facts(NAMESPACE, KAFKA))) outages.push(environment.clock.monotonicMs());
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

function combined(replicas: number): object {
  return { topology: undefined, replicas, storage: { resources: { requests: { storage: '1Gi' } } } };
}

/** Whether the quorum or a partition has no leader, or a partition has fewer replicas in sync than producers require. */
function isAway(facts: KafkaFacts | undefined): boolean {
  if (facts?.quorum.leaderId === undefined) return true;
  return facts.topics.some(({ minInsyncReplicas = 1, partitions }) =>
    partitions.some(({ leader, isr }) => leader === undefined || isr.length < minInsyncReplicas),
  );
}
