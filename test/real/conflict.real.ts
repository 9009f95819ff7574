/** Conflicts on a real API server: its versions, field managers, preconditions and Leases decide who was faster. */
import { after, before, describe } from 'node:test';
import { scaledClock } from '../chaos/scaled-clock';
import { conflicts } from '../support/conflicts';
import { type ControlPlane, realApi } from './cluster';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import { type Places, placesOn } from './place';

/** That a Lease is lost shows at its next renewal: after a second. */
const FACTOR = 10;

describe('conflicts on a real API server', { skip: WITHOUT_KUBEDB, concurrency: 2 }, () => {
  let controlPlane: ControlPlane;
  let places: Places;
  before(async () => {
    controlPlane = await realApi();
    places = await placesOn(controlPlane.kubeconfig);
  });
  after(async () => {
    places?.close();
    await controlPlane?.stop();
  });
  for (const executor of ['native', 'ops-request'] as const)
    conflicts(
      executor,
      (options) => places.place(executor, options),
      () => scaledClock({ factor: FACTOR }),
    );
});
