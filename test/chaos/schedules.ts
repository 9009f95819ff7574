/** Plays schedules of one executor as a test; the tally is in its output. CHAOS_SCHEDULES changes their number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutorName } from '../../constructs/model/desired';
import { play } from './play';
import { scheduleOf } from './schedule';
import { Tally } from './tally';

const SCHEDULES = Number(process.env.CHAOS_SCHEDULES ?? 250);

export function testSchedules(executor: ExecutorName): void {
  test(`whatever goes wrong, nothing is hurt and the run after it finishes the job: ${executor}, ${SCHEDULES} schedules`, async (t) => {
    const tally = new Tally();
    const broken: string[] = [];
    for (let seed = 1, played = 0; played < SCHEDULES; seed++) {
      const schedule = scheduleOf(seed);
      if (schedule.executor !== executor) continue;
      played++;
      const result = await play(schedule);
      tally.add(result);
      broken.push(...result.broken.map((sentence) => `seed ${seed}: ${sentence}`));
    }
    for (const line of tally.text().split('\n')) t.diagnostic(line);
    assert.deepEqual(broken, [], 'replay a seed with: npm run chaos -- --seeds 1 --trace --first-seed SEED');
  });
}
