/** Some random schedules of what goes wrong, through both executors in turn; `npm run chaos` plays more. The tally is in the output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playAll } from './play-all';
import { Tally } from './tally';

const SCHEDULES = 60;

test(`whatever goes wrong, nothing is hurt and the run after it finishes the job: ${SCHEDULES} schedules`, async (t) => {
  const tally = new Tally();
  const results = await playAll(Array.from({ length: SCHEDULES }, (_, i) => i + 1));
  for (const result of results) tally.add(result);
  for (const line of tally.text().split('\n')) t.diagnostic(line);
  assert.deepEqual(
    results.flatMap(({ seed, broken }) => broken.map((sentence) => `seed ${seed}: ${sentence}`)),
    [],
    'replay a seed with: npm run chaos -- --seeds 1 --trace --first-seed SEED',
  );
});
