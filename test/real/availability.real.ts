/**
 * What clients see while operations run on real Kafka, and whether it is what is promised. By default `rotate` and `add` of `native`; all of it
 * with KAFKA_TLS_TEST_AVAILABILITY=all, which `npm run test:real -- availability` sets. KAFKA_TLS_TEST_RELEASE=3 runs Kafka 3.9 instead of Kafka 4.
 *
 * A promise that depends on the machine is reported, since other suites run at the same time. `npm run availability` publishes figures.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { barsOf } from './availability/bars';
import { tasksOf } from './availability/measure';
import { OPERATIONS } from './availability/operations';
import { type Measurement, Stage } from './availability/stage';
import { apiOfSuite } from './environment';
import { type Release, versionOf } from './kafka/jars';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import { markdownTable } from './load/chart/table';
import { compiledLoad, type LoadProgram } from './load/program';

const RELEASE: Release = process.env.KAFKA_TLS_TEST_RELEASE === '3' ? 'kafka-3' : 'kafka-4';
const isWhole = process.env.KAFKA_TLS_TEST_AVAILABILITY === 'all';
/**
 * Added up from single runs, the whole takes less than 25 minutes on two idle processors. It leaves out what another operation shows: `update
 * names` is the first half of `revert names`, and nothing is promised of KubeDB alone. On Kafka 3 pods do not restart one by one when TLS is
 * added or removed: that takes minutes, and its order does not depend on the release.
 */
const WHOLE: Readonly<Record<Release, readonly string[]>> = {
  'kafka-4': OPERATIONS.map((o) => o.name).filter((name) => name !== 'update names'),
  'kafka-3': ['rotate by reload', 'rotate', 'update issuer, other root', 'remove, stop', 'add, stop'],
};
const TASKS = isWhole
  ? [...tasksOf(WHOLE[RELEASE], ['native']), ...tasksOf(['rotate'], ['ops-request'])]
  : tasksOf(['rotate', 'add, stop'], ['native']);

const program = compiledLoad(RELEASE);
const missing = 'missing' in program ? program.missing : WITHOUT_KUBEDB;

describe(`availability on Kafka ${versionOf(RELEASE)}`, { skip: missing, concurrency: false, timeout: 3_600_000 }, () => {
  const api = apiOfSuite();
  for (const executor of ['native', 'ops-request'] as const) {
    const tasks = TASKS.filter(({ actor }) => (actor === 'native') === (executor === 'native'));
    if (tasks.length === 0) continue;
    describe(executor === 'native' ? 'without an ops-manager' : 'with an ops-manager', () => {
      let stage: Stage;
      before(async () => {
        stage = await Stage.start({ api: api(), executor, release: RELEASE, program: program as LoadProgram });
      });
      after(() => stage?.stop());

      for (const { operation, actor } of tasks) {
        test(`${operation.name}, ${actor}`, async (t) => {
          await stage.arrange(operation);
          const measured = await stage.measure(operation, actor);
          t.diagnostic(markdownTable([measured.run]).split('\n')[2] ?? '');
          assert.deepEqual(measured.stale, [], 'every listener serves the content of its Secret');
          const bars = barsOf(operation, measured.run);
          for (const { promise, measured: figures, isKept } of bars) if (!isKept) t.diagnostic(`not kept: ${promise}: ${figures}`);
          if (actor === 'KubeDB alone') return;
          assert.deepEqual(
            bars.filter((b) => !b.isKept && b.dependsOnMachine !== true).map((b) => `${b.promise}: ${b.measured}`),
            [],
          );
          const isRoll = operation.from === 'tls' && !operation.isCutover && operation.isWithoutRestart !== true;
          if (actor === 'native' && isRoll) assertActiveControllerLast(measured);
        });
      }
    });
  }
});

/** Of several rotations the first is judged, since the active controller of the beginning is known. A reverted one is not whole. */
function assertActiveControllerLast({ operation, order, activeController }: Measurement): void {
  if (operation.isReverted === true) return;
  const rotation = order.slice(0, new Set(order).size);
  const controllers = rotation.filter((pod) => pod.includes('-controller-'));
  assert.deepEqual(rotation.slice(0, controllers.length), controllers, 'controllers restart before brokers');
  assert.equal(controllers.at(-1), activeController, 'the active controller restarts last of them');
}
