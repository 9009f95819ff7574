/**
 * Input that synth refuses, with the field and what to do, and input that it warns of. The rules for manifests are tested in `test/model`;
 * here the input comes as props, `extraSpec` or JSON patches.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiObject, App, Chart, Duration, JsonPatch, Size } from 'cdk8s';
import {
  ClientCertificate,
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
  Tls,
  TlsIssuer,
  type TlsOnProps,
} from '#constructs/index';
import { DEDICATED, IMAGE, JOB, kafkaTls, newChart, refusals, SELF_SIGNED, synth, warningsOf } from './app-builder';

const issuer = TlsIssuer.issuer('ca');
const withProps = (props: Partial<KafkaTlsProps>) => (chart: Chart) => kafkaTls(chart, props);
const withTls = (props: Partial<TlsOnProps>) => withProps({ tls: Tls.on({ issuer, ...props }) });
const withJob = (props: Partial<ReconcilerJobProps>) => withProps({ job: { ...JOB, ...props } });
const withPod = (pod: ReconcilerPodProps) => withJob({ pod });
const withDeadlines = (deadlines: DeadlinesProps) => withProps({ deadlines });
const withSpec = (extraSpec: { readonly [field: string]: unknown }) =>
  KafkaCluster.combined({ name: 'orders', version: '4.2.0', replicas: 3, storage: Size.gibibytes(1), extraSpec });
const combined = (props: object) =>
  withProps({ cluster: KafkaCluster.combined({ name: 'orders', version: '4.2.0', replicas: 3, storage: Size.gibibytes(1), ...props }) });
const withKey = (keyAlgorithm: KeyAlgorithm) => (c: Chart) =>
  new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'app', keyAlgorithm });
const byHand = (props: object) => (c: Chart) =>
  new KafkaOpsRequest(c, 'r', { name: 'r', kafka: 'orders', operation: KafkaOperation.restart(), ...props });
const patched = (patch: JsonPatch) => (c: Chart) => kafkaTls(c, { job: JOB }).job?.addJsonPatch(patch);
const inYears = (years: number) => `${new Date().getUTCFullYear() + years}-12-31T23:59:59Z`;

const POD = 'spec\\.template\\.spec';
const CONTAINER = `${POD}\\.containers\\[0\\]`;
const LABELS = 'spec\\.template\\.metadata\\.labels';

/** A way to build a KafkaTls, and what synth reports: every expression matches a line. */
type Case = readonly [name: string, build: (chart: Chart) => unknown, says: RegExp | readonly string[]];

