/** A cut-over that other changes interfere with: no gate holds between its pods, and waiting is an outage, too. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Cutover } from '#constructs/index';
import { KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import type { Cluster, ProgressEvent } from '#reconciler/ports';
import { untyped } from '#test/support/untyped';
import { assertConverged, assertDone } from '../support/converged';
import { off, on } from '../support/desired-states';
import { assertFails, COMBINED, failureOf, KAFKA, startPlaintext, startSecured, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const PODS = [`${KAFKA}-0`, `${KAFKA}-1`, `${KAFKA}-2`];
const MINUTE_MS = 60_000;

/** Pods that were taken down while another pod was unavailable. */
const pairs: string[] = [];
const noticingPairs = (cluster: Cluster): Cluster => ({
  ...cluster,
  evict: async (pod, uid) => {
    const pods = await cluster.list(KINDS.Pod, { namespace: world.namespace });
    const running = pods.filter((p) => untyped(p.status)?.phase === 'Running' && p.metadata.deletionTimestamp === undefined);
    if (running.length < PODS.length) pairs.push(pod.name);
    return cluster.evict(pod, uid);
  },
});

/** A Kafka of three nodes in both roles. */
async function started(): Promise<void> {
  pairs.length = 0;
  world = await startPlaintext('native', { decorate: noticingPairs, kafka: COMBINED });
}

async function secured(): Promise<void> {
  await started();
  await world.apply(world.desired(on()));
  await world.environment.pass(86_400_000);
  world.events.length = 0;
}

/** Does something once, at the first event that fits. */
function once(fits: (event: ProgressEvent) => boolean, act: (subject: ObjectRef) => Promise<unknown>): void {
  let isDone = false;
  world.onEvent = (event) => {
    if (isDone || !fits(event)) return;
    isDone = true;
    void act(event.subject);
  };
}

const atFirst = (name: ProgressEvent['event']) => (e: ProgressEvent) => e.event === name && e.subject.kind === KINDS.Pod.kind;

/** Deletes a pod that stays `terminating`, as on a node that is lost, until it is let go. */
async function lost(pod: string): Promise<() => Promise<unknown>> {
  const subject = world.ref(KINDS.Pod, pod);
  const path = '/metadata/finalizers';
  await world.cluster.patch(subject, [{ op: 'add', path, value: ['example.org/held'] }]);
  await world.delete(subject);
  return () => world.cluster.patch(subject, [{ op: 'remove', path }]);
}

/** While a pod that is terminating is waited for. */
const whileWaiting = (e: ProgressEvent) => e.event === 'waiting' && / is terminating$/.test(e.message);

const minutes = () => world.clock.monotonicMs() / MINUTE_MS;

