/**
 * Input that synth refuses, with the field and what to do, and input that it warns of. The rules for manifests are tested in `test/model`;
 * here the input comes as props, `extraSpec` or JSON patches.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { App, Chart, Duration, JsonPatch, Size } from 'cdk8s';
import {
  ClientCertificate,
  type ClientCertificateProps,
  Cutover,
  type DeadlinesProps,
  Executor,
  type ImagePullPolicy,
  KafkaCluster,
  KafkaOperation,
  KafkaOpsRequest,
  KafkaTls,
  type KafkaTlsProps,
  KeyAlgorithm,
  KeyEncoding,
  type ReconcilerJobProps,
  type ReconcilerPodProps,
  ReconcileSchedule,
  Rotation,
  type RotationFallback,
  Tls,
  TlsIssuer,
  type TlsOnProps,
} from '#constructs/index';
import { expectGolden } from '../support/golden';
import { DEDICATED, IMAGE, JOB, kafkaTls, newChart, refusals, SELF_SIGNED, synth, warningsOf } from './app-builder';

const issuer = TlsIssuer.issuer('ca');
const withProps = (props: Partial<KafkaTlsProps>) => (chart: Chart) => kafkaTls(chart, props);
const withTls = (props: Partial<TlsOnProps>) => withProps({ tls: Tls.on({ issuer, ...props }) });
const withJob = (props: Partial<ReconcilerJobProps>) => withProps({ job: { ...JOB, ...props } });
const withPod = (pod: ReconcilerPodProps) => withJob({ pod });
const withDeadlines = (deadlines: DeadlinesProps) => withProps({ deadlines });
const combinedOf = (props: object) =>
  KafkaCluster.combined({ name: 'orders', version: '4.2.0', replicas: 3, storage: Size.gibibytes(1), ...props });
const withSpec = (extraSpec: object) => combinedOf({ extraSpec });
const combined = (props: object) => withProps({ cluster: combinedOf(props) });
const byHand = (props: object) => (c: Chart) =>
  new KafkaOpsRequest(c, 'r', { name: 'r', kafka: 'orders', operation: KafkaOperation.restart(), ...props });
const onRequest = (patch: JsonPatch) => (c: Chart) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(patch);
const onConfigMap = (patch: JsonPatch) => (c: Chart) => kafkaTls(c).bundle.configMap.addJsonPatch(patch);
const client =
  (props: Partial<ClientCertificateProps>, of: Partial<KafkaTlsProps> = {}) =>
  (c: Chart) =>
    new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c, of), name: 'app', ...props });
const LONG = KafkaCluster.existing('a-kafka-with-a-name-that-is-rather-long-for-a-certificate');
const STORAGE = { storage: Size.gibibytes(1) };
const dedicated = (controllers: number, brokers: number) =>
  KafkaCluster.dedicated({
    name: 'orders',
    version: '4.2.0',
    controllers: { replicas: controllers, ...STORAGE },
    brokers: { replicas: brokers, ...STORAGE },
  });
const patched = (patch: JsonPatch) => (c: Chart) => kafkaTls(c, { job: JOB }).job?.addJsonPatch(patch);

/** A name, and a chart with something to report. The golden file holds the messages. */
type Case = readonly [name: string, build: (chart: Chart) => unknown];

/** Names of Jobs end with a hash of their content, which changes with every default. */
const readable = (line: string) => line.replace(/(kafka-tls-orders)-[0-9a-f]{10}/g, '$1-<hash>');