const REFUSED: Readonly<Record<string, readonly Case[]>> = {
  'of a KafkaTls': [
    [
      'a cluster of no brokers',
      (c) =>
        kafkaTls(c, {
          cluster: KafkaCluster.dedicated({
            name: 'orders',
            version: '4.2.0',
            controllers: { replicas: 3, storage: Size.gibibytes(1) },
            brokers: { replicas: 0, storage: Size.gibibytes(1) },
          }),
        }),
      /^\[test\/orders\] Kafka\/demo\/orders: spec\.topology\.broker\.replicas is 0: .* Use 3/,
    ],
    [
      'enableSSL behind the back of tls',
      (c) => kafkaTls(c, { cluster: withSpec({ enableSSL: true }), tls: Tls.off() }),
      /spec\.tls is missing: enableSSL is true/,
    ],
    [
      'tls behind the back of tls',
      (c) =>
        kafkaTls(c, {
          cluster: withSpec({ tls: { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'x' } } }),
          tls: Tls.off(),
        }),
      /spec\.enableSSL is missing: tls is set/,
    ],
    [
      'a lifetime in days by way of extraSpec',
      (c) => kafkaTls(c, { tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), client: { extraSpec: { duration: '90d' } } }) }),
      /spec\.tls\.certificates\[1\]\.duration is "90d"/,
    ],
    [
      'two operations by way of a patch',
      (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/spec/tls/rotateCertificates', true)),
      /spec\.tls is .*these are 2/,
    ],
    [
      'one alias twice by way of a patch',
      (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/spec/tls/certificates/-', { alias: 'server' })),
      /another certificate has this alias/,
    ],
    [
      'a patch that fits nothing',
      (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.replace('/spec/nowhere/at/all', 1)),
      /the bundle cannot be rendered/,
    ],
    [
      'patched texts of the bundle',
      (c) => kafkaTls(c).bundle.configMap.addJsonPatch(JsonPatch.add('/data/desired.yaml', 'x')),
      /data is patched.*Patch the objects/,
    ],
    [
      'another name of the ConfigMap',
      (c) => kafkaTls(c).bundle.configMap.addJsonPatch(JsonPatch.replace('/metadata/name', 'mine')),
      /ConfigMap\/demo\/mine: metadata\.name is not kafka-tls-orders, the name that Job, Role and Lease refer to/,
    ],
    [
      'TLS patched into the Kafka alone',
      (c) => kafkaTls(c, { cluster: DEDICATED }).bundle.kafka?.addJsonPatch(JsonPatch.replace('/spec/tls/issuerRef/name', 'x')),
      /spec\.tls is .*not what the converging request asks for/,
    ],
    [
      'no namespace',
      (c) => kafkaTls(new Chart(c.node.scope as App, 'bare')),
      /^\[bare\/orders\] Kafka\/orders: namespace is missing: .* new Chart\(app, id, \{ namespace \}\)/,
    ],
    [
      'a name and a namespace too long for the certificates',
      (c) => kafkaTls(c, { cluster: KafkaCluster.existing('a-kafka-with-a-name-that-is-rather-long-for-a-certificate') }),
      /spec\.commonName is .*at most 64 characters/,
    ],
    [
      'too long a name under native',
      (c) =>
        kafkaTls(c, {
          executor: Executor.native(),
          cluster: KafkaCluster.existing('a-kafka-with-a-name-that-is-rather-long-for-a-certificate'),
        }),
      /Certificate\/demo\/a-kafka.*spec\.commonName is .*at most 64 characters/,
    ],
    [
      'an application certificate in the Secret of the brokers',
      (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'app', secretName: 'orders-server-cert' }),
      /spec\.secretName is "orders-server-cert": that Secret holds the server certificate/,
    ],
    [
      "an application certificate with the name of a broker's",
      (c) =>
        new ClientCertificate(c, 'app', {
          kafkaTls: kafkaTls(c, { executor: Executor.native() }),
          name: 'orders-client-cert',
          secretName: 'x',
        }),
      /metadata\.name is "orders-client-cert"/,
    ],
    [
      'an application certificate without an issuer',
      (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c, { tls: Tls.off() }), name: 'app' }),
      /^\[test\/app\] Certificate\/app: issuer is missing/,
    ],
    ['a Job without an image', (c) => kafkaTls(c, { job: { image: '' } }), /containers\[0\]\.image is ""/],
    [
      'a private key',
      (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/metadata/annotations/x', '-----BEGIN PRIVATE KEY-----\nMII')),
      /a private key must not/,
    ],
    [
      'a bundle that Argo CD could not apply',
      (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/metadata/annotations/x', 'x'.repeat(200_000))),
      /bytes: Argo CD's client-side apply/,
    ],

    ['a schedule in words', withJob({ schedule: ReconcileSchedule.cron('every hour') }), /spec\.schedule is "every hour": .*five fields/],
    [
      'a time zone in the schedule',
      withJob({ schedule: ReconcileSchedule.cron('CRON_TZ=Europe/Berlin 0 3 * * *') }),
      /spec\.schedule .*timeZone: 'Europe\/Berlin'/,
    ],
    [
      'a time zone that is none',
      withJob({ schedule: ReconcileSchedule.cron('0 3 * * *', { timeZone: 'Local' }) }),
      /spec\.timeZone is "Local": .*no such time zone/,
    ],
    [
      'a schedule that was patched in',
      (c) => kafkaTls(c, { job: JOB }).cronJob?.addJsonPatch(JsonPatch.replace('/spec/schedule', '61 * * * *')),
      /spec\.schedule is "61 \* \* \* \*"/,
    ],
    ['an image with a blank', withJob({ image: 'registry.example/kafka tls' }), /containers\[0\]\.image is .*spaces/],
    ['an image with a cut digest', withJob({ image: IMAGE.slice(0, -1) }), /image is .*64 hexadecimal digits, this has 63/],
    [
      'an image whose tag is a variable that is not set',
      withJob({ image: `registry.example/kafka-tls:${undefined}` }),
      /image is .*a variable that it is made of is not set/,
    ],
    [
      'a pull policy in lower case',
      withJob({ imagePullPolicy: 'always' as ImagePullPolicy }),
      /imagePullPolicy is "always": .*Always, IfNotPresent, Never/,
    ],
    ['a cut-over that is none', withProps({ restart: { cutover: 'Stop' as Cutover } }), /restart\.cutover is "Stop": .*Cutover\.STOP/],
    [
      'a ConfigMap in another namespace',
      (c) => kafkaTls(c).bundle.configMap.addJsonPatch(JsonPatch.replace('/metadata/namespace', 'other')),
      /ConfigMap\/other\/kafka-tls-orders: metadata\.namespace is not demo/,
    ],
    [
      'a request about a Kafka of another namespace',
      byHand({ kafka: 'demo/orders' }),
      /spec\.databaseRef\.name is "demo\/orders": .*in the namespace of the chart/,
    ],
    [
      'a Job that ends before one pod can be ready',
      withJob({ deadline: Duration.minutes(1) }),
      /activeDeadlineSeconds is 60: .*1500 seconds/,
    ],
    ['a Job deadline of no whole seconds', withJob({ deadline: Duration.millis(1500) }), /activeDeadlineSeconds is 1\.5/],
    [
      'a Secret for the registry that cannot be named',
      withJob({ imagePullSecrets: ['My Secret'] }),
      /imagePullSecrets\[0\]\.name is "My Secret"/,
    ],
    ['a time that is no number', withDeadlines({ gate: Duration.seconds(Number.NaN) }), /deadlines\.gate is "NaN"/],
    [
      '30 February',
      withTls({ issuedAfter: '2026-02-30T09:00:00Z' }),
      /issuedAfter is "2026-02-30T09:00:00Z": .*RFC 3339.*date that exists/,
    ],
    ['an instant ten years ahead', withTls({ issuedAfter: inYears(10) }), /issuedAfter is .*more than a year ahead/],
    [
      'a margin as long as the default lifetime',
      withTls({ beforeExpiry: Duration.days(90) }),
      /beforeExpiry is "2160h": the server certificate lives for 2160h/,
    ],
    [
      'a margin longer than the lifetime of one certificate',
      withTls({ beforeExpiry: Duration.days(30), client: { duration: Duration.days(7) } }),
      /beforeExpiry is "720h": the client certificate lives for 168h/,
    ],
    ['no margin', withTls({ beforeExpiry: Duration.seconds(0) }), /beforeExpiry is "0s": .*positive/],
    ['five milliseconds for a pod', withDeadlines({ podReady: Duration.millis(5) }), /deadlines\.podReady is "0\.005s": .*10s to 24h/],
    ['no time for a gate', withDeadlines({ gate: Duration.seconds(0) }), /deadlines\.gate is "0s"/],
    ['a year for an issuance', withDeadlines({ issuance: Duration.days(365) }), /deadlines\.issuance is "8760h": .*longer than a day/],
    ['less than no retries', withProps({ retries: -1 }), /retries is -1/],
    ['a thousand retries', withProps({ retries: 1000 }), /retries is 1000: .*0 to 10/],
    ['no nodes', withProps({ cluster: KafkaCluster.existing('orders', { nodes: 0 }) }), /cluster\.nodes is 0/],
    ['half a node', withProps({ cluster: KafkaCluster.existing('orders', { nodes: 2.5 }) }), /cluster\.nodes is 2\.5/],
    ['a number of nodes that is none', withProps({ cluster: KafkaCluster.existing('orders', { nodes: Number.NaN }) }), /cluster\.nodes/],
    ['a Kafka with a capital letter', withProps({ cluster: KafkaCluster.existing('Orders') }), /kafka is "Orders"/],
    [
      'a Kafka that begins with a digit',
      withProps({ cluster: KafkaCluster.existing('1orders') }),
      /kafka is "1orders": .*beginning with a letter/,
    ],
    ['replicas as text', combined({ extraSpec: { replicas: '3' } }), /spec\.replicas is "3": a whole number is expected/],
    ['a version with a blank', combined({ version: 'v 4' }), /spec\.version is "v 4": .*KafkaVersion/],
    ['a disk of no size', combined({ storage: Size.gibibytes(0) }), /spec\.storage\.resources\.requests\.storage is "0Gi": .*above zero/],
    ['a disk class with a blank', combined({ storageClassName: 'fast disks' }), /storageClassName is "fast disks"/],
    [
      'a name that is not set',
      withTls({ server: { dnsNames: ['kafka.example', process.env.KAFKA_TLS_NOT_SET as string] } }),
      /dnsNames\[1\] is missing: a string is expected/,
    ],
    [
      'a serial number that is no text',
      withTls({ server: { subject: { serialNumber: 5 as never } } }),
      /certificates\[0\]\.subject\.serialNumber is 5: a string is expected/,
    ],
    [
      'a key algorithm by way of extraSpec',
      withTls({ server: { extraSpec: { privateKey: { algorithm: 'ECDSA', size: 256 } } } }),
      /spec\.tls\.certificates\[0\]\.privateKey\.algorithm is "ECDSA": KubeDB's tls\.certificates\[\] has no such field/,
    ],
    [
      'a field of a Certificate by way of extraSpec',
      withTls({ client: { extraSpec: { literalSubject: 'CN=x' } } }),
      /spec\.tls\.certificates\[1\]\.literalSubject is "CN=x": KubeDB's tls has no such field/,
    ],
    [
      'a misspelt field by way of a patch',
      (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/spec/tls/certificates/0/dnsName', ['a.example.org'])),
      /certificates\[0\]\.dnsName is .*no such field/,
    ],
    [
      'a misspelt field of a broker Certificate by way of a patch',
      (c) => {
        const { brokerCertificates } = kafkaTls(c, { executor: Executor.native() }).bundle;
        for (const one of brokerCertificates) one.addJsonPatch(JsonPatch.add('/spec/keyAlgorithm', 'ECDSA'));
      },
      /Certificate\/demo\/orders-server-cert: spec\.keyAlgorithm is "ECDSA": cert-manager's Certificate has no such field/,
    ],
    [
      'a literal subject beside a common name',
      (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'app', commonName: 'app', literalSubject: 'CN=app' }),
      /Certificate\/demo\/app: spec\.commonName is "app": literalSubject is given/,
    ],
    [
      'a literal subject by way of a patch',
      (c) => {
        const { certificate } = new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'app' });
        ApiObject.of(certificate as ApiObject).addJsonPatch(JsonPatch.add('/spec/literalSubject', 'CN=app'));
      },
      /spec\.commonName is "app": literalSubject is given/,
    ],
    [
      'an application certificate that cannot be named',
      (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'My_App', secretName: 'app' }),
      /metadata\.name is "My_App"/,
    ],
    [
      'a label that is none',
      (c) => kafkaTls(c).bundle.issuers[0]?.metadata.addLabel('team', 'payments team'),
      /metadata\.labels\[team\] is "payments team"/,
    ],
  ],
  'of keys': [
    ['a short RSA key', withKey(KeyAlgorithm.rsa(1024)), /Certificate\/demo\/app: spec\.privateKey\.size is 1024/],
    ['an RSA key beyond what cert-manager makes', withKey(KeyAlgorithm.rsa(16384)), /spec\.privateKey\.size is 16384/],
    ['half an RSA key', withKey(KeyAlgorithm.rsa(2048.5)), /spec\.privateKey\.size is 2048\.5/],
    ['an ECDSA key of no known curve', withKey(KeyAlgorithm.ecdsa(512)), /spec\.privateKey\.size is 512/],
    [
      'another kind of key for the brokers where KubeDB makes their Certificates',
      withTls({ server: { keyAlgorithm: KeyAlgorithm.ed25519() } }),
      /spec\.tls\.certificates\[0\]\.privateKey\.algorithm is "Ed25519": KubeDB's tls\.certificates\[\] has no such field\. .*Executor\.native\(\)/,
    ],
    [
      'another kind of key in a request by hand',
      byHand({ operation: KafkaOperation.reconfigureTls({ issuer, client: { keyAlgorithm: KeyAlgorithm.rsa(4096) } }) }),
      /certificates\[1\]\.privateKey\.size is 4096: KubeDB's tls\.certificates\[\] has no such field/,
    ],
  ],
  'of a request by hand': [
    [
      'two operations',
      byHand({ operation: KafkaOperation.removeTls(), extraSpec: { tls: { rotateCertificates: true } } }),
      /these are 2: remove, rotateCertificates/,
    ],
    [
      'an issuer that it would have to make',
      byHand({ operation: KafkaOperation.reconfigureTls({ issuer: TlsIssuer.selfSignedCa() }) }),
      /Use TlsIssuer\.issuer/,
    ],
    ['a name that no object can have', byHand({ name: 'Now!' }), /metadata\.name is "Now!"/],
    ['no namespace', (c) => byHand({})(new Chart(c.node.scope as App, 'bare')), /namespace is missing/],
    [
      'a timeout that is too short',
      byHand({ timeout: Duration.millis(5) }),
      /spec\.timeout is "0\.005s": every step of an operation takes longer/,
    ],
  ],
  'of the domain of the cluster': ['cluster.local.', 'Corp.Example', 'svc cluster', ''].map(
    (clusterDomain): Case => [
      `"${clusterDomain}"`,
      withProps({ clusterDomain }),
      /clusterDomain is ".*": that is not the DNS domain of a cluster/,
    ],
  ),
  'of the pods of the Job': [
    [
      'labels that are none',
      withPod({ labels: { 'a b': 'x', team: 'two words' } }),
      [`${LABELS}\\[a b\\] is "x": "a b" is not the key`, `${LABELS}\\[team\\] is "two words": that is not the value`],
    ],
    ['an annotation that is none', withPod({ annotations: { '/x': '1' } }), ['annotations\\[/x\\] is "1": "/x" is not the key']],
    [
      'other labels where the NetworkPolicy looks',
      withPod({ labels: { 'app.kubernetes.io/name': 'mine', 'kafka-tls/kafka': 'mine' } }),
      [
        `${LABELS}\\[app\\.kubernetes\\.io/name\\] is "mine": the NetworkPolicy selects the pods by this label, as kafka-tls`,
        `${LABELS}\\[kafka-tls/kafka\\] is "mine"`,
      ],
    ],
    ['a label of the Job controller', withPod({ labels: { 'job-name': 'x' } }), [`${LABELS}\\[job-name\\].*Kubernetes gives this label`]],
    ['a variable that is none', withPod({ env: { 'HTTPS-PROXY': 'x' } }), [`${CONTAINER}\\.env\\[0\\]\\.name is "HTTPS-PROXY"`]],
    [
      'a password in Git',
      withPod({ env: { HTTPS_PROXY: 'http://me:secret@proxy.example:3128' } }),
      [`${CONTAINER}\\.env\\[0\\]\\.value is "\\(an address with a password\\)".*Use job\\.pod\\.envFromSecrets`],
    ],
    [
      'sources that are none',
      withPod({ envFromSecrets: ['Proxy'], envFromConfigMaps: [''] }),
      ['envFrom\\[0\\]\\.configMapRef\\.name is ""', 'envFrom\\[1\\]\\.secretRef\\.name is "Proxy"'],
    ],
    [
      'amounts that are none',
      withPod({ resources: { requests: { cpu: 'half' }, limits: { memory: '256 MB' } } }),
      [`${CONTAINER}\\.resources\\.requests\\.cpu is "half"`, `${CONTAINER}\\.resources\\.limits\\.memory is "256 MB"`],
    ],
    [
      'a limit below the default request',
      withPod({ resources: { limits: { memory: '64Mi' } } }),
      [`${CONTAINER}\\.resources\\.requests\\.memory is "128Mi": it is more than the limit, 64Mi`],
    ],
    [
      'a resource that no container has',
      withPod({ resources: { requests: {}, limits: { mem: '256Mi', 'nvidia.com/gpu': '1' } } }),
      [`${CONTAINER}\\.resources\\.limits\\.mem is "256Mi": a container has no such resource`],
    ],
    [
      'memory in thousandths of a byte',
      withPod({ resources: { requests: {}, limits: { memory: '256m' } } }),
      [`${CONTAINER}\\.resources\\.limits\\.memory is "256m": that is 0.256 bytes`],
    ],
    [
      'an affinity that is none',
      withPod({ affinity: { nodeAffinty: {} } }),
      [`${POD}\\.affinity\\.nodeAffinty is {}: Kubernetes has no such affinity. Use nodeAffinity`],
    ],
    [
      'annotations that are too large',
      withPod({ annotations: { a: 'x'.repeat(300_000) } }),
      ['annotations is "\\(annotations\\)": all annotations together have at most 262144 bytes, these have 300026'],
    ],
    [
      'tolerations of taints that cannot be',
      withPod({ tolerations: [{ key: 'in fra', value: 'a b', effect: 'NoExecute', tolerationSeconds: 1.5 }] }),
      ['tolerations\\[0\\]\\.key is "in fra"', 'tolerations\\[0\\]\\.value is "a b"', 'tolerationSeconds is 1\\.5'],
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
      [
        'tolerations\\[0\\]\\.operator is "Exist"',
        'tolerations\\[1\\]\\.effect is "Never"',
        'tolerations\\[2\\]\\.operator is missing: without a key',
        'tolerations\\[3\\]\\.value is "b"',
        'tolerations\\[4\\]\\.tolerationSeconds is 9',
      ],
    ],
    [
      'root',
      withPod({ securityContext: { runAsUser: 0 } }),
      [`${POD}\\.securityContext\\.runAsUser is 0: the process must run as a user other than root`],
    ],
    ['a priority class that is none', withPod({ priorityClassName: 'High Priority' }), [`${POD}\\.priorityClassName is`]],
    [
      'another container, and pods that start again',
      withPod({ extraSpec: { containers: [{ name: 'mine' }], restartPolicy: 'Always' } }),
      [
        `${POD}\\.containers is \\[{"name":"mine"}\\]: the reconciler runs in the container kafka-tls`,
        `${POD}\\.restartPolicy is "Always"`,
      ],
    ],
  ],
};

