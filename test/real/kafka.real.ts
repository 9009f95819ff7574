/**
 * Our reading of Kafka's own facts against a real Kafka, of both lines that KubeDB runs: it has to equal what Kafka's own tools print, and
 * the gates have to say no while a node is away and yes when it is back.
 *
 * Needs Java and Maven; where they or Kafka's jars cannot be had, the suite is skipped with the reason.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { KINDS, type KubeObject } from '#model/kube-object';
import { podFqdn } from '#model/kubedb';
import { kafkaFacts } from '#reconciler/cluster/kafka-facts';
import { systemClock } from '#reconciler/cluster/system-clock';
import { AUTH_KEYS, CERTIFICATE_VOLUME, CONFIG_VOLUME, type SaslMechanism } from '#reconciler/model/broker-pod';
import type { KafkaFacts, Reading } from '#reconciler/model/observation';
import { refusalOf } from '#reconciler/plan/gates/gates';
import type { KafkaFactsSource } from '#reconciler/ports';
import { issueCertificate } from '../support/certificate-factory';
import { ClusterBuilder } from '../support/cluster-builder';
import { BROKERS, FETCH_TIMEOUT_MS, type Listener, PASSWORD, RealKafka, USER } from './kafka/cluster';
import { classPathOf, type Release, versionOf } from './kafka/jars';
import { type ToolPartition, Tools } from './kafka/tools';

const NAMES = { dnsNames: BROKERS.map((id) => podFqdn('orders', 'demo', `orders-broker-${id}`)), ipAddresses: ['127.0.0.1'] };
const oldCa = issueCertificate({ commonName: 'old root', isCa: true });
const newCa = issueCertificate({ commonName: 'new root', isCa: true });
const oldLeaf = issueCertificate({ commonName: 'old leaf', issuer: oldCa, ...NAMES });
const newLeaf = issueCertificate({ commonName: 'new leaf', issuer: newCa, ...NAMES });
const CERTIFICATES = {
  old: { 'ca.crt': oldCa.cert, 'tls.crt': oldLeaf.cert, 'tls.key': oldLeaf.key },
  new: { 'ca.crt': newCa.cert, 'tls.crt': newLeaf.cert, 'tls.key': newLeaf.key },
};
const AWAITED_MS = 600_000;

for (const release of ['kafka-4', 'kafka-3'] as const satisfies readonly Release[]) {
  const found = classPathOf(release);
  if ('missing' in found) {
    test(`Kafka ${versionOf(release)}`, { skip: found.missing });
    continue;
  }
  describe(`Kafka ${versionOf(release)}`, { concurrency: false, timeout: 3_600_000 }, () => {
    let kafka: RealKafka;
    let tools: Tools;
    before(async () => {
      kafka = await RealKafka.create(found.classPath);
      tools = new Tools(found.classPath, kafka.bootstrap);
      await kafka.start({ leaf: oldLeaf, trust: [oldCa.cert] });
      await until('every node is there', isWhole);
      await tools.createTopic('orders', 6, 3, 2);
      await tools.createTopic('pairs', 2, 2, 1);
    });
    after(() => kafka?.close());

    interface View {
      readonly listener?: Listener;
      readonly brokers?: readonly number[];
      readonly password?: string;
      readonly mechanism?: SaslMechanism;
      readonly certificates?: () => Readonly<Record<string, string>>;
      readonly isTls?: boolean;
    }

    /** A cluster with these pods and Secrets, and our source in front of it. */
    function view(change: View = {}): { readonly source: KafkaFactsSource; readonly object: KubeObject } {
      const { listener = 'BROKER', brokers = BROKERS, isTls = listener === 'BROKER', certificates = () => CERTIFICATES.old } = change;
      const secrets = (): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
        'orders-auth': { [AUTH_KEYS.user]: USER, [AUTH_KEYS.password]: change.password ?? PASSWORD },
        'orders-client-cert': certificates(),
        'orders-server-cert': certificates(),
        'orders-broker-config': { 'clientauth.properties': `sasl.mechanism=${change.mechanism ?? 'PLAIN'}\n` },
      });
      const volumes = [
        { name: CONFIG_VOLUME, secret: { secretName: 'orders-broker-config' } },
        ...(isTls ? [{ name: CERTIFICATE_VOLUME, secret: { secretName: 'orders-server-cert' } }] : []),
      ];
      const pods = brokers.map((id) => ({
        ...object(KINDS.Pod, `orders-broker-${id}`, { volumes }, { phase: 'Running' }),
        metadata: {
          name: `orders-broker-${id}`,
          namespace: 'demo',
        },
      }));
      const addressOf = ({ metadata }: KubeObject) => {
        const [host = '', port] = kafka.address(Number(metadata.name.at(-1)), listener).split(':');
        return { host, port: Number(port) };
      };
      const cluster = {
        list: async () => pods,
        get: async ({ name }: { readonly name: string }) => {
          const data = Object.entries(secrets()[name] ?? {}).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
          return { ...object(KINDS.Secret, name), data: Object.fromEntries(data) };
        },
      };
      const topology = { controller: { replicas: 3 }, broker: { replicas: 3 } };
      const spec = { topology, ...(listener === 'INTERNAL' ? { disableSecurity: true } : {}) };
      return { source: kafkaFacts(cluster, { clock: systemClock, addressOf }), object: object(KINDS.Kafka, 'orders', spec) };
    }

    async function read(change: View = {}): Promise<Reading<KafkaFacts>> {
      const { source, object: subject } = view(change);
      return source.read(subject);
    }

    async function known(change: View = {}): Promise<KafkaFacts> {
      const reading = await read(change);
      assert.ok('value' in reading, 'unknown' in reading ? `${reading.unknown}\n${kafka.tails}` : '');
      return reading.value;
    }

    /** Asks again and again until the facts are as awaited. */
    async function until(what: string, isAwaited: (facts: KafkaFacts) => boolean): Promise<KafkaFacts> {
      const end = systemClock.monotonicMs() + AWAITED_MS;
      let last: Reading<KafkaFacts> = { unknown: 'never asked' };
      while (systemClock.monotonicMs() < end) {
        last = await read();
        if ('value' in last && isAwaited(last.value)) return last.value;
        await pause(200);
      }
      throw new Error(`${what}: not within ${AWAITED_MS / 1000} s; last seen: ${JSON.stringify(last)}\n${kafka.tails}`);
    }

    test("the facts are what Kafka's own tools print", async () => {
      const facts = await until('topics are whole', (f) => isWhole(f) && f.topics.length === 2);
      assert.deepEqual(partitionsOf(facts), sorted(await tools.partitions()));
      assert.deepEqual(
        facts.topics.map((t) => [t.name, t.minInsyncReplicas]),
        [
          ['orders', 2],
          ['pairs', 1],
        ],
      );
      const replicas = (await tools.quorum()).filter((r) => r.status !== 'Observer').sort((a, b) => a.nodeId - b.nodeId);
      assert.deepEqual(
        facts.quorum.voters.map((v) => v.nodeId),
        replicas.map((r) => r.nodeId),
      );
      assert.equal(facts.quorum.leaderId, replicas.find((r) => r.status === 'Leader')?.nodeId);
      assert.equal(facts.quorum.fetchTimeoutMs, FETCH_TIMEOUT_MS);
      const again = await known();
      for (const { nodeId, lastCaughtUpMs = 0 } of again.quorum.voters) {
        const tool = replicas.find((r) => r.nodeId === nodeId)?.lastCaughtUpMs ?? 0;
        const first = facts.quorum.voters.find((v) => v.nodeId === nodeId)?.lastCaughtUpMs ?? 0;
        assert.ok(first <= tool && tool <= lastCaughtUpMs, `voter ${nodeId}: ${first} <= ${tool} <= ${lastCaughtUpMs}`);
      }
      for (const { nodeId } of pods) assert.equal(refusalOn(nodeId, again), undefined, `node ${nodeId}`);
    });

    const ways: readonly [name: string, way: View][] = [
      ['TLS and PLAIN', {}],
      ['TLS and SCRAM-SHA-256', { mechanism: 'SCRAM-SHA-256' }],
      ['TLS and SCRAM-SHA-512', { mechanism: 'SCRAM-SHA-512' }],
      ['PLAIN without TLS', { listener: 'CLEAR' }],
      ['SCRAM-SHA-512 without TLS', { listener: 'CLEAR', mechanism: 'SCRAM-SHA-512' }],
      ['neither login nor TLS', { listener: 'INTERNAL' }],
      ['one broker only, the last one', { brokers: [2] }],
    ];
    for (const [name, way] of ways) {
      test(`are read by ${name}`, async () => {
        const facts = await known(way);
        assert.deepEqual(partitionsOf(facts), partitionsOf(await known()));
        assert.equal(facts.quorum.voters.length, 3);
      });
    }

    const refusals: readonly [name: string, way: View, says: RegExp][] = [
      ['a wrong password', { password: 'a-wrong-one' }, /orders-broker-0: it refuses the user or the password; orders-broker-[12]/],
      ['a wrong password by SCRAM', { password: 'a-wrong-one', mechanism: 'SCRAM-SHA-256' }, /it refuses the user or the password/],
      ['a wrong CA', { certificates: () => CERTIFICATES.new }, /its certificate is not signed by a CA in the Secrets of this Kafka/],
      [
        'a client certificate of another CA',
        { certificates: () => ({ ...CERTIFICATES.new, 'ca.crt': oldCa.cert }) },
        /it refuses our cert/,
      ],
      ['no client certificate', { certificates: () => ({ 'ca.crt': oldCa.cert }) }, /it refuses our certificate/],
      ['plaintext to a TLS port', { isTls: false }, /it closes the connection after plaintext/],
      ['TLS to a plaintext port', { listener: 'CLEAR', isTls: true }, /it closes the connection after TLS/],
      ['no broker', { brokers: [] }, /no broker runs/],
    ];
    for (const [name, way, says] of refusals) {
      test(`are unknown with ${name}, and the reason is a sentence`, async () => {
        const reading = await read(way);
        assert.ok('unknown' in reading, JSON.stringify(reading));
        assert.match(reading.unknown, says);
        for (const secret of [PASSWORD, 'a-wrong-one', USER, 'PRIVATE KEY', 'BEGIN']) assert.ok(!reading.unknown.includes(secret), secret);
      });
    }

    test('a broker that stops shuts the gate for its peers until it is back', async () => {
      await kafka.node(2).stop();
      try {
        const away = await until('broker 2 is out of every ISR', (f) => isrs(f).every((isr) => !isr.includes(2)));
        for (const id of [0, 1]) {
          assert.match(refusalOn(id, away) ?? '', new RegExp(`^orders-\\d has ISR \\{0,1\\}, needs 2 without broker ${id} \\(gate`));
        }
        assert.deepEqual(partitionsOf(away), sorted(await tools.partitions()));
      } finally {
        await kafka.startNode(2);
      }
      const back = await until('broker 2 is back', isWhole);
      for (const id of BROKERS) assert.equal(refusalOn(id, back), undefined, `broker ${id}`);
    });

    test('a broker that hangs shuts the gate, though it still takes connections', async () => {
      kafka.node(0).freeze();
      try {
        const away = await until('broker 0 is out of every ISR', (f) => isrs(f).every((isr) => !isr.includes(0)));
        assert.notEqual(refusalOn(1, away), undefined);
      } finally {
        kafka.node(0).thaw();
      }
      const back = await until('broker 0 is back', isWhole);
      assert.equal(refusalOn(1, back), undefined);
    });

    test('a controller that stops shuts the gate for the others, and without a quorum no pod may restart', async () => {
      const { quorum } = await until('all is well', isWhole);
      const [first = 0, second = 0] = quorum.voters.map((v) => v.nodeId).filter((id) => id !== quorum.leaderId);
      await kafka.node(first).stop();
      const lagging = await until(`controller ${first} lags`, (f) => refusalOn(second, f) !== undefined);
      const because = `1 of 3 voters are caught up without controller ${second}, 2 are needed (gate: controller-quorum)`;
      assert.equal(refusalOn(second, lagging), because);
      assert.equal(refusalOn(first, lagging), undefined, 'the one that is away may restart');
      assert.equal(refusalOn(0, lagging), undefined, 'brokers do not vote');

      await kafka.node(second).stop('SIGKILL');
      const leaderless = await until('no controller leads', (f) => f.quorum.leaderId === undefined);
      for (const { nodeId } of pods) {
        assert.equal(refusalOn(nodeId, leaderless), 'the quorum has no leader (gate: quorum-leader)');
      }
      await Promise.all([first, second].map((id) => kafka.startNode(id)));
      const back = await until('the quorum is back', isWhole);
      for (const { nodeId } of pods) assert.equal(refusalOn(nodeId, back), undefined, `node ${nodeId}`);
    });

    test('while certificates change, old and new brokers are believed by who has seen both CAs', async () => {
      let held = CERTIFICATES.old;
      const certificates = () => held;
      const [old, renewed] = [0, 1].map((id) => view({ brokers: [id], certificates }));
      assert.ok(old !== undefined && renewed !== undefined);
      assert.ok('value' in (await old.source.read(old.object)));
      held = CERTIFICATES.new;
      assert.ok('value' in (await old.source.read(old.object)), 'a broker that knows the old CA only');
      await kafka.node(1).stop();
      kafka.serve(1, { leaf: newLeaf, trust: [newCa.cert] });
      await kafka.startNode(1);
      await until('broker 1 is back', isWhole);
      assert.ok('value' in (await renewed.source.read(renewed.object)), 'a broker that knows the new CA only');
      const late = await read({ brokers: [0], certificates });
      assert.match('unknown' in late ? late.unknown : '', /its certificate is not signed by a CA in the Secrets of this Kafka/);
    });
  });
}

