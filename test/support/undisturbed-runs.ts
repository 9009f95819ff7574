/**
 * Operations that nothing goes wrong in, and every state that the Kafka and its requests go through meanwhile: what a health check has to
 * judge rightly. Pods take as long as real ones, so that a Kafka is Critical while one restarts and NotReady in a cut-over.
 */
import type { Tls } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { desiredProps, off, on } from './desired-states';
import { recordHistory } from './history';
import { inMemory, kafkaManifest, World } from './world';

const TIMING = { issuanceMs: 3_000, podStartMs: 22_000, podReadyMs: 6_000, podStopMs: 5_000, catchUpMs: 4_000, opsStepMs: 5_000 };

export interface UndisturbedRun {
  readonly name: string;
  readonly executor: ExecutorName;
  readonly from: Tls | undefined;
  readonly to: (now: Date) => Tls;
  /** The worst that KubeDB says of the Kafka meanwhile. */
  readonly worst: 'Critical' | 'NotReady';
  /**
   * KubeDB says it while the Kafka is not paused, too: `native` lets KubeDB have one pass over what it wrote before the first pod restarts,
   * and KubeDB already looks for brokers that speak the other protocol.
   */
  readonly isWorstInPass: boolean;
}

const CHANGES = [
  { name: 'add TLS', from: undefined, to: () => on(), worst: 'NotReady' },
  { name: 'rotate', from: on(), to: (now: Date) => on({ issuedAfter: now.toISOString() }), worst: 'Critical' },
  { name: 'remove TLS', from: on(), to: () => off(), worst: 'NotReady' },
] as const;

export const UNDISTURBED: readonly UndisturbedRun[] = (['native', 'ops-request'] as const).flatMap((executor) =>
  CHANGES.map((change) => ({
    ...change,
    name: `${change.name}, ${executor}`,
    executor,
    isWorstInPass: executor === 'native' && change.worst === 'NotReady',
  })),
);

export interface History {
  readonly kafka: readonly KubeObject[];
  /** Of all requests, in the order of their changes. */
  readonly requests: readonly KubeObject[];
}

/** Carries the operation out and returns all that was to be seen, from before it to well after it. */
export async function historyOf({ executor, from, to }: UndisturbedRun): Promise<History> {
  const environment = inMemory({ opsManager: executor === 'ops-request', sandbox: { timing: TIMING } });
  const world = new World({}, () => environment);
  const end = new AbortController();
  try {
    await world.start(kafkaManifest());
    await world.settle();
    if (from !== undefined) await world.apply(world.bundle(desiredProps(executor, from)));
    await environment.pass(3_600_000);
    const kafka = await recordHistory(environment.sandbox, KINDS.Kafka, end.signal);
    const before = (await world.requests()).map((r) => r.metadata.name);
    const requests = await recordHistory(environment.sandbox, KINDS.KafkaOpsRequest, end.signal);
    await world.apply(world.bundle(desiredProps(executor, to(environment.clock.now()))));
    await environment.pass(600_000);
    return { kafka, requests: requests.filter((r) => !before.includes(r.metadata.name)) };
  } finally {
    end.abort();
    await world.stop();
  }
}
