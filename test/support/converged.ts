/** What must hold of a cluster when a run has ended, whatever disturbed it, and the end state that two plays can be compared by. */

import assert from 'node:assert/strict';
import type { Bundle } from '#model/bundle';
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import type { Observation } from '#reconciler/model/observation';
import { TRUST_KEY } from '#reconciler/model/trust-bundle';
import { readCas } from '#reconciler/pki/certificates';
import { mismatches } from '#reconciler/plan/verify';
import { untyped } from './untyped';
import { hasCondition, NAMESPACE, type World } from './world';

export const NOTHING_TO_DO = { changed: false, message: 'nothing to do' };

/** Waits until the Kafka is Ready, asserts that the desired state is reached and nothing is left half done, and returns the observation. */
export async function assertConverged(world: World, bundle: Bundle): Promise<Observation> {
  await world.settle();
  const live = await world.observe(bundle);
  assert.deepEqual(mismatches(live, bundle.tls), [], 'every pod serves the desired state');
  assert.ok(!hasCondition(live.kafka, 'Paused'), 'the Kafka is not paused');
  assert.deepEqual(
    live.requests.filter((r) => !isFinishedRequest(r)).map((r) => r.metadata.name),
    [],
    'every request is finished',
  );
  return live;
}

/** The same, and one more run has nothing to do. */
export async function assertDone(world: World, bundle: Bundle): Promise<Observation> {
  const live = await assertConverged(world, bundle);
  assert.deepEqual(await world.apply(bundle), NOTHING_TO_DO);
  assert.deepEqual(world.writes, [], 'one more run writes nothing');
  return live;
}

const LASTING = [KINDS.Kafka, KINDS.PetSet, KINDS.Issuer, KINDS.Certificate, KINDS.PodDisruptionBudget] as const;

/** Returns everything that lasts, by subject, without uids, versions, instants, keys and the namespace: they differ from play to play. */
export async function endState(world: World): Promise<Readonly<Record<string, unknown>>> {
  const list = (kind: Kind) => world.cluster.list(kind, { namespace: world.namespace });
  const lasting = (await Promise.all(LASTING.map(list))).flat();
  const kinds = [KINDS.Secret, KINDS.KafkaOpsRequest, KINDS.Pod, KINDS.ConfigMap];
  const [secrets = [], requests = [], pods = [], configMaps = []] = await Promise.all(kinds.map(list));
  const state = Object.fromEntries([
    ...lasting.map((o) => [nameOf(o), { spec: o.spec, labels: o.metadata.labels, annotations: o.metadata.annotations }]),
    ...secrets.map((s) => [nameOf(s), Object.keys(s.data ?? {}).sort()]),
    ...requests.map((r) => [nameOf(r), { spec: r.spec, phase: untyped(r.status)?.phase, conditions: conditionsOf(r) }]),
    ...configMaps.map((c) => [nameOf(c), { labels: c.metadata.labels, trusted: trustedBy(c) }]),
    ...pods.map((p) => [nameOf(p), p.metadata.labels]),
    ['Paused', hasCondition(await world.kafka(), 'Paused')],
  ]);
  const text = JSON.stringify(state).replaceAll(world.namespace, NAMESPACE);
  return JSON.parse(text.replaceAll(/\\"root\\":\\"[0-9a-f]{64}\\"/g, '\\"root\\":\\"known\\"'));
}

/** Names of rotations and restarts hold a hash of the leaves. */
function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name.replace(/-(rotate|restart)-[0-9a-f]+/, '-$1')}`;
}

/** Names of the CAs in the trust bundle. */
function trustedBy(configMap: KubeObject): readonly string[] {
  return readCas(untyped(configMap.data)?.[TRUST_KEY] ?? '').certificates.map((c) => c.subject);
}

/** Types in a fixed order: a run that continues after a kill writes conditions in another order. */
function conditionsOf(request: KubeObject): readonly string[] {
  return (untyped(request.status)?.conditions ?? []).map((c: { type: string }) => c.type).sort();
}
