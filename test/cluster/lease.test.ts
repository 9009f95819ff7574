import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { type HeldLease, withLease } from '#reconciler/cluster/lease';
import { fenced } from '#reconciler/cluster/write-guard';
import { BlockedError } from '#reconciler/errors';
import type { Cluster, ProgressEvent } from '#reconciler/ports';
import { createApi } from '#reconciler/sandbox/api/api';
import { FakeClock } from '../support/fake-clock';
import { clusterIn } from '../support/transports';

const SUBJECT = ref(KINDS.Lease, 'default', 'kafka-tls-orders');

function world() {
  const clock = new FakeClock();
  const cluster = clusterIn(createApi({ now: () => clock.now() }), clock);
  const events: ProgressEvent[] = [];
  const lead = <T>(identity: string, waitMs: number, task: (held: HeldLease) => Promise<T>, by: Cluster = cluster, signal?: AbortSignal) =>
    withLease(
      by,
      clock,
      {
        namespace: 'default',
        name: SUBJECT.name,
        identity,
        waitMs,
        report: (e) => events.push(e),
        ...(signal === undefined ? {} : { signal }),
      },
      task,
    );
  const holder = async () => (await cluster.get(SUBJECT))?.spec.holderIdentity;
  return { clock, cluster, events, lead, holder };
}

/** A cluster that loses every write of the Lease while `isDown`. */
function failingWrites(cluster: Cluster): Cluster & { isDown: boolean } {
  return {
    ...cluster,
    isDown: false,
    async replace(object: KubeObject) {
      if (this.isDown) throw new Error('no network');
      return cluster.replace(object);
    },
    async get(subject) {
      if (this.isDown) throw new Error('no network');
      return cluster.get(subject);
    },
  };
}

test('holds the Lease while the task runs and gives it back', async () => {
  const { clock, lead, holder, events } = world();
  const result = await clock.run(
    lead('a', 0, async (held) => {
      assert.equal(await holder(), 'a');
      await clock.sleep(3_600_000);
      assert.equal(held.isHeld(), true);
      return 'done';
    }),
  );
  assert.equal(result, 'done');
  assert.equal(await holder(), '');
  assert.deepEqual(events, []);
});

test('gives the Lease back when the task fails', async () => {
  const { clock, lead, holder } = world();
  await assert.rejects(
    clock.run(
      lead('a', 0, async () => {
        throw new Error('broken');
      }),
    ),
    /broken/,
  );
  assert.equal(await holder(), '');
});

test('two runs never hold it at once, and the second goes on when the first is done', async () => {
  const { clock, lead, events } = world();
  let holders = 0;
  const order: string[] = [];
  const work = (name: string) => async () => {
    assert.equal(++holders, 1);
    order.push(name);
    await clock.sleep(100_000);
    holders--;
  };
  await clock.run(Promise.all([lead('a', 0, work('a')), clock.sleep(1).then(() => lead('b', 600_000, work('b')))]));
  assert.deepEqual(order, ['a', 'b']);
  assert.deepEqual(
    events.map((e) => `${e.event} ${e.message} for ${Math.round((e.wait?.elapsedMs ?? 0) / 60_000)} min`),
    ['waiting held by a for 0 min', 'waiting held by a for 1 min'],
  );
});

test('is blocked by a living holder when it may not wait longer, and names it', async () => {
  const { clock, lead } = world();
  const first = lead('pod-a', 0, () => clock.sleep(600_000));
  await clock.advance(1);
  const blocked = await clock.run(lead('pod-b', 60_000, async () => undefined).catch((e: unknown) => e));
  assert.ok(blocked instanceof BlockedError);
  assert.match(blocked.message, /^Lease\/default\/kafka-tls-orders: another run works on this Kafka: pod-a/);
  await clock.run(first);
});

test('takes the Lease of a holder that was killed after watching it for its whole duration, whatever its clock says', async () => {
  const { clock, cluster, lead, holder } = world();
  await cluster.create({
    apiVersion: SUBJECT.apiVersion,
    kind: SUBJECT.kind,
    metadata: { name: SUBJECT.name, namespace: 'default' },
    spec: { holderIdentity: 'killed', leaseDurationSeconds: 30, renewTime: '2099-01-01T00:00:00.000000Z', leaseTransitions: 4 },
  });
  await clock.run(
    lead('b', 120_000, async () => {
      assert.equal(await holder(), 'b');
      assert.ok(clock.monotonicMs() >= 30_000 && clock.monotonicMs() < 35_000, `${clock.monotonicMs()} ms`);
    }),
  );
  assert.equal((await cluster.get(SUBJECT))?.spec.leaseTransitions, 5);
});

test('says that it holds nothing when it could not renew for half the duration, and again that it does when it could', async () => {
  const { clock, cluster, lead } = world();
  const cut = failingWrites(cluster);
  await clock.run(
    lead(
      'a',
      0,
      async (held) => {
        await clock.sleep(11_000);
        cut.isDown = true;
        await clock.sleep(13_000);
        assert.equal(held.isHeld(), true);
        await clock.sleep(2_000);
        assert.equal(held.isHeld(), false);
        await assert.rejects(fenced(cluster, held).delete(SUBJECT, 'u'), /delete was not done: this run no longer holds its Lease/);
        cut.isDown = false;
        await clock.sleep(3_000);
        assert.equal(held.isHeld(), true);
      },
      cut,
    ),
  );
});

test('a holder that was overtaken writes nothing more and leaves the Lease to the other', async () => {
  const { clock, cluster, lead, holder, events } = world();
  const cut = failingWrites(cluster);
  const first = lead(
    'a',
    0,
    async (held) => {
      cut.isDown = true;
      await clock.sleep(60_000);
      cut.isDown = false;
      await clock.sleep(10_000);
      assert.equal(held.isHeld(), false);
    },
    cut,
  );
  await clock.advance(1);
  const second = lead('b', 120_000, async () => {
    await clock.sleep(120_000);
    assert.equal(await holder(), 'b');
  });
  await clock.run(Promise.all([first, second]));
  assert.ok(events.some((e) => e.event === 'warning' && e.message === 'was taken over by b; this run stops writing'));
});

test('a label that somebody else writes on the Lease does not cost it', async () => {
  const { clock, cluster, lead } = world();
  await clock.run(
    lead('a', 0, async (held) => {
      const found = await cluster.get(SUBJECT);
      assert.ok(found !== undefined);
      await cluster.replace({ ...found, metadata: { ...found.metadata, labels: { seen: 'yes' } } });
      await clock.sleep(60_000);
      assert.equal(held.isHeld(), true);
    }),
  );
  assert.equal((await cluster.get(SUBJECT))?.metadata.labels?.seen, 'yes');
});

test('waiting ends when the run is told to', async () => {
  const { clock, lead } = world();
  const stop = new AbortController();
  const first = lead('a', 0, () => clock.sleep(100_000));
  await clock.advance(1);
  const second = lead('b', 600_000, async () => undefined, undefined, stop.signal);
  await clock.advance(5_000);
  stop.abort(new Error('told to stop'));
  await assert.rejects(second, /told to stop/);
  await clock.run(first);
});
