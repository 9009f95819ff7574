import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { FORMATS } from '#reconciler/cli/flags';
import type { Connection } from '#reconciler/cli/io';
import {
  BlockedError,
  ClusterError,
  InternalError,
  InterruptedError,
  InvalidInputError,
  OperationFailedError,
  TimeoutError,
} from '#reconciler/errors';
import { parseYaml } from '#reconciler/input/yaml';
import type { Observation } from '#reconciler/model/observation';
import { bundleConfigMap, configMapOfBundle, desiredOf, yaml } from '../support/bundle-text';
import { ClusterBuilder, TLS, tlsBy } from '../support/cluster-builder';
import { COMMANDS, commandsWith, kafkaTls } from '../support/command-line';
import { FakeClock } from '../support/fake-clock';
import { expectGolden } from '../support/golden';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
}

const ORDERS = file('orders.yaml', yaml(bundleConfigMap()));
const TWO = file(
  'two.yaml',
  `${yaml(bundleConfigMap())}---\n${yaml(bundleConfigMap(desiredOf({ kafka: 'payments', owner: 'demo/payments' })))}`,
);

test('help of the program explains where to start', async () => {
  const { exitCode, stdout, stderr } = await kafkaTls(['--help'], { io: { columns: 80 } });
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  expectGolden('test/cli/golden/help.txt', stdout);
});

for (const command of COMMANDS) {
  test(`help of ${command} fits its terminal and ends with examples`, async () => {
    const { exitCode, stdout } = await kafkaTls([command, '--help'], { io: { columns: 80 } });
    assert.equal(exitCode, 0);
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 82),
      [],
    );
    assert.match(stdout, /\nExamples:\n {2}kafka-tls /);
    expectGolden(`test/cli/golden/help-${command}.txt`, stdout);
  });
}

test('help wraps to a wide terminal, too', async () => {
  const { stdout } = await kafkaTls(['plan', '--help'], { io: { columns: 200 } });
  assert.match(stdout, /bundle to read: a file, a folder of synth output, or - for standard input \(default: dist\)\n/);
});

test('without a command the help is an error, so that a Job with an empty command line fails', async () => {
  const { exitCode, stdout, stderr } = await kafkaTls([]);
  assert.equal(exitCode, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^Usage: kafka-tls <command>/);
});

test('the version is one line', async () => {
  assert.deepEqual(await kafkaTls(['--version']), { exitCode: 0, stdout: 'from source\n', stderr: '' });
});

/** Arguments, the command that the hint names, and what is wrong. */
const USAGE: readonly (readonly [argv: string, command: string, says: string])[] = [
  ['aply', 'kafka-tls', `unknown command 'aply'.\nDid you mean apply? `],
  ['frobnicate', 'kafka-tls', `unknown command 'frobnicate'.\n`],
  ['apply --take-ovr', 'kafka-tls apply', `unknown flag '--take-ovr'.\nDid you mean --take-over? `],
  ['plan --output xml', 'kafka-tls plan', `flag '--output <format>' may not be 'xml'. Allowed choices are ${FORMATS.plan.join(', ')}.\n`],
  [
    'apply --output markdown',
    'kafka-tls apply',
    `flag '--output <format>' may not be 'markdown'. Allowed choices are ${FORMATS.apply.join(', ')}.\n`,
  ],
  ['plan dist', 'kafka-tls plan', `too many arguments for 'plan'. Expected 0 arguments but got 1: dist.\n`],
  [
    'plan --timeout 90d',
    'kafka-tls plan',
    `flag '--timeout <duration>' may not be '90d'. A duration such as 90s, 20m or 1h30m is expected.\n`,
  ],
  ['plan --base', 'kafka-tls plan', `flag '--base <path>' argument missing.\n`],
  ['plan --base a --observation b', 'kafka-tls plan', `flag '--base <path>' cannot be used with flag '--observation <file>'.\n`],
  [
    'apply --config-map a/b/c',
    'kafka-tls apply',
    `flag '--config-map <namespace/name>' may not be 'a/b/c'. A name such as demo/orders is expected.\n`,
  ],
];

