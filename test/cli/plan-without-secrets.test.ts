/** `plan` as a user or runner who may read everything but Secrets: less in it, nothing made up, and it says so. `apply` refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { Tls, TlsIssuer } from '#constructs/index';
import { groupOf, KINDS, type Kind, kindOf, type ObjectRef } from '#model/kube-object';
import { ClusterError } from '#reconciler/errors';
import type { Cluster } from '#reconciler/ports';
import { bundleFile } from '../support/bundle-text';
import { kafkaTlsIn } from '../support/command-line';
import { desiredProps, off, on, onWithNewRoot } from '../support/desired-states';
import { inMemory, KAFKA, kafkaManifest, mayDoAnything, startPlaintext, startSecured, World } from '../support/world';

const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-secrets-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The cluster as an account without the right to these Secrets sees it. */
function withoutSecrets(cluster: Cluster, isDenied: (name: string) => boolean = () => true): Cluster {
  const get = async (subject: ObjectRef) => {
    if (subject.kind !== KINDS.Secret.kind || !isDenied(subject.name)) return cluster.get(subject);
    throw new ClusterError('may not get secrets in namespace demo: 403 Forbidden.', { subject, status: 403, reason: 'Forbidden' });
  };
  return { ...mayDoAnything(cluster), get };
}

const DAY = 86_400_000;
const rotated = (now: Date) => on({ issuedAfter: now.toISOString() });
const sameRoot = () => Tls.on({ issuer: TlsIssuer.caSecret(`${KAFKA}-ca`, { name: `${KAFKA}-ca-again` }) });
const newRootNotAcknowledged = () => Tls.on({ issuer: TlsIssuer.selfSignedCa({ name: 'orders-ca-2' }) });
const otherNames = () => on({ server: { dnsNames: ['kafka.example.org'] } });

const CASES: readonly {
  readonly name: string;
  readonly hasTls: boolean;
  readonly wants: (now: Date) => Tls;
}[] = [
  { name: 'TLS is turned on', hasTls: false, wants: () => on() },
  { name: 'everything is as desired', hasTls: true, wants: () => on() },
  { name: 'a rotation is due', hasTls: true, wants: rotated },
  { name: 'names are added', hasTls: true, wants: otherNames },
  { name: 'the issuer changes, with the same root', hasTls: true, wants: sameRoot },
  { name: 'the root changes, acknowledged', hasTls: true, wants: () => onWithNewRoot() },
  { name: 'the root changes, not acknowledged', hasTls: true, wants: newRootNotAcknowledged },
  { name: 'TLS is turned off', hasTls: true, wants: off },
];

for (const executor of ['native', 'ops-request'] as const) {
  describe(`executor ${executor}`, () => {
    const worlds = new Map<boolean, Promise<World>>();
    after(async () => {
      for (const world of worlds.values()) await (await world).stop();
    });
    /** A plan changes nothing, so all cases that begin alike have one world. */
    const worldThat = (hasTls: boolean) => {
      const world = worlds.get(hasTls) ?? (hasTls ? startSecured(executor, on()) : startPlaintext(executor));
      worlds.set(hasTls, world);
      return world;
    };

    for (const { name, hasTls, wants } of CASES) {
      test(name, async () => {
        const world = await worldThat(hasTls);
        const { environment } = world;
        const bundle = world.bundle(desiredProps(executor, wants(world.clock.now())));
        const file = bundleFile(path.join(folder, `${executor} ${name}.yaml`), bundle);
        const planned = async (cluster: Cluster, ...flags: readonly string[]) => {
          const { exitCode, stdout, stderr } = await kafkaTlsIn({ ...environment, product: cluster }, ['plan', '-f', file, ...flags]);
          return { exitCode, stdout, stderr, plan: flags.includes('json') ? JSON.parse(stdout).plans[0] : undefined };
        };
        const whole = await planned(mayDoAnything(environment.cluster), '--output', 'json');
        const partial = await planned(withoutSecrets(environment.cluster), '--output', 'json');
        assert.equal(partial.exitCode, 0, partial.stderr);
        assert.equal(partial.plan.isPartial, true);
        assert.match(
          partial.plan.notes.join('\n'),
          /Secrets may not be read here \(.*orders-.*\): their content, whether pods serve it, and whether /,
        );
        const blockers = (plan: { readonly obstacles: readonly { readonly message: string }[] }) => plan.obstacles.map((o) => o.message);
        assert.deepEqual(
          blockers(partial.plan).filter((message) => !blockers(whole.plan).includes(message)),
          [],
          'nothing is refused that is not refused with the Secrets',
        );
        const invented = stepsOf(partial.plan).filter((step) => !stepsOf(whole.plan).includes(step));
        assert.deepEqual(invented, [], 'nothing is planned that is not planned with the Secrets');
        const { stdout } = await planned(withoutSecrets(environment.cluster));
        if (partial.plan.steps.length === 0) assert.match(stdout, /\nNothing to do, as far as these rights allow to see\.\n$/);
      });
    }
  });
}

