/** `plan --out` and `apply --plan`: what was agreed to is done, and nothing else. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import type { Tls } from '#constructs/index';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import type { Plan, Step } from '#reconciler/model/plan';
import { additions, differences } from '#reconciler/plan/saved-plan';
import { mismatches } from '#reconciler/plan/verify';
import { bundleFile } from '../support/bundle-text';
import { kafkaTls, kafkaTlsIn, type Ran } from '../support/command-line';
import { desiredProps, off, on } from '../support/desired-states';
import { KAFKA, kafkaManifest, World } from '../support/world';

const folder = mkdtempSync(path.join(tmpdir(), 'saved-plan-'));
const PLAN = path.join(folder, 'plan.json');
let world: World;
afterEach(() => world?.stop());
after(() => rmSync(folder, { recursive: true, force: true }));

async function start(executor: ExecutorName): Promise<void> {
  world = await new World({ opsManager: capabilitiesOf({ executor }).needsOpsManager }).start(kafkaManifest());
  await world.settle();
}

/** Runs a command on what is wanted of the Kafka. */
function run(argv: readonly string[], executor: ExecutorName, tls: Tls): Promise<Ran> {
  const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.bundle(desiredProps(executor, tls)));
  return kafkaTlsIn(world.environment, [...argv, '-f', bundle]);
}

/** resourceVersions of all that the product may write. */
async function versions(): Promise<readonly string[]> {
  const { Kafka, KafkaOpsRequest, Issuer, Certificate, Secret, PetSet, Pod, Lease } = KINDS;
  const kinds = [Kafka, KafkaOpsRequest, Issuer, Certificate, Secret, PetSet, Pod, Lease];
  const all = await Promise.all(kinds.map((kind) => world.cluster.list(kind, { namespace: world.namespace })));
  return all.flat().map((o) => `${o.kind} ${o.metadata.name} ${o.metadata.resourceVersion}`);
}

for (const executor of ['native', 'ops-request'] as const) {
  describe(executor, () => {
    test('a run executes its approved plan', async () => {
      await start(executor);
      const planned = await run(['plan', '--out', PLAN], executor, on());
      assert.match(planned.stdout, / --plan \S*plan\.json/, 'it says how to go on');
      const applied = await run(['apply', '--plan', PLAN], executor, on());
      assert.equal(applied.exitCode, 0, applied.stderr);
      const bundle = world.bundle(desiredProps(executor, on()));
      assert.deepEqual(mismatches(await world.observe(bundle), bundle.tls), []);
      const again = await run(['apply', '--plan', PLAN], executor, on());
      assert.equal(again.exitCode, 0, 'what is done already needs no agreement');
      assert.match(again.stdout, /nothing to do/);
    });

    test('other names and a rotation: the second operation is planned after the first and was approved', async () => {
      await start(executor);
      await run(['apply'], executor, on());
      await world.environment.pass(86_400_000);
      const wanted = on({ server: { dnsNames: ['orders.example.org'] }, issuedAfter: world.clock.now().toISOString() });
      await run(['plan', '--out', PLAN], executor, wanted);
      const applied = await run(['apply', '--plan', PLAN], executor, wanted);
      assert.equal(applied.exitCode, 0, applied.stderr);
      assert.match((await run(['plan'], executor, wanted)).stdout, /Nothing to do/);
    });

    test('refuses if the cluster has changed since, and writes nothing', async () => {
      await start(executor);
      await run(['apply'], executor, on());
      await world.environment.pass(86_400_000);
      const wanted = on({ issuedAfter: world.clock.now().toISOString() });
      await run(['plan', '--out', PLAN], executor, wanted);
      await run(['apply'], executor, off());
      await world.settle();
      const before = await versions();
      const refused = await run(['apply', '--plan', PLAN], executor, wanted);
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr, /plan\.json: create KafkaOpsRequest\/demo\/\S+: is not in the saved plan/);
      assert.match(refused.stderr, /The cluster has changed since the plan was made\. Nothing was done\. Make a new plan/);
      assert.deepEqual(await versions(), before);
    });

    test('refuses other content of the bundle', async () => {
      await start(executor);
      await run(['plan', '--out', PLAN], executor, on());
      const before = await versions();
      const refused = await run(['apply', '--plan', PLAN], executor, on({ server: { dnsNames: ['orders.example.org'] } }));
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr, /plan\.json: was made for content [0-9a-f]{16} of demo\/orders, which is [0-9a-f]{16} now/);
      assert.deepEqual(await versions(), before);
    });
  });
}

test('a saved plan holds no password and no key', async () => {
  await start('native');
  await run(['plan', '--out', PLAN], 'native', on());
  const text = readFileSync(PLAN, 'utf8');
  for (const secret of await world.cluster.list(KINDS.Secret, { namespace: world.namespace })) {
    for (const value of Object.values(secret.data ?? {}) as string[]) {
      assert.ok(
        value.length < 8 || !(text.includes(value) || text.includes(Buffer.from(value, 'base64').toString())),
        secret.metadata.name,
      );
    }
  }
});