for (const [argv, command, says] of USAGE) {
  test(`"kafka-tls ${argv}" is refused with a hint`, async () => {
    const stderr = `${command}: ${says}See "${command} --help".\n`;
    assert.deepEqual(await kafkaTls(argv.split(' ')), { exitCode: 2, stdout: '', stderr });
  });
}

const kafka = ref(KINDS.Kafka, 'demo', 'orders');
const BUG = 'This is a bug. Please report it with the file that "kafka-tls observe" writes.\n';
const forbidden = { status: 403, reason: 'Forbidden', hint: 'Ask for it.' };
const ERRORS: readonly (readonly [error: Error, exitCode: number, says: string])[] = [
  [new InvalidInputError('is wrong', { subject: kafka }), 2, 'Kafka/demo/orders: is wrong.\n'],
  [new ClusterError('forbidden', { subject: kafka, ...forbidden }), 1, 'Kafka/demo/orders: forbidden.\nAsk for it.\n'],
  [new ClusterError('503', { subject: kafka, status: 503, reason: '', retryable: true }), 4, 'Kafka/demo/orders: 503.\n'],
  [new OperationFailedError('failed', { subject: kafka }), 1, 'Kafka/demo/orders: failed.\n'],
  [new TimeoutError('not Ready after 10m', { subject: kafka }), 1, 'Kafka/demo/orders: not Ready after 10m.\n'],
  [new BlockedError('paused by another owner', { subject: kafka }), 4, 'Kafka/demo/orders: paused by another owner.\n'],
  [new InternalError('is impossible', { subject: kafka }), 70, `Kafka/demo/orders: is impossible.\n${BUG}`],
  [new TypeError('x is undefined'), 70, `kafka-tls: unexpected error: TypeError: x is undefined.\n${BUG}`],
];
for (const [error, exitCode, says] of ERRORS) {
  test(`${error.name} ends a command with exit code ${exitCode} and no stack`, async () => {
    const outside = { connect: () => Promise.reject(error) };
    assert.deepEqual(await kafkaTls(['plan', '-f', ORDERS], { outside }), { exitCode, stdout: '', stderr: says });
  });
}

test('an error is one JSON object with --output json, and has its stack with --debug', async () => {
  const outside = { connect: () => Promise.reject(new BlockedError('paused', { subject: kafka })) };
  const json = await kafkaTls(['apply', '--output', 'json', '-f', ORDERS], { outside });
  assert.deepEqual(JSON.parse(json.stderr), {
    error: { code: 'blocked', exitCode: 4, subject: 'Kafka/demo/orders', message: 'Kafka/demo/orders: paused' },
  });
  const debug = await kafkaTls(['apply', '--debug', '-f', ORDERS], { outside });
  assert.match(debug.stderr, /^Kafka\/demo\/orders: paused\.\nBlockedError: .*\n {4}at /);
});

const badInput: readonly { name: string; argv: readonly string[]; says: RegExp }[] = [
  { name: 'a missing file', argv: ['-f', 'nope.yaml'], says: /^nope\.yaml: does not exist\.\n/ },
  { name: 'a missing default folder', argv: [], says: /^dist: does not exist\.\nSynthesise first/ },
  {
    name: 'a broken YAML',
    argv: ['-f', file('broken.yaml', 'a: [1,\nb: 2')],
    says: /broken\.yaml: is broken YAML at line 2, column 1: .+\.\nNothing was read/,
  },
  {
    name: 'a file without a bundle',
    argv: ['-f', file('none.yaml', 'kind: Pod\n')],
    says: /none\.yaml: no bundle in it: a bundle is a ConfigMap with the key desired\.yaml\.\n/,
  },
];

for (const { name, argv, says } of badInput) {
  for (const command of commandsWith('--name')) {
    test(`${command} refuses ${name} before it connects to a cluster`, async () => {
      const { exitCode, stdout, stderr } = await kafkaTls([command, ...argv], { io: { cwd: folder } });
      assert.equal(exitCode, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n +at /);
    });
  }
}

test('apply refuses several bundles and none named, and lists them', async () => {
  const { exitCode, stderr } = await kafkaTls(['apply', '-f', TWO]);
  assert.equal(exitCode, 2);
  assert.equal(stderr, '2 bundles and none named: demo/orders, demo/payments.\nChoose one with --name, and with -n where names repeat.\n');
});

