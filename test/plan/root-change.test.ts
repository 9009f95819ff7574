/** What a plan prints in each phase of a change of root, as text and in a pull request: `golden/root-change/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TlsIssuer } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { EXECUTORS } from '#model/desired';
import type { Plan } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { planMarkdown } from '#reconciler/report/markdown';
import { PLAIN } from '#reconciler/report/style';
import { planText } from '#reconciler/report/text';
import { on, onWithNewRoot } from '../support/desired-states';
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

/** Keys, and with them fingerprints, differ from machine to machine. */
function masked(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{64}/g, '<sha-256>')
    .replaceAll(/\(([0-9a-f]{8})\)/g, '(<sha-256>)')
    .replaceAll(/-rotate-[0-9a-f]{8}/g, '-rotate-<hash>');
}
