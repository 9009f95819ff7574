/** How values are resolved at synth: by the resolvers of the user's App, and also where the App is of another copy of cdk8s. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Chart, type IResolver, JsonPatch, Lazy, Size, Yaml } from 'cdk8s';
import { ClientCertificate, Executor, KafkaCluster, Tls, TlsIssuer } from '#constructs/index';
import { untyped } from '#test/support/untyped';
import { DEDICATED, document, IMAGE, JOB, kafkaTls, newChart, only, refusals, synth, warningsOf } from './app-builder';

const CONVERGE = /^kafkaopsrequest-orders-tls-[0-9a-f]{8}\.yaml$/;

/**
 * Stands for AWS CDK, CDKTF and the like: a value that is known only at synth is a text until then. As an index of a JavaScript object a list
 * of one text is that text, and resolvers are written like that.
 */
const VALUES: Readonly<Record<string, string>> = {
  '<dns 1>': 'kafka.corp.example',
  '<dns 2>': 'a.corp.example',
  '<image 3>': IMAGE,
  '<issuer 4>': 'corp-ca',
  '<owner 5>': 'team-streams',
  '<label 6>': 'streams',
};
const cloud: IResolver = {
  resolve: (context) => {
    const value = VALUES[context.value];
    if (value !== undefined) context.replaceValue(value);
  },
};
const cloudChart = () => new Chart(new App({ resolvers: [cloud] }), 'test', { namespace: 'demo', labels: { team: '<label 6>' } });

test('resolves the bundle with the resolvers of the app, and everything that depends on it', () => {
  const chart = cloudChart();
  const orders = kafkaTls(chart, {
    cluster: DEDICATED,
    executor: Executor.native(),
    owner: '<owner 5>',
    tls: Tls.on({
      issuer: TlsIssuer.clusterIssuer('<issuer 4>'),
      server: { dnsNames: ['<dns 1>', '<dns 2>'] },
      client: { dnsNames: ['<dns 1>'] },
    }),
    job: { image: '<image 3>' },
  });
  new ClientCertificate(chart, 'app', { kafkaTls: orders, name: 'app', dnsNames: ['<dns 1>'] });
  assert.deepEqual(
    warningsOf(() => synth(chart)),
    [],
  );
  assert.deepEqual(untyped(document(chart, /^certificate-app/).spec).dnsNames, ['kafka.corp.example']);
  const text = Yaml.stringify(...synth(chart));
  assert.ok(!/<[a-z]+ \d>/.test(text), text);

  const plain = newChart();
  kafkaTls(plain, {
    owner: 'team-streams',
    tls: Tls.on({
      issuer: TlsIssuer.clusterIssuer('corp-ca'),
      server: { dnsNames: ['a.corp.example', 'kafka.corp.example'] },
      client: { dnsNames: ['kafka.corp.example'] },
    }),
  });
  assert.deepEqual(document(chart, CONVERGE).spec, document(plain, CONVERGE).spec);
  assert.equal(document(chart, CONVERGE).metadata.name, document(plain, CONVERGE).metadata.name);
  assert.equal(document(chart, CONVERGE).metadata.labels?.team, 'streams');
  assert.deepEqual(only(chart, 'ClusterRole').rules[0].resourceNames, ['corp-ca']);
});

test('names the request by the value of a Lazy, and sorts a lazy list', () => {
  const build = (dnsNames: string[]) => {
    const chart = newChart();
    kafkaTls(chart, { tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), server: { dnsNames } }) });
    return document(chart, CONVERGE);
  };
  assert.deepEqual(build(Lazy.any({ produce: () => ['b.example', 'a.example'] })), build(['a.example', 'b.example']));
});

