/** `kafka-tls status`: a row for each Kafka, what it costs the API server, and what missing rights leave unknown. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KafkaCluster } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { LABEL_KAFKA } from '#model/names';
import { isValid } from '#model/schema';
import { FLEET_STATUS, type FleetStatus } from '#reconciler/model/fleet';
import type { Dialer } from '#reconciler/ports';
import type { Denial } from '#reconciler/sandbox/api/access';
import { createApi } from '#reconciler/sandbox/api/api';
import { Client } from '#reconciler/sandbox/client';
import { bundleConfigMap, configMapOfBundle, desiredOf } from '../support/bundle-text';
import { kafkaTls, kafkaTlsIn, type Ran } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { FakeClock } from '../support/fake-clock';
import { expectGolden } from '../support/golden';
import { clusterIn } from '../support/transports';
import { bundleOf, COMBINED, isReady, kafkaManifest, World } from '../support/world';

const denied: Denial[] = [];
const NAMESPACES = ['demo', 'prod', 'empty'];
const world = new World({ opsManager: false, sandbox: { api: { namespaces: NAMESPACES, denied } } });

before(async () => {
  await world.start(kafkaManifest(COMBINED));
  for (const [namespace, name] of [
    ['demo', 'legacy'],
    ['prod', 'orders'],
    ['prod', 'carts'],
  ]) {
    const manifest = kafkaManifest({ ...COMBINED, replicas: 1 });
    await world.cluster.create({ ...manifest, metadata: { name: name ?? '', namespace: namespace ?? '' } });
  }
  await world.until(async () => (await world.cluster.list(KINDS.Kafka, {})).every(isReady));
  const orders = world.desired(on());
  await world.apply(orders);
  await world.cluster.create(configMapOfBundle(orders));
  await world.cluster.create(configMapOfBundle(bundleIn('prod', 'orders')));
  await world.cluster.create({ ...bundleConfigMap(desiredOf({ kafka: 'carts', namespace: 'prod', executor: 'unknown' })) });
  await run('demo', 'orders', { conditions: [{ type: 'Complete', status: 'True' }], completionTime: '2026-11-23T08:30:00Z' });
  await run('prod', 'orders', {
    conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: '2026-11-23T08:40:00Z', message: 'Job has reached its limit' }],
  });
});

after(() => world.stop());

function bundleIn(namespace: string, kafka: string): Bundle {
  return bundleOf(desiredProps('native', on(), { cluster: KafkaCluster.existing(kafka) }), namespace);
}

/** Creates a Job of a Kafka, as it stands after its run. */
async function run(namespace: string, kafka: string, status: object): Promise<void> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'kafka-tls', image: 'kafka-tls' }] } };
  const metadata = { name: `kafka-tls-${kafka}-1a2b3c4d5e`, namespace, labels: { [LABEL_KAFKA]: kafka } };
  const job = await world.cluster.create({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template } });
  await world.cluster.replace({ ...job, status: { startTime: '2026-11-23T08:20:00Z', ...status } } as KubeObject, { status: true });
}

const status = (...argv: readonly string[]) => kafkaTlsIn(world.environment, ['status', ...argv]);

function read({ stdout }: Ran): FleetStatus {
  const document = JSON.parse(stdout);
  assert.ok(isValid(FLEET_STATUS, document), stdout);
  return document;
}

const namesIn = ({ kafkas }: FleetStatus) => kafkas.map(({ namespace, kafka }) => `${namespace}/${kafka}`);

