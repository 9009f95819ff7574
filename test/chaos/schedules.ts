/** Plays schedules of one executor as a test; the tally is in its output. CHAOS_SCHEDULES changes their number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutorName } from '../../constructs/model/desired';
import { inThread } from '../support/thread';
import type { PlayedAll } from './play-all';

const SCHEDULES = Number(process.env.CHAOS_SCHEDULES ?? 250);

export function testSchedules(executor: ExecutorName): void {
  test(`whatever goes wrong, nothing is hurt and the run after it finishes the job: ${executor}, ${SCHEDULES} schedules`, async (t) => {
    const { tally, broken } = (await inThread(require.resolve('./play-all'), 'playAll', executor, SCHEDULES)) as PlayedAll;
    for (const line of tally.split('\n')) t.diagnostic(line);
    assert.deepEqual(broken, [], 'replay a seed with: npm run chaos -- --seeds 1 --trace --first-seed SEED');
  });
}
