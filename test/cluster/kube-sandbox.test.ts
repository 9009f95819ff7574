/** The client against the sandbox's API: what the two have to agree on, beyond single answers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject, ref, refOf } from '#model/kube-object';
import type { TransportRequest } from '#reconciler/cluster/http';
import { kubeCluster } from '#reconciler/cluster/kube';
import { ClusterError, InvalidInputError } from '#reconciler/errors';
import { createApi } from '#reconciler/sandbox/api/api';
import { untyped } from '#test/support/untyped';
import { FakeClock } from '../support/fake-clock';
import { clusterIn, transportTo } from '../support/transports';

const issuer: KubeObject = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'Issuer',
  metadata: { name: 'ca', namespace: 'default' },
  spec: { ca: { secretName: 'a' } },
};
const configMap: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data: { a: '1' } };

function sandbox() {
  const clock = new FakeClock();
  const api = createApi({ now: () => clock.now() });
  return { clock, api, cluster: clusterIn(api, clock) };
}

/** The same API as seen by another tool. */
function asManager(api: ReturnType<typeof createApi>, clock: FakeClock, fieldManager: string) {
  const transport = transportTo(api);
  const request = (r: TransportRequest) => transport.request({ ...r, query: { ...r.query, fieldManager } });
  return kubeCluster({ ...transport, request }, clock);
}

test('applying twice changes nothing, and others keep their fields', async () => {
  const { cluster, api, clock } = sandbox();
  const first = await cluster.apply(issuer);
  const second = await cluster.apply(issuer);
  assert.equal(first.metadata.resourceVersion, second.metadata.resourceVersion);
  const conflict = asManager(api, clock, 'helm').apply({ ...issuer, spec: { ca: { secretName: 'b' } } });
  await assert.rejects(
    conflict,
    /^ClusterError: Issuer\/default\/ca: spec\.ca\.secretName belongs to field manager "kafka-tls": 409 Conflict\.$/,
  );
  await asManager(api, clock, 'helm').apply({ ...issuer, spec: { ca: { secretName: 'b' } } }, { force: true });
  await assert.rejects(cluster.apply(issuer), /belongs to field manager "helm"/);
});

test('a dry run changes nothing', async () => {
  const { cluster } = sandbox();
  const would = await cluster.apply(issuer, { dryRun: true });
  assert.equal(untyped(would.spec).ca.secretName, 'a');
  assert.equal(await cluster.get(refOf(issuer)), undefined);
});

test('a patch and a replace on an old resourceVersion are conflicts', async () => {
  const { cluster } = sandbox();
  const created = await cluster.create(configMap);
  await cluster.replace({ ...created, data: { a: '2' } });
  const isConflict = (e: unknown) => e instanceof ClusterError && e.status === 409 && e.reason === 'Conflict';
  await assert.rejects(cluster.replace({ ...created, data: { a: '3' } }), isConflict);
  const stale = { op: 'test', path: '/metadata/resourceVersion', value: created.metadata.resourceVersion } as const;
  await assert.rejects(cluster.patch(refOf(configMap), [stale, { op: 'replace', path: '/data/a', value: '3' }]), isConflict);
  assert.equal(untyped((await cluster.get(refOf(configMap)))?.data).a, '2');
});

test('an unknown field is refused by name', async () => {
  const { cluster } = sandbox();
  await assert.rejects(cluster.create({ ...issuer, spec: { ca: { secretName: 'a' }, typo: 1 } }), (e) => {
    return e instanceof InvalidInputError && /Issuer\/default\/ca: create was refused: 400 BadRequest: .*spec\.typo/.test(e.message);
  });
});

test('an eviction is refused while a budget forbids it, and a pod of another uid is gone', async () => {
  const { cluster, clock } = sandbox();
  const labels = { app: 'a' };
  const pod = await cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', labels },
    spec: { containers: [] },
  });
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await cluster.replace({ ...pod, status }, { status: true });
  const budget = await cluster.create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: labels } },
  });
  await cluster.replace({ ...budget, status: { disruptionsAllowed: 0 } }, { status: true });
  const POD = ref(KINDS.Pod, 'default', 'p');
  const uid = pod.metadata.uid ?? '';
  const refused = await clock.run(cluster.evict(POD, uid));
  assert.equal(refused.kind, 'refused');
  assert.equal((await clock.run(cluster.evict(POD, 'another'))).kind, 'gone');
  assert.equal((await clock.run(cluster.evict(ref(KINDS.Pod, 'default', 'q'), 'u'))).kind, 'gone');
  await cluster.delete(refOf(budget), 'another');
  assert.notEqual(await cluster.get(refOf(budget)), undefined);
  await cluster.delete(refOf(budget), budget.metadata.uid ?? '');
  await cluster.delete(refOf(budget), budget.metadata.uid ?? '');
  assert.equal((await clock.run(cluster.evict(POD, uid))).kind, 'evicted');
});

test('watching follows creations, changes and deletions of one name', async () => {
  const { cluster, clock } = sandbox();
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const [found] of cluster.watch(KINDS.ConfigMap, { namespace: 'default', name: 'c' }, stop.signal))
      seen.push(untyped(found?.data)?.a ?? 'none');
  })();
  await clock.advance(0);
  const created = await cluster.create(configMap);
  await cluster.create({ ...configMap, metadata: { ...configMap.metadata, name: 'other' } });
  await clock.advance(0);
  await cluster.replace({ ...created, data: { a: '2' } });
  await clock.advance(200_000);
  await cluster.delete(refOf(configMap), created.metadata.uid ?? '');
  await clock.advance(0);
  stop.abort();
  await watching;
  assert.deepEqual(seen, ['none', '1', '2', 'none']);
});
