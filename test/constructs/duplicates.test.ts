/** Two KafkaTls of one app: names that both would use are refused, with the path of the other construct. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { App, Chart, Duration, JsonPatch, YamlOutputType } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import { ClientCertificate, KafkaCluster, KafkaTls, Tls, TlsIssuer } from '#constructs/index';
import type { KubeObject } from '#model/kube-object';
import { JOB, kafkaTls as kafkaTlsIn, refusals } from './app-builder';

/** What the second KafkaTls is told about an Issuer that the first one makes. */
const taken = (issuer: string) =>
  `[b/parcels] Issuer/demo/${issuer}: KafkaTls a/orders makes it already, and only one may own it. Refer to it in b/parcels with TlsIssuer.issuer('${issuer}').`;

const CASES: readonly (readonly [name: string, orders: TlsIssuer, parcels: TlsIssuer, says: readonly string[]])[] = [
  ['an Issuer for one CA Secret', TlsIssuer.caSecret('corp-ca'), TlsIssuer.caSecret('corp-ca'), [taken('corp-ca')]],
  [
    'one self-signed CA, reported once for all its objects',
    TlsIssuer.selfSignedCa({ name: 'kafka-ca' }),
    TlsIssuer.selfSignedCa({ name: 'kafka-ca', duration: Duration.days(3650) }),
    [taken('kafka-ca')],
  ],
  [
    'a self-signed CA under the name of the Issuer of a Secret',
    TlsIssuer.caSecret('corp', { name: 'corp-ca' }),
    TlsIssuer.selfSignedCa({ name: 'corp-ca' }),
    [taken('corp-ca')],
  ],
  [
    'an Issuer whose name ends like that of a self-signed CA',
    TlsIssuer.caSecret('x-selfsigned'),
    TlsIssuer.caSecret('x-selfsigned'),
    [taken('x-selfsigned')],
  ],
  ['a separate CA each', TlsIssuer.selfSignedCa(), TlsIssuer.selfSignedCa(), []],
  ['a CA that one makes and the other refers to', TlsIssuer.caSecret('corp-ca'), TlsIssuer.issuer('corp-ca'), []],
  ['one ClusterIssuer', TlsIssuer.clusterIssuer('corp-ca'), TlsIssuer.clusterIssuer('corp-ca'), []],
];

/** Two Kafkas, in one chart or in two of one app. */
function build(orders: TlsIssuer, parcels: TlsIssuer, namespaces: readonly [string, string] = ['demo', 'demo']) {
  const app = new App();
  const charts = namespaces.map((namespace, i) => new Chart(app, 'ab'[i] ?? '', { namespace }));
  const [a, b] = charts as [Chart, Chart];
  const kafkas = [
    new KafkaTls(a, 'orders', { cluster: KafkaCluster.existing('orders'), tls: Tls.on({ issuer: orders }) }),
    new KafkaTls(b, 'parcels', { cluster: KafkaCluster.existing('parcels'), tls: Tls.on({ issuer: parcels }) }),
  ] as const;
  return { a, b, kafkas };
}

for (const [name, orders, parcels, says] of CASES) {
  test(`two KafkaTls: ${name}`, () => assert.deepEqual(refusals(build(orders, parcels).b), says));
}

test('two KafkaTls of one chart are held against each other, too', () => {
  const chart = new Chart(new App(), 'all', { namespace: 'demo' });
  for (const name of ['orders', 'parcels']) {
    new KafkaTls(chart, name, { cluster: KafkaCluster.existing(name), tls: Tls.on({ issuer: TlsIssuer.caSecret('corp-ca') }) });
  }
  assert.deepEqual(
    refusals(chart).map((line) => line.split(':')[0]),
    ['[all/parcels] Issuer/demo/corp-ca'],
  );
});

test('the same names in two namespaces are two CAs', () => {
  const { b } = build(TlsIssuer.caSecret('corp-ca'), TlsIssuer.caSecret('corp-ca'), ['demo', 'prod']);
  assert.deepEqual(refusals(b), []);
});

test('a KafkaTls that was removed owns nothing', () => {
  const { a, b } = build(TlsIssuer.caSecret('corp-ca'), TlsIssuer.caSecret('corp-ca'));
  a.node.tryRemoveChild('orders');
  assert.deepEqual(refusals(b), []);
});

test('two certificates of applications under one name', () => {
  const { b, kafkas } = build(TlsIssuer.selfSignedCa(), TlsIssuer.selfSignedCa());
  for (const kafkaTls of kafkas) new ClientCertificate(kafkaTls, 'billing', { kafkaTls, name: 'billing' });
  assert.deepEqual(refusals(b), [
    '[b/parcels] Certificate/demo/billing: KafkaTls a/orders makes it already, and only one may own it. Give it another name in b/parcels.',
  ]);
});

test('one Secret for the certificates of two Kafkas, or of a Kafka and an application', () => {
  const app = new App();
  const chart = new Chart(app, 'all', { namespace: 'demo' });
  const make = (name: string, secretName: string) =>
    new KafkaTls(chart, name, {
      cluster: KafkaCluster.existing(name),
      tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('corp'), server: { secretName } }),
    });
  make('orders', 'kafka-tls');
  const parcels = make('parcels', 'kafka-tls');
  new ClientCertificate(chart, 'billing', { kafkaTls: parcels, name: 'billing', secretName: 'orders-client-cert' });
  const makesIt = 'KafkaTls all/orders makes it already, and only one may own it. Give it another name in all/parcels.';
  assert.deepEqual(refusals(chart), [
    `[all/parcels] Secret/demo/kafka-tls: ${makesIt}`,
    `[all/parcels] Secret/demo/orders-client-cert: ${makesIt}`,
  ]);
});

