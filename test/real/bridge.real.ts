/**
 * Another root on real Kafka, under load, and the way back: one commit names another CA, and every two neighbouring states of the three
 * rotations trust each other. KAFKA_TLS_TEST_RELEASE=3 runs Kafka 3.9 instead of Kafka 4, KAFKA_TLS_TEST_EXECUTOR=ops-request the other
 * executor.
 *
 *     S0   leaf of R0; nodes trust R0
 *     S1   leaf of R1's key, with the bridge (that key, signed by R0); nodes trust R0
 *     S2   the same leaf and chain; nodes trust the bridge. Here a run waits for the acknowledgement
 *     S3   leaf of R1; nodes trust R1
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { Size } from 'cdk8s';
import { Acknowledgement, KafkaCluster, Rotation, type Tls, TlsIssuer } from '#constructs/index';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import { assertDone } from '../support/converged';
import { MOVE, on } from '../support/desired-states';
import { untyped } from '../support/untyped';
import { assertFails, KAFKA, World } from '../support/world';
import { TrustFile } from './availability/trust-file';
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
const EXECUTOR: ExecutorName = process.env.KAFKA_TLS_TEST_EXECUTOR === 'ops-request' ? 'ops-request' : 'native';
const PODS = 6;
const GRACE_S = 30;
/** Load before and after a rotation, so that a gap at its edges is seen. */
const MARGIN_MS = 3_000;
const PORTS = { controller: [9093], broker: [9092, 29092], combined: [9092, 9093, 29092] } as const;

const program = compiledLoad(RELEASE);
const SKIP = WITHOUT_KUBEDB || ('missing' in program ? program.missing : false);

/** PEM of roots, by their common name. */
type Roots = Readonly<Record<string, string>>;