test('a bundle that does not exist in the cluster is invalid input', async () => {
  const connection = { cluster: { get: async () => undefined }, namespace: 'demo', close: () => {} } as unknown as Connection;
  const { exitCode, stderr } = await kafkaTls(['apply', '--config-map', 'kafka-tls-orders'], {
    outside: { connect: async () => connection },
  });
  assert.equal(exitCode, 2);
  assert.match(stderr, /^ConfigMap\/demo\/kafka-tls-orders: does not exist\.\n/);
});

test('render prints every manifest of a bundle, as YAML that reads back, and as one List', async () => {
  const { exitCode, stdout } = await kafkaTls(['render', '-f', ORDERS]);
  assert.equal(exitCode, 0);
  expectGolden('test/cli/golden/render.yaml', stdout);
  const list = JSON.parse((await kafkaTls(['render', '-f', ORDERS, '--output', 'json'])).stdout);
  const parsed = parseYaml(stdout);
  assert.ok('values' in parsed);
  assert.deepEqual(parsed.values, list.items);
});

test('a bundle may come through standard input', async () => {
  const { stdout } = await kafkaTls(['render', '-f', '-'], { io: { stdin: async () => yaml(bundleConfigMap()) } });
  assert.match(stdout, /# Issuer\/demo\/orders-ca: applied by every run/);
});

/** Writes what a builder wants and sees, and returns the flags that name both. */
function replayed(name: string, builder: ClusterBuilder): readonly string[] {
  return [
    '-f',
    file(`${name}.yaml`, yaml(configMapOfBundle(builder.bundle))),
    '--observation',
    file(`${name}.json`, JSON.stringify(builder.live)),
  ];
}

const addTls = (acknowledge: boolean) =>
  new ClusterBuilder('dedicated', 'off')
    .declares()
    .wants(TLS)
    .desires(acknowledge ? { acknowledge: [{ kind: 'clientsMoveToTls' }] } : {});

test('plan replays an observation of a version without trust bundles', async () => {
  const { bundle, live } = new ClusterBuilder().sees(() => ({ trust: undefined as never }));
  const older = JSON.parse(JSON.stringify(live), (key, value) => (key === 'pem' ? undefined : value));
  for (const issuer of older.issuers) delete issuer.ca;
  const files = ['-f', file('older.yaml', yaml(configMapOfBundle(bundle))), '--observation', file('older.json', JSON.stringify(older))];
  const { exitCode, stdout, stderr } = await kafkaTls(['plan', ...files]);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /Nothing to do/);
});

test('plan replays an observation with no cluster, at the instant at which it was made', async () => {
  const { exitCode, stdout, stderr } = await kafkaTls(['plan', ...replayed('add', addTls(true))]);
  assert.equal(exitCode, 0, stderr);
  expectGolden('test/cli/golden/plan-observation.txt', stdout);
});

test('plan --explain names the first state in which nodes cannot talk', async () => {
  const { exitCode, stdout } = await kafkaTls(['plan', '--explain', ...replayed('explained', addTls(true))]);
  assert.equal(exitCode, 0);
  assert.match(
    stdout,
    /7 states, and nodes cannot talk in states 2 to 6\. State 2, orders-controller-\d restarted: .*, and meets (TLS|plaintext)\.\n/,
  );
  assert.match(stdout, /\n\nState 1, before the first change:\n {2}REACHES /);
  const refused = await kafkaTls(['plan', '--explain', '--output', 'json', ...replayed('explained', addTls(true))]);
  assert.deepEqual([refused.exitCode, refused.stdout], [2, '']);
  assert.match(refused.stderr, /flag '--explain' needs '--output text'/);
});

test('plan --exit-code is 3 when changes are pending, and 0 when none are', async () => {
  assert.equal((await kafkaTls(['plan', '--exit-code', ...replayed('add', addTls(true))])).exitCode, 3);
  assert.equal((await kafkaTls(['plan', '--exit-code', ...replayed('same', new ClusterBuilder())])).exitCode, 0);
});

