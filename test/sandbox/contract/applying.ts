/** What server-side apply promises. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APPLY, type Json, MERGE } from './client';
import { configMap, type World } from './world';

export function applyingContract(world: () => World): void {
  const apply = (name: string, data: Json, manager: string, query = '') =>
    world().client.send(
      'PATCH',
      `${world().path('v1', 'configmaps')}/${name}?fieldManager=${manager}${query}`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...(data === undefined ? {} : { data }) },
      APPLY,
    );
  const live = async (name: string) => (await world().client.send('GET', `${world().path('v1', 'configmaps')}/${name}`)).body;

  test('an apply creates, and owns what it sent', async () => {
    const name = world().name();
    const { status, body } = await apply(name, { a: '1' }, 'one');
    assert.equal(status, 201);
    const [entry] = body.metadata.managedFields;
    assert.deepEqual(
      [entry.manager, entry.operation, entry.apiVersion, entry.fieldsType, entry.fieldsV1],
      ['one', 'Apply', 'v1', 'FieldsV1', { 'f:data': { 'f:a': {} } }],
    );
  });

  test('applying the same again writes nothing', async () => {
    const name = world().name();
    const first = await apply(name, { a: '1' }, 'one');
    const second = await apply(name, { a: '1' }, 'one');
    assert.deepEqual([second.status, second.body.metadata.resourceVersion], [200, first.body.metadata.resourceVersion]);
  });

  test('an apply on a version that is no longer there is a Conflict, also by force', async () => {
    const name = world().name();
    const first = await apply(name, { a: '1' }, 'one');
    await apply(name, { a: '2' }, 'one');
    const { resourceVersion } = first.body.metadata;
    const { status, body } = await world().client.send(
      'PATCH',
      `${world().path('v1', 'configmaps')}/${name}?fieldManager=one&force=true`,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion }, data: { a: '3' } },
      APPLY,
    );
    assert.deepEqual([status, body.reason], [409, 'Conflict']);
    assert.deepEqual((await live(name)).data, { a: '2' });
  });

  test('a field that is no longer applied goes, one that others own stays', async () => {
    const name = world().name();
    await apply(name, { mine: '1', ours: '1' }, 'one');
    await apply(name, { ours: '1' }, 'two');
    const { body } = await apply(name, { other: '1' }, 'one');
    assert.deepEqual(body.data, { ours: '1', other: '1' });
  });

  test('labels that are no longer applied go, what nobody applied stays', async () => {
    const name = world().name();
    const at = `${world().path('v1', 'configmaps')}/${name}`;
    const labelled = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { a: '1' } } };
    const first = await world().client.send('PATCH', `${at}?fieldManager=one`, labelled, APPLY);
    const { body } = await apply(name, { a: '1' }, 'one');
    assert.deepEqual([body.metadata.labels, body.metadata.name, body.metadata.uid], [undefined, name, first.body.metadata.uid]);
  });

  test('a field that another manager applied is a Conflict naming manager and field', async () => {
    const name = world().name();
    await apply(name, { a: '1' }, 'one');
    const { status, body } = await apply(name, { a: '2' }, 'two');
    assert.deepEqual([status, body.reason, body.message], [409, 'Conflict', 'Apply failed with 1 conflict: conflict with "one": .data.a']);
    assert.deepEqual(body.details.causes, [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }]);
    assert.deepEqual((await live(name)).data, { a: '1' });
  });

  test('the same value is shared, not fought over', async () => {
    const name = world().name();
    await apply(name, { a: '1' }, 'one');
    const { status, body } = await apply(name, { a: '1' }, 'two');
    assert.deepEqual([status, body.metadata.managedFields.map((e: Json) => e.manager).sort()], [200, ['one', 'two']]);
  });

  test('force takes the field away', async () => {
    const name = world().name();
    await apply(name, { a: '1' }, 'one');
    const { body } = await apply(name, { a: '2' }, 'two', '&force=true');
    assert.deepEqual([body.data, body.metadata.managedFields.map((e: Json) => e.manager)], [{ a: '2' }, ['two']]);
  });

  test('any other write takes what it changes, and a later apply conflicts with it', async () => {
    const one = await configMap(world(), { a: '1' });
    const { name } = one.metadata;
    assert.deepEqual(
      one.metadata.managedFields.map((e: Json) => [e.manager, e.operation]),
      [['contract', 'Update']],
    );
    const { status, body } = await apply(name, { a: '2' }, 'two');
    assert.equal(status, 409);
    assert.match(body.details.causes[0].message, /^conflict with "contract" using v1( at \S+)?$/);
  });

  test('a patch by another client takes the field from who applied it', async () => {
    const name = world().name();
    await apply(name, { a: '1', b: '1' }, 'one');
    const at = `${world().path('v1', 'configmaps')}/${name}`;
    const { body } = await world().client.send('PATCH', at, { data: { a: '2' } }, MERGE);
    const owners = Object.fromEntries(body.metadata.managedFields.map((e: Json) => [e.manager, e.fieldsV1['f:data']]));
    assert.deepEqual(owners, { one: { 'f:b': {} }, contract: { 'f:a': {} } });
  });

  test('items of a keyed list belong to who applied them', async () => {
    const name = world().name();
    const at = `${world().path('v1', 'services')}/${name}`;
    const ports = (manager: string, ...list: number[]) => {
      const spec = { ports: list.map((port) => ({ name: `p${port}`, port, protocol: 'TCP' })) };
      return world().client.send(
        'PATCH',
        `${at}?fieldManager=${manager}`,
        { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec },
        APPLY,
      );
    };
    await ports('one', 80, 81);
    await ports('two', 82);
    const { body } = await ports('one', 80);
    assert.deepEqual(
      body.spec.ports.map((p: Json) => p.port),
      [80, 82],
    );
  });

  test('a dry run of an apply tells what would be and stores nothing', async () => {
    const name = world().name();
    await apply(name, { a: '1' }, 'one');
    const { status, body } = await apply(name, { a: '2' }, 'one', '&dryRun=All');
    assert.deepEqual([status, body.data], [200, { a: '2' }]);
    assert.deepEqual((await live(name)).data, { a: '1' });
  });

  test('an apply without a manager is refused', async () => {
    const name = world().name();
    const at = `${world().path('v1', 'configmaps')}/${name}`;
    const { status } = await world().client.send('PATCH', at, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, APPLY);
    assert.ok(status === 400 || status === 422, `status ${status}`);
  });
}
