import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asKind } from '#model/kinds/index';
import { KINDS, ref } from '#model/kube-object';
import { type HeldLease, type LeaseOptions, withLease } from '#reconciler/cluster/lease';
import { fenced } from '#reconciler/cluster/write-guard';
import { BlockedError } from '#reconciler/errors';
import type { Cluster, ProgressEvent } from '#reconciler/ports';
import { createApi } from '#reconciler/sandbox/api/api';
import { FakeClock } from '#test/support/fake-clock';
import { clusterIn } from '#test/support/transports';

const SUBJECT = ref(KINDS.Lease, 'default', 'kafka-tls-orders');
const MINUTE = 60_000;

type Task<T> = (held: HeldLease) => Promise<T>;

function setUp() {
  const clock = new FakeClock();
  const cluster = clusterIn(createApi({ now: () => clock.now() }), clock);
  const events: ProgressEvent[] = [];
  /** A connection to the same API that may be cut. */
  const unstable = { isDown: false, cluster };
  const online = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return async (...args: A) => (unstable.isDown ? Promise.reject(new Error('no network')) : call(...args));
  };
  unstable.cluster = { ...cluster, get: online(cluster.get), replace: online(cluster.replace) };
  const lead = <T>(identity: string, task: Task<T>, options: Partial<LeaseOptions> = {}, by: Cluster = cluster) => {
    const report = (event: ProgressEvent) => void events.push(event);
    return withLease(by, clock, { namespace: 'default', name: SUBJECT.name, identity, waitMs: 0, report, ...options }, task);
  };
  const spec = async () => asKind('Lease', await cluster.get(SUBJECT))?.spec;
  return { clock, cluster, unstable, events, lead, spec };
}

test('holds the Lease while the task runs and releases it', async () => {
  const { clock, lead, spec, events } = setUp();
  const task = async (held: HeldLease) => {
    assert.equal((await spec())?.holderIdentity, 'a');
    await clock.sleep(60 * MINUTE);
    assert.equal(held.isHeld(), true);
    return 'done';
  };
  assert.equal(await clock.run(lead('a', task)), 'done');
  assert.equal((await spec())?.holderIdentity, '');
  assert.deepEqual(events, []);
});

test('releases the Lease when the task fails', async () => {
  const { clock, lead, spec } = setUp();
  await assert.rejects(clock.run(lead('a', () => Promise.reject(new Error('broken')))), /broken/);
  assert.equal((await spec())?.holderIdentity, '');
});

test('two runs never hold it at once, and the second starts when the first is done', async () => {
  const { clock, lead, events } = setUp();
  let holders = 0;
  const order: string[] = [];
  const work = (name: string) => async () => {
    assert.equal(++holders, 1);
    order.push(name);
    await clock.sleep(100_000);
    holders--;
  };
  const second = clock.sleep(1).then(() => lead('b', work('b'), { waitMs: 10 * MINUTE }));
  await clock.run(Promise.all([lead('a', work('a')), second]));
  assert.deepEqual(order, ['a', 'b']);
  assert.deepEqual(
    events.map((e) => `${e.event} ${e.message} for ${Math.round((e.wait?.elapsedMs ?? 0) / MINUTE)} min`),
    ['waiting held by a for 0 min', 'waiting held by a for 1 min'],
  );
});

test('is blocked by a living holder after its waiting time, and names it', async () => {
  const { clock, lead } = setUp();
  const first = lead('pod-a', () => clock.sleep(10 * MINUTE));
  await clock.advance(1);
  const message = /^Lease\/default\/kafka-tls-orders: another run works on this Kafka: pod-a/;
  const second = lead('pod-b', async () => undefined, { waitMs: MINUTE });
  await clock.run(assert.rejects(second, (e) => e instanceof BlockedError && message.test(e.message)));
  await clock.run(first);
});

test('takes the Lease of a killed holder after watching it for its whole duration, whatever its clock says', async () => {
  const { clock, cluster, lead, spec } = setUp();
  const killed = { holderIdentity: 'killed', leaseDurationSeconds: 30, renewTime: '2099-01-01T00:00:00.000000Z', leaseTransitions: 4 };
  const { apiVersion, kind, name } = SUBJECT;
  await cluster.create({ apiVersion, kind, metadata: { name, namespace: 'default' }, spec: killed });
  const task = async () => {
    assert.equal((await spec())?.holderIdentity, 'b');
    assert.ok(clock.monotonicMs() >= 30_000 && clock.monotonicMs() < 35_000, `${clock.monotonicMs()} ms`);
  };
  await clock.run(lead('b', task, { waitMs: 2 * MINUTE }));
  assert.equal((await spec())?.leaseTransitions, 5);
});

test('does not count as held after half the duration without a renewal, and counts again after the next one', async () => {
  const { clock, cluster, unstable, lead } = setUp();
  const task = async (held: HeldLease) => {
    await clock.sleep(11_000);
    unstable.isDown = true;
    await clock.sleep(13_000);
    assert.equal(held.isHeld(), true);
    await clock.sleep(2_000);
    assert.equal(held.isHeld(), false);
    await assert.rejects(fenced(cluster, held).delete(SUBJECT, 'u'), /delete was not done: this run no longer holds its Lease/);
    unstable.isDown = false;
    await clock.sleep(3_000);
    assert.equal(held.isHeld(), true);
  };
  await clock.run(lead('a', task, {}, unstable.cluster));
});

test('a holder that lost the Lease to another run stops writing and leaves it to the other', async () => {
  const { clock, unstable, lead, spec, events } = setUp();
  const overtaken = async (held: HeldLease) => {
    unstable.isDown = true;
    await clock.sleep(MINUTE);
    unstable.isDown = false;
    await clock.sleep(10_000);
    assert.equal(held.isHeld(), false);
  };
  const first = lead('a', overtaken, {}, unstable.cluster);
  await clock.advance(1);
  const other = async () => {
    await clock.sleep(2 * MINUTE);
    assert.equal((await spec())?.holderIdentity, 'b');
  };
  await clock.run(Promise.all([first, lead('b', other, { waitMs: 2 * MINUTE })]));
  assert.ok(events.some((e) => e.event === 'warning' && e.message === 'was taken over by b; this run stops writing'));
});

test('keeps a Lease on which another writer sets a label', async () => {
  const { clock, cluster, lead } = setUp();
  const task = async (held: HeldLease) => {
    const found = await cluster.get(SUBJECT);
    assert.ok(found !== undefined);
    await cluster.replace({ ...found, metadata: { ...found.metadata, labels: { seen: 'yes' } } });
    await clock.sleep(MINUTE);
    assert.equal(held.isHeld(), true);
  };
  await clock.run(lead('a', task));
  assert.equal((await cluster.get(SUBJECT))?.metadata.labels?.seen, 'yes');
});

test('stops waiting when its signal aborts', async () => {
  const { clock, lead } = setUp();
  const stop = new AbortController();
  const first = lead('a', () => clock.sleep(100_000));
  await clock.advance(1);
  const second = lead('b', async () => undefined, { waitMs: 10 * MINUTE, signal: stop.signal });
  await clock.advance(5_000);
  stop.abort(new Error('interrupted'));
  await assert.rejects(second, /interrupted/);
  await clock.run(first);
});
