/** Behaviour of the test's real control plane that a stand-in could only imitate. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { APPLY, type Client, clientOf, type Json, MERGE } from '../sandbox/contract/client';
import { create, eventually, type Run, startRun } from '../sandbox/contract/run';
import { CERT_MANAGER, type ControlPlane, startControlPlane } from './cluster';

const CERTIFICATES = 'cert-manager.io/v1';
const CERTIFICATE = { apiVersion: CERTIFICATES, kind: 'Certificate' };
const ISSUER = { apiVersion: CERTIFICATES, kind: 'Issuer' };
const POLICY = 'policy/v1';
const ROLES = 'rbac.authorization.k8s.io/v1';

describe('a control plane with cert-manager', () => {
  let controlPlane: ControlPlane;
  let client: Client;
  let run: Run;
  before(async () => {
    controlPlane = await startControlPlane(CERT_MANAGER);
    client = clientOf(controlPlane.kubeconfig);
    run = await startRun(client);
    const account = await eventually(
      () => client.send('GET', `${run.path('v1', 'serviceaccounts')}/default`),
      (r) => r.status === 200,
    );
    assert.equal(account.status, 200, 'no pod can be made without the default service account');
  });
  after(() => controlPlane?.stop());

  test('a service account may do what a Role allows and nothing else', async () => {
    const accounts = run.path('v1', 'serviceaccounts');
    await create(client, run.path('v1', 'serviceaccounts'), { metadata: { name: 'reader' } });
    const { body } = await client.send('POST', `${accounts}/reader/token`, { spec: {} });
    const reader = clientOf(controlPlane.kubeconfig, body.status.token);
    const refused = await reader.send('GET', run.path('v1', 'configmaps'));
    assert.deepEqual([refused.status, refused.body.reason], [403, 'Forbidden']);

    const name = 'reads-config-maps';
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
    await create(client, run.path(ROLES, 'roles'), { metadata: { name }, rules });
    const subjects = [{ kind: 'ServiceAccount', name: 'reader', namespace: run.namespace }];
    await create(client, run.path(ROLES, 'rolebindings'), {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects,
    });
    const allowed = await eventually(
      () => reader.send('GET', run.path('v1', 'configmaps')),
      (r) => r.status !== 403,
    );
    assert.equal(allowed.status, 200);
    assert.equal((await reader.send('GET', run.path('v1', 'secrets'))).status, 403);
  });

  test('an apply of what is not there asks for the right to create an object of that name', async () => {
    const [mine, other, account] = [run.name(), run.name(), 'applies-one'];
    await create(client, run.path('v1', 'serviceaccounts'), { metadata: { name: account } });
    const { body } = await client.send('POST', `${run.path('v1', 'serviceaccounts')}/${account}/token`, { spec: {} });
    const applier = clientOf(controlPlane.kubeconfig, body.status.token);
    const apply = (name: string) => {
      const at = `${run.path('v1', 'configmaps')}/${name}?fieldManager=m`;
      return applier.send('PATCH', at, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, APPLY);
    };
    const grant = async (name: string, rule: object) => {
      const about = { apiGroups: [''], resources: ['configmaps'], ...rule };
      await create(client, run.path(ROLES, 'roles'), { metadata: { name }, rules: [about] });
      await create(client, run.path(ROLES, 'rolebindings'), {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name: account, namespace: run.namespace }],
      });
    };
    await grant('patches-config-maps', { verbs: ['patch'] });
    const refused = await eventually(
      () => apply(mine),
      (r) => /cannot create/.test(r.body.message),
    );
    assert.equal(refused.status, 403);
    assert.match(refused.body.message, /cannot create resource "configmaps"/, 'to patch is allowed by then');

    await grant('creates-mine', { verbs: ['create'], resourceNames: [mine] });
    const allowed = await eventually(
      () => apply(mine),
      (r) => r.status !== 403,
    );
    assert.equal(allowed.status, 201);
    assert.equal((await apply(other)).status, 403, 'the name counts');
    assert.equal((await applier.send('POST', run.path('v1', 'configmaps'), { metadata: { name: other } })).status, 403);
  });

  test('a PodDisruptionBudget counts the pods, and an eviction beyond it has to wait', async () => {
    const labels = { app: run.name() };
    const [first, second] = [await runningPod(labels), await runningPod(labels)];
    const name = run.name();
    await create(client, run.path(POLICY, 'poddisruptionbudgets'), {
      metadata: { name },
      spec: { minAvailable: 1, selector: { matchLabels: labels } },
    });
    const budget = await eventually(
      () => client.send('GET', `${run.path(POLICY, 'poddisruptionbudgets')}/${name}`),
      (r) => r.body.status?.disruptionsAllowed === 1,
    );
    const { currentHealthy, desiredHealthy, expectedPods } = budget.body.status;
    assert.deepEqual({ currentHealthy, desiredHealthy, expectedPods }, { currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 });

    assert.equal((await evict(first)).status, 201);
    const { status, body } = await evict(second);
    assert.deepEqual([status, body.details.causes[0].reason], [429, 'DisruptionBudget']);
  });

  test('a Job makes a pod, and is complete when the pod has succeeded', async () => {
    const name = run.name();
    const spec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example/job' }] };
    await create(client, run.path('batch/v1', 'jobs'), { metadata: { name }, spec: { template: { spec } } });
    const pods = await eventually(
      () => client.send('GET', `${run.path('v1', 'pods')}?labelSelector=batch.kubernetes.io/job-name%3D${name}`),
      (r) => r.body.items.length === 1,
    );
    const pod: Json = pods.body.items[0];
    assert.equal(pod?.spec.serviceAccountName, 'default');
    await client.send('PATCH', `${run.path('v1', 'pods')}/${pod.metadata.name}/status`, { status: { phase: 'Succeeded' } }, MERGE);
    const job = await eventually(
      () => client.send('GET', `${run.path('batch/v1', 'jobs')}/${name}`),
      (r) => isTrue(r.body, 'Complete'),
    );
    assert.ok(isTrue(job.body, 'Complete'), JSON.stringify(job.body.status));
  });

  test('cert-manager refuses an Issuer without a type', async () => {
    const { status, body } = await client.send('POST', run.path(CERTIFICATES, 'issuers'), {
      ...ISSUER,
      metadata: { name: run.name() },
      spec: {},
    });
    assert.equal(status, 403);
    assert.match(body.message, /"webhook\.cert-manager\.io" denied the request: .*at least one issuer must be configured/);
  });

  test('cert-manager issues a CA, and from it a leaf with keystores', async () => {
    const ca = { name: 'ca', kind: 'Issuer' };
    await create(client, run.path(CERTIFICATES, 'issuers'), { ...ISSUER, metadata: { name: 'self-signed' }, spec: { selfSigned: {} } });
    await create(client, run.path(CERTIFICATES, 'certificates'), {
      ...CERTIFICATE,
      metadata: { name: 'ca' },
      spec: { isCA: true, commonName: 'ca', secretName: 'ca', issuerRef: { name: 'self-signed', kind: 'Issuer' } },
    });
    await create(client, run.path(CERTIFICATES, 'issuers'), { ...ISSUER, metadata: { name: 'ca' }, spec: { ca: { secretName: 'ca' } } });
    await create(client, run.path('v1', 'secrets'), { metadata: { name: 'password' }, stringData: { password: 'changeit' } });
    const jks = { create: true, passwordSecretRef: { name: 'password', key: 'password' } };
    await create(client, run.path(CERTIFICATES, 'certificates'), {
      ...CERTIFICATE,
      metadata: { name: 'leaf' },
      spec: { dnsNames: ['orders.example.org'], secretName: 'leaf', issuerRef: ca, keystores: { jks } },
    });
    const leaf = await eventually(
      () => client.send('GET', `${run.path(CERTIFICATES, 'certificates')}/leaf`),
      (r) => isTrue(r.body, 'Ready'),
    );
    assert.ok(isTrue(leaf.body, 'Ready'), JSON.stringify(leaf.body.status));

    const { body } = await client.send('GET', `${run.path('v1', 'secrets')}/leaf`);
    assert.deepEqual(Object.keys(body.data).sort(), ['ca.crt', 'keystore.jks', 'tls.crt', 'tls.key', 'truststore.jks']);
    const [certificate, issuer] = ['tls.crt', 'ca.crt'].map((key) => new X509Certificate(Buffer.from(body.data[key], 'base64')));
    assert.ok(certificate?.verify((issuer as X509Certificate).publicKey));
    assert.equal(certificate?.subjectAltName, 'DNS:orders.example.org');
  });

  /** A pod that a kubelet, if there were one, would report as Ready. */
  async function runningPod(labels: Json): Promise<string> {
    const name = run.name();
    await create(client, run.path('v1', 'pods'), {
      metadata: { name, labels },
      spec: { containers: [{ name: 'main', image: 'registry.example/pod' }] },
    });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await client.send('PATCH', `${run.path('v1', 'pods')}/${name}/status`, { status }, MERGE);
    return name;
  }

  function evict(name: string) {
    const eviction = { apiVersion: POLICY, kind: 'Eviction', metadata: { name, namespace: run.namespace } };
    return client.send('POST', `${run.path('v1', 'pods')}/${name}/eviction`, eviction);
  }
});

test('nothing outlives a test that is killed', async () => {
  const script = `require('./lib/test/real/cluster').startControlPlane().then((c) => console.log(c.kubeconfig))`;
  const killed = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [kubeconfig] = await killed.stdout.setEncoding('utf8').take(1).toArray();
  const client = clientOf(kubeconfig.trim());
  assert.equal((await client.send('GET', '/readyz')).status, 200);
  killed.kill('SIGKILL');
  const isRefused = () =>
    client.send('GET', '/readyz').then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
    );
  assert.ok(await eventually(isRefused, Boolean));
  // The logs stay for the reader of a failure.
  rmSync(path.resolve(kubeconfig.trim(), '../..'), { recursive: true, force: true });
});

function isTrue(object: Json, type: string): boolean {
  return object.status?.conditions?.some((c: Json) => c.type === type && c.status === 'True') ?? false;
}