const REFUSED: Readonly<Record<string, readonly Case[]>> = {
  'of a KafkaTls': [
    ['a cluster of no brokers', withProps({ cluster: dedicated(3, 0) })],
    ['enableSSL behind the back of tls', withProps({ cluster: withSpec({ enableSSL: true }), tls: Tls.off() })],
    [
      'tls behind the back of tls',
      withProps({ cluster: withSpec({ tls: { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'x' } } }), tls: Tls.off() }),
    ],
    ['a lifetime in days by way of extraSpec', withTls({ client: { extraSpec: { duration: '90d' } } })],
    ['two operations by way of a patch', onRequest(JsonPatch.add('/spec/tls/rotateCertificates', true))],
    ['one alias twice by way of a patch', onRequest(JsonPatch.add('/spec/tls/certificates/-', { alias: 'server' }))],
    ['a patch that fits nothing', onRequest(JsonPatch.replace('/spec/nowhere/at/all', 1))],
    ['patched texts of the bundle', onConfigMap(JsonPatch.add('/data/desired.yaml', 'x'))],
    ['another name of the ConfigMap', onConfigMap(JsonPatch.replace('/metadata/name', 'mine'))],
    [
      'TLS patched into the Kafka alone',
      (c) => kafkaTls(c, { cluster: DEDICATED }).bundle.kafka?.addJsonPatch(JsonPatch.replace('/spec/tls/issuerRef/name', 'x')),
    ],
    ['no namespace', (c) => kafkaTls(new Chart(c.node.scope as App, 'bare'))],
    ['a name and a namespace too long for the certificates', withProps({ cluster: LONG })],
    ['too long a name under native', withProps({ executor: Executor.native(), cluster: LONG })],
    ['an application certificate in the Secret of the brokers', client({ secretName: 'orders-server-cert' })],
    [
      "an application certificate with the name of a broker's",
      client({ name: 'orders-client-cert', secretName: 'x' }, { executor: Executor.native() }),
    ],
    ['an application certificate without an issuer', client({}, { tls: Tls.off() })],
    ['a Job without an image', withJob({ image: '' })],
    ['a private key', onRequest(JsonPatch.add('/metadata/annotations/x', '-----BEGIN PRIVATE KEY-----\nMII'))],
    ['a bundle that Argo CD could not apply', onRequest(JsonPatch.add('/metadata/annotations/x', 'x'.repeat(200_000)))],

    ['a schedule in words', withJob({ schedule: ReconcileSchedule.cron('every hour') })],
    ['a time zone in the schedule', withJob({ schedule: ReconcileSchedule.cron('CRON_TZ=Europe/Berlin 0 3 * * *') })],
    ['a time zone that is none', withJob({ schedule: ReconcileSchedule.cron('0 3 * * *', { timeZone: 'Local' }) })],
    [
      'a schedule that was patched in',
      (c) => kafkaTls(c, { job: JOB }).cronJob?.addJsonPatch(JsonPatch.replace('/spec/schedule', '61 * * * *')),
    ],
    ['an image with a blank', withJob({ image: 'registry.example/kafka tls' })],
    ['an image with a cut digest', withJob({ image: IMAGE.slice(0, -1) })],
    ['an image whose tag is a variable that is not set', withJob({ image: `registry.example/kafka-tls:${undefined}` })],
    ['a pull policy in lower case', withJob({ imagePullPolicy: 'always' as ImagePullPolicy })],
    ['a fallback of a rotation that is none', withTls({ rotation: Rotation.reload({ otherwise: 'never' as RotationFallback }) })],
    ['a cut-over that is none', withProps({ restart: { cutover: 'Stop' as Cutover } })],
    ['a ConfigMap in another namespace', onConfigMap(JsonPatch.replace('/metadata/namespace', 'other'))],
    ['a request about a Kafka of another namespace', byHand({ kafka: 'demo/orders' })],
    ['a Job that ends before one pod can be ready', withJob({ deadline: Duration.minutes(1) })],
    ['a Job deadline of no whole seconds', withJob({ deadline: Duration.millis(1500) })],
    ['a Secret for the registry that cannot be named', withJob({ imagePullSecrets: ['My Secret'] })],
    ['a time that is no number', withDeadlines({ gate: Duration.seconds(Number.NaN) })],
    ['30 February', withTls({ issuedAfter: '2026-02-30T09:00:00Z' })],
    ['an instant ten years ahead', withTls({ issuedAfter: '2999-12-31T23:59:59Z' })],
    ['a margin as long as the default lifetime', withTls({ beforeExpiry: Duration.days(90) })],
    [
      'a margin longer than the lifetime of one certificate',
      withTls({ beforeExpiry: Duration.days(30), client: { duration: Duration.days(7) } }),
    ],
    ['no margin', withTls({ beforeExpiry: Duration.seconds(0) })],
    ['no time for which the old root is kept', withTls({ keepOldRootFor: Duration.seconds(0) })],
    ['five milliseconds for a pod', withDeadlines({ podReady: Duration.millis(5) })],
    ['no time for a gate', withDeadlines({ gate: Duration.seconds(0) })],
    ['a year for an issuance', withDeadlines({ issuance: Duration.days(365) })],
    ['less than no retries', withProps({ retries: -1 })],
    ['a thousand retries', withProps({ retries: 1000 })],
    ['no nodes', withProps({ cluster: KafkaCluster.existing('orders', { nodes: 0 }) })],
    ['half a node', withProps({ cluster: KafkaCluster.existing('orders', { nodes: 2.5 }) })],
    ['a number of nodes that is none', withProps({ cluster: KafkaCluster.existing('orders', { nodes: Number.NaN }) })],
    ['a Kafka with a capital letter', withProps({ cluster: KafkaCluster.existing('Orders') })],
    ['a Kafka that begins with a digit', withProps({ cluster: KafkaCluster.existing('1orders') })],
    ['replicas as text', combined({ extraSpec: { replicas: '3' } })],
    ['a version with a blank', combined({ version: 'v 4' })],
    ['a disk of no size', combined({ storage: Size.gibibytes(0) })],
    ['a disk class with a blank', combined({ storageClassName: 'fast disks' })],
    ['a name that is not set', withTls({ server: { dnsNames: ['kafka.example', process.env.KAFKA_TLS_NOT_SET as string] } })],
    ['a serial number that is no text', withTls({ server: { subject: { serialNumber: 5 as never } } })],
    ['a key algorithm by way of extraSpec', withTls({ server: { extraSpec: { privateKey: { algorithm: 'ECDSA', size: 256 } } } })],
    ['a field of a Certificate by way of extraSpec', withTls({ client: { extraSpec: { literalSubject: 'CN=x' } } })],
    ['a misspelt field by way of a patch', onRequest(JsonPatch.add('/spec/tls/certificates/0/dnsName', ['a.example.org']))],
    [
      'a misspelt field of a broker Certificate by way of a patch',
      (c) => {
        const { brokerCertificates } = kafkaTls(c, { executor: Executor.native() }).bundle;
        for (const one of brokerCertificates) one.addJsonPatch(JsonPatch.add('/spec/keyAlgorithm', 'ECDSA'));
      },
    ],
    ['a literal subject beside a common name', client({ commonName: 'app', literalSubject: 'CN=app' })],
    [
      'a literal subject by way of a patch',
      (c) => client({})(c).certificate?.addJsonPatch(JsonPatch.add('/spec/literalSubject', 'CN=app')),
    ],
    ['an application certificate that cannot be named', client({ name: 'My_App', secretName: 'app' })],
    ['a label that is none', (c) => kafkaTls(c).bundle.issuers[0]?.metadata.addLabel('team', 'payments team')],
  ],
  'of keys': [
    ['a short RSA key', client({ keyAlgorithm: KeyAlgorithm.rsa(1024) })],
    ['an RSA key beyond what cert-manager makes', client({ keyAlgorithm: KeyAlgorithm.rsa(16384) })],
    ['half an RSA key', client({ keyAlgorithm: KeyAlgorithm.rsa(2048.5) })],
    ['an ECDSA key of no known curve', client({ keyAlgorithm: KeyAlgorithm.ecdsa(512) })],
    [
      'another kind of key for the brokers where KubeDB makes their Certificates',
      withTls({ server: { keyAlgorithm: KeyAlgorithm.ed25519() } }),
    ],
    [
      'another kind of key in a request by hand',
      byHand({ operation: KafkaOperation.reconfigureTls({ issuer, client: { keyAlgorithm: KeyAlgorithm.rsa(4096) } }) }),
    ],
  ],
  'of a request by hand': [
    ['two operations', byHand({ operation: KafkaOperation.removeTls(), extraSpec: { tls: { rotateCertificates: true } } })],
    ['an issuer that it would have to make', byHand({ operation: KafkaOperation.reconfigureTls({ issuer: TlsIssuer.selfSignedCa() }) })],
    ['a name that no object can have', byHand({ name: 'Now!' })],
    ['no namespace', (c) => byHand({})(new Chart(c.node.scope as App, 'bare'))],
    ['a timeout that is too short', byHand({ timeout: Duration.millis(5) })],
  ],
  'of the domain of the cluster': ['cluster.local.', 'Corp.Example', 'svc cluster', ''].map((clusterDomain): Case => {
    return [`"${clusterDomain}"`, withProps({ clusterDomain })];
  }),
  'of the pods of the Job': [
    ['labels that are none', withPod({ labels: { 'a b': 'x', team: 'two words' } })],
    ['an annotation that is none', withPod({ annotations: { '/x': '1' } })],
    ['other labels where the NetworkPolicy looks', withPod({ labels: { 'app.kubernetes.io/name': 'mine', 'kafka-tls/kafka': 'mine' } })],
    ['a label of the Job controller', withPod({ labels: { 'job-name': 'x' } })],
    ['a variable that is none', withPod({ env: { 'HTTPS-PROXY': 'x' } })],
    ['a password in Git', withPod({ env: { HTTPS_PROXY: 'http://me:secret@proxy.example:3128' } })],
    ['sources that are none', withPod({ envFromSecrets: ['Proxy'], envFromConfigMaps: [''] })],
    ['amounts that are none', withPod({ resources: { requests: { cpu: 'half' }, limits: { memory: '256 MB' } } })],
    ['a limit below the default request', withPod({ resources: { limits: { memory: '64Mi' } } })],
    ['a resource that no container has', withPod({ resources: { requests: {}, limits: { mem: '256Mi', 'nvidia.com/gpu': '1' } } })],
    ['memory in thousandths of a byte', withPod({ resources: { requests: {}, limits: { memory: '256m' } } })],
    ['an affinity that is none', withPod({ affinity: { nodeAffinty: {} } })],
    ['annotations that are too large', withPod({ annotations: { a: 'x'.repeat(300_000) } })],
    [
      'tolerations of taints that cannot be',
      withPod({ tolerations: [{ key: 'in fra', value: 'a b', effect: 'NoExecute', tolerationSeconds: 1.5 }] }),
    ],
    [
      'tolerations that Kubernetes refuses',
      withPod({
        tolerations: [
          { operator: 'Exist' },
          { key: 'a', effect: 'Never' },
          {},
          { key: 'a', operator: 'Exists', value: 'b' },
          { key: 'a', tolerationSeconds: 9 },
        ],
      }),
    ],
    ['root', withPod({ securityContext: { runAsUser: 0 } })],
    ['a priority class that is none', withPod({ priorityClassName: 'High Priority' })],
    ['another container, and pods that start again', withPod({ extraSpec: { containers: [{ name: 'mine' }], restartPolicy: 'Always' } })],
  ],
};

