/** An ephemeral Kafka loses its data in a cut-over, and only if that was acknowledged; a gated roll keeps it. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Acknowledgement, Cutover, type Tls } from '#constructs/index';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { NOTHING_TO_DO } from '../support/converged';
import { off, on, onByRestart } from '../support/desired-states';
import { assertFails, COMBINED, failureOf, KAFKA, type MemoryEnvironment, NAMESPACE, startPlaintext, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

/** A Kafka without TLS, whose storage goes with its pods. */
async function started(executor: ExecutorName, storageType = 'Ephemeral'): Promise<void> {
  world = await startPlaintext(executor, { kafka: { ...COMBINED, storageType } });
}

const losses = () => (world.environment as MemoryEnvironment).sandbox.losses(NAMESPACE, KAFKA);
const NONE = { metadata: 0, partitions: 0 };

/** Applies what is wanted with what its refusal asks for. */
async function applyAcknowledged(tls: (acknowledge: Acknowledgement[]) => Tls, cutover = Cutover.ROLLING): Promise<void> {
  const bundle = (...acknowledge: Acknowledgement[]) => world.desired(tls(acknowledge), { restart: { cutover } });
  const pods = await world.podUids();
  const refused = await assertFails(
    world.apply(bundle()),
    2,
    /topics, offsets, ACLs, SCRAM users and KRaft metadata are lost, and that is not acknowledged/,
  );
  assert.deepEqual(await world.podUids(), pods, 'nothing was touched');
  const [, content = ''] = /ephemeralDataIsLost\('([^']+)'\)/.exec(refused.hint ?? '') ?? [];
  await world.apply(bundle(Acknowledgement.ephemeralDataIsLost(content)));
}

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    const turnOn = (acknowledge: Acknowledgement[]) => on({ acknowledge: [Acknowledgement.clientsMoveToTls(), ...acknowledge] });

    test('TLS is turned on: refused until the loss is acknowledged, and then the data is gone', async () => {
      await started(executor);
      await applyAcknowledged(turnOn);
      assert.equal(losses().metadata, 1);
      assert.deepEqual(await world.apply(world.desired(on())), NOTHING_TO_DO);
    });

    test('a revert loses the data that came since, and is refused again', async () => {
      await started(executor);
      await applyAcknowledged(turnOn);
      const refused = await failureOf(world.apply(world.desired(off())));
      assert.equal(refused.exitCode, 2);
      assert.match(
        refused.hint ?? '',
        /^If the data may be lost, add acknowledge: \[Acknowledgement\.ephemeralDataIsLost\('[0-9a-f]{8}-2'\)\]/,
      );
      assert.equal(losses().metadata, 1);
    });

    test('a cut-over of a durable Kafka loses nothing', async () => {
      await started(executor, 'Durable');
      await world.apply(world.desired(on()));
      assert.deepEqual(losses(), NONE);
    });
  });
}

describe('executor native', () => {
  test('all pods at once lose the data, too', async () => {
    await started('native');
    await applyAcknowledged((acknowledge) => on({ acknowledge: [Acknowledgement.clientsMoveToTls(), ...acknowledge] }), Cutover.STOP);
    assert.equal(losses().metadata, 1);
  });

  test('a run that continues a killed cut-over needs no second acknowledgement', async () => {
    await started('native');
    const content = /ephemeralDataIsLost\('([^']+)'\)/.exec((await failureOf(world.apply(world.desired(on())))).hint ?? '')?.[1];
    const bundle = world.desired(
      on({ acknowledge: [Acknowledgement.clientsMoveToTls(), Acknowledgement.ephemeralDataIsLost(content ?? '')] }),
    );
    world.when('evicted', `${KAFKA}-2`, () => {
      throw new Error('killed');
    });
    await assert.rejects(world.apply(bundle), /killed/);
    world.onEvent = undefined;
    assert.deepEqual(await world.apply(world.desired(on())), { changed: true, message: 'TLS is as desired' });
  });

  test('a gated roll keeps the data of an ephemeral Kafka', async () => {
    await started('native');
    await applyAcknowledged((acknowledge) => on({ acknowledge: [Acknowledgement.clientsMoveToTls(), ...acknowledge] }));
    await world.environment.pass(86_400_000);
    const before = losses();
    const pods = await world.podUids();
    await world.apply(world.desired(onByRestart({ issuedAfter: world.clock.now().toISOString() })));
    assert.deepEqual(losses(), before);
    for (const [pod, uid] of Object.entries(await world.podUids())) assert.notEqual(uid, pods[pod]);
  });
});
