/** Conflicts, in memory; `npm run test:real` has them with a real API server. */
import { conflicts } from '../support/conflicts';
import { inMemory } from '../support/world';

for (const executor of ['native', 'ops-request'] as const) conflicts(executor, inMemory, (clock) => clock);
