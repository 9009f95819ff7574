/** The contract of create, replace and patch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_PATCH, type Json, STRATEGIC } from './client';
import type { Run } from './run';

export function writingContract(run: () => Run): void {
  const dataOf = async (name: string) => (await run().configMaps.get(name)).body.data;

  test('a created object gets an identity that no client can change', async () => {
    const { configMaps } = run();
    const { name, uid, creationTimestamp } = (await configMaps.created()).metadata;
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.match(creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const changed = await configMaps.patch(name, { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } });
    assert.equal(changed.body.metadata.creationTimestamp, creationTimestamp);
    const other = await configMaps.patch(name, { metadata: { uid: 'other' } });
    assert.deepEqual([other.status, other.body.reason, other.body.details.causes[0].field], [422, 'Invalid', 'metadata.uid']);
  });

  test('creating a present object is AlreadyExists', async () => {
    const { configMaps } = run();
    const { name } = (await configMaps.created()).metadata;
    const { status, body } = await configMaps.post({ metadata: { name } });
    assert.deepEqual([status, body.reason, body.message], [409, 'AlreadyExists', `configmaps "${name}" already exists`]);
  });

  test('generateName gives each object its own name', async () => {
    const create = async (): Promise<string> => (await run().configMaps.post({ metadata: { generateName: 'gen-' } })).body.metadata.name;
    const [a, b] = [await create(), await create()];
    assert.match(a, /^gen-[a-z0-9]{5}$/);
    assert.notEqual(a, b);
  });

  const refused: readonly [string, Json, string][] = [
    ['a name in capitals', { name: 'Nope' }, 'metadata.name'],
    ['a label of 64 characters', { name: 'label-too-long', labels: { a: 'x'.repeat(64) } }, 'metadata.labels'],
  ];
  for (const [name, metadata, field] of refused) {
    test(`${name} is Invalid, with the field`, async () => {
      const { status, body } = await run().configMaps.post({ metadata });
      assert.deepEqual([status, body.reason, body.details.causes[0].field], [422, 'Invalid', field]);
    });
  }

  test('nothing is created in an absent namespace', async () => {
    const { status, body } = await run().client.send('POST', '/api/v1/namespaces/absent/configmaps', { metadata: { name: 'a' } });
    assert.deepEqual([status, body.message], [404, 'namespaces "absent" not found']);
  });

  test('a dry run has the answer of the write and stores nothing', async () => {
    const { configMaps, name } = run();
    const object = { metadata: { name: name() }, data: { a: '1' } };
    const { status, body } = await configMaps.post(object, '?dryRun=All');
    assert.deepEqual([status, body.data], [201, { a: '1' }]);
    assert.equal((await configMaps.get(object.metadata.name)).status, 404);
  });

  test('a replacement from a stale read is a Conflict and changes nothing', async () => {
    const { configMaps } = run();
    const stale = await configMaps.created();
    await configMaps.patch(stale.metadata.name, { data: { a: '2' } });
    const { status, body } = await configMaps.put({ ...stale, data: { a: '3' } });
    assert.deepEqual([status, body.reason], [409, 'Conflict']);
    assert.match(body.message, /the object has been modified; please apply your changes to the latest version and try again$/);
    assert.deepEqual(await dataOf(stale.metadata.name), { a: '2' });
  });

  test('a write that changes nothing leaves the resourceVersion', async () => {
    const { configMaps } = run();
    const one = await configMaps.created({ data: { a: '1' } });
    for (const { status, body } of [await configMaps.put(one), await configMaps.patch(one.metadata.name, { data: { a: '1' } })])
      assert.deepEqual([status, body.metadata.resourceVersion], [200, one.metadata.resourceVersion]);
  });

  test('a merge patch merges maps and removes with null', async () => {
    const { configMaps } = run();
    const { name } = (await configMaps.created({ data: { a: '1', b: '2' } })).metadata;
    const { body } = await configMaps.patch(name, { data: { a: null, c: '3' } });
    assert.deepEqual(body.data, { b: '2', c: '3' });
  });

  test('a JSON patch adds, replaces, moves and removes, and escapes its paths', async () => {
    const { configMaps } = run();
    const metadata = { annotations: { 'example.org/x': '1' } };
    const { name } = (await configMaps.created({ data: { a: '1', b: '2', c: '3' }, metadata })).metadata;
    const operations = [
      { op: 'replace', path: '/data/a', value: '9' },
      { op: 'remove', path: '/data/b' },
      { op: 'move', from: '/data/c', path: '/data/d' },
      { op: 'add', path: '/metadata/annotations/example.org~1x', value: '2' },
    ];
    const { body } = await configMaps.patch(name, operations, JSON_PATCH);
    assert.deepEqual([body.data, body.metadata.annotations], [{ a: '9', d: '3' }, { 'example.org/x': '2' }]);
  });

  test('a JSON patch can guard itself with the resourceVersion; if the test fails, it is Invalid and changes nothing', async () => {
    const { configMaps } = run();
    const { name, resourceVersion } = (await configMaps.created({ data: { a: '1' } })).metadata;
    const guarded = (value: string) => [
      { op: 'replace', path: '/data/a', value: '2' },
      { op: 'test', path: '/metadata/resourceVersion', value },
    ];
    const refused = await configMaps.patch(name, guarded('1'), JSON_PATCH);
    assert.deepEqual([refused.status, refused.body.reason, await dataOf(name)], [422, 'Invalid', { a: '1' }]);
    const { status, body } = await configMaps.patch(name, guarded(resourceVersion), JSON_PATCH);
    assert.deepEqual([status, body.data], [200, { a: '2' }]);
  });

  test('a patch in an unknown format is UnsupportedMediaType', async () => {
    const { name } = (await run().configMaps.created()).metadata;
    assert.equal((await run().configMaps.patch(name, {}, 'application/json')).status, 415);
  });

  test('a strategic merge patch merges a keyed list by its key', async () => {
    const { services } = run();
    const ports = [80, 81].map((port) => ({ name: `p${port}`, port, protocol: 'TCP' }));
    const { name } = (await services.created({ spec: { ports } })).metadata;
    const changes = [
      { port: 80, name: 'renamed' },
      { port: 81, $patch: 'delete' },
    ];
    const { body } = await services.patch(name, { spec: { ports: changes } }, STRATEGIC);
    assert.deepEqual(
      body.spec.ports.map((p: Json) => [p.name, p.port]),
      [['renamed', 80]],
    );
  });

  test('stringData of a Secret is stored in data, encoded', async () => {
    const secret = await run().secrets.created({ stringData: { a: 'b' } });
    assert.deepEqual([secret.type, secret.data, secret.stringData], ['Opaque', { a: 'Yg==' }, undefined]);
  });
}
