/** The command against an API over HTTPS, with the production client: what a user sees when the cluster is not as it should be. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { createRuntime } from '#reconciler/cli/runtime';
import type { Denial } from '#reconciler/sandbox/api/access';
import { type Api, createApi } from '#reconciler/sandbox/api/api';
import { serveApi } from '#reconciler/sandbox/api/http';
import { untyped } from '#test/support/untyped';
import { bundleConfigMap, desiredOf, yaml } from '../support/bundle-text';
import { commandsWith, kafkaTls, type Ran } from '../support/command-line';

const NOW = new Date('2026-11-23T09:00:00Z');
const folder = mkdtempSync(path.join(tmpdir(), 'cli-cluster-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const bundle = path.join(folder, 'orders.yaml');
writeFileSync(bundle, yaml(bundleConfigMap()));

interface Fault {
  readonly name: string;
  readonly denied?: readonly Denial[];
  readonly notInstalled?: readonly string[];
  /** Changes the kubeconfig. */
  readonly kubeconfig?: (text: string) => string;
  readonly isDown?: boolean;
  readonly exitCode: number;
  readonly says: RegExp;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'an API that does not answer',
    isDown: true,
    exitCode: 4,
    says: /^API server https:\/\/127\.0\.0\.1:\d+: cannot be reached: connection refused\.\n.+\n$/,
  },
  {
    name: 'a server certificate that is not trusted',
    kubeconfig: (text) => text.replace(/certificate-authority-data: .*/, ''),
    exitCode: 1,
    says: /^API server https:\S+: cannot be reached: its certificate is not accepted .*\n.*certificate-authority-data/,
  },
  {
    name: '401',
    kubeconfig: (text) => text.replace(/token: .*/, 'token: expired'),
    exitCode: 1,
    says: /^Kafka\/demo\/orders: the API server does not accept these credentials\.\nLog in again/,
  },
  {
    name: '403 on the Kafka',
    denied: [{ verb: 'get', resource: 'kafkas' }],
    exitCode: 1,
    says: /^Kafka\/demo\/orders: may not get kafkas\.kubedb\.com in namespace demo: .+\nBind a Role of namespace demo with the rule .*"kafkas".*"get"/,
  },
  {
    name: '403 on a list',
    denied: [{ verb: 'list', resource: 'pods' }],
    exitCode: 1,
    says: /^Pod\/demo: may not list pods in namespace demo: .+\nBind a Role/,
  },
  {
    name: 'KubeDB that is not installed',
    notInstalled: ['kafkas.kubedb.com'],
    exitCode: 1,
    says: /^Kafka\/demo\/orders: kafkas\.kubedb\.com \(kubedb\.com\/v1\) is not installed in this cluster\.\nInstall KubeDB \(kubedb-provisioner\)\.\n$/,
  },
  {
    name: "KubeDB's ops-manager that is not installed",
    notInstalled: ['kafkaopsrequests.ops.kubedb.com'],
    exitCode: 1,
    says: /^KafkaOpsRequest\/demo: .+ is not installed in this cluster\.\nInstall KubeDB \(kubedb-ops-manager\)\.\n$/,
  },
  {
    name: 'cert-manager that is not installed',
    notInstalled: ['certificates.cert-manager.io'],
    exitCode: 1,
    says: /^Certificate\/demo: .+ is not installed in this cluster\.\nInstall cert-manager\.\n$/,
  },
];