test('a plan whose blocker needs a commit exits 2 and names the change', async () => {
  const { exitCode, stdout } = await kafkaTls(['plan', '--exit-code', ...replayed('refused', addTls(false))]);
  assert.equal(exitCode, 2);
  assert.match(stdout, /\nNot allowed: Kafka\/demo\/orders: .*\n.*Acknowledgement\.clientsMoveToTls\(\)/);
});

test('plan --output json is one document that holds the whole plan', async () => {
  const { stdout } = await kafkaTls(['plan', '--output', 'json', ...replayed('add', addTls(true))]);
  const { plans } = JSON.parse(stdout);
  assert.equal(plans.length, 1);
  assert.equal(plans[0].operation, 'add');
  assert.equal(plans[0].steps.flatMap((s: { kind: string; pods: unknown[] }) => (s.kind === 'evict' ? s.pods : [])).length, 6);
});

test('plan refuses a file that is no observation, is broken, or is newer', async () => {
  for (const [text, says] of [
    ['{', /broken JSON/],
    ['[]', /is not an observation/],
    [JSON.stringify({ ...new ClusterBuilder().live, format: 9 }), /format 9 was made by a newer version/],
  ] as const) {
    const { exitCode, stderr } = await kafkaTls(['plan', '-f', ORDERS, '--observation', file('bad.json', text)]);
    assert.equal(exitCode, 2);
    assert.match(stderr, says);
  }
});

const BAD_OBSERVATIONS: readonly (readonly [name: string, change: (live: Observation) => object, says: RegExp])[] = [
  ['no listeners', ({ pods }) => ({ pods: [omit(pods[0], 'served')] }), /bad\.json: pods\[0\]\.served: is missing; a list is expected\./],
  ['no facts', () => ({ facts: undefined }), /facts: is missing; a map is expected/],
  ['an instant that is none', () => ({ observedAt: 'now' }), /observedAt: is "now"; an instant such as/],
  [
    'conditions that are no list',
    ({ kafka }) => ({ kafka: withStatus(kafka, { conditions: {} }) }),
    /kafka\.status\.conditions: is a map; a list is expected/,
  ],
  [
    'more pods than there can be',
    ({ kafka }) => ({ kafka: withSpec(kafka, { replicas: 1e9 }) }),
    /kafka\.spec\.replicas: is 1000000000; a whole number from 0 to 1000/,
  ],
  [
    'an issuer of another kind',
    () => ({ issuers: [{ kind: 'constructor', name: 'x' }] }),
    /issuers\[0\]\.kind: is "constructor"; one of Issuer, ClusterIssuer/,
  ],
  [
    'a Secret with a key of many dots',
    ({ secrets }) => ({ secrets: [{ ...secrets[0], annotations: { 'a.b/c': 1 } }] }),
    /secrets\[0\]\.annotations\["a\.b\/c"\]: is 1; a string is expected/,
  ],
  [
    'a CA certificate with something else around it',
    ({ trust }) => ({ trust: { ...trust, ca: [{ ...trust?.ca[0], pem: `${trust?.ca[0]?.pem}# and more` }] } }),
    /trust\.ca\[0\]\.pem: is a long string; one certificate in PEM is expected/,
  ],
  [
    'owners without a uid',
    ({ trust }) => ({ trust: { ...trust, object: withMetadata(trust?.object, { ownerReferences: [{}] }) } }),
    /trust\.object\.metadata\.ownerReferences\[0\]\.uid: is missing/,
  ],
  ['depths', () => JSON.parse(`{"unread": ${'['.repeat(500)}${']'.repeat(500)}}`), /is nested deeper than 100 levels/],
];

const omit = (value: object | undefined, key: string) => Object.fromEntries(Object.entries(value ?? {}).filter(([k]) => k !== key));
const withStatus = (object: object | undefined, status: object) => ({ ...object, status });
const withMetadata = (object: KubeObject | undefined, change: object) => ({ ...object, metadata: { ...object?.metadata, ...change } });
const withSpec = (object: object | undefined, spec: object) => ({ ...object, spec });

