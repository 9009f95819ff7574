/**
 * The judge is judged: what is done to a real Kafka behind the load's back must be in the verdict, and a quiet run must have none of it.
 *
 * Needs a Java development kit and Maven; without them, or without Kafka's jars, the suite is skipped with the reason.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { issueCertificate } from '../support/certificate-factory';
import { BROKERS, CONTROLLERS } from './kafka/cluster';
import { type Release, versionOf } from './kafka/jars';
import { HandshakeSampler } from './load/handshakes';
import type { Judgement } from './load/judge';
import { LoadedKafka } from './load/loaded-kafka';
import { now } from './load/now';
import { compiledLoad, Load, type Profile } from './load/program';
import { staleListeners } from './load/served';
import { lengthOf, type Span } from './load/spans';

const QUIET_MS = 10_000;
const FROZEN_MS = 5_000;
/** A machine under load resumes late, and clients wait before they try again. */
const RESUMED_WITHIN_MS = 30_000;
const ca = issueCertificate({ commonName: 'root', isCa: true });
const oldLeaf = issueCertificate({ commonName: 'old leaf', issuer: ca, ipAddresses: ['127.0.0.1'] });
const newLeaf = issueCertificate({ commonName: 'new leaf', issuer: ca, ipAddresses: ['127.0.0.1'] });
const otherCa = issueCertificate({ commonName: 'other root', isCa: true });

