import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { App, Chart, Size, Yaml } from 'cdk8s';
import { Construct } from 'constructs';
import { ClientCertificate, Executor, KafkaCluster, KafkaTls, type KafkaTlsProps, Tls, TlsIssuer } from '#constructs/index';
import { DEDICATED, JOB, kafkaTls, newChart, SELF_SIGNED, synth } from './app-builder';

const text = (chart: Chart) => Yaml.stringify(...synth(chart));
const PROPS: KafkaTlsProps = { cluster: DEDICATED, tls: SELF_SIGNED, job: JOB, executor: Executor.native() };

test('synthesises the same bytes wherever the construct is in the tree', () => {
  const here = newChart();
  new KafkaTls(here, 'orders', PROPS);
  const there = new Chart(new App(), 'elsewhere', { namespace: 'demo' });
  new KafkaTls(new Construct(new Construct(there, 'deep'), 'deeper'), 'renamed', PROPS);
  assert.equal(text(there), text(here));
});

test('synthesises the same bytes each time', () => {
  const chart = newChart();
  kafkaTls(chart, PROPS);
  assert.equal(text(chart), text(chart));
});

test('synthesises the same bytes for absent and undefined props', () => {
  const absent = newChart();
  const plain = kafkaTls(absent, { ...PROPS, tls: Tls.on({ issuer: TlsIssuer.selfSignedCa(), server: {} }) });
  new ClientCertificate(absent, 'app', { kafkaTls: plain, name: 'app' });

  const undef = undefined as never;
  const present = newChart();
  const nodes = { replicas: 3, suffix: undef, extraSpec: undef };
  const certificate = {
    secretName: undef,
    subject: undef,
    duration: undef,
    renewBefore: undef,
    dnsNames: undef,
    ipAddresses: undef,
    uris: undef,
    emailAddresses: undef,
    keyEncoding: undef,
    keyAlgorithm: undef,
    extraSpec: undef,
    issuer: undef,
  };
  const full = new KafkaTls(present, 'orders', {
    cluster: KafkaCluster.dedicated({
      name: 'orders',
      version: '4.2.0',
      controllers: { ...nodes, storage: Size.gibibytes(2), storageClassName: undef },
      brokers: { ...nodes, storage: Size.gibibytes(100), storageClassName: 'fast' },
      extraSpec: { deletionPolicy: undefined, podTemplate: undefined },
    }),
    tls: Tls.on({
      issuer: TlsIssuer.selfSignedCa({
        name: undef,
        commonName: undef,
        subject: undef,
        duration: undef,
        renewBefore: undef,
        keyAlgorithm: undef,
      }),
      server: certificate,
      client: undef,
      issuedAfter: undef,
      beforeExpiry: undef,
      acknowledge: undef,
    }),
    job: { ...JOB, imagePullPolicy: undef, imagePullSecrets: undef, pod: undef, schedule: undef, deadline: undef },
    executor: Executor.native(),
    owner: undef,
    restart: { cutover: undef, unknownHealthPolicy: undef },
    deadlines: {
      issuance: undef,
      podReady: undef,
      gate: undef,
      foreignOperation: undef,
      requestAcceptance: undef,
      opsManagerDetection: undef,
    },
    retries: undef,
  });
  new ClientCertificate(present, 'app', { ...certificate, kafkaTls: full, name: 'app', commonName: undef, literalSubject: undef });
  assert.equal(text(present), text(absent));
});

test('synthesises the same bytes for an empty list and none', () => {
  const [none, empty] = [newChart(), newChart()];
  kafkaTls(none, { tls: Tls.on({ issuer: TlsIssuer.issuer('ca') }) });
  kafkaTls(empty, {
    tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), server: { dnsNames: [], subject: { organizations: [] } }, acknowledge: [] }),
  });
  assert.equal(text(empty), text(none));
});

/** Returns what a fleet synthesises to, by file: a chart for every Kafka, in this order. */
function fleet(...kafkas: readonly string[]): Readonly<Record<string, string>> {
  const outdir = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
  try {
    const app = new App({ outdir });
    for (const kafka of kafkas) {
      const chart = new Chart(app, `demo-${kafka}`, { namespace: 'demo' });
      const kafkaTls = new KafkaTls(chart, 'tls', { ...PROPS, cluster: KafkaCluster.existing(kafka, { nodes: 6 }) });
      new ClientCertificate(chart, 'app', { kafkaTls, name: `${kafka}-app` });
    }
    app.synth();
    return Object.fromEntries(readdirSync(outdir).map((file) => [file, readFileSync(path.join(outdir, file), 'utf8')]));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

test('another Kafka adds one file and changes no other, wherever it is in the app', () => {
  const two = fleet('orders', 'payments');
  assert.deepEqual(Object.keys(two), ['demo-orders.k8s.yaml', 'demo-payments.k8s.yaml']);
  for (const order of [
    ['audit', 'orders', 'payments'],
    ['payments', 'audit', 'orders'],
    ['orders', 'payments', 'audit'],
  ]) {
    const { 'demo-audit.k8s.yaml': added, ...rest } = fleet(...order);
    assert.ok(added?.includes('name: kafka-tls-audit'));
    assert.deepEqual(rest, two);
  }
});

test('validates a KafkaTls once in a synth, however many charts the app has, and again in the next synth', (t) => {
  const outdir = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
  t.after(() => rmSync(outdir, { recursive: true }));
  const app = new App({ outdir });
  const kafkas = ['audit', 'orders', 'payments'].map((name) => {
    return new KafkaTls(new Chart(app, name, { namespace: 'demo' }), 'tls', { ...PROPS, cluster: KafkaCluster.existing(name) });
  });
  let count = 0;
  const errors: string[] = [];
  kafkas[0]?.bundle.convergeRequest.node.addValidation({ validate: () => [...errors.slice(count++)] });
  for (const times of [1, 2]) {
    app.synth();
    assert.equal(count, times);
  }
  errors.push('', '', 'not on Fridays');
  assert.throws(() => app.synth(), /not on Fridays/);
});
