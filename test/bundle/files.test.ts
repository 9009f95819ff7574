import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { assembleBundle } from '#model/bundle';
import type { KubeObject } from '#model/kube-object';
import { bundleFromConfigMap } from '#reconciler/bundle/documents';
import { bundleId, chooseBundle, chooseBundles, readBundles } from '#reconciler/bundle/files';
import { InvalidInputError } from '#reconciler/errors';
import { parseYaml } from '#reconciler/input/yaml';
import { untyped } from '#test/support/untyped';
import { bundleConfigMap, desiredOf, manifestsOf, yaml } from '../support/bundle-text';

const root = mkdtempSync(path.join(tmpdir(), 'bundle-files-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Writes files below a new folder and returns it. */
function folder(files: Readonly<Record<string, string>>): string {
  const place = mkdtempSync(path.join(root, 'f-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    writeFileSync(path.join(place, name), text);
  }
  return place;
}

const read = (cwd: string, file = '.', stdin = '') => readBundles({ file, cwd, stdin: async () => stdin });

async function violationsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(error instanceof InvalidInputError, `an InvalidInputError is expected, not ${error}`);
  assert.equal(error.exitCode, 2);
  return error.violations;
}

const SERVICE = yaml({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: {} });
const BUNDLE = yaml(bundleConfigMap());
const PAYMENTS = yaml(bundleConfigMap(desiredOf({ kafka: 'payments' })));

test('finds bundles among other manifests, in files of several documents, in order', async () => {
  const cwd = folder({
    'b.yaml': `${SERVICE}---\n${BUNDLE}`,
    'a.yml': PAYMENTS,
    'README.md': '{{ not YAML',
    'c.json': '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}',
  });
  assert.deepEqual((await read(cwd)).map(bundleId), ['demo/orders', 'demo/payments']);
});

test('a bundle read from a file is the bundle that was synthesised', async () => {
  const desired = desiredOf({ issuedAfter: '2026-11-23T09:00:00Z' });
  const [bundle] = await read(folder({ 'a.yaml': yaml(bundleConfigMap(desired)) }));
  const made = assembleBundle(desired, manifestsOf(desired));
  assert.ok('digest' in made);
  assert.deepEqual(bundle, made);
});

test('reads standard input, and Lists', async () => {
  const list = yaml({ apiVersion: 'v1', kind: 'List', items: [bundleConfigMap()] });
  assert.deepEqual((await read('/', '-', list)).map(bundleId), ['demo/orders']);
});

test('reads YAML as Kubernetes does', () => {
  const read = parseYaml("a: yes\nb: 'yes'\nc: 010\nd: 2026-11-23T09:00:00Z\ne: 12:30:00\nf: 1_000\n");
  assert.deepEqual(read, { values: [{ a: true, b: 'yes', c: 8, d: '2026-11-23T09:00:00Z', e: '12:30:00', f: 1000 }] });
});

test('types that JSON lacks are read as text or map', () => {
  const read = parseYaml('a: !!binary aGk=\nb: !!set {x: , z: }\nc: !!omap [d: 1]\n');
  assert.deepEqual(read, { values: [{ a: 'aGk=', b: { x: null, z: null }, c: [{ d: 1 }] }] });
});

test('a document that grows when it is read is refused', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
  ].join('\n');
  assert.match(JSON.stringify(parseYaml(bomb)), /broken YAML: Excessive alias count/);
});

const badFiles: readonly (readonly [name: string, files: Record<string, string>, says: RegExp, file?: string])[] = [
  ['a missing file', {}, /^dist: does not exist$/, 'dist'],
  ['an empty folder', { 'x/.keep': '' }, /^x: holds no YAML file$/, 'x'],
  ['a folder of folders', { 'dev/a.yaml': BUNDLE, 'prod/a.yaml': BUNDLE }, /^\.: holds no YAML file, only folders: dev, prod$/],
  ['a broken YAML', { 'a.yaml': 'a:\n  b: [1,\n c: 2\n' }, /^a\.yaml: is broken YAML at line \d+, column \d+: .+$/],
  ['a duplicate key', { 'a.yaml': 'kind: A\nkind: B\n' }, /^a\.yaml: is broken YAML at line 2, column 1: Map keys must be unique$/],
  ['a value that holds itself', { 'a.yaml': 'a: &a [*a]\n' }, /^a\.yaml: is nested deeper than 100 levels$/],
  ['a text without end', { 'a.yaml': '['.repeat(20_000) }, /^a\.yaml: is broken YAML at .*: it is nested too deeply$/],
  ['a number that is none', { 'a.yaml': 'a: .nan\n' }, /^a\.yaml: holds a number that JSON lacks/],
  [
    'a ConfigMap without a name',
    { 'a.yaml': yaml({ ...bundleConfigMap(), metadata: {} }) },
    /^a\.yaml: ConfigMap: metadata\.name: is missing; a name such as orders-ca is expected$/,
  ],
  ['no bundle', { 'a.yaml': SERVICE }, /^\.: no bundle in it/],
  ['an empty file', { 'a.yaml': '' }, /^\.: no bundle in it/],
  [
    'two bundles for one Kafka',
    { 'a.yaml': BUNDLE, 'b.yaml': BUNDLE },
    /^Kafka\/demo\/orders: has two bundles: in a\.yaml and b\.yaml; where each is for another cluster, name one with -f$/,
  ],
];