for (const release of ['kafka-4', 'kafka-3'] as const satisfies readonly Release[]) {
  const program = compiledLoad(release);
  if ('missing' in program) {
    test(`the load on Kafka ${versionOf(release)}`, { skip: program.missing });
    continue;
  }
  describe(`the load on Kafka ${versionOf(release)}`, { concurrency: false, timeout: 3_600_000 }, () => {
    const kafka = new LoadedKafka(program);
    before(() => kafka.start({ leaf: oldLeaf, trust: [ca.cert] }));
    after(() => kafka.close());

    test('a quiet run has lost, failed and repeated nothing, and had a leader all the time', async () => {
      const { verdict } = await kafka.underLoad('quiet', [kafka.tls, kafka.plaintext], () => pause(QUIET_MS));
      assert.deepEqual(Object.keys(verdict.writers), ['plaintext', 'tls']);
      assertNothingLost(verdict);
      assert.deepEqual(verdict.failed, {});
      assert.deepEqual(verdict.connections, { lost: 0, reconnects: 0, refused: 0, retries: 0, renewed: {} });
      assert.deepEqual(verdict.withoutLeader.quorum, { longestMs: 0, totalMs: 0 });
      assert.deepEqual(verdict.withoutLeader.partition, { longestMs: 0, totalMs: 0 });
      assert.ok(verdict.acked > (2 * 300 * QUIET_MS) / 2_000, `${verdict.acked} messages are too few for a load`);
    });

    test('messages that were deleted after their acknowledgement are lost, each of them and no other', async () => {
      const { recording, verdict } = await kafka.underLoad('deleted', [kafka.tls], async () => {
        await pause(1_000);
        await kafka.deleteRecords('deleted', 3, 5);
      });
      const deleted = recording.sends.filter((s) => s.partition === 3 && s.offset < 5).map((s) => s.number);
      assert.equal(deleted.length, 5);
      assert.deepEqual(
        verdict.lost.map((m) => m.number),
        deleted,
      );
      assert.deepEqual([verdict.failed, verdict.unfinished], [{}, 0]);
    });

    if (release === 'kafka-3') return; // What follows depends on the judge, not on the clients.

    const elsewhere: readonly [name: string, bootstrap: string, hosts: string, because: RegExp][] = [
      ['an address on another machine', '192.0.2.1:9092', '127.0.0.1 localhost\n', /192\.0\.2\.1 is no loopback address/],
      [
        'a name that the hosts file does not have',
        'kafka.example:9092',
        '127.0.0.1 localhost\n',
        /kafka\.example is not in the hosts file/,
      ],
      ['a hosts file with another machine', '127.0.0.1:9092', '192.0.2.1 kafka.example\n', /192\.0\.2\.1 is no loopback address/],
    ];
    for (const [name, bootstrap, hosts, because] of elsewhere) {
      test(`the program refuses ${name}`, async () => {
        const load = Load.start(program, kafka.unreachable(bootstrap, hosts));
        await assert.rejects(
          load.until('never', () => false),
          because,
        );
      });
    }

    test('the program does not outlive a process that is killed', async () => {
      const options = kafka.unreachable('127.0.0.1:1', '127.0.0.1 localhost\n');
      const script = `const { Load } = require(${JSON.stringify(path.resolve('lib/test/real/load/program'))});
        console.log(Load.start(${JSON.stringify(program)}, ${JSON.stringify(options)}).pid);`;
      const starter = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [pid] = await once(starter.stdout, 'data');
      process.kill(Number(pid), 0);
      starter.kill('SIGKILL');
      await assert.rejects(async () => {
        for (;;) {
          process.kill(Number(pid), 0);
          await pause(100);
        }
      }, /ESRCH/);
    });

    test('a changed trust file is loaded by new clients, without a failure', async () => {
      const { verdict } = await kafka.underLoad('trust', [kafka.tls], async (load) => {
        kafka.trust(ca.cert + otherCa.cert);
        await load.until(
          'a new producer',
          (e) => e.event === 'client' && e.because === 'trust file changed' && `${e.client}`.startsWith('w'),
        );
        await pause(1_000);
      });
      assertNothingLost(verdict);
      assert.deepEqual(verdict.failed, {});
      assert.equal(verdict.connections.renewed['trust file changed'], 2, 'the producer and the consumer');
    });

    test('an outage is a gap of its length, and no loss', async () => {
      const { verdict, window } = await kafka.underLoad('outage', [kafka.tls], () => kafka.frozen(BROKERS, FROZEN_MS));
      const gap = verdict.longestGap;
      assert.ok(lengthOf(gap) >= FROZEN_MS - 100, `${lengthOf(gap)} ms are shorter than the outage`);
      assert.ok(lengthOf(gap) < FROZEN_MS + RESUMED_WITHIN_MS, `${lengthOf(gap)} ms are longer than the outage`);
      assert.ok(gap.from >= window.from - 2_000 && gap.from < window.from + 1_000, 'it begins with the outage');
      assert.ok(lengthOf(verdict.longestPartitionGap) >= lengthOf(gap));
      assertNothingLost(verdict);
    });

    test('a quorum that does not answer is without a leader, and nothing is lost', async () => {
      const { verdict } = await kafka.underLoad('quorum', [kafka.tls], () => kafka.frozen(CONTROLLERS, FROZEN_MS));
      const { longestMs } = verdict.withoutLeader.quorum;
      assert.ok(longestMs >= FROZEN_MS - 500 && longestMs < FROZEN_MS + RESUMED_WITHIN_MS, `${longestMs} ms without a leader`);
      assertNothingLost(verdict);
    });

    test('messages that only the leader had when it was killed are lost with acks=1', async () => {
      const acksOne: Profile = { ...kafka.tls, client: { ...kafka.tls.client, acks: '1', 'enable.idempotence': 'false' } };
      let unreplicated: Span = { from: 0, to: 0 };
      const { recording, verdict } = await kafka.underLoad('one', [acksOne], async () => {
        unreplicated = await kafka.killWhileOthersAreFrozen(0);
      });
      assert.ok(verdict.lost.length > 0, 'nothing is lost');
      const lost = new Set(verdict.lost.map((m) => m.number));
      const times = recording.sends.filter((s) => lost.has(s.number)).map((s) => s.done);
      assert.ok(
        Math.min(...times) > unreplicated.from - 1_000 && Math.max(...times) < unreplicated.to + 1_000,
        'they were acknowledged then',
      );
      assert.ok(new Set(verdict.lost.map((m) => m.partition)).size < 12, 'of partitions that another broker led nothing is lost');
    });

    test('during a cut-over one producer takes over from the other, and nothing is lost', async () => {
      const profiles = [kafka.plaintext, kafka.tlsAfterCutover];
      const act = async (load: Load) => {
        await kafka.cutOver({ leaf: oldLeaf, trust: [ca.cert] });
        await load.until('the first acknowledgement with TLS', (e) => e.event === 'first-ack' && e.writer === 'tls');
        await pause(2_000);
      };
      const { recording, verdict } = await kafka.underLoad('cutover', profiles, act, [kafka.plaintext]);
      assert.deepEqual([verdict.lost, verdict.duplicates], [[], []]);
      assert.ok((verdict.writers.tls?.acked ?? 0) > 300, 'the producer with TLS has taken over');
      assert.deepEqual(verdict.writers.tls?.failed, {});
      const last = Math.max(...recording.sends.filter((s) => s.writer === 'plaintext' && s.error === undefined).map((s) => s.done));
      const first = Math.min(...recording.sends.filter((s) => s.writer === 'tls').map((s) => s.done));
      assert.deepEqual(verdict.longestGap, { from: last, to: first });
    });

    test('a listener that still serves the old certificate is stale, and no other', async () => {
      const sampler = HandshakeSampler.start(() => BROKERS.map((id) => kafka.tlsListener(id)), { intervalMs: 250 });
      await kafka.restart(1, { leaf: newLeaf, trust: [ca.cert] });
      await kafka.restart(2, { leaf: newLeaf, trust: [ca.cert] });
      const restarted = now();
      await pause(2_000);
      const handshakes = await sampler.stop();
      const serial = (pem: string) => new X509Certificate(pem).serialNumber;
      const faults = staleListeners(handshakes, {
        after: restarted,
        isWanted: (c) => c.serial === serial(newLeaf.cert),
        listeners: BROKERS.map((id) => kafka.tlsListener(id).listener),
      });
      assert.deepEqual(
        faults.map((f) => f.listener),
        ['0/BROKER'],
      );
      assert.match(
        faults[0]?.because ?? '',
        new RegExp(`^served serial ${serial(oldLeaf.cert)} of O=kafka, CN=root in (\\d+) of \\1 handshakes$`),
      );
    });
  });
}

function assertNothingLost(verdict: Judgement): void {
  assert.deepEqual([verdict.lost, verdict.duplicates, verdict.unfinished], [[], [], 0]);
}
