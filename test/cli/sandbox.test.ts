/** The command's main job against a sandbox over HTTPS: sockets, certificates and handshakes are real. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { App, Chart, Duration, Testing } from 'cdk8s';
import { Acknowledgement, Executor, KafkaCluster, KafkaTls, Tls, TlsIssuer } from '#constructs/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import type { Io, RunningSandbox } from '#reconciler/cli/io';
import { createRuntime } from '#reconciler/cli/runtime';
import { connect } from '#reconciler/cluster/connect';
import { systemClock } from '#reconciler/cluster/system-clock';
import { InterruptedError } from '#reconciler/errors';
import { EVENTS } from '#reconciler/ports';
import { untyped } from '#test/support/untyped';
import { yaml } from '../support/bundle-text';
import { kafkaTls, type Ran } from '../support/command-line';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-sandbox-'));
const kubeconfig = path.join(folder, 'kubeconfig');
const runtime = createRuntime({ env: {}, stderr: () => undefined });
let sandbox: RunningSandbox;
const all: Ran[] = [];

before(async () => {
  sandbox = await runtime.startSandbox({ opsManager: false });
  writeFileSync(kubeconfig, sandbox.kubeconfig);
  await sandbox.create({
    apiVersion: 'kubedb.com/v1',
    kind: 'Kafka',
    metadata: { name: 'orders', namespace: 'demo' },
    spec: { version: '4.2.0', replicas: 3 },
  });
});

after(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

const ACKNOWLEDGED = [Acknowledgement.clientsMoveToTls(), Acknowledgement.clientsLeaveTls()];
const ON = Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: ACKNOWLEDGED });
const OFF = Tls.off({ acknowledge: ACKNOWLEDGED });

/** Runs a command on a bundle with this desired TLS of `demo/orders`. */
async function run(command: string, tls: Tls, flags: readonly string[] = [], io: Partial<Io> = {}, owner?: string): Promise<Ran> {
  const chart = new Chart(new App(), 'orders', { namespace: 'demo' });
  const cluster = KafkaCluster.existing('orders');
  new KafkaTls(chart, 'tls', {
    cluster,
    tls,
    executor: Executor.native(),
    deadlines: { opsManagerDetection: Duration.seconds(1) },
    ...(owner === undefined ? {} : { owner }),
  });
  const file = path.join(folder, 'orders.yaml');
  writeFileSync(file, Testing.synth(chart).map(yaml).join('---\n'));
  const ran = await kafkaTls([command, '-f', file, '--kubeconfig', kubeconfig, ...flags], { outside: runtime, io });
  all.push(ran);
  return ran;
}

async function inCluster<T>(look: (cluster: Awaited<ReturnType<typeof connect>>['cluster']) => Promise<T>): Promise<T> {
  const connected = await connect({ kubeconfig, clock: systemClock });
  return look(connected.cluster).finally(() => connected.close());
}