const FILES: readonly { readonly name: string; readonly text: string; readonly says: RegExp }[] = [
  { name: 'broken JSON', text: '{', says: /plan\.json: is broken JSON: .*\nA saved plan is what "kafka-tls plan --out" writes\./ },
  { name: 'JSON null', text: 'null', says: /plan\.json: is not a saved plan/ },
  { name: 'another document', text: '{"format":1,"plans":[]}', says: /plan\.json: plans: is a list; a map is expected/ },
  {
    name: 'a plan without steps',
    text: '{"format":1,"plans":{"demo/orders":{"digest":"a","plan":{}}}}',
    says: /plan\.json: plans\["demo\/orders"\]\.plan\.steps: is missing; a list is expected/,
  },
  { name: 'a newer version', text: '{"format":9,"plans":{}}', says: /format 9 was made by a newer version, this one reads up to 1/ },
  { name: 'the plan of another Kafka', text: '{"format":1,"plans":{}}', says: /plan\.json: holds no plan for demo\/orders\.\n/ },
];
for (const { name, text, says } of FILES) {
  test(`refuses ${name} before the cluster is reached`, async () => {
    world = new World();
    writeFileSync(PLAN, text);
    const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.bundle(desiredProps('native', on())));
    const { exitCode, stderr } = await kafkaTls(['apply', '-f', bundle, '--plan', PLAN]);
    assert.equal(exitCode, 2);
    assert.match(stderr, says);
  });
}

test('refuses a file that does not exist, or that cannot be written', async () => {
  await start('native');
  const missing = await run(['apply', '--plan', path.join(folder, 'none.json')], 'native', on());
  assert.equal(missing.exitCode, 2);
  assert.match(missing.stderr, /none\.json: /);
  const unwritten = await run(['plan', '--out', path.join(folder, 'none', 'plan.json')], 'native', on());
  assert.equal(unwritten.exitCode, 2);
  assert.match(unwritten.stderr, /plan\.json: cannot be written: /);
});

const subject = (kind: 'Pod' | 'KafkaOpsRequest' | 'ConfigMap', name: string) => ({ ...KINDS[kind], namespace: 'demo', name });
const restart = (...names: readonly string[]): Step => {
  const pods = names.map((name) => ({ subject: subject('Pod', name), findings: [], role: 'broker' as const, place: 'broker' }));
  return { kind: 'evict', subject: { ...KINDS.Kafka, namespace: 'demo', name: KAFKA }, findings: [], pods };
};
const exportTrust = (change: 'create' | 'configure'): Step => {
  return { kind: 'publishTrustBundle', subject: subject('ConfigMap', 'trust'), findings: [], change };
};
const request = (name: string, operation: 'rotate' | 'update'): Step => {
  const manifest = { apiVersion: 'ops.kubedb.com/v1alpha1', kind: 'KafkaOpsRequest', metadata: { name, namespace: 'demo' } };
  return {
    kind: 'submitOpsRequest',
    subject: subject('KafkaOpsRequest', name),
    findings: [],
    operation,
    isContinued: false,
    manifest,
    pods: [],
  };
};
const planOf = (steps: readonly Step[], change: Partial<Plan> = {}): Plan => {
  const kafka = { ...KINDS.Kafka, namespace: 'demo', name: KAFKA };
  return { subject: kafka, executor: 'native', operation: 'update', summary: '', notes: [], obstacles: [], steps, ...change };
};
const CASES: readonly (readonly [name: string, agreed: Plan, next: Plan, departs: readonly RegExp[], goesBeyond: number])[] = [
  ['pods in another order are the same plan', planOf([restart('a', 'b')]), planOf([restart('b', 'a')]), [], 0],
  ['one pod more', planOf([restart('a')]), planOf([restart('a'), restart('b')]), [/^restart Pod\/demo\/b: is not in the saved plan$/], 1],
  [
    'one pod less is another plan, within the approved one',
    planOf([restart('a'), restart('b')]),
    planOf([restart('b')]),
    [/^restart Pod\/demo\/a: is in the saved plan, and no longer needed$/],
    0,
  ],
  ['a request with another name is the same', planOf([request('rotate-1', 'rotate')]), planOf([request('rotate-2', 'rotate')]), [], 0],
  [
    'another operation is not',
    planOf([request('rotate-1', 'rotate')]),
    planOf([request('rotate-1', 'update')]),
    [/rotate-1: is not in the saved plan$/, /rotate-1: is in the saved plan/],
    1,
  ],
  [
    'the trust bundle may be published in more than one step',
    planOf([exportTrust('create')]),
    planOf([exportTrust('configure'), restart('a'), exportTrust('configure')]),
    [/^restart Pod\/demo\/a: is not in the saved plan$/],
    1,
  ],
  [
    'publishing the trust bundle is no silent addition',
    planOf([restart('a')]),
    planOf([restart('a'), exportTrust('configure')]),
    [/^configure ConfigMap\/demo\/trust: is not in the saved plan$/],
    1,
  ],
  [
    'an unapproved cut-over',
    planOf([restart('a')]),
    planOf([restart('a')], { cutover: { kind: 'protocol', mode: 'rolling', because: 'another root' } }),
    [/^cut-over \(rolling\): is not in the saved plan$/],
    1,
  ],
];
for (const [name, agreed, next, departs, goesBeyond] of CASES) {
  test(name, () => {
    const found = differences({ digest: '', plan: agreed }, next);
    assert.equal(found.length, departs.length, found.join('\n'));
    for (const [i, says] of departs.entries()) assert.match(found[i] ?? '', says);
    assert.equal(additions(agreed, next).length, goesBeyond);
  });
}
