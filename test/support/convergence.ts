/**
 * Any pair of desired states converges, from wherever the first one left the cluster: a run that is killed between any two of its writes is
 * finished by the next, no pod is restarted twice for it, and one more run writes nothing. In memory, on a clock that passes only when idle.
 *
 * One cluster is walked through several desired states, each next to the one before it a pair. Acknowledged is what the plan asks for, in
 * that step only.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Bundle } from '#model/bundle';
import type { ExecutorName } from '#model/desired';
import type { Cluster } from '#reconciler/ports';
import type { Outcome } from '#reconciler/reconcile';
import { acknowledging } from './acknowledging';
import { anyDesire, bundleFor, type Desire, isSameDesire } from './desires';
import { counting, Interrupted, interruptAfter } from './interrupting-cluster';
import { assertSettled } from './settled';
import { watchForUntold } from './told';
import { kafkaManifest, World } from './world';

/** Pairs in one cluster. */
const PAIRS_IN_ONE = 5;

/** What is desired next, and after how many writes the first run for it is killed. */
interface Step {
  readonly desire: Desire;
  readonly killAt: number;
}

class Walk {
  private decorate = (cluster: Cluster) => cluster;
  private readonly world: World;

  constructor(private readonly executor: ExecutorName) {
    this.world = new World({ opsManager: executor === 'ops-request', decorate: (cluster) => this.decorate(cluster) });
  }

  async start(first: Desire): Promise<void> {
    const storage = { resources: { requests: { storage: '1Gi' } } };
    await this.world.start(kafkaManifest({ topology: undefined, replicas: 2, storage }));
    await this.world.settle();
    await this.apply(await acknowledging(this.world, bundleFor(first, this.executor, this.world.clock.now())));
  }

  /** Goes from one desired state to the next, and asserts that the cluster ends as desired. */
  async go(from: Desire, { desire, killAt }: Step): Promise<void> {
    const { world, executor } = this;
    await world.place.pass(60_000);
    const wanted = await acknowledging(world, bundleFor(desire, executor, world.clock.now()));
    const before = await world.podUids();
    const evictedBefore = world.evicted.length;
    const untold = watchForUntold(world);
    const killed = this.apply(wanted, (cluster) => interruptAfter(cluster, killAt));
    await killed.catch((error: unknown) => assert.ok(error instanceof Interrupted, String(error)));
    await this.apply(wanted);
    if (executor === 'native') {
      const evicted = world.evicted.slice(evictedBefore);
      assert.equal(new Set(evicted).size, evicted.length, `a pod was restarted twice: ${evicted.join(', ')}`);
    }

    await assertSettled(world, wanted);
    assert.deepEqual(await untold(), [], 'clients are told of a CA before a pod serves it');
    if (isSameDesire(from, desire)) assert.deepEqual(await world.podUids(), before, 'the same again restarts nothing');

    const counted = counting(world.cluster);
    assert.deepEqual(await this.apply(wanted, () => counted.cluster), { changed: false, message: 'nothing to do' });
    assert.deepEqual(counted.writes, [], 'one more run writes nothing');
  }

  /** One run, which sees the cluster like this. */
  private apply(wanted: Bundle, decorate: (cluster: Cluster) => Cluster = (cluster) => cluster): Promise<Outcome> {
    this.decorate = decorate;
    return this.world.apply(wanted);
  }

  stop(): Promise<void> {
    return this.world.stop();
  }
}

/** Walks a cluster from the first desired state through all others. */
export async function converges(executor: ExecutorName, first: Desire, steps: readonly Step[]): Promise<void> {
  const walk = new Walk(executor);
  try {
    await walk.start(first);
    let from = first;
    for (const step of steps) {
      await walk.go(from, step);
      from = step.desire;
    }
  } finally {
    await walk.stop();
  }
}

/** Asserts it of at least so many arbitrary pairs. */
export async function assertConvergence(executor: ExecutorName, pairs: number): Promise<void> {
  const anyStep = fc.record({ desire: anyDesire, killAt: fc.nat(60) });
  const anySteps = fc.array(anyStep, { minLength: PAIRS_IN_ONE, maxLength: PAIRS_IN_ONE });
  const property = fc.asyncProperty(anyDesire, anySteps, (first, steps) => converges(executor, first, steps));
  await fc.assert(property, { numRuns: Math.ceil(pairs / PAIRS_IN_ONE), seed: Number(process.env.FC_SEED ?? 20261123) });
}