describe('a rolling cut-over', () => {
  test('waits for a pod that another client deletes before it restarts the next pod', async () => {
    await started();
    let gone = '';
    once(atFirst('ready'), (pod) => {
      gone = pod.name;
      return world.delete(pod);
    });
    await world.apply(world.desired(on()));
    assert.equal(gone, world.evicted[0], 'the first one was converted');
    assert.deepEqual(pairs, []);
    assert.equal(world.evicted.length, 3, 'each once');
    await assertConverged(world, world.desired(on()));
  });

  test('continues after a while without a pod that does not come back, and warns', async () => {
    await started();
    let letGo: () => Promise<unknown> = async () => {};
    once(atFirst('evicted'), async ({ name }) => {
      letGo = await lost(PODS.find((p) => p !== name) ?? '');
    });
    const start = minutes();
    const failure = await failureOf(world.apply(world.desired(on())));
    assert.match(failure.message, /not verified after 10m/);
    assert.equal(new Set(world.evicted).size, 2, 'the two that could be converted were');
    assert.ok(minutes() - start < 25, `${minutes() - start} minutes`);
    const warnings = world.events.filter((e) => e.event === 'warning').map((e) => e.message);
    assert.ok(warnings.includes('is terminating; the other pods restart without it'), warnings.join('\n'));
    await letGo();
    await world.apply(world.desired(on()));
    await assertConverged(world, world.desired(on()));
  });

  test('does not wait for outdated pods that cannot run: only their restart helps them', async () => {
    await secured();
    for (const alias of ['server', 'client']) await world.delete(world.ref(KINDS.Certificate, `${KAFKA}-${alias}-cert`));
    await world.environment.pass(MINUTE_MS);
    await world.delete(world.ref(KINDS.Secret, `${KAFKA}-server-cert`));
    for (const pod of PODS) await world.delete(world.ref(KINDS.Pod, pod));
    await world.environment.pass(MINUTE_MS);
    const start = minutes();
    await world.apply(world.desired(off()));
    assert.ok(minutes() - start < 1, `${minutes() - start} minutes`);
    await assertConverged(world, world.desired(off()));
  });

  describe('that removes TLS, with controllers that run out of memory when they meet TLS,', () => {
    const CONTROLLERS = [0, 1, 2].map((i) => `${KAFKA}-controller-${i}`);

    const startSmall = async () => {
      world = await startSecured('native', on());
      await world.annotate({ 'sandbox.kafka-tls/small-heap': CONTROLLERS.join(',') });
    };
    beforeEach(startSmall);

    test('restarts the other pods while the converted ones end again', async () => {
      const start = minutes();
      await world.apply(world.desired(off()));
      assert.ok(minutes() - start < 10, `${minutes() - start} minutes`);
      assert.equal(new Set(world.evicted).size, 6, 'each once');
      assert.equal(world.evicted.length, 6);
      const warned = world.events.filter((e) => e.event === 'warning' && /ends without TLS/.test(e.message)).map((e) => e.subject.name);
      assert.ok(warned.length > 0 && warned.every((pod) => CONTROLLERS.includes(pod)), warned.join());
      await assertDone(world, world.desired(off()));
    });

    test('continues in the next run when one was killed while a converted pod ended again', async () => {
      await world.apply(world.desired(off()));
      const firstEviction = world.writes.findIndex((write) => write.startsWith('evict ')) + 1;
      await world.stop();
      await startSmall();
      world.killAfter = firstEviction;
      await failureOf(world.apply(world.desired(off())));
      assert.equal(world.evicted.length, 1);
      world.killAfter = Number.POSITIVE_INFINITY;
      await world.environment.pass(2 * MINUTE_MS);
      await world.apply(world.desired(off()));
      assert.equal(new Set(world.evicted).size, 6);
      assert.equal(world.evicted.length, 6, 'none twice');
      await assertDone(world, world.desired(off()));
    });

    test('restarts the converted ones again when Git is reverted', async () => {
      const [wanted, reverted] = [world.desired(off()), world.desired(on())];
      let bundle = wanted;
      world.when('warning', CONTROLLERS[0]?.slice(0, -2) ?? '', () => {
        bundle = reverted;
      });
      await world.apply(() => bundle);
      await assertDone(world, reverted);
    });
  });

  test('that adds TLS is finished by the next run when controllers that met it crash in their old pods', async () => {
    const startSmall = async () => {
      world = await startPlaintext('native');
      await world.annotate({ 'sandbox.kafka-tls/small-heap': [0, 1, 2].map((i) => `${KAFKA}-controller-${i}`).join() });
    };
    await startSmall();
    await world.apply(world.desired(on()));
    const firstEviction = world.writes.findIndex((write) => write.startsWith('evict ')) + 1;
    await world.stop();
    await startSmall();
    world.killAfter = firstEviction;
    await failureOf(world.apply(world.desired(on())));
    world.killAfter = Number.POSITIVE_INFINITY;
    await world.environment.pass(2 * MINUTE_MS);
    const pods = await world.cluster.list(KINDS.Pod, { namespace: world.namespace });
    const crashed = pods.filter((pod) => /the key store .* is missing/.test(JSON.stringify(pod.status))).map((pod) => pod.metadata.name);
    assert.equal(crashed.length, 2, 'their configuration says TLS by now, and their pods mount no key store');
    const start = minutes();
    await world.apply(world.desired(on()));
    assert.ok(minutes() - start < 10, `${minutes() - start} minutes`);
    assert.equal(world.evicted.length, 6);
    assert.equal(new Set(world.evicted).size, 6, 'none twice');
    await assertDone(world, world.desired(on()));
  });

  test('does not wait for a pod that only KubeDB can create: KubeDB is paused', async () => {
    await started();
    once(atFirst('evicted'), async () => {
      const kafka = (await world.kafka()) as KubeObject;
      await world.cluster.replace({ ...kafka, spec: { ...untyped(kafka.spec), replicas: 4 } });
    });
    await failureOf(world.apply(world.desired(on())));
    assert.deepEqual([...new Set(world.evicted)].sort(), PODS, 'those that there are were converted');
    await world.apply(world.desired(on()));
    await assertConverged(world, world.desired(on()));
  });

  test('reverts while it waits when Git is reverted', async () => {
    await started();
    const [wanted, reverted] = [world.desired(on()), world.desired(off())];
    let bundle = wanted;
    let letGo: () => Promise<unknown> = async () => {};
    once(atFirst('evicted'), async ({ name }) => {
      letGo = await lost(PODS.find((p) => p !== name) ?? '');
      once(whileWaiting, async () => {
        bundle = reverted;
        await world.clock.sleep(5 * MINUTE_MS);
        await letGo();
      });
    });
    await world.apply(() => bundle);
    const [first = ''] = world.evicted;
    assert.deepEqual(new Set(world.evicted), new Set([first]), 'no other pod was converted');
    await assertConverged(world, world.desired(off()));
  });

  test('fails when the Kafka is deleted while it waits', async () => {
    await started();
    once(atFirst('evicted'), async ({ name }) => {
      await lost(PODS.find((p) => p !== name) ?? '');
      once(whileWaiting, () => world.delete(world.ref(KINDS.Kafka, KAFKA)));
    });
    await assertFails(world.apply(world.desired(on())), 1, /was deleted during the run\.$/);
  });
});

test('a cut-over in one stop waits for no pod that does not exist', async () => {
  await started();
  once(atFirst('evicted'), ({ name }) => lost(PODS.find((p) => p !== name) ?? ''));
  await failureOf(world.apply(world.desired(on(), { restart: { cutover: Cutover.STOP } })));
  assert.deepEqual([...new Set(world.evicted)].sort(), PODS);
});

test('in one stop the controllers wait for a broker that does not end, but no longer than a restart may take', async () => {
  world = await startPlaintext('native');
  const stuck = `${KAFKA}-broker-1`;
  await world.cluster.patch(world.ref(KINDS.Pod, stuck), [{ op: 'add', path: '/metadata/finalizers', value: ['example.org/held'] }]);
  await failureOf(world.apply(world.desired(on(), { restart: { cutover: Cutover.STOP } })));
  const waited = world.events.findIndex((e) => e.event === 'waiting' && e.message.startsWith(stuck));
  const warned = world.events.findIndex((e) => e.event === 'warning' && e.subject.name === stuck);
  const controllers = world.events.findIndex((e) => e.event === 'evicted' && e.subject.name.startsWith(`${KAFKA}-controller`));
  assert.ok(0 <= waited && waited < warned && warned < controllers, `${waited} ${warned} ${controllers}`);
  assert.equal(new Set(world.evicted).size, 6);
});