test('synth refuses input with a message that names the field and what to do', () => {
  const report = Object.entries(REFUSED).flatMap(([group, cases]) => [
    `# ${group}`,
    ...cases.flatMap(([name, build]) => {
      const chart = newChart();
      build(chart);
      const found = new Set((chart.node.scope as App).charts.flatMap(refusals));
      assert.ok(found.size > 0, `${name}: nothing was refused`);
      return ['', name, ...[...found].map((line) => `    ${readable(line)}`)];
    }),
    '',
  ]);
  expectGolden('test/constructs/golden/refused.txt', report.join('\n'));
});

test('synth checks patches of Job and CronJob, and reports a violation of both only once', () => {
  const chart = newChart();
  const { job, cronJob } = kafkaTls(chart, { job: { ...JOB, pod: { priorityClassName: 'High Priority' } } });
  job?.addJsonPatch(JsonPatch.replace('/spec/template/spec/containers/0/resources/limits/cpu', '10m'));
  cronJob?.addJsonPatch(JsonPatch.replace('/spec/jobTemplate/spec/template/spec/containers/0/image', 'kafka tls'));
  const found = refusals(chart);
  const has = (text: RegExp) => found.filter((line) => text.test(line)).length;
  assert.equal(has(/ Job\/demo\/kafka-tls-orders-[0-9a-f]+: .*requests\.cpu is "50m": it is more than the limit, 10m/), 1);
  assert.equal(has(/CronJob\/demo\/kafka-tls-orders: spec\.jobTemplate\.spec\.template\.spec\.containers\[0\]\.image is "kafka tls"/), 1);
  assert.equal(has(/priorityClassName/), 1);
});