const eventsOf = ({ stdout }: Ran) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the command and a sandbox', { concurrency: false }, () => {
  test('apply adds TLS, verifies every pod, and prints one JSON object an event', async () => {
    await sandboxIsReady();
    const ran = await run('apply', ON, ['--output', 'json']);
    assert.equal(ran.exitCode, 0, ran.stderr);
    const events = eventsOf(ran);
    for (const event of events) {
      assert.ok(EVENTS.includes(event.event), event.event);
      assert.match(event.time, /^\d{4}-\d\d-\d\dT/);
      assert.equal(typeof event.message, 'string');
      assert.match(event.subject, /^[A-Za-z]+\/demo\/(kafka-tls-)?orders/);
    }
    const names = new Set(events.map((e) => e.event));
    for (const name of ['planned', 'applied', 'waiting', 'evicted', 'ready', 'verified', 'finished']) assert.ok(names.has(name), name);
    assert.equal(events.filter((e) => e.event === 'evicted').length, 3);
    assert.equal(events.at(-1).event, 'finished');
  });

  test('a second apply changes nothing and prints one line', async () => {
    const ran = await run('apply', ON);
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, /^\d\d:\d\d:\d\d Kafka\/demo\/orders finished: nothing to do\n$/);
  });

  test('plan and apply print the command of a hint with their own flags, so that it can be pasted', async () => {
    const paste = `"kafka-tls apply -f ${path.join(folder, 'orders.yaml')} -n demo --take-over --kubeconfig ${kubeconfig}"`;
    for (const command of ['plan', 'apply']) {
      const termination = path.join(folder, 'termination');
      const flags = ['-n', 'demo', ...(command === 'apply' ? ['--termination-log', termination] : [])];
      const ran = await run(command, OFF, flags, {}, 'platform/orders');
      assert.equal(ran.exitCode, 2, ran.stderr);
      assert.ok((ran.stdout + ran.stderr).includes(`If that KafkaTls no longer exists, run ${paste} once.`), ran.stdout + ran.stderr);
      if (command === 'apply') assert.ok(readFileSync(termination, 'utf8').includes(paste));
    }
    const { stderr } = await run('apply', OFF, ['-n', 'demo', '--output', 'json'], {}, 'platform/orders');
    const { error } = JSON.parse(stderr);
    assert.deepEqual([error.code, error.exitCode, error.violations.length], ['invalid-input', 2, 1]);
    assert.equal(error.hint, `If that KafkaTls no longer exists, run ${paste} once.`);
  });

  test('verify checks every listener by a handshake', async () => {
    const ran = await run('verify', ON);
    assert.equal(ran.exitCode, 0, ran.stdout);
    assert.match(ran.stdout, /\nVerified: 6 listeners of 3 pods, each serves what its Secret holds\.\n$/);
  });

  test('verify reports a mismatch with another desired state', async () => {
    const ran = await run('verify', OFF);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /\nPod\/demo\/orders-0: \w+: serves TLS, wanted plaintext\.\n/);
  });

  test("observe reads Kafka's facts, and plan uses them", async () => {
    const { facts } = JSON.parse((await run('observe', OFF)).stdout);
    assert.deepEqual(
      facts.value.quorum.voters.map((v: { nodeId: number }) => v.nodeId),
      [0, 1, 2],
    );
    assert.ok(facts.value.topics.every((t: { minInsyncReplicas: number }) => t.minInsyncReplicas === 2));
    const { stdout } = await run('plan', OFF);
    assert.match(stdout, /\(3 of 3, active controller last\)/);
    assert.doesNotMatch(stdout, /readiness/);
  });

  test('plan gives the same answer for the output of observe as for the cluster', async () => {
    const seen = await run('observe', OFF);
    const file = path.join(folder, 'seen.json');
    writeFileSync(file, seen.stdout);
    const live = await run('plan', OFF, ['--exit-code']);
    const replayed = await run('plan', OFF, ['--exit-code', '--observation', file]);
    assert.deepEqual([live.exitCode, replayed.exitCode], [3, 3], live.stderr + replayed.stderr);
    const withoutLastLine = (text: string) => text.slice(0, text.lastIndexOf('Nothing was changed.'));
    assert.equal(withoutLastLine(replayed.stdout), withoutLastLine(live.stdout));
  });

  test('an interrupted apply resumes the Kafka, and the next apply finishes the change', async () => {
    const interrupt = new AbortController();
    const stdout = (text: string) => {
      if (text.includes(' evicted')) interrupt.abort(new InterruptedError('SIGTERM', { hint: 'Go on with: kafka-tls apply' }));
    };
    const first = await run('apply', OFF, [], { signal: interrupt.signal, stdout });
    assert.equal(first.exitCode, 143, first.stderr);
    assert.match(first.stderr, /^kafka-tls: ended before it was done: SIGTERM was received\.\nGo on with: kafka-tls apply\n$/);
    const kafka = await inCluster((cluster) => cluster.get({ ...KINDS.Kafka, namespace: 'demo', name: 'orders' }));
    assert.ok(!conditionsOf(kafka).some((c) => c.type === 'Paused'), 'the Kafka is left paused');
    const second = await run('apply', OFF);
    assert.equal(second.exitCode, 0, second.stderr);
    const verified = await run('verify', OFF);
    assert.match(verified.stdout, /\nVerified: 6 listeners of 3 pods, each serves plaintext\.\n$/);
  });

  test('no command has printed a value of a Secret', async () => {
    const secrets = await inCluster((cluster) => cluster.list(KINDS.Secret, { namespace: 'demo' }));
    const values = secrets.flatMap((s) => Object.entries<string>(untyped(s.data ?? {}))).filter(([key]) => /key$|password|jks/.test(key));
    assert.ok(values.length >= 4);
    const printed = all.map((ran) => ran.stdout + ran.stderr).join('\n');
    for (const [key, value] of values) {
      const decoded = Buffer.from(value, 'base64').toString('utf8');
      assert.ok(!printed.includes(value) && !printed.includes(decoded), key);
    }
    assert.doesNotMatch(printed, /PRIVATE KEY/);
  });
});

function conditionsOf(object: KubeObject | undefined): readonly { readonly type: string }[] {
  return untyped(object?.status)?.conditions ?? [];
}

/** Waits until the Kafka is Ready. */
async function sandboxIsReady(): Promise<void> {
  const end = new AbortController();
  await inCluster(async (cluster) => {
    for await (const kafkas of cluster.watch(KINDS.Kafka, { namespace: 'demo' }, end.signal)) {
      if (kafkas.some((k) => untyped(k.status)?.phase === 'Ready')) end.abort();
    }
  });
}