for (const [group, cases] of Object.entries(REFUSED)) {
  describe(`synth refuses, ${group}:`, () => {
    for (const [name, build, says] of cases) {
      test(name, () => {
        const chart = newChart();
        build(chart);
        const found = (chart.node.scope as App).charts.flatMap(refusals);
        for (const text of [says].flat())
          assert.ok(
            found.some((line) => new RegExp(text).test(line)),
            found.join('\n') || 'nothing was refused',
          );
        assert.ok(!found.some((line) => line.includes('secret@')), 'shows no password');
      });
    }
  });
}

test('synth names both places of a violation only once, and patches of Job and CronJob are checked, too', () => {
  const chart = newChart();
  const { job, cronJob } = kafkaTls(chart, { job: { ...JOB, pod: { priorityClassName: 'High Priority' } } });
  job?.addJsonPatch(JsonPatch.replace('/spec/template/spec/containers/0/resources/limits/cpu', '10m'));
  cronJob?.addJsonPatch(JsonPatch.replace('/spec/jobTemplate/spec/template/spec/containers/0/image', 'kafka tls'));
  const found = refusals(chart);
  const has = (text: RegExp) => found.filter((line) => text.test(line)).length;
  assert.equal(
    has(
      /Job\/demo\/kafka-tls-orders-.* resources\.requests\.cpu is "50m": it is more than the limit, 10m|resources\.requests\.cpu is "50m": it is more than the limit, 10m/,
    ),
    1,
  );
  assert.equal(has(/CronJob\/demo\/kafka-tls-orders: spec\.jobTemplate\.spec\.template\.spec\.containers\[0\]\.image is "kafka tls"/), 1);
  assert.equal(has(/priorityClassName/), 1);
});

