/** What people do in the sandbox with their own kubectl. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { App, Chart, Testing } from 'cdk8s';
import { KafkaCluster, KafkaTls, Tls } from '#constructs/index';
import { KINDS, ref } from '#model/kube-object';
import { whoResumes } from '#reconciler/execute/native/pause';
import { createApi } from '#reconciler/sandbox/api/api';
import { type ApiServer, serveApi } from '#reconciler/sandbox/api/http';
import { yaml } from '../support/bundle-text';
import { asSaid, PAUSED, resumingEditor } from '../support/resume-by-hand';

const isInstalled = spawnSync('kubectl', ['version', '--client']).status === 0;

const KAFKA = `
apiVersion: kubedb.com/v1
kind: Kafka
metadata: {name: orders}
spec: {version: 4.2.0, replicas: 3}
`;

describe('kubectl', () => {
  let server: ApiServer;
  let home: string;

  before(async () => {
    server = await serveApi(createApi({ now: () => new Date('2026-11-23T09:00:00Z') }));
    home = mkdtempSync(path.join(tmpdir(), 'kafka-tls-kubectl-'));
    writeFileSync(path.join(home, 'config'), server.kubeconfig);
    writeFileSync(path.join(home, 'kafka.yaml'), KAFKA);
    writeFileSync(path.join(home, 'typo.yaml'), KAFKA.replace('replicas', 'replicsa').replace('orders', 'typo'));
  });
  after(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  const environment = () => ({ ...process.env, KUBE_EDITOR: resumingEditor(home), KUBECONFIG: path.join(home, 'config'), HOME: home });
  const kubectl = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile('kubectl', args, { cwd: home, env: environment() }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  const withKubectl = (name: string, body: () => Promise<void>) =>
    test(name, async (t: TestContext) => (isInstalled ? body() : t.skip('kubectl is not on the PATH')));

  withKubectl('apply --server-side creates an object, and changes nothing the second time', async () => {
    const first = await kubectl('apply', '--server-side', '-f', 'kafka.yaml');
    assert.equal(first.stdout, 'kafka.kubedb.com/orders serverside-applied\n', first.stderr);
    const version = () => kubectl('get', 'kafka', 'orders', '-o', 'jsonpath={.metadata.resourceVersion}');
    const before = await version();
    await kubectl('apply', '--server-side', '-f', 'kafka.yaml');
    assert.equal((await version()).stdout, before.stdout);
  });

  withKubectl('get prints the columns of a kind, by its short name', async () => {
    const { stdout } = await kubectl('get', 'kf');
    assert.equal(stdout.replace(/ +/g, ' '), 'NAME VERSION STATUS AGE\norders 4.2.0 0s\n');
  });

  withKubectl('get all finds it by its category', async () => {
    const { stdout } = await kubectl('get', 'all');
    assert.match(stdout, /kafka.kubedb.com\/orders/);
  });

  withKubectl('describe shows the object and its events', async () => {
    const { stdout: uid } = await kubectl('get', 'kafka', 'orders', '-o', 'jsonpath={.metadata.uid}');
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'orders.1' },
      involvedObject: { apiVersion: 'kubedb.com/v1', kind: 'Kafka', name: 'orders', namespace: 'default', uid },
      reason: 'Successful',
      message: 'It went well',
      type: 'Normal',
      count: 1,
      firstTimestamp: '2026-11-23T09:00:00Z',
      lastTimestamp: '2026-11-23T09:00:00Z',
    };
    writeFileSync(path.join(home, 'event.json'), JSON.stringify(event));
    await kubectl('create', '-f', 'event.json');
    const { stdout } = await kubectl('describe', 'kafka', 'orders');
    assert.match(stdout, /^Name:\s+orders$/m);
    assert.match(stdout, /It went well/);
  });

  withKubectl('apply works without --server-side, too', async () => {
    const pair = (value: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {${value}}\n`;
    for (const value of ['a: "1", b: "1"', 'a: "2"']) {
      writeFileSync(path.join(home, 'plain.yaml'), pair(value));
      const { code, stderr } = await kubectl('apply', '-f', 'plain.yaml');
      assert.equal(code, 0, stderr);
    }
    assert.equal((await kubectl('get', 'configmap', 'plain', '-o', 'jsonpath={.data}')).stdout, '{"a":"2"}');
  });

  withKubectl('a command that sends protobuf is refused with the command to use instead', async () => {
    for (const args of [
      ['create', 'ns', 'staging'],
      ['auth', 'can-i', 'get', 'secrets'],
    ]) {
      const { code, stderr } = await kubectl(...args);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /reads JSON and no protobuf: use "kubectl create <kind> \.\.\. --dry-run=client -o yaml \| kubectl create -f -"/,
      );
    }
    const namespace = await kubectl('create', 'ns', 'staging', '--dry-run=client', '-o', 'yaml');
    writeFileSync(path.join(home, 'namespace.yaml'), namespace.stdout);
    assert.equal((await kubectl('create', '-f', 'namespace.yaml')).stdout, 'namespace/staging created\n');
  });

  withKubectl('apply of a Job warns that the sandbox runs none', async () => {
    const chart = new Chart(new App(), 'chart', { namespace: 'default' });
    new KafkaTls(chart, 'tls', { cluster: KafkaCluster.existing('orders'), tls: Tls.off(), job: { image: `x@sha256:${'0'.repeat(64)}` } });
    writeFileSync(path.join(home, 'job.yaml'), Testing.synth(chart).map(yaml).join('---\n'));
    const { code, stderr } = await kubectl('apply', '--server-side', '-f', 'job.yaml');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Warning: the sandbox runs no Jobs: run "kafka-tls apply --config-map" instead of Job kafka-tls-orders/m);
  });

  withKubectl('get events sorts by a field', async () => {
    for (const [name, second] of [
      ['sorted.2', 2],
      ['sorted.1', 1],
    ] as const) {
      const lastTimestamp = `2026-11-23T09:00:0${second}Z`;
      const involvedObject = { apiVersion: 'kubedb.com/v1', kind: 'Kafka', name: 'sorted', namespace: 'default' };
      writeFileSync(
        path.join(home, 'event.json'),
        JSON.stringify({ apiVersion: 'v1', kind: 'Event', metadata: { name }, involvedObject, lastTimestamp }),
      );
      await kubectl('create', '-f', 'event.json');
    }
    const { stdout, stderr } = await kubectl('get', 'events', '--sort-by=.lastTimestamp');
    assert.ok(stdout.indexOf('sorted.1') > 0 && stdout.indexOf('sorted.1') < stdout.indexOf('sorted.2'), stdout + stderr);
  });

  withKubectl('an unknown field is refused', async () => {
    const { code, stderr } = await kubectl('create', '-f', 'typo.yaml');
    assert.equal(code, 1);
    assert.match(stderr, /unknown field "spec.replicsa"/);
  });

  withKubectl('another manager is told of the conflict', async () => {
    writeFileSync(path.join(home, 'other.yaml'), KAFKA.replace('replicas: 3', 'replicas: 5'));
    const { code, stderr } = await kubectl('apply', '--server-side', '--field-manager=other', '-f', 'other.yaml');
    assert.equal(code, 1);
    assert.match(stderr, /Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas/);
  });

  withKubectl('get -w follows changes until the object is deleted', async () => {
    const watching = spawn('kubectl', ['get', 'kafka', 'orders', '-w', '--no-headers', '-o', 'custom-columns=R:.spec.replicas'], {
      cwd: home,
      env: environment(),
    });
    let seen = '';
    const sees = (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => seen.includes(text) && resolve();
        watching.stdout.on('data', (chunk) => {
          seen += chunk;
          look();
        });
        look();
      });
    const first = sees('3\n');
    await first;
    watching.stdout.removeAllListeners('data');
    const second = sees('4\n');
    await kubectl('patch', 'kafka', 'orders', '--type=merge', '-p', '{"spec":{"replicas":4}}');
    await second;
    watching.kill();
    assert.equal(seen, '3\n4\n');
  });

  withKubectl('delete waits until the object is gone', async () => {
    const { stdout } = await kubectl('delete', 'kafka', 'orders');
    assert.equal(stdout, 'kafka.kubedb.com "orders" deleted\n');
    assert.equal((await kubectl('get', 'kafka', 'orders')).code, 1);
  });

  withKubectl('a wrong token is Unauthorized', async () => {
    const { stderr } = await kubectl('get', 'kafka', '--token=wrong');
    assert.match(stderr, /You must be logged in to the server|Unauthorized/);
  });

  withKubectl('what the condition of a paused Kafka says to do resumes it', async () => {
    await kubectl('apply', '--server-side', '-f', 'kafka.yaml');
    await kubectl('patch', 'kafka', 'orders', '--subresource=status', '--type=merge', '-p', JSON.stringify(PAUSED));
    const { stderr } = await kubectl(...asSaid(whoResumes(ref(KINDS.Kafka, 'default', 'orders'))));
    const { stdout } = await kubectl('get', 'kafka', 'orders', '-o', 'jsonpath={.status.conditions[*].type}');
    assert.equal(stdout, 'Provisioned', stderr);
  });
});
