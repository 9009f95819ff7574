/** What the pages say of ports, labels, rights, exit codes, names, versions and commands is what the code has. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { App, Chart, Testing } from 'cdk8s';
import { parse, parseAllDocuments } from 'yaml';
import { Executor, KafkaCluster, KafkaTls } from '#constructs/index';
import { DEFAULT_DEADLINES, DESIRED } from '#model/desired';
import type { KubeObject } from '#model/kube-object';
import { PORTS, selectorLabels } from '#model/kubedb';
import { EVENT_REASONS } from '#reconciler/cluster/events';
import { GATES } from '#reconciler/plan/gates/gates';
import { EVENTS } from '#reconciler/ports';
import { untyped } from '#test/support/untyped';
import { kafkaTls } from '../support/command-line';
import { on } from '../support/desired-states';

const page = (name: string) => readFileSync(`docs/${name}.md`, 'utf8');
const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file: path.join('docs', file), text: readFileSync(path.join('docs', file), 'utf8') }));

/** The blocks of YAML on a page, also those in a list. */
function yamlOf(name: string): readonly string[] {
  return [...page(name).matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent = '', text = '']) =>
    text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

function synthesised(executor: Executor): readonly KubeObject[] {
  const chart = new Chart(new App(), 'chart', { namespace: 'demo' });
  const job = { image: `registry.example/kafka-tls@sha256:${'0'.repeat(64)}` };
  new KafkaTls(chart, 'tls', { cluster: KafkaCluster.existing('orders', { nodes: 6 }), tls: on(), executor, job });
  return Testing.synth(chart);
}

const jobLabels = () => untyped(synthesised(Executor.opsRequest()).find((o) => o.kind === 'Job')?.spec)?.template.metadata.labels;

test('the NetworkPolicy admits the pods of the Job at the ports of the listeners', () => {
  const policy = parse(yamlOf('how-to/install')[0] ?? '');
  assert.deepEqual(policy.spec.podSelector.matchLabels, selectorLabels('orders'));
  const [{ from, ports }] = policy.spec.ingress;
  assert.deepEqual(from[0].podSelector.matchLabels, ofThose(jobLabels(), from[0].podSelector.matchLabels));
  assert.deepEqual(
    ports.map((p: { port: number }) => p.port),
    [PORTS.BROKER, PORTS.CONTROLLER],
  );
});

/** Of a pod's labels those that a selector asks for. */
function ofThose(labels: Readonly<Record<string, string>>, selector: object): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(selector).map((key) => [key, labels[key] ?? 'missing']));
}

test('the Job that plans runs a command that exists, with the labels that a NetworkPolicy admits and the Role of the page', async () => {
  const objects = parseAllDocuments(yamlOf('how-to/plan-in-the-cluster')[0] ?? '').map((d) => d.toJS());
  const job = objects.find((o) => o.kind === 'Job');
  const { metadata, spec } = job.spec.template;
  assert.deepEqual(metadata.labels, ofThose(jobLabels(), metadata.labels));
  const role = parse(yamlOf('how-to/review-the-permissions')[0] ?? '');
  const binding = objects.find((o) => o.kind === 'RoleBinding');
  assert.equal(binding.roleRef.name, role.metadata.name);
  assert.equal(spec.serviceAccountName, binding.subjects[0].name);
  const [command, ...flags] = spec.containers[0].args;
  const { stdout } = await kafkaTls([command, '--help']);
  assert.equal(command, 'plan');
  assert.ok(stdout.includes(`${flags[0]} <namespace/name>`));
  const bundle = synthesised(Executor.opsRequest()).find((o) => o.kind === 'ConfigMap');
  assert.equal(flags[1], `${bundle?.metadata.namespace}/${bundle?.metadata.name}`);
});

test('the exit codes are those of the command', async () => {
  const { stdout } = await kafkaTls(['--help']);
  const known = [...stdout.matchAll(/^ {2}(\d+) {2,}\S/gm)].map(([, code]) => code);
  assert.deepEqual(
    [...page('reference/exit-codes').matchAll(/^\| (\d+)\b/gm)].map(([, code]) => code),
    known,
  );
});

