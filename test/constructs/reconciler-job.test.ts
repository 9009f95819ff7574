import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chart, Duration, JsonPatch } from 'cdk8s';
import { Executor, KafkaCluster, type KafkaTlsProps, type ReconcilerJobProps, ReconcileSchedule, Tls, TlsIssuer } from '#constructs/index';
import { DEDICATED, IMAGE, JOB, kafkaTls, newChart, only, synth } from './app-builder';

function chartWith(job: Partial<ReconcilerJobProps> = {}, props: Partial<KafkaTlsProps> = {}): Chart {
  const chart = newChart();
  kafkaTls(chart, { job: { ...JOB, ...job }, ...props });
  return chart;
}
const jobName = (chart: Chart) => only(chart, 'Job').metadata.name;
const container = (chart: Chart, kind: 'Job' | 'CronJob') => {
  const { spec } = only(chart, kind);
  return (kind === 'Job' ? spec : spec.jobTemplate.spec).template.spec.containers[0];
};

test('emits ConfigMap, permissions, Job and CronJob, all in the namespace of the chart', () => {
  const found = synth(chartWith());
  const kinds = ['ConfigMap', 'CronJob', 'Job', 'NetworkPolicy', 'Role', 'RoleBinding', 'ServiceAccount'];
  assert.deepEqual(found.map((o) => o.kind).sort(), kinds);
  assert.ok(found.every((o) => o.metadata.namespace === 'demo'));
  assert.ok(found.every((o) => o.metadata.name.startsWith('kafka-tls-orders')));
});

test('names the Job by its inputs, and the ConfigMap names the Job', () => {
  const chart = chartWith();
  assert.match(jobName(chart), /^kafka-tls-orders-[0-9a-f]{10}$/);
  assert.equal(only(chart, 'ConfigMap').metadata.annotations?.['kafka-tls/job'], jobName(chart));
});

const moves: readonly { readonly name: string; readonly chart: () => Chart }[] = [
  { name: 'another image', chart: () => chartWith({ image: IMAGE.replace('0f3c', '1f3c') }) },
  { name: 'another deadline', chart: () => chartWith({ deadline: Duration.hours(1) }) },
  { name: 'another TLS state', chart: () => chartWith({}, { tls: Tls.on({ issuer: TlsIssuer.issuer('other') }) }) },
  {
    name: 'another instant to rotate',
    chart: () => chartWith({}, { tls: Tls.on({ issuer: TlsIssuer.selfSignedCa(), issuedAfter: '2026-11-23T09:00:00Z' }) }),
  },
  { name: 'a patch of the Job', chart: () => patched(chartWith()) },
];
function patched(chart: Chart): Chart {
  const orders = chart.node.findChild('orders') as ReturnType<typeof kafkaTls>;
  orders.job?.addJsonPatch(JsonPatch.add('/spec/template/spec/nodeSelector', { disk: 'ssd' }));
  return chart;
}
for (const { name, chart } of moves) {
  test(`starts another Job for ${name}`, () => assert.notEqual(jobName(chart()), jobName(chartWith())));
}

test('keeps the Job when only the schedule changes', () => {
  assert.equal(jobName(chartWith({ schedule: ReconcileSchedule.off() })), jobName(chartWith()));
});

test('honours a patch of the Job', () => {
  assert.deepEqual(only(patched(chartWith()), 'Job').spec.template.spec.nodeSelector, { disk: 'ssd' });
});

test('is a plain resource: no hook, no generated name, no TTL', () => {
  const job = only(chartWith(), 'Job');
  assert.ok(!JSON.stringify(job).includes('argocd'));
  assert.equal(job.spec.ttlSecondsAfterFinished, undefined);
  assert.ok(!('generateName' in job.metadata));
});

test('reads the ConfigMap in the namespace of the Job at run time; the Job names the digest of its content', () => {
  const chart = chartWith();
  const args: readonly string[] = container(chart, 'Job').args;
  assert.deepEqual(args.slice(0, 4), ['apply', '--config-map', 'kafka-tls-orders', '--digest']);
  assert.match(args[4] ?? '', /^[0-9a-f]{16}$/);
  const log = ['--termination-log', '/dev/termination-log'];
  assert.deepEqual(args.slice(5), log);
  assert.deepEqual(container(chart, 'CronJob').args, [...args.slice(0, 3), ...log]);
});

