import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiObject, type Chart, Duration, JsonPatch, Size, Yaml } from 'cdk8s';
import { parse } from 'yaml';
import {
  Acknowledgement,
  type BrokerCertificateProps,
  ClientCertificate,
  Cutover,
  Executor,
  type KafkaBundle,
  KafkaCluster,
  KeyEncoding,
  Rotation,
  RotationFallback,
  Tls,
  TlsIssuer,
  UnknownHealthPolicy,
} from '#constructs/index';
import { assembleBundle } from '#model/bundle';
import type { Desired } from '#model/desired';
import type { KubeObject } from '#model/kube-object';
import { valueAt } from '#model/rules';
import { tlsHash } from '#model/tls';
import { untyped } from '#test/support/untyped';
import { expectGolden } from '../support/golden';
import { COMBINED, DEDICATED, document, documents, EXISTING, JOB, kafkaTls, newChart, only, SELF_SIGNED, synth } from './app-builder';

const CONVERGE = /^kafkaopsrequest-orders-tls-[0-9a-f]{8}\.yaml$/;
const CORP = TlsIssuer.clusterIssuer('corp-ca');
const FULL: BrokerCertificateProps = {
  secretName: 'orders-front',
  subject: {
    organizations: ['acme'],
    organizationalUnits: ['streams'],
    countries: ['CH'],
    provinces: ['BE'],
    localities: ['Bern'],
    streetAddresses: ['1'],
    postalCodes: ['3000'],
    serialNumber: '7',
  },
  duration: Duration.days(30),
  renewBefore: Duration.hours(1),
  dnsNames: ['kafka.example.org'],
  ipAddresses: ['10.0.0.1'],
  uris: ['spiffe://acme/kafka'],
  emailAddresses: ['streams@acme.example'],
  keyEncoding: KeyEncoding.PKCS8,
  issuer: TlsIssuer.issuer('front-ca'),
};

const situations: readonly (readonly [name: string, build: (chart: Chart) => unknown])[] = [
  ['dedicated-self-signed', (c) => kafkaTls(c, { cluster: DEDICATED, job: JOB })],
  ['combined-ca-secret', (c) => kafkaTls(c, { cluster: COMBINED, tls: Tls.on({ issuer: TlsIssuer.caSecret('corp-root') }) })],
  ['existing-cluster-issuer', (c) => kafkaTls(c, { tls: Tls.on({ issuer: CORP, acknowledge: [Acknowledgement.clientsMoveToTls()] }) })],
  [
    'every-certificate-field',
    (c) => kafkaTls(c, { tls: Tls.on({ issuer: CORP, server: FULL, client: { duration: Duration.hours(12) } }) }),
  ],
  ['native', (c) => kafkaTls(c, { executor: Executor.native(), job: JOB })],
  ['reload', (c) => kafkaTls(c, { tls: Tls.on({ issuer: CORP, rotation: Rotation.reload({ otherwise: RotationFallback.FAIL }) }) })],
  ['rotate', (c) => kafkaTls(c, { tls: Tls.on({ issuer: CORP, issuedAfter: '2026-11-23T09:00:00Z', beforeExpiry: Duration.days(7) }) })],
  [
    'change-root',
    (c) =>
      kafkaTls(c, {
        tls: Tls.on({
          issuer: TlsIssuer.selfSignedCa({ name: 'orders-ca-2' }),
          acknowledge: [Acknowledgement.trustRootChangesTo('orders-ca-2')],
        }),
      }),
  ],
  ['off', (c) => kafkaTls(c, { cluster: DEDICATED, tls: Tls.off({ acknowledge: [Acknowledgement.clientsLeaveTls()] }) })],
  [
    'client-certificate',
    (c) =>
      new ClientCertificate(c, 'billing', {
        kafkaTls: kafkaTls(c),
        name: 'billing',
        commonName: 'billing-service',
        duration: Duration.days(7),
      }),
  ],
];
for (const [name, build] of situations) {
  test(`synthesises ${name}`, () => {
    const chart = newChart();
    build(chart);
    expectGolden(`test/constructs/golden/${name}.yaml`, Yaml.stringify(...synth(chart)));
    // YAML 1.1 and 1.2 read the texts as the same content.
    const data: Readonly<Record<string, string>> = only(chart, 'ConfigMap').data;
    const digests = (['1.1', '1.2'] as const).map((version) => {
      const { 'desired.yaml': desired, ...manifests } = Object.fromEntries(
        Object.entries(data).map(([key, text]) => [key, parse(text, { version })]),
      );
      const bundle = assembleBundle(desired as Desired, Object.values(manifests) as KubeObject[]);
      assert.ok('digest' in bundle, String(bundle));
      return bundle.digest;
    });
    assert.equal(digests[0], digests[1]);
    const { metadata, spec } = document(chart, CONVERGE);
    assert.equal(metadata.name, `orders-tls-${tlsHash('orders', untyped(spec).tls.remove ? 'off' : untyped(spec).tls)}`);
  });
}

