/**
 * Operations that nothing disturbs, and every state that the Kafka and its requests go through: a health check must judge each of them. Pods
 * take as long as real ones, so that a Kafka is Critical while one restarts and NotReady in a cut-over.
 */
import type { Tls } from '#constructs/index';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import type { Sandbox } from '#reconciler/sandbox/index';
import { off, on, onByRestart } from './desired-states';
import { type MemoryEnvironment, startPlaintext, type World } from './world';

/** A pod stops within 5 s, listens 22 s later and is Ready 6 s after that; KubeDB's documented runs show 10 to 40 s until it runs. */
export const REAL_TIMING = {
  issuanceMs: 3_000,
  podStartMs: 22_000,
  podReadyMs: 6_000,
  podStopMs: 5_000,
  longestGraceMs: Number.POSITIVE_INFINITY,
  catchUpMs: 4_000,
  opsStepMs: 5_000,
};

export interface UndisturbedRun {
  readonly name: string;
  readonly executor: ExecutorName;
  readonly from: Tls | undefined;
  readonly to: (now: Date) => Tls;
  /** The worst phase of the Kafka meanwhile. */
  readonly worst: 'Critical' | 'NotReady';
  /**
   * KubeDB also reports it while the Kafka is not paused: `native` lets the provisioner sync once before the first pod restarts, and KubeDB
   * already connects with the other protocol.
   */
  readonly isWorstDuringSync: boolean;
}

const CHANGES = [
  { name: 'add TLS', from: undefined, to: () => on(), worst: 'NotReady' },
  { name: 'rotate', from: on(), to: (now: Date) => onByRestart({ issuedAfter: now.toISOString() }), worst: 'Critical' },
  { name: 'remove TLS', from: on(), to: () => off(), worst: 'NotReady' },
] as const;

export const UNDISTURBED: readonly UndisturbedRun[] = EXECUTORS.flatMap((executor) =>
  CHANGES.map((change) => ({
    ...change,
    name: `${change.name}, ${executor}`,
    executor,
    isWorstDuringSync: executor === 'native' && change.worst === 'NotReady',
  })),
);

export interface History {
  readonly kafka: readonly KubeObject[];
  /** Of the requests of the operation, in the order of their changes. */
  readonly requests: readonly KubeObject[];
}

/** Carries the operation out and returns every state, from before it to well after it. */
export async function historyOf({ executor, from, to }: UndisturbedRun): Promise<History> {
  const world = await startTimed(executor, from);
  const { sandbox, clock, pass } = world.environment as MemoryEnvironment;
  const end = new AbortController();
  try {
    const kafka = await recordHistory(sandbox, KINDS.Kafka, end.signal);
    const before = (await world.requests()).map((r) => r.metadata.name);
    const requests = await recordHistory(sandbox, KINDS.KafkaOpsRequest, end.signal);
    await world.apply(world.desired(to(clock.now())));
    await pass(600_000);
    return { kafka, requests: requests.filter((r) => !before.includes(r.metadata.name)) };
  } finally {
    end.abort();
    await world.stop();
  }
}

/** Starts a world whose pods take as long as real ones; its Kafka has had this TLS for an hour. */
export async function startTimed(executor: ExecutorName, tls: Tls | undefined, kafka: object = {}): Promise<World> {
  const world = await startPlaintext(executor, { sandbox: { timing: REAL_TIMING }, kafka });
  if (tls !== undefined) await world.apply(world.desired(tls));
  await world.environment.pass(3_600_000);
  return world;
}

/** Collects every state of the objects of a kind until the signal aborts, as a controller that watches them sees it. */
async function recordHistory(sandbox: Sandbox, kind: Kind, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const { items, resourceVersion } = await sandbox.client.list(kind);
  const seen: KubeObject[] = [...items];
  const follow = async () => {
    for await (const { object } of sandbox.client.watch(kind, undefined, resourceVersion, signal)) seen.push(object);
  };
  void follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return seen;
}
