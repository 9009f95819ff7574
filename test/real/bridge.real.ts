/**
 * Another root in three rotations on real Kafka, under load: every two neighbouring states trust each other, so each rotation is an ordinary
 * one. An administrator changes the CA (`support/new-root.ts`), the reconciler rotates. KAFKA_TLS_TEST_RELEASE=3 runs Kafka 3.9 instead of
 * Kafka 4.
 *
 *     S0   leaf of R0; nodes trust R0
 *     S1   leaf of R1's key, with the bridge (that key, signed by R0); nodes trust R0
 *     S2   the same leaf and chain; nodes trust the bridge
 *     S3   leaf of R1; nodes trust R1
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { Size } from 'cdk8s';
import { KafkaCluster, Rotation, TlsIssuer } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { KINDS, type KubeObject } from '#model/kube-object';
import { plan } from '#reconciler/plan/plan';
import { assertDone } from '../support/converged';
import { on } from '../support/desired-states';
import { NewRoot } from '../support/new-root';
import { untyped } from '../support/untyped';
import { KAFKA, World } from '../support/world';
import type { Release } from './kafka/jars';
import { type RealKafkaEnvironment, realKafkaEnvironments } from './kafka-environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import type { RunningPod } from './kubelet/report';
import { type Judgement, judge } from './load/judge';
import { now } from './load/now';
import { compiledLoad, Load, type LoadProgram, tlsProfile } from './load/program';
import { lengthOf, type Span } from './load/spans';

const RELEASE: Release = process.env.KAFKA_TLS_TEST_RELEASE === '3' ? 'kafka-3' : 'kafka-4';
const VERSION = RELEASE === 'kafka-3' ? '3.9.0' : '4.2.0';
const PODS = 6;
const GRACE_S = 30;
/** Load before and after a rotation, so that a gap at its edges is seen. */
const MARGIN_MS = 3_000;
const PORTS = { controller: [9093], broker: [9092, 29092], combined: [9092, 9093, 29092] } as const;

const program = compiledLoad(RELEASE);
const SKIP = WITHOUT_KUBEDB || ('missing' in program ? program.missing : false);

/** Which clients accept every listener, by the roots that they trust. */
interface Accepted {
  readonly old: boolean;
  readonly new: boolean;
  readonly both: boolean;
}

