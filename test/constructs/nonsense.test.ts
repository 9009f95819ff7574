/** Input that no cluster could do anything with. It is refused at synth, with the field and a way out. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiObject, type Chart, Duration, JsonPatch, Size } from 'cdk8s';
import {
  ClientCertificate,
  Cutover,
  type DeadlinesProps,
  Executor,
  type ImagePullPolicy,
  KafkaCluster,
  KafkaOperation,
  KafkaOpsRequest,
  type KafkaTlsProps,
  type ReconcilerJobProps,
  ReconcileSchedule,
  Tls,
  TlsIssuer,
  type TlsOnProps,
} from '#constructs/index';
import { IMAGE, JOB, kafkaTls, newChart, only, refusals, warningsOf } from './app-builder';

const issuer = TlsIssuer.issuer('ca');
const withProps = (props: Partial<KafkaTlsProps>) => (chart: Chart) => kafkaTls(chart, props);
const withTls = (props: Partial<TlsOnProps>) => withProps({ tls: Tls.on({ issuer, ...props }) });
const withJob = (props: Partial<ReconcilerJobProps>) => withProps({ job: { ...JOB, ...props } });
const withDeadlines = (deadlines: DeadlinesProps) => withProps({ deadlines });
const combined = (props: object) =>
  withProps({ cluster: KafkaCluster.combined({ name: 'orders', version: '4.2.0', replicas: 3, storage: Size.gibibytes(1), ...props }) });
const inAYear = (years: number) => `${new Date().getUTCFullYear() + years}-12-31T23:59:59Z`;

const refused: readonly { readonly name: string; readonly build: (chart: Chart) => unknown; readonly says: RegExp }[] = [
  {
    name: 'a schedule in words',
    build: withJob({ schedule: ReconcileSchedule.cron('every hour') }),
    says: /spec\.schedule is "every hour": .*five fields/,
  },
  {
    name: 'the name of another schedule',
    build: withJob({ schedule: ReconcileSchedule.cron('hourly') }),
    says: /spec\.schedule is "hourly"/,
  },
  { name: 'a schedule called off', build: withJob({ schedule: ReconcileSchedule.cron('off') }), says: /spec\.schedule is "off"/ },
  {
    name: 'a time zone in the schedule',
    build: withJob({ schedule: ReconcileSchedule.cron('CRON_TZ=Europe/Berlin 0 3 * * *') }),
    says: /spec\.schedule .*timeZone: 'Europe\/Berlin'/,
  },
  {
    name: 'a time zone that is none',
    build: withJob({ schedule: ReconcileSchedule.cron('0 3 * * *', { timeZone: 'Local' }) }),
    says: /spec\.timeZone is "Local": .*no such time zone/,
  },
  {
    name: 'a schedule that was patched in',
    build: (c) => kafkaTls(c, { job: JOB }).cronJob?.addJsonPatch(JsonPatch.replace('/spec/schedule', '61 * * * *')),
    says: /spec\.schedule is "61 \* \* \* \*"/,
  },
  { name: 'an image with a blank', build: withJob({ image: 'registry.example/kafka tls' }), says: /containers\[0\]\.image is .*spaces/ },
  {
    name: 'an image with a cut digest',
    build: withJob({ image: IMAGE.slice(0, -1) }),
    says: /image is .*64 hexadecimal digits, this has 63/,
  },
  {
    name: 'an image whose tag is a variable that is not set',
    build: withJob({ image: `registry.example/kafka-tls:${undefined}` }),
    says: /image is .*a variable that it is made of is not set/,
  },
  {
    name: 'a pull policy in lower case',
    build: withJob({ imagePullPolicy: 'always' as ImagePullPolicy }),
    says: /imagePullPolicy is "always": .*Always, IfNotPresent, Never/,
  },
  {
    name: 'a cut-over that is none',
    build: withProps({ restart: { cutover: 'Stop' as Cutover } }),
    says: /restart\.cutover is "Stop": .*Cutover\.STOP/,
  },
  {
    name: 'a ConfigMap in another namespace',
    build: (c) => kafkaTls(c).bundle.configMap.addJsonPatch(JsonPatch.replace('/metadata/namespace', 'other')),
    says: /ConfigMap\/other\/kafka-tls-orders: metadata\.namespace is not demo/,
  },
  {
    name: 'a request about a Kafka of another namespace',
    build: (c) => new KafkaOpsRequest(c, 'r', { name: 'r', kafka: 'demo/orders', operation: KafkaOperation.restart() }),
    says: /spec\.databaseRef\.name is "demo\/orders": .*in the namespace of the chart/,
  },
  {
    name: 'a Job that ends before one pod can be ready',
    build: withJob({ deadline: Duration.minutes(1) }),
    says: /activeDeadlineSeconds is 60: .*1500 seconds/,
  },
  {
    name: 'a Job deadline of no whole seconds',
    build: withJob({ deadline: Duration.millis(1500) }),
    says: /activeDeadlineSeconds is 1\.5/,
  },
  {
    name: 'a Secret for the registry that cannot be named',
    build: withJob({ imagePullSecrets: ['My Secret'] }),
    says: /imagePullSecrets\[0\]\.name is "My Secret"/,
  },
  { name: 'a time that is no number', build: withDeadlines({ gate: Duration.seconds(Number.NaN) }), says: /deadlines\.gate is "NaN"/ },
  {
    name: '30 February',
    build: withTls({ issuedAfter: '2026-02-30T09:00:00Z' }),
    says: /issuedAfter is "2026-02-30T09:00:00Z": .*RFC 3339.*date that exists/,
  },
  { name: 'an instant ten years ahead', build: withTls({ issuedAfter: inAYear(10) }), says: /issuedAfter is .*more than a year ahead/ },
  {
    name: 'a margin as long as the default lifetime',
    build: withTls({ beforeExpiry: Duration.days(90) }),
    says: /beforeExpiry is "2160h": the server certificate lives for 2160h/,
  },
  {
    name: 'a margin longer than the lifetime of one certificate',
    build: withTls({ beforeExpiry: Duration.days(30), client: { duration: Duration.days(7) } }),
    says: /beforeExpiry is "720h": the client certificate lives for 168h/,
  },
  { name: 'no margin', build: withTls({ beforeExpiry: Duration.seconds(0) }), says: /beforeExpiry is "0s": .*positive/ },
  {
    name: 'five milliseconds for a pod',
    build: withDeadlines({ podReady: Duration.millis(5) }),
    says: /deadlines\.podReady is "0\.005s": .*10s to 24h/,
  },
  { name: 'no time for a gate', build: withDeadlines({ gate: Duration.seconds(0) }), says: /deadlines\.gate is "0s"/ },
  {
    name: 'a year for an issuance',
    build: withDeadlines({ issuance: Duration.days(365) }),
    says: /deadlines\.issuance is "8760h": .*longer than a day/,
  },
  { name: 'less than no retries', build: withProps({ retries: -1 }), says: /retries is -1/ },
  { name: 'a thousand retries', build: withProps({ retries: 1000 }), says: /retries is 1000: .*0 to 10/ },
  { name: 'no nodes', build: withProps({ cluster: KafkaCluster.existing('orders', { nodes: 0 }) }), says: /cluster\.nodes is 0/ },
  { name: 'half a node', build: withProps({ cluster: KafkaCluster.existing('orders', { nodes: 2.5 }) }), says: /cluster\.nodes is 2\.5/ },
  {
    name: 'a number of nodes that is none',
    build: withProps({ cluster: KafkaCluster.existing('orders', { nodes: Number.NaN }) }),
    says: /cluster\.nodes/,
  },
  { name: 'a Kafka with a capital letter', build: withProps({ cluster: KafkaCluster.existing('Orders') }), says: /kafka is "Orders"/ },
  {
    name: 'a Kafka that begins with a digit',
    build: withProps({ cluster: KafkaCluster.existing('1orders') }),
    says: /kafka is "1orders": .*beginning with a letter/,
  },
  {
    name: 'replicas as text',
    build: combined({ extraSpec: { replicas: '3' } }),
    says: /spec\.replicas is "3": a whole number is expected/,
  },
  { name: 'a version with a blank', build: combined({ version: 'v 4' }), says: /spec\.version is "v 4": .*KafkaVersion/ },
  {
    name: 'a disk of no size',
    build: combined({ storage: Size.gibibytes(0) }),
    says: /spec\.storage\.resources\.requests\.storage is "0Gi": .*above zero/,
  },
  { name: 'a disk class with a blank', build: combined({ storageClassName: 'fast disks' }), says: /storageClassName is "fast disks"/ },
  {
    name: 'a name that is not set',
    build: withTls({ server: { dnsNames: ['kafka.example', process.env.KAFKA_TLS_NOT_SET as string] } }),
    says: /dnsNames\[1\] is missing: a string is expected/,
  },
  {
    name: 'a serial number that is no text',
    build: withTls({ server: { subject: { serialNumber: 5 as never } } }),
    says: /certificates\[0\]\.subject\.serialNumber is 5: a string is expected/,
  },
  {
    name: 'a key algorithm by way of extraSpec',
    build: withTls({ server: { extraSpec: { privateKey: { algorithm: 'ECDSA', size: 256 } } } }),
    says: /spec\.tls\.certificates\[0\]\.privateKey\.algorithm is "ECDSA": KubeDB's tls\.certificates\[\] has no such field/,
  },
  {
    name: 'a field of a Certificate by way of extraSpec',
    build: withTls({ client: { extraSpec: { literalSubject: 'CN=x' } } }),
    says: /spec\.tls\.certificates\[1\]\.literalSubject is "CN=x": KubeDB's tls has no such field/,
  },
  {
    name: 'a misspelt field by way of a patch',
    build: (c) => kafkaTls(c).bundle.convergeRequest.addJsonPatch(JsonPatch.add('/spec/tls/certificates/0/dnsName', ['a.example.org'])),
    says: /certificates\[0\]\.dnsName is .*no such field/,
  },
  {
    name: 'a misspelt field of a broker Certificate by way of a patch',
    build: (c) => {
      const { brokerCertificates } = kafkaTls(c, { executor: Executor.native() }).bundle;
      for (const one of brokerCertificates) one.addJsonPatch(JsonPatch.add('/spec/keyAlgorithm', 'ECDSA'));
    },
    says: /Certificate\/demo\/orders-server-cert: spec\.keyAlgorithm is "ECDSA": cert-manager's Certificate has no such field/,
  },
  {
    name: 'a literal subject beside a common name',
    build: (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'app', commonName: 'app', literalSubject: 'CN=app' }),
    says: /Certificate\/demo\/app: spec\.commonName is "app": literalSubject is given/,
  },
  {
    name: 'a literal subject by way of a patch',
    build: (c) => {
      const { certificate } = new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'app' });
      ApiObject.of(certificate as ApiObject).addJsonPatch(JsonPatch.add('/spec/literalSubject', 'CN=app'));
    },
    says: /spec\.commonName is "app": literalSubject is given/,
  },
  {
    name: 'an application certificate that cannot be named',
    build: (c) => new ClientCertificate(c, 'app', { kafkaTls: kafkaTls(c), name: 'My_App', secretName: 'app' }),
    says: /metadata\.name is "My_App"/,
  },
  {
    name: 'a label that is none',
    build: (c) => kafkaTls(c).bundle.issuers[0]?.metadata.addLabel('team', 'payments team'),
    says: /metadata\.labels\[team\] is "payments team"/,
  },
];

describe('synth refuses', () => {
  for (const { name, build, says } of refused) {
    test(name, () => {
      const chart = newChart();
      build(chart);
      const found = refusals(chart);
      assert.ok(
        found.some((line) => says.test(line)),
        found.join('\n') || 'nothing was refused',
      );
    });
  }
});

const accepted: readonly { readonly name: string; readonly build: (chart: Chart) => unknown }[] = [
  { name: 'an instant some months ahead', build: withTls({ issuedAfter: new Date(Date.now() + 100 * 86_400_000).toISOString() }) },
  { name: 'an instant of old', build: withTls({ issuedAfter: '2020-02-29T00:00:00Z' }) },
  {
    name: 'the shortest deadlines',
    build: withDeadlines({ issuance: Duration.seconds(10), podReady: Duration.seconds(10), opsManagerDetection: Duration.seconds(0) }),
  },
  { name: 'a Job with time for one pod', build: withJob({ deadline: Duration.minutes(25) }) },
  { name: 'half a gibibyte', build: combined({ storage: Size.mebibytes(512) }) },
  { name: 'a margin just under the lifetime', build: withTls({ beforeExpiry: Duration.days(89) }) },
];

describe('synth accepts', () => {
  for (const { name, build } of accepted) {
    test(name, () => {
      const chart = newChart();
      build(chart);
      assert.deepEqual(refusals(chart), []);
    });
  }
});

test('warns of a field that no known KubeDB has, and leaves it to the API server', () => {
  const chart = newChart();
  combined({ extraSpec: { deletionPolcy: 'Delete' } })(chart);
  const printed = warningsOf(() => assert.deepEqual(refusals(chart), []));
  assert.match(printed.join('\n'), /spec\.deletionPolcy is "Delete": KubeDB's Kafka has no such field\. .*deletionPolicy/);
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

test('warns of a cut-over that KubeDB does not know', () => {
  const restart = { cutover: Cutover.STOP };
  const warnings = (executor: Executor) => {
    const chart = newChart();
    withProps({ restart, executor })(chart);
    return warningsOf(() => assert.deepEqual(refusals(chart), [])).filter((line) => line.includes('cutover'));
  };
  assert.match(warnings(Executor.opsRequest()).join('\n'), /restart\.cutover is "stop": KubeDB restarts pods one after the other/);
  assert.deepEqual(warnings(Executor.native()), []);
});

test('writes the time zone of a schedule into the CronJob', () => {
  const chart = newChart();
  withJob({ schedule: ReconcileSchedule.cron('0 3 * * *', { timeZone: 'Europe/Berlin' }) })(chart);
  const { schedule, timeZone } = only(chart, 'CronJob').spec;
  assert.deepEqual({ schedule, timeZone }, { schedule: '0 3 * * *', timeZone: 'Europe/Berlin' });
});

test('leaves the common name of an application out where the subject is literal', () => {
  for (const subject of [{ literalSubject: 'CN=app,OU=x' }, { extraSpec: { literalSubject: 'CN=app,OU=x' } }]) {
    const chart = newChart();
    const { certificate } = new ClientCertificate(chart, 'app', { kafkaTls: kafkaTls(chart), name: 'app', ...subject });
    assert.deepEqual(refusals(chart), []);
    const { commonName, literalSubject } = certificate?.toJson().spec ?? {};
    assert.deepEqual({ commonName, literalSubject }, { commonName: undefined, literalSubject: 'CN=app,OU=x' });
  }
});
