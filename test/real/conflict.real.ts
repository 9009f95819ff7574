/** Conflicts on a real API server: its versions, field managers, preconditions and Leases decide who was faster. */
import { describe } from 'node:test';
import { scaledClock } from '../chaos/scaled-clock';
import { conflicts } from '../support/conflicts';
import { realEnvironments } from './environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';

/** That a Lease is lost shows at its next renewal: after a second. */
const FACTOR = 10;

describe('conflicts on a real API server', { skip: WITHOUT_KUBEDB, concurrency: 2 }, () => {
  const environments = realEnvironments();
  for (const executor of ['native', 'ops-request'] as const)
    conflicts(
      executor,
      (options) => environments().environment(executor, options),
      () => scaledClock({ factor: FACTOR }),
    );
});
