/**
 * Some random programs: desired states, faults and kills. `npm run chaos` plays more. The seeds below are short programs that had every fault,
 * every way of a kill, both executors and all topologies when they were chosen. The tally is in the output.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playAll, tally } from './in-threads';

const SEEDS = [5, 6, 7, 10, 20, 25, 30, 31, 32];

test(`whatever goes wrong, no invariant breaks and a later run converges: ${SEEDS.length} random programs`, async (t) => {
  const results = await playAll(SEEDS.map((seed) => ({ seed })));
  for (const line of tally(results).split('\n')) t.diagnostic(line);
  const broken = results.flatMap((result, i) => result.broken.map((sentence) => `seed ${SEEDS[i]}: ${sentence}`));
  assert.deepEqual(broken, [], 'replay a seed with: npm run chaos -- --seeds 1 --trace --first-seed SEED');
});
