/**
 * Real processes, killed at every write. By default one operation an executor, so that `npm test` stays quick; with CHAOS_KILL=all every
 * operation, as `npm run test:kill` does.
 */
import { describe, test } from 'node:test';
import { OPERATIONS } from './kill-points';
import { playKilled } from './processes';

const BY_DEFAULT = { native: ['rotate'], 'ops-request': ['add TLS'] } as const;

for (const executor of ['native', 'ops-request'] as const) {
  const chosen = OPERATIONS.filter(({ name }) => process.env.CHAOS_KILL === 'all' || BY_DEFAULT[executor].some((n) => n === name));
  describe(`executor ${executor}`, () => {
    for (const { name, first, second } of chosen) {
      test(`${name}: every run killed one write further, until one finds all done`, async (t) => {
        const { points, byWay } = await playKilled(executor, first, second);
        t.diagnostic(
          `${points} kill points: ${Object.entries(byWay)
            .map(([way, n]) => `${n} by ${way}`)
            .join(', ')}`,
        );
      });
    }
  });
}
