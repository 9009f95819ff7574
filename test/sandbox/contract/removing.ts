/** The contract of deletion, eviction and garbage collection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from './client';
import { eventually, type Run } from './run';

/** A running pod on an absent node, so that no kubelet changes it. */
async function runningPod({ pods }: Run, labels: Json = {}): Promise<Json> {
  const spec = { nodeName: 'no-such-node', containers: [{ name: 'kafka', image: 'example.org/kafka' }] };
  const { metadata } = await pods.created({ metadata: { labels }, spec });
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  return (await pods.patchStatus(metadata.name, { status })).body.metadata;
}

export function removingContract(run: () => Run): void {
  const pod = async (name: string) => (await run().pods.get(name)).body;
  const evict = (name: string, uid?: string) =>
    run().client.send('POST', `${run().pods.at(name)}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: run().namespace },
      ...(uid === undefined ? {} : { deleteOptions: { preconditions: { uid } } }),
    });

  test('a deletion answers Success, and a second one NotFound', async () => {
    const { configMaps } = run();
    const { name } = (await configMaps.created()).metadata;
    const first = await configMaps.remove(name);
    assert.deepEqual([first.status, first.body.kind, first.body.status], [200, 'Status', 'Success']);
    assert.equal((await configMaps.remove(name)).status, 404);
  });

  test('a deletion with another uid is a Conflict and deletes nothing', async () => {
    const { configMaps } = run();
    const { name } = (await configMaps.created()).metadata;
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'another' } };
    const { status, body } = await configMaps.remove(name, options);
    assert.deepEqual([status, body.reason, (await configMaps.get(name)).status], [409, 'Conflict', 200]);
  });

  test('a finalizer keeps a deleted object until it is removed', async () => {
    const { configMaps } = run();
    const { name } = (await configMaps.created({ metadata: { finalizers: ['example.org/wait'] } })).metadata;
    await configMaps.remove(name);
    assert.ok((await configMaps.get(name)).body.metadata.deletionTimestamp);
    await configMaps.patch(name, { metadata: { finalizers: null } });
    assert.equal((await configMaps.get(name)).status, 404);
  });

  test('an object is deleted after its owner', async () => {
    const { configMaps } = run();
    const { name, uid } = (await configMaps.created()).metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
    const owned = (await configMaps.created({ metadata: { ownerReferences } })).metadata.name;
    await configMaps.remove(name);
    const { status } = await eventually(
      () => configMaps.get(owned),
      (r) => r.status === 404,
    );
    assert.equal(status, 404);
  });

  test('a deleted pod stays with a deletionTimestamp until it is deleted with no grace period', async () => {
    const { name } = await runningPod(run());
    const { metadata } = (await run().pods.remove(name)).body;
    assert.ok(metadata.deletionTimestamp);
    assert.equal(metadata.deletionGracePeriodSeconds, 30);
    assert.equal((await run().pods.get(name)).status, 200);
    await run().pods.remove(name, { gracePeriodSeconds: 0 });
    assert.equal((await run().pods.get(name)).status, 404);
  });

  test('an eviction deletes the pod with that uid', async () => {
    const { name, uid } = await runningPod(run());
    assert.equal((await evict(name, uid)).status, 201);
    assert.ok((await pod(name)).metadata.deletionTimestamp);
  });

  test('an eviction of another uid is a Conflict, of an absent pod NotFound', async () => {
    const { name } = await runningPod(run());
    const other = await evict(name, 'another');
    assert.deepEqual([other.status, other.body.reason], [409, 'Conflict']);
    assert.equal((await evict('gone')).status, 404);
  });

  test('a budget that allows no disruption refuses an eviction with its reason', async () => {
    const { budgets, name: newName } = run();
    const labels = { budget: newName() };
    const { name } = await runningPod(run(), labels);
    const budget = await budgets.created({ spec: { minAvailable: 1, selector: { matchLabels: labels } } });
    const status = { observedGeneration: 1, expectedPods: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 };
    await budgets.patchStatus(budget.metadata.name, { status });
    const refused = await eventually(
      () => evict(name),
      (r) => !/still being processed/.test(JSON.stringify(r.body)),
    );
    const [{ reason, message }] = refused.body.details.causes;
    assert.deepEqual([refused.status, refused.body.reason, reason], [429, 'TooManyRequests', 'DisruptionBudget']);
    assert.match(message, /^The disruption budget \S+ needs 1 healthy pods and has 1 currently$/);
    assert.equal((await pod(name)).metadata.deletionTimestamp, undefined);
  });
}
