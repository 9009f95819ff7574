/** What has to hold of a cluster whenever a run is over, whatever was done to it. */
import assert from 'node:assert/strict';
import type { Bundle } from '#model/bundle';
import { isFinishedRequest } from '#model/kubedb';
import type { Observation } from '#reconciler/model/observation';
import { mismatches } from '#reconciler/plan/verify';
import { hasCondition, type World } from './world';

/** Lets the cluster settle, asserts that it is as wanted and nothing is left half done, and returns what it is like. */
export async function assertSettled(world: World, wanted: Bundle): Promise<Observation> {
  await world.settle();
  const live = await world.observe(wanted);
  assert.deepEqual(mismatches(live, wanted.tls), [], 'every pod serves what it should');
  assert.ok(!hasCondition(live.kafka, 'Paused'), 'the Kafka is not paused');
  assert.deepEqual(
    live.requests.filter((r) => !isFinishedRequest(r)).map((r) => r.metadata.name),
    [],
    'every request is over',
  );
  return live;
}
