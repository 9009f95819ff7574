/** One operation, in memory, killed before each of its writes in turn and finished by the next run. */
import assert from 'node:assert/strict';
import type { ExecutorName } from '#model/desired';
import { acknowledging } from '../support/acknowledging';
import { bundleFor, type Desire } from '../support/desires';
import { endState } from '../support/end-state';
import { Interrupted, interruptAfter } from '../support/interrupting-cluster';
import { assertSettled } from '../support/settled';
import { watchForUntold } from '../support/told';
import { kafkaManifest, World } from '../support/world';

const STORAGE = { resources: { requests: { storage: '1Gi' } } };

/** Returns the number of writes; fails where the cluster does not end as after an undisturbed run. */
export async function killBeforeEveryWrite(executor: ExecutorName, first: Desire, second: Desire): Promise<number> {
  const undisturbed = await playOut(executor, first, second, Number.POSITIVE_INFINITY);
  for (let writes = 0; ; writes++) {
    const killed = await playOut(executor, first, second, writes);
    assert.deepEqual(killed.end, undisturbed.end, `killed before write ${writes + 1}`);
    if (!killed.wasKilled) return writes;
  }
}

async function playOut(executor: ExecutorName, first: Desire, second: Desire, writes: number) {
  let decorate = (cluster: World['cluster']) => cluster;
  const world = new World({ opsManager: executor === 'ops-request', decorate: (cluster) => decorate(cluster) });
  try {
    await world.start(kafkaManifest({ topology: undefined, replicas: 3, storage: STORAGE }));
    await world.settle();
    await world.apply(await acknowledging(world, bundleFor(first, executor, world.clock.now())));
    await world.place.pass(60_000);
    world.events.length = 0;
    const untold = watchForUntold(world);
    const wanted = await acknowledging(world, bundleFor(second, executor, new Date('2026-11-23T09:01:00Z')));
    decorate = (cluster) => interruptAfter(cluster, writes);
    const killed = await world.apply(wanted).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(killed === undefined || killed instanceof Interrupted, String(killed));
    decorate = (cluster) => cluster;
    await world.apply(wanted);
    await assertSettled(world, wanted);
    assert.deepEqual(await untold(), [], 'clients are told first');
    if (executor === 'native') assert.equal(new Set(world.evicted).size, world.evicted.length, `restarted twice: ${world.evicted}`);
    return { wasKilled: killed !== undefined, end: await endState(world) };
  } finally {
    await world.stop();
  }
}
