/** What create, replace and patch promise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_PATCH, MERGE, STRATEGIC } from './client';
import { configMap, created, type World } from './world';

export function writingContract(world: () => World): void {
  const configMaps = (name = '') => world().path('v1', 'configmaps') + (name === '' ? '' : `/${name}`);

  test('a created object gets an identity that no client can change', async () => {
    const one = await configMap(world());
    assert.match(one.metadata.uid, /^[0-9a-f-]{36}$/);
    assert.match(one.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const changed = await world().client.send(
      'PATCH',
      configMaps(one.metadata.name),
      { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } },
      MERGE,
    );
    assert.equal(changed.body.metadata.creationTimestamp, one.metadata.creationTimestamp);
    const other = await world().client.send('PATCH', configMaps(one.metadata.name), { metadata: { uid: 'other' } }, MERGE);
    assert.deepEqual([other.status, other.body.reason, other.body.details.causes[0].field], [422, 'Invalid', 'metadata.uid']);
  });

  test('creating what is there is AlreadyExists', async () => {
    const one = await configMap(world());
    const { status, body } = await world().client.send('POST', configMaps(), { metadata: { name: one.metadata.name } });
    assert.deepEqual([status, body.reason, body.message], [409, 'AlreadyExists', `configmaps "${one.metadata.name}" already exists`]);
  });

  test('generateName gives each object its own name', async () => {
    const [a, b] = [
      await created(world(), 'v1', 'configmaps', { metadata: { generateName: 'gen-' } }),
      await created(world(), 'v1', 'configmaps', { metadata: { generateName: 'gen-' } }),
    ];
    assert.match(a.metadata.name, /^gen-[a-z0-9]{5}$/);
    assert.notEqual(a.metadata.name, b.metadata.name);
  });

  const refused = [
    { name: 'a name in capitals', object: { metadata: { name: 'Nope' } }, field: 'metadata.name' },
    {
      name: 'a label of 64 characters',
      object: { metadata: { name: 'label-too-long', labels: { a: 'x'.repeat(64) } } },
      field: 'metadata.labels',
    },
  ];
  for (const { name, object, field } of refused) {
    test(`${name} is Invalid, naming the field`, async () => {
      const { status, body } = await world().client.send('POST', configMaps(), object);
      assert.deepEqual([status, body.reason, body.details.causes[0].field], [422, 'Invalid', field]);
    });
  }

  test('nothing is created in a namespace that is not there', async () => {
    const { status, body } = await world().client.send('POST', '/api/v1/namespaces/no-such-namespace/configmaps', {
      metadata: { name: 'a' },
    });
    assert.deepEqual([status, body.message], [404, 'namespaces "no-such-namespace" not found']);
  });

  test('a dry run answers as if, and stores nothing', async () => {
    const name = world().name();
    const { status, body } = await world().client.send('POST', `${configMaps()}?dryRun=All`, { metadata: { name }, data: { a: '1' } });
    assert.deepEqual([status, body.data], [201, { a: '1' }]);
    assert.equal((await world().client.send('GET', configMaps(name))).status, 404);
  });

  test('a replacement from a stale read is a Conflict and changes nothing', async () => {
    const stale = await configMap(world());
    const at = configMaps(stale.metadata.name);
    await world().client.send('PATCH', at, { data: { a: '2' } }, MERGE);
    const { status, body } = await world().client.send('PUT', at, { ...stale, data: { a: '3' } });
    assert.deepEqual([status, body.reason], [409, 'Conflict']);
    assert.match(body.message, /the object has been modified; please apply your changes to the latest version and try again$/);
    assert.deepEqual((await world().client.send('GET', at)).body.data, { a: '2' });
  });

  test('a write that changes nothing leaves the resourceVersion', async () => {
    const one = await configMap(world());
    const at = configMaps(one.metadata.name);
    const replaced = await world().client.send('PUT', at, one);
    const patched = await world().client.send('PATCH', at, { data: { a: '1' } }, MERGE);
    assert.deepEqual(
      [replaced, patched].map((r) => [r.status, r.body.metadata.resourceVersion]),
      Array(2).fill([200, one.metadata.resourceVersion]),
    );
  });

  test('a merge patch merges maps and removes with null', async () => {
    const one = await configMap(world(), { a: '1', b: '2' });
    const { body } = await world().client.send('PATCH', configMaps(one.metadata.name), { data: { a: null, c: '3' } }, MERGE);
    assert.deepEqual(body.data, { b: '2', c: '3' });
  });

  test('a JSON patch adds, replaces and removes, and escapes its paths', async () => {
    const one = await configMap(world(), { a: '1', b: '2' }, { annotations: { 'example.org/x': '1' } });
    const operations = [
      { op: 'replace', path: '/data/a', value: '9' },
      { op: 'remove', path: '/data/b' },
      { op: 'add', path: '/metadata/annotations/example.org~1x', value: '2' },
    ];
    const { body } = await world().client.send('PATCH', configMaps(one.metadata.name), operations, JSON_PATCH);
    assert.deepEqual([body.data, body.metadata.annotations], [{ a: '9' }, { 'example.org/x': '2' }]);
  });

  test('a JSON patch whose test fails is Invalid and changes nothing', async () => {
    const one = await configMap(world());
    const at = configMaps(one.metadata.name);
    const operations = [
      { op: 'replace', path: '/data/a', value: '2' },
      { op: 'test', path: '/metadata/resourceVersion', value: '1' },
    ];
    const { status, body } = await world().client.send('PATCH', at, operations, JSON_PATCH);
    assert.deepEqual([status, body.reason], [422, 'Invalid']);
    assert.deepEqual((await world().client.send('GET', at)).body.data, { a: '1' });
  });

  test('a JSON patch may guard itself with the resourceVersion', async () => {
    const one = await configMap(world());
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: one.metadata.resourceVersion },
      { op: 'replace', path: '/data/a', value: '2' },
    ];
    const { status, body } = await world().client.send('PATCH', configMaps(one.metadata.name), operations, JSON_PATCH);
    assert.deepEqual([status, body.data], [200, { a: '2' }]);
  });

  test('a patch in an unknown format is UnsupportedMediaType', async () => {
    const one = await configMap(world());
    const { status } = await world().client.send('PATCH', configMaps(one.metadata.name), {}, 'application/json');
    assert.equal(status, 415);
  });

  test('a strategic merge patch merges a keyed list by its key', async () => {
    const ports = [80, 81].map((port) => ({ name: `p${port}`, port, protocol: 'TCP' }));
    const { metadata } = await created(world(), 'v1', 'services', { metadata: { name: world().name() }, spec: { ports } });
    const patch = {
      spec: {
        ports: [
          { port: 80, name: 'renamed' },
          { port: 81, $patch: 'delete' },
        ],
      },
    };
    const { body } = await world().client.send('PATCH', `${world().path('v1', 'services')}/${metadata.name}`, patch, STRATEGIC);
    assert.deepEqual(
      body.spec.ports.map((p: { name: string; port: number }) => [p.name, p.port]),
      [['renamed', 80]],
    );
  });

  test('stringData of a Secret ends up in data, encoded', async () => {
    const secret = await created(world(), 'v1', 'secrets', { metadata: { name: world().name() }, stringData: { a: 'b' } });
    assert.deepEqual([secret.type, secret.data, secret.stringData], ['Opaque', { a: 'Yg==' }, undefined]);
  });
}
