/** The command from outside of a cluster: what it says of pods that it reaches through the API server is what it says of them directly. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { App, Chart, Duration, Testing } from 'cdk8s';
import { Acknowledgement, Executor, KafkaCluster, KafkaTls, Tls, TlsIssuer } from '#constructs/index';
import { KINDS } from '#model/kube-object';
import { createRuntime } from '#reconciler/cli/runtime';
import { systemClock } from '#reconciler/cluster/system-clock';
import type { Denial } from '#reconciler/sandbox/api/access';
import { createSandbox } from '#reconciler/sandbox/index';
import { untyped } from '#test/support/untyped';
import { yaml } from '../support/bundle-text';
import { kafkaTls, type Ran } from '../support/command-line';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-reach-'));
const denied: Denial[] = [];
const sandbox = createSandbox({ clock: systemClock, opsManager: false, listeners: 'real', api: { denied } });
const files = { kubeconfig: path.join(folder, 'kubeconfig'), on: path.join(folder, 'on.yaml'), off: path.join(folder, 'off.yaml') };
let close = async () => {};

before(async () => {
  await sandbox.start();
  const served = await sandbox.serve();
  close = served.close;
  writeFileSync(files.kubeconfig, served.kubeconfig);
  const acknowledge = [Acknowledgement.clientsMoveToTls(), Acknowledgement.clientsLeaveTls()];
  writeFileSync(files.on, bundle(Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge })));
  writeFileSync(files.off, bundle(Tls.off({ acknowledge })));
  const { client } = sandbox;
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } });
  const metadata = { name: 'orders', namespace: 'demo' };
  await client.create({ apiVersion: 'kubedb.com/v1', kind: 'Kafka', metadata, spec: { version: '4.2.0', replicas: 2 } });
  for (let isReady = false; !isReady; await systemClock.sleep(20)) {
    isReady = untyped((await client.get(KINDS.Kafka, 'demo', 'orders'))?.status)?.phase === 'Ready';
  }
});

after(async () => {
  await close();
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

function bundle(tls: Tls): string {
  const chart = new Chart(new App(), 'orders', { namespace: 'demo' });
  new KafkaTls(chart, 'tls', {
    cluster: KafkaCluster.existing('orders'),
    tls,
    executor: Executor.native(),
    deadlines: { opsManagerDetection: Duration.seconds(1) },
  });
  return Testing.synth(chart).map(yaml).join('---\n');
}

const run = async (...argv: readonly string[]): Promise<Ran> => {
  const stderr: string[] = [];
  const outside = createRuntime({ env: {}, stderr: (text) => void stderr.push(text) });
  const ran = await kafkaTls([...argv, '--kubeconfig', files.kubeconfig], { outside });
  return { ...ran, stderr: stderr.join('') + ran.stderr };
};

/** Runs a command both ways; `pod` reaches the annotated addresses of a sandbox. */
const bothWays = (...argv: readonly string[]) => Promise.all(['pod', 'port-forward'].map((reach) => run(...argv, '--reach', reach)));

const withoutTime = (text: string) => text.replaceAll(/"(observedAt|lastCaughtUpMs)": [^\n]+/g, '').replaceAll(/\d\d:\d\d:\d\d/g, '');

describe('the command through the API server', { concurrency: false }, () => {
  test('apply turns TLS on with handshakes as proof', async () => {
    const ran = await run('apply', '-f', files.on, '--reach', 'port-forward');
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.equal(ran.stdout.match(/Pod\S+ verified: serves the certificate/g)?.length, 2, ran.stdout);
  });

  for (const argv of [
    ['verify', '-f', files.on, '--output', 'json'],
    ['verify', '-f', files.off, '--output', 'json'],
    ['observe', '-f', files.on],
    ['plan', '-f', files.on, '--output', 'json'],
    ['plan', '-f', files.off, '--output', 'json'],
  ]) {
    test(`${argv[0]} of ${path.basename(argv[2] ?? '', '.yaml')} has the same result both ways`, async () => {
      const [direct, forwarded] = (await bothWays(...argv)) as [Ran, Ran];
      assert.deepEqual([forwarded.exitCode, forwarded.stderr], [direct.exitCode, '']);
      assert.equal(withoutTime(forwarded.stdout), withoutTime(direct.stdout));
      assert.doesNotMatch(forwarded.stdout, /"protocol": "unknown"/);
    });
  }

  test('without the right every listener is unknown, and the rule to add is printed once', async () => {
    denied.push({ verb: 'create', resource: 'pods/portforward' });
    const ran = await run('verify', '-f', files.on, '--output', 'json', '--reach', 'port-forward');
    denied.pop();
    assert.equal(ran.exitCode, 4);
    const { listeners } = JSON.parse(ran.stdout);
    assert.equal(listeners.length, 4);
    for (const { pod, protocol, because } of listeners) {
      assert.equal(protocol, 'unknown');
      assert.match(because, new RegExp(`^${pod}:909[23] \\(port-forward\\): not allowed \\(pods/portforward\\)$`));
    }
    assert.equal(ran.stderr.match(/resources: \[pods\/portforward\]/g)?.length, 1);
  });
});
