/** What get, list and watch promise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstEvents, MERGE } from './client';
import { configMap, type World } from './world';

export function readingContract(world: () => World): void {
  test('an object that is not there is NotFound, by name', async () => {
    const { client, path } = world();
    const { status, body } = await client.send('GET', `${path('v1', 'configmaps')}/nowhere`);
    assert.equal(status, 404);
    assert.equal(body.reason, 'NotFound');
    assert.equal(body.message, 'configmaps "nowhere" not found');
    assert.deepEqual(body.details, { name: 'nowhere', kind: 'configmaps' });
  });

  test('a kind that is not served is 404 without a Status', async () => {
    const { client } = world();
    const { status, body } = await client.send('GET', '/apis/nobody.example.org/v1/things');
    assert.equal(status, 404);
    assert.equal(String(body).trim(), '404 page not found');
  });

  test('a list has the kind of its items, which do not repeat it', async () => {
    const { client, path } = world();
    await configMap(world());
    const { body } = await client.send('GET', path('v1', 'configmaps'));
    assert.equal(body.kind, 'ConfigMapList');
    assert.ok(body.items.every((item: { kind?: string }) => item.kind === undefined));
  });

  const selectors = [
    { selector: 'tier=front', selects: ['one', 'two'] },
    { selector: 'tier==front,zone!=b', selects: ['one'] },
    { selector: 'zone in (a, b)', selects: ['one', 'two'] },
    { selector: 'set=selectors,zone notin (a)', selects: ['three', 'two'] },
    { selector: 'tier,!zone', selects: ['three'] },
  ];
  for (const { selector, selects } of selectors) {
    test(`the label selector "${selector}" selects ${selects.join(' and ')}`, async () => {
      const { client, path } = world();
      const all = [
        { id: 'one', labels: { tier: 'front', zone: 'a' } },
        { id: 'two', labels: { tier: 'front', zone: 'b' } },
        { id: 'three', labels: { tier: 'back' } },
      ];
      const run = `run-${world().name()}`;
      for (const { id, labels } of all) await configMap(world(), { id }, { labels: { ...labels, set: 'selectors', run } });
      const query = encodeURIComponent(`run=${run},${selector}`);
      const { body } = await client.send('GET', `${path('v1', 'configmaps')}?labelSelector=${query}`);
      assert.deepEqual(body.items.map((item: { data: { id: string } }) => item.data.id).sort(), selects);
    });
  }

  test('a field selector selects by name and refuses fields it does not know', async () => {
    const { client, path } = world();
    const one = await configMap(world());
    const found = await client.send('GET', `${path('v1', 'configmaps')}?fieldSelector=metadata.name%3D${one.metadata.name}`);
    assert.deepEqual(
      found.body.items.map((i: { metadata: { name: string } }) => i.metadata.name),
      [one.metadata.name],
    );
    const refused = await client.send('GET', `${path('v1', 'configmaps')}?fieldSelector=data.a%3D1`);
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, /^"data\.a" is not a known field selector: only "metadata\.name"/);
  });

  test('a watch from the resourceVersion of a list misses nothing after it', async () => {
    const { client, path } = world();
    const list = await client.send('GET', path('v1', 'configmaps'));
    const one = await configMap(world());
    const at = `${path('v1', 'configmaps')}/${one.metadata.name}`;
    await client.send('PATCH', at, { data: { a: '2' } }, MERGE);
    await client.send('DELETE', at);
    const events = await firstEvents(
      client,
      `${path('v1', 'configmaps')}?watch=true&resourceVersion=${list.body.metadata.resourceVersion}`,
      3,
    );
    assert.deepEqual(
      events.map((e) => [e.type, e.object.kind, e.object.data.a]),
      [
        ['ADDED', 'ConfigMap', '1'],
        ['MODIFIED', 'ConfigMap', '2'],
        ['DELETED', 'ConfigMap', '2'],
      ],
    );
  });

  test('a watch without a resourceVersion starts with what is there', async () => {
    const { client, path } = world();
    const one = await configMap(world());
    const events = await firstEvents(
      client,
      `${path('v1', 'configmaps')}?watch=true&fieldSelector=metadata.name%3D${one.metadata.name}`,
      1,
    );
    assert.deepEqual(
      events.map((e) => [e.type, e.object.metadata.uid]),
      [['ADDED', one.metadata.uid]],
    );
  });

  test('an object that no longer matches a watch is DELETED for it, one that begins to is ADDED', async () => {
    const { client, path } = world();
    const one = await configMap(world());
    const at = `${path('v1', 'configmaps')}/${one.metadata.name}`;
    const label = (value: string | null) => client.send('PATCH', at, { metadata: { labels: { watched: value } } }, MERGE);
    await label('yes');
    await label(null);
    const events = await firstEvents(
      client,
      `${path('v1', 'configmaps')}?watch=true&labelSelector=watched&resourceVersion=${one.metadata.resourceVersion}`,
      2,
    );
    assert.deepEqual(
      events.map((e) => e.type),
      ['ADDED', 'DELETED'],
    );
  });
}
