/** The states of plans on the sandbox, with certificates of its cert-manager: who can talk to whom, and the first contact that is refused. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Rotation, TlsIssuer, type TlsOnProps } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import type { PlanStates } from '#reconciler/model/states';
import { plan } from '#reconciler/plan/plan';
import { statesOf } from '#reconciler/plan/states/states';
import { statesLine, statesText } from '#reconciler/report/states';
import { PLAIN } from '#reconciler/report/style';
import { off, on, onWithNewRoot, withAcknowledgements } from '../../support/desired-states';
import { NewRoot } from '../../support/new-root';
import { KAFKA, kafkaManifest, World } from '../../support/world';

const OLD = `${KAFKA}-ca`;
const RESTART = { rotation: Rotation.restart() };

describe('the states of a plan', () => {
  const world = new World({ executor: 'native', opsManager: false });
  let root: NewRoot;

  before(async () => {
    await world.start(kafkaManifest());
    await world.apply(world.desired(on()));
    root = await NewRoot.create(world, 'orders-ca-9', `${OLD}-selfsigned`);
  });
  after(() => world.stop());

  async function states(bundle: Bundle): Promise<PlanStates | undefined> {
    const live = await world.observe(bundle);
    const now = world.clock.now();
    const made = plan(bundle, live, now);
    assert.deepEqual(made.obstacles, []);
    return statesOf({ bundle, live, now }, made);
  }

  const desired = (change: Partial<TlsOnProps> = {}) => world.desired(on({ ...RESTART, ...change }));
  const rotation = async (change: Partial<TlsOnProps> = {}) => {
    await world.environment.pass(60_000);
    return desired({ issuedAfter: world.clock.now().toISOString(), ...change });
  };

  async function line(bundle: Bundle): Promise<string> {
    const found = await states(bundle);
    assert.ok(found !== undefined);
    return statesLine(found);
  }

  const WHOLE = /^\d+ states, every two nodes can talk in each, in whatever order nodes change\.$/;

  test('are none if no node gets another certificate', async () => {
    assert.equal(await states(desired()), undefined);
  });

  test('of a rotation of the same root are whole, by restarts and by reloads', async () => {
    const nodes = (await world.observe(desired())).pods.length;
    const restarts = await states(await rotation());
    assert.equal(restarts?.states.length, nodes + 1);
    assert.match(statesLine(restarts as PlanStates), WHOLE);
    assert.match(restarts?.states[1]?.after ?? '', / restarted$/);
    assert.deepEqual(
      restarts?.states.map((s) => s.clients.map((c) => c.from)),
      restarts?.states.map(() => ['clients']),
    );
    const bundle = await rotation({ rotation: Rotation.reload() });
    assert.match(await line(bundle), WHOLE);
  });

  test('of another root break with the first restart where no bridge leads to it', async () => {
    // A self-signed CA of the bundle comes in phases, also if it does not exist yet.
    assert.match(await line(world.desired(onWithNewRoot(RESTART))), WHOLE);
    const known = await states(await withAcknowledgements(world, desired({ issuer: TlsIssuer.issuer(root.name) })));
    assert.equal(known?.broken?.state, 2);
    assert.match(
      statesLine(known as PlanStates),
      /nodes cannot talk in state 2: .* restarted: .* refuses .*: no trusted certificate has signed it\.$/,
    );
    assert.equal(known?.holdsInAnyOrder, false);
  });

  test('of a change of protocol break with the first restart', async () => {
    const found = await states(world.desired(off()));
    assert.equal(found?.broken?.state, 2);
    assert.match(found?.broken?.because ?? '', /it expects (TLS|plaintext), and meets (TLS|plaintext)/);
  });

  test('of a bridge to another root are whole in all three rotations, and in no shorter way', async () => {
    const issuer = TlsIssuer.issuer(root.name);
    await root.signBy(OLD);
    const bridged = desired({ issuer });
    assert.match(await line(bridged), WHOLE);
    assert.deepEqual(await clientsAtTheEnd(bridged), { clients: 'accepted' });
    await world.apply(bridged);

    await root.signBySelf();
    assert.match(await line(await withAcknowledgements(world, await rotation({ issuer }))), /cannot talk in state 2/);
    await root.signBy(OLD);

    await root.withdrawOldRoot();
    const anchored = await rotation({ issuer });
    assert.match(await line(anchored), WHOLE);
    await world.apply(anchored);
    const back = await withAcknowledgements(world, desired());
    assert.match(await line(back), /cannot talk in state 2/, 'back to the old root in one rotation');

    await root.signBySelf();
    const fresh = await rotation({ issuer });
    assert.match(await line(fresh), WHOLE);
    assert.deepEqual(await clientsAtTheEnd(fresh), {
      'clients of the present root': 'refused',
      'clients of the new root': 'accepted',
      'clients of both roots': 'accepted',
    });
    await world.apply(fresh);
    assert.equal(await states(fresh), undefined);
  });

  async function clientsAtTheEnd(bundle: Bundle): Promise<Readonly<Record<string, string>>> {
    const found = await states(bundle);
    const brokers = found?.nodes.map((name, i) => ({ name, i })).filter(({ name }) => name.includes('broker')) ?? [];
    return Object.fromEntries(
      (found?.states.at(-1)?.clients ?? []).map(({ from, contacts }) => {
        const kinds = new Set(brokers.map(({ i }) => contacts[i]?.kind));
        return [from, [...kinds].join()];
      }),
    );
  }

  test('are printed as tables; states that do not differ share one', async () => {
    const text = statesText(await states(await rotation({ issuer: TlsIssuer.issuer(root.name) })), PLAIN);
    assert.match(text, /\n\nStates 1 to \d+, from before the first of them:\n {2}REACHES +orders-/);
    assert.match(text, /\n {2}orders-broker-0 .* -/);
    assert.doesNotMatch(text, /NO|\?/);
    assert.match(statesText(undefined, PLAIN), /gives no node another certificate/);
  });
});
