/**
 * `npm run chaos -- --seeds N [--first-seed S]`: plays N random programs, and prints how many faults were injected and how many invariants
 * were broken. `--trace` plays in this thread and prints every line of what happened; with `--shrink` it looks for the shortest program that
 * breaks the same seed.
 */
import { inspect, parseArgs } from 'node:util';
import fc from 'fast-check';
import { playAll, playChoice, tally } from './in-threads';
import { MemoryRunner } from './memory-runner';
import { play } from './play';
import { anyProgram } from './program';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    'first-seed': { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
  },
});
const [count, first] = [Number(values.seeds), Number(values['first-seed'])];
if (!Number.isInteger(count) || !Number.isInteger(first) || count < 1) {
  console.error('chaos: --seeds and --first-seed are whole numbers, and at least one seed is played.');
  process.exit(2);
}

async function main(): Promise<void> {
  const seeds = Array.from({ length: count }, (_, i) => first + i);
  if (values.shrink) return shrink(first);
  const results = values.trace ? [] : [...(await playAll(seeds.map((seed) => ({ seed }))))];
  for (const seed of values.trace ? seeds : []) {
    const { trace, ...played } = await playChoice({ seed });
    console.log(trace.join('\n'));
    results.push({ choice: { seed }, ...played });
  }
  for (const [i, { broken }] of results.entries()) {
    for (const sentence of broken) console.log(`seed ${seeds[i]}: ${sentence}`);
    if (broken.length > 0) console.log(`Replay it with: npm run chaos -- --first-seed ${seeds[i]} --seeds 1 --trace`);
  }
  console.log(tally(results));
  process.exitCode = results.some(({ broken }) => broken.length > 0) ? 1 : 0;
}

async function shrink(seed: number): Promise<void> {
  const holds = fc.asyncProperty(
    anyProgram,
    async (program) => (await play(program, new MemoryRunner(program.executor))).broken.length === 0,
  );
  const { failed, counterexample } = await fc.check(holds, { seed, numRuns: 1 });
  console.log(failed ? inspect(counterexample, { depth: null }) : `seed ${seed} breaks nothing`);
  process.exitCode = failed ? 1 : 0;
}

void main();
