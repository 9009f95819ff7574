/** Another kind of key for a Kafka that runs: cert-manager issues, and each pod restarts once with the new certificate. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { ClientCertificate, KeyAlgorithm, TlsIssuer, type TlsOnProps } from '#constructs/index';
import { KINDS } from '#model/kube-object';
import { mismatches } from '#reconciler/plan/verify';
import { untyped } from '#test/support/untyped';
import { NOTHING_TO_DO } from '../support/converged';
import { on } from '../support/desired-states';
import { assertFails, COMBINED, KAFKA, startPlaintext, startSecured, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const both = (keyAlgorithm: KeyAlgorithm): Partial<TlsOnProps> => ({ server: { keyAlgorithm }, client: { keyAlgorithm } });

async function keyOf(secretName: string): Promise<unknown> {
  const secret = await world.cluster.get(world.ref(KINDS.Secret, secretName));
  const { publicKey } = new X509Certificate(Buffer.from(untyped(secret?.data)?.['tls.crt'], 'base64'));
  const { namedCurve, modulusLength } = publicKey.asymmetricKeyDetails ?? {};
  return namedCurve ?? modulusLength ?? publicKey.asymmetricKeyType;
}

const steps: readonly { readonly name: string; readonly tls: Partial<TlsOnProps>; readonly key: unknown; readonly restarts: boolean }[] = [
  { name: 'ECDSA instead of RSA', tls: both(KeyAlgorithm.ecdsa()), key: 'prime256v1', restarts: true },
  { name: 'a longer ECDSA key', tls: both(KeyAlgorithm.ecdsa(384)), key: 'secp384r1', restarts: true },
  { name: 'nothing, which is RSA', tls: {}, key: 2048, restarts: true },
  { name: 'RSA with the default size', tls: both(KeyAlgorithm.rsa()), key: 2048, restarts: false },
  { name: 'Ed25519', tls: both(KeyAlgorithm.ed25519()), key: 'ed25519', restarts: true },
];

test('restarts every pod once for another kind of key, and for nothing else', async () => {
  world = await startSecured('native', on(), { kafka: COMBINED });
  for (const { name, tls, key, restarts } of steps) {
    const bundle = world.desired(on(tls));
    const before = await world.podUids();
    await world.apply(bundle);
    const after = await world.podUids();
    const replaced = Object.keys(before).filter((pod) => before[pod] !== after[pod]);
    assert.equal(replaced.length, restarts ? Object.keys(before).length : 0, `${name}: ${replaced.join(', ')}`);
    assert.deepEqual([await keyOf(`${KAFKA}-server-cert`), await keyOf(`${KAFKA}-client-cert`)], [key, key], name);
    assert.deepEqual(mismatches(await world.observe(bundle), bundle.tls), [], name);
    assert.deepEqual(await world.apply(bundle), NOTHING_TO_DO, name);
  }
});

test('gives an application another kind of key, and takes it back, without a restart', async () => {
  world = await startPlaintext('ops-request', { kafka: COMBINED });
  const bundle = (keyAlgorithm?: KeyAlgorithm) =>
    world.desired(on(), {}, (kafkaTls) => {
      new ClientCertificate(kafkaTls, 'billing', { kafkaTls, name: 'billing', ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }) });
    });
  await world.apply(bundle());
  const before = await world.podUids();
  await world.apply(bundle(KeyAlgorithm.ecdsa(521)));
  assert.equal(await keyOf('billing'), 'secp521r1');
  await world.apply(bundle());
  assert.equal(await keyOf('billing'), 2048);
  assert.deepEqual(await world.podUids(), before);
});

test('refuses another kind of key for a CA, which keeps its key, before anything is written', async () => {
  world = await startSecured('native', on(), { kafka: COMBINED });
  const issuer = TlsIssuer.selfSignedCa({ keyAlgorithm: KeyAlgorithm.ecdsa() });
  await assertFails(
    world.apply(world.desired(on({ issuer }))),
    2,
    /Certificate\/demo\/orders-ca: cert-manager keeps its key .* RSA 3072, wanted ECDSA 256/,
  );
});

test('refuses another subject for a CA, which keeps its key, before anything is written', async () => {
  world = await startSecured('native', on(), { kafka: COMBINED });
  await assertFails(
    world.apply(world.desired(on({ issuer: TlsIssuer.selfSignedCa({ commonName: 'another' }) }))),
    2,
    /Certificate\/demo\/orders-ca: its subject would change and its key stay .* nodes and clients that trust it would refuse its certificates/,
  );
  assert.deepEqual(world.writes, []);
});
