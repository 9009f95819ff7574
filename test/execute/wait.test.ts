import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, ref } from '../../constructs/model/kube-object';
import { ClusterError } from '../../reconciler/errors';
import { waitUntil } from '../../reconciler/execute/wait';
import type { Cluster } from '../../reconciler/ports';
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