test('does not try again if only a commit helps, and counts no failure that is only a matter of time', () => {
  const { rules } = only(chartWith(), 'Job').spec.podFailurePolicy;
  const onExit = (code: number) => ({ containerName: 'kafka-tls', operator: 'In', values: [code] });
  assert.deepEqual(rules, [
    { action: 'FailJob', onExitCodes: onExit(2) },
    { action: 'Ignore', onExitCodes: onExit(4) },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ]);
});

test('runs one pod at a time, the next one after the previous one has ended', () => {
  const { parallelism, completions, podReplacementPolicy } = only(chartWith(), 'Job').spec;
  assert.deepEqual({ parallelism, completions, podReplacementPolicy }, { parallelism: 1, completions: 1, podReplacementPolicy: 'Failed' });
});

test('has no sidecar that would outlive the command', () => {
  for (const spec of [only(chartWith(), 'Job').spec, only(chartWith(), 'CronJob').spec.jobTemplate.spec]) {
    assert.equal(spec.template.metadata.labels['sidecar.istio.io/inject'], 'false');
    assert.equal(spec.template.metadata.annotations['linkerd.io/inject'], 'disabled');
  }
});

test('denies all connections to the pods, and allows all connections from them', () => {
  const { podSelector, policyTypes, ingress, egress } = only(chartWith(), 'NetworkPolicy').spec;
  const { labels } = only(chartWith(), 'Job').spec.template.metadata;
  for (const [key, value] of Object.entries(podSelector.matchLabels)) assert.equal(labels[key], value);
  assert.deepEqual({ policyTypes, ingress, egress }, { policyTypes: ['Egress', 'Ingress'], ingress: undefined, egress: [{}] });
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

test('marks the ConfigMap with its digest, and excludes it from variable substitution', () => {
  const chart = chartWith();
  const { annotations } = only(chart, 'ConfigMap').metadata;
  assert.equal(annotations?.['kafka-tls/digest'], container(chart, 'Job').args[4]);
  assert.equal(annotations?.['kustomize.toolkit.fluxcd.io/substitute'], 'disabled');
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

test('may write Secrets, PetSets and pods only with native, and only Secrets with known names', () => {
  const writes = (executor: Executor) => {
    const rules: readonly {
      readonly resources: readonly string[];
      readonly verbs: readonly string[];
      readonly resourceNames?: readonly string[];
    }[] = only(chartWith({}, { executor }), 'Role').rules;
    const isWrite = (verb: string) => !['get', 'list', 'watch'].includes(verb);
    return rules
      .filter((r) => /^(secrets|petsets|pods)/.test(r.resources[0] ?? '') && r.verbs.some(isWrite))
      .map(({ resources, verbs, resourceNames }) => [verbs.filter(isWrite).join(), resources[0], ...(resourceNames ?? [])].join(' '));
  };
  assert.deepEqual(writes(Executor.opsRequest()), []);
  assert.deepEqual(writes(Executor.native()), [
    'create,patch secrets orders-keystore-cred',
    'update secrets orders-controller-config',
    'update secrets orders-broker-config',
    'update secrets orders-config',
    'update petsets',
    'create pods/eviction',
    'delete pods',
  ]);
});

test('has no wildcard permission, and may not delete a Kafka', () => {
  for (const executor of [Executor.opsRequest(), Executor.native()]) {
    const { rules } = only(chartWith({}, { executor }), 'Role');
    assert.ok(!JSON.stringify(rules).includes('*'));
    for (const rule of rules) {
      if (rule.resources[0] === 'kafkas') assert.ok(!rule.verbs.includes('delete'));
    }
  }
});

test('keeps patches with fields that cdk8s-plus does not know, in Job and CronJob', () => {
  const chart = newChart();
  const { job, cronJob } = kafkaTls(chart, { job: { ...JOB, pod: { extraSpec: { hostPID: false } } } });
  job?.addJsonPatch(JsonPatch.add('/spec/managedBy', 'example.org/queue'), JsonPatch.add('/spec/template/spec/hostnameOverride', 'a'));
  cronJob?.addJsonPatch(JsonPatch.add('/spec/jobTemplate/spec/managedBy', 'example.org/queue'));
  const { managedBy, template } = only(chart, 'Job').spec;
  assert.deepEqual([managedBy, template.spec.hostnameOverride, template.spec.hostPID], ['example.org/queue', 'a', false]);
  assert.equal(only(chart, 'CronJob').spec.jobTemplate.spec.managedBy, 'example.org/queue');
});

test('leaves suspending the CronJob to administrators', () => assert.ok(!('suspend' in only(chartWith(), 'CronJob').spec)));