for (const [name, files, says, file] of badFiles) {
  test(`refuses ${name} in one sentence`, async () => {
    const violations = await violationsOf(read(folder(files), file));
    assert.equal(violations.length, 1);
    assert.match(violations[0] ?? '', says);
  });
}

const converge = manifestsOf(desiredOf())[1] as KubeObject;
const convergeKey = `kafkaopsrequest-${converge.metadata.name}.yaml`;
const without = (key: string) => {
  const configMap = bundleConfigMap();
  const { [key]: _, ...data } = untyped(configMap.data);
  return { ...configMap, data };
};

const withDocument = (key: string, document: object | string) =>
  bundleConfigMap(desiredOf(), { [key]: typeof document === 'string' ? document : yaml(document) });
const issuer = (metadata: object) => ({ apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata });

const badBundles: readonly (readonly [name: string, configMap: KubeObject, says: readonly RegExp[]])[] = [
  ['no desired state', without('desired.yaml'), [/^data has no key desired\.yaml/]],
  ['an empty desired state', bundleConfigMap(desiredOf(), { 'desired.yaml': '' }), [/^desired\.yaml: holds 0 documents instead of one$/]],
  [
    'a newer format',
    bundleConfigMap(desiredOf({ formatVersion: 7, novelty: 1 })),
    [/^desired\.yaml: formatVersion 7 was made by a newer version, this one reads up to 1/],
  ],
  [
    'wrong fields, all of them at once',
    bundleConfigMap(
      desiredOf({
        cutover: 3,
        executor: 'magic',
        retries: -1,
        issuedAfter: 'yesterday',
        beforeExpiry: '90d',
        extra: true,
        acknowledge: [{ kind: 'x' }],
        deadlines: { gate: 5 },
        owner: undefined,
      }),
    ),
    [
      /^desired\.yaml: owner: is missing; a string is expected$/,
      /^desired\.yaml: executor: is "magic"; one of ops-request, native is expected$/,
      /^desired\.yaml: issuedAfter: is "yesterday"; an instant such as/,
      /^desired\.yaml: beforeExpiry: is "90d"; a duration such as/,
      /^desired\.yaml: acknowledge\[0\]\.kind: is "x"; one of clientsMoveToTls,/,
      /^desired\.yaml: cutover: is 3; one of rolling, stop is expected$/,
      /^desired\.yaml: retries: is -1; a whole number from 0 is expected$/,
      /^desired\.yaml: deadlines\.issuance: is missing/,
      /^desired\.yaml: deadlines\.podReady: is missing/,
      /^desired\.yaml: deadlines\.gate: is 5; a duration/,
      /^desired\.yaml: deadlines\.foreignOperation: is missing/,
      /^desired\.yaml: deadlines\.requestAcceptance: is missing/,
      /^desired\.yaml: deadlines\.opsManagerDetection: is missing/,
      /^desired\.yaml: extra: is unknown; the fields are formatVersion, kafka,/,
    ],
  ],
  [
    'an unknown kind',
    withDocument('secret-x.yaml', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: 'demo' } }),
    [/Secret\/x: v1 Secret is not a kind a bundle may hold/],
  ],
  [
    'a manifest of another namespace',
    withDocument('issuer-x.yaml', issuer({ name: 'x', namespace: 'other' })),
    [/Issuer\/x: namespace other is not that of the bundle, demo/],
  ],
  [
    'a manifest under another key',
    withDocument('issuer-y.yaml', issuer({ name: 'x', namespace: 'demo' })),
    [/^issuer-y\.yaml: holds Issuer\/x, whose key is issuer-x\.yaml$/],
  ],
  ['a broken document', withDocument('issuer-orders-ca.yaml', 'a: ['), [/^issuer-orders-ca\.yaml: is broken YAML at line 1, column \d+/]],
  [
    'a document that is no object',
    withDocument('issuer-orders-ca.yaml', '- a'),
    [/^issuer-orders-ca\.yaml: is a list; a map is expected$/],
  ],
  [
    'a manifest without a name',
    withDocument('issuer-orders-ca.yaml', issuer({ namespace: 'demo' })),
    [/^issuer-orders-ca\.yaml: metadata\.name: is missing; a name such as orders-ca is expected$/],
  ],
  [
    'a field of Object.prototype',
    bundleConfigMap(desiredOf({ constructor: 1 })),
    [/^desired\.yaml: constructor: is unknown; the fields are/],
  ],
  [
    'a name that leads elsewhere',
    { ...bundleConfigMap(), data: { ...untyped(bundleConfigMap().data), 'desired.yaml': yaml(desiredOf({ kafka: '..' })) } },
    [/^desired\.yaml: kafka: is "\.\."; a name such as orders-ca is expected$/],
  ],
  [
    'a Kafka of the wrong form',
    withDocument('kafka-orders.yaml', {
      apiVersion: 'kubedb.com/v1',
      kind: 'Kafka',
      metadata: { name: 'orders', namespace: 'demo' },
      spec: { topology: null, replicas: 1e9, tls: { certificates: [{ alias: 'server', dnsNames: 'a' }] } },
    }),
    [
      /^kafka-orders\.yaml: spec\.replicas: is 1000000000; a whole number from 0 to 1000 is expected$/,
      /^kafka-orders\.yaml: spec\.topology: is null; a map is expected$/,
      /^kafka-orders\.yaml: spec\.tls\.issuerRef: is missing; a map is expected$/,
      /^kafka-orders\.yaml: spec\.tls\.certificates\[0\]\.dnsNames: is "a"; a list is expected$/,
    ],
  ],
  ['a missing request', without(convergeKey), [/^KafkaOpsRequest: none with issuerRef/]],
  [
    'a request without an issuer kind',
    withDocument(convergeKey, { ...converge, spec: { ...untyped(converge.spec), tls: { issuerRef: { name: 'x' } } } }),
    [/spec\.tls\.issuerRef\.kind: is missing; one of Issuer, ClusterIssuer is expected$/],
  ],
  [
    'a ConfigMap of another namespace',
    { ...bundleConfigMap(), metadata: { name: 'kafka-tls-orders', namespace: 'other' } },
    [/^desired\.yaml: namespace is demo, but the ConfigMap is in other: Kustomize's "namespace", Argo CD or Flux may have moved it/],
  ],
  [
    'content that was changed after its synth',
    { ...bundleConfigMap(), metadata: { name: 'kafka-tls-orders', annotations: { 'kafka-tls/digest': '0123456789abcdef' } } },
    [/^data: its digest is [0-9a-f]{16}, but the synthesised digest is 0123456789abcdef: a Kustomize patch or Flux's postBuild/],
  ],
];

for (const [name, configMap, says] of badBundles) {
  test(`refuses a bundle with ${name}`, async () => {
    const violations = await violationsOf((async () => bundleFromConfigMap(configMap))());
    assert.equal(violations.length, says.length, violations.join('\n'));
    for (const [i, expected] of says.entries()) assert.match(violations[i] ?? '', expected);
  });
}

test('reports every violation with its file and object', async () => {
  const bad = (kafka: string) => yaml(bundleConfigMap(desiredOf({ kafka, retries: 'many' })));
  const violations = await violationsOf(read(folder({ 'a.yaml': bad('orders'), 'b.yaml': bad('payments'), 'c.yaml': 'a: [' })));
  assert.match(violations[0] ?? '', /^a\.yaml: ConfigMap\/demo\/kafka-tls-orders: desired\.yaml: retries: is "many"/);
  assert.match(violations[1] ?? '', /^b\.yaml: ConfigMap\/demo\/kafka-tls-payments: desired\.yaml: retries/);
  assert.match(violations[2] ?? '', /^c\.yaml: is broken YAML/);
});

test('several bundles without a choice are an error that lists them', async () => {
  const bundles = await read(folder({ 'a.yaml': BUNDLE, 'b.yaml': PAYMENTS }));
  assert.throws(() => chooseBundle(bundles, {}), /2 bundles and none named: demo\/orders, demo\/payments/);
  assert.throws(
    () => chooseBundles(bundles, { name: 'billing', namespace: 'demo' }),
    /no bundle in namespace demo named billing; there are demo\/orders, demo\/payments/,
  );
  assert.equal(bundleId(chooseBundle(bundles, { name: 'payments' })), 'demo/payments');
});
