/** The contract of custom kinds: schemas, defaults, status, generation. Skipped if cert-manager is not installed. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { JSON_PATCH, type Json, STRATEGIC } from './client';
import type { Run } from './run';

export function customKindsContract(run: () => Run): void {
  const spec = { secretName: 'a-secret', commonName: 'a', issuerRef: { name: 'an-issuer' } };
  const created = (more: object = {}): Promise<Json> => run().certificates.created({ spec: { ...spec, ...more } });

  const custom = (name: string, body: () => Promise<void>) =>
    test(name, async (t: TestContext) => {
      if ((await run().client.send('GET', '/apis/cert-manager.io/v1')).status !== 200) return t.skip('cert-manager is not installed');
      await body();
    });

  custom('an object must have its kind', async () => {
    const { status, body } = await run().certificates.post({ metadata: { name: run().name() }, spec });
    assert.equal(status, 400);
    assert.match(body.message, /Object 'Kind' is missing/);
  });

  custom('status is written only through its subresource, and only status there', async () => {
    const { name } = (await created()).metadata;
    const ignored = await run().certificates.patch(name, { status: { revision: 1 } });
    assert.equal(ignored.body.status?.revision, undefined);
    const patch = { status: { revision: 1 }, spec: { commonName: 'b' }, metadata: { labels: { a: 'b' } } };
    const { body } = await run().certificates.patchStatus(name, patch);
    assert.deepEqual([body.status.revision, body.spec.commonName, body.metadata.labels], [1, 'a', undefined]);
  });

  custom('the generation counts changes of the spec and nothing else', async () => {
    const { name, generation } = (await created()).metadata;
    const { certificates } = run();
    const label = await certificates.patch(name, { metadata: { labels: { a: 'b' } } });
    const status = await certificates.patchStatus(name, { status: { revision: 1 } });
    const change = await certificates.patch(name, { spec: { commonName: 'b' } });
    assert.deepEqual([generation, ...[label, status, change].map((r) => r.body.metadata.generation)], [1, 1, 1, 2]);
  });

  custom('an update needs a resourceVersion', async () => {
    const one = await created();
    const { resourceVersion: _, ...metadata } = one.metadata;
    const { status, body } = await run().certificates.put({ ...one, metadata });
    assert.deepEqual([status, body.details.causes[0].field], [422, 'metadata.resourceVersion']);
  });

  custom('an unknown field is refused with Strict, otherwise dropped with a warning', async () => {
    const object = {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: run().name() },
      spec: { ...spec, comonName: 'typo' },
    };
    const strict = await run().certificates.post(object, '?fieldValidation=Strict');
    assert.deepEqual([strict.status, /unknown field "spec.comonName"/.test(strict.body.message)], [400, true]);
    const warned = await run().certificates.post(object);
    assert.deepEqual([warned.status, warned.body.spec.comonName], [201, undefined]);
    assert.match(warned.warning ?? '', /unknown field \\"spec.comonName\\"/);
  });

  const refused = [
    { name: 'a value of the wrong type', patch: { secretName: 5 }, field: 'spec.secretName' },
    { name: 'a value that is not in the enum', patch: { privateKey: { algorithm: 'ROT13' } }, field: 'spec.privateKey.algorithm' },
    { name: 'a missing required field', patch: { issuerRef: null }, field: 'spec.issuerRef' },
  ];
  for (const { name, patch, field } of refused) {
    custom(`${name} is Invalid, with the field`, async () => {
      const { metadata } = await created();
      const { status, body } = await run().certificates.patch(metadata.name, { spec: patch });
      assert.deepEqual([status, body.reason, body.details.causes[0].field], [422, 'Invalid', field]);
    });
  }

  custom('a strategic merge patch is UnsupportedMediaType', async () => {
    const { name } = (await created()).metadata;
    assert.equal((await run().certificates.patch(name, {}, STRATEGIC)).status, 415);
  });

  custom('a list without a key is replaced as a whole', async () => {
    const { name } = (await created({ dnsNames: ['a', 'b'] })).metadata;
    const replace = [{ op: 'replace', path: '/spec/dnsNames', value: ['c'] }];
    const { body } = await run().certificates.patch(name, replace, JSON_PATCH);
    assert.deepEqual(body.spec.dnsNames, ['c']);
  });
}
