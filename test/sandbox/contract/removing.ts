/** What deletion, eviction and garbage collection promise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Json, MERGE } from './client';
import { configMap, created, eventually, type World } from './world';

const POLICY = 'policy/v1';

/** A pod that runs on a node nobody looks after: what happens to it is only what the API does. */
async function runningPod(world: World, labels: Json = {}): Promise<Json> {
  const name = world.name();
  const spec = { nodeName: 'no-such-node', containers: [{ name: 'kafka', image: 'example.org/kafka' }] };
  await created(world, 'v1', 'pods', { metadata: { name, labels }, spec });
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  return (await world.client.send('PATCH', `${world.path('v1', 'pods')}/${name}/status`, { status }, MERGE)).body;
}

async function budget(world: World, labels: Json, status: Json): Promise<void> {
  const name = world.name();
  await created(world, POLICY, 'poddisruptionbudgets', {
    metadata: { name },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  });
  await world.client.send(
    'PATCH',
    `${world.path(POLICY, 'poddisruptionbudgets')}/${name}/status`,
    { status: { observedGeneration: 1, expectedPods: 1, ...status } },
    MERGE,
  );
}

export function removingContract(world: () => World): void {
  const pods = (name: string) => `${world().path('v1', 'pods')}/${name}`;
  const evict = (name: string, uid?: string) =>
    world().client.send('POST', `${pods(name)}/eviction`, {
      apiVersion: POLICY,
      kind: 'Eviction',
      metadata: { name, namespace: world().namespace },
      ...(uid === undefined ? {} : { deleteOptions: { preconditions: { uid } } }),
    });

  test('a deletion answers Success, and a second one NotFound', async () => {
    const one = await configMap(world());
    const at = `${world().path('v1', 'configmaps')}/${one.metadata.name}`;
    const first = await world().client.send('DELETE', at);
    assert.deepEqual([first.status, first.body.kind, first.body.status], [200, 'Status', 'Success']);
    assert.equal((await world().client.send('DELETE', at)).status, 404);
  });

  test('a deletion with another uid is a Conflict and deletes nothing', async () => {
    const one = await configMap(world());
    const at = `${world().path('v1', 'configmaps')}/${one.metadata.name}`;
    const { status, body } = await world().client.send('DELETE', at, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'another' },
    });
    assert.deepEqual([status, body.reason], [409, 'Conflict']);
    assert.equal((await world().client.send('GET', at)).status, 200);
  });

  test('a finalizer keeps an object until it is taken off', async () => {
    const one = await configMap(world(), {}, { finalizers: ['example.org/wait'] });
    const at = `${world().path('v1', 'configmaps')}/${one.metadata.name}`;
    await world().client.send('DELETE', at);
    const leaving = await world().client.send('GET', at);
    assert.ok(leaving.body.metadata.deletionTimestamp);
    await world().client.send('PATCH', at, { metadata: { finalizers: null } }, MERGE);
    assert.equal((await world().client.send('GET', at)).status, 404);
  });

  test('what an object owned goes after it', async () => {
    const owner = await configMap(world());
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid };
    const owned = await configMap(world(), {}, { ownerReferences: [reference] });
    await world().client.send('DELETE', `${world().path('v1', 'configmaps')}/${owner.metadata.name}`);
    const at = `${world().path('v1', 'configmaps')}/${owned.metadata.name}`;
    const { status } = await eventually(
      () => world().client.send('GET', at),
      (r) => r.status === 404,
    );
    assert.equal(status, 404);
  });

  test('a deleted pod stays with a deletionTimestamp until it is deleted with no grace', async () => {
    const pod = await runningPod(world());
    const { body } = await world().client.send('DELETE', pods(pod.metadata.name));
    assert.ok(body.metadata.deletionTimestamp);
    assert.equal(body.metadata.deletionGracePeriodSeconds, 30);
    assert.equal((await world().client.send('GET', pods(pod.metadata.name))).status, 200);
    await world().client.send('DELETE', pods(pod.metadata.name), { gracePeriodSeconds: 0 });
    assert.equal((await world().client.send('GET', pods(pod.metadata.name))).status, 404);
  });

  test('an eviction deletes the pod with that uid', async () => {
    const pod = await runningPod(world());
    const { status } = await evict(pod.metadata.name, pod.metadata.uid);
    assert.equal(status, 201);
    assert.ok((await world().client.send('GET', pods(pod.metadata.name))).body.metadata.deletionTimestamp);
  });

  test('an eviction of another uid is a Conflict, of a pod that is gone NotFound', async () => {
    const pod = await runningPod(world());
    const other = await evict(pod.metadata.name, 'another');
    assert.deepEqual([other.status, other.body.reason], [409, 'Conflict']);
    assert.equal((await evict('gone')).status, 404);
  });

  test('a budget with nothing to spare refuses an eviction with its reason', async () => {
    const labels = { budget: world().name() };
    const pod = await runningPod(world(), labels);
    await budget(world(), labels, { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 });
    const { status, body } = await eventually(
      () => evict(pod.metadata.name),
      (r) => !/still being processed/.test(JSON.stringify(r.body)),
    );
    assert.deepEqual([status, body.reason, body.details.causes[0].reason], [429, 'TooManyRequests', 'DisruptionBudget']);
    assert.match(body.details.causes[0].message, /^The disruption budget \S+ needs 1 healthy pods and has 1 currently$/);
    assert.equal((await world().client.send('GET', pods(pod.metadata.name))).body.metadata.deletionTimestamp, undefined);
  });
}
