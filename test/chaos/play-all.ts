/** The first schedules of one executor, one after the other. */
import type { ExecutorName } from '../../constructs/model/desired';
import { play } from './play';
import { scheduleOf } from './schedule';
import { Tally } from './tally';

export interface PlayedAll {
  readonly tally: string;
  /** Invariants that were broken, each with its seed. */
  readonly broken: readonly string[];
}

export async function playAll(executor: ExecutorName, count: number): Promise<PlayedAll> {
  const tally = new Tally();
  const broken: string[] = [];
  for (let seed = 1, played = 0; played < count; seed++) {
    const schedule = scheduleOf(seed);
    if (schedule.executor !== executor) continue;
    played++;
    const result = await play(schedule);
    tally.add(result);
    broken.push(...result.broken.map((sentence) => `seed ${seed}: ${sentence}`));
  }
  return { tally: tally.text(), broken };
}
