/** Pod settings apply to the pods of Job and CronJob. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Chart, Yaml } from 'cdk8s';
import { Executor, ImagePullPolicy, type ReconcilerPodProps } from '#constructs/index';
import { expectGolden } from '../support/golden';
import { JOB, kafkaTls, newChart, only, refusals, synth } from './app-builder';

/** Every setting once. */
const ALL: ReconcilerPodProps = {
  labels: { team: 'streams' },
  annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
  env: { HTTPS_PROXY: 'http://proxy.corp.example:3128', NO_PROXY: '.svc,10.0.0.0/8' },
  envFromSecrets: ['proxy-login'],
  envFromConfigMaps: ['proxy'],
  resources: { requests: { cpu: '10m', memory: '200Mi' }, limits: { memory: '512Mi' } },
  securityContext: {},
  nodeSelector: { 'kubernetes.io/arch': 'arm64' },
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'infra', effect: 'NoSchedule' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['infra'] }] }],
      },
    },
  },
  priorityClassName: 'platform',
  extraSpec: { runtimeClassName: 'gvisor' },
};

function chartWith(pod: ReconcilerPodProps | undefined, imagePullPolicy?: ImagePullPolicy): Chart {
  const chart = newChart();
  kafkaTls(chart, {
    job: { ...JOB, ...(pod === undefined ? {} : { pod }), ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }) },
  });
  return chart;
}

const templates = (chart: Chart) => [only(chart, 'Job').spec.template, only(chart, 'CronJob').spec.jobTemplate.spec.template];
const pods = (chart: Chart) => templates(chart).map(({ spec }) => spec);

test('writes every setting into Job and CronJob', () => {
  const chart = chartWith(ALL, ImagePullPolicy.IF_NOT_PRESENT);
  expectGolden('test/constructs/golden/pod-settings.yaml', Yaml.stringify(...synth(chart)));
});

test('empty pod settings change no byte', () => {
  const nothing = Object.fromEntries(Object.keys(ALL).map((key) => [key, undefined])) as ReconcilerPodProps;
  const text = (pod: ReconcilerPodProps | undefined) => Yaml.stringify(...synth(chartWith(pod)));
  for (const pod of [{}, nothing]) assert.equal(text(pod), text(undefined));
});

test('can leave the user to the platform, as OpenShift requires, and still complies with the restricted standard', () => {
  for (const { securityContext, containers } of pods(chartWith({ securityContext: {} }))) {
    assert.deepEqual(securityContext, { fsGroupChangePolicy: 'Always', runAsNonRoot: true });
    assert.deepEqual(containers[0].securityContext.seccompProfile, { type: 'RuntimeDefault' });
    assert.equal(containers[0].securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(containers[0].securityContext.capabilities, { drop: ['ALL'] });
  }
  for (const { securityContext } of pods(chartWith({ securityContext: { runAsUser: 1234, fsGroup: 99 } })))
    assert.deepEqual(securityContext, { fsGroup: 99, fsGroupChangePolicy: 'Always', runAsNonRoot: true, runAsUser: 1234 });
});

test('given limits replace the defaults: without a CPU limit there is none', () => {
  for (const { containers } of pods(chartWith({ resources: { limits: { memory: '512Mi' } } })))
    assert.deepEqual(containers[0].resources, {
      limits: { memory: '512Mi' },
      requests: { cpu: '50m', 'ephemeral-storage': '16Mi', memory: '128Mi' },
    });
});

test("adds the chart's labels to all objects, Jobs of the CronJob and pods", () => {
  const chart = new Chart(new App(), 'test', { namespace: 'demo', labels: { team: 'streams', 'app.kubernetes.io/name': 'platform' } });
  kafkaTls(chart, { job: { ...JOB, pod: { labels: { tier: 'gold' } } } });
  for (const { metadata } of synth(chart)) assert.equal(metadata.labels?.team, 'streams');
  assert.equal(only(chart, 'CronJob').spec.jobTemplate.metadata.labels.team, 'streams');
  const selected: Readonly<Record<string, string>> = only(chart, 'NetworkPolicy').spec.podSelector.matchLabels;
  for (const { metadata } of templates(chart)) {
    assert.deepEqual([metadata.labels.team, metadata.labels.tier], ['streams', 'gold']);
    for (const [key, value] of Object.entries(selected)) assert.equal(metadata.labels[key], value);
  }
});

test("keeps the labels by which KubeDB finds its Certificates, even if the chart sets Kubernetes' recommended labels", () => {
  const labels = {
    'app.kubernetes.io/name': 'platform',
    'app.kubernetes.io/instance': 'prod',
    'app.kubernetes.io/managed-by': 'Helm',
    team: 'streams',
  };
  const chart = new Chart(new App(), 'test', { namespace: 'demo', labels });
  const { brokerCertificates } = kafkaTls(chart, { executor: Executor.native(), job: JOB }).bundle;
  assert.deepEqual(refusals(chart), []);
  for (const certificate of brokerCertificates) {
    const { metadata, spec } = certificate.toJson();
    for (const has of [metadata.labels, spec.secretTemplate.labels]) {
      assert.equal(has['app.kubernetes.io/managed-by'], 'kubedb.com');
      assert.equal(has['app.kubernetes.io/instance'], 'orders');
      assert.equal(has.team, 'streams');
    }
  }
});
