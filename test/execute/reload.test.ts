/** Rotations in which nodes load their certificate while they run. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Rotation, RotationFallback, type TlsOnProps } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { ANNOTATION_RELOAD } from '#model/names';
import type { PodObservation } from '#reconciler/model/observation';
import { leaderOf } from '#reconciler/plan/restart-order';
import { assertDone } from '../support/converged';
import { on, onByRestart } from '../support/desired-states';
import { Interrupted } from '../support/interrupting-cluster';
import { untyped } from '../support/untyped';
import { assertFails, COMBINED, hasCondition, isReady, KAFKA, type KafkaOptions, startSecured, type World } from '../support/world';

const DAY_MS = 86_400_000;

let world: World;
let podsBefore: Readonly<Record<string, string>> = {};
let requestsBefore = 0;
let pauses = 0;
afterEach(() => world?.stop());

/** A Kafka with TLS whose certificates are a day old, and a watch for pauses. */
async function secured(executor: ExecutorName, options: KafkaOptions = {}): Promise<void> {
  pauses = 0;
  const decorate: KafkaOptions['decorate'] = (cluster) => ({
    ...cluster,
    replace: async (object, how) => {
      const written = await cluster.replace(object, how);
      if (object.kind === KINDS.Kafka.kind && hasCondition(object, 'Paused')) pauses++;
      return written;
    },
  });
  world = await startSecured(executor, on(), { ...options, decorate });
  podsBefore = await world.podUids();
  requestsBefore = (await world.requests()).length;
  pauses = 0;
}

/** The rotation of a commit that is made now. */
function rotation(change: Partial<TlsOnProps> = {}): Bundle {
  return world.desired(on({ issuedAfter: world.clock.now().toISOString(), ...change }));
}

const reloaded = () => world.events.filter((e) => e.event === 'reloaded').map((e) => e.subject.name);
const warnings = () => world.events.filter((e) => e.event === 'warning').map((e) => `${e.subject.name} ${e.message}`);
const pods = async () => world.podUids();

async function assertNobodyRestarted(): Promise<void> {
  assert.deepEqual(await pods(), podsBefore, 'no pod restarted');
  assert.equal((await world.requests()).length, requestsBefore, 'no request was created');
  assert.equal(pauses, 0, 'the Kafka was never paused');
}

const leavesOf = (live: PodObservation) => new Set(live.pods.flatMap((p) => p.served.map((s) => s.leaf?.fingerprint)));

/** KubeDB restarts the active controller first, so another one leads afterwards than after a roll of the product. */
const CONTROLLERS = { 'ops-request': [1, 2, 0], native: [0, 2, 1] } as const satisfies Record<ExecutorName, readonly number[]>;
const BROKERS = [0, 1, 2].map((i) => `${KAFKA}-broker-${i}`);