test('every command with its flags is one that exists', async () => {
  const help = new Map<string, Promise<string>>();
  const helpOf = (command: string) => {
    if (!help.has(command))
      help.set(
        command,
        kafkaTls([command, '--help'], { io: { columns: 200 } }).then(({ stdout }) => stdout),
      );
    return help.get(command) as Promise<string>;
  };
  const files = [...pages, ...['README.md', 'CONTRIBUTING.md'].map((file) => ({ file, text: readFileSync(file, 'utf8') }))];
  let count = 0;
  for (const { file, text } of files) {
    for (const [whole, command = '', flags = ''] of text.matchAll(
      /\bkafka-tls (plan|apply|verify|render|observe|sandbox|report)((?: -\S+(?: [\w/.-]+)?)*)/g,
    )) {
      count += 1;
      for (const [flag] of flags.matchAll(/(?<= )--?[a-z][a-z-]*/g)) assert.ok((await helpOf(command)).includes(flag), `${file}: ${whole}`);
    }
  }
  assert.ok(count > 40, `${count}`);
});

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const { file, text } of [...pages, { file: 'README.md', text: readFileSync('README.md', 'utf8') }])
    for (const [, script = ''] of text.matchAll(/\bnpm run ([\w:-]+)/g)) assert.ok(script in scripts, `${file}: npm run ${script}`);
});

test('what it was tried with is what test:real builds', () => {
  const version = (file: string, module: string) =>
    new RegExp(`${module} v(\\S+)`).exec(readFileSync(`test/real/${file}/go.mod`, 'utf8'))?.[1];
  const kafka = [...readFileSync('test/real/kafka/pom.xml', 'utf8').matchAll(/<kafka\.version>(.*?)</g)].map(([, v]) => v);
  const told = (what: string) => new RegExp(`^\\| ${what} \\| (.*?) \\|`, 'm').exec(page('explanation/proof'))?.[1];
  assert.equal(told('Kubernetes'), version('control-plane', 'k8s.io/kubernetes'));
  assert.equal(told('cert-manager'), version('cert-manager', 'github.com/cert-manager/cert-manager'));
  assert.equal(told('Kafka'), kafka.join(', '));
  const { kubedb } = JSON.parse(readFileSync('test/admission/kubedb-answers.json', 'utf8'));
  const [, release, date] = /^(v\S+ \+ \d+ commits) \(\w+, (\S+)\)$/.exec(kubedb) ?? [];
  assert.ok(told('KubeDB')?.includes(`${release} (${date})`), told('KubeDB'));
});

test('the alerts know Jobs and CronJobs by their names', () => {
  const objects = synthesised(Executor.opsRequest());
  const rules = JSON.stringify(parse(yamlOf('how-to/alert')[0] ?? '')).replaceAll('\\"', '"');
  for (const [kind, label] of [
    ['CronJob', 'cronjob'],
    ['Job', 'job_name'],
  ]) {
    const [, pattern = ''] = new RegExp(`${label}=~"(.*?)"`).exec(rules) ?? [];
    assert.match(objects.find((o) => o.kind === kind)?.metadata.name ?? '', new RegExp(`^${pattern}$`));
  }
});

test('the table of gates has every gate', () => {
  const text = page('explanation/safe-restarts');
  assert.deepEqual(
    GATES.map(({ name }) => name).filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});

test('the page about events has every event and every reason of a Kubernetes Event', () => {
  const text = page('reference/events');
  assert.deepEqual(
    [...EVENTS, ...Object.values(EVENT_REASONS)].filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});

test('the page about the bundle has every field of desired.yaml and every deadline', () => {
  const names = [...Object.keys(DESIRED.entries), ...Object.keys(DEFAULT_DEADLINES)];
  const text = page('reference/bundle');
  assert.deepEqual(
    names.filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});

test('the index names every page, and every page but the index and the measurements has its time', () => {
  const index = page('README');
  const others = pages.filter(({ file }) => file !== path.join('docs', 'README.md'));
  assert.deepEqual(
    others.filter(({ file }) => !index.includes(`(${path.relative('docs', file)})`)).map(({ file }) => file),
    [],
  );
  const timed = others.filter(({ file }) => !/reference|availability/.test(file));
  assert.deepEqual(
    timed.filter(({ text }) => !/^.*\bTime: \d+ (minutes|min|hour)/m.test(text)).map(({ file }) => file),
    [],
  );
});
