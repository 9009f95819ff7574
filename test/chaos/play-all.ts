/** Many schedules, in as many threads as there are processors. */
import { availableParallelism } from 'node:os';
import { threadOf } from '../support/thread';
import { type Played, play } from './play';
import { scheduleOf } from './schedule';

/** What a schedule came to, without all that happened. */
export type Result = Omit<Played, 'schedule' | 'trace'> & { readonly seed: number };

/** Plays the schedules of some seeds and returns what they came to, in the order of the seeds. */
export async function playAll(seeds: readonly number[]): Promise<readonly Result[]> {
  const waiting = [...seeds];
  const results: Result[] = [];
  const work = async () => {
    const thread = threadOf(__filename);
    try {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift())
        results.push((await thread.call('playSeed', seed)) as Result);
    } finally {
      await thread.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), seeds.length) }, work));
  return results.sort((a, b) => a.seed - b.seed);
}

/** Plays one, in the thread that it is called in. */
export async function playSeed(seed: number): Promise<Result> {
  const { schedule: _, trace: __, ...result } = await play(scheduleOf(seed));
  return { seed, ...result };
}
