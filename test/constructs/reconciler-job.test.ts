/** Job, CronJob and permissions beyond what the golden files of `kafka-tls.test.ts` show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chart, Duration, JsonPatch } from 'cdk8s';
import { KafkaCluster, type KafkaTlsProps, type ReconcilerJobProps, ReconcileSchedule, Tls, TlsIssuer } from '#constructs/index';
import { DEDICATED, IMAGE, JOB, kafkaTls, newChart, only, synth } from './app-builder';

function chartWith(job: Partial<ReconcilerJobProps> = {}, props: Partial<KafkaTlsProps> = {}): Chart {
  const chart = newChart();
  kafkaTls(chart, { job: { ...JOB, ...job }, ...props });
  return chart;
}
const jobName = (chart: Chart) => only(chart, 'Job').metadata.name;
const issuedAfter = '2026-11-23T09:00:00Z';
const CHANGES: Readonly<Record<string, readonly [job: Partial<ReconcilerJobProps>, props?: Partial<KafkaTlsProps>]>> = {
  'another image': [{ image: IMAGE.replace('0f3c', '1f3c') }],
  'another deadline': [{ deadline: Duration.hours(1) }],
  'another setting of the pods': [{ pod: { priorityClassName: 'platform' } }],
  'another TLS state': [{}, { tls: Tls.on({ issuer: TlsIssuer.issuer('other') }) }],
  'another instant to rotate': [{}, { tls: Tls.on({ issuer: TlsIssuer.selfSignedCa(), issuedAfter }) }],
};
for (const [name, [job, props]] of Object.entries(CHANGES)) {
  test(`starts another Job for ${name}`, () => assert.notEqual(jobName(chartWith(job, props)), jobName(chartWith())));
}

test('keeps the Job when only the schedule changes', () => {
  assert.equal(jobName(chartWith({ schedule: ReconcileSchedule.off() })), jobName(chartWith()));
});

test('may read the ClusterIssuers that TLS refers to, and nothing else outside its namespace', () => {
  const chart = chartWith({}, { tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('corp-ca') }) });
  const { metadata, rules } = only(chart, 'ClusterRole');
  assert.equal(metadata.name, 'kafka-tls-demo-orders');
  assert.equal(metadata.namespace, undefined);
  assert.deepEqual(rules, [{ apiGroups: ['cert-manager.io'], resources: ['clusterissuers'], resourceNames: ['corp-ca'], verbs: ['get'] }]);
  const binding = only(chart, 'ClusterRoleBinding');
  assert.deepEqual(binding.roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name });
  const { name } = only(chart, 'ServiceAccount').metadata;
  assert.deepEqual(binding.subjects, [{ apiGroup: '', kind: 'ServiceAccount', name, namespace: 'demo' }]);
  assert.ok(!synth(chartWith()).some((o) => o.kind.startsWith('ClusterRole')));
});

test('has a deadline that follows from the number of pods', () => {
  const seconds = (cluster: KafkaCluster) => only(chartWith({}, { cluster }), 'Job').spec.activeDeadlineSeconds;
  const perPod = 25 * 60;
  assert.equal(seconds(DEDICATED), 45 * 60 + 6 * perPod);
  assert.equal(seconds(KafkaCluster.existing('orders', { nodes: 3 })), 45 * 60 + 3 * perPod);
  assert.equal(only(chartWith({ deadline: Duration.minutes(30) }), 'Job').spec.activeDeadlineSeconds, 1800);
});

test('complies with the restricted pod security standard', () => {
  for (const spec of [only(chartWith(), 'Job').spec, only(chartWith(), 'CronJob').spec.jobTemplate.spec]) {
    const pod = spec.template.spec;
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.ok(pod.securityContext.runAsUser >= 10_000 && pod.securityContext.runAsGroup >= 10_000, 'no user of the node');
    for (const resource of ['cpu', 'memory', 'ephemeral-storage']) {
      assert.ok(pod.containers[0].resources.requests[resource] !== undefined, resource);
      assert.ok(pod.containers[0].resources.limits[resource] !== undefined, resource);
    }
    assert.equal(pod.containers[0].securityContext.seccompProfile.type, 'RuntimeDefault');
    assert.equal(pod.containers[0].securityContext.allowPrivilegeEscalation, false);
    assert.deepEqual(pod.containers[0].securityContext.capabilities.drop, ['ALL']);
    assert.equal(pod.automountServiceAccountToken, true);
    assert.equal(pod.restartPolicy, 'Never');
  }
});

test('runs once an hour, at a minute that depends on the Kafka, and never twice at once', () => {
  const cron = (namespace: string) => {
    const chart = newChart(namespace);
    kafkaTls(chart, { job: JOB });
    return only(chart, 'CronJob').spec;
  };
  assert.match(cron('a').schedule, /^([1-5]?\d) \* \* \* \*$/);
  assert.ok(new Set(['a', 'b', 'c', 'd', 'e'].map((ns) => cron(ns).schedule)).size > 1);
  assert.equal(cron('a').concurrencyPolicy, 'Forbid');
});

test('runs at the configured times, or never', () => {
  const { schedule, timeZone } = only(
    chartWith({ schedule: ReconcileSchedule.cron('0 3 * * 6', { timeZone: 'Europe/Berlin' }) }),
    'CronJob',
  ).spec;
  assert.deepEqual({ schedule, timeZone }, { schedule: '0 3 * * 6', timeZone: 'Europe/Berlin' });
  assert.ok(!synth(chartWith({ schedule: ReconcileSchedule.off() })).some((o) => o.kind === 'CronJob'));
});

test('pulls from a private registry', () => {
  assert.deepEqual(only(chartWith({ imagePullSecrets: ['regcred'] }), 'Job').spec.template.spec.imagePullSecrets, [{ name: 'regcred' }]);
});

test('keeps patches with fields that cdk8s-plus does not know, in Job and CronJob', () => {
  const chart = newChart();
  const { job, cronJob } = kafkaTls(chart, { job: { ...JOB, pod: { extraSpec: { hostPID: false } } } });
  const before = jobName(chart);
  job?.addJsonPatch(JsonPatch.add('/spec/managedBy', 'example.org/queue'), JsonPatch.add('/spec/template/spec/hostnameOverride', 'a'));
  cronJob?.addJsonPatch(JsonPatch.add('/spec/jobTemplate/spec/managedBy', 'example.org/queue'));
  const { managedBy, template } = only(chart, 'Job').spec;
  assert.deepEqual([managedBy, template.spec.hostnameOverride, template.spec.hostPID], ['example.org/queue', 'a', false]);
  assert.equal(only(chart, 'CronJob').spec.jobTemplate.spec.managedBy, 'example.org/queue');
  assert.notEqual(jobName(chart), before);
});
