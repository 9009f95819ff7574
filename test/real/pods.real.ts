/**
 * Pods that are real Kafka: what the stand-in for kubelets does, and a Kafka that is created with TLS and gets new certificates on it.
 * KAFKA_TLS_TEST_RELEASE=3 runs Kafka 3.9 instead of Kafka 4.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Size } from 'cdk8s';
import { KafkaCluster, type KafkaTlsProps } from '#constructs/index';
import { KINDS } from '#model/kube-object';
import { systemClock } from '#reconciler/cluster/system-clock';
import { assertDone } from '../support/converged';
import { on, onByRestart } from '../support/desired-states';
import { untyped } from '../support/untyped';
import { KAFKA, World, type WorldOptions } from '../support/world';
import type { Release } from './kafka/jars';
import { type RealKafkaEnvironment, realKafkaEnvironments, withoutKafka } from './kafka-environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import type { RunningPod } from './kubelet/report';

const RELEASE: Release = process.env.KAFKA_TLS_TEST_RELEASE === '3' ? 'kafka-3' : 'kafka-4';
const VERSION = RELEASE === 'kafka-3' ? '3.9.0' : '4.2.0';
const SKIP = WITHOUT_KUBEDB || (withoutKafka(RELEASE) ?? false);
const OPTIONS: WorldOptions = { executor: 'native', opsManager: false };
const POLL_MS = 250;
const AWAITED_MS = 900_000;
const storage = Size.gibibytes(1);

/** Waits until a condition holds. The limit only ends a test that would never end. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + AWAITED_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${AWAITED_MS / 60_000} min: ${what}`);
    await systemClock.sleep(POLL_MS);
  }
}

describe(`pods that are real Kafka, ${RELEASE}`, { skip: SKIP, concurrency: false, timeout: 3_600_000 }, () => {
  const environments = realKafkaEnvironments();
  let world: World;
  const environment = () => world.environment as RealKafkaEnvironment;
  const kubelet = () => environment().kubelet;
  const start = async () => {
    world = new World(OPTIONS, (options) => environments('native', options));
    await world.start();
  };

  describe('the stand-in for kubelets', () => {
    const cluster = KafkaCluster.combined({ name: KAFKA, version: VERSION, replicas: 1, storage });
    const POD = `${KAFKA}-0`;
    before(async () => {
      await start();
      await world.apply(world.desired(on(), { cluster }));
      await world.settle();
    });
    after(() => world?.stop());

    const process = (): RunningPod => {
      const [pod] = environment().pods();
      assert.ok(pod !== undefined, 'the pod runs');
      return pod;
    };
    /** Between the end of a process and the start of the next one there is none. */
    const isReplaced = (old: number | undefined) =>
      environment()
        .pods()
        .some(({ pid }) => pid !== undefined && pid !== old);
    const status = async () => untyped((await world.cluster.get(world.ref(KINDS.Pod, POD)))?.status);
    const container = async () => (await status())?.containerStatuses?.[0];
    const isReady = async () => (await container())?.ready === true;
    const mounted = () => process().mounts.get('/var/private/ssl') ?? '';
    const leaf = () => readFileSync(path.join(mounted(), 'tls.crt'), 'utf8');
    const issued = async () => {
      const secret = await world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-server-cert`));
      return Buffer.from(untyped(secret)?.data['tls.crt'], 'base64').toString('utf8');
    };

    test('gives every pod an address that its name resolves to', async () => {
      const { address } = process();
      assert.match(address, /^127\./);
      assert.equal((await status())?.podIP, address);
      const [host] = readFileSync(environment().hostsFile, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${address} `));
      assert.match(host ?? '', new RegExp(`^${address} ${POD}\\.${KAFKA}-pods\\.${world.namespace}\\.svc\\.cluster\\.local `));
    });

    test('replaces mounted files as a whole, and only after the delay', async () => {
      const [data, first] = [readlinkSync(path.join(mounted(), '..data')), leaf()];
      assert.equal(readlinkSync(path.join(mounted(), 'tls.crt')), path.join('..data', 'tls.crt'));
      kubelet().mountDelayMs = 3_000;
      await world.askForRenewal(world.ref(KINDS.Certificate, `${KAFKA}-server-cert`));
      await until('the Secret is renewed', async () => (await issued()) !== first);
      assert.equal(leaf(), first, 'the file is late');
      const renewed = await issued();
      await until('the file follows', () => leaf() === renewed);
      kubelet().mountDelayMs = 0;
      assert.notEqual(readlinkSync(path.join(mounted(), '..data')), data);
      assert.ok(!existsSync(path.join(mounted(), data)), 'the previous content is gone');
    });

    test('sees a process that ends, and starts it again in the same pod', async () => {
      await until('Ready', isReady);
      const [uids, { pid }] = [await world.podUids(), process()];
      const restarts = (await container())?.restartCount;
      kubelet().signal(POD, 'SIGKILL');
      await until('it is not Ready', async () => !(await isReady()));
      await until('it is Ready again', isReady);
      const { restartCount, lastState } = await container();
      assert.deepEqual([restartCount, lastState.terminated.exitCode, lastState.terminated.reason], [restarts + 1, 137, 'Error']);
      assert.deepEqual(await world.podUids(), uids);
      assert.notEqual(process().pid, pid);
    });

    test('reports a node that cannot read its key store as CrashLoopBackOff, with the exit code', async () => {
      const store = path.join(mounted(), 'server.keystore.jks');
      const good = readFileSync(store);
      writeFileSync(store, 'not a key store');
      try {
        kubelet().signal(POD, 'SIGKILL');
        await until('it ends by itself, and backs off', async () => {
          const { state, lastState } = await container();
          return state?.waiting?.reason === 'CrashLoopBackOff' && lastState.terminated.exitCode === 1;
        });
        assert.match(readFileSync(process().log, 'utf8'), /Failed to load SSL keystore/);
      } finally {
        writeFileSync(store, good);
      }
      await until('it is Ready again', isReady);
    });

    test('asks a process to end before it kills it', async () => {
      await until('Ready', isReady);
      const pod = await world.cluster.get(world.ref(KINDS.Pod, POD));
      assert.ok(pod !== undefined);
      const [old, from] = [process().pid, kubelet().events.length];
      await world.delete(world.ref(KINDS.Pod, POD));
      await until('its successor is Ready', async () => isReplaced(old) && (await isReady()));
      const ended = kubelet()
        .events.slice(from)
        .map(({ event, code }) => [event, code]);
      assert.deepEqual(ended.slice(0, 3), [
        ['stopping', undefined],
        ['ended', 143],
        ['started', undefined],
      ]);
    });

    test('kills a process that does not end within its grace period', async () => {
      const [old, from] = [process().pid, kubelet().events.length];
      kubelet().signal(POD, 'SIGSTOP');
      const { uid } = (await world.cluster.get(world.ref(KINDS.Pod, POD)))?.metadata ?? {};
      await environment().deleteWithGrace(POD, uid ?? '', 2);
      await until('its successor is Ready', async () => isReplaced(old) && (await isReady()));
      const [stopping, ended] = kubelet().events.slice(from);
      assert.deepEqual([stopping?.event, ended?.event, ended?.code], ['stopping', 'ended', 137]);
      assert.ok((ended?.at.getTime() ?? 0) - (stopping?.at.getTime() ?? 0) >= 2_000);
    });

    test('leaves no process behind when the test is killed', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-killed-'));
      const killed = spawn(globalThis.process.execPath, [path.join(__dirname, 'kafka', 'sleeper.js'), folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [printed] = await once(killed.stdout, 'data');
      const pid = Number(String(printed));
      assert.ok(isAlive(pid));
      killed.kill('SIGKILL');
      await ended(killed);
      await until('the process is gone', () => !isAlive(pid));
      await until('its folder is gone', () => !existsSync(folder));
    });
  });

  describe('a Kafka of three controllers and three brokers', () => {
    const cluster = KafkaCluster.dedicated({
      name: KAFKA,
      version: VERSION,
      controllers: { replicas: 3, storage },
      brokers: { replicas: 3, storage },
    });
    const change: Partial<KafkaTlsProps> = { cluster };
    afterEach(() => world?.stop());

    test('is created with TLS, and by Rotation.restart() gets new certificates with every pod restarted once', async () => {
      await start();
      await world.apply(world.desired(on(), change));
      assert.deepEqual(world.evicted, [], 'no pod was restarted');
      await assertDone(world, world.desired(on(), change));

      const [uids, from] = [await world.podUids(), kubelet().events.length];
      const rotated = world.desired(onByRestart({ issuedAfter: world.clock.now().toISOString() }), change);
      await world.environment.pass(60_000);
      await world.apply(rotated);
      await assertDone(world, rotated);
      for (const [pod, uid] of Object.entries(await world.podUids())) assert.notEqual(uid, uids[pod], `${pod} was restarted`);
      const restarted = kubelet()
        .events.slice(from)
        .filter((e) => e.event === 'started');
      assert.deepEqual(
        restarted.map((e) => e.pod),
        world.evicted,
        'once each, one after the other',
      );
      assert.ok(
        environment()
          .pods()
          .every((p) => p.isReady),
      );
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    return globalThis.process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
