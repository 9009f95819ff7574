/**
 * Any pair of desired states converges, from wherever the first one left the cluster: a run that is killed between any two of its writes is
 * finished by the next, no pod is restarted twice for it, and one more run writes nothing. In memory, on a clock that passes only when idle.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ExecutorName } from '../../constructs/model/desired';
import { anyDesire, bundleFor, type Desire, isSameDesire } from './desires';
import { counting, Interrupted, interruptAfter } from './interrupting-cluster';
import { assertSettled } from './settled';
import { watchForUntold } from './told';
import { kafkaManifest, World } from './world';

/** Runs two desires after each other, the second one killed after `killAt` writes, and asserts that the cluster ends as desired. */
export async function converges(executor: ExecutorName, first: Desire, second: Desire, killAt: number): Promise<void> {
  let decorate = (cluster: World['cluster']) => cluster;
  const world = new World({ opsManager: executor === 'ops-request', decorate: (cluster) => decorate(cluster) });
  const storage = { resources: { requests: { storage: '1Gi' } } };
  try {
    await world.start(kafkaManifest({ topology: undefined, replicas: 2, storage }));
    await world.settle();
    await world.apply(bundleFor(first, executor, world.clock.now()));
    await world.place.pass(60_000);

    const wanted = bundleFor(second, executor, world.clock.now());
    const before = await world.podUids();
    const evictedBefore = world.evicted.length;
    const untold = watchForUntold(world);
    decorate = (cluster) => interruptAfter(cluster, killAt);
    await world.apply(wanted).catch((error: unknown) => assert.ok(error instanceof Interrupted, String(error)));
    decorate = (cluster) => cluster;
    await world.apply(wanted);
    if (executor === 'native') {
      const evicted = world.evicted.slice(evictedBefore);
      assert.equal(new Set(evicted).size, evicted.length, `a pod was restarted twice: ${evicted.join(', ')}`);
    }

    await assertSettled(world, wanted);
    assert.deepEqual(await untold(), [], 'clients are told of a CA before a pod serves it');
    if (isSameDesire(first, second)) assert.deepEqual(await world.podUids(), before, 'the same again restarts nothing');

    const counted = counting(world.cluster);
    decorate = () => counted.cluster;
    assert.deepEqual(await world.apply(wanted), { changed: false, message: 'nothing to do' });
    assert.deepEqual(counted.writes, [], 'one more run writes nothing');
  } finally {
    await world.stop();
  }
}

/** Asserts it of arbitrary pairs. */
export async function assertConvergence(executor: ExecutorName, pairs: number): Promise<void> {
  const property = fc.asyncProperty(anyDesire, anyDesire, fc.nat(60), (first, second, killAt) =>
    converges(executor, first, second, killAt),
  );
  await fc.assert(property, { numRuns: pairs, seed: Number(process.env.FC_SEED ?? 20261123) });
}