test('two ClusterRoles of one name, from other namespaces', () => {
  const app = new App();
  const make = (namespace: string, name: string) => {
    const tls = Tls.on({ issuer: TlsIssuer.clusterIssuer('corp') });
    const chart = new Chart(app, namespace, { namespace });
    return { chart, kafkaTls: new KafkaTls(chart, name, { cluster: KafkaCluster.existing(name), tls, job: JOB }) };
  };
  make('team', 'a-orders');
  const { chart, kafkaTls } = make('team-a', 'orders');
  assert.match(
    refusals(chart).join('\n'),
    /^\[team-a\/orders\] ClusterRole\/kafka-tls-team-a-orders: KafkaTls team\/a-orders makes one of this name already/,
  );
  const rename = (path: string) => JsonPatch.replace(path, 'kafka-tls-orders-of-team-a');
  kafkaTls.access?.clusterRole?.addJsonPatch(rename('/metadata/name'));
  kafkaTls.access?.clusterRoleBinding?.addJsonPatch(rename('/metadata/name'), rename('/roleRef/name'));
  assert.deepEqual(refusals(chart), []);
});

test('refuses the same Kafka twice, and names the other place', () => {
  const app = new App();
  const [a, b] = [new Chart(app, 'a', { namespace: 'demo' }), new Chart(app, 'b', { namespace: 'demo' })];
  kafkaTlsIn(a);
  kafkaTlsIn(b);
  const found = refusals(a);
  assert.equal(found.length, 2);
  assert.match(found[0] ?? '', /^\[a\/orders\] Kafka\/demo\/orders: another KafkaTls of this app, b\/orders, is about the same Kafka/);
  assert.match(found[0] ?? '', /For several clusters make an App for each, new App\(\{ outdir: 'dist\/prod' \}\)\.$/);
});

test('takes an App for each cluster, as it tells users to make', () => {
  for (const outdir of ['dist/dev', 'dist/prod']) {
    const chart = new Chart(new App({ outdir }), 'a', { namespace: 'demo' });
    kafkaTlsIn(chart);
    assert.deepEqual(refusals(chart), []);
  }
});

const outputs: readonly { readonly name: keyof typeof YamlOutputType; readonly isRefused: boolean }[] = [
  { name: 'FILE_PER_APP', isRefused: false },
  { name: 'FILE_PER_CHART', isRefused: false },
  { name: 'FILE_PER_RESOURCE', isRefused: true },
  { name: 'FOLDER_PER_CHART_FILE_PER_RESOURCE', isRefused: false },
];
for (const { name, isRefused } of outputs) {
  test(`Kafkas of one name in two namespaces are ${isRefused ? 'refused' : 'both in the output'} with ${name}`, (t) => {
    const outdir = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
    t.after(() => rmSync(outdir, { recursive: true, force: true }));
    const app = new App({ outdir, yamlOutputType: YamlOutputType[name] });
    for (const namespace of ['payments', 'shipping']) kafkaTlsIn(new Chart(app, namespace, { namespace }), { job: JOB });
    if (isRefused) {
      const found = app.charts.slice(0, 1).flatMap(refusals);
      assert.equal(found.length, 2);
      assert.match(
        found[0] ?? '',
        /^\[payments\/orders\] Kafka\/payments\/orders: its files would be overwritten: shipping\/orders is about a Kafka of the same name/,
      );
      assert.match(found[0] ?? '', /Use YamlOutputType\.FOLDER_PER_CHART_FILE_PER_RESOURCE or FILE_PER_CHART/);
      return;
    }
    app.synth();
    const texts = readdirSync(outdir, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => readFileSync(path.join(outdir, file), 'utf8'));
    const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject));
    const inNamespace = (namespace: string) =>
      objects
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map(({ kind }) => kind)
        .sort();
    assert.equal(inNamespace('payments').length, 7);
    assert.deepEqual(inNamespace('shipping'), inNamespace('payments'));
  });
}

test('takes FILE_PER_RESOURCE for Kafkas of different names', () => {
  const app = new App({ yamlOutputType: YamlOutputType.FILE_PER_RESOURCE });
  const [a, b] = [new Chart(app, 'a', { namespace: 'a' }), new Chart(app, 'b', { namespace: 'b' })];
  kafkaTlsIn(a);
  kafkaTlsIn(b, { cluster: KafkaCluster.existing('payments') });
  assert.deepEqual(refusals(a), []);
});

test('refuses a Kafka no more once its other place was removed', () => {
  const app = new App();
  const [a, b] = [new Chart(app, 'a', { namespace: 'demo' }), new Chart(app, 'b', { namespace: 'demo' })];
  kafkaTlsIn(a);
  kafkaTlsIn(b);
  app.node.tryRemoveChild('b');
  assert.deepEqual(refusals(a), []);
});

test('takes Kafkas of one name in two namespaces for two', () => {
  const app = new App();
  kafkaTlsIn(new Chart(app, 'a', { namespace: 'a' }));
  kafkaTlsIn(new Chart(app, 'b', { namespace: 'b' }));
  assert.deepEqual(app.charts.flatMap(refusals), []);
});
