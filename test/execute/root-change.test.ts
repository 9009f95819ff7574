/**
 * Another root of a self-signed CA, in phases: what each phase leaves, what a revert makes of it, and when the last one may begin. Producers
 * are served at every moment of it, by the model of the brokers.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration } from 'cdk8s';
import { TlsIssuer, type TlsOnProps } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import { readCas } from '#reconciler/pki/certificates';
import { plan } from '#reconciler/plan/plan';
import { assertDone } from '../support/converged';
import { on, onWithNewRoot } from '../support/desired-states';
import { createForeignCertificate } from '../support/foreign-certificate';
import { Interrupted } from '../support/interrupting-cluster';
import { watchUnserved } from '../support/unserved';
import { untyped } from '../support/untyped';
import { assertFails, COMBINED, KAFKA, startSecured, type World } from '../support/world';

const PODS = 3;
const HOUR_MS = 3_600_000;
const [OLD, NEW] = [`CN=${KAFKA}-ca`, `CN=${KAFKA}-ca-2`];

let world: World;
let outages: () => number;
afterEach(() => world?.stop());

/** A Kafka that trusts the old root, watched from now on. */
async function start(executor: ExecutorName): Promise<void> {
  world = await startSecured(executor, on(), { kafka: COMBINED });
  outages = watchUnserved(world);
}

const wanted = (change: Partial<TlsOnProps> = {}) =>
  world.desired(on({ issuer: TlsIssuer.selfSignedCa({ name: 'orders-ca-2' }), ...change }));

/** Leads nodes to the last phase, which is not acknowledged. */
async function anchored(bundle = wanted()): Promise<void> {
  const error = await assertFails(
    world.apply(bundle),
    4,
    /every node trusts the key of Issuer\/orders-ca-2, and its root is to replace that of Issuer\/orders-ca/,
  );
  assert.match(error.hint ?? '', /add acknowledge: \[Acknowledgement\.trustRootChangesTo\('[0-9a-f]{64}'\)\] to its Tls and commit\./);
}

async function published(): Promise<readonly string[]> {
  return subjects(untyped(await world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA))))?.data['ca.crt']);
}

/** Subjects of the certificates beside a certificate, and of the ones that follow it. */
async function secret(name: string): Promise<{ readonly ca: readonly string[]; readonly chain: readonly string[] }> {
  const data = untyped(await world.cluster.get(world.ref(KINDS.Secret, name)))?.data ?? {};
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
  return { ca: subjects(text('ca.crt')), chain: subjects(text('tls.crt')).slice(1) };
}

function subjects(pem: string): readonly string[] {
  return readCas(pem).certificates.map((c) => c.subject);
}

