/** Pairs of desired states through one executor, as a test. FC_RUNS changes their number, FC_SEED replays them. */
import { test } from 'node:test';
import type { ExecutorName } from '../../constructs/model/desired';
import { inThread } from '../support/thread';

/** Two executors make it twice as many. */
const PAIRS = Number(process.env.FC_RUNS ?? 100);

export function testConvergence(executor: ExecutorName): void {
  test(`any pair of desired states converges, killed anywhere: ${executor}, ${PAIRS} pairs`, async () => {
    await inThread(require.resolve('../support/convergence'), 'assertConvergence', executor, PAIRS);
  });
}