for (const fault of FAULTS) {
  describe(fault.name, () => {
    for (const command of commandsWith('--context')) {
      test(`${command} reports one sentence, subject first, and changes nothing`, async () => {
        const { ran, changes } = await against(fault, [command]);
        assert.equal(ran.exitCode, fault.exitCode, ran.stderr);
        assert.match(ran.stderr, fault.says);
        assert.equal(ran.stdout, '');
        assert.doesNotMatch(ran.stderr, /\n +at |undefined|\[object/);
        assert.equal(changes, 0);
      });
    }
  });
}

const LEASE_DENIED: Fault = {
  name: '403 on the Lease',
  denied: [{ verb: 'create', resource: 'leases' }],
  exitCode: 4,
  says: /^Kafka\/demo\/orders: 2 blockers\.\n {2}- Kafka\/demo\/orders: may not create leases in demo \(needed to .+\n {2}- Kafka\/demo\/orders: does not exist.+\n$/,
};

test('apply without the right to create its Lease lists it with the other blockers and changes nothing', async () => {
  const { ran, changes } = await against(LEASE_DENIED, ['apply']);
  assert.equal(ran.exitCode, 4);
  assert.match(ran.stderr, LEASE_DENIED.says);
  assert.equal(changes, 0);
});

test('plan notes the rights that its reader lacks and apply needs', async () => {
  const { ran } = await against(LEASE_DENIED, ['plan']);
  assert.equal(ran.exitCode, 4, ran.stderr); // the Kafka does not exist, as for apply
  assert.match(ran.stdout, /\n- You may not create leases in demo, which applying needs; the Role of the Job allows it\.\n/);
});

const HEALTHY: Fault = { name: 'none', exitCode: 0, says: /^$/ };

test('plan reports the blocker that apply would wait for', async () => {
  const { ran } = await against(HEALTHY, ['plan']);
  assert.equal(ran.exitCode, 4, ran.stderr); // the Kafka does not exist, as for apply
  assert.match(ran.stdout, /\nWaits for Kafka\/demo\/orders: does not exist/);
});

test('plan and apply report a namespace that does not exist', async () => {
  for (const command of ['plan', 'apply']) {
    const missing = path.join(folder, 'missing.yaml');
    writeFileSync(missing, yaml(bundleConfigMap(desiredOf({ namespace: 'gone' }))));
    const { ran, changes } = await against(HEALTHY, [command, '-f', missing], []);
    assert.equal(ran.exitCode, 4, ran.stderr);
    assert.match(`${ran.stdout}${ran.stderr}`, /Namespace\/gone: does not exist\.\nCreate it, or name another namespace/);
    assert.equal(changes, 0);
  }
});

test('verify fails for a Kafka that does not exist', async () => {
  const { ran } = await against(HEALTHY, ['verify', '--kafka', 'demo/orders'], []);
  assert.equal(ran.exitCode, 1);
  assert.match(ran.stderr, /^Kafka\/demo\/orders: does not exist\.\n/);
});

test('plan reads the bundle from a ConfigMap, as the Job does', async () => {
  const { ran } = await against(HEALTHY, ['plan', '--config-map', 'demo/kafka-tls-orders'], []);
  assert.equal(ran.exitCode, 4, ran.stderr);
  assert.match(ran.stdout, /^Kafka\/demo\/orders {2}TLS: no Kafka -> on/);
});

test('a broken bundle in the cluster is invalid input, with each violation on a separate line', async () => {
  const { ran, changes } = await against(HEALTHY, ['apply', '--config-map', 'broken', '-n', 'demo'], []);
  assert.equal(ran.exitCode, 2, ran.stderr);
  assert.match(
    ran.stderr,
    /^ConfigMap\/demo\/broken: 2 violations\.\n {2}- desired\.yaml: executor: is missing; .*\n {2}- desired\.yaml: retries: is "many"; .*\n/,
  );
  assert.equal(changes, 0);
});

/** Runs a command against a new API; `changes` counts what it wrote. */
async function against(
  fault: Fault,
  argv: readonly string[],
  source: readonly string[] = ['-f', bundle],
): Promise<{ ran: Ran; changes: number }> {
  const { denied = [], notInstalled = [], kubeconfig = (text: string) => text } = fault;
  const api = createApi({ now: () => NOW, denied, notInstalled, namespaces: ['default', 'demo'] });
  await create(api, bundleConfigMap());
  await create(api, brokenBundle());
  const server = await serveApi(api);
  const file = path.join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfig(server.kubeconfig));
  const before = await revision(api);
  if (fault.isDown === true) await server.close();
  try {
    const ran = await kafkaTls([...argv, ...source, '--kubeconfig', file], {
      outside: createRuntime({ env: {}, stderr: () => undefined }),
    });
    return { ran, changes: (await revision(api)) - before };
  } finally {
    if (fault.isDown !== true) await server.close();
  }
}

function brokenBundle() {
  const good = bundleConfigMap();
  const desired = String(untyped(good.data)['desired.yaml'])
    .replace(/executor: .*\n/, '')
    .replace('retries: 1', 'retries: many');
  return { ...good, metadata: { name: 'broken', namespace: 'demo' }, data: { ...untyped(good.data), 'desired.yaml': desired } };
}

async function create(api: Api, object: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status, body } = await api.handle({
    method: 'POST',
    path: '/api/v1/namespaces/demo/configmaps',
    headers,
    body: JSON.stringify(object),
  });
  assert.equal(status, 201, String(body));
}

/** The server counts every write. */
async function revision(api: Api): Promise<number> {
  const { body } = await api.handle({ method: 'GET', path: '/api/v1/namespaces', headers: {} });
  return Number(JSON.parse(String(body)).metadata.resourceVersion);
}

test('the last event of a run reports its result, also after a failure', async () => {
  const { ran } = await against(LEASE_DENIED, ['apply', '--output', 'json']);
  const events = ran.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(events.at(-1).event, 'finished');
  assert.match(events.at(-1).message, /^failed: Kafka\/demo\/orders: 2 blockers\.\n.*may not create leases/);
  assert.equal(JSON.parse(ran.stderr).error.reasons.length, 2);
});