async function planned(bundle: Bundle) {
  return plan(bundle, await world.observe(bundle), world.clock.now());
}

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    test('without an acknowledgement everything is done but the last phase, and no later run restarts a pod', async () => {
      await start(executor);
      await anchored();
      assert.equal(world.evicted.length, 2 * PODS);
      assert.deepEqual(await published(), [OLD, NEW]);
      assert.deepEqual(await secret('orders-server-cert'), { ca: [NEW], chain: [NEW] });
      // KubeDB issues both certificates in a rotation.
      assert.deepEqual((await secret('orders-client-cert')).ca, executor === 'native' ? [OLD] : [NEW]);
      const pods = await world.podUids();
      await anchored();
      assert.deepEqual(await world.podUids(), pods);
      await world.apply(world.desired(onWithNewRoot()));
      await assertDone(world, world.desired(onWithNewRoot()));
      assert.deepEqual(await secret('orders-server-cert'), { ca: [NEW], chain: [] });
      assert.deepEqual(await secret('orders-client-cert'), { ca: [NEW], chain: [] });
      assert.deepEqual(await published(), [NEW]);
      assert.equal(outages(), 0);
    });

    test('a run that is killed whenever a CA was issued is continued, there and back', async () => {
      await start(executor);
      const ways = [
        { bundle: world.desired(onWithNewRoot()), root: NEW, kills: 3 },
        { bundle: world.desired(on()), root: OLD, kills: 2 },
      ];
      for (const { bundle, root, kills } of ways) {
        const killed: string[] = [];
        world.onEvent = ({ event, subject }) => {
          if (event !== 'ready' || subject.kind !== KINDS.Certificate.kind || !/^orders-ca(-2)?$/.test(subject.name)) return;
          killed.push(subject.name);
          throw new Interrupted();
        };
        for (;;) {
          const error = await world.apply(bundle).then(
            () => undefined,
            (e: Error) => e,
          );
          if (error === undefined) break;
          assert.ok(error instanceof Interrupted, String(error));
        }
        assert.equal(killed.length, kills);
        await assertDone(world, bundle);
        assert.deepEqual(await secret('orders-server-cert'), { ca: [root], chain: [] });
        assert.deepEqual(await secret('orders-client-cert'), { ca: [root], chain: [] });
        assert.deepEqual(await published(), [root]);
        await world.environment.pass(60_000);
      }
      assert.equal(outages(), 0);
    });

    test('the last phase needs no acknowledgement when clients could get the new root for long enough', async () => {
      await start(executor);
      const bundle = wanted({ trustFor: Duration.hours(2) });
      await anchored(bundle);
      await world.environment.pass(3_600_000);
      await anchored(bundle);
      await world.environment.pass(3_600_000);
      await world.apply(bundle);
      await assertDone(world, bundle);
      assert.deepEqual(await published(), [NEW]);
    });

    test('the old root stays published for the declared time, and the first run after it removes it', async () => {
      await start(executor);
      const bundle = world.desired(onWithNewRoot({ keepOldRootFor: Duration.hours(3) }));
      const { rootChange } = await planned(bundle);
      assert.equal(rootChange?.keepOldRootFor, '3h');
      await world.apply(bundle);
      await assertDone(world, bundle);
      assert.deepEqual(await published(), [OLD, NEW]);
      await world.environment.pass(2 * HOUR_MS);
      const kept = await planned(bundle);
      assert.deepEqual([kept.steps, kept.obstacles], [[], []]);
      assert.match(
        kept.notes.join('\n'),
        /The trust bundle keeps CN=orders-ca \([0-9a-f]{8}\) until 20\d\d-\d\d-\d\dT[\d:.]+Z \(keepOldRootFor\)\. No pod serves it\./,
      );
      await world.apply(bundle);
      assert.deepEqual(await published(), [OLD, NEW]);
      await world.environment.pass(2 * HOUR_MS);
      const due = await planned(bundle);
      assert.deepEqual(
        due.steps.map((s) => s.kind),
        ['publishTrustBundle'],
      );
      const pods = await world.podUids();
      await world.apply(bundle);
      await assertDone(world, bundle);
      assert.deepEqual(await published(), [NEW]);
      assert.deepEqual(await world.podUids(), pods);
    });

    test('a revert within that time finds the old root published, and keeps the new one', async () => {
      await start(executor);
      const keepOldRootFor = Duration.hours(3);
      await world.apply(world.desired(onWithNewRoot({ keepOldRootFor })));
      await world.environment.pass(60_000);
      const back = world.desired(on({ keepOldRootFor }));
      await world.apply(back);
      await assertDone(world, back);
      assert.deepEqual(await secret('orders-server-cert'), { ca: [OLD], chain: [] });
      assert.deepEqual(await published(), [OLD, NEW]);
      assert.equal(outages(), 0);
    });

    test('a plan names the certificates of clients that the old CA has signed, and no others', async () => {
      await start(executor);
      await createForeignCertificate(world, 'payments', 'orders-ca', ['client auth']);
      await createForeignCertificate(world, 'web', 'orders-ca', ['server auth']);
      await createForeignCertificate(world, 'reports', 'orders-ca-selfsigned', ['client auth']);
      const { notes } = await planned(world.desired(onWithNewRoot()));
      const named = notes.filter((n) => n.includes('For clients, and signed by the old root'));
      assert.match(named.join(), /of Issuer\/orders-ca: Certificate\/demo\/payments \(Secret payments-tls\)\. Where brokers ask/);
      assert.doesNotMatch(named.join(), /web|reports|orders-client-cert/);
      const same = await planned(world.desired(on()));
      assert.doesNotMatch(same.notes.join(), /payments/, 'without a change of root');
    });

    for (const evicted of [1, PODS, PODS + 1, 2 * PODS]) {
      test(`a revert after ${evicted} restarts leads back, unasked`, async () => {
        await start(executor);
        let isReverted = false;
        world.onEvent = () => {
          isReverted ||= world.evicted.length === evicted;
        };
        const [there, back] = [wanted(), world.desired(on())];
        await world.apply(() => (isReverted ? back : there));
        await assertDone(world, back);
        assert.deepEqual(await secret('orders-server-cert'), { ca: [OLD], chain: [] });
        assert.deepEqual(await published(), [OLD]);
        assert.equal(outages(), 0);
      });
    }

    test('after the last phase a revert is the same way back, and needs no acknowledgement', async () => {
      await start(executor);
      await world.apply(world.desired(onWithNewRoot()));
      await world.environment.pass(60_000);
      const { rootChange } = await planned(world.desired(on()));
      assert.deepEqual([rootChange?.from, rootChange?.to, rootChange?.acknowledge], ['Issuer/orders-ca-2', 'Issuer/orders-ca', undefined]);
      await world.apply(world.desired(on()));
      await assertDone(world, world.desired(on()));
      assert.deepEqual(await published(), [OLD]);
      assert.equal(outages(), 0);
    });
  });
}
