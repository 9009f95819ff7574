/** The sandbox takes every manifest of a KafkaTls, so that users can try their manifests in it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '#model/kube-object';
import { createApi } from '#reconciler/sandbox/api/api';
import { FakeClock } from '../support/fake-clock';
import { clusterIn } from '../support/transports';

for (const golden of [
  'test/constructs/golden/native.yaml',
  'test/constructs/golden/dedicated-self-signed.yaml',
  'examples/argocd/expected.yaml',
]) {
  test(`takes ${golden}`, async () => {
    const clock = new FakeClock();
    const cluster = clusterIn(createApi({ now: () => clock.now(), admission: [], namespaces: ['demo'] }), clock);
    const objects = parseAllDocuments(readFileSync(golden, 'utf8')).map((d) => d.toJS() as KubeObject);
    assert.ok(objects.length > 5);
    for (const object of objects) {
      const { metadata } = await cluster.create(object);
      assert.equal(metadata.name, object.metadata.name);
    }
  });
}
