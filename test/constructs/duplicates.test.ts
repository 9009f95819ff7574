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
import { JOB, refusals } from './app-builder';

/** The message of the second KafkaTls about an Issuer that the first one makes. */
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

interface Options {
  readonly namespace?: string;
  readonly kafka?: string;
  readonly tls?: Tls;
}

/** Adds a KafkaTls in a separate chart of an app. */
function add(
  app: App,
  id: string,
  { namespace = 'demo', kafka = 'orders', tls = Tls.on({ issuer: TlsIssuer.clusterIssuer('corp') }) }: Options = {},
) {
  const chart = new Chart(app, id, { namespace });
  return { chart, kafkaTls: new KafkaTls(chart, kafka, { cluster: KafkaCluster.existing(kafka), tls, job: JOB }) };
}

const CORP_CA = Tls.on({ issuer: TlsIssuer.caSecret('corp-ca') });

for (const [name, orders, parcels, says] of CASES) {
  test(`two KafkaTls: ${name}`, () => {
    const app = new App();
    add(app, 'a', { tls: Tls.on({ issuer: orders }) });
    assert.deepEqual(refusals(add(app, 'b', { kafka: 'parcels', tls: Tls.on({ issuer: parcels }) }).chart), says);
  });
}

test('two KafkaTls of one chart are compared, too', () => {
  const chart = new Chart(new App(), 'all', { namespace: 'demo' });
  for (const name of ['orders', 'parcels']) new KafkaTls(chart, name, { cluster: KafkaCluster.existing(name), tls: CORP_CA });
  assert.deepEqual(
    refusals(chart).map((line) => line.split(':')[0]),
    ['[all/parcels] Issuer/demo/corp-ca'],
  );
});

test('the same names in two namespaces are two Kafkas and two CAs', () => {
  const app = new App();
  add(app, 'a', { tls: CORP_CA });
  add(app, 'b', { namespace: 'prod', tls: CORP_CA });
  assert.deepEqual(app.charts.flatMap(refusals), []);
});

test('a KafkaTls that was removed claims nothing', () => {
  const app = new App();
  add(app, 'a', { tls: CORP_CA }).chart.node.tryRemoveChild('orders');
  add(app, 'b');
  app.node.tryRemoveChild('b');
  assert.deepEqual(refusals(add(app, 'c', { tls: CORP_CA }).chart), []);
});

test('two certificates of applications under one name', () => {
  const app = new App();
  const made = [add(app, 'a'), add(app, 'b', { kafka: 'parcels' })];
  for (const { kafkaTls } of made) new ClientCertificate(kafkaTls, 'billing', { kafkaTls, name: 'billing' });
  assert.deepEqual(app.charts.slice(1).flatMap(refusals), [
    '[b/parcels] Certificate/demo/billing: KafkaTls a/orders makes it already, and only one may own it. Give it another name in b/parcels.',
  ]);
});

test('one Secret for the certificates of two Kafkas, or of a Kafka and an application', () => {
  const app = new App();
  const tls = Tls.on({ issuer: TlsIssuer.clusterIssuer('corp'), server: { secretName: 'kafka-tls' } });
  add(app, 'a', { tls });
  const { chart, kafkaTls } = add(app, 'b', { kafka: 'parcels', tls });
  new ClientCertificate(chart, 'billing', { kafkaTls, name: 'billing', secretName: 'orders-client-cert' });
  const makesIt = 'KafkaTls a/orders makes it already, and only one may own it. Give it another name in b/parcels.';
  assert.deepEqual(refusals(chart), [
    `[b/parcels] Secret/demo/kafka-tls: ${makesIt}`,
    `[b/parcels] Secret/demo/orders-client-cert: ${makesIt}`,
  ]);
});

test('two ClusterRoles of one name, from two namespaces, of which one can be renamed', () => {
  const app = new App();
  add(app, 'a', { namespace: 'team', kafka: 'a-orders' });
  const { chart, kafkaTls } = add(app, 'b', { namespace: 'team-a' });
  assert.match(
    refusals(chart).join('\n'),
    /^\[b\/orders\] ClusterRole\/kafka-tls-team-a-orders: KafkaTls a\/a-orders makes one of this name already/,
  );
  const rename = (path: string) => JsonPatch.replace(path, 'kafka-tls-orders-of-team-a');
  kafkaTls.access?.clusterRole?.addJsonPatch(rename('/metadata/name'));
  kafkaTls.access?.clusterRoleBinding?.addJsonPatch(rename('/metadata/name'), rename('/roleRef/name'));
  assert.deepEqual(refusals(chart), []);
});

test('the same Kafka twice is refused in both places', () => {
  const app = new App();
  add(app, 'a');
  add(app, 'b');
  const why = (other: string) =>
    `Kafka/demo/orders: another KafkaTls of this app, ${other}/orders, is about the same Kafka. ` +
    "Leave one of the two out. For several clusters make an App for each, new App({ outdir: 'dist/prod' }).";
  assert.deepEqual(app.charts.slice(0, 1).flatMap(refusals), [`[a/orders] ${why('b')}`, `[b/orders] ${why('a')}`]);
});

test('an App for each cluster is accepted, as the message recommends', () => {
  for (const outdir of ['dist/dev', 'dist/prod']) assert.deepEqual(refusals(add(new App({ outdir }), 'a').chart), []);
});

for (const name of Object.keys(YamlOutputType).filter((key): key is keyof typeof YamlOutputType => /^F/.test(key))) {
  const isRefused = name === 'FILE_PER_RESOURCE';
  test(`Kafkas of one name in two namespaces are ${isRefused ? 'refused' : 'both in the output'} with ${name}`, (t) => {
    const outdir = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
    t.after(() => rmSync(outdir, { recursive: true, force: true }));
    const app = new App({ outdir, yamlOutputType: YamlOutputType[name] });
    for (const namespace of ['payments', 'shipping']) add(app, namespace, { namespace });
    if (isRefused) {
      assert.match(
        app.charts.slice(0, 1).flatMap(refusals).join('\n'),
        /^\[payments\/orders\] Kafka\/payments\/orders: its files would be overwritten: shipping\/orders is .*Use YamlOutputType\.FOLDER_PER_CHART_FILE_PER_RESOURCE or FILE_PER_CHART/,
      );
      return;
    }
    app.synth();
    const files = readdirSync(outdir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
    const objects = files.flatMap((file) =>
      parseAllDocuments(readFileSync(path.join(outdir, file), 'utf8')).map((d) => d.toJS() as KubeObject),
    );
    const kindsOf = (namespace: string) =>
      objects
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map(({ kind }) => kind)
        .sort();
    assert.equal(kindsOf('payments').length, 7);
    assert.deepEqual(kindsOf('shipping'), kindsOf('payments'));
  });
}

test('FILE_PER_RESOURCE is accepted for Kafkas with different names', () => {
  const app = new App({ yamlOutputType: YamlOutputType.FILE_PER_RESOURCE });
  add(app, 'a', { namespace: 'a' });
  assert.deepEqual(refusals(add(app, 'b', { namespace: 'b', kafka: 'payments' }).chart), []);
});
