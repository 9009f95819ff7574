/**
 * Plays in memory, in as many threads as there are processors. Each thread also keeps node:test from following every promise of a whole
 * cluster, which is a third of the time.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { ExecutorName } from '#model/desired';
import { FAULT_NAMES, FAULTS } from './faults';
import { MemoryRunner } from './memory-runner';
import { type Played, play } from './play';
import { allOperations, programOf } from './program';

/** What is played: the random program of a seed, or all operations, each killed at one write. */
export type Choice = { readonly seed: number } | { readonly executor: ExecutorName; readonly atWrite?: number };
export type Result = Omit<Played, 'trace'> & { readonly choice: Choice };

export async function playChoice(choice: Choice): Promise<Played> {
  const program = 'seed' in choice ? programOf(choice.seed) : allOperations(choice.executor, choice.atWrite);
  return play(program, new MemoryRunner(program.executor));
}

/** Plays all, and returns the results in the order of the choices. */
export async function playAll(choices: readonly Choice[]): Promise<readonly Result[]> {
  const left = [...choices.entries()];
  const results: Result[] = [];
  const work = async () => {
    const worker = new Worker(__filename);
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [i, choice] = next;
      results[i] = await new Promise((resolve, reject) => {
        worker.removeAllListeners().once('error', reject).once('message', resolve);
        worker.postMessage(choice);
      });
    }
    await worker.removeAllListeners().terminate();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), choices.length) }, work));
  return results;
}

/** One line a kind of fault. The last line is how many invariants were broken. */
export function tally(results: readonly Omit<Result, 'choice'>[]): string {
  const sum = (of: (result: Omit<Result, 'choice'>) => number) => results.reduce((total, result) => total + of(result), 0);
  const width = Math.max(...FAULT_NAMES.map((name) => name.length));
  const faultLines = FAULT_NAMES.map((name) => {
    const count = sum(({ injected }) => injected.filter((injectedName) => injectedName === name).length);
    return `  ${name.padEnd(width)}  ${String(count).padStart(5)}  ${FAULTS[name].what}`;
  });
  const kills = sum(({ kills: byWay }) => Object.values(byWay).reduce((total, n) => total + n, 0));
  return [
    `${results.length} plays, ${sum((r) => r.runs)} runs, ${kills} kills, ${sum((r) => r.evictions)} pods taken down by the product`,
    ...faultLines,
    `invariants broken: ${sum((r) => r.broken.length)}`,
  ].join('\n');
}

if (!isMainThread)
  parentPort?.on('message', async (choice: Choice) => {
    const { trace: _, ...played } = await playChoice(choice);
    parentPort?.postMessage({ choice, ...played } satisfies Result);
  });