test('has the ConfigMap as default child, and only that without a job', () => {
  const chart = newChart();
  const orders = kafkaTls(chart);
  assert.equal(ApiObject.of(orders), orders.bundle.configMap);
  assert.deepEqual(
    synth(chart).map((o) => o.kind),
    ['ConfigMap'],
  );
});

test('acknowledgements do not change the name of the request', () => {
  const name = (acknowledge: Acknowledgement[]) => {
    const chart = newChart();
    kafkaTls(chart, { tls: Tls.on({ issuer: CORP, acknowledge }) });
    return document(chart, CONVERGE).metadata.name;
  };
  assert.equal(name([]), name([Acknowledgement.clientsMoveToTls(), Acknowledgement.trustRootChangesTo('corp-ca')]));
});

test('makes one issuer for both aliases when both are signed by the same', () => {
  const chart = newChart();
  kafkaTls(chart, { tls: Tls.on({ issuer: TlsIssuer.selfSignedCa(), server: { issuer: TlsIssuer.selfSignedCa() } }) });
  assert.equal(Object.keys(documents(chart)).filter((key) => key.startsWith('issuer-')).length, 2);
});

test('makes a separate issuer for one alias', () => {
  const chart = newChart();
  kafkaTls(chart, { tls: Tls.on({ issuer: CORP, client: { issuer: TlsIssuer.caSecret('apps-root', { name: 'apps' }) } }) });
  assert.deepEqual(document(chart, /^issuer-/).spec, { ca: { secretName: 'apps-root' } });
  assert.equal(untyped(document(chart, CONVERGE).spec).tls.certificates[1].issuerRef.name, 'apps');
});

test('desired.yaml holds restart settings, deadlines and owner', () => {
  const chart = newChart();
  kafkaTls(chart, {
    owner: 'team-streams',
    executor: Executor.native(),
    retries: 3,
    restart: { cutover: Cutover.STOP, unknownHealthPolicy: UnknownHealthPolicy.REFUSE },
    deadlines: { gate: Duration.minutes(90), opsManagerDetection: Duration.seconds(0) },
  });
  const desired = documents(chart)['desired.yaml'] as unknown as Desired;
  assert.equal(desired.owner, 'team-streams');
  assert.equal(desired.retries, 3);
  assert.equal(desired.cutover, 'stop');
  assert.equal(desired.unknownHealthPolicy, 'refuse');
  assert.deepEqual([desired.deadlines.gate, desired.deadlines.opsManagerDetection, desired.deadlines.podReady], ['1h30m', '0s', '10m']);
});

test('with native the bundle holds the Certificates of the brokers, with the Secret of passwords that the Kafka names', () => {
  const passwords = (cluster: KafkaCluster) => {
    const chart = newChart();
    kafkaTls(chart, { cluster, executor: Executor.native() });
    return untyped(document(chart, /^certificate-orders-server-cert/).spec).keystores.jks.passwordSecretRef.name;
  };
  assert.equal(passwords(EXISTING), 'orders-keystore-cred');
  assert.equal(passwords(KafkaCluster.existing('orders', { keystoreCredSecret: 'mine' })), 'mine');
});

test('merges fields that no prop models into the Kafka', () => {
  const chart = newChart();
  kafkaTls(chart, {
    cluster: KafkaCluster.combined({
      name: 'orders',
      version: '4.2.0',
      replicas: 3,
      storage: Size.gibibytes(1),
      extraSpec: { deletionPolicy: 'WipeOut', keystoreCredSecret: { kind: 'Secret', name: 'mine' } },
    }),
    executor: Executor.native(),
  });
  assert.equal(untyped(document(chart, /^kafka-/).spec).deletionPolicy, 'WipeOut');
  assert.equal(untyped(document(chart, /^certificate-orders-client-cert/).spec).keystores.jks.passwordSecretRef.name, 'mine');
});