describe('status', () => {
  test('shows each Kafka in a row, and exits with 1 because one differs', async () => {
    const ran = await status('-A');
    assert.equal(ran.exitCode, 1, ran.stderr);
    // The root has another key whenever the tests run.
    expectGolden('test/cli/golden/status.txt', ran.stdout.replace(/orders-ca [0-9a-f]{8}/, 'orders-ca <sha256>'));
  });

  test('prints rows for programs by its schema', async () => {
    const all = read(await status('-A', '--output', 'json'));
    assert.deepEqual(namesIn(all), ['demo/legacy', 'demo/orders', 'prod/carts', 'prod/orders']);
    const [legacy, orders, carts, pending] = all.kafkas;
    assert.deepEqual([legacy?.wanted, legacy?.stored.tls, legacy?.drift], [undefined, 'off', []]);
    assert.deepEqual([orders?.wanted?.tls, orders?.served], ['on', { tls: 6, plaintext: 0, unknown: 0 }]);
    assert.equal(orders?.stored.certificate?.fingerprint, orders?.leaf?.fingerprint);
    assert.deepEqual([orders?.lastRun?.result, orders?.lastRun?.at], ['succeeded', '2026-11-23T08:30:00Z']);
    assert.match(carts?.unknown.join() ?? '', /^ConfigMap\/prod\/kafka-tls-carts: desired.yaml: executor: /);
    assert.match(pending?.drift[0] ?? '', /^TLS is off, wanted on \(issuer /);
    assert.deepEqual([pending?.lastRun?.result, pending?.lastRun?.message], ['failed', 'Job has reached its limit']);
  });

  test('shows one namespace, by default that of the context', async () => {
    const own = await status('--output', 'json');
    assert.deepEqual([own.exitCode, namesIn(read(own))], [0, ['demo/legacy', 'demo/orders']]);
  });

  test('prints a page that needs nothing from elsewhere, and gauges for Prometheus', async () => {
    const { stdout: page } = await status('-A', '--output', 'html');
    for (const text of ['demo/orders', 'TLS is off, wanted on', '4 Kafkas in all namespaces']) assert.ok(page.includes(text), text);
    assert.doesNotMatch(page, /<script|https?:/);
    const { stdout: metrics } = await status('-A', '--output', 'prometheus');
    const sample = /^[a-z_]+(\{[a-z_]+="[^"\\]*"(,[a-z_]+="[^"\\]*")*\})? -?\d+$/;
    for (const line of metrics.trimEnd().split('\n')) assert.ok(/^# (HELP|TYPE) /.test(line) || sample.test(line), line);
    for (const line of [
      'kafka_tls_wanted{namespace="prod",kafka="orders"} 1',
      'kafka_tls_listeners{namespace="demo",kafka="orders",protocol="tls"} 6',
      'kafka_tls_last_run_seconds{namespace="prod",kafka="orders",result="failed"} 1795423200',
    ])
      assert.ok(metrics.includes(`\n${line}\n`), `${line}\n${metrics}`);
  });

  test('a certificate that a pod has not loaded is a difference', async () => {
    const subject = ref(KINDS.Certificate, 'demo', 'orders-server-cert');
    const before = (await world.cluster.get(ref(KINDS.Secret, 'demo', 'orders-server-cert')))?.metadata.resourceVersion;
    await world.askForRenewal(subject);
    await world.until(
      async () => (await world.cluster.get(ref(KINDS.Secret, 'demo', 'orders-server-cert')))?.metadata.resourceVersion !== before,
    );
    const ran = await status('--output', 'json');
    assert.equal(ran.exitCode, 1);
    assert.match(
      read(ran).kafkas[1]?.drift[0] ?? '',
      /Pod\/demo\/orders-\d: \w+: serves another certificate than Secret orders-server-cert holds/,
    );
  });
});

describe('status with rights for one namespace', () => {
  const lists = ['kafkas', 'pods', 'secrets', 'certificates', 'kafkaopsrequests', 'configmaps', 'jobs'];
  const deny = (...denials: readonly Denial[]) => denied.splice(0, denied.length, ...denials);
  after(() => deny());

  test('shows it, and says how to ask for it instead of all', async () => {
    deny(...['', 'demo'].flatMap((namespace) => lists.map((resource) => ({ verb: 'list', resource, namespace }))));
    const all = await status('-A');
    assert.deepEqual([all.exitCode, all.stdout], [1, '']);
    assert.match(all.stderr, /may not list kafkas\.kubedb\.com.*\nName a namespace that you may read with -n, instead of -A\.\n$/s);
    const one = await kafkaTlsIn({ ...world.environment, namespace: 'prod' }, ['status', '--output', 'json']);
    assert.deepEqual(namesIn(read(one)), ['prod/carts', 'prod/orders']);
  });

  for (const resource of lists.slice(1)) {
    test(`what depends on ${resource} that may not be listed is unknown, and no difference`, async () => {
      deny({ verb: 'list', resource }, ...(resource === 'secrets' ? [{ verb: 'get', resource }] : []));
      const ran = await kafkaTlsIn({ ...world.environment, namespace: 'empty' }, ['status', '--output', 'json']);
      const { isComplete, unread } = read(ran);
      assert.deepEqual([ran.exitCode, isComplete, unread.map(({ because }) => because)], [4, false, ['not permitted']]);
    });
  }

  test('without Secrets nothing is taken for a difference of certificates', async () => {
    deny({ verb: 'list', resource: 'secrets' }, { verb: 'get', resource: 'secrets' });
    const { kafkas } = read(await status('--output', 'json'));
    assert.deepEqual(kafkas[1]?.drift, []);
    assert.match(kafkas[1]?.unknown[0] ?? '', /cannot be compared with Secret orders-server-cert: not permitted/);
  });
});

test('1,100 Kafkas cost one request for each kind and page of 500, and few handshakes at a time', async () => {
  const api = createApi({ now: () => new Date('2026-11-23T09:00:00Z'), namespaces: ['default', 'demo'], admission: [] });
  const client = new Client({ send: (request) => api.handle(request), manager: 'test' });
  const running = 40;
  for (let i = 0; i < 1_100; i++) {
    const kafka = kafkaManifest({ ...COMBINED, replicas: 1 });
    await client.create({ ...kafka, metadata: { name: `k${i}`, namespace: 'demo' } });
    if (i >= running) continue;
    const labels = {
      'app.kubernetes.io/instance': `k${i}`,
      'app.kubernetes.io/managed-by': 'kubedb.com',
      'app.kubernetes.io/name': 'kafkas.kubedb.com',
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `k${i}-0`, namespace: 'demo', labels },
      spec: { containers: [{ name: 'kafka', image: 'kafka' }] },
    };
    const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await client.replaceStatus({ ...(await client.create(pod)), status: ready });
  }
  const asked: string[] = [];
  const clock = new FakeClock();
  const handle: typeof api.handle = (request) => {
    asked.push(request.path);
    return api.handle(request);
  };
  const cluster = clusterIn({ handle }, clock);
  let [now, most] = [0, 0];
  const dialer: Dialer = {
    handshake: async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      return { protocol: 'plaintext' };
    },
  };
  const connection = {
    cluster,
    dialer,
    facts: undefined as never,
    admin: undefined as never,
    namespace: 'demo',
    identity: '',
    random: () => '',
    close: () => {},
  };
  const ran = await kafkaTls(['status', '-A', '--output', 'json'], { outside: { clock, connect: async () => connection } });
  assert.equal(read(ran).kafkas.length, 1_100, ran.stderr);
  assert.equal(asked.length, 7 + 2, asked.join('\n'));
  assert.equal(read(ran).kafkas.filter(({ served }) => served.plaintext === 2).length, running);
  assert.equal(most, 16);
});
