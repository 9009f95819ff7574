/** Pairs of desired states, both executors at once. FC_RUNS changes their number, FC_SEED replays them. */
import { describe, test } from 'node:test';
import { inThread } from '../support/thread';

/** Two executors make it twice as many. */
const PAIRS = Number(process.env.FC_RUNS ?? 100);

describe('convergence', { concurrency: true }, () => {
  for (const executor of ['native', 'ops-request'] as const) {
    test(`any pair of desired states converges, killed anywhere: ${executor}, ${PAIRS} pairs`, async () => {
      await inThread(require.resolve('../support/convergence'), 'assertConvergence', executor, PAIRS);
    });
  }
});
