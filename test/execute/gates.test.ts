/** Restarts that wait for Kafka itself, not only for pods: the native executor on the sandbox, whose model says what real brokers would. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Duration } from 'cdk8s';
import { Acknowledgement, Executor, KafkaCluster, type KafkaTlsProps, Tls, TlsIssuer, WhenKafkaIsUnknown } from '../../constructs';
import type { Bundle } from '../../constructs/model/bundle';
import { plan } from '../../reconciler/plan/plan';
import type { KafkaFactsSource } from '../../reconciler/ports';
import { bundleOf, failureOf, KAFKA, kafkaManifest, type MemoryPlace, World, type WorldOptions } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const ALL = ['controller-0', 'controller-2', 'controller-1', 'broker-0', 'broker-1', 'broker-2'].map((name) => `${KAFKA}-${name}`);

function wanted(change: Partial<KafkaTlsProps> = {}, issuedAfter?: string): Bundle {
  const acknowledge = [Acknowledgement.clientsMoveToTls()];
  const tls = Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge, ...(issuedAfter === undefined ? {} : { issuedAfter }) });
  return bundleOf({ cluster: KafkaCluster.existing(KAFKA), tls, executor: Executor.native(), ...change });
}

/** A Kafka that serves TLS, and whose certificates are to be rotated; in the way there its second controller has become the active one. */
async function secured(options: WorldOptions = {}): Promise<string> {
  world = await new World({ opsManager: false, ...options }).start(kafkaManifest());
  await world.settle();
  await world.apply(wanted());
  await world.place.pass(86_400_000);
  world.events.length = 0;
  return world.clock.now().toISOString();
}

test('every pod waits until the one before has caught up, and the active controller goes last', async () => {
  const issuedAfter = await secured({ sandbox: { timing: { podStartMs: 5_000, catchUpMs: 120_000 } } });
  const evictedAt: number[] = [];
  world.onEvent = ({ event }) => {
    if (event === 'evicted') evictedAt.push(world.clock.monotonicMs());
  };
  await world.apply(wanted({}, issuedAfter));
  assert.deepEqual(world.evicted, ALL);
  const waits = evictedAt.slice(1).map((at, i) => at - (evictedAt[i] ?? 0));
  // Brokers have nothing to do with the controllers' catching up: the first of them does not wait.
  assert.deepEqual(
    waits.map((ms) => ms >= 120_000),
    [true, true, false, true, true],
    waits.join(', '),
  );
  const said = world.events.filter((e) => e.event === 'waiting').map((e) => e.message);
  assert.ok(said.some((m) => m.includes('1 of 3 voters are caught up without controller 1002, 2 are needed')));
  assert.ok(said.some((m) => /orders-broker-1: [\w-]+-\d has ISR \{1,2\}, needs 2 without broker 1/.test(m)));
});

const silent: KafkaFactsSource = { read: async () => ({ unknown: 'no broker says how Kafka is: orders-broker-0: connection refused' }) };

test('without the facts nobody is restarted where that was asked for, and the run says what it waits for', async () => {
  const issuedAfter = await secured();
  world.useFacts(silent);
  const refuse = { restart: { whenKafkaIsUnknown: WhenKafkaIsUnknown.REFUSE }, deadlines: { gate: Duration.minutes(1) } };
  const failure = await world.apply(wanted(refuse, issuedAfter)).then(
    () => undefined,
    (e: Error & { exitCode?: number }) => e,
  );
  assert.equal(failure?.exitCode, 4, failure?.message);
  assert.match(failure?.message ?? '', /Kafka's own facts cannot be had: no broker says how Kafka is: orders-broker-0: connection refused/);
  assert.deepEqual(world.evicted, []);
  const live = await world.observe(wanted(refuse, issuedAfter));
  const { notes } = plan(wanted(refuse, issuedAfter), live, world.clock.now());
  assert.ok(
    notes.includes(
      "No pod may restart while Kafka's own facts cannot be had: no broker says how Kafka is: orders-broker-0: connection refused.",
    ),
  );

  world.useFacts(undefined);
  await world.apply(wanted(refuse, issuedAfter));
  assert.deepEqual(world.evicted, ALL, 'once they can be had, the run finishes');
});

test('without the facts gates rest on readiness by default, and the plan says so', async () => {
  const issuedAfter = await secured();
  world.useFacts(silent);
  const live = await world.observe(wanted({}, issuedAfter));
  const { notes } = plan(wanted({}, issuedAfter), live, world.clock.now());
  assert.match(notes.join('\n'), /Gates rest on pod readiness alone while Kafka's own facts cannot be had: no broker says/);
  await world.apply(wanted({}, issuedAfter));
  assert.equal(world.evicted.length, 6);
});

test('with the facts a plan does not speak of readiness', async () => {
  const issuedAfter = await secured();
  const live = await world.observe(wanted({}, issuedAfter));
  assert.ok('value' in live.facts);
  assert.doesNotMatch(plan(wanted({}, issuedAfter), live, world.clock.now()).notes.join(), /readiness/);
});

test('a Kafka whose quorum is lost is not touched', async () => {
  const issuedAfter = await secured();
  world.useFacts({
    read: async () => ({ value: { quorum: { leaderId: undefined, voters: [], fetchTimeoutMs: 2000 }, topics: [] } }),
  });
  await assert.rejects(world.apply(wanted({}, issuedAfter)), /the quorum has no leader/);
  assert.deepEqual(world.evicted, []);
});

/** Whoever issues lives this far ahead of us. */
function issuerAhead(ms: number): void {
  let isDone = false;
  world.onEvent = ({ event }) => {
    if (event !== 'issued' || isDone) return;
    isDone = true;
    (world.place as MemoryPlace).clock.jump(-ms);
  };
}

for (const [what, facts] of [
  ['with the facts', undefined],
  ['without them', silent],
] as const) {
  test(`no pod restarts onto a certificate that does not hold yet; once it does, the run goes on (${what})`, async () => {
    const issuedAfter = await secured();
    world.useFacts(facts);
    issuerAhead(600_000);
    const began = world.clock.monotonicMs();
    await world.apply(wanted({}, issuedAfter));
    assert.equal(world.evicted.length, 6);
    assert.ok(world.clock.monotonicMs() - began > 600_000);
    const waited = world.events.findIndex(
      (e) => e.event === 'waiting' && /\(Secret orders-server-cert\) is valid only from /.test(e.message),
    );
    assert.ok(waited >= 0 && waited < world.events.findIndex((e) => e.event === 'evicted'), 'before the first pod');
  });
}

test('a certificate that does not hold by the deadline of the gate is exit 4, and no pod is touched', async () => {
  const issuedAfter = await secured();
  issuerAhead(3_600_000);
  const failure = await failureOf(world.apply(wanted({}, issuedAfter)));
  assert.equal(failure.exitCode, 4, failure.message);
  assert.match(failure.message, /is valid only from .* Not restarted yet: orders-controller-0, /);
  assert.deepEqual(world.evicted, []);
});
