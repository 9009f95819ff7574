/** KubeDB decides whether the Kafka is Ready: its client trusts the CA of the client certificate, which may not be the brokers' CA. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { TlsIssuer } from '#constructs/index';
import { EXECUTORS } from '#model/desired';
import { isFinishedRequest } from '#model/kubedb';
import { plan } from '#reconciler/plan/plan';
import { untyped } from '#test/support/untyped';
import { NOTHING_TO_DO } from '../support/converged';
import { on } from '../support/desired-states';
import type { FakeClock } from '../support/fake-clock';
import { assertFails, COMBINED, hasCondition, startPlaintext, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

/** The client certificate comes from another root than the server's. */
const SPLIT = on({ client: { issuer: TlsIssuer.selfSignedCa({ name: 'clients-ca' }) } });

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    test('a Kafka that KubeDB cannot use after a change of TLS is a failure, and no later run reports success', async () => {
      world = await startPlaintext(executor, { kafka: COMBINED });
      const bundle = world.desired(SPLIT);
      const first = await assertFails(
        world.apply(bundle),
        1,
        /TLS was changed, but KubeDB does not report the Kafka Ready after 10m: phase NotReady: .*is not accepting client requests/,
      );
      assert.match(first.hint ?? '', /CA in the Secret of the client certificate/);
      assert.ok(!hasCondition(await world.kafka(), 'Paused'));
      assert.ok((await world.requests()).every(isFinishedRequest));
      const pods = await world.podUids();

      await assertFails(world.apply(bundle), 4, /every listener is as desired, but KubeDB cannot use the Kafka: phase NotReady/);
      assert.deepEqual(await world.podUids(), pods);
      const { steps, obstacles } = plan(bundle, await world.observe(bundle), world.clock.now());
      assert.deepEqual([steps, obstacles[0]?.kind], [[], 'wait']);

      const repaired = world.desired(on());
      await world.apply(repaired);
      assert.equal(untyped((await world.kafka())?.status)?.phase, 'Ready');
      assert.deepEqual(await world.apply(repaired), NOTHING_TO_DO);
    });

    test('waits for KubeDB: a Kafka that becomes Ready later is no failure', async () => {
      world = await startPlaintext(executor, { kafka: COMBINED });
      const bundle = world.desired(on());
      assert.deepEqual(await world.apply(bundle), { changed: true, message: 'TLS is as desired' });
      assert.equal(untyped((await world.kafka())?.status)?.phase, 'Ready');
      assert.ok(world.events.some((e) => e.event === 'ready' && /KubeDB reports it Ready/.test(e.message)));
    });
  });
}

test('a clock that is set back makes certificates not yet valid; KubeDB uses the Kafka again once they are', async () => {
  world = await startPlaintext('native', { kafka: COMBINED });
  await world.apply(world.desired(on()));
  (world.clock as FakeClock).jump(-3_600_000);
  await world.annotate({ 'example.org/touched': 'true' });
  await world.settle((kafka) => untyped(kafka?.status)?.phase === 'NotReady');
  await world.settle();
});
