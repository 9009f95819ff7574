/** Read, change, write: with an object that was read before, and with an object that other clients write to. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import { modify, withAnnotations } from '#reconciler/execute/context';
import type { Cluster } from '#reconciler/ports';
import { failureOf, World } from '../support/world';

const CONFIG_MAP = { apiVersion: KINDS.ConfigMap.apiVersion, kind: KINDS.ConfigMap.kind };

describe('modify', () => {
  let world: World;
  let seen: string[];
  let cluster: Cluster;
  let known: KubeObject;

  beforeEach(async () => {
    world = await new World().start({ ...CONFIG_MAP, metadata: { name: 'it' } });
    seen = [];
    cluster = {
      ...world.cluster,
      get: (subject) => {
        seen.push('get');
        return world.cluster.get(subject);
      },
      replace: (object, options) => {
        seen.push('replace');
        return world.cluster.replace(object, options);
      },
    };
    known = (await world.cluster.get(it())) ?? assert.fail();
  });
  afterEach(() => world.stop());

  const it = () => world.ref(KINDS.ConfigMap, 'it');
  const mark = (name: string) => (object: KubeObject) => withAnnotations(object, { [name]: 'yes' });
  const annotations = async () => Object.keys((await world.cluster.get(it()))?.metadata.annotations ?? {});

  test('reads an object that was not read before', async () => {
    await modify(cluster, it(), mark('ours'));
    assert.deepEqual(seen, ['get', 'replace']);
    assert.deepEqual(await annotations(), ['ours']);
  });

  test('writes an object that was read before without reading it again', async () => {
    await modify(cluster, it(), mark('ours'), { from: known });
    assert.deepEqual(seen, ['replace']);
    assert.deepEqual(await annotations(), ['ours']);
  });

  test('reads an object again that changed since, and loses nothing', async () => {
    await modify(world.cluster, it(), mark('theirs'));
    const after = await modify(cluster, it(), mark('ours'), { from: known });
    assert.deepEqual(seen, ['replace', 'get', 'replace']);
    assert.deepEqual(Object.keys(after.metadata.annotations ?? {}), ['theirs', 'ours']);
    assert.deepEqual(await annotations(), ['theirs', 'ours']);
  });

  test('reads before it reports that nothing is to be written', async () => {
    const marked = await modify(world.cluster, it(), mark('ours'));
    const after = await modify(world.cluster, it(), mark('theirs'));
    assert.deepEqual(await modify(cluster, it(), mark('ours'), { from: marked }), after);
    assert.deepEqual(seen, ['get']);
    // What was read and had not changed is the same value.
    assert.deepEqual(await modify(cluster, it(), mark('ours'), { from: await world.cluster.get(it()) }), after);
  });

  test('reports that the object is gone', async () => {
    await world.delete(it());
    const failure = await failureOf(modify(cluster, it(), mark('ours'), { from: known }));
    assert.equal(failure.message, 'ConfigMap/demo/it: was deleted during the run.');
    assert.deepEqual(seen, ['replace', 'get']);
  });
});
