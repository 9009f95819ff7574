/** Acknowledgements that stay in Git: each approves one change, the first run decides like every later one, and a revert needs none. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Acknowledgement, Tls, TlsIssuer } from '#constructs/index';
import { EXECUTORS } from '#model/desired';
import { refOf } from '#model/kube-object';
import { assertConverged } from '../support/converged';
import { COMBINED, failureOf, startPlaintext, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

/** What an app gathers in the course of time. */
const LEFT_BEHIND = [
  Acknowledgement.clientsMoveToTls(),
  Acknowledgement.clientsLeaveTls(),
  Acknowledgement.trustRootChangesTo('orders-ca'),
  Acknowledgement.trustRootChangesTo('orders-ca-2'),
];
const NAMED = { server: { dnsNames: ['kafka.example.org'] } };
const on = (ca = 'orders-ca', change: object = {}) =>
  Tls.on({ issuer: TlsIssuer.selfSignedCa({ name: ca }), acknowledge: LEFT_BEHIND, ...change });
const off = () => Tls.off({ acknowledge: LEFT_BEHIND });

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    const start = async () => {
      world = await startPlaintext(executor, { kafka: COMBINED });
    };
    const apply = async (tls: Tls) => {
      await world.apply(world.desired(tls));
      await world.environment.pass(60_000);
    };
    /** Two runs refuse it alike, and touch nothing; a change of root is done up to its last phase. Returns what they ask for. */
    const refused = async (tls: Tls, exitCode = 2): Promise<string> => {
      const before = await world.podUids();
      const first = await failureOf(world.apply(world.desired(tls)));
      const pods = await world.podUids();
      if (exitCode === 2) assert.deepEqual(pods, before);
      const runs = [first, await failureOf(world.apply(world.desired(tls)))];
      assert.deepEqual(
        runs.map((r) => r.exitCode),
        [exitCode, exitCode],
      );
      assert.equal(runs[0]?.hint, runs[1]?.hint);
      assert.deepEqual(await world.podUids(), pods);
      return runs[0]?.hint ?? '';
    };
    const deleteRequests = async () => {
      for (const request of await world.requests()) await world.delete(refOf(request));
    };

    test('what was left behind approves no second change in the same direction', async () => {
      await start();
      await apply(on());
      await apply(off());
      const hint = await refused(on('orders-ca', NAMED));
      const [, content] = /Acknowledgement\.clientsMoveToTls\('([0-9a-f]{8})'\)/.exec(hint) ?? [];
      assert.ok(content !== undefined, hint);
      const acknowledge = [...LEFT_BEHIND, Acknowledgement.clientsMoveToTls(content)];
      await apply(on('orders-ca', { ...NAMED, acknowledge }));
      await assertConverged(world, world.desired(on('orders-ca', NAMED)));
    });

    test('to and fro by reverts nothing is asked for, also when all requests were deleted', async () => {
      await start();
      const [plain, tls] = [Tls.off(), Tls.on({ issuer: TlsIssuer.selfSignedCa() })];
      await apply(Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: [Acknowledgement.clientsMoveToTls()] }));
      for (const reverted of [plain, tls, plain]) {
        await deleteRequests();
        await apply(reverted);
        await assertConverged(world, world.desired(reverted));
      }
    });

    test('a change of root is reverted without a word, and the name of its issuer approves it once', async () => {
      await start();
      await apply(on());
      await apply(on('orders-ca-2'));
      await deleteRequests();
      await apply(Tls.on({ issuer: TlsIssuer.selfSignedCa() }));
      await assertConverged(world, world.desired(on()));
      // Forth again is a revert, too; but not after something else has come between.
      await apply(on('orders-ca-3', { acknowledge: [Acknowledgement.trustRootChangesTo('orders-ca-3')] }));
      assert.match(await refused(on('orders-ca-2'), 4), /Acknowledgement\.trustRootChangesTo\('[0-9a-f]{64}'\)/);
    });
  });
}
