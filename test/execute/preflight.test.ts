/** Preflight checks: one error with every blocker, before the first write. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration } from 'cdk8s';
import { Tls, TlsIssuer } from '#constructs/index';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import type { KafkaTlsError } from '#reconciler/errors';
import type { Denial } from '#reconciler/sandbox/api/access';
import { on } from '../support/desired-states';
import { COMBINED, failureOf, NAMESPACE, startPlaintext, type World, type WorldOptions } from '../support/world';

let world: World;
afterEach(() => world?.stop());

async function plaintext(executor: ExecutorName, options: WorldOptions = {}): Promise<void> {
  world = await startPlaintext(executor, { kafka: COMBINED, ...options });
}

/** Runs an `apply` that has to fail without having written anything. */
async function refused(run: Promise<unknown>): Promise<KafkaTlsError> {
  const before = await world.podUids();
  const failure = (await failureOf(run)) as KafkaTlsError;
  assert.deepEqual(world.writes, [], 'nothing was written');
  assert.deepEqual(await world.podUids(), before);
  return failure;
}

function operation(name: string, type: string): KubeObject {
  const { apiVersion, kind } = KINDS.KafkaOpsRequest;
  const spec = { type, databaseRef: { name: 'orders' }, horizontalScaling: { topology: { broker: 4 } } };
  return { apiVersion, kind, metadata: { name, namespace: world.namespace }, spec };
}

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    test('blockers that only a commit fixes are reported at once, together with those that a run would wait for', async () => {
      await plaintext(executor, { opsManager: false });
      await world.cluster.create(operation('scale-out', 'HorizontalScaling'));
      const began = world.clock.monotonicMs();
      const unacknowledged = Tls.on({ issuer: TlsIssuer.issuer('no-such-ca') });
      const failure = await refused(world.apply(world.desired(unacknowledged)));
      assert.equal(failure.exitCode, 2);
      assert.equal(failure.reasons.length, 3, failure.message);
      for (const part of [/that is not acknowledged/, /scale-out .* is not finished/, /Issuer\/demo\/no-such-ca: does not exist/])
        assert.match(failure.message, part);
      assert.ok(world.clock.monotonicMs() - began < 60_000, 'nothing was waited for');
    });

    test('every right that is missing is named in one error', async () => {
      const denied: Denial[] = [];
      await plaintext(executor, { opsManager: false, sandbox: { api: { namespaces: [NAMESPACE], denied } } });
      denied.push({ verb: 'create', resource: 'kafkaopsrequests' }, { verb: 'patch', resource: 'issuers' });
      const failure = await refused(world.apply(world.desired(on())));
      assert.equal(failure.exitCode, 4);
      assert.match(failure.message, /may not create kafkaopsrequests in demo \(needed to submit/);
      assert.match(failure.message, /may not patch issuers in demo \(needed to apply the issuers of the bundle\)/);
      assert.equal(failure.reasons.length, 2, failure.message);
    });

    test('each blocker has its deadline, and the run continues when none is left', async () => {
      await plaintext(executor, { opsManager: false });
      await world.cluster.create(operation('scale-out', 'HorizontalScaling'));
      const tls = on({ issuer: TlsIssuer.issuer('no-such-ca') });
      const deadlines = { issuance: Duration.minutes(20), foreignOperation: Duration.minutes(10) };
      const began = world.clock.monotonicMs();
      const first = await refused(world.apply(world.desired(tls, { deadlines })));
      assert.equal(first.exitCode, 4);
      assert.match(first.message, /could not begin after 10m: .*scale-out.*; Issuer\/demo\/no-such-ca: does not exist/);
      assert.equal(world.clock.monotonicMs() - began, 600_000);

      const finish = async () => {
        const request = (await world.cluster.get(world.ref(KINDS.KafkaOpsRequest, 'scale-out'))) as KubeObject;
        await world.cluster.replace({ ...request, status: { phase: 'Successful', conditions: [] } }, { status: true });
      };
      world.when('waiting', 'orders', () => void world.clock.sleep(300_000).then(finish));
      const again = world.clock.monotonicMs();
      const second = await refused(world.apply(world.desired(tls, { deadlines })));
      assert.match(second.message, /^Issuer\/demo\/no-such-ca: could not begin after 20m: does not exist/);
      assert.equal(world.clock.monotonicMs() - again, 1_200_000, 'counted from the start');
    });
  });
}
