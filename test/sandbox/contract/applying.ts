/** The contract of server-side apply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APPLY, type Json } from './client';
import { eventually, type Run } from './run';

export function applyingContract(run: () => Run): void {
  const apply = (name: string, manager: string, data: Json, query = '') => run().configMaps.apply(name, manager, { data }, query);
  const dataOf = async (name: string) => (await run().configMaps.get(name)).body.data;
  const managersOf = (object: Json): readonly string[] => object.metadata.managedFields.map((entry: Json) => entry.manager).sort();

  test('an apply creates an object and owns the fields that it sent', async () => {
    const { status, body } = await apply(run().name(), 'one', { a: '1' });
    assert.equal(status, 201);
    const [{ time: _time, ...entry }] = body.metadata.managedFields;
    assert.deepEqual(entry, {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:a': {} } },
    });
  });

  test('applying the same again writes nothing', async () => {
    const name = run().name();
    const first = await apply(name, 'one', { a: '1' });
    const second = await apply(name, 'one', { a: '1' });
    assert.deepEqual([second.status, second.body.metadata.resourceVersion], [200, first.body.metadata.resourceVersion]);
  });

  test('managed fields hold when their manager last changed a value, and applying the same again leaves that time', async () => {
    const name = run().name();
    const timesOf = ({ body }: { readonly body: Json }): Json =>
      Object.fromEntries(body.metadata.managedFields.map((e: Json) => [e.manager, e.time]));
    await apply(name, 'other', { b: '1' });
    const first = timesOf(await apply(name, 'one', { a: '0' }));
    // The times have whole seconds.
    let value = 0;
    const later = timesOf(
      await eventually(
        () => apply(name, 'one', { a: String(++value) }),
        (answer) => timesOf(answer).one !== first.one,
      ),
    );
    assert.ok(Date.parse(later.one) > Date.parse(first.one));
    assert.equal(later.other, first.other);
    const again = await eventually(
      () => apply(name, 'one', { a: String(value) }),
      () => Date.now() >= Date.parse(later.one) + 1_000,
    );
    assert.deepEqual(timesOf(again), later);
  });

  test('an apply on an old resourceVersion is a Conflict, also by force', async () => {
    const name = run().name();
    const { resourceVersion } = (await apply(name, 'one', { a: '1' })).body.metadata;
    await apply(name, 'one', { a: '2' });
    const fields = { metadata: { resourceVersion }, data: { a: '3' } };
    const { status, body } = await run().configMaps.apply(name, 'one', fields, '&force=true');
    assert.deepEqual([status, body.reason, await dataOf(name)], [409, 'Conflict', { a: '2' }]);
  });

  test('a field that is no longer applied is removed, unless another manager owns it', async () => {
    const name = run().name();
    await apply(name, 'one', { mine: '1', ours: '1' });
    await apply(name, 'two', { ours: '1' });
    const { body } = await apply(name, 'one', { other: '1' });
    assert.deepEqual(body.data, { ours: '1', other: '1' });
  });

  test('labels that are no longer applied are removed, and the identity stays', async () => {
    const name = run().name();
    const first = await run().configMaps.apply(name, 'one', { metadata: { labels: { a: '1' } } });
    const { body } = await apply(name, 'one', { a: '1' });
    assert.deepEqual([body.metadata.labels, body.metadata.name, body.metadata.uid], [undefined, name, first.body.metadata.uid]);
  });

  test('a field of another manager is a Conflict with manager and field, unless the apply is forced', async () => {
    const name = run().name();
    await apply(name, 'one', { a: '1' });
    const { status, body } = await apply(name, 'two', { a: '2' });
    assert.deepEqual([status, body.reason, body.message], [409, 'Conflict', 'Apply failed with 1 conflict: conflict with "one": .data.a']);
    assert.deepEqual(body.details.causes, [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }]);
    assert.deepEqual(await dataOf(name), { a: '1' });
    const forced = await apply(name, 'two', { a: '2' }, '&force=true');
    assert.deepEqual([forced.body.data, managersOf(forced.body)], [{ a: '2' }, ['two']]);
  });

  test('two managers that apply the same value share the field', async () => {
    const name = run().name();
    await apply(name, 'one', { a: '1' });
    const { status, body } = await apply(name, 'two', { a: '1' });
    assert.deepEqual([status, managersOf(body)], [200, ['one', 'two']]);
  });

  test('any other write owns the fields that it changes, and a later apply conflicts with it', async () => {
    const one = await run().configMaps.created({ data: { a: '1' } });
    const [{ manager, operation }] = one.metadata.managedFields;
    assert.deepEqual([manager, operation], ['contract', 'Update']);
    const { status, body } = await apply(one.metadata.name, 'two', { a: '2' });
    assert.equal(status, 409);
    assert.match(body.details.causes[0].message, /^conflict with "contract" using v1( at \S+)?$/);
  });

  test('a patch by another client takes the field from its manager', async () => {
    const name = run().name();
    await apply(name, 'one', { a: '1', b: '1' });
    const { body } = await run().configMaps.patch(name, { data: { a: '2' } });
    const owners = Object.fromEntries(body.metadata.managedFields.map((e: Json) => [e.manager, e.fieldsV1['f:data']]));
    assert.deepEqual(owners, { one: { 'f:b': {} }, contract: { 'f:a': {} } });
  });

  test('each item of a keyed list belongs to its manager', async () => {
    const name = run().name();
    const ports = (manager: string, ...list: number[]) =>
      run().services.apply(name, manager, { spec: { ports: list.map((port) => ({ name: `p${port}`, port, protocol: 'TCP' })) } });
    await ports('one', 80, 81);
    await ports('two', 82);
    const { body } = await ports('one', 80);
    assert.deepEqual(
      body.spec.ports.map((p: Json) => p.port),
      [80, 82],
    );
  });

  test('a dry run of an apply has the answer of the apply and stores nothing', async () => {
    const name = run().name();
    await apply(name, 'one', { a: '1' });
    const { status, body } = await apply(name, 'one', { a: '2' }, '&dryRun=All');
    assert.deepEqual([status, body.data, await dataOf(name)], [200, { a: '2' }, { a: '1' }]);
  });

  test('an apply without a manager is refused', async () => {
    const name = run().name();
    const { status } = await run().configMaps.patch(name, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, APPLY);
    assert.ok(status === 400 || status === 422, `status ${status}`);
  });
}
