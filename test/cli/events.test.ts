/** Traces of a run for users of kubectl: Events on the Kafka and its requests, and the result of the run in the status of its pod. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { Size } from 'cdk8s';
import { KafkaCluster, type Tls } from '#constructs/index';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { EVENT_REASONS } from '#reconciler/cluster/events';
import type { Denial } from '#reconciler/sandbox/api/access';
import { untyped } from '#test/support/untyped';
import { bundleFile, configMapOfBundle, yaml } from '../support/bundle-text';
import { kafkaTlsIn, type Ran } from '../support/command-line';
import { desiredProps, off, on } from '../support/desired-states';
import { KAFKA, kafkaManifest, NAMESPACE, World } from '../support/world';

const folder = mkdtempSync(path.join(tmpdir(), 'told-'));
const BUNDLE = path.join(folder, 'bundle.yaml');
const TERMINATION_LOG = path.join(folder, 'termination-log');
let world: World;
afterEach(() => world?.stop());
after(() => rmSync(folder, { recursive: true, force: true }));

async function start(executor: ExecutorName, denied: readonly Denial[] = []): Promise<void> {
  const api = { namespaces: [NAMESPACE], denied };
  world = await new World({ opsManager: capabilitiesOf({ executor }).needsOpsManager, sandbox: { api } }).start(kafkaManifest());
  await world.settle();
}

function apply(executor: ExecutorName, tls: Tls, log = TERMINATION_LOG): Promise<Ran> {
  const bundle = bundleFile(BUNDLE, world.bundle(desiredProps(executor, tls)));
  return kafkaTlsIn(world.environment, ['apply', '-f', bundle, '--termination-log', log]);
}

/** Reasons of the Events about an object, in their order. */
async function reasonsOf(about: KubeObject | undefined): Promise<readonly string[]> {
  const events = await world.cluster.list(KINDS.Event, { namespace: world.namespace });
  return events.filter((e) => untyped(e.involvedObject).uid === about?.metadata.uid).map((e) => String(e.reason));
}

const events = () => world.cluster.list(KINDS.Event, { namespace: world.namespace });
const ended = () => readFileSync(TERMINATION_LOG, 'utf8');

for (const executor of ['native', 'ops-request'] as const) {
  describe(executor, () => {
    test('writes Events on the Kafka, with the name of each pod, and on the request', async () => {
      await start(executor);
      const { exitCode } = await apply(executor, on());
      assert.equal(exitCode, 0);
      const told = await reasonsOf(await world.kafka());
      for (const reason of ['Planned', 'Submitted', 'Issued', 'Restarting', 'Restarted', 'Finished'])
        assert.ok(told.includes(reason), reason);
      assert.ok((await events()).some((e) => e.reason === 'Restarting' && untyped(e.message).startsWith(`Pod ${KAFKA}-broker-2: `)));
      assert.ok((await reasonsOf((await world.requests())[0])).includes('Submitted'));
      const closed: readonly string[] = Object.values(EVENT_REASONS);
      assert.deepEqual(
        (await events()).filter((e) => !closed.includes(untyped(e.reason)) || e.type !== 'Normal').map((e) => e.reason),
        [],
      );
      assert.equal(ended(), 'TLS is as desired');
    });

    test('a run with nothing to do writes no Event', async () => {
      await start(executor);
      await apply(executor, on());
      const before = (await events()).length;
      await apply(executor, on());
      assert.equal((await events()).length, before);
      assert.equal(ended(), 'nothing to do');
    });

    test('a run without the right to write Events does its work and tries once', async () => {
      await start(executor, [{ verb: 'create', resource: 'events' }]);
      const { exitCode, stderr } = await apply(executor, on());
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(await events(), []);
    });
  });
}

test('a Kafka that the run creates gets Events once it exists', async () => {
  world = await new World({ opsManager: false }).start();
  const storage = Size.gibibytes(1);
  const cluster = KafkaCluster.combined({ name: KAFKA, version: '4.2.0', replicas: 3, storage });
  const bundle = bundleFile(BUNDLE, world.bundle({ ...desiredProps('native', on()), cluster }));
  const { exitCode, stderr } = await kafkaTlsIn(world.environment, ['apply', '-f', bundle]);
  assert.equal(exitCode, 0, stderr);
  assert.ok((await reasonsOf(await world.kafka())).includes('Finished'));
});

const ENDS: readonly (readonly [name: string, reason: string, exitCode: number, says: RegExp, denied?: readonly Denial[]])[] = [
  ['fails', 'Failed', 1, /orders-controller-1/],
  ['is blocked', 'Blocked', 4, /may not patch issuers in demo/, [{ verb: 'patch', resource: 'issuers' }]],
];
for (const [name, reason, exitCode, says, denied] of ENDS) {
  test(`a run that ${name} reports the reason`, async () => {
    await start('native', denied);
    await world.annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-controller-1` });
    const ran = await apply('native', on());
    assert.equal(ran.exitCode, exitCode, ran.stderr);
    const last = (await events()).find((e) => e.reason === reason) as KubeObject;
    assert.equal(last.type, 'Warning');
    assert.match(untyped(last.message), says);
    assert.match(ended(), says);
  });
}

test('the status of the pod holds the violations of a refused bundle', async () => {
  world = new World();
  const configMap = configMapOfBundle(world.bundle(desiredProps('native', off())));
  writeFileSync(BUNDLE, yaml({ ...configMap, metadata: { ...configMap.metadata, namespace: 'other' } }));
  const { exitCode } = await kafkaTlsIn(world.environment, ['apply', '-f', BUNDLE, '--termination-log', TERMINATION_LOG]);
  assert.equal(exitCode, 2);
  assert.match(ended(), /namespace is demo, but the ConfigMap is in other/);
});

test('a termination log that cannot be written does not fail the run', async () => {
  await start('native');
  assert.equal((await apply('native', off(), path.join(folder, 'none', 'log'))).exitCode, 0);
});
