/** What examples/OPERATIONS.md says of ports, labels, rights, exit codes, names and versions is what the code has. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { App, Chart, Testing } from 'cdk8s';
import { parse } from 'yaml';
import { Executor, KafkaCluster, KafkaTls } from '#constructs/index';
import type { KubeObject } from '#model/kube-object';
import { PORTS, selectorLabels } from '#model/kubedb';
import { untyped } from '#test/support/untyped';
import { kafkaTls } from '../support/command-line';
import { on } from '../support/desired-states';

const page = readFileSync('examples/OPERATIONS.md', 'utf8');
const blocks = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent = '', text = '']) =>
  parse(text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')),
);

function synthesised(executor: Executor): readonly KubeObject[] {
  const chart = new Chart(new App(), 'chart', { namespace: 'demo' });
  const job = { image: `registry.example/kafka-tls@sha256:${'0'.repeat(64)}` };
  new KafkaTls(chart, 'tls', { cluster: KafkaCluster.existing('orders', { nodes: 6 }), tls: on(), executor, job });
  return Testing.synth(chart);
}

test('the NetworkPolicy admits the pods of the Job at the ports of the listeners', () => {
  const policy = blocks.find((b) => b.kind === 'NetworkPolicy');
  assert.deepEqual(policy.spec.podSelector.matchLabels, selectorLabels('orders'));
  const job = synthesised(Executor.opsRequest()).find((o) => o.kind === 'Job');
  assert.deepEqual(policy.spec.ingress[0].from[0].podSelector.matchLabels, matching(untyped(job?.spec)?.template.metadata.labels, policy));
  assert.deepEqual(
    policy.spec.ingress[0].ports.map((p: { port: number }) => p.port),
    [PORTS.BROKER, PORTS.CONTROLLER],
  );
});

/** Of a pod's labels those that the policy asks for. */
function matching(labels: Readonly<Record<string, string>>, policy: KubeObject): Readonly<Record<string, string>> {
  const asked = Object.keys(untyped(policy.spec)?.ingress[0].from[0].podSelector.matchLabels);
  return Object.fromEntries(asked.map((key) => [key, labels[key] ?? 'missing']));
}

const RESOURCES = [
  { row: 'Secrets', resources: ['secrets'] },
  { row: 'Kafkas', resources: ['kafkas', 'kafkas/status'] },
  { row: 'KafkaOpsRequests', resources: ['kafkaopsrequests', 'kafkaopsrequests/status'] },
  { row: 'Pods', resources: ['pods', 'pods/eviction'] },
  { row: 'PetSets', resources: ['petsets'] },
];
for (const { row, resources } of RESOURCES) {
  test(`the table of rights says of ${row} what the Role has`, () => {
    const [, shared = '', native = ''] = new RegExp(`^ *\\| ${row} \\| (.*?) \\| (.*?) \\|$`, 'm').exec(page) ?? [];
    const always = verbsOf(Executor.opsRequest(), resources);
    const more = verbsOf(Executor.native(), resources).filter((v) => !always.includes(v));
    assert.deepEqual(wordsIn(shared), always);
    assert.deepEqual(wordsIn(native), more);
  });
}

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'evict'];

/** Verbs, those of a subresource as the page says them. */
function verbsOf(executor: Executor, resources: readonly string[]): readonly string[] {
  const role = synthesised(executor).find((o) => o.kind === 'Role');
  const rules: readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[] = untyped(role?.rules);
  const said = (resource: string, verb: string) => {
    if (resource.endsWith('/eviction')) return 'evict';
    return resource.endsWith('/status') ? `${verb} of status` : verb;
  };
  const all = rules
    .filter(({ apiGroups }) => apiGroups[0] !== 'gitops.kubedb.com')
    .flatMap((r) => r.resources.flatMap((resource) => (resources.includes(resource) ? r.verbs.map((verb) => said(resource, verb)) : [])));
  return sorted(all);
}

function wordsIn(cell: string): readonly string[] {
  const said = cell.split(/[:;]|, of any name/)[0] ?? '';
  const words = said.split(', ').filter((word) => VERBS.includes(word.split(' ')[0] ?? ''));
  return sorted(words);
}

function sorted(words: readonly string[]): readonly string[] {
  return [...new Set(words)].sort();
}

test('the exit codes are those of the command', async () => {
  const { stdout } = await kafkaTls(['--help']);
  const known = [...stdout.matchAll(/^ {2}(\d+) {2,}\S/gm)].map(([, code]) => code);
  const told = [...page.matchAll(/^\| (\d+)\b/gm)].map(([, code]) => code);
  assert.deepEqual(
    told,
    known.filter((code) => code !== '3'),
    'all but that of plan --exit-code',
  );
});

test('every command with its flags is one that exists', async () => {
  const commands = [...page.matchAll(/\bkafka-tls (plan|apply|verify|render|observe|sandbox)((?: -\S+(?: [\w/-]+)?)*)/g)];
  assert.ok(commands.length > 5);
  for (const [, command = '', flags = ''] of commands) {
    const { stdout } = await kafkaTls([command, '--help'], { io: { columns: 200 } });
    for (const [flag] of flags.matchAll(/(?<= )--?[a-z][a-z-]*/g)) assert.ok(stdout.includes(`${flag}`), `${command} ${flag}`);
  }
});

test('what it was tried with is what test:real builds', () => {
  const version = (file: string, module: string) =>
    new RegExp(`${module} v(\\S+)`).exec(readFileSync(`test/real/${file}/go.mod`, 'utf8'))?.[1];
  const kafka = [...readFileSync('test/real/kafka/pom.xml', 'utf8').matchAll(/<kafka\.version>(.*?)</g)].map(([, v]) => v);
  const told = (what: string) => new RegExp(`^\\| ${what} \\| (.*?) \\|`, 'm').exec(page)?.[1];
  assert.equal(told('Kubernetes'), version('control-plane', 'k8s.io/kubernetes'));
  assert.equal(told('cert-manager'), version('cert-manager', 'github.com/cert-manager/cert-manager'));
  assert.equal(told('Kafka'), kafka.join(', '));
});

test('the alerts know Jobs and CronJobs by their names', () => {
  const found = synthesised(Executor.opsRequest());
  const [rules] = blocks.filter((b) => Array.isArray(b));
  for (const [kind, label] of [
    ['CronJob', 'cronjob'],
    ['Job', 'job_name'],
  ]) {
    const [, pattern = ''] = new RegExp(`${label}=~"(.*?)"`).exec(JSON.stringify(rules).replaceAll('\\"', '"')) ?? [];
    assert.match(found.find((o) => o.kind === kind)?.metadata.name ?? '', new RegExp(`^${pattern}$`));
  }
});
