import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { App, Chart, Duration, JsonPatch, Size, YamlOutputType } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import { ClientCertificate, Executor, KafkaCluster, KafkaTls, KeyEncoding, Tls, TlsIssuer } from '#constructs/index';
import type { KubeObject } from '#model/kube-object';
import { DEDICATED, JOB, kafkaTls, newChart, refusals, SELF_SIGNED, synth, warningsOf } from './app-builder';

const refused: readonly { readonly name: string; readonly build: (chart: Chart) => unknown; readonly says: RegExp }[] = [
  {
    name: 'a cluster of no brokers',
    build: (c) =>
      kafkaTls(c, {
        cluster: KafkaCluster.dedicated({
          name: 'orders',
          version: '4.2.0',
          controllers: { replicas: 3, storage: Size.gibibytes(1) },
          brokers: { replicas: 0, storage: Size.gibibytes(1) },
        }),
      }),
    says: /^\[test\/orders\] Kafka\/demo\/orders: spec\.topology\.broker\.replicas is 0: .* Use 3/,
  },
  {
    name: 'enableSSL behind the back of tls',
    build: (c) => kafkaTls(c, { cluster: combined({ enableSSL: true }), tls: Tls.off() }),
    says: /spec\.tls is missing: enableSSL is true/,
  },
  {
    name: 'tls behind the back of tls',
    build: (c) =>
      kafkaTls(c, {
        cluster: combined({ tls: { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'x' } } }),
        tls: Tls.off(),
      }),
    says: /spec\.enableSSL is missing: tls is set/,
  },
  {
    name: 'a lifetime under an hour',
    build: (c) => kafkaTls(c, { tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), server: { duration: Duration.minutes(30) } }) }),
    says: /spec\.tls\.certificates\[0\]\.duration is "30m"/,
  },
  {
    name: 'a lifetime in days by way of extraSpec',
    build: (c) => kafkaTls(c, { tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), client: { extraSpec: { duration: '90d' } } }) }),
    says: /spec\.tls\.certificates\[1\]\.duration is "90d"/,
  },
  {
    name: 'two operations by way of a patch',
    build: (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/spec/tls/rotateCertificates', true)),
    says: /spec\.tls is .*these are 2/,
  },
  {
    name: 'one alias twice by way of a patch',
    build: (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/spec/tls/certificates/-', { alias: 'server' })),
    says: /another certificate has this alias/,
  },
  {
    name: 'a patch that fits nothing',
    build: (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.replace('/spec/nowhere/at/all', 1)),
    says: /the bundle cannot be rendered/,
  },
  {
    name: 'patched texts of the bundle',
    build: (c) => kafkaTls(c).bundle.configMap.addJsonPatch(JsonPatch.add('/data/desired.yaml', 'x')),
    says: /data is patched.*Patch the objects/,
  },
  {
    name: 'another name of the ConfigMap',
    build: (c) => kafkaTls(c).bundle.configMap.addJsonPatch(JsonPatch.replace('/metadata/name', 'mine')),
    says: /ConfigMap\/demo\/mine: metadata\.name is not kafka-tls-orders, the name that Job, Role and Lease refer to/,
  },
  {
    name: 'TLS patched into the Kafka alone',
    build: (c) => kafkaTls(c, { cluster: DEDICATED }).bundle.kafka?.addJsonPatch(JsonPatch.replace('/spec/tls/issuerRef/name', 'x')),
    says: /spec\.tls is .*not what the converging request asks for/,
  },
  {
    name: 'no namespace',
    build: (c) => kafkaTls(new Chart(c.node.scope as App, 'bare')),
    says: /^\[bare\/orders\] Kafka\/orders: namespace is missing: .* new Chart\(app, id, \{ namespace \}\)/,
  },
  {
    name: 'a name and a namespace too long for the certificates',
    build: (c) => kafkaTls(c, { cluster: KafkaCluster.existing('a-kafka-with-a-name-that-is-rather-long-for-a-certificate') }),
    says: /spec\.commonName is .*at most 64 characters/,
  },
  {
    name: 'too long a name under native',
    build: (c) =>
      kafkaTls(c, {
        executor: Executor.native(),
        cluster: KafkaCluster.existing('a-kafka-with-a-name-that-is-rather-long-for-a-certificate'),
      }),
    says: /Certificate\/demo\/a-kafka.*spec\.commonName is .*at most 64 characters/,
  },
  {
    name: 'an application certificate in the Secret of the brokers',
    build: (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'app', secretName: 'orders-server-cert' }),
    says: /spec\.secretName is "orders-server-cert": that Secret holds the server certificate/,
  },
  {
    name: "an application certificate with the name of a broker's",
    build: (c) =>
      new ClientCertificate(c, 'app', {
        kafkaTls: kafkaTls(c, { executor: Executor.native() }),
        name: 'orders-client-cert',
        secretName: 'x',
      }),
    says: /metadata\.name is "orders-client-cert"/,
  },
  {
    name: 'an application certificate that nobody signs',
    build: (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c, { tls: Tls.off() }), name: 'app' }),
    says: /^\[test\/app\] Certificate\/app: issuer is missing/,
  },
  { name: 'a Job without an image', build: (c) => kafkaTls(c, { job: { image: '' } }), says: /containers\[0\]\.image is ""/ },
  {
    name: 'a private key',
    build: (c) =>
      kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/metadata/annotations/x', '-----BEGIN PRIVATE KEY-----\nMII')),
    says: /a private key must not/,
  },
  {
    name: 'a bundle that Argo CD could not apply',
    build: (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/metadata/annotations/x', 'x'.repeat(200_000))),
    says: /bytes: Argo CD's client-side apply/,
  },
];
const combined = (extraSpec: { readonly [field: string]: unknown }) =>
  KafkaCluster.combined({ name: 'orders', version: '4.2.0', replicas: 3, storage: Size.gibibytes(1), extraSpec });
