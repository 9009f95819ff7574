import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import { ClusterError } from '#reconciler/errors';
import { waitUntil } from '#reconciler/execute/wait';
import type { Cluster, ProgressEvent } from '#reconciler/ports';
import { FakeClock } from '../support/fake-clock';

test('a watch that is refused while the condition is asked ends the wait, and not the process', async () => {
  const clock = new FakeClock();
  const refused = new ClusterError('may not watch.', { status: 403, reason: 'Forbidden' });
  const cluster: Pick<Cluster, 'watch'> = {
    // biome-ignore lint/correctness/useYield: it fails before there is anything
    async *watch() {
      throw refused;
    },
  };
  const context = { cluster: cluster as Cluster, clock, report: () => {}, signal: new AbortController().signal };
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => void unheard.push(reason);
  process.on('unhandledRejection', hear);
  const waiting = waitUntil(context, {
    subject: ref(KINDS.Kafka, 'demo', 'orders'),
    watch: [{ kind: KINDS.Kafka, selection: { namespace: 'demo' } }],
    check: async () => {
      await clock.sleep(1_000);
      return { waitingFor: 'it' };
    },
    deadlineMs: 60_000,
    failure: 'not done',
  });
  await assert.rejects(clock.run(waiting), refused);
  process.off('unhandledRejection', hear);
  assert.deepEqual(unheard, []);
});

test('what is waited for is reported at once when it changes, and every minute while it stays the same', async () => {
  const clock = new FakeClock();
  const cluster: Pick<Cluster, 'watch'> = {
    async *watch(_kind, _selection, signal) {
      yield [];
      await clock.sleep(3_600_000, signal).catch(() => undefined);
    },
  };
  const reported: string[] = [];
  const seconds = (ms: number) => Math.round(ms / 1000);
  const report = ({ message, wait }: ProgressEvent) =>
    void reported.push(
      `${seconds(clock.monotonicMs())} s: ${message}, ${seconds(wait?.elapsedMs ?? 0)} of ${(wait?.deadlineMs ?? 0) / 1000} s`,
    );
  const waiting = waitUntil(
    { cluster: cluster as Cluster, clock, report, signal: new AbortController().signal },
    {
      subject: ref(KINDS.Certificate, 'demo', 'orders-server-cert'),
      watch: [{ kind: KINDS.Certificate, selection: { namespace: 'demo' } }],
      check: async () => ({ waitingFor: clock.monotonicMs() < 95_000 ? 'no quota left' : 'is being issued' }),
      deadlineMs: 240_000,
      failure: 'not issued',
      retryMs: 5_000,
    },
  );
  await assert.rejects(clock.run(waiting), /^TimeoutError: Certificate\/demo\/orders-server-cert: not issued after 4m: is being issued\.$/);
  assert.deepEqual(reported, [
    '0 s: no quota left, 0 of 240 s',
    '60 s: no quota left, 60 of 240 s',
    '97 s: is being issued, 97 of 240 s',
    '157 s: is being issued, 157 of 240 s',
    '217 s: is being issued, 217 of 240 s',
  ]);
});

test('a wait that nothing wakes looks again every minute', async () => {
  const clock = new FakeClock();
  const cluster: Pick<Cluster, 'watch'> = {
    async *watch(_kind, _selection, signal) {
      yield [];
      await clock.sleep(3_600_000, signal).catch(() => undefined);
    },
  };
  const context = { cluster: cluster as Cluster, clock, report: () => {}, signal: new AbortController().signal };
  const waiting = waitUntil(context, {
    subject: ref(KINDS.Kafka, 'demo', 'orders'),
    watch: [{ kind: KINDS.Kafka, selection: { namespace: 'demo' } }],
    check: async () => (clock.monotonicMs() < 100_000 ? { waitingFor: 'it' } : { done: clock.monotonicMs() }),
    deadlineMs: 600_000,
    failure: 'not done',
  });
  assert.equal(await clock.run(waiting), 120_000);
});

test('a check has the objects of the watch that caused it, and reads them itself at any other time', async () => {
  const clock = new FakeClock();
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'orders-broker-0' } };
  const cluster: Pick<Cluster, 'watch'> = {
    async *watch(_kind, _selection, signal) {
      await clock.sleep(3_000, signal);
      yield [pod];
      await clock.sleep(3_600_000, signal).catch(() => undefined);
    },
  };
  const checks: string[] = [];
  const waiting = waitUntil(
    { cluster: cluster as Cluster, clock, report: () => {}, signal: new AbortController().signal },
    {
      subject: ref(KINDS.Pod, 'demo', 'orders-broker-0'),
      watch: [{ kind: KINDS.Pod, selection: { namespace: 'demo' } }],
      check: async (shown) => {
        checks.push(`${clock.monotonicMs() / 1000} s: ${shown?.map((o) => o.metadata.name).join() ?? 'reads'}`);
        return clock.monotonicMs() < 5_000 ? { waitingFor: 'it' } : { done: undefined };
      },
      deadlineMs: 60_000,
      failure: 'not done',
      retryMs: 5_000,
    },
  );
  await clock.run(waiting);
  assert.deepEqual(checks, ['0 s: reads', '3 s: orders-broker-0', '8 s: reads']);
});
