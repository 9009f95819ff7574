/** Two KafkaTls of one app may use one CA. One of them makes it, and synth names both when both would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Chart, Duration, JsonPatch } from 'cdk8s';
import { ClientCertificate, KafkaCluster, KafkaTls, Tls, TlsIssuer } from '#constructs/index';
import { JOB, refusals } from './app-builder';

const CASES: readonly {
  readonly name: string;
  readonly orders: TlsIssuer;
  readonly parcels: TlsIssuer;
  readonly says: readonly string[];
}[] = [
  {
    name: 'an Issuer for one CA Secret',
    orders: TlsIssuer.caSecret('corp-ca'),
    parcels: TlsIssuer.caSecret('corp-ca'),
    says: [
      "[b/parcels] Issuer/demo/corp-ca: KafkaTls a/orders makes it already, and only one may own it. Refer to it in b/parcels with TlsIssuer.issuer('corp-ca').",
    ],
  },
  {
    name: 'one self-signed CA, said once for all of its objects',
    orders: TlsIssuer.selfSignedCa({ name: 'kafka-ca' }),
    parcels: TlsIssuer.selfSignedCa({ name: 'kafka-ca', duration: Duration.days(3650) }),
    says: [
      "[b/parcels] Issuer/demo/kafka-ca: KafkaTls a/orders makes it already, and only one may own it. Refer to it in b/parcels with TlsIssuer.issuer('kafka-ca').",
    ],
  },
  {
    name: 'a self-signed CA under the name of the Issuer of a Secret',
    orders: TlsIssuer.caSecret('corp', { name: 'corp-ca' }),
    parcels: TlsIssuer.selfSignedCa({ name: 'corp-ca' }),
    says: [
      "[b/parcels] Issuer/demo/corp-ca: KafkaTls a/orders makes it already, and only one may own it. Refer to it in b/parcels with TlsIssuer.issuer('corp-ca').",
    ],
  },
  {
    name: 'an Issuer whose name ends like that of a self-signed CA',
    orders: TlsIssuer.caSecret('x-selfsigned'),
    parcels: TlsIssuer.caSecret('x-selfsigned'),
    says: [
      "[b/parcels] Issuer/demo/x-selfsigned: KafkaTls a/orders makes it already, and only one may own it. Refer to it in b/parcels with TlsIssuer.issuer('x-selfsigned').",
    ],
  },
  { name: 'a CA of its own each', orders: TlsIssuer.selfSignedCa(), parcels: TlsIssuer.selfSignedCa(), says: [] },
  {
    name: 'a CA that one makes and the other refers to',
    orders: TlsIssuer.caSecret('corp-ca'),
    parcels: TlsIssuer.issuer('corp-ca'),
    says: [],
  },
  { name: 'one ClusterIssuer', orders: TlsIssuer.clusterIssuer('corp-ca'), parcels: TlsIssuer.clusterIssuer('corp-ca'), says: [] },
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

for (const { name, orders, parcels, says } of CASES) {
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