const ACCEPTED: readonly Case[] = [
  ['an instant some months ahead', withTls({ issuedAfter: new Date(Date.now() + 100 * 86_400_000).toISOString() })],
  ['an instant of old', withTls({ issuedAfter: '2020-02-29T00:00:00Z' })],
  [
    'the shortest deadlines',
    withDeadlines({ issuance: Duration.seconds(10), podReady: Duration.seconds(10), opsManagerDetection: Duration.seconds(0) }),
  ],
  ['a Job with time for one pod', withJob({ deadline: Duration.minutes(25) })],
  ['half a gibibyte', combined({ storage: Size.mebibytes(512) })],
  ['a margin just under the lifetime', withTls({ beforeExpiry: Duration.days(89) })],

  ['a toleration of everything', withPod({ tolerations: [{ operator: 'Exists' }] })],
  ['a taint with a time', withPod({ tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }] })],
  ['a proxy without a password', withPod({ env: { https_proxy: 'http://proxy.example:3128', NO_PROXY: '.svc,[::1],10.0.0.0/8' } })],
  [
    'quantities in every notation',
    withPod({ resources: { requests: { cpu: '0.1', memory: '128e6' }, limits: { cpu: '100m', memory: '.5Gi' } } }),
  ],
  ['a sidecar of the mesh that is wanted', withPod({ labels: { 'sidecar.istio.io/inject': 'true' } })],
  ['group zero, as OpenShift has it', withPod({ securityContext: { runAsGroup: 0 } })],
];
for (const [name, build] of ACCEPTED) {
  test(`synth accepts ${name}`, () => {
    const chart = newChart();
    build(chart);
    assert.deepEqual(refusals(chart), []);
  });
}

