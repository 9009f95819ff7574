/** The contract of get, list and watch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstEvents, type Json } from './client';
import type { Run } from './run';

export function readingContract(run: () => Run): void {
  test('an absent object is NotFound, with its name', async () => {
    const { status, body } = await run().configMaps.get('nowhere');
    assert.deepEqual([status, body.reason, body.message], [404, 'NotFound', 'configmaps "nowhere" not found']);
    assert.deepEqual(body.details, { name: 'nowhere', kind: 'configmaps' });
  });

  test('a port of an absent pod is not forwarded', async () => {
    const { status, body } = await run().client.send('GET', `${run().pods.at('nowhere')}/portforward?ports=9092`);
    assert.deepEqual([status, body.message], [404, 'pods "nowhere" not found']);
  });

  test('a kind that is not served is 404 without a Status', async () => {
    const { status, body } = await run().client.send('GET', '/apis/absent.example.org/v1/things');
    assert.deepEqual([status, String(body).trim()], [404, '404 page not found']);
  });

  test('a list has the kind of its items, which do not repeat it', async () => {
    await run().configMaps.created();
    const { body } = await run().configMaps.list();
    assert.equal(body.kind, 'ConfigMapList');
    assert.ok(body.items.length > 0 && body.items.every((item: Json) => item.kind === undefined));
  });

  test('a list comes in pages of one state of the cluster', async () => {
    const { configMaps, name } = run();
    const label = `run-${name()}`;
    const create = () => configMaps.created({ metadata: { labels: { pages: label } } });
    const names = [];
    for (let i = 0; i < 3; i++) names.push((await create()).metadata.name);
    const selected = `?labelSelector=${encodeURIComponent(`pages=${label}`)}`;
    const first = (await configMaps.list(`${selected}&limit=2`)).body;
    assert.equal(first.items.length, 2);
    await create();
    const second = (await configMaps.list(`${selected}&limit=2&continue=${encodeURIComponent(first.metadata.continue)}`)).body;
    assert.deepEqual([...first.items, ...second.items].map((item: Json) => item.metadata.name).sort(), names.sort());
    assert.deepEqual([second.metadata.resourceVersion, second.metadata.continue ?? ''], [first.metadata.resourceVersion, '']);
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
      const { configMaps, name } = run();
      const shared = { set: 'selectors', run: `run-${name()}` };
      await configMaps.created({ data: { id: 'one' }, metadata: { labels: { ...shared, tier: 'front', zone: 'a' } } });
      await configMaps.created({ data: { id: 'two' }, metadata: { labels: { ...shared, tier: 'front', zone: 'b' } } });
      await configMaps.created({ data: { id: 'three' }, metadata: { labels: { ...shared, tier: 'back' } } });
      const { body } = await configMaps.list(`?labelSelector=${encodeURIComponent(`run=${shared.run},${selector}`)}`);
      assert.deepEqual(body.items.map((item: Json) => item.data.id).sort(), selects);
    });
  }

  test('a field selector selects by name, and refuses unknown fields', async () => {
    const { configMaps } = run();
    const { name, uid } = (await configMaps.created()).metadata;
    const found = await configMaps.list(`?fieldSelector=metadata.name%3D${name}`);
    assert.deepEqual(
      found.body.items.map((item: Json) => item.metadata.uid),
      [uid],
    );
    const refused = await configMaps.list('?fieldSelector=data.a%3D1');
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, /^"data\.a" is not a known field selector: only "metadata\.name"/);
  });

  const watched = (query: string, count: number) => firstEvents(run().client, run().configMaps.at(`?watch=true&${query}`), count);

  test('a watch from the resourceVersion of a list has every change after it', async () => {
    const { configMaps } = run();
    const list = await configMaps.list();
    const { name } = (await configMaps.created({ data: { a: '1' } })).metadata;
    await configMaps.patch(name, { data: { a: '2' } });
    await configMaps.remove(name);
    const events = await watched(`resourceVersion=${list.body.metadata.resourceVersion}`, 3);
    assert.deepEqual(
      events.map((e) => [e.type, e.object.kind, e.object.data.a]),
      [
        ['ADDED', 'ConfigMap', '1'],
        ['MODIFIED', 'ConfigMap', '2'],
        ['DELETED', 'ConfigMap', '2'],
      ],
    );
  });

  test('a watch without a resourceVersion starts with the present objects', async () => {
    const { name, uid } = (await run().configMaps.created()).metadata;
    const [event] = await watched(`fieldSelector=metadata.name%3D${name}`, 1);
    assert.deepEqual([event.type, event.object.metadata.uid], ['ADDED', uid]);
  });

  test('an object that begins to match the selector of a watch is ADDED, one that ceases to is DELETED', async () => {
    const { configMaps } = run();
    const { name, resourceVersion } = (await configMaps.created()).metadata;
    for (const watched of ['yes', null]) await configMaps.patch(name, { metadata: { labels: { watched } } });
    const events = await watched(`labelSelector=watched&resourceVersion=${resourceVersion}`, 2);
    assert.deepEqual(
      events.map((e) => e.type),
      ['ADDED', 'DELETED'],
    );
  });
}
