/**
 * `npm run chaos -- --seeds N [--first-seed S]`: plays N random schedules and says how many faults were injected and how many invariants
 * were broken. With `--trace` every line of what happened is printed: for one seed that failed.
 */
import { parseArgs } from 'node:util';
import { play } from './play';
import { playAll, type Result } from './play-all';
import { scheduleOf } from './schedule';
import { Tally } from './tally';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    'first-seed': { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const [seeds, first] = [Number(values.seeds), Number(values['first-seed'])];
if (!Number.isInteger(seeds) || !Number.isInteger(first) || seeds < 1) {
  console.error('chaos: --seeds and --first-seed are whole numbers, and at least one seed is played.');
  process.exit(2);
}

async function main(): Promise<void> {
  const tally = new Tally();
  const numbers = Array.from({ length: seeds }, (_, i) => first + i);
  for (const result of values.trace ? await playAloud(numbers) : await playAll(numbers)) {
    tally.add(result);
    for (const sentence of result.broken) console.log(`seed ${result.seed}: ${sentence}`);
    if (result.broken.length > 0) console.log(`Replay it with: npm run chaos -- --first-seed ${result.seed} --seeds 1 --trace`);
  }
  console.log(tally.text());
  process.exitCode = tally.broken > 0 ? 1 : 0;
}

/** One after the other, with every line of what happened. */
async function playAloud(numbers: readonly number[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const seed of numbers) {
    const played = await play(scheduleOf(seed));
    console.log(played.trace.join('\n'));
    results.push({ seed, ...played });
  }
  return results;
}

void main();
