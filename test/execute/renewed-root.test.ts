/** cert-manager renews a root with its key: nodes get it before the old one expires, restart one at a time, and no client must do anything. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration } from 'cdk8s';
import { TlsIssuer } from '#constructs/index';
import { EXECUTORS } from '#model/desired';
import type { CaFacts, Observation } from '#reconciler/model/observation';
import { plan } from '#reconciler/plan/plan';
import { assertDone } from '../support/converged';
import { onByRestart } from '../support/desired-states';
import { COMBINED, type MemoryEnvironment, startSecured, type World } from '../support/world';

const DAY_MS = 86_400_000;
const DAYS = { ofRoot: 60, beforeRenewal: 31 };

let world: World;
afterEach(() => world?.stop());

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    test('a root that was renewed with its key is no other root, and comes in time', async () => {
      const issuer = TlsIssuer.selfSignedCa({ duration: Duration.days(DAYS.ofRoot), renewBefore: Duration.days(DAYS.ofRoot / 2) });
      const tls = onByRestart({ issuer });
      world = await startSecured(executor, tls, { kafka: COMBINED });
      const bundle = world.desired(tls);
      const before = rootIn(await world.observe(bundle));
      await world.environment.pass(DAYS.beforeRenewal * DAY_MS);

      const live = await world.observe(bundle);
      const given = live.issuers.find((i) => i.name === 'orders-ca')?.ca?.[0];
      assert.equal(rootIn(live).fingerprint, before.fingerprint, 'leaves were not issued again');
      assert.notEqual(given?.fingerprint, before.fingerprint, 'the root was renewed');
      assert.equal(given?.publicKey, before.publicKey, 'with its key');

      const { rootChange, cutover, obstacles, acknowledged } = plan(bundle, live, world.clock.now());
      assert.deepEqual([rootChange, cutover, obstacles, acknowledged], [undefined, undefined, [], undefined]);
      await world.apply(bundle);
      const { acknowledges } = (world.environment as MemoryEnvironment).sandbox;
      assert.ok(acknowledges('demo', 'orders'));
      assert.equal(world.evicted.length, 3);
      const after = await assertDone(world, bundle);
      assert.equal(rootIn(after).fingerprint, given?.fingerprint);
      assert.deepEqual(
        after.trust?.ca.map((c) => c.fingerprint),
        [given?.fingerprint],
      );
    });
  });
}

function rootIn({ secrets }: Observation): CaFacts {
  return secrets.find((s) => s.name === 'orders-server-cert')?.ca?.[0] as CaFacts;
}