test('a patch of the converging request reaches all objects that depend on it', () => {
  const build = (patch: boolean) => {
    const chart = newChart();
    const orders = kafkaTls(chart, { cluster: DEDICATED, executor: Executor.native(), job: JOB });
    if (patch)
      ApiObject.of(orders.bundle.convergeRequest).addJsonPatch(JsonPatch.add('/spec/tls/certificates/0/dnsNames', ['late.example.org']));
    return chart;
  };
  const [before, after] = [build(false), build(true)];
  assert.deepEqual(untyped(document(after, CONVERGE).spec).tls.certificates[0].dnsNames, ['late.example.org']);
  assert.notEqual(document(after, CONVERGE).metadata.name, document(before, CONVERGE).metadata.name);
  assert.deepEqual(untyped(document(after, /^kafka-/).spec).tls, untyped(document(after, CONVERGE).spec).tls);
  assert.ok(untyped(document(after, /^certificate-orders-server-cert/).spec).dnsNames.includes('late.example.org'));
  assert.notEqual(only(after, 'Job').metadata.name, only(before, 'Job').metadata.name);
});

const PATCHES: readonly (readonly [
  name: string,
  object: (bundle: KafkaBundle) => ApiObject | undefined,
  field: string,
  value: unknown,
  key: RegExp,
])[] = [
  ['an Issuer', ({ issuers }) => issuers[2], 'spec.ca.crlDistributionPoints', ['http://crl'], /^issuer-orders-ca\.yaml/],
  ['a CA Certificate', ({ issuers }) => issuers[1], 'spec.privateKey.size', 4096, /^certificate-orders-ca\.yaml/],
  ['a Kafka', ({ kafka }) => kafka, 'spec.futureField', { a: 1 }, /^kafka-/],
  ['a rotation', ({ rotateRequest }) => rotateRequest, 'spec.timeout', '20m', /tls-rotate/],
  ['a restart', ({ restartRequest }) => restartRequest, 'metadata.labels.team', 'streams', /tls-restart/],
  ['a broker Certificate', ({ brokerCertificates }) => brokerCertificates[0], 'spec.renewBefore', '10m', /^certificate-orders-server/],
];
for (const [name, object, field, value, key] of PATCHES) {
  test(`honours a patch of ${name}, and starts another Job for it`, () => {
    const chart = newChart();
    const { bundle } = kafkaTls(chart, { cluster: DEDICATED, executor: Executor.native(), job: JOB });
    const before = only(chart, 'Job').metadata.name;
    object(bundle)?.addJsonPatch(JsonPatch.add(`/${field.replaceAll('.', '/')}`, value));
    assert.deepEqual(valueAt(document(chart, key), field), value);
    assert.notEqual(only(chart, 'Job').metadata.name, before);
  });
}

test('honours a patch of the metadata of the ConfigMap', () => {
  const chart = newChart();
  kafkaTls(chart).bundle.configMap.addJsonPatch(JsonPatch.add('/metadata/labels/team', 'streams'));
  assert.equal(only(chart, 'ConfigMap').metadata.labels?.team, 'streams');
});

test('quotes strings that YAML 1.1 would read as other types', () => {
  const chart = newChart();
  kafkaTls(chart, { owner: 'yes', tls: Tls.on({ issuer: CORP, server: { subject: { organizations: ['on', '1_000'] } } }) });
  const data: Readonly<Record<string, string>> = only(chart, 'ConfigMap').data;
  assert.match(data['desired.yaml'] ?? '', /owner: "yes"/);
  assert.deepEqual(untyped(document(chart, CONVERGE).spec).tls.certificates[0].subject.organizations, ['1_000', 'on']);
});

test('one Tls value can be used for several Kafkas', () => {
  const chart = newChart();
  kafkaTls(chart, { tls: SELF_SIGNED });
  const other = newChart('other');
  kafkaTls(other, { tls: SELF_SIGNED });
  assert.equal(only(other, 'ConfigMap').metadata.namespace, 'other');
  assert.equal(document(other, CONVERGE).metadata.namespace, 'other');
});
