/** Some random programs: desired states, faults and kills. `npm run chaos` plays more. The tally is in the output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playAll, tally } from './in-threads';

const SEEDS = 25;

test(`whatever goes wrong, no invariant breaks and a later run converges: ${SEEDS} random programs`, async (t) => {
  const results = await playAll(Array.from({ length: SEEDS }, (_, i) => ({ seed: i + 1 })));
  for (const line of tally(results).split('\n')) t.diagnostic(line);
  const broken = results.flatMap((result, i) => result.broken.map((sentence) => `seed ${i + 1}: ${sentence}`));
  assert.deepEqual(broken, [], 'replay a seed with: npm run chaos -- --seeds 1 --trace --first-seed SEED');
});
