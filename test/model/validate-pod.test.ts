/** What synth says of pod settings: what Kubernetes would refuse, and what the reconciler rests on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Chart, JsonPatch } from 'cdk8s';
import type { ReconcilerPodProps } from '#constructs/index';
import { parseQuantity } from '#model/kubernetes-names';
import { JOB, kafkaTls, newChart, refusals, warningsOf } from '../constructs/app-builder';

const POD = 'spec\\.template\\.spec';
const CONTAINER = `${POD}\\.containers\\[0\\]`;
const LABELS = 'spec\\.template\\.metadata\\.labels';

const refused: readonly { readonly name: string; readonly pod: ReconcilerPodProps; readonly says: readonly string[] }[] = [
  {
    name: 'labels that are none',
    pod: { labels: { 'a b': 'x', team: 'two words' } },
    says: [`${LABELS}\\[a b\\] is "x": "a b" is not the key`, `${LABELS}\\[team\\] is "two words": that is not the value`],
  },
  { name: 'an annotation that is none', pod: { annotations: { '/x': '1' } }, says: ['annotations\\[/x\\] is "1": "/x" is not the key'] },
  {
    name: 'other labels where the NetworkPolicy looks',
    pod: { labels: { 'app.kubernetes.io/name': 'mine', 'kafka-tls/kafka': 'mine' } },
    says: [
      `${LABELS}\\[app\\.kubernetes\\.io/name\\] is "mine": the NetworkPolicy selects the pods by this label, as kafka-tls`,
      `${LABELS}\\[kafka-tls/kafka\\] is "mine"`,
    ],
  },
  {
    name: 'a label of the Job controller',
    pod: { labels: { 'job-name': 'x' } },
    says: [`${LABELS}\\[job-name\\].*Kubernetes gives this label`],
  },
  { name: 'a variable that is none', pod: { env: { 'HTTPS-PROXY': 'x' } }, says: [`${CONTAINER}\\.env\\[0\\]\\.name is "HTTPS-PROXY"`] },
  {
    name: 'a password in Git',
    pod: { env: { HTTPS_PROXY: 'http://me:secret@proxy.example:3128' } },
    says: [`${CONTAINER}\\.env\\[0\\]\\.value is "\\(an address with a password\\)".*Use job\\.pod\\.envFromSecrets`],
  },
  {
    name: 'sources that are none',
    pod: { envFromSecrets: ['Proxy'], envFromConfigMaps: [''] },
    says: ['envFrom\\[0\\]\\.configMapRef\\.name is ""', 'envFrom\\[1\\]\\.secretRef\\.name is "Proxy"'],
  },
  {
    name: 'amounts that are none',
    pod: { resources: { requests: { cpu: 'half' }, limits: { memory: '256 MB' } } },
    says: [`${CONTAINER}\\.resources\\.requests\\.cpu is "half"`, `${CONTAINER}\\.resources\\.limits\\.memory is "256 MB"`],
  },
  {
    name: 'a limit below the default request',
    pod: { resources: { limits: { memory: '64Mi' } } },
    says: [`${CONTAINER}\\.resources\\.requests\\.memory is "128Mi": it is more than the limit, 64Mi`],
  },
  {
    name: 'a resource that no container has',
    pod: { resources: { requests: {}, limits: { mem: '256Mi', 'nvidia.com/gpu': '1' } } },
    says: [`${CONTAINER}\\.resources\\.limits\\.mem is "256Mi": a container has no such resource`],
  },
  {
    name: 'memory in thousandths of a byte',
    pod: { resources: { requests: {}, limits: { memory: '256m' } } },
    says: [`${CONTAINER}\\.resources\\.limits\\.memory is "256m": that is 0.256 bytes`],
  },
  {
    name: 'an affinity that is none',
    pod: { affinity: { nodeAffinty: {} } },
    says: [`${POD}\\.affinity\\.nodeAffinty is {}: Kubernetes has no such affinity. Use nodeAffinity`],
  },
  {
    name: 'annotations that are too large',
    pod: { annotations: { a: 'x'.repeat(300_000) } },
    says: ['annotations is "\\(annotations\\)": all annotations together have at most 262144 bytes, these have 300026'],
  },
  {
    name: 'tolerations of taints that cannot be',
    pod: { tolerations: [{ key: 'in fra', value: 'a b', effect: 'NoExecute', tolerationSeconds: 1.5 }] },
    says: ['tolerations\\[0\\]\\.key is "in fra"', 'tolerations\\[0\\]\\.value is "a b"', 'tolerationSeconds is 1\\.5'],
  },
  {
    name: 'tolerations that Kubernetes refuses',
    pod: {
      tolerations: [
        { operator: 'Exist' },
        { key: 'a', effect: 'Never' },
        {},
        { key: 'a', operator: 'Exists', value: 'b' },
        { key: 'a', tolerationSeconds: 9 },
      ],
    },
    says: [
      'tolerations\\[0\\]\\.operator is "Exist"',
      'tolerations\\[1\\]\\.effect is "Never"',
      'tolerations\\[2\\]\\.operator is missing: without a key',
      'tolerations\\[3\\]\\.value is "b"',
      'tolerations\\[4\\]\\.tolerationSeconds is 9',
    ],
  },
  {
    name: 'root',
    pod: { securityContext: { runAsUser: 0 } },
    says: [`${POD}\\.securityContext\\.runAsUser is 0: the process must run as a user other than root`],
  },
  { name: 'a priority class that is none', pod: { priorityClassName: 'High Priority' }, says: [`${POD}\\.priorityClassName is`] },
  {
    name: 'another container, and pods that start again',
    pod: { extraSpec: { containers: [{ name: 'mine' }], restartPolicy: 'Always' } },
    says: [
      `${POD}\\.containers is \\[{"name":"mine"}\\]: the reconciler runs in the container kafka-tls`,
      `${POD}\\.restartPolicy is "Always"`,
    ],
  },
];
for (const { name, pod, says } of refused) {
  test(`refuses ${name}`, () => {
    const chart = newChart();
    kafkaTls(chart, { job: { ...JOB, pod } });
    const found = refusals(chart).join('\n');
    for (const text of says) assert.match(found, new RegExp(`Job/demo/kafka-tls-orders-[0-9a-f]+: .*${text}`));
    assert.doesNotMatch(found, /secret@/);
  });
}

const accepted: readonly { readonly name: string; readonly pod: ReconcilerPodProps }[] = [
  { name: 'a toleration of everything', pod: { tolerations: [{ operator: 'Exists' }] } },
  { name: 'a taint with a time', pod: { tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }] } },
  { name: 'a proxy without a password', pod: { env: { https_proxy: 'http://proxy.example:3128', NO_PROXY: '.svc,[::1],10.0.0.0/8' } } },
  {
    name: 'quantities in every notation',
    pod: { resources: { requests: { cpu: '0.1', memory: '128e6' }, limits: { cpu: '100m', memory: '.5Gi' } } },
  },
  { name: 'a sidecar of the mesh that is wanted', pod: { labels: { 'sidecar.istio.io/inject': 'true' } } },
  { name: 'group zero, as OpenShift has it', pod: { securityContext: { runAsGroup: 0 } } },
];
for (const { name, pod } of accepted) {
  test(`takes ${name}`, () => {
    const chart = newChart();
    kafkaTls(chart, { job: { ...JOB, pod } });
    assert.deepEqual(refusals(chart), []);
  });
}

test('holds patches to the same rules', () => {
  const chart = newChart();
  kafkaTls(chart, { job: JOB }).job?.addJsonPatch(JsonPatch.replace('/spec/template/spec/containers/0/resources/limits/cpu', '10m'));
  assert.match(refusals(chart).join('\n'), /resources\.requests\.cpu is "50m": it is more than the limit, 10m/);
});

test('holds patches of the CronJob to the same rules, and says once what is wrong with both', () => {
  const chart = newChart();
  const { cronJob } = kafkaTls(chart, { job: { ...JOB, pod: { priorityClassName: 'High Priority' } } });
  cronJob?.addJsonPatch(JsonPatch.replace('/spec/jobTemplate/spec/template/spec/containers/0/image', 'kafka tls'));
  const found = refusals(chart);
  assert.match(
    found.join('\n'),
    /CronJob\/demo\/kafka-tls-orders: spec\.jobTemplate\.spec\.template\.spec\.containers\[0\]\.image is "kafka tls"/,
  );
  assert.equal(found.filter((line) => line.includes('priorityClassName')).length, 1);
});

const regretted: readonly { readonly name: string; readonly patch: JsonPatch; readonly says: RegExp }[] = [
  {
    name: 'a ServiceAccount without permissions',
    patch: JsonPatch.replace('/spec/template/spec/serviceAccountName', 'default'),
    says: /serviceAccountName is "default": the Role is granted to kafka-tls-orders/,
  },
  {
    name: 'pods without a token',
    patch: JsonPatch.replace('/spec/template/spec/automountServiceAccountToken', false),
    says: /automountServiceAccountToken is false: the API server refuses/,
  },
  {
    name: 'a Job that vanishes',
    patch: JsonPatch.add('/spec/ttlSecondsAfterFinished', 60),
    says: /ttlSecondsAfterFinished is 60: Argo CD and Flux create a Job again after it was deleted/,
  },
];
for (const { name, patch, says } of regretted) {
  test(`warns of ${name}`, () => {
    const chart = newChart();
    kafkaTls(chart, { job: JOB }).job?.addJsonPatch(patch);
    assert.match(warningsOf(() => assert.deepEqual(refusals(chart), [])).join('\n'), says);
  });
}

test('refuses several pods at once', () => {
  const chart = newChart();
  kafkaTls(chart, { job: JOB }).job?.addJsonPatch(JsonPatch.replace('/spec/parallelism', 3));
  assert.match(refusals(chart).join('\n'), /spec\.parallelism is 3: one pod does all/);
});

test('warns of a field that no known Kubernetes has', () => {
  const chart = newChart();
  kafkaTls(chart, { job: { ...JOB, pod: { extraSpec: { runtimeClasName: 'gvisor' } } } });
  const printed = warningsOf(() => assert.deepEqual(refusals(chart), []));
  assert.match(printed.join('\n'), /spec\.runtimeClasName is "gvisor": Kubernetes' pods have no such field/);
});

test("refuses labels of the chart in the reconciler's own domain", () => {
  const chart = new Chart(new App(), 'test', { namespace: 'demo', labels: { 'kafka-tls/kafka': 'mine' } });
  kafkaTls(chart);
  assert.match(refusals(chart).join('\n'), /labels\[kafka-tls\/kafka\] is "mine": the reconciler finds its objects by its own labels/);
});

const quantities: readonly (readonly [string | number, number | undefined])[] = [
  ['50m', 0.05],
  ['1', 1],
  [2, 2],
  ['1.5Gi', 1.5 * 1024 ** 3],
  ['2k', 2000],
  ['1e3', 1000],
  ['1E', 1e18],
  ['.5', 0.5],
  ['-1', -1],
  ['1KB', undefined],
  ['', undefined],
  ['1 Gi', undefined],
];
for (const [text, value] of quantities) test(`reads the quantity ${JSON.stringify(text)}`, () => assert.equal(parseQuantity(text), value));
