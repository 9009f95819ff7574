/**
 * Another root that no bridge leads to, while nodes trust both: what each phase leaves, what a revert makes of it, and when certificates of the
 * new root may be issued. Producers are served at every moment of it, by the model of the brokers.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration } from 'cdk8s';
import { Acknowledgement, TlsIssuer, type TlsOnProps } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import { readCas } from '#reconciler/pki/certificates';
import { plan } from '#reconciler/plan/plan';
import { assertDone } from '../support/converged';
import { MOVE, on } from '../support/desired-states';
import { createForeignCertificate } from '../support/foreign-certificate';
import { createClusterIssuer } from '../support/foreign-issuers';
import { Interrupted } from '../support/interrupting-cluster';
import { watchUnserved } from '../support/unserved';
import { untyped } from '../support/untyped';
import { assertFails, COMBINED, KAFKA, startSecured, type World } from '../support/world';

/** By default every eighth write; with CHAOS_KILL=all every one. */
const STEP = process.env.CHAOS_KILL === 'all' ? 1 : 8;
const PODS = 3;
const OLD = `CN=${KAFKA}-ca`;
const NEW = 'CN=corp';
const ACKNOWLEDGED = [...MOVE, Acknowledgement.trustRootChangesTo('corp')];

let world: World;
let outages: () => number;
afterEach(() => world?.stop());

/** A Kafka that trusts the old root, watched from now on, and a ClusterIssuer whose CA cannot be read. */
async function start(): Promise<void> {
  world = await startSecured('native', on(), { kafka: COMBINED });
  await createClusterIssuer(world, 'corp');
  outages = watchUnserved(world);
}

const wanted = (change: Partial<TlsOnProps> = {}) => world.desired(on({ issuer: TlsIssuer.clusterIssuer('corp'), ...change }));
const given = () => wanted({ acknowledge: ACKNOWLEDGED });

async function published(): Promise<readonly string[]> {
  return subjects(untyped(await world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA))))?.data['ca.crt']);
}

/** Subjects of the certificates beside a certificate. */
async function trusted(name: string): Promise<readonly string[]> {
  const data = untyped(await world.cluster.get(world.ref(KINDS.Secret, name)))?.data ?? {};
  return subjects(Buffer.from(data['ca.crt'] ?? '', 'base64').toString());
}

function subjects(pem: string): readonly string[] {
  return readCas(pem)
    .certificates.map((c) => c.subject)
    .sort();
}

async function assertNew(bundle: Bundle, root = NEW): Promise<void> {
  await assertDone(world, bundle);
  for (const name of ['orders-server-cert', 'orders-client-cert']) assert.deepEqual(await trusted(name), [root]);
  assert.deepEqual(await published(), [root]);
  assert.equal(outages(), 0);
}

describe('two trusted roots', () => {
  test('a plan names the certificates of clients that the old CA has signed', async () => {
    await start();
    await createForeignCertificate(world, 'payments', `${KAFKA}-ca`, ['client auth']);
    const bundle = given();
    const { notes } = plan(bundle, await world.observe(bundle), world.clock.now());
    assert.match(notes.join('\n'), /signed by the old root of Issuer\/orders-ca: Certificate\/demo\/payments \(Secret payments-tls\)/);
  });

  test('without an acknowledgement nodes trust both roots, and no later run restarts a pod', async () => {
    await start();
    const hint = await assertFails(
      world.apply(wanted()),
      4,
      /every node trusts both roots, and certificates of ClusterIssuer\/corp are to replace/,
    );
    assert.match(hint.hint ?? '', /add acknowledge: \[Acknowledgement\.trustRootChangesTo\('[0-9a-f]{64}'\)\] to its Tls and commit\./);
    assert.equal(world.evicted.length, PODS);
    for (const name of ['orders-server-cert', 'orders-client-cert']) assert.deepEqual(await trusted(name), [NEW, OLD].sort());
    assert.deepEqual(await published(), [NEW, OLD].sort());
    const pods = await world.podUids();
    await assertFails(world.apply(wanted()), 4, /not acknowledged/);
    assert.deepEqual(await world.podUids(), pods);
    const { rootChange } = plan(wanted(), await world.observe(wanted()), world.clock.now());
    assert.deepEqual(
      rootChange?.phases.map((p) => p.status),
      ['done', 'waits', 'later'],
    );
    await world.apply(given());
    assert.equal(world.evicted.length, 3 * PODS);
    await assertNew(given());
  });

  test('certificates of the new root need no acknowledgement when clients could get it for long enough', async () => {
    await start();
    const bundle = wanted({ trustFor: Duration.hours(2) });
    await assertFails(world.apply(bundle), 4, /not acknowledged/);
    await world.environment.pass(7_200_000);
    await world.apply(bundle);
    await assertNew(bundle);
  });

  test('a certificate that is renewed while the acknowledgement is missing brings both roots into its Secret once more', async () => {
    await start();
    await assertFails(world.apply(wanted()), 4, /not acknowledged/);
    await world.askForRenewal(world.ref(KINDS.Certificate, 'orders-server-cert'));
    await world.environment.pass(60_000);
    assert.deepEqual(await trusted('orders-server-cert'), [OLD]);
    await assertFails(world.apply(wanted()), 4, /not acknowledged/);
    assert.equal(world.evicted.length, 2 * PODS);
    assert.deepEqual(await trusted('orders-server-cert'), [NEW, OLD].sort());
    await world.apply(given());
    await assertNew(given());
  });

  for (const [way, back] of [
    ['the next run finishes the job', false],
    ['a revert leads back', true],
  ] as const) {
    test(`killed before any write, ${way}`, async (t) => {
      await start();
      await world.apply(given());
      const undisturbed = world.writes;
      await world.stop();
      const kills = Array.from({ length: Math.ceil(undisturbed.length / STEP) }, (_, i) => i * STEP);
      t.diagnostic(`killed before ${kills.length} of ${undisturbed.length} writes`);
      assert.ok(undisturbed.length > 20);
      for (const writes of kills) {
        await start();
        world.killAfter = writes;
        await assert.rejects(world.apply(given()), Interrupted);
        world.killAfter = Number.POSITIVE_INFINITY;
        await world.environment.pass(30_000);
        const next = back ? world.desired(on()) : given();
        await world.apply(next);
        await assertNew(next, back ? OLD : NEW).catch((error: unknown) => {
          throw new Error(`killed before write ${writes + 1}, ${undisturbed[writes]}`, { cause: error });
        });
        await world.stop();
      }
    });
  }

  for (const evicted of [1, PODS, PODS + 1, 2 * PODS, 2 * PODS + 1]) {
    test(`a revert after ${evicted} restarts leads back, unasked`, async () => {
      await start();
      let isReverted = false;
      world.onEvent = () => {
        isReverted ||= world.evicted.length === evicted;
      };
      const [there, back] = [given(), world.desired(on())];
      await world.apply(() => (isReverted ? back : there));
      await assertNew(back, OLD);
    });
  }

  test('after the last phase a revert is the same way back, and needs no acknowledgement', async () => {
    await start();
    await world.apply(given());
    await world.environment.pass(60_000);
    await world.apply(world.desired(on()));
    await assertNew(world.desired(on()), OLD);
  });
});
