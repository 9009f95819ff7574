/** New certificates that reach the nodes otherwise: late, or from cert-manager alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import { brokerCertificateName } from '#model/tls';
import { assertDone } from '../../support/converged';
import { untyped } from '../../support/untyped';
import { KAFKA } from '../../support/world';
import type { Place } from './place';

const LATE_MS = 10_000;

export function renewals(place: () => Place): void {
  test('nodes load it when the kubelet has brought it', async (t) => {
    const found = place();
    const before = await found.incarnations();
    const bundle = await found.rotation();
    found.forget();
    found.environment.kubelet.mountDelayMs = LATE_MS;
    try {
      await found.world.apply(bundle);
    } finally {
      found.environment.kubelet.mountDelayMs = 0;
    }
    t.diagnostic(`${found.asked.length} requests to six nodes`);
    await assertLoaded(found, before);
    await assertDone(found.world, bundle);
  });

  test('a certificate that cert-manager renews by itself is loaded by the next run', async () => {
    const found = place();
    const { world } = found;
    const before = await found.incarnations();
    const old = await found.issued();
    await renew(found);
    const renewed = await found.issued();
    await found.assertServed(old);
    const bundle = found.desired();
    found.forget();
    await world.apply(bundle);
    assert.equal(await found.issued(), renewed, 'nothing was issued again');
    assert.deepEqual(found.subjectsOf('issued'), []);
    await assertLoaded(found, before);
    await assertDone(world, bundle);
  });
}

async function assertLoaded(place: Place, before: Readonly<Record<string, string>>): Promise<void> {
  assert.equal(place.reloaded.length, 6);
  assert.deepEqual(place.warnings, []);
  assert.deepEqual(await place.incarnations(), before, 'no pod and no process restarted');
  await place.assertServed(await place.issued());
}

/**
 * Makes the renewal due: until the certificate has changed, it is to be renewed almost as early as it is issued. cert-manager decides on the
 * renewal and carries it out.
 */
async function renew(place: Place): Promise<void> {
  const { world } = place;
  const subject = world.ref(KINDS.Certificate, brokerCertificateName(KAFKA, 'server'));
  const old = await place.issued();
  const before = (await world.cluster.get(subject)) as KubeObject;
  const { renewBefore: original, ...spec } = untyped(before).spec;
  const write = async (renewBefore: string | undefined) => {
    const live = (await world.cluster.get(subject)) as KubeObject;
    await world.cluster.replace({ ...live, spec: { ...spec, ...(renewBefore === undefined ? {} : { renewBefore }) } } as KubeObject);
  };
  const hours = Number(/^(\d+)h/.exec(String(spec.duration ?? '2160h'))?.[1]);
  await write(`${hours - 1}h59m30s`);
  await world.until(async () => (await place.issued()) !== old);
  await write(original);
  await world.until(async () => {
    const { status } = untyped(await world.cluster.get(subject));
    return status.conditions.every((c: { type: string; status: string }) => (c.type === 'Ready') === (c.status === 'True'));
  });
}