for (const { name, build, says } of refused) {
  test(`refuses ${name}`, () => {
    const chart = newChart();
    build(chart);
    const found = (chart.node.scope as App).charts.flatMap(refusals);
    assert.ok(
      found.some((line) => says.test(line)),
      found.join('\n') || 'nothing was refused',
    );
  });
}

test('refuses the same Kafka twice, and names the other place', () => {
  const app = new App();
  const [a, b] = [new Chart(app, 'a', { namespace: 'demo' }), new Chart(app, 'b', { namespace: 'demo' })];
  kafkaTls(a);
  kafkaTls(b);
  const found = refusals(a);
  assert.equal(found.length, 2);
  assert.match(found[0] ?? '', /^\[a\/orders\] Kafka\/demo\/orders: another KafkaTls of this app, b\/orders, is about the same Kafka/);
  assert.match(found[0] ?? '', /For several clusters make an App for each, new App\(\{ outdir: 'dist\/prod' \}\)\.$/);
});

test('takes an App for each cluster, as it tells users to make', () => {
  for (const outdir of ['dist/dev', 'dist/prod']) {
    const chart = new Chart(new App({ outdir }), 'a', { namespace: 'demo' });
    kafkaTls(chart);
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
    for (const namespace of ['payments', 'shipping']) kafkaTls(new Chart(app, namespace, { namespace }), { job: JOB });
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
  kafkaTls(a);
  kafkaTls(b, { cluster: KafkaCluster.existing('payments') });
  assert.deepEqual(refusals(a), []);
});

test('refuses a Kafka no more once its other place was removed', () => {
  const app = new App();
  const [a, b] = [new Chart(app, 'a', { namespace: 'demo' }), new Chart(app, 'b', { namespace: 'demo' })];
  kafkaTls(a);
  kafkaTls(b);
  app.node.tryRemoveChild('b');
  assert.deepEqual(refusals(a), []);
});

test('takes Kafkas of one name in two namespaces for two', () => {
  const app = new App();
  kafkaTls(new Chart(app, 'a', { namespace: 'a' }));
  kafkaTls(new Chart(app, 'b', { namespace: 'b' }));
  assert.deepEqual(app.charts.flatMap(refusals), []);
});

test('says everything that is wrong with every construct at once', () => {
  const chart = newChart();
  kafkaTls(chart, { cluster: combined({ replicas: 0, storageType: 'Tape' }), retries: -1 });
  new KafkaTls(chart, 'other', {
    cluster: KafkaCluster.existing('other'),
    tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), issuedAfter: 'yesterday' }),
  });
  const found = refusals(chart);
  assert.equal(found.length, 4, found.join('\n'));
  assert.deepEqual([...new Set(found.map((line) => line.split(' ')[0]))], ['[test/orders]', '[test/other]']);
});

test('reports what a validation says that a user added to an object of the bundle', () => {
  const chart = newChart();
  kafkaTls(chart).bundle.convergeRequest.node.addValidation({ validate: () => ['not on Fridays'] });
  assert.match(refusals(chart).join('\n'), /not on Fridays/);
});

const warned: readonly { readonly name: string; readonly build: (chart: Chart) => unknown; readonly says: RegExp }[] = [
  {
    name: 'an image that is not pinned',
    build: (c) => kafkaTls(c, { job: { image: 'registry.example/kafka-tls:1' } }),
    says: /image is "registry\.example\/kafka-tls:1": a tag can change.*Pin the image/,
  },
  {
    name: 'a PKCS#1 key',
    build: (c) => kafkaTls(c, { tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), server: { keyEncoding: KeyEncoding.PKCS1 } }) }),
    says: /PKCS#8 only/,
  },
  {
    name: 'a leaf that may outlive its CA',
    build: (c) =>
      kafkaTls(c, { tls: Tls.on({ issuer: TlsIssuer.selfSignedCa({ duration: Duration.days(90), renewBefore: Duration.days(30) }) }) }),
    says: /may outlive its CA/,
  },
];
for (const { name, build, says } of warned) {
  test(`warns of ${name}, once, and synthesises all the same`, () => {
    const chart = newChart();
    build(chart);
    const printed = warningsOf(() => [synth(chart), synth(chart)]);
    assert.equal(new Set(printed).size, printed.length);
    assert.ok(
      printed.some((line) => says.test(line)),
      printed.join('\n'),
    );
    assert.ok(printed.every((line) => line.startsWith('[test/orders] warning: ')));
    assert.equal(chart.node.findChild('orders').node.metadata.filter((m) => m.type === 'kafka-tls:warning').length, printed.length);
  });
}

test('has no warning for what the documentation recommends', () => {
  const chart = newChart();
  kafkaTls(chart, { cluster: DEDICATED, tls: SELF_SIGNED, job: JOB });
  assert.deepEqual(
    warningsOf(() => synth(chart)),
    [],
  );
});