for (const executor of EXECUTORS) {
  describe(`rotation by reload, under ${executor}`, () => {
    test('issues again and restarts no pod: controllers first, the active one last of them', async () => {
      await secured(executor);
      const bundle = rotation();
      const before = leavesOf(await world.observe(bundle));
      await world.apply(bundle);
      assert.deepEqual(reloaded(), [...CONTROLLERS[executor].map((i) => `${KAFKA}-controller-${i}`), ...BROKERS]);
      assert.equal(leaderOf(await world.observe(bundle)), 1000 + (CONTROLLERS[executor][2] as number));
      await assertNobodyRestarted();
      const after = leavesOf(await world.observe(bundle));
      assert.equal(after.size, 1);
      assert.ok(!before.has([...after][0]));
      await assertDone(world, bundle);
    });

    test('combined nodes load it on both of their listeners', async () => {
      await secured(executor, { kafka: COMBINED });
      const bundle = rotation();
      await world.apply(bundle);
      assert.equal(reloaded().length, 3);
      await assertNobodyRestarted();
      await assertDone(world, bundle);
    });

    test('files that follow the Secret late are waited for', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.annotate({ 'sandbox.kafka-tls/mount-takes': '75s' });
      const bundle = rotation();
      const from = world.clock.monotonicMs();
      await world.apply(bundle);
      assert.ok(world.clock.monotonicMs() - from >= 75_000);
      await assertNobodyRestarted();
      await assertDone(world, bundle);
    });

    test('a certificate that cert-manager renewed by itself is loaded', async () => {
      await secured(executor, { kafka: COMBINED });
      const bundle = world.desired(on());
      const subject = world.ref(KINDS.Certificate, `${KAFKA}-server-cert`);
      const renewed = async () => untyped((await world.cluster.get(subject))?.status)?.revision === 2;
      await world.askForRenewal(subject);
      await world.until(renewed);
      await world.apply(bundle);
      assert.equal(reloaded().length, 3);
      await assertNobodyRestarted();
      await assertDone(world, bundle);
    });

    test('with Rotation.restart() every pod restarts', async () => {
      await secured(executor, { kafka: COMBINED });
      const bundle = rotation({ rotation: Rotation.restart() });
      await world.apply(bundle);
      assert.deepEqual(reloaded(), []);
      assert.equal(world.evicted.length, 3);
      await assertDone(world, bundle);
    });

    test('a change of names restarts pods, since the Kafka changes', async () => {
      await secured(executor, { kafka: COMBINED });
      const bundle = world.desired(on({ server: { dnsNames: ['kafka.example.org'] } }));
      await world.apply(bundle);
      assert.deepEqual(reloaded(), []);
      assert.equal(world.evicted.length, 3);
      await assertDone(world, bundle);
    });

    test('a node that does not follow restarts, and its record counts for this certificate only', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.annotate({ 'sandbox.kafka-tls/keeps-certificate': `${KAFKA}-1` });
      const bundle = rotation();
      await world.apply(bundle);
      assert.deepEqual(reloaded().length, 2);
      assert.match(
        warnings().join('\n'),
        /orders-1 did not load its certificate: serves another certificate than Secret orders-server-cert holds after 600 s/,
      );
      const uids = await pods();
      const restarted = Object.keys(uids).filter((pod) => uids[pod] !== podsBefore[pod]);
      // KubeDB can only restart all pods.
      assert.deepEqual(restarted, executor === 'native' ? [`${KAFKA}-1`] : Object.keys(uids));
      await assertDone(world, bundle);

      await world.annotate({ 'sandbox.kafka-tls/keeps-certificate': '' });
      await world.environment.pass(DAY_MS);
      world.events.length = 0;
      podsBefore = await pods();
      requestsBefore = (await world.requests()).length;
      pauses = 0;
      const next = rotation();
      await world.apply(next);
      assert.equal(reloaded().length, 3);
      await assertNobodyRestarted();
      await assertDone(world, next);
    });

    test('nodes that do not follow are waited for at the same time', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.annotate({ 'sandbox.kafka-tls/keeps-certificate': `${KAFKA}-0,${KAFKA}-1` });
      const from = world.clock.monotonicMs();
      await assertFails(
        world.apply(rotation({ rotation: Rotation.reload({ otherwise: RotationFallback.FAIL }) })),
        1,
        /orders-0.*orders-1/,
      );
      assert.ok(world.clock.monotonicMs() - from < 700_000, 'one deadline of 600 s has passed, not two');
      assert.deepEqual(reloaded(), [`${KAFKA}-2`]);
      await assertNobodyRestarted();
    });

    test('where no pod may restart for it, a node that does not follow ends the run', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.annotate({ 'sandbox.kafka-tls/keeps-certificate': `${KAFKA}-1` });
      const bundle = rotation({ rotation: Rotation.reload({ otherwise: RotationFallback.FAIL }) });
      await assertFails(
        world.apply(bundle),
        1,
        /their pods must not restart for it \(orders-1: did not load it: serves another certificate/,
      );
      assert.equal(reloaded().length, 2);
      await assertNobodyRestarted();
      assert.ok(isReady(await world.kafka()));
      await assertFails(world.apply(bundle), 1, /orders-1: did not load it/);
      assert.deepEqual(world.writes, []);
    });

    test('a run that was killed before any write is continued, and every node loads it', async () => {
      await secured(executor, { kafka: COMBINED });
      const bundle = rotation();
      for (let write = 0; ; write++) {
        world.killAfter = write;
        const isOver = await world.apply(bundle).then(
          () => true,
          (error: Error) => {
            if (!(error instanceof Interrupted)) throw error;
            return false;
          },
        );
        if (isOver) break;
      }
      world.killAfter = Number.POSITIVE_INFINITY;
      await assertNobodyRestarted();
      await assertDone(world, bundle);
    });

    test('a run that ends between two nodes is continued: only nodes that serve something older are asked', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.annotate({ 'sandbox.kafka-tls/keeps-certificate': `${KAFKA}-1` });
      const bundle = rotation();
      const interrupted = world.reconcile(() => {
        if (reloaded().length === 2) throw new Interrupted();
        return bundle;
      });
      await assert.rejects(world.environment.run(interrupted), Interrupted);
      const done = reloaded();
      assert.equal(done.length, 2);
      world.events.length = 0;
      await world.annotate({ 'sandbox.kafka-tls/keeps-certificate': '' });
      await world.apply(bundle);
      assert.deepEqual(reloaded(), [`${KAFKA}-1`]);
      assert.ok(!world.events.some((e) => e.event === 'issued'), 'nothing is issued again');
      await assertNobodyRestarted();
      await assertDone(world, bundle);
    });

    test('a commit that asks for restarts meanwhile is followed', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.annotate({ 'sandbox.kafka-tls/keeps-certificate': `${KAFKA}-1` });
      const [first, second] = [rotation(), world.desired(onByRestart({ issuedAfter: world.clock.now().toISOString() }))];
      let bundle = first;
      world.when('reloaded', KAFKA, () => {
        bundle = second;
      });
      await world.apply(() => bundle);
      assert.equal(reloaded().length, 2);
      assert.ok(world.evicted.length > 0);
      await assertDone(world, second);
    });

    test('an issuer that backdates certificates is asked once, not in every run', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.annotate({ 'sandbox.kafka-tls/backdates': '1h' }, world.ref(KINDS.Issuer, 'orders-ca'));
      const bundle = rotation();
      await assertFails(world.apply(bundle), 1, /issues certificates that are already too old/);
      await assertNobodyRestarted();
      assert.equal(leavesOf(await world.observe(bundle)).size, 1, 'every node serves what was issued');
      const revision = async () => ((await world.cluster.get(world.ref(KINDS.Certificate, `${KAFKA}-server-cert`))) as KubeObject).status;
      const before = await revision();
      await assertFails(world.apply(bundle), 1, /issues certificates that are already too old/);
      assert.deepEqual(await revision(), before);
    });

    test('the Kafka carries no record of a reload that succeeded', async () => {
      await secured(executor, { kafka: COMBINED });
      await world.apply(rotation());
      assert.equal((await world.kafka())?.metadata.annotations?.[ANNOTATION_RELOAD], undefined);
    });
  });
}
