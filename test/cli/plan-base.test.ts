/** `plan --base` in the pull requests that matter most: the last bundle goes, the base is broken, the change is refused. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { bundleConfigMap, configMapOfBundle, desiredOf, yaml } from '../support/bundle-text';
import { ClusterBuilder } from '../support/cluster-builder';
import { kafkaTls } from '../support/command-line';

const root = mkdtempSync(path.join(tmpdir(), 'kafka-tls-base-'));
after(() => rmSync(root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>> | undefined;

const ORDERS = yaml(configMapOfBundle(new ClusterBuilder().declares().bundle));
const PAYMENTS = yaml(bundleConfigMap(desiredOf({ kafka: 'payments' })));
const BROKEN = ORDERS.replace(/executor: [a-z-]+/, 'executor: by-hand');
const INVOICES = yaml(bundleConfigMap(desiredOf({ kafka: 'invoices' })));
const UNREAD = 'The base could not be read, so nothing was compared\\.';
const STILL_ASKS = 'The run in the cluster still asks for acknowledgements before it changes anything\\.';
const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: demo }\n';
const CHART = 'apiVersion: v2\nname: orders\nversion: 1.0.0\n';
const GONE = 'has no bundle any more: its TLS stays as it is and is no longer managed.';

const gone = (kafka: string) => new RegExp(`^Kafka/demo/${kafka}: ${GONE}\n$`);

const orders = { 'orders.yaml': ORDERS };
/** Files of the base and of the change; undefined: there is no such folder. */
const CASES: readonly (readonly [
  name: string,
  base: Files,
  change: Files,
  exitCode: number,
  comment: RegExp,
  flags?: readonly string[],
])[] = [
  ['takes out the last bundle', orders, {}, 0, gone('orders')],
  ['takes out dist/ with it', orders, undefined, 0, gone('orders')],
  ['leaves other manifests', orders, { 'namespace.yaml': NAMESPACE }, 0, gone('orders')],
  [
    'takes out one of several',
    { ...orders, 'payments.yaml': PAYMENTS },
    orders,
    0,
    new RegExp(`^### Kafka/demo/orders\n[\\s\\S]*\\*\\*Nothing to do\\.\\*\\*\n\nKafka/demo/payments: ${GONE}\n$`),
  ],
  ['takes out the one that is named', { ...orders, 'payments.yaml': PAYMENTS }, orders, 0, gone('payments'), ['--name', 'payments']],
  [
    'is of a Kafka that neither side has',
    orders,
    orders,
    2,
    /^### No plan: the input is refused\n\n> \*\*no bundle named invoices; there is demo\/orders\.\*\*\n/,
    ['--name', 'invoices'],
  ],
  [
    'compares nothing with nothing: the path is wrong more often than the app is empty',
    {},
    undefined,
    2,
    /^### No plan: the input is refused\n\n> \*\*\S+change: does not exist\.\*\*\n\nSynthesise first/,
  ],
  [
    'mends a broken base',
    { 'orders.yaml': BROKEN },
    orders,
    0,
    new RegExp(`^> \\*\\*${UNREAD}\\*\\* The new state is valid \\(demo/orders\\)\\. ${STILL_ASKS}\n\n- [^\\n]+executor: is "by-hand"`),
  ],
  [
    'resolves the conflict that was committed to the base',
    { 'orders.yaml': `<<<<<<< HEAD\n${ORDERS}=======\n${PAYMENTS}>>>>>>> topic\n` },
    orders,
    0,
    new RegExp(`^> \\*\\*${UNREAD}\\*\\* The new state is valid \\(demo/orders\\)\\. ${STILL_ASKS}\n\n- \\S+base/orders\\.yaml: `),
  ],
  [
    'mends one of several bundles: the others are compared',
    { 'orders.yaml': BROKEN, 'payments.yaml': PAYMENTS, 'invoices.yaml': INVOICES },
    { ...orders, 'payments.yaml': PAYMENTS },
    0,
    new RegExp(
      `^> \\*\\*A part of the base could not be read, so these Kafkas were not compared: demo/orders\\.\\*\\* Their new state is valid\\. ${STILL_ASKS}\n\n- [^\n]*\n\n### Kafka/demo/payments\n[\\s\\S]*\nKafka/demo/invoices: ${GONE}\n$`,
    ),
  ],
  [
    'takes out one of two bundles of the same Kafka',
    { ...orders, 'copy.yaml': ORDERS },
    orders,
    0,
    new RegExp(`^> \\*\\*${UNREAD}\\*\\* [\\s\\S]*- Kafka/demo/orders: has two bundles`),
  ],
  [
    'takes out a broken bundle',
    { 'orders.yaml': BROKEN },
    {},
    0,
    new RegExp(`^> \\*\\*${UNREAD}\\*\\* A Kafka whose bundle is taken out of it is not listed here: `),
  ],
  [
    'breaks a bundle in another way',
    { 'orders.yaml': BROKEN },
    { 'orders.yaml': BROKEN },
    2,
    /^### No plan: the input is refused\n\n> \*\*\S+change/,
  ],
  [
    'mends a broken base, while another Kafka is named',
    { 'orders.yaml': BROKEN },
    orders,
    2,
    /no bundle named invoices/,
    ['--name', 'invoices'],
  ],
  [
    'is compared with a chart, whose values are not YAML and whose bundles are in a folder',
    { 'values.yaml': '{{ broken', 'templates/orders.yaml': ORDERS },
    orders,
    2,
    /no bundle in it, and its folders are not searched/,
  ],
  [
    'breaks a bundle',
    orders,
    { 'orders.yaml': BROKEN },
    2,
    /^### No plan: the input is refused\n\n> \*\*\S+orders\.yaml: ConfigMap\/demo\/kafka-tls-orders: desired\.yaml: executor: is "by-hand"/,
  ],
  ['is compared with a base that is not there', undefined, orders, 2, /^### No plan[\s\S]*base: does not exist/],
  [
    'has its bundles in a folder beside a YAML file',
    orders,
    { 'Chart.yaml': CHART, 'templates/orders.yaml': ORDERS },
    2,
    /no bundle in it, and its folders are not searched: \S+change\/templates\.\*\*\n\nName one of them with -f\.\n$/,
  ],
  [
    'is compared with a base whose bundles are in a folder beside a YAML file',
    { 'Chart.yaml': CHART, 'templates/orders.yaml': ORDERS },
    orders,
    2,
    /no bundle in it, and its folders are not searched: \S+base\/templates\.\*\*\n\n[\s\S]*Name one of them with --base\.\n$/,
  ],
];

describe('a change that', () => {
  for (const [i, [name, base, change, exitCode, comment, flags = []]] of CASES.entries()) {
    test(name, async () => {
      const [before, wanted] = [folder(`${i}/base`, base), folder(`${i}/change`, change)];
      const ran = await kafkaTls(['plan', '--base', before, '-f', wanted, '--output', 'markdown', ...flags]);
      assert.equal(ran.exitCode, exitCode, ran.stderr);
      assert.match(ran.stdout, comment);
      // The log of the job has the reason, too.
      assert.equal(ran.stderr !== '', exitCode !== 0);
    });
  }

  test('mends a broken base is reported as text and as JSON, and counts as pending', async () => {
    const paths = ['--base', folder('mends/base', { 'orders.yaml': BROKEN }), '-f', folder('mends/change', orders)];
    const text = await kafkaTls(['plan', ...paths]);
    assert.equal(text.exitCode, 0);
    assert.match(
      text.stdout,
      new RegExp(`^${UNREAD} The new state is valid \\(demo/orders\\)\\. ${STILL_ASKS}\n  - [^\\n]+executor: is "by-hand"`),
    );
    const json = await kafkaTls(['plan', ...paths, '--output', 'json', '--exit-code']);
    assert.equal(json.exitCode, 3);
    const { plans, removed, unreadBase } = JSON.parse(json.stdout);
    assert.deepEqual([plans, removed, unreadBase.notCompared, unreadBase.violations.length], [[], [], ['demo/orders'], 1]);
  });

  test('mends many bundles has a comment within the limit of GitHub', async () => {
    const numbers = [...Array(150).keys()];
    const fleet = (broken: boolean) =>
      Object.fromEntries(
        numbers.map((n) => {
          const text = yaml(bundleConfigMap(desiredOf({ kafka: `kafka-${n}` })));
          return [`${n}.yaml`, broken && n % 2 === 0 ? text.replace(/executor: [a-z-]+/, `executor: ${'x'.repeat(5000)}`) : text];
        }),
      );
    const ran = await kafkaTls([
      'plan',
      '--base',
      folder('many/base', fleet(true)),
      '-f',
      folder('many/change', fleet(false)),
      '--output',
      'markdown',
    ]);
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.ok(ran.stdout.length < 65_000);
    assert.match(ran.stdout, / and 55 more\.\*\* Their new state is valid\.[\s\S]*\n- 55 more violations\.\n/);
  });

  test('is refused leaves standard output empty unless the output is a comment', async () => {
    const ran = await kafkaTls(['plan', '--base', folder('text/base', orders), '-f', folder('text/change', { 'orders.yaml': BROKEN })]);
    assert.deepEqual([ran.exitCode, ran.stdout], [2, '']);
  });
});

test('--summary appends the text of the comment', async () => {
  const summary = path.join(root, 'summary.md');
  writeFileSync(summary, 'of another step\n');
  const paths = ['--base', folder('summary/base', orders), '-f', folder('summary/change', {})];
  const ran = await kafkaTls(['plan', ...paths, '--output', 'markdown', '--summary', summary]);
  assert.equal(ran.exitCode, 0, ran.stderr);
  assert.equal(readFileSync(summary, 'utf8'), `of another step\n${ran.stdout}`);
  const refused = await kafkaTls(['plan', ...paths, '--summary', summary]);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /'--summary <file>' needs '--output markdown'/);
});

function folder(name: string, files: Files): string {
  const place = path.join(root, name);
  for (const [file, text] of Object.entries(files ?? {})) {
    mkdirSync(path.dirname(path.join(place, file)), { recursive: true });
    writeFileSync(path.join(place, file), text);
  }
  if (files !== undefined) mkdirSync(place, { recursive: true });
  return place;
}