function object(kind: { readonly apiVersion: string; readonly kind: string }, name: string, spec?: object, status?: object): KubeObject {
  return { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace: 'demo' }, spec, status };
}

function isWhole({ quorum, topics }: KafkaFacts): boolean {
  const [leader] = quorum.voters.filter((v) => v.nodeId === quorum.leaderId);
  const isCaughtUp = (at: number | undefined) => at !== undefined && (leader?.lastCaughtUpMs ?? 0) - at < FETCH_TIMEOUT_MS;
  return (
    quorum.voters.length === 3 &&
    quorum.voters.every((v) => isCaughtUp(v.lastCaughtUpMs)) &&
    topics.every((t) => t.partitions.every((p) => p.isr.length === p.replicas.length))
  );
}

const pods = new ClusterBuilder().live.pods;

/** Partitions of all topics, in one order. */
function partitionsOf({ topics }: KafkaFacts): readonly ToolPartition[] {
  return sorted(topics.flatMap((t) => t.partitions.map((p) => ({ topic: t.name, ...p }))));
}

function sorted(partitions: readonly ToolPartition[]): readonly ToolPartition[] {
  return [...partitions].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
}

function isrs({ topics }: KafkaFacts): readonly (readonly number[])[] {
  return topics.flatMap((t) => t.partitions.map((p) => p.isr));
}

/** Returns why a node must not restart, all pods being Ready; undefined when it may. */
function refusalOn(nodeId: number, facts: KafkaFacts): string | undefined {
  const pod = pods.find((p) => p.nodeId === nodeId);
  assert.ok(pod !== undefined);
  const names = new Set(pods.map((p) => p.name));
  const live = { ...new ClusterBuilder().live, facts: { value: facts } };
  const now = new Date(live.observedAt);
  return refusalOf(pod, { live, planned: names, outdated: names, isCutover: false, now, unknownHealthPolicy: 'refuse' }, 'rolling')
    ?.because;
}
