/** The states of plans on the sandbox, with certificates of its cert-manager: who can talk to whom, and the first contact that is refused. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Cutover, Rotation, TlsIssuer, type TlsOnProps } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import type { Plan } from '#reconciler/model/plan';
import type { Contact, PlannedStates, PlanStates } from '#reconciler/model/states';
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

  async function planned(bundle: Bundle): Promise<{ readonly made: Plan; readonly matrix: PlanStates | undefined }> {
    const live = await world.observe(bundle);
    const now = world.clock.now();
    const made = plan(bundle, live, now);
    assert.deepEqual(made.obstacles, []);
    return { made, matrix: statesOf({ bundle, live, now }, made) };
  }

  async function states(bundle: Bundle): Promise<PlannedStates> {
    const { made, matrix } = await planned(bundle);
    assert.ok(made.states !== undefined && matrix !== undefined);
    agree(made.states, matrix);
    return made.states;
  }

  const desired = (change: Partial<TlsOnProps> = {}) => world.desired(on({ ...RESTART, ...change }));
  const rotation = async (change: Partial<TlsOnProps> = {}) => {
    await world.environment.pass(60_000);
    return desired({ issuedAfter: world.clock.now().toISOString(), ...change });
  };

  async function line(bundle: Bundle): Promise<string> {
    return statesLine(await states(bundle));
  }

  const WHOLE = /^\d+ states, every two nodes can talk in each, in whatever order nodes change and wherever the run is killed\.$/;

  test('are none if no node gets another certificate', async () => {
    const { made, matrix } = await planned(desired());
    assert.deepEqual([made.states, matrix], [undefined, undefined]);
  });

  test('of a rotation of the same root are whole, by restarts and by reloads', async () => {
    const nodes = (await world.observe(desired())).pods.length;
    const bundle = await rotation();
    const { matrix } = await planned(bundle);
    assert.equal((await states(bundle)).count, nodes + 1);
    assert.match(await line(bundle), WHOLE);
    assert.match(matrix?.states[1]?.after ?? '', / restarted$/);
    assert.deepEqual(
      matrix?.states.map((s) => s.clients.map((c) => c.from)),
      matrix?.states.map(() => ['clients']),
    );
    const byReload = await rotation({ rotation: Rotation.reload() });
    assert.match(await line(byReload), WHOLE);
  });

  test('of another root in phases include those of the phases that come after the plan', async () => {
    const bundle = world.desired(onWithNewRoot(RESTART));
    const nodes = (await world.observe(bundle)).pods.length;
    const found = await states(bundle);
    assert.deepEqual([found.count, found.later, found.verdict], [3 * nodes + 1, 2 * nodes, 'whole']);
    assert.equal(
      statesLine(found),
      `${3 * nodes + 1} states (${2 * nodes} in later phases), every two nodes can talk in each, in whatever order nodes change and wherever the run is killed.`,
    );
    const clients = (await planned(bundle)).matrix?.states.map((s) => s.clients.map(({ contacts }) => contacts.every(isGood)));
    // Clients of the old root, of the new one, of both: before, after each of the first two phases, and after the last one.
    assert.deepEqual(
      [0, nodes, 2 * nodes, 3 * nodes].map((state) => clients?.[state]),
      [
        [true, false, true],
        [true, true, true],
        [true, true, true],
        [false, true, true],
      ],
    );
  });

  test('of another root break with the first restart where nodes cannot be led to it', async () => {
    const wanted = desired({ issuer: TlsIssuer.issuer(root.name) });
    assert.match(await line(wanted), /^\d+ states \(\d+ in later phases\), every two nodes can talk in each/);
    const byKubeDb = { ...wanted, desired: { ...wanted.desired, executor: 'ops-request' as const } };
    const known = await states(await withAcknowledgements(world, byKubeDb));
    const nodes = known.count - 1;
    assert.ok(known.verdict === 'broken');
    const { state, until, why } = known.broken;
    assert.deepEqual({ state, until, why }, { state: 2, until: nodes, why: 'root' });
    assert.match(
      statesLine(known),
      /^\d+ states, and nodes cannot talk in states 2 to \d+\. State 2, .* restarted: .* refuses .*: no trusted certificate has signed it\.$/,
    );
  });

  test('of a change of protocol break with the first restart, and between two stops', async () => {
    const found = await states(world.desired(off()));
    assert.ok(found.verdict === 'broken');
    assert.deepEqual([found.broken.state, found.broken.why], [2, 'protocol']);
    assert.match(found.broken.because, /it expects (TLS|plaintext), and meets (TLS|plaintext)/);
    const inOneStop = await states(world.desired(off(), { restart: { cutover: Cutover.STOP } }));
    assert.equal(inOneStop.count, 2);
    assert.match(
      statesLine(inOneStop),
      /^2 states, every two nodes can talk in each, unless the run is killed while pods stop: then .* refuses .*: it expects (TLS|plaintext), and meets (TLS|plaintext)\.$/,
    );
  });

  test('of a bridge to another root are whole in all three rotations, and in no shorter way', async () => {
    const issuer = TlsIssuer.issuer(root.name);
    await root.signBy(OLD);
    const bridged = desired({ issuer });
    assert.match(await line(bridged), WHOLE);
    assert.deepEqual(await clientsAtTheEnd(bridged), { clients: 'accepted' });
    await world.apply(bridged);

    await root.signBySelf();
    assert.match(await line(await withAcknowledgements(world, await rotation({ issuer }))), /cannot talk in states 2 to/);
    await root.signBy(OLD);

    await root.withdrawOldRoot();
    const anchored = await rotation({ issuer });
    assert.match(await line(anchored), WHOLE);
    await world.apply(anchored);
    const back = await withAcknowledgements(world, desired());
    assert.match(await line(back), /cannot talk in states 2 to/, 'back to the old root in one rotation');

    await root.signBySelf();
    const fresh = await rotation({ issuer });
    assert.match(await line(fresh), WHOLE);
    assert.deepEqual(await clientsAtTheEnd(fresh), {
      'clients of the present root': 'refused',
      'clients of the new root': 'accepted',
      'clients of both roots': 'accepted',
    });
    await world.apply(fresh);
    assert.equal((await planned(fresh)).made.states, undefined);
  });

  async function clientsAtTheEnd(bundle: Bundle): Promise<Readonly<Record<string, string>>> {
    const { matrix } = await planned(bundle);
    const brokers = matrix?.nodes.map((name, i) => ({ name, i })).filter(({ name }) => name.includes('broker')) ?? [];
    return Object.fromEntries(
      (matrix?.states.at(-1)?.clients ?? []).map(({ from, contacts }) => {
        const kinds = new Set(brokers.map(({ i }) => contacts[i]?.kind));
        return [from, [...kinds].join()];
      }),
    );
  }

  test('are printed as tables; states that do not differ share one', async () => {
    const { matrix } = await planned(await rotation({ issuer: TlsIssuer.issuer(root.name) }));
    const text = statesText(matrix, PLAIN);
    assert.match(text, /^States 1 to \d+, from before the first change:\n {2}REACHES +orders-/);
    assert.match(text, /\n {2}orders-broker-0 .* -/);
    assert.doesNotMatch(text, /NO|\?/);
    assert.match(statesText(undefined, PLAIN), /gives no node another certificate/);
  });
});

function isGood({ kind }: Contact): boolean {
  return kind === 'accepted' || kind === 'never';
}

/** The summary looks at pairs of nodes, and the matrix at whole states: they must find the same first state that breaks. */
function agree(summary: PlannedStates, { states }: PlanStates): void {
  assert.equal(summary.count, states.length);
  const isBroken = states.map(({ nodes }) => nodes.some(({ contacts }) => contacts.some((c) => c.kind === 'refused')));
  const expected = summary.verdict === 'broken' ? [summary.broken.state, summary.broken.until] : [0, 0];
  assert.deepEqual([isBroken.indexOf(true) + 1, isBroken.lastIndexOf(true) + 1], expected);
}
