/** Restarts that wait for Kafka's health, not only for pods. The sandbox's model answers as real brokers would. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration } from 'cdk8s';
import { Executor, type KafkaTlsProps, UnknownHealthPolicy } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { KINDS } from '#model/kube-object';
import { statusOf } from '#reconciler/model/object-status';
import type { KafkaFacts } from '#reconciler/model/observation';
import { plan } from '#reconciler/plan/plan';
import type { KafkaFactsSource, ProgressEvent } from '#reconciler/ports';
import { untyped } from '#test/support/untyped';
import { on, onByRestart } from '../support/desired-states';
import {
  assertFails,
  COMBINED,
  failureOf,
  KAFKA,
  type KafkaOptions,
  type MemoryEnvironment,
  startSecured,
  type World,
} from '../support/world';

let world: World;
afterEach(() => world?.stop());

const ALL = ['controller-0', 'controller-2', 'controller-1', 'broker-0', 'broker-1', 'broker-2'].map((name) => `${KAFKA}-${name}`);

const wanted = (change: Partial<KafkaTlsProps> = {}, issuedAfter?: string) =>
  world.desired(onByRestart(issuedAfter === undefined ? {} : { issuedAfter }), change);

/** A Kafka that serves TLS and whose certificates are to be rotated. While TLS was added its second controller became the active one. */
async function secured(options: KafkaOptions = {}): Promise<string> {
  world = await startSecured('native', on(), options);
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
  const messages = world.events.filter((e) => e.event === 'waiting').map((e) => e.message);
  assert.ok(messages.some((m) => m.includes('1 of 3 voters are caught up without controller 1002, 2 are needed')));
  assert.ok(messages.some((m) => /orders-broker-1: [\w-]+-\d has ISR \{1,2\}, needs 2 without broker 1/.test(m)));
});

test('between two pods Kafka is asked once, and only after the first one is Ready', async () => {
  const issuedAfter = await secured({ kafka: COMBINED, sandbox: { timing: { catchUpMs: 0 } } });
  const { facts } = world.environment;
  const isReady = async (name: string) => statusOf(await world.cluster.get(world.ref(KINDS.Pod, name))).state === 'Current';
  /** For every question, whether the pod that restarted last was Ready. */
  let asked: boolean[] = [];
  const between: boolean[][] = [];
  world.useFacts({
    read: async (kafka) => {
      asked.push(await isReady(world.evicted.at(-1) ?? `${KAFKA}-0`));
      return facts.read(kafka);
    },
  });
  world.onEvent = ({ event }) => {
    if (event !== 'evicted') return;
    between.push(asked);
    asked = [];
  };
  await world.apply(wanted({}, issuedAfter));
  assert.deepEqual(between.slice(1), [[true], [true]]);
});

const silent: KafkaFactsSource = { read: async () => ({ unknown: 'no broker says how Kafka is: orders-broker-0: connection refused' }) };

test('without the facts no pod restarts if the policy refuses it, and the run reports what it waits for', async () => {
  const issuedAfter = await secured();
  world.useFacts(silent);
  const refuse = { restart: { unknownHealthPolicy: UnknownHealthPolicy.REFUSE }, deadlines: { gate: Duration.minutes(1) } };
  await assertFails(
    world.apply(wanted(refuse, issuedAfter)),
    4,
    /broker health unknown: .*orders-broker-0: connection refused \(gate: health-known\)/,
  );
  assert.deepEqual(world.evicted, []);
  const live = await world.observe(wanted(refuse, issuedAfter));
  const { notes } = plan(wanted(refuse, issuedAfter), live, world.clock.now());
  assert.match(notes.join('\n'), /^Broker health unknown \(.*orders-broker-0: connection refused\): no pod may restart\.$/m);

  world.useFacts(undefined);
  await world.apply(wanted(refuse, issuedAfter));
  assert.deepEqual(world.evicted, ALL, 'once they can be had, the run finishes');
});

test('without the facts gates rest on readiness by default, and the plan notes it', async () => {
  const issuedAfter = await secured();
  world.useFacts(silent);
  const live = await world.observe(wanted({}, issuedAfter));
  const { notes } = plan(wanted({}, issuedAfter), live, world.clock.now());
  assert.match(notes.join('\n'), /^Broker health unknown \(.*connection refused\): gates rely on pod readiness alone\.$/m);
  await world.apply(wanted({}, issuedAfter));
  assert.equal(world.evicted.length, 6);
});

test('with the facts a plan does not mention readiness', async () => {
  const issuedAfter = await secured();
  const live = await world.observe(wanted({}, issuedAfter));
  assert.ok('value' in live.facts);
  assert.doesNotMatch(plan(wanted({}, issuedAfter), live, world.clock.now()).notes.join(), /readiness/);
});

