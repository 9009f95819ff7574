/** What a plan prints in each phase of a change of root, as text and in a pull request: `golden/root-change/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acknowledgement, TlsIssuer } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { EXECUTORS } from '#model/desired';
import type { Plan } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { planMarkdown } from '#reconciler/report/markdown';
import { PLAIN } from '#reconciler/report/style';
import { planText } from '#reconciler/report/text';
import { MOVE, on, onWithNewRoot } from '../support/desired-states';
import { createClusterIssuer } from '../support/foreign-issuers';
import { expectGolden } from '../support/golden';
import { Interrupted } from '../support/interrupting-cluster';
import { assertFails, COMBINED, startSecured } from '../support/world';

const CONTEXT = { applyWith: 'kafka-tls apply -f bundle.json' };

for (const executor of EXECUTORS) {
  test(`${executor}: the plan in every phase`, async () => {
    const world = await startSecured(executor, on(), { kafka: COMBINED });
    try {
      const missing = world.desired(on({ issuer: TlsIssuer.selfSignedCa({ name: 'orders-ca-2' }) }));
      const given = world.desired(onWithNewRoot());
      const expectPlan = async (name: string, bundle: Bundle): Promise<Plan> => {
        const made = plan(bundle, await world.observe(bundle), world.clock.now());
        expectGolden(`test/plan/golden/root-change/${executor}-${name}.txt`, masked(planText(made, PLAIN, CONTEXT)));
        return made;
      };
      const first = await expectPlan('1-old', missing);
      expectGolden(`test/plan/golden/root-change/${executor}-1-old.md`, masked(planMarkdown(first, CONTEXT)));
      let plans = 0;
      world.onEvent = ({ event }) => {
        if (event === 'planned' && ++plans === 2) throw new Interrupted();
      };
      await assert.rejects(world.apply(missing), Interrupted);
      const statuses = ({ rootChange }: Plan) => rootChange?.phases.map((p) => p.status);
      assert.deepEqual(statuses(await expectPlan('2-bridged', missing)), ['done', 'now', 'later']);
      await assertFails(world.apply(missing), 4, /not acknowledged/);
      assert.deepEqual(statuses(await expectPlan('3-anchored-not-acknowledged', missing)), ['done', 'done', 'waits']);
      assert.deepEqual(statuses(await expectPlan('4-anchored-acknowledged', given)), ['done', 'done', 'now']);
      assert.deepEqual(statuses(await expectPlan('5-anchored-reverted', world.desired(on()))), ['now', 'later']);
      await world.apply(given);
      assert.equal(statuses(await expectPlan('6-new', given)), undefined);
    } finally {
      await world.stop();
    }
  });
}

test('native: the plan in every phase with two trusted roots', async () => {
  const world = await startSecured('native', on(), { kafka: COMBINED });
  try {
    await createClusterIssuer(world, 'corp');
    const issuer = TlsIssuer.clusterIssuer('corp');
    const missing = world.desired(on({ issuer }));
    const given = world.desired(on({ issuer, acknowledge: [...MOVE, Acknowledgement.trustRootChangesTo('corp')] }));
    const expectPlan = async (name: string, bundle: Bundle) => {
      const made = plan(bundle, await world.observe(bundle), world.clock.now());
      expectGolden(`test/plan/golden/root-change/two-roots-${name}.txt`, masked(planText(made, PLAIN, CONTEXT)));
      return made.rootChange?.phases.map((p) => p.status);
    };
    const interruptAt = (evicted: number) => {
      world.onEvent = ({ event }) => {
        if (event === 'evicted' && world.evicted.length === evicted) throw new Interrupted();
      };
    };
    assert.deepEqual(await expectPlan('1-old', missing), ['now', 'later', 'later']);
    interruptAt(1);
    await assert.rejects(world.apply(missing), Interrupted);
    await world.environment.pass(60_000);
    assert.deepEqual(await expectPlan('2-both-under-way', missing), ['now', 'later', 'later']);
    await assertFails(world.apply(missing), 4, /not acknowledged/);
    assert.deepEqual(await expectPlan('3-both-not-acknowledged', missing), ['done', 'waits', 'later']);
    assert.deepEqual(await expectPlan('4-both-acknowledged', given), ['done', 'now', 'later']);
    interruptAt(4);
    await assert.rejects(world.apply(given), Interrupted);
    await world.environment.pass(60_000);
    assert.deepEqual(await expectPlan('5-issued-under-way', given), ['done', 'now', 'later']);
    assert.deepEqual(await expectPlan('6-issued-reverted', world.desired(on())), ['done', 'now', 'later']);
    interruptAt(7);
    await assert.rejects(world.apply(given), Interrupted);
    await world.environment.pass(60_000);
    world.onEvent = undefined;
    await world.apply(given);
    assert.equal(await expectPlan('7-new', given), undefined);
  } finally {
    await world.stop();
  }
});

/** Keys, and with them fingerprints, differ from machine to machine. */
function masked(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{64}/g, '<sha-256>')
    .replaceAll(/\(([0-9a-f]{8})\)/g, '(<sha-256>)')
    .replaceAll(/-(rotate|restart)-[0-9a-f]{8}/g, '-$1-<hash>');
}