const WARNED: readonly Case[] = [
  ['a field that no known KubeDB has', combined({ extraSpec: { deletionPolcy: 'Delete' } })],
  ['a field of a request that no known KubeDB has', byHand({ extraSpec: { restrt: {} } })],
  ['a field that no known Kubernetes has', withPod({ extraSpec: { runtimeClasName: 'gvisor' } })],
  ['a cut-over that KubeDB does not know', withProps({ restart: { cutover: Cutover.STOP } })],
  ['an image that is not pinned', withJob({ image: 'registry.example/kafka-tls:1' })],
  ['a PKCS#1 key', withTls({ server: { keyEncoding: KeyEncoding.PKCS1 } })],
  [
    'a leaf that may outlive its CA',
    withTls({ issuer: TlsIssuer.selfSignedCa({ duration: Duration.days(90), renewBefore: Duration.days(30) }) }),
  ],

  ['a ServiceAccount without permissions', patched(JsonPatch.replace('/spec/template/spec/serviceAccountName', 'default'))],
  ['pods without a token', patched(JsonPatch.replace('/spec/template/spec/automountServiceAccountToken', false))],
  ['a Job that vanishes', patched(JsonPatch.add('/spec/ttlSecondsAfterFinished', 60))],
];

test('synth warns once of input that causes trouble later, and still synthesises', () => {
  const report = WARNED.flatMap(([name, build]) => {
    const chart = newChart();
    build(chart);
    const printed = warningsOf(() => [synth(chart), synth(chart)]);
    assert.ok(printed.length > 0, `${name}: no warning`);
    assert.equal(new Set(printed).size, printed.length);
    const stored = chart.node.findAll().flatMap(({ node }) => node.metadata.filter((m) => m.type === 'kafka-tls:warning'));
    assert.equal(stored.length, printed.length);
    return [name, ...printed.map((line) => `    ${readable(line)}`), ''];
  });
  expectGolden('test/constructs/golden/warned.txt', report.join('\n'));
});

