/**
 * Runs in memory that are killed before a write: every operation ends as without the kill. By default every sixth write, so that `npm test`
 * stays quick; with CHAOS_KILL=all (`npm run test:kill`) every write.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { EXECUTORS } from '#model/desired';
import { playAll, type Result } from './in-threads';
import { OPERATIONS } from './program';

const STEP = process.env.CHAOS_KILL === 'all' ? 1 : 6;

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    let undisturbed: Result | undefined;
    let killed: readonly Result[] = [];
    before(async () => {
      [undisturbed] = await playAll([{ executor }]);
      const kills = Math.ceil((undisturbed?.writes ?? 0) / STEP);
      killed = await playAll(Array.from({ length: kills }, (_, i) => ({ executor, atWrite: 1 + i * STEP })));
    });

    for (const [i, { name }] of OPERATIONS.entries()) {
      test(`${name}: killed before any write, the next run finishes the job`, (t) => {
        t.diagnostic(`killed before ${killed.length} writes`);
        assert.deepEqual(undisturbed?.broken, []);
        assert.ok(killed.length > 0);
        for (const { choice, broken, ends } of killed) {
          assert.deepEqual(broken, [], JSON.stringify(choice));
          assert.deepEqual(ends[i], undisturbed?.ends[i], `the same end state: ${JSON.stringify(choice)}`);
        }
      });
    }
  });
}
