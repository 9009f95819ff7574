/** What custom kinds promise beyond: schemas, defaults, status, generation. Skipped where cert-manager's and KubeDB's are not served. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { JSON_PATCH, type Json, MERGE, STRATEGIC } from './client';
import { created, type World } from './world';

const CERTIFICATES = ['cert-manager.io/v1', 'certificates'] as const;
/** Of a custom kind a server wants to be told what it is sent, even where the path says it. */
const CERTIFICATE = { apiVersion: 'cert-manager.io/v1', kind: 'Certificate' };

export function customKindsContract(world: () => World): void {
  const spec = { secretName: 'a-secret', commonName: 'a', issuerRef: { name: 'an-issuer' } };
  const at = (name = '') => world().path(...CERTIFICATES) + (name === '' ? '' : `/${name}`);
  const certificate = () => created(world(), ...CERTIFICATES, { ...CERTIFICATE, metadata: { name: world().name() }, spec });

  const custom = (name: string, body: () => Promise<void>) =>
    test(name, async (t: TestContext) => {
      if (!(await world().serves(CERTIFICATES[0]))) return t.skip('cert-manager is not installed');
      await body();
    });

  custom('an object has to say of what kind it is', async () => {
    const { status, body } = await world().client.send('POST', at(), { metadata: { name: world().name() }, spec });
    assert.equal(status, 400);
    assert.match(body.message, /Object 'Kind' is missing/);
  });

  custom('status is written only through its subresource, and only status there', async () => {
    const { metadata } = await certificate();
    const ignored = await world().client.send('PATCH', at(metadata.name), { status: { revision: 1 } }, MERGE);
    assert.equal(ignored.body.status?.revision, undefined);
    const written = await world().client.send(
      'PATCH',
      `${at(metadata.name)}/status`,
      { status: { revision: 1 }, spec: { commonName: 'b' }, metadata: { labels: { a: 'b' } } },
      MERGE,
    );
    assert.deepEqual([written.body.status.revision, written.body.spec.commonName, written.body.metadata.labels], [1, 'a', undefined]);
  });

  custom('the generation counts changes of the spec and nothing else', async () => {
    const { metadata } = await certificate();
    assert.equal(metadata.generation, 1);
    const label = await world().client.send('PATCH', at(metadata.name), { metadata: { labels: { a: 'b' } } }, MERGE);
    const status = await world().client.send('PATCH', `${at(metadata.name)}/status`, { status: { revision: 1 } }, MERGE);
    const change = await world().client.send('PATCH', at(metadata.name), { spec: { commonName: 'b' } }, MERGE);
    assert.deepEqual(
      [label, status, change].map((r) => r.body.metadata.generation),
      [1, 1, 2],
    );
  });

  custom('an update needs a resourceVersion', async () => {
    const one: Json = await certificate();
    const { resourceVersion: _, ...metadata } = one.metadata;
    const { status, body } = await world().client.send('PUT', at(metadata.name), { ...one, metadata });
    assert.deepEqual([status, body.details.causes[0].field], [422, 'metadata.resourceVersion']);
  });

  custom('an unknown field is refused with Strict, warned of and dropped otherwise', async () => {
    const object = { ...CERTIFICATE, metadata: { name: world().name() }, spec: { ...spec, comonName: 'typo' } };
    const strict = await world().client.send('POST', `${at()}?fieldValidation=Strict`, object);
    assert.deepEqual([strict.status, /unknown field "spec.comonName"/.test(strict.body.message)], [400, true]);
    const warned = await world().client.send('POST', at(), object);
    assert.deepEqual([warned.status, warned.body.spec.comonName], [201, undefined]);
    assert.match(warned.warning ?? '', /unknown field \\"spec.comonName\\"/);
  });

  const refused = [
    { name: 'a value of the wrong type', patch: { secretName: 5 }, field: 'spec.secretName' },
    { name: 'a value that is not in the enum', patch: { privateKey: { algorithm: 'ROT13' } }, field: 'spec.privateKey.algorithm' },
    { name: 'a missing required field', patch: { issuerRef: null }, field: 'spec.issuerRef' },
  ];
  for (const { name, patch, field } of refused) {
    custom(`${name} is Invalid, naming the field`, async () => {
      const { metadata } = await certificate();
      const { status, body } = await world().client.send('PATCH', at(metadata.name), { spec: patch }, MERGE);
      assert.deepEqual([status, body.reason, body.details.causes[0].field], [422, 'Invalid', field]);
    });
  }

  custom('a strategic merge patch is UnsupportedMediaType', async () => {
    const { metadata } = await certificate();
    assert.equal((await world().client.send('PATCH', at(metadata.name), {}, STRATEGIC)).status, 415);
  });

  custom('lists without a key are replaced as a whole', async () => {
    const { metadata } = await created(world(), ...CERTIFICATES, {
      ...CERTIFICATE,
      metadata: { name: world().name() },
      spec: { ...spec, dnsNames: ['a', 'b'] },
    });
    const { body } = await world().client.send(
      'PATCH',
      at(metadata.name),
      [{ op: 'replace', path: '/spec/dnsNames', value: ['c'] }],
      JSON_PATCH,
    );
    assert.deepEqual(body.spec.dnsNames, ['c']);
  });
}
