/**
 * Rotations in which real Kafka nodes load their certificate while they run. KAFKA_TLS_TEST_RELEASE=3 runs Kafka 3.9 instead of Kafka 4.
 */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { Size } from 'cdk8s';
import { KafkaCluster, type KafkaTlsProps, Rotation } from '#constructs/index';
import { asKind } from '#model/kinds/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import type { KafkaNode } from '#reconciler/ports';
import { assertDone } from '../support/converged';
import { on } from '../support/desired-states';
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
const storage = Size.gibibytes(1);
/** KubeDB's ports, the local listener included: no probe of the product reaches it. */
const PORTS = { controller: [9093], broker: [9092, 29092], combined: [9092, 9093, 29092] } as const;
/** More than a listener has network threads. */
const HANDSHAKES = 8;

describe(`nodes that load certificates while they run, ${RELEASE}`, { skip: SKIP, concurrency: false, timeout: 3_600_000 }, () => {
  const environments = realKafkaEnvironments();
  const cluster = KafkaCluster.dedicated({
    name: KAFKA,
    version: VERSION,
    controllers: { replicas: 3, storage },
    brokers: { replicas: 3, storage },
  });
  const change: Partial<KafkaTlsProps> = { cluster };
  let world: World;
  const environment = () => world.environment as RealKafkaEnvironment;
  const node = async (pod: string): Promise<KafkaNode> => ({ kafka: asKind('Kafka', (await world.kafka()) as KubeObject), pod });
  const issued = async () => {
    const secret = await world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-server-cert`));
    return new X509Certificate(Buffer.from(untyped(secret)?.data['tls.crt'], 'base64')).fingerprint256;
  };
  const rotation = () => world.desired(on({ issuedAfter: world.clock.now().toISOString(), rotation: Rotation.reload() }), change);
  const reloaded = () => world.events.filter((e) => e.event === 'reloaded').map((e) => e.subject.name);

  before(async () => {
    world = new World(OPTIONS, (options) => environments('native', options));
    await world.start();
    await world.apply(world.desired(on(), change));
    await assertDone(world, world.desired(on(), change));
  });
  after(() => world?.stop());

  /** Returns what every listener of every node shows, in handshakes in a row. */
  async function served(): Promise<ReadonlySet<string>> {
    const seen = new Set<string>();
    for (const pod of environment().pods())
      for (const port of PORTS[pod.role]) for (let i = 0; i < HANDSHAKES; i++) seen.add(await fingerprintAt(pod, port));
    return seen;
  }

  async function rotate(): Promise<void> {
    const [uids, old, pids] = [
      await world.podUids(),
      await issued(),
      environment()
        .pods()
        .map((p) => p.pid),
    ];
    assert.deepEqual([...(await served())], [old]);
    await world.environment.pass(2_000);
    world.events.length = 0;
    const bundle = rotation();
    await world.apply(bundle);
    assert.equal(reloaded().length, 6);
    assert.deepEqual(
      world.events.filter((e) => e.event === 'warning'),
      [],
    );
    assert.deepEqual(await world.podUids(), uids, 'no pod restarted');
    assert.deepEqual(
      environment()
        .pods()
        .map((p) => p.pid),
      pids,
      'no process restarted',
    );
    const fresh = await issued();
    assert.notEqual(fresh, old);
    assert.deepEqual([...(await served())], [fresh], 'every handshake with every listener shows the new certificate');
    assert.deepEqual(await world.requests(), []);
    await assertDone(world, bundle);
  }

  test('load it on every listener, and no pod restarts', rotate);

  test('load it when the kubelet has brought it', async () => {
    environment().kubelet.mountDelayMs = 10_000;
    await rotate().finally(() => {
      environment().kubelet.mountDelayMs = 0;
    });
  });

  test('report the settings that decide', async () => {
    for (const { name, role } of environment().pods()) {
      const answer = await environment().admin.settings(await node(name));
      assert.ok('value' in answer, 'unknown' in answer ? `${name}: ${answer.unknown}` : '');
      assert.equal(answer.value['ssl.keystore.location'], '/var/private/ssl/server.keystore.jks', `${name}, ${role}`);
      assert.match(answer.value['num.network.threads'] ?? '', /^\d+$/);
      assert.ok((answer.value['controller.quorum.voters'] ?? '') !== '');
      assert.ok(!Object.keys(answer.value).some((key) => /password/.test(key)));
    }
  });

  test('judge a file on their disk without loading it', async () => {
    const pod = environment()
      .pods()
      .find((p) => p.role === 'broker') as RunningPod;
    const settings = { 'listener.name.broker.ssl.keystore.location': '/var/private/ssl/./server.keystore.jks' };
    const ask = async () => environment().admin.validate(await node(pod.name), settings);
    assert.deepEqual(await ask(), { kind: 'accepted' });
    const store = path.join(pod.mounts.get('/var/private/ssl') ?? '', 'server.keystore.jks');
    const good = readFileSync(store);
    writeFileSync(store, 'not a key store');
    try {
      const answer = await ask();
      assert.equal(answer.kind, 'refused');
      assert.match('because' in answer ? answer.because : '', /keystore/i);
    } finally {
      writeFileSync(store, good);
    }
    assert.deepEqual(await ask(), { kind: 'accepted' });
  });
});

async function fingerprintAt({ address, fqdn }: RunningPod, port: number): Promise<string> {
  const socket = tls.connect({ host: address, port, servername: fqdn, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()?.fingerprint256 ?? 'none';
  } finally {
    socket.destroy();
  }
}
