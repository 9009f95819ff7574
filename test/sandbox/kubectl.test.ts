/** The commands of a user's own kubectl that work in the sandbox. Each test goes on with the objects of the ones before it. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import { howToResume } from '#reconciler/execute/pause';
import { createApi } from '#reconciler/sandbox/api/api';
import { type ApiServer, serveApi } from '#reconciler/sandbox/api/http';
import { asSaid, PAUSED, resumingEditor } from '../support/resume-by-hand';

const isInstalled = spawnSync('kubectl', ['version', '--client']).status === 0;
const NOW = '2026-11-23T09:00:00Z';

const ORDERS = { apiVersion: 'kubedb.com/v1', kind: 'Kafka', metadata: { name: 'orders' }, spec: { version: '4.2.0', replicas: 3 } };

describe('kubectl', { skip: isInstalled ? false : 'kubectl is not on the PATH' }, () => {
  let server: ApiServer;
  let home: string;

  before(async () => {
    server = await serveApi(createApi({ now: () => new Date(NOW) }));
    home = mkdtempSync(path.join(tmpdir(), 'kafka-tls-kubectl-'));
    writeFileSync(path.join(home, 'config'), server.kubeconfig);
  });
  after(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  const context = () => ({
    cwd: home,
    env: { ...process.env, KUBE_EDITOR: resumingEditor(home), KUBECONFIG: path.join(home, 'config'), HOME: home },
  });
  const kubectl = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile('kubectl', args, context(), (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  /** Runs kubectl with a manifest in a file. */
  const withFile = (manifest: object | string, ...args: string[]) => {
    writeFileSync(path.join(home, 'manifest.yaml'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    return kubectl(...args, '-f', 'manifest.yaml');
  };
  const read = async (object: string, jsonPath: string) => (await kubectl('get', object, '-o', `jsonpath={${jsonPath}}`)).stdout;

  test('apply --server-side creates an object, and changes nothing the second time', async () => {
    const first = await withFile(ORDERS, 'apply', '--server-side');
    assert.equal(first.stdout, 'kafka.kubedb.com/orders serverside-applied\n', first.stderr);
    const version = await read('kafka/orders', '.metadata.resourceVersion');
    await withFile(ORDERS, 'apply', '--server-side');
    assert.equal(await read('kafka/orders', '.metadata.resourceVersion'), version);
  });

  test('get finds objects by the short name of their kind', async () => {
    assert.match((await kubectl('get', 'kf')).stdout, /^NAME +AGE\norders +\S+\n$/);
  });

  test('describe shows an object and its events; get events sorts them by a field', async () => {
    const uid = await read('kafka/orders', '.metadata.uid');
    const involvedObject = { apiVersion: 'kubedb.com/v1', kind: 'Kafka', name: 'orders', namespace: 'default', uid };
    for (const second of [2, 1]) {
      const event = { reason: 'Successful', message: `step ${second}`, type: 'Normal', count: 1, firstTimestamp: NOW };
      const lastTimestamp = NOW.replace('00Z', `0${second}Z`);
      const metadata = { name: `orders.${second}` };
      await withFile({ apiVersion: 'v1', kind: 'Event', metadata, involvedObject, ...event, lastTimestamp }, 'create');
    }
    const { stdout } = await kubectl('describe', 'kafka', 'orders');
    assert.match(stdout, /^Name:\s+orders$.*^Events:.*step 1/ms);
    assert.match((await kubectl('get', 'events', '--sort-by=.lastTimestamp')).stdout, /orders\.1.*orders\.2/s);
  });

  test('apply works without --server-side, too', async () => {
    for (const data of [{ a: '1', b: '1' }, { a: '2' }]) {
      const { code, stderr } = await withFile({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'plain' }, data }, 'apply');
      assert.equal(code, 0, stderr);
    }
    assert.equal(await read('configmap/plain', '.data'), '{"a":"2"}');
  });

  test('a command that sends protobuf is refused with the command to use instead', async () => {
    const { code, stderr } = await kubectl('create', 'ns', 'staging');
    assert.equal(code, 1);
    assert.match(stderr, /reads JSON and no protobuf: use "kubectl create <kind> \.\.\. --dry-run=client -o yaml \| kubectl create -f -"/);
  });

  test('create -f takes the object of a create command', async () => {
    const { stdout } = await kubectl('create', 'ns', 'staging', '--dry-run=client', '-o', 'yaml');
    assert.equal((await withFile(stdout, 'create')).stdout, 'namespace/staging created\n');
  });

  test('a wrong token is refused', async () => {
    const { code, stderr } = await kubectl('get', 'kafka', '--token=wrong');
    assert.deepEqual([code, /You must be logged in|Unauthorized/.test(stderr)], [1, true], stderr);
  });

  test('get -w follows changes', async () => {
    const columns = 'custom-columns=R:.spec.replicas';
    const watching = spawn('kubectl', ['get', 'kafka', 'orders', '-w', '--no-headers', '-o', columns], context());
    const replicas = createInterface(watching.stdout)[Symbol.asyncIterator]();
    assert.equal((await replicas.next()).value, '3');
    await kubectl('patch', 'kafka', 'orders', '--type=merge', '-p', '{"spec":{"replicas":4}}');
    assert.equal((await replicas.next()).value, '4');
    watching.kill();
  });

  test('delete waits until the object is gone', async () => {
    assert.equal((await kubectl('delete', 'kafka', 'orders')).stdout, 'kafka.kubedb.com "orders" deleted\n');
    assert.equal((await kubectl('get', 'kafka', 'orders')).code, 1);
  });

  test('the command in the condition of a paused Kafka resumes it', async () => {
    await withFile(ORDERS, 'apply', '--server-side');
    await kubectl('patch', 'kafka', 'orders', '--subresource=status', '--type=merge', '-p', JSON.stringify(PAUSED));
    const { stderr } = await kubectl(...asSaid(howToResume(ref(KINDS.Kafka, 'default', 'orders'))));
    assert.equal(await read('kafka/orders', '.status.conditions[*].type'), 'Provisioned', stderr);
  });
});
