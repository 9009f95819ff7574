/** The estimate of a plan against the time that the sandbox takes: never less, and not much more. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ChangeName, type Measured, measure, type Topology, type Way } from '../support/outage';

const DEDICATED = '3 controllers, 3 brokers';

async function measured(t: TestContext, name: ChangeName, way: Way): Promise<Measured & { readonly estimatedMs: number }> {
  const found = await measure(name, way);
  const { durationMs, outageMs, estimate } = found;
  const estimatedMs = estimate.outageMs ?? 0;
  const pair = (ms: number, estimated: number) => `${Math.round(ms / 1000)} s, estimated ${estimated / 1000} s`;
  t.diagnostic(`${way.executor}, ${way.mode}: run ${pair(durationMs, estimate.durationMs)}; outage ${pair(outageMs, estimatedMs)}`);
  assert.ok(estimatedMs >= outageMs, 'the outage is not longer than estimated');
  assert.ok(estimate.durationMs >= durationMs, 'the run is not longer than estimated');
  // This ops-manager does without the minutes that KubeDB's takes to prepare.
  if (way.executor === 'native') assert.ok(estimate.durationMs <= 2 * durationMs, 'the run is not much shorter than estimated');
  return { ...found, estimatedMs };
}

for (const topology of [DEDICATED, '3 combined nodes'] as const satisfies readonly Topology[]) {
  {
    const name = 'add TLS';
    test(`${name}, ${topology}: the outage is as estimated, and shorter when all pods stop at once`, async (t) => {
      const rolling = await measured(t, name, { executor: 'native', topology, mode: 'rolling' });
      const byKubeDb = await measured(t, name, { executor: 'ops-request', topology, mode: 'rolling' });
      const stop = await measured(t, name, { executor: 'native', topology, mode: 'stop' });
      for (const { outageMs, estimatedMs } of [rolling, byKubeDb, stop])
        assert.ok(estimatedMs <= 1.25 * outageMs, 'not much longer was estimated');
      assert.ok(stop.estimatedMs < rolling.estimatedMs, 'estimated');
      assert.ok(stop.outageMs < rolling.outageMs, 'measured');
    });
  }
  for (const executor of ['native', 'ops-request'] as const) {
    for (const name of ['rotate', 'rotate by restart', 'change the root'] as const) {
      test(`${name}, ${topology}, ${executor}: no outage, and none is estimated`, async (t) => {
        const { outageMs, estimate } = await measured(t, name, { executor, topology, mode: 'rolling', mountTakes: '50s' });
        assert.equal(outageMs, 0);
        assert.equal(estimate.outageMs, undefined);
      });
    }
  }
}
