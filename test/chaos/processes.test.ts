/**
 * Real processes, killed. By default one operation an executor, by runs that are killed ever later, so that `npm test` stays quick. With
 * CHAOS_KILL=all (`npm run test:kill`) every operation at every write, each from the beginning.
 */
import { describe, test } from 'node:test';
import { OPERATIONS } from './kill-points';
import { type Killed, playKilled, playKilledOnce } from './processes';

const BY_DEFAULT = { native: ['rotate'], 'ops-request': ['add TLS'] } as const;
const isAll = process.env.CHAOS_KILL === 'all';

for (const executor of ['native', 'ops-request'] as const) {
  const chosen = OPERATIONS.filter(({ name }) => isAll || BY_DEFAULT[executor].some((n) => n === name));
  describe(`executor ${executor}`, () => {
    for (const { name, first, second } of chosen) {
      test(`${name}: whichever way a process is killed, the next one finishes its job`, async (t) => {
        t.diagnostic(text(await (isAll ? playKilledOnce : playKilled)(executor, first, second)));
      });
    }
  });
}

function text(killed: Killed): string {
  const ways = Object.entries(killed);
  return `${ways.reduce((sum, [, n]) => sum + n, 0)} kill points: ${ways.map(([way, n]) => `${n} by ${way}`).join(', ')}`;
}