const ACCEPTED: readonly (readonly [name: string, build: (chart: Chart) => unknown])[] = [
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

const WARNED: readonly (readonly [name: string, build: (chart: Chart) => unknown, says: RegExp])[] = [
  [
    'a field that no known KubeDB has',
    combined({ extraSpec: { deletionPolcy: 'Delete' } }),
    /spec\.deletionPolcy is "Delete": KubeDB's Kafka has no such field\. .*deletionPolicy/,
  ],
  [
    'a field of a request that no known KubeDB has',
    byHand({ extraSpec: { restrt: {} } }),
    /KafkaOpsRequest\/demo\/r: spec\.restrt is \{\}: KubeDB's KafkaOpsRequest has no such field/,
  ],
  [
    'a field that no known Kubernetes has',
    withPod({ extraSpec: { runtimeClasName: 'gvisor' } }),
    /spec\.runtimeClasName is "gvisor": Kubernetes' pods have no such field/,
  ],
  [
    'a cut-over that KubeDB does not know',
    withProps({ restart: { cutover: Cutover.STOP } }),
    /restart\.cutover is "stop": KubeDB restarts pods one after the other/,
  ],
  [
    'an image that is not pinned',
    (c) => kafkaTls(c, { job: { image: 'registry.example/kafka-tls:1' } }),
    /image is "registry\.example\/kafka-tls:1": a tag can change.*Pin the image/,
  ],
  [
    'a PKCS#1 key',
    (c) => kafkaTls(c, { tls: Tls.on({ issuer: TlsIssuer.issuer('ca'), server: { keyEncoding: KeyEncoding.PKCS1 } }) }),
    /PKCS#8 only/,
  ],
  [
    'a leaf that may outlive its CA',
    (c) =>
      kafkaTls(c, { tls: Tls.on({ issuer: TlsIssuer.selfSignedCa({ duration: Duration.days(90), renewBefore: Duration.days(30) }) }) }),
    /may outlive its CA/,
  ],

  [
    'a ServiceAccount without permissions',
    patched(JsonPatch.replace('/spec/template/spec/serviceAccountName', 'default')),
    /serviceAccountName is "default": the Role is granted to kafka-tls-orders/,
  ],
  [
    'pods without a token',
    patched(JsonPatch.replace('/spec/template/spec/automountServiceAccountToken', false)),
    /automountServiceAccountToken is false: the API server refuses/,
  ],
  [
    'a Job that vanishes',
    patched(JsonPatch.add('/spec/ttlSecondsAfterFinished', 60)),
    /ttlSecondsAfterFinished is 60: Argo CD and Flux create a Job again after it was deleted/,
  ],
];

for (const [name, build, says] of WARNED) {
  test(`synth warns of ${name}, once, and still synthesises`, () => {
    const chart = newChart();
    build(chart);
    const printed = warningsOf(() => [synth(chart), synth(chart)]);
    assert.equal(new Set(printed).size, printed.length);
    assert.ok(
      printed.some((line) => says.test(line)),
      printed.join('\n'),
    );
    assert.ok(printed.every((line) => /^\[test\/(orders|r)\] warning: /.test(line)));
    assert.equal(
      chart.node.findAll().flatMap(({ node }) => node.metadata.filter((m) => m.type === 'kafka-tls:warning')).length,
      printed.length,
    );
  });
}

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

describe('JavaScript gets no further than TypeScript with a value that no factory made:', () => {
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
