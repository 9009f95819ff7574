import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { readOnly } from '#reconciler/cluster/write-guard';
import { InternalError } from '#reconciler/errors';
import { createApi } from '#reconciler/sandbox/api/api';
import { FakeClock } from '../support/fake-clock';
import { clusterIn } from '../support/transports';

const issuer: KubeObject = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'Issuer',
  metadata: { name: 'ca', namespace: 'default' },
  spec: { selfSigned: {} },
};
const ISSUER = ref(KINDS.Issuer, 'default', 'ca');

function cluster() {
  const clock = new FakeClock();
  return clusterIn(createApi({ now: () => clock.now() }), clock);
}

test('a command that changes nothing cannot write, but may ask what a write would do', async () => {
  const real = cluster();
  const guarded = readOnly(real);
  const writes = [
    () => guarded.create(issuer),
    () => guarded.apply(issuer),
    () => guarded.patch(ISSUER, []),
    () => guarded.replace(issuer),
    () => guarded.evict(ref(KINDS.Pod, 'default', 'a'), 'u'),
    () => guarded.delete(ISSUER, 'u'),
  ];
  for (const write of writes) await assert.rejects(write, InternalError);
  await guarded.apply(issuer, { dryRun: true });
  assert.equal(await guarded.get(ISSUER), undefined);
  assert.deepEqual(await guarded.list(KINDS.Issuer, { namespace: 'default' }), []);
});