describe(`another root without an outage, ${RELEASE}`, { skip: SKIP, concurrency: false, timeout: 3_600_000 }, () => {
  const environments = realKafkaEnvironments();
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-bridge-'));
  const storage = Size.gibibytes(1);
  const nodes = { replicas: PODS / 2, storage, extraSpec: { podTemplate: { spec: { terminationGracePeriodSeconds: GRACE_S } } } };
  const cluster = KafkaCluster.dedicated({ name: KAFKA, version: VERSION, controllers: nodes, brokers: nodes });
  const trustFile = path.join(folder, 'ca.crt');
  let world: World;
  let load: Load | undefined;
  let judgedAs: (span: Span) => Judgement;

  const environment = () => world.environment as RealKafkaEnvironment;
  const desired = (change: Parameters<typeof on>[0] = {}) => world.desired(on({ rotation: Rotation.restart(), ...change }), { cluster });
  const secret = async (name: string) => world.cluster.get(world.ref(KINDS.Secret, name));
  const started = () => environment().kubelet.events.filter((e) => e.event === 'started').length;

  before(async () => {
    world = new World({ executor: 'native', opsManager: false }, (options) => environments('native', options));
    await world.start();
    await world.apply(desired());
    await assertDone(world, desired());
  });
  after(async () => {
    await load?.kill();
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startLoad(topic: string, trusted: readonly string[]): Promise<void> {
    writeFileSync(trustFile, trusted.join('\n'));
    const login = { user: environment().adminUser, password: await environment().adminPassword() };
    load = Load.start(program as LoadProgram, {
      folder: path.join(folder, topic),
      topic,
      hostsFile: environment().hostsFile,
      profiles: [tlsProfile(environment().bootstrap, login, trustFile)],
      nodes: environment()
        .pods()
        .map((p) => {
          const role = p.role === 'controller' ? 'controller' : 'broker';
          return { id: p.nodeId, role, address: `${p.fqdn}:${role === 'controller' ? 9093 : 9092}` } as const;
        }),
      watch: login,
    });
    await load.warm();
    await pause(MARGIN_MS);
  }

  async function stopLoad(): Promise<void> {
    await pause(MARGIN_MS);
    const recording = await (load as Load).stop();
    judgedAs = (span) => {
      const judged = judge(recording, span);
      if ('unknown' in judged) throw new Error(judged.unknown.join('; '));
      return judged.value;
    };
  }

  async function timed(act: () => Promise<unknown>): Promise<Span> {
    const from = now();
    await act();
    return { from, to: now() };
  }

  /** One ordinary rotation: the plan foresees no cut-over and needs no acknowledgement, and every pod restarts once. */
  async function rotate(bundle: Bundle): Promise<Span> {
    const before = started();
    const { cutover, obstacles, acknowledged } = plan(bundle, await world.observe(bundle), world.clock.now());
    assert.deepEqual([cutover, obstacles, acknowledged], [undefined, [], undefined]);
    const span = await timed(() => world.apply(bundle));
    assert.equal(started() - before, PODS);
    await assertDone(world, bundle);
    return span;
  }

  /** Which clients every listener convinces; a client that only some convince fails the test. */
  async function accepted(old: string, fresh: string): Promise<Accepted> {
    const of = async (ca: readonly string[]) => {
      const answers = new Set<boolean>();
      for (const pod of environment().pods()) for (const port of PORTS[pod.role]) answers.add(await isTrusted(pod, port, ca));
      assert.equal(answers.size, 1, 'all listeners agree');
      return answers.has(true);
    };
    return { old: await of([old]), new: await of([fresh]), both: await of([old, fresh]) };
  }

  function assertUnnoticed(t: TestContext, spans: Readonly<Record<string, Span>>): void {
    for (const [name, span] of Object.entries(spans)) {
      const { acked, lost, duplicates, failed, unfinished, longestGap, longestPartitionGap, withoutLeader } = judgedAs(span);
      const seconds = (ms: number) => (ms / 1000).toFixed(1);
      t.diagnostic(
        `${name}: ${seconds(lengthOf(span))} s, ${acked} acked, longest gap ${seconds(lengthOf(longestGap))} s, of a partition ` +
          `${seconds(lengthOf(longestPartitionGap))} s, quorum without a leader ${seconds(withoutLeader.quorum.longestMs)} s`,
      );
      assert.deepEqual([lost, duplicates, failed, unfinished], [[], [], {}, 0], name);
    }
    assert.deepEqual(refusedHandshakes(), [], 'no node refused another');
  }

  /** Lines of the logs of nodes about refused certificates. */
  function refusedHandshakes(): readonly string[] {
    return environment()
      .pods()
      .flatMap((pod) =>
        readFileSync(pod.log, 'utf8')
          .split('\n')
          .filter((line) => /SSL handshake failed|PKIX path/.test(line))
          .map((line) => `${pod.name}: ${line}`),
      );
  }

  test('three rotations that restart every pod', async (t) => {
    const old = decoded(await secret(`${KAFKA}-ca`));
    const root = await NewRoot.create(world, 'orders-ca-2', `${KAFKA}-ca-selfsigned`);
    const fresh = await root.pem();
    await root.signBy(`${KAFKA}-ca`);
    await startLoad('restarts', [old, fresh]);
    const after = async (change: Parameters<typeof on>[0]) => {
      await world.environment.pass(2_000);
      return rotate(desired({ issuedAfter: world.clock.now().toISOString(), ...change }));
    };
    const issuer = TlsIssuer.issuer(root.name);

    const sameRoot = await after({});
    assert.deepEqual(await accepted(old, fresh), { old: true, new: false, both: true });
    const bridged = await rotate(desired({ issuer }));
    assert.deepEqual(await accepted(old, fresh), { old: true, new: true, both: true });
    await root.withdrawOldRoot();
    const anchored = await after({ issuer });
    assert.deepEqual(await accepted(old, fresh), { old: true, new: true, both: true });
    await root.signBySelf();
    const selfSigned = await after({ issuer });
    assert.deepEqual(await accepted(old, fresh), { old: false, new: true, both: true });

    await stopLoad();
    assertUnnoticed(t, { 'same root': sameRoot, 'S0 to S1': bridged, 'S1 to S2': anchored, 'S2 to S3': selfSigned });
  });
});

/** The certificate in a Secret, in PEM. */
function decoded(secret: KubeObject | undefined): string {
  return Buffer.from(untyped(secret)?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
}

async function isTrusted(pod: RunningPod, port: number, ca: readonly string[]): Promise<boolean> {
  const socket = await connected(pod, port, ca);
  try {
    return socket.authorized;
  } finally {
    socket.destroy();
  }
}

async function connected({ address, fqdn }: RunningPod, port: number, ca: readonly string[]): Promise<tls.TLSSocket> {
  const socket = tls.connect({ host: address, port, servername: fqdn, rejectUnauthorized: false, ca: [...ca] });
  await once(socket, 'secureConnect');
  return socket;
}
