/**
 * Real processes, killed. By default one operation an executor, by runs that are killed ever later, so that `npm test` stays quick. With
 * CHAOS_KILL=all (`npm run test:kill`) every operation at every write, each from the beginning.
 */
import { describe, test } from 'node:test';
import { EXECUTORS } from '#model/desired';
import { assertSameEnd, everLater, onceAtEveryWrite } from './killed-processes';
import { inSandbox } from './process-runner';
import { OPERATIONS } from './program';

const BY_DEFAULT = { native: ['rotate'], 'ops-request': ['add TLS'] } as const;
const isAll = process.env.CHAOS_KILL === 'all';

// Processes wait more than they work.
describe('killed processes', { concurrency: true }, () => {
  for (const executor of EXECUTORS) {
    for (const operation of OPERATIONS.filter(({ name }) => isAll || BY_DEFAULT[executor].some((n) => n === name))) {
      test(`${executor}: ${operation.name}: whichever way a process is killed, the next one finishes its job`, async (t) => {
        const open = () => inSandbox(executor);
        t.diagnostic(await (isAll ? onceAtEveryWrite(open, operation) : assertSameEnd(open, operation, everLater())));
      });
    }
  }
});
