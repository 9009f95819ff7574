/**
 * All scenarios on a real API server with real cert-manager, through both executors, as the ServiceAccount and with the Role that the
 * constructs emit. What no registry has is stood in for: KubeDB's operators and kubelets.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { App, Chart, Testing } from 'cdk8s';
import { KafkaTls } from '#constructs/index';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { bundleName } from '#model/names';
import { systemClock } from '#reconciler/cluster/system-clock';
import { untyped } from '#test/support/untyped';
import { kafkaTls } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { scenarios } from '../support/scenarios';
import { hasCondition, KAFKA, kafkaManifest, World, type WorldOptions } from '../support/world';
import { idleIn, type Rule } from './asked';
import { accessOf, type RealEnvironment, realEnvironments } from './environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';

const OLD_JOB = 'kafka-tls-orders-old';

/** What is allowed for situations that no scenario has, and why. */
const ELSEWHERE: readonly (readonly [ExecutorName, string, string])[] = [
  ['native', 'watch poddisruptionbudgets', 'a budget that refuses an eviction is watched; here none does'],
  ['ops-request', 'patch kafkas', 'a Kafka that has no pods yet is patched; here they come at once'],
];

describe('on a real API server', { skip: WITHOUT_KUBEDB }, () => {
  const environments = realEnvironments();
  for (const executor of ['native', 'ops-request'] as const) {
    const environment = (options: WorldOptions): RealEnvironment => environments().environment(executor, options);
    scenarios(executor, environment, { canSkipDays: false });

    test(`the command of ${executor} does it as its Job would, with the bundle from its ConfigMap`, async () => {
      const world = new World({ opsManager: capabilitiesOf({ executor }).needsOpsManager }, environment);
      await world.start(kafkaManifest());
      await world.settle();
      const { stdout, stderr, exitCode } = await command(world, executor);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /finished/);
      assert.equal(await world.cluster.get(world.ref(KINDS.Job, OLD_JOB)), undefined, 'the Job of an earlier content is gone');
      await world.stop();
    });

    test(`the Role of ${executor} allows nothing that was never asked for`, () => {
      const rules: readonly Rule[] = accessOf(executor, 'demo').flatMap((o) => (o.kind === 'Role' ? untyped(o.rules) : []));
      const idle = idleIn(rules, environments().asked[executor]).filter(
        (line) => !ELSEWHERE.some(([of, known]) => of === executor && known === line),
      );
      assert.deepEqual(idle, []);
    });
  }
});

/** Runs `kafka-tls apply` as the ServiceAccount, where a Job of an earlier content has ended. */
async function command(world: World, executor: ExecutorName) {
  const { product, dialer, facts, admin, namespace } = world.environment as RealEnvironment;
  const chart = new Chart(new App(), 'chart', { namespace });
  new KafkaTls(chart, 'tls', desiredProps(executor, on(), { job: { image: `kafka-tls@sha256:${'0'.repeat(64)}` } }));
  const isOne = (kind: string) => (object: KubeObject) => object.kind === kind;
  const [configMap, job] = [Testing.synth(chart).find(isOne('ConfigMap')), Testing.synth(chart).find(isOne('Job'))];
  await world.cluster.create(configMap);
  const old = { ...job, metadata: { ...job.metadata, name: OLD_JOB }, spec: { ...job.spec, activeDeadlineSeconds: 1 } };
  await world.cluster.create(old);
  await world.until(async () => hasCondition(await world.cluster.get(world.ref(KINDS.Job, OLD_JOB)), 'Failed'));
  const connection = {
    cluster: product,
    dialer,
    facts,
    admin,
    namespace,
    random: () => 'x'.repeat(24),
    identity: 'the Job',
    server: '',
    close: () => {},
  };
  return kafkaTls(['apply', '--config-map', `${namespace}/${bundleName(KAFKA)}`], {
    outside: { clock: systemClock, connect: async () => connection },
  });
}
