/**
 * Real processes, killed. By default one operation an executor, by runs that are killed ever later, so that `npm test` stays quick. With
 * CHAOS_KILL=all (`npm run test:kill`) every operation at every write, each from the beginning.
 */
import { describe, test } from 'node:test';
import { inSandbox } from './in-sandbox';
import { OPERATIONS } from './kill-points';
import { everLater, killPoints, playKilled, playKilledOnce } from './processes';

const BY_DEFAULT = { native: ['rotate'], 'ops-request': ['add TLS'] } as const;
const isAll = process.env.CHAOS_KILL === 'all';

for (const executor of ['native', 'ops-request'] as const) {
  const chosen = OPERATIONS.filter(({ name }) => isAll || BY_DEFAULT[executor].some((n) => n === name));
  describe(`executor ${executor}`, () => {
    for (const operation of chosen) {
      test(`${operation.name}: whichever way a process is killed, the next one finishes its job`, async (t) => {
        const open = () => inSandbox(executor);
        t.diagnostic(killPoints(await (isAll ? playKilledOnce(open, operation) : playKilled(open, operation, everLater))));
      });
    }
  });
}