test('the Role for planning in the documentation suffices and grants no right to Secrets or to writes', async (t) => {
  const { environment, file } = await rotationDue(t);
  const page = readFileSync('docs/how-to/review-the-permissions.md', 'utf8');
  const [, text = ''] = /```yaml\n([^`]*kind: Role\n[^`]*)```/.exec(page) ?? [];
  const rules: readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[] = parse(text).rules;
  assert.ok(rules.every((r) => !r.resources.includes('secrets') && r.verbs.every((v) => ['get', 'list', 'watch'].includes(v))));
  const used = new Set<string>();
  const check = (verb: string, kind: Kind) => {
    const rule = rules.find(
      (r) => r.apiGroups.includes(groupOf(kind.apiVersion)) && r.resources.includes(kind.plural) && r.verbs.includes(verb),
    );
    if (rule === undefined) throw new ClusterError(`${kind.kind}: may not ${verb} ${kind.plural}.`, { status: 403, reason: 'Forbidden' });
    used.add(`${verb} ${kind.plural}.${groupOf(kind.apiVersion)}`);
  };
  const product: Cluster = {
    ...mayDoAnything(environment.cluster),
    get: async (subject) => {
      check('get', kindOf(subject) ?? assert.fail());
      return environment.cluster.get(subject);
    },
    list: async (kind, selection) => {
      check('list', kind);
      return environment.cluster.list(kind, selection);
    },
  };
  const ran = await kafkaTlsIn({ ...environment, product }, ['observe', '-f', file]);
  assert.equal(ran.exitCode, 0, ran.stderr);
  const { unread = [] } = JSON.parse(ran.stdout) as { unread?: readonly { what: string }[] };
  assert.ok(
    unread.every(({ what }) => what.startsWith('Secret/')),
    'only Secrets are done without',
  );
  const granted = rules.flatMap((r) => r.verbs.flatMap((v) => r.resources.map((resource) => `${v} ${resource}.${r.apiGroups[0]}`)));
  assert.deepEqual(
    granted.filter((right) => !used.has(right)),
    [],
    'no right is granted that is not used',
  );
});

test('if one Secret may not be read, the others are compared', async (t) => {
  const { environment, file } = await rotationDue(t);
  const product = withoutSecrets(environment.cluster, (name) => name === 'orders-client-cert');
  const { stdout, exitCode } = await kafkaTlsIn({ ...environment, product }, ['plan', '-f', file]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /Secrets may not be read here \(orders-client-cert in demo\)/);
  assert.match(stdout, /Certificate\/demo\/orders-server-cert .* issuedAfter is/);
});

test('an observation without Secrets replays to the same plan', async (t) => {
  const { environment, file } = await rotationDue(t);
  const product = withoutSecrets(environment.cluster);
  const observation = path.join(folder, 'seen.json');
  const observed = await kafkaTlsIn({ ...environment, product }, ['observe', '-f', file]);
  assert.equal(observed.exitCode, 0, observed.stderr);
  writeFileSync(observation, observed.stdout);
  const live = await kafkaTlsIn({ ...environment, product }, ['plan', '-f', file]);
  const again = await kafkaTlsIn(environment, ['plan', '-f', file, '--observation', observation]);
  assert.equal(again.exitCode, 0, again.stderr);
  assert.equal(again.stdout.replace(/This plan was made without a cluster\..*/, ''), live.stdout.replace(/Apply with:.*/, ''));
});

test('--exit-code counts the changes that are visible', async (t) => {
  const { environment, file } = await rotationDue(t);
  const codeOf = async (product: Cluster) => (await kafkaTlsIn({ ...environment, product }, ['plan', '-f', file, '--exit-code'])).exitCode;
  assert.equal(await codeOf(mayDoAnything(environment.cluster)), 3);
  assert.equal(await codeOf(withoutSecrets(environment.cluster)), 0);
});

for (const command of ['apply', 'verify']) {
  test(`${command} needs Secrets and names the missing right`, async (t) => {
    const { environment, file } = await rotationDue(t);
    const { exitCode, stderr } = await kafkaTlsIn({ ...environment, product: withoutSecrets(environment.cluster) }, [command, '-f', file]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Secret\/demo\/\S+: may not get secrets in namespace demo: 403 Forbidden\.\n/);
  });
}

test('all other missing rights are listed at once', async (t) => {
  const { environment, file } = await rotationDue(t);
  const denied: readonly string[] = [KINDS.Pod.kind, KINDS.KafkaOpsRequest.kind, KINDS.Certificate.kind];
  const reading = withoutSecrets(environment.cluster);
  const product: Cluster = {
    ...reading,
    list: async (kind, selection) => {
      if (!denied.includes(kind.kind)) return reading.list(kind, selection);
      throw new ClusterError(`${kind.kind}/demo: may not list ${kind.plural}.`, { status: 403, reason: 'Forbidden' });
    },
  };
  const { exitCode, stderr } = await kafkaTlsIn({ ...environment, product }, ['plan', '-f', file]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^Namespace demo: 3 things cannot be read\.\n/);
  for (const kind of denied) assert.match(stderr, new RegExp(`\n  - ${kind}/demo: may not list`));
});

async function rotationDue(t: { readonly after: (fn: () => Promise<void>) => void }) {
  const environment = inMemory({ opsManager: false });
  const world = await new World({}, () => environment).start(kafkaManifest());
  t.after(() => world.stop());
  await world.settle();
  await world.apply(world.bundle(desiredProps('native', on())));
  await environment.pass(DAY);
  const file = bundleFile(path.join(folder, 'rotated.yaml'), world.bundle(desiredProps('native', rotated(world.clock.now()))));
  return { environment, file };
}

/** What is done to which object; the name of a request holds a fingerprint of what is in a Secret. */
function stepsOf({ steps }: { readonly steps: readonly { readonly kind: string; readonly subject: ObjectRef }[] }): readonly string[] {
  return steps.map(({ kind, subject }) => `${kind} ${subject.kind}/${subject.kind === KINDS.KafkaOpsRequest.kind ? '' : subject.name}`);
}
