/** All scenarios, on the sandbox in memory. */
import { scenarios } from '../support/scenarios';
import { inMemory } from '../support/world';

for (const executor of ['native', 'ops-request'] as const) scenarios(executor, inMemory, { canSkipDays: true });
