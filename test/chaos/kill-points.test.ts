/**
 * Every operation, killed before each of its writes in turn, then run again: it converges, no pod is restarted twice, the Kafka is not left
 * paused, no request is left unfinished, and the cluster ends as if nothing had happened. `processes.test.ts` does it to real processes.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { threadOf } from '../support/thread';
import { OPERATIONS } from './kill-points';

const thread = threadOf(require.resolve('./kill-everywhere'));
after(() => thread.end());

for (const executor of ['native', 'ops-request'] as const) {
  describe(`executor ${executor}`, () => {
    for (const { name, first, second } of OPERATIONS) {
      test(`${name}: killed before any write`, async (t) => {
        const writes = await thread.call('killBeforeEveryWrite', executor, first, second);
        t.diagnostic(`${writes} kill points`);
        assert.ok(Number(writes) > 0, 'something is written');
      });
    }
  });
}
