/** Kafkas whose pods serve expired certificates: a restarted node refuses the others, so no gate between them could ever open. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { partsOf, restartsOf } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { expiredAt } from '#reconciler/plan/served';
import { untyped } from '#test/support/untyped';
import { assertConverged } from '../support/converged';
import { on, onByRestart } from '../support/desired-states';
import { failureOf, KAFKA, type MemoryEnvironment, startSecured, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const DAY_MS = 86_400_000;
const CONTROLLERS = [0, 1, 2].map((i) => `${KAFKA}-controller-${i}`);
const BROKERS = [0, 1, 2].map((i) => `${KAFKA}-broker-${i}`);

async function secured(executor: ExecutorName): Promise<void> {
  world = await startSecured(executor, on());
}

/** Sets the wall clock ahead: no certificate was renewed, as when cert-manager could not issue for months. */
function setAhead(days: number): void {
  (world.environment as MemoryEnvironment).clock.jump(days * DAY_MS);
}

async function planned() {
  const bundle = world.desired(on());
  const live = await world.observe(bundle);
  return { bundle, live, plan: plan(bundle, live, world.clock.now()) };
}

for (const executor of EXECUTORS) {
  describe(`every pod serves an expired certificate, under ${executor}`, () => {
    test('is a cut-over without acknowledgement that converges: cert-manager renewed, and no pod restarted since', async () => {
      await secured(executor);
      await world.environment.pass(95 * DAY_MS);
      const { live, plan: before, bundle } = await planned();
      assert.ok(live.pods.every((p) => expiredAt(p) !== undefined));
      assert.match(before.cutover?.because ?? '', /every pod serves expired 2027-.*expect an outage until the last pod is back/);
      await world.apply(bundle);
      assert.deepEqual([...world.evicted].sort(), [...BROKERS, ...CONTROLLERS].sort(), 'each once');
      assert.equal(untyped((await world.settle()).status)?.phase, 'Ready');
      await assertConverged(world, bundle);
    });

    test('converges when the Secrets hold expired certificates, too: nothing was renewed for months', async () => {
      await secured(executor);
      setAhead(95);
      const { plan: before, bundle } = await planned();
      assert.equal(before.cutover?.kind, 'expired');
      assert.deepEqual(before.obstacles, []);
      assert.ok(before.steps.flatMap(partsOf).some((s) => s.findings.some((f) => f.message.startsWith('expired 2027-'))));
      await world.apply(bundle);
      assert.deepEqual([...new Set(world.evicted)].sort(), [...BROKERS, ...CONTROLLERS].sort());
      await assertConverged(world, bundle);
    });
  });
}

test('a run continues what the previous run began: pods that restarted do not restart again', async () => {
  await secured('native');
  await world.environment.pass(95 * DAY_MS);
  const bundle = world.desired(on());
  world.when('ready', BROKERS[0] ?? '', () => void world.annotate({ 'sandbox.kafka-tls/crash-loop': BROKERS[1] ?? '' }));
  const failure = await failureOf(world.apply(bundle));
  assert.match(failure.message, /restarted and not Ready after/);
  const restarted = new Set(world.evicted);
  assert.ok(restarted.has(BROKERS[0] ?? '') && !restarted.has(BROKERS[2] ?? ''), [...restarted].join());
  await world.annotate({ 'sandbox.kafka-tls/crash-loop': '' });
  await world.environment.pass(600_000);
  world.events.length = 0;
  await world.apply(bundle);
  assert.ok(!world.evicted.includes(BROKERS[0] ?? '') && world.evicted.includes(BROKERS[2] ?? ''), world.evicted.join());
  await assertConverged(world, bundle);
});

test('one pod that serves an expired certificate restarts first, and the others by their gates', async () => {
  await secured('native');
  // The certificates are renewed by hand, and all but one broker are restarted for it.
  await world.environment.pass(61 * DAY_MS);
  for (const alias of ['server', 'client']) await world.askForRenewal(world.ref(KINDS.Certificate, `${KAFKA}-${alias}-cert`));
  await world.environment.pass(60_000);
  for (const pod of [...CONTROLLERS, ...BROKERS.slice(0, 2)]) {
    await world.delete(world.ref(KINDS.Pod, pod));
    await world.environment.pass(60_000);
  }
  await world.environment.pass(30 * DAY_MS);
  const bundle = world.desired(onByRestart({ issuedAfter: world.clock.now().toISOString() }));
  const live = await world.observe(bundle);
  const { cutover, steps, notes } = plan(bundle, live, world.clock.now());
  assert.equal(cutover, undefined);
  assert.match(notes.join(), /that orders-broker-2 serves expired .* The pod restarts first/);
  assert.equal(restartsOf(steps)[0]?.subject.name, BROKERS[2]);
  await world.apply(bundle);
  assert.equal(world.evicted[0], BROKERS[2]);
  assert.equal(world.evicted.length, 6, world.evicted.join());
  await assertConverged(world, bundle);
});

test('two pods that serve expired certificates restart first and without gates, the others by theirs', async () => {
  await secured('native');
  await world.environment.pass(61 * DAY_MS);
  for (const alias of ['server', 'client']) await world.askForRenewal(world.ref(KINDS.Certificate, `${KAFKA}-${alias}-cert`));
  await world.environment.pass(60_000);
  for (const pod of [...CONTROLLERS, ...BROKERS.slice(0, 1)]) {
    await world.delete(world.ref(KINDS.Pod, pod));
    await world.environment.pass(60_000);
  }
  await world.environment.pass(30 * DAY_MS);
  const bundle = world.desired(onByRestart({ issuedAfter: world.clock.now().toISOString() }));
  const { cutover } = plan(bundle, await world.observe(bundle), world.clock.now());
  assert.match(cutover?.because ?? '', /2 of 6 pods serve expired .*restart first, without gates/);
  await world.apply(bundle);
  assert.deepEqual(world.evicted.slice(0, 2), BROKERS.slice(1));
  assert.equal(world.evicted.length, 6, world.evicted.join());
  const ready = world.events.filter((e) => e.event === 'ready').map((e) => e.message);
  assert.equal(ready.filter((m) => m.startsWith('Ready, serves')).length, 4, 'those with gates were waited for');
  await assertConverged(world, bundle);
});