test('synth has no warning for the configurations that the documentation recommends', () => {
  for (const props of [
    { cluster: DEDICATED, tls: SELF_SIGNED, job: JOB },
    { restart: { cutover: Cutover.STOP }, executor: Executor.native() },
  ]) {
    const chart = newChart();
    kafkaTls(chart, props);
    assert.deepEqual(
      warningsOf(() => synth(chart)),
      [],
    );
  }
});

test('synth reports all violations of all constructs at once', () => {
  const chart = newChart();
  kafkaTls(chart, { cluster: withSpec({ replicas: 0, storageType: 'Tape' }), retries: -1 });
  new KafkaTls(chart, 'other', {
    cluster: KafkaCluster.existing('other'),
    tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), issuedAfter: 'yesterday' }),
  });
  const found = refusals(chart);
  assert.equal(found.length, 4, found.join('\n'));
  assert.deepEqual([...new Set(found.map((line) => line.split(' ')[0]))], ['[test/orders]', '[test/other]']);
});

test('synth reports the errors of a validation that a user added to an object of the bundle', () => {
  const chart = newChart();
  kafkaTls(chart).bundle.convergeRequest.node.addValidation({ validate: () => ['not on Fridays'] });
  assert.match(refusals(chart).join('\n'), /not on Fridays/);
});

test("synth refuses labels of the chart in the reconciler's domain", () => {
  const chart = new Chart(new App(), 'test', { namespace: 'demo', labels: { 'kafka-tls/kafka': 'mine' } });
  kafkaTls(chart);
  assert.match(refusals(chart).join('\n'), /labels\[kafka-tls\/kafka\] is "mine": the reconciler finds its objects by its own labels/);
});

describe('JavaScript values that no factory made are refused:', () => {
  const values: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
    tls: [() => kafkaTls(newChart(), { tls: { issuer: {} } as never }), /Use Tls\.on\(\{ issuer \}\) or Tls\.off\(\)/],
    cluster: [() => kafkaTls(newChart(), { cluster: 'orders' as never }), /A prop is "orders", .*KafkaCluster\.existing/],
    issuer: [() => Tls.on({} as never), /A prop is missing, .*TlsIssuer\.selfSignedCa/],
    executor: [() => kafkaTls(newChart(), { executor: 'native' as never }), /"native", .*Executor\.native/],
    schedule: [() => withJob({ schedule: '@hourly' as never })(newChart()), /"@hourly", .*ReconcileSchedule\.cron/],
    acknowledgement: [() => Tls.off({ acknowledge: ['clientsLeaveTls' as never] }), /Acknowledgement\.clientsMoveToTls/],
    'the algorithm of keys': [() => Tls.on({ issuer, client: { keyAlgorithm: 'ECDSA' as never } }), /KeyAlgorithm\.ecdsa/],
  };
  for (const [name, [build, says]] of Object.entries(values)) test(name, () => assert.throws(build, says));

  test('a duration', () => {
    const chart = newChart();
    withTls({ server: { duration: '90d' as never } })(chart);
    assert.match(refusals(chart).join('\n'), /certificates\[0\]\.duration is "90d": that is not a duration/);
  });
});
