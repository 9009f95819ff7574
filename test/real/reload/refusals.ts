/**
 * Certificates that a running node does not load. It keeps its previous one on every listener, the reason is shown, and its pod alone restarts,
 * or none where `otherwise` is FAIL. Some changes are never tried: the plan knows that Kafka would refuse them.
 */
import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import { Duration } from 'cdk8s';
import { Rotation, RotationFallback } from '#constructs/index';
import type { Plan } from '#reconciler/model/plan';
import { assertDone } from '../../support/converged';
import { onWithNewRoot } from '../../support/desired-states';
import { assertFails, KAFKA } from '../../support/world';
import type { Place } from './place';
import { createOthers, PLANTED, type Planted, plant } from './planted';

const pod = (role: 'broker' | 'controller', i: number) => `${KAFKA}-${role}-${i}`;
/** How long a controller may take: it does not report that it refuses a certificate. */
const PATIENCE = { deadlines: { podReady: Duration.seconds(45) } };

type Plants = readonly (readonly [pod: string, Planted])[];
const FIRST: Plants = [
  [pod('broker', 0), PLANTED.garbage],
  [pod('broker', 1), PLANTED.password],
  [pod('broker', 2), PLANTED.subject],
  [pod('controller', 0), PLANTED.names],
  [pod('controller', 1), PLANTED.issuer],
];
const SECOND: Plants = [
  [pod('broker', 0), PLANTED.names],
  [pod('broker', 1), PLANTED.issuer],
  [pod('controller', 0), PLANTED.garbage],
  [pod('controller', 1), PLANTED.password],
  [pod('controller', 2), PLANTED.subject],
];

export function refusals(place: () => Place): void {
  before(() => createOthers(place()));
  afterEach(() => place().environment.kubelet.held.clear());

  test(`of ${namesOf(FIRST)} leave the previous certificate served, and restart these pods alone`, async () => {
    const found = place();
    const issuedAfter = await refused(found, FIRST);
    const before = await found.incarnations();
    const bundle = found.desired({ issuedAfter });
    assertRestarts(await found.plan(bundle), FIRST);
    found.forget();
    await found.world.apply(bundle);
    const pods = FIRST.map(([name]) => name);
    assert.deepEqual([...found.world.evicted].sort(), [...pods].sort());
    const now = await found.incarnations();
    assert.deepEqual(
      Object.keys(now)
        .filter((name) => now[name] !== before[name])
        .sort(),
      [...pods].sort(),
    );
    await found.assertServed(await found.issued());
    await assertDone(found.world, bundle);
  });

  test(`of ${namesOf(SECOND)} count for this certificate only`, async () => {
    const found = place();
    const issuedAfter = await refused(found, SECOND);
    assertRestarts(await found.plan(found.desired({ issuedAfter })), SECOND);
    const before = await found.incarnations();
    found.environment.kubelet.held.clear();
    const next = await found.rotation();
    found.forget();
    await found.world.apply(next);
    assert.equal(found.reloaded.length, 6);
    assert.deepEqual(found.warnings, []);
    assert.deepEqual(await found.incarnations(), before, 'no pod and no process restarted');
    await found.assertServed(await found.issued());
    await assertDone(found.world, next);
  });

  test('are foreseen: a change of subject, of names or of the CA is no reload in the plan', async () => {
    const found = place();
    const { world } = found;
    const changes = {
      subject: found.desired({ server: { subject: { organizations: ['another'] } } }),
      names: found.desired({ server: { dnsNames: ['kafka.example.org'] } }),
      CA: world.desired(onWithNewRoot({ rotation: Rotation.reload() })),
    };
    for (const [change, bundle] of Object.entries(changes)) {
      const { steps, obstacles } = await found.plan(bundle);
      assert.deepEqual(obstacles, [], change);
      assert.ok(!steps.some((s) => s.kind === 'reload'), change);
      assert.equal(steps.flatMap((s) => (s.kind === 'evict' ? s.pods : [])).length, 6, change);
    }
  });
}

/** A rotation that may restart no pod. Asserts what is served and reported when it has failed, and returns its instant. */
async function refused(place: Place, plants: Plants): Promise<string> {
  const { world, environment } = place;
  const refusing = plants.map(([name]) => name);
  const old = await place.issued();
  const before = await place.served(refusing);
  const incarnations = await place.incarnations();
  const logs = new Map(plants.map(([name]) => [name, place.logOf(name).length]));
  for (const [name, planted] of plants) await plant(place, name, planted);
  const issuedAfter = await place.instant();
  place.forget();
  const bundle = place.desired({ issuedAfter, rotation: Rotation.reload({ otherwise: RotationFallback.FAIL }) }, PATIENCE);
  const error = await assertFails(world.apply(bundle), 1, /their pods must not restart for it/);
  const fresh = await place.issued();
  assert.notEqual(fresh, old);
  assert.deepEqual(await place.served(refusing), before, 'the previous certificate is served on every listener');
  await place.assertServed(
    fresh,
    environment
      .pods()
      .map((p) => p.name)
      .filter((name) => !refusing.includes(name)),
  );
  assert.deepEqual(await place.incarnations(), incarnations, 'no pod and no process restarted');
  for (const [name, { name: content, refusal }] of plants) {
    const reason = error.message.slice(error.message.indexOf(`${name}: did not load it: `));
    if (name.includes('-broker-')) assert.match(reason.split('; ')[0] ?? '', refusal, `${content}: the broker's reason is shown`);
    else assert.match(reason.split('; ')[0] ?? '', /serves another certificate than Secret .* holds after 45 s/, content);
    if (!name.includes('-broker-'))
      assert.ok(refusal.test(place.logOf(name).slice(logs.get(name))), `${content}: Kafka logs why it refused it`);
    assert.equal(place.warnings.filter((w) => w.startsWith(`${name} did not load its certificate: `)).length, 1, content);
  }
  return issuedAfter;
}

/** Asserts that the plan restarts the pods of these nodes alone, and gives each refusal as a reason. */
function assertRestarts({ steps }: Plan, plants: Plants): void {
  const restarts = steps.flatMap((s) => (s.kind === 'evict' ? s.pods : []));
  assert.deepEqual(restarts.map((r) => r.subject.name).sort(), plants.map(([name]) => name).sort());
  for (const { subject, findings } of restarts)
    assert.ok(
      findings.some((f) => f.reason === 'NodeCannotReload' && /did not load it/.test(f.message)),
      `${subject.name}: ${JSON.stringify(findings)}`,
    );
  assert.ok(!steps.some((s) => s.kind === 'reload'));
}

function namesOf(plants: Plants): string {
  return plants.map(([name, planted]) => `${planted.name} (${name})`).join(', ');
}