test('no pod of a Kafka without a quorum restarts', async () => {
  const issuedAfter = await secured();
  world.useFacts({
    read: async () => ({ value: { quorum: { leaderId: undefined, voters: [], fetchTimeoutMs: 2000 }, topics: [] } }),
  });
  await assert.rejects(world.apply(wanted({}, issuedAfter)), /the quorum has no leader/);
  assert.deepEqual(world.evicted, []);
});

/** Changes what Kafka reports of itself to the runs that begin from now on. */
function changeFacts(change: (facts: KafkaFacts) => KafkaFacts): void {
  const { facts } = world.environment;
  world.useFacts({
    read: async (kafka) => {
      const reading = await facts.read(kafka);
      return 'value' in reading ? { value: change(reading.value) } : reading;
    },
  });
}

describe('the active controller', () => {
  test('waits while gates refuse the other controllers of its group', async () => {
    const issuedAfter = await secured({ kafka: COMBINED });
    const partitions = [{ partition: 0, leader: 0, replicas: [0, 2, 9], isr: [0, 2] }];
    let refusals = 0;
    changeFacts((facts) => ({
      quorum: { ...facts.quorum, leaderId: 1 },
      // Nodes 0 and 2 are in this ISR, the active node 1 is not: only its gate is open.
      topics: refusals++ < 5 ? [{ name: 'payments', minInsyncReplicas: 2, partitions }] : [],
    }));
    await world.apply(wanted({}, issuedAfter));
    assert.deepEqual(world.evicted, [`${KAFKA}-0`, `${KAFKA}-2`, `${KAFKA}-1`]);
    assert.ok(world.events.some((e) => e.event === 'waiting' && /payments-0 has ISR \{0,2\}, needs 2 without broker 0/.test(e.message)));
  });

  test('steps back when leadership moves to it while a budget refuses its eviction', async () => {
    const issuedAfter = await secured();
    const allowEvictions = async (maxUnavailable: number) => {
      for (const budget of await world.cluster.list(KINDS.PodDisruptionBudget, { namespace: world.namespace }))
        await world.cluster.replace({ ...budget, spec: { ...untyped(budget.spec), maxUnavailable } });
    };
    let leader: number | undefined;
    changeFacts((facts) => ({ ...facts, quorum: { ...facts.quorum, leaderId: leader ?? facts.quorum.leaderId } }));
    const done = new Set<string>();
    world.onEvent = ({ event, subject }) => {
      if (done.has(event)) return;
      if (event === 'issued') void allowEvictions(0);
      else if (event === 'waiting' && subject.name === `${KAFKA}-controller-0`) {
        leader = 1000;
        void world.clock.sleep(60_000).then(() => allowEvictions(1));
      } else return;
      done.add(event);
    };
    await world.apply(wanted({}, issuedAfter));
    assert.deepEqual(
      world.evicted,
      ['controller-1', 'controller-2', 'controller-0', 'broker-0', 'broker-1', 'broker-2'].map((name) => `${KAFKA}-${name}`),
    );
  });
});

/** The clock of the issuer is this far ahead. */
function issuerAhead(ms: number): void {
  let isDone = false;
  world.onEvent = ({ event }) => {
    if (event !== 'issued' || isDone) return;
    isDone = true;
    (world.environment as MemoryEnvironment).clock.jump(-ms);
  };
}

for (const [what, facts] of [
  ['with the facts', undefined],
  ['without them', silent],
] as const) {
  test(`no pod restarts onto a certificate that is not yet valid; once it is, the run continues (${what})`, async () => {
    const issuedAfter = await secured();
    world.useFacts(facts);
    issuerAhead(600_000);
    const began = world.clock.monotonicMs();
    const evictedAt: number[] = [];
    const { onEvent } = world;
    world.onEvent = (event) => {
      onEvent?.(event);
      if (event.event === 'evicted') evictedAt.push(world.clock.monotonicMs() - began);
    };
    await world.apply(wanted({}, issuedAfter));
    assert.equal(world.evicted.length, 6);
    const firstEviction = evictedAt[0] ?? assert.fail();
    assert.ok(firstEviction >= 600_000 && firstEviction < 660_000, `first eviction after ${firstEviction} ms`);
    const waited = world.events.findIndex(
      (e) => e.event === 'waiting' && /\(Secret orders-server-cert\) is valid only from /.test(e.message),
    );
    assert.ok(waited >= 0 && waited < world.events.findIndex((e) => e.event === 'evicted'), 'before the first pod');
  });
}