test('resolves a Lazy in fields that no prop models', () => {
  const chart = newChart();
  const late = Lazy.any({ produce: () => 'WipeOut' });
  kafkaTls(chart, {
    tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), server: { extraSpec: { uris: Lazy.any({ produce: () => ['x:y'] }) } } }),
  });
  const orders = chart.node.findChild('orders') as ReturnType<typeof kafkaTls>;
  new ClientCertificate(chart, 'app', { kafkaTls: orders, name: 'app', extraSpec: { secretTemplate: { annotations: { policy: late } } } });
  assert.deepEqual(untyped(document(chart, CONVERGE).spec).tls.certificates[0].uris, ['x:y']);
  assert.equal(untyped(document(chart, /^certificate-app/).spec).secretTemplate.annotations.policy, 'WipeOut');
});

test('validates resolved values', () => {
  const chart = cloudChart();
  kafkaTls(chart, { job: { image: Lazy.any({ produce: () => '' }) } });
  assert.match(refusals(chart).join('\n'), /containers\[0\]\.image is ""/);
});

/** Loads a second copy of a package, as `npm link` or a workspace with two versions does. */
function anotherCopyOf<T>(name: string): T {
  const isPart = (file: string) => /node_modules\/(cdk8s|constructs)\//.test(file);
  const own = Object.entries(require.cache).filter(([file]) => isPart(file));
  for (const [file] of own) delete require.cache[file];
  try {
    return require(name);
  } finally {
    for (const file of Object.keys(require.cache).filter(isPart)) delete require.cache[file];
    for (const [file, module] of own) require.cache[file] = module;
  }
}

test('synthesises the same bytes in an app of another copy of cdk8s', () => {
  const other = anotherCopyOf<typeof import('cdk8s')>('cdk8s');
  assert.notEqual(other.App, App);
  const late = (copy: typeof other) => copy.Lazy.any({ produce: () => ['late.example'] });
  const build = (chart: Chart, dnsNames: string[]) => {
    const tls = Tls.on({ issuer: TlsIssuer.clusterIssuer('corp-ca'), server: { dnsNames } });
    const orders = kafkaTls(chart, { cluster: DEDICATED, executor: Executor.native(), job: JOB, tls });
    new ClientCertificate(chart, 'app', { kafkaTls: orders, name: 'app' });
    return Yaml.stringify(...chart.toJson());
  };
  const own = build(newChart(), late({ ...other, Lazy } as never));
  const theirs = new other.Chart(new other.App(), 'test', { namespace: 'demo' });
  assert.equal(build(theirs as unknown as Chart, late(other)), own);
});

test('accepts lazy numbers, which determine the deadline of the Job', () => {
  const deadlineOf = (replicas: number, patch: readonly JsonPatch[] = []) => {
    const chart = newChart();
    const cluster = KafkaCluster.combined({ name: 'orders', version: '4.2.0', replicas, storage: Size.gibibytes(1) });
    kafkaTls(chart, { cluster, job: JOB }).bundle.kafka?.addJsonPatch(...patch);
    return [only(chart, 'Job').spec.activeDeadlineSeconds, only(chart, 'CronJob').spec.jobTemplate.spec.activeDeadlineSeconds];
  };
  const five = deadlineOf(5);
  assert.notDeepEqual(deadlineOf(3), five);
  assert.deepEqual(deadlineOf(Lazy.any({ produce: () => 5 })), five);
  assert.deepEqual(deadlineOf(3, [JsonPatch.replace('/spec/replicas', 5)]), five);
});

test('refuses a name of a Kafka that is known only at synth', () => {
  const lazy: string = Lazy.any({ produce: () => 'orders' });
  assert.throws(
    () => kafkaTls(newChart(), { cluster: KafkaCluster.existing(lazy) }),
    /KafkaTls test\/orders: the name of the Kafka must be a plain string/,
  );
  const chart = cloudChart();
  kafkaTls(chart, { cluster: KafkaCluster.existing('<owner 5>'), job: JOB });
  assert.deepEqual(refusals(chart), [
    '[test/orders] Kafka/demo/<owner 5>: the name of the Kafka is a token, but the names of other objects are made of it before synth. Write it as a plain string.',
  ]);
});