for (const [name, change, says] of BAD_OBSERVATIONS) {
  test(`plan names the wrong field of an observation: ${name}`, async () => {
    const builder = new ClusterBuilder();
    const live = { ...builder.live, ...change(builder.live) };
    const observation = file('bad.json', JSON.stringify(live));
    const { exitCode, stdout, stderr } = await kafkaTls(['plan', '-f', ORDERS, '--observation', observation]);
    assert.equal(exitCode, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, says);
  });
}

test('plan --base compares two bundles with no cluster, for a pull request', async () => {
  const base = file(
    'base.yaml',
    `${yaml(configMapOfBundle(new ClusterBuilder().declares().bundle))}---\n${yaml(bundleConfigMap(desiredOf({ kafka: 'payments' })))}`,
  );
  const wanted = new ClusterBuilder()
    .declares()
    .wants(tlsBy('ca-2'))
    .desires({ acknowledge: [{ kind: 'trustRootChangesTo', issuer: 'ca-2' }] });
  const { exitCode, stdout, stderr } = await kafkaTls([
    'plan',
    '--base',
    base,
    '-f',
    file('new.yaml', yaml(configMapOfBundle(wanted.bundle))),
    '--output',
    'markdown',
  ]);
  assert.equal(exitCode, 0, stderr);
  expectGolden('test/cli/golden/plan-base.md', stdout);
});

test('plan --base accepts an empty folder and refuses a folder that does not exist', async () => {
  const empty = mkdtempSync(path.join(folder, 'empty-'));
  const compared = (base: string) => kafkaTls(['plan', '--base', base, '-f', ORDERS]);
  const { exitCode, stdout, stderr } = await compared(empty);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /on the assumption that the Kafka exists and has no TLS/);
  assert.equal((await compared(path.join(empty, 'missing'))).exitCode, 2);
});

/** A connection on which nothing ever happens. */
function stalled(): Connection {
  return { cluster: { get: () => new Promise(() => {}) }, namespace: 'demo', close: () => {} } as unknown as Connection;
}

test('an interrupted run reports the signal and the command that continues it', async () => {
  const interrupt = new AbortController();
  interrupt.abort(new InterruptedError('SIGTERM', { hint: 'Go on with: kafka-tls apply' }));
  const { exitCode, stderr } = await kafkaTls(['apply', '-f', ORDERS], {
    io: { signal: interrupt.signal },
    outside: { connect: async () => stalled() },
  });
  assert.equal(exitCode, 143);
  assert.equal(stderr, 'kafka-tls: ended before it was done: SIGTERM was received.\nGo on with: kafka-tls apply\n');
});

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };

test('a sandbox starts, prints its address, and ends with the signal', async () => {
  const stop = new AbortController();
  const created: unknown[] = [];
  const asked: boolean[] = [];
  let isClosed = false;
  let printed = '';
  const running = {
    kubeconfig: 'kind: Config\n',
    url: 'https://127.0.0.1:6443',
    create: async (object: unknown) => void created.push(object),
    close: async () => {
      isClosed = true;
    },
  };
  const { exitCode } = await kafkaTls(['sandbox', '--no-ops-manager', '--file', file('pod.yaml', yaml(POD))], {
    io: {
      signal: stop.signal,
      stdout: (text) => {
        printed += text;
        setImmediate(() => stop.abort());
      },
    },
    outside: {
      clock: new FakeClock(),
      startSandbox: async ({ opsManager }) => {
        asked.push(opsManager);
        return running;
      },
    },
  });
  assert.equal(exitCode, 0);
  assert.deepEqual(asked, [false]);
  assert.deepEqual(created, [POD]);
  assert.ok(isClosed);
  assert.match(
    printed,
    /^The sandbox listens on https:\/\/127\.0\.0\.1:6443\. 1 object was created\.\n\n {2}export KUBECONFIG=.*kubeconfig\n/,
  );
});

test('a sandbox is not started for a file that holds no objects', async () => {
  const { exitCode, stderr } = await kafkaTls(['sandbox', '-f', file('scalar.yaml', '- 1\n')]);
  assert.equal(exitCode, 2);
  assert.match(stderr, /scalar\.yaml: holds a document without apiVersion, kind or metadata\.name\.\n$/);
});
