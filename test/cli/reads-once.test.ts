/** What a run asks of the API server before its first write: the bundle, one observation, and each right once. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { KubeObject } from '#model/kube-object';
import type { Cluster } from '#reconciler/ports';
import { configMapOfBundle } from '../support/bundle-text';
import { kafkaTlsIn } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { KAFKA, kafkaManifest, NAMESPACE, World } from '../support/world';

const WRITES = ['create', 'apply', 'patch', 'replace', 'evict', 'delete'];

let world: World;
afterEach(() => world.stop());

test('reads the bundle, observes and asks for each right once before the first write', async () => {
  world = await new World({ opsManager: false }).start(kafkaManifest());
  await world.settle();
  await world.cluster.create(bundleConfigMap());
  const calls: string[] = [];
  const product = recorded(world.cluster, calls);
  const ran = await kafkaTlsIn({ ...world.environment, product }, ['apply', '--config-map', `${NAMESPACE}/kafka-tls-${KAFKA}`]);
  assert.equal(ran.exitCode, 0, ran.stderr);

  const isWrite = (call: string) => WRITES.some((verb) => call.startsWith(`${verb} `));
  const [lease = -1, first = -1] = calls.flatMap((call, i) => (isWrite(call) ? [i] : []));
  assert.equal(calls[lease], 'create Lease');
  const count = (call: string, end: number) => calls.slice(0, end).filter((c) => c === call).length;
  assert.equal(count('get ConfigMap kafka-tls-orders', first), 1, 'the bundle is read once');
  assert.equal(count('list Pod', first), 1, 'the cluster is observed once');
  const rights = calls.filter((c) => c.startsWith('isAllowed'));
  assert.ok(rights.length > 10, 'a run with work asks for its rights');
  assert.deepEqual(rights, [...new Set(rights)]);
});

test('a run with nothing to do asks for no right and writes nothing', async () => {
  world = await new World({ opsManager: false }).start(kafkaManifest());
  await world.settle();
  await world.cluster.create(bundleConfigMap());
  const argv = ['apply', '--config-map', `${NAMESPACE}/kafka-tls-${KAFKA}`];
  assert.equal((await kafkaTlsIn(world.environment, argv)).exitCode, 0);
  const calls: string[] = [];
  const ran = await kafkaTlsIn({ ...world.environment, product: recorded(world.cluster, calls) }, argv);
  assert.match(ran.stdout, /nothing to do/);
  assert.deepEqual(
    calls.filter((call) => /^(isAllowed|create|apply|patch|replace|evict|delete) /.test(call)),
    [],
  );
});

function bundleConfigMap(): KubeObject {
  return configMapOfBundle(world.bundle(desiredProps('native', on()))) as KubeObject;
}

/** Returns a cluster that records each call as its verb, kind and name. A server-side dry run is not recorded. */
function recorded(cluster: Cluster, calls: string[]): Cluster {
  const methods = Object.entries(cluster).map(([verb, call]) => [
    verb,
    (...given: readonly { readonly kind?: string; readonly name?: string; readonly dryRun?: boolean }[]) => {
      const [subject, options] = given;
      const about =
        verb === 'isAllowed' ? JSON.stringify(subject) : [subject?.kind, subject?.name].filter((w) => w !== undefined).join(' ');
      if (options?.dryRun !== true) calls.push(`${verb} ${about}`);
      return verb === 'isAllowed' ? Promise.resolve(true) : call(...given);
    },
  ]);
  return Object.fromEntries(methods);
}