describe(`another root without an outage, ${EXECUTOR}, ${RELEASE}`, { skip: SKIP, concurrency: false, timeout: 3_600_000 }, () => {
  const environments = realKafkaEnvironments();
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-bridge-'));
  const storage = Size.gibibytes(1);
  const nodes = { replicas: PODS / 2, storage, extraSpec: { podTemplate: { spec: { terminationGracePeriodSeconds: GRACE_S } } } };
  const cluster = KafkaCluster.dedicated({ name: KAFKA, version: VERSION, controllers: nodes, brokers: nodes });
  let world: World;
  let trust: TrustFile | undefined;
  let load: Load | undefined;
  let judgedAs: (span: Span) => Judgement;

  const environment = () => world.environment as RealKafkaEnvironment;
  const desired = (tls: Tls) => world.desired(tls, { cluster });
  const byRestart = (change: Parameters<typeof on>[0] = {}) => on({ rotation: Rotation.restart(), ...change });
  const published = async () => untyped(await world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA))))?.data?.['ca.crt'] as string;
  const started = () => environment().kubelet.events.filter((e) => e.event === 'started').length;

  before(async () => {
    const opsManager = capabilitiesOf({ executor: EXECUTOR }).needsOpsManager;
    world = new World({ executor: EXECUTOR, opsManager }, (options) => environments(EXECUTOR, options));
    await world.start();
    await commit(byRestart());
    await assertDone(world, desired(byRestart()));
  });
  afterEach(async () => {
    await load?.kill();
    await trust?.stop();
  });
  after(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a commit does: its Role, and a run. */
  async function commit(tls: Tls): Promise<void> {
    await environment().grant(tls);
    await world.apply(desired(tls));
  }

  /** Clients trust what the product publishes. */
  async function startLoad(topic: string): Promise<void> {
    trust = new TrustFile(path.join(folder, `${topic}.crt`), published);
    const login = { user: environment().adminUser, password: await environment().adminPassword() };
    load = Load.start(program as LoadProgram, {
      folder: path.join(folder, topic),
      topic,
      hostsFile: environment().hostsFile,
      profiles: [tlsProfile(environment().bootstrap, login, trust.path)],
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

  /** Does something that restarts this many pods. */
  async function restarting(pods: number, act: () => Promise<unknown>): Promise<Span> {
    const [before, reported] = [started(), world.events.length];
    const span = await timed(act);
    const told = world.events.slice(reported).map(({ event, subject, message }) => `${event} ${subject.kind}/${subject.name}: ${message}`);
    assert.equal(started() - before, pods, told.join('\n'));
    return span;
  }

  /** The roots that are published now. */
  async function roots(): Promise<Roots> {
    const all = (await published()).match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
    const selfSigned = all.map((pem) => new X509Certificate(pem)).filter((c) => c.subject === c.issuer);
    return Object.fromEntries(selfSigned.map((c) => [c.subject.replace(/^CN=/, ''), c.toString()]));
  }

  /** Which clients every listener convinces, by the roots that they trust; a client that only some convince fails the test. */
  async function accepted(trusted: Roots): Promise<Readonly<Record<string, boolean>>> {
    const of = async (ca: readonly string[]) => {
      const answers = new Set<boolean>();
      for (const pod of environment().pods()) for (const port of PORTS[pod.role]) answers.add(await isTrusted(pod, port, ca));
      assert.equal(answers.size, 1, 'all listeners agree');
      return answers.has(true);
    };
    const each = await Promise.all(Object.entries(trusted).map(async ([name, pem]) => [name, await of([pem])] as const));
    return { ...Object.fromEntries(each), all: await of(Object.values(trusted)) };
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

  test('no client notices another root, nor the way back', async (t) => {
    const [old, fresh] = ['orders-ca', 'orders-ca-2'];
    const another = TlsIssuer.selfSignedCa({ name: fresh });
    await startLoad('restarts');
    await world.environment.pass(2_000);
    const sameRoot = await restarting(PODS, () => commit(byRestart({ issuedAfter: world.clock.now().toISOString() })));
    assert.deepEqual(await accepted(await roots()), { [old]: true, all: true });

    const toAnchored = await restarting(2 * PODS, () => assertAwaitsApproval(byRestart({ issuer: another }), fresh));
    const both = await roots();
    assert.deepEqual(await accepted(both), { [old]: true, [fresh]: true, all: true });

    const there = byRestart({ issuer: another, acknowledge: acknowledging(fresh) });
    const toNew = await restarting(PODS, () => commit(there));
    await assertDone(world, desired(there));
    assert.deepEqual(await accepted(both), { [old]: false, [fresh]: true, all: true });

    const back = await restarting(3 * PODS, () => commit(byRestart()));
    await assertDone(world, desired(byRestart()));
    assert.deepEqual(await accepted(both), { [old]: true, [fresh]: false, all: true });

    await stopLoad();
    assertUnnoticed(t, { 'same root': sameRoot, 'S0 to S2': toAnchored, 'S2 to S3': toNew, 'back to S0': back });
  });

  test('the last phase restarts no pod where nodes can load the certificate while they run', async (t) => {
    const fresh = 'orders-ca-3';
    const another = TlsIssuer.selfSignedCa({ name: fresh });
    await startLoad('reloads');
    const toAnchored = await restarting(2 * PODS, () => assertAwaitsApproval(on({ issuer: another }), fresh));
    const both = await roots();
    const there = on({ issuer: another, acknowledge: acknowledging(fresh) });
    const toNew = await restarting(0, () => commit(there));
    await assertDone(world, desired(there));
    assert.deepEqual(await accepted(both), { 'orders-ca': false, [fresh]: true, all: true });
    await stopLoad();
    assertUnnoticed(t, { 'S0 to S2': toAnchored, 'S2 to S3 by reload': toNew });
  });

  const acknowledging = (issuer: string) => [...MOVE, Acknowledgement.trustRootChangesTo(issuer)];

  /** The run does everything that needs no approval. */
  const assertAwaitsApproval = (tls: Tls, issuer: string) =>
    assertFails(commit(tls), 4, new RegExp(`every node trusts the key of Issuer/${issuer}`));
});

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
