/**
 * The same scenarios through both executors, on the sandbox in memory. Every scenario ends with the same questions: does every pod serve
 * what it should, is the Kafka unpaused and every request over, did no pod restart that need not, and has a second run nothing to do.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration, Size } from 'cdk8s';
import {
  Acknowledgement,
  Cutover,
  Executor,
  KafkaCluster,
  type KafkaTlsProps,
  KeyEncoding,
  Tls,
  TlsIssuer,
  type TlsOnProps,
} from '../../constructs';
import type { ExecutorName } from '../../constructs/model/desired';
import { conditionOf, KINDS, type KubeObject, ref } from '../../constructs/model/kube-object';
import { isFinishedRequest } from '../../constructs/model/kubedb';
import { mismatches } from '../../reconciler/plan/verify';
import { counting } from '../support/interrupting-cluster';
import { bundleOf, hasCondition, isReady, KAFKA, kafkaManifest, kafkaRef, NAMESPACE, World } from '../support/world';

const MOVE = [Acknowledgement.clientsMoveToTls()];
const LEAVE = [Acknowledgement.clientsLeaveTls()];
const CONTROLLERS = [0, 1, 2].map((i) => `${KAFKA}-controller-${i}`);
const BROKERS = [0, 1, 2].map((i) => `${KAFKA}-broker-${i}`);

for (const executor of ['native', 'ops-request'] as const satisfies readonly ExecutorName[]) {
  describe(`executor ${executor}`, () => {
    let world: World;
    let writes: readonly string[] = [];
    afterEach(() => world?.stop());

    const props = (tls: Tls, change: Partial<KafkaTlsProps> = {}): KafkaTlsProps => ({
      cluster: KafkaCluster.existing(KAFKA),
      tls,
      executor: executor === 'native' ? Executor.native() : Executor.opsRequest(),
      ...change,
    });
    const on = (change: Partial<TlsOnProps> = {}) => Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: MOVE, ...change });
    const newWorld = () => {
      return new World({
        opsManager: executor === 'ops-request',
        decorate: (cluster) => {
          const counted = counting(cluster);
          writes = counted.writes;
          return counted.cluster;
        },
      });
    };

    /** A Kafka without TLS that somebody else created. */
    const plaintext = async () => {
      world = await newWorld().start(kafkaManifest());
      await world.settle();
    };
    /** A Kafka that this tool gave TLS. */
    const secured = async (change: Partial<TlsOnProps> = {}) => {
      await plaintext();
      await world.apply(bundleOf(props(on(change))));
    };

    /** What has to hold after every scenario. */
    const assertDone = async (tls: Tls, change: Partial<KafkaTlsProps> = {}) => {
      const bundle = bundleOf(props(tls, change));
      await world.settle();
      const live = await world.observe(bundle);
      assert.deepEqual(mismatches(live, bundle.tls), [], 'every pod serves what it should');
      assert.ok(!hasCondition(live.kafka, 'Paused'), 'the Kafka is not paused');
      assert.deepEqual(
        live.requests.filter((r) => !isFinishedRequest(r)).map((r) => r.metadata.name),
        [],
        'every request is over',
      );
      assert.equal(live.kafka?.spec.enableSSL ?? false, bundle.tls !== 'off');
      const before = await world.podUids();
      assert.deepEqual(await world.apply(bundle), { changed: false, message: 'nothing to do' });
      assert.deepEqual(writes, [], 'a second run writes nothing');
      assert.deepEqual(await world.podUids(), before);
    };

    test('a Kafka gets TLS: certificates first, then every pod once, controllers before brokers', async () => {
      await plaintext();
      const before = await world.podUids();
      await world.apply(bundleOf(props(on())));
      assert.deepEqual(world.evicted, [...CONTROLLERS, ...BROKERS]);
      for (const [pod, uid] of Object.entries(await world.podUids())) assert.notEqual(uid, before[pod], `${pod} was restarted`);
      await assertDone(on());
    });

    test('combined nodes get TLS', async () => {
      world = await newWorld().start(
        kafkaManifest({ topology: undefined, replicas: 3, storage: { resources: { requests: { storage: '1Gi' } } } }),
      );
      await world.settle();
      await world.apply(bundleOf(props(on())));
      assert.deepEqual(
        world.evicted,
        [0, 1, 2].map((i) => `${KAFKA}-${i}`),
      );
      await assertDone(on());
    });

    test('TLS that nobody acknowledged is refused, and nothing is written', async () => {
      await plaintext();
      const tls = Tls.on({ issuer: TlsIssuer.selfSignedCa() });
      await assert.rejects(
        world.apply(bundleOf(props(tls))),
        /every client has to connect with TLS from then on, and nobody has acknowledged it/,
      );
      assert.deepEqual(writes, []);
    });

    test('a declared Kafka that is missing is created with TLS: no operation, no restart', async () => {
      world = await newWorld().start();
      const cluster = KafkaCluster.dedicated({
        name: KAFKA,
        version: '4.2.0',
        controllers: { replicas: 3, storage: Size.gibibytes(1) },
        brokers: { replicas: 3, storage: Size.gibibytes(1) },
      });
      const tls = Tls.on({ issuer: TlsIssuer.selfSignedCa() });
      await world.apply(bundleOf(props(tls, { cluster })));
      assert.deepEqual(world.evicted, []);
      assert.deepEqual(await world.cluster.list(KINDS.KafkaOpsRequest, { namespace: NAMESPACE }), []);
      await assertDone(tls, { cluster });
    });

    test('a referenced Kafka that is missing is waited for, then it is an exit that says so', async () => {
      world = await newWorld().start();
      await assert.rejects(
        world.apply(bundleOf(props(on()))),
        (error: Error & { exitCode?: number }) =>
          error.exitCode === 4 && /does not exist, and the desired state only refers to it/.test(error.message),
      );
      assert.deepEqual(writes, []);
    });

    test('a rotation replaces every leaf and restarts every pod, without a cut-over', async () => {
      await secured();
      const before = await leaves();
      await world.clock.advance(86_400_000);
      const tls = on({ issuedAfter: world.clock.now().toISOString() });
      await world.apply(bundleOf(props(tls)));
      const after = await leaves();
      for (const alias of ['server', 'client']) assert.notEqual(after[alias], before[alias], `${alias} was issued anew`);
      await assertDone(tls);
    });

    test('certificates are rotated before they expire, with no commit at all', async () => {
      await secured();
      const before = await leaves();
      await world.clock.advance(61 * 86_400_000);
      await world.apply(bundleOf(props(on())));
      assert.notEqual((await leaves()).server, before.server);
      await assertDone(on());
    });

    test('other names are issued and served', async () => {
      await secured();
      const tls = on({ server: { dnsNames: ['kafka.example.org'] } });
      await world.apply(bundleOf(props(tls)));
      const live = await world.observe(bundleOf(props(tls)));
      for (const pod of live.pods)
        assert.ok(
          pod.served.every((s) => s.leaf?.dnsNames.includes('kafka.example.org')),
          pod.name,
        );
      await assertDone(tls);
    });

    test('a change of root needs an acknowledgement, then every pod trusts the new one', async () => {
      await secured();
      const issuer = TlsIssuer.selfSignedCa({ name: 'orders-ca-2' });
      await assert.rejects(
        world.apply(bundleOf(props(on({ issuer })))),
        /trust the root of issuer orders-ca-2, and nobody has acknowledged it/,
      );
      const tls = on({ issuer, acknowledge: [...MOVE, Acknowledgement.trustRootChangesTo('orders-ca-2')] });
      await world.apply(bundleOf(props(tls)));
      await assertDone(tls);
    });

    test('TLS is removed, and its Secrets are kept', async () => {
      await secured();
      await world.apply(bundleOf(props(Tls.off({ acknowledge: LEAVE }))));
      assert.ok(await world.cluster.get(ref(KINDS.Secret, NAMESPACE, `${KAFKA}-server-cert`)), 'the Secret is kept');
      await assertDone(Tls.off({ acknowledge: LEAVE }));
    });

    test('a revert needs no acknowledgement', async () => {
      await secured();
      await world.apply(bundleOf(props(Tls.off())));
      await assertDone(Tls.off());
      const again = Tls.on({ issuer: TlsIssuer.selfSignedCa() });
      await world.apply(bundleOf(props(again)));
      await assertDone(again);
    });

    test('a pod that serves an old certificate is restarted', async () => {
      await secured();
      // cert-manager renews underneath the brokers: Kafka does not reload.
      await renew('server');
      const before = await world.podUids();
      await world.apply(bundleOf(props(on())));
      for (const [pod, uid] of Object.entries(await world.podUids())) assert.notEqual(uid, before[pod]);
      await assertDone(on());
    });

    test('a foreign pause is never lifted', async () => {
      await plaintext();
      await setPaused({
        type: 'Paused',
        status: 'True',
        reason: 'Maintenance',
        message: 'disk swap',
        lastTransitionTime: '2026-11-23T08:00:00Z',
      });
      await assert.rejects(
        world.apply(bundleOf(props(on()))),
        (e: Error & { exitCode?: number }) => e.exitCode === 4 && /paused by somebody else.*Maintenance: disk swap/.test(e.message),
      );
      assert.ok(hasCondition(await world.cluster.get(kafkaRef), 'Paused'));
      assert.deepEqual(writes, []);
    });

    test('a Kafka that belongs to another KafkaTls is left alone until it is taken over', async () => {
      await secured();
      const other = { owner: 'platform/orders' };
      await assert.rejects(
        world.apply(bundleOf(props(on(), other))),
        (e: Error & { exitCode?: number }) => e.exitCode === 2 && /belongs to demo\/orders/.test(e.message),
      );
      await world.apply(bundleOf(props(on(), other)), { takeOver: true });
      await assertDone(on(), other);
    });

    test('the request reads as KubeDB writes it', async () => {
      await secured();
      const [request] = await world.cluster.list(KINDS.KafkaOpsRequest, { namespace: NAMESPACE });
      assert.equal(request?.status.phase, 'Successful');
      const types = request?.status.conditions.map((c: { type: string }) => c.type);
      const pods = [...CONTROLLERS, ...BROKERS].flatMap((pod) => [`GetPod--${pod}`, `EvictPod--${pod}`, `CheckPodRunning--${pod}`]);
      assert.deepEqual(types, [
        'ReconfigureTLS',
        'GetCertificate',
        'CheckReadyCondition',
        'IssuingCondition',
        'CertificateSynced',
        'UpdatePetSets',
        ...pods,
        'RestartNodes',
        'Successful',
      ]);
      assert.equal(request?.metadata.ownerReferences?.[0]?.kind, 'Kafka');
    });

    test('an issuer that does not exist is named, and no pod is touched', async () => {
      await plaintext();
      const before = await world.podUids();
      const tls = on({ issuer: TlsIssuer.issuer('no-such-ca') });
      await assert.rejects(world.apply(bundleOf(props(tls, { deadlines: { issuance: Duration.minutes(1) } }))), /no-such-ca/);
      assert.deepEqual(await world.podUids(), before);
      assert.ok(!hasCondition(await world.cluster.get(kafkaRef), 'Paused'));
    });

    if (executor === 'native') {
      test('a cut-over in one stop takes all pods down at once', async () => {
        await plaintext();
        await world.apply(bundleOf(props(on(), { restart: { cutover: Cutover.STOP } })));
        const evictions = world.events.findLastIndex((e) => e.event === 'evicted');
        const firstReady = world.events.findIndex((e) => e.event === 'ready' && e.subject.kind === 'Pod');
        assert.ok(evictions < firstReady, 'every pod is evicted before the first one is back');
        await assertDone(on(), { restart: { cutover: Cutover.STOP } });
      });

      test('an ops-manager that claims the request is given way to', async () => {
        world = await new World({ opsManager: true }).start(kafkaManifest());
        await world.settle();
        await assert.rejects(
          world.apply(bundleOf(props(on()))),
          (e: Error & { exitCode?: number }) => e.exitCode === 4 && /an ops-manager works on it/.test(e.message),
        );
      });

      test('another key encoding is rotated in', async () => {
        await secured();
        const tls = on({ server: { keyEncoding: KeyEncoding.PKCS1 } });
        await world.apply(bundleOf(props(tls)));
        await assertDone(tls);
      });
    } else {
      test('without an ops-manager the request is not picked up, and the run says so', async () => {
        world = await new World({ opsManager: false }).start(kafkaManifest());
        await world.settle();
        await assert.rejects(
          world.apply(bundleOf(props(on()))),
          (e: Error & { exitCode?: number; hint?: string }) =>
            e.exitCode === 4 && /not picked up after 2m/.test(e.message) && /running and licensed/.test(e.hint ?? ''),
        );
      });
    }

    async function leaves(): Promise<Record<string, string | undefined>> {
      const live = await world.observe(bundleOf(props(on())));
      return Object.fromEntries(
        live.secrets
          .filter((s) => s.leaf !== undefined)
          .map((s) => [s.name.replace(`${KAFKA}-`, '').replace('-cert', ''), s.leaf?.fingerprint]),
      );
    }

    async function renew(alias: string): Promise<void> {
      const subject = ref(KINDS.Certificate, NAMESPACE, `${KAFKA}-${alias}-cert`);
      const certificate = (await world.cluster.get(subject)) as KubeObject;
      const issuing = {
        type: 'Issuing',
        status: 'True',
        reason: 'ManuallyTriggered',
        message: '',
        lastTransitionTime: '2026-11-23T08:00:00Z',
        observedGeneration: certificate.metadata.generation,
      };
      const revision = certificate.status.revision;
      await world.cluster.replace(
        { ...certificate, status: { ...certificate.status, conditions: [...certificate.status.conditions, issuing] } },
        { status: true },
      );
      const done = async () => {
        while (((await world.cluster.get(subject))?.status?.revision ?? 0) === revision) await world.clock.sleep(1000);
      };
      await world.clock.run(done());
    }

    async function setPaused(condition: object): Promise<void> {
      const kafka = (await world.cluster.get(kafkaRef)) as KubeObject;
      await world.cluster.replace(
        { ...kafka, status: { ...kafka.status, conditions: [...(kafka.status?.conditions ?? []), condition] } },
        { status: true },
      );
      assert.ok(conditionOf((await world.cluster.get(kafkaRef)) as KubeObject, 'Paused') !== undefined);
      assert.ok(isReady(await world.cluster.get(kafkaRef)) || true);
    }
  });
}