test('a certificate that is not yet valid at the deadline of the gate is exit 4, and no pod restarts', async () => {
  const issuedAfter = await secured();
  issuerAhead(3_600_000);
  await assertFails(world.apply(wanted({}, issuedAfter)), 4, /is valid only from .* Not restarted yet: orders-controller-0, /);
  assert.deepEqual(world.evicted, []);
});

describe('an operation of KubeDB', () => {
  const byKubeDb = { executor: Executor.opsRequest() };
  const securedByKubeDb = async () => {
    world = await startSecured('ops-request', on());
    return world.clock.now().toISOString();
  };
  const waitsForReplicas = (e: ProgressEvent) => e.event === 'waiting' && /needs 2 without broker/.test(e.message);
  /** Runs to the end; returns how long it took until the request was submitted. */
  const submittedAfterMs = async (bundle: Bundle) => {
    const began = world.clock.monotonicMs();
    const submitted: number[] = [];
    const { onEvent } = world;
    world.onEvent = (event) => {
      onEvent?.(event);
      if (event.event === 'submitted') submitted.push(world.clock.monotonicMs() - began);
    };
    await world.apply(bundle);
    return submitted[0] ?? assert.fail('no request was submitted');
  };
  const behind = (pod: string) => world.annotate({ 'sandbox.kafka-tls/behind': pod });

  test('is submitted once all gates are open, and not before', async () => {
    const issuedAfter = await securedByKubeDb();
    await behind(`${KAFKA}-broker-1`);
    world.when('waiting', KAFKA, () => void world.clock.sleep(300_000).then(() => behind('')));
    assert.ok((await submittedAfterMs(wanted(byKubeDb, issuedAfter))) >= 300_000);
    assert.ok(world.events.some(waitsForReplicas));
    assert.equal(world.evicted.length, 6);
  });

  test('is not submitted when a gate stays shut: exit 4, and nothing is written', async () => {
    const issuedAfter = await securedByKubeDb();
    await behind(`${KAFKA}-broker-1`);
    const before = [await world.podUids(), await world.requests()];
    await assertFails(
      world.apply(wanted(byKubeDb, issuedAfter)),
      4,
      /no pod may be restarted after 15m: .*needs 2 without broker 0.* No request was submitted\.$/,
    );
    assert.deepEqual([await world.podUids(), await world.requests()], before);
  });

  test('is not submitted without the facts if the policy refuses it', async () => {
    const issuedAfter = await securedByKubeDb();
    world.useFacts(silent);
    const refuse = { ...byKubeDb, restart: { unknownHealthPolicy: UnknownHealthPolicy.REFUSE } };
    assert.match((await failureOf(world.apply(wanted(refuse, issuedAfter)))).message, /broker health unknown/);
    assert.equal((await world.requests()).length, 1);
  });

  test('that repairs a pod is submitted at once: only the operation can make the pod Ready', async () => {
    await securedByKubeDb();
    await world.askForRenewal(world.ref(KINDS.Certificate, `${KAFKA}-server-cert`));
    await world.environment.pass(60_000);
    await world.annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-broker-1` });
    await world.environment.pass(60_000);
    // KubeDB writes to the Kafka, too, by then.
    const heal = (): Promise<void> => world.annotate({ 'sandbox.kafka-tls/never-ready': '' }).catch(heal);
    world.when('submitted', KAFKA, () => void heal());
    assert.ok((await submittedAfterMs(wanted(byKubeDb))) < 60_000);
    assert.ok(world.events.some((e) => e.event === 'warning' && /orders-broker-1 is not Ready and is outdated/.test(e.message)));
    assert.equal(world.evicted.length, 6);
  });

  test('is planned again when another client has begun an operation while it waited', async () => {
    const issuedAfter = await securedByKubeDb();
    await behind(`${KAFKA}-broker-1`);
    const meddle = async () => {
      const { apiVersion, kind } = KINDS.KafkaOpsRequest;
      const spec = { type: 'VerticalScaling', databaseRef: { name: KAFKA }, verticalScaling: { node: { resources: {} } } };
      await world.cluster.create({ apiVersion, kind, metadata: { name: 'resize', namespace: world.namespace }, spec });
      await behind('');
    };
    world.when('waiting', KAFKA, () => void meddle());
    const failure = await failureOf(
      world.apply(wanted({ ...byKubeDb, deadlines: { foreignOperation: Duration.minutes(1) } }, issuedAfter)),
    );
    assert.match(failure.message, /resize .* is not finished/);
    assert.equal((await world.requests()).length, 2, 'ours was not queued behind it');
  });
});
