/**
 * The same scenarios through both executors, in memory and on a real API server. Every scenario ends with the same questions: does every pod
 * serve the desired state, is the Kafka unpaused and every request finished, and has a second run nothing to do without any restart.
 */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration, Size } from 'cdk8s';
import {
  Acknowledgement,
  ClientCertificate,
  Cutover,
  KafkaCluster,
  type KafkaTls,
  type KafkaTlsProps,
  KeyEncoding,
  Tls,
  TlsIssuer,
  type TlsOnProps,
} from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { trustName } from '#model/names';
import { readCas } from '#reconciler/pki/certificates';
import { type Issued, issueCertificate } from './certificate-factory';
import { assertDone as assertNothingLeft, NOTHING_TO_DO } from './converged';
import { desiredProps, MOVE, off, on, onByRestart, onWithNewRoot } from './desired-states';
import { createForeignIssuer } from './foreign-issuers';
import { Interrupted } from './interrupting-cluster';
import { untyped } from './untyped';
import {
  assertFails,
  COMBINED,
  failureOf,
  hasCondition,
  KAFKA,
  kafkaManifest,
  type TestEnvironment,
  World,
  type WorldOptions,
} from './world';

/** KubeDB restarts by ordinal. `native` restarts the active controller last, which in a new Kafka is the first one. */
const IN_ORDER = { native: [1, 2, 0], 'ops-request': [0, 1, 2] } as const satisfies Record<ExecutorName, readonly number[]>;
const BROKERS = [0, 1, 2].map((i) => `${KAFKA}-broker-${i}`);

/** What an environment cannot do. */
export interface Limits {
  /** Scenarios that need it are reported as skipped. */
  readonly canSkipDays: boolean;
}

/** Plays all scenarios of an executor. */
export function scenarios(executor: ExecutorName, environment: (options: WorldOptions) => TestEnvironment, { canSkipDays }: Limits): void {
  describe(`executor ${executor}`, () => {
    const controllers = IN_ORDER[executor].map((i) => `${KAFKA}-controller-${i}`);
    let world: World;
    afterEach(() => world?.stop());

    const bundle = (tls: Tls, change: Partial<KafkaTlsProps> = {}) => world.desired(tls, change);
    const newWorld = (opsManager = executor === 'ops-request') => new World({ executor, opsManager }, environment);

    /** A Kafka without TLS that another client created. */
    const plaintext = async () => {
      world = await newWorld().start(kafkaManifest());
      await world.settle();
    };
    /** A Kafka that a run gave TLS. */
    const secured = async (change: Partial<TlsOnProps> = {}) => {
      await plaintext();
      await world.apply(bundle(on(change)));
    };

    /** What must hold after every scenario. */
    const assertDone = async (tls: Tls, change: Partial<KafkaTlsProps> = {}) => {
      const wanted = bundle(tls, change);
      const before = await world.podUids();
      const live = await assertNothingLeft(world, wanted);
      assert.equal(live.kafka?.spec?.enableSSL ?? false, wanted.tls !== 'off');
      assert.deepEqual(await world.podUids(), before);
    };

    test('a Kafka gets TLS: certificates first, then every pod once, controllers before brokers', async () => {
      await plaintext();
      const before = await world.podUids();
      await world.apply(bundle(on()));
      assert.deepEqual(world.evicted, [...controllers, ...BROKERS]);
      for (const [pod, uid] of Object.entries(await world.podUids())) assert.notEqual(uid, before[pod], `${pod} was restarted`);
      await assertDone(on());
    });

    test('the trust bundle holds the CA before the first pod serves it, and no key', async () => {
      await plaintext();
      const trustBundles = trustedAtEvictions();
      await world.apply(bundle(on()));
      assert.deepEqual(await trustBundles(), Array(6).fill(['CN=orders-ca']));
      const configMap = await trust();
      assert.deepEqual(Object.keys(configMap?.data ?? {}), ['ca.crt']);
      assert.doesNotMatch(untyped(configMap?.data)?.['ca.crt'], /PRIVATE KEY/);
      assert.equal(configMap?.metadata.ownerReferences?.[0]?.uid, (await world.kafka())?.metadata.uid);
      await assertDone(on());
    });

    test('an edited trust bundle is restored, and no pod restarts', async () => {
      await secured();
      const before = (await trust()) as KubeObject;
      const pods = await world.podUids();
      await world.cluster.replace({ ...before, data: { 'ca.crt': 'gone', 'more.txt': 'not ours' } });
      await world.apply(bundle(on()));
      assert.deepEqual((await trust())?.data, { ...untyped(before.data), 'more.txt': 'not ours' });
      assert.deepEqual(await world.podUids(), pods);
      await assertDone(on());
    });

    test('combined nodes get TLS', async () => {
      world = await newWorld().start(kafkaManifest(COMBINED));
      await world.settle();
      await world.apply(bundle(on()));
      assert.deepEqual(
        world.evicted,
        IN_ORDER[executor].map((i) => `${KAFKA}-${i}`),
      );
      await assertDone(on());
    });

    test('TLS that was not acknowledged is refused, and nothing is written', async () => {
      await plaintext();
      const tls = Tls.on({ issuer: TlsIssuer.selfSignedCa() });
      await assert.rejects(world.apply(bundle(tls)), /every client must connect with TLS from then on, and that is not acknowledged/);
      assert.deepEqual(world.writes, []);
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
      await world.apply(bundle(tls, { cluster }));
      assert.deepEqual(world.evicted, []);
      assert.deepEqual(await world.requests(), []);
      assert.deepEqual(await trusted(), ['CN=orders-ca']);
      await assertDone(tls, { cluster });
    });

    test('waits for a referenced Kafka that is missing, then exits with the reason', async () => {
      world = await newWorld().start();
      await assertFails(
        world.apply(bundle(on(), { deadlines: { foreignOperation: Duration.seconds(10) } })),
        4,
        /does not exist, and the desired state only refers to it/,
      );
      assert.deepEqual(world.writes, []);
    });

    for (const [how, by] of Object.entries({ 'restarts no pod': on, 'by restart restarts every pod, without a cut-over': onByRestart })) {
      test(`a rotation ${how}, and replaces every leaf`, async () => {
        await secured();
        const before = await leaves();
        const pods = await world.podUids();
        await world.environment.pass(86_400_000);
        const tls = by({ issuedAfter: world.clock.now().toISOString() });
        await world.apply(bundle(tls));
        const after = await leaves();
        for (const alias of ['server', 'client']) assert.notEqual(after[alias], before[alias], `${alias} was issued again`);
        const kept = Object.entries(await world.podUids()).filter(([pod, uid]) => uid === pods[pod]);
        assert.equal(kept.length, by === on ? Object.keys(pods).length : 0);
        await assertDone(tls);
      });
    }

    const skip = canSkipDays ? false : 'two months cannot be skipped here';
    test('certificates are rotated before they expire, without a commit', { skip }, async () => {
      await secured();
      const before = await leaves();
      await world.environment.pass(61 * 86_400_000);
      await world.apply(bundle(on()));
      assert.notEqual((await leaves()).server, before.server);
      await assertDone(on());
    });

    test('other names are issued and served', async () => {
      await secured();
      const tls = on({ server: { dnsNames: ['kafka.example.org'] } });
      await world.apply(bundle(tls));
      const live = await world.observe(bundle(tls));
      for (const pod of live.pods)
        assert.ok(
          pod.served.every((s) => s.leaf?.dnsNames.includes('kafka.example.org')),
          pod.name,
        );
      await assertDone(tls);
    });

    test('another root comes in three rotations; only the last one needs an acknowledgement', async () => {
      await secured();
      const issuer = TlsIssuer.selfSignedCa({ name: 'orders-ca-2' });
      const both = ['CN=orders-ca', 'CN=orders-ca-2'];
      const trustBundles = trustedAtEvictions();
      await assertFails(
        world.apply(bundle(on({ issuer }))),
        4,
        /every client must trust the root with SHA-256 \w+, and that is not acknowledged/,
      );
      assert.deepEqual(await trustBundles(), Array(12).fill(both), 'clients trust both while pods restart');
      assert.deepEqual(await trusted(), both);
      const tls = onWithNewRoot();
      await world.apply(bundle(tls));
      assert.deepEqual(await trusted(), ['CN=orders-ca-2']);
      await assertDone(tls);
    });

    if (executor === 'native') {
      test('another root of an issuer that signs no bridge comes while nodes trust both roots', async () => {
        await secured();
        await createForeignIssuer(world, 'corp');
        const issuer = TlsIssuer.issuer('corp');
        const tls = on({ issuer, acknowledge: [...MOVE, Acknowledgement.trustRootChangesTo('corp')] });
        await world.environment.grant?.(tls);
        await assertFails(world.apply(bundle(on({ issuer }))), 4, /every node trusts both roots.* and that is not acknowledged/);
        assert.deepEqual([...(await trusted())].sort(), ['CN=corp', 'CN=orders-ca']);
        await world.apply(bundle(tls));
        assert.deepEqual(await trusted(), ['CN=corp']);
        await assertDone(tls);
      });
    }

    test('TLS is removed, and its Secrets and the trust bundle are kept', async () => {
      await secured();
      const before = await trust();
      await world.apply(bundle(off()));
      assert.deepEqual(await trust(), before);
      assert.ok(await world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-server-cert`)), 'the Secret is kept');
      await assertDone(off());
    });

    test('the Certificate of an application that left the bundle is deleted, and its Secret is kept', async () => {
      await plaintext();
      const billing = (kafkaTls: KafkaTls) => void new ClientCertificate(kafkaTls, 'billing', { kafkaTls, name: 'billing' });
      await world.apply(world.bundle(desiredProps(executor, on()), billing));
      const [certificate, secret] = [KINDS.Certificate, KINDS.Secret].map((kind) => world.ref(kind, 'billing'));
      assert.ok(certificate && secret);
      await world.until(async () => (await world.cluster.get(secret)) !== undefined);
      await world.apply(bundle(on()));
      assert.equal(await world.cluster.get(certificate), undefined);
      assert.ok(await world.cluster.get(secret));
      await assertDone(on());
    });

    test('a certificate that its issuer refused is tried again by the next run, once the cause is fixed', async () => {
      await secured();
      const [ca, other] = ['corp root', 'other root'].map((commonName) => issueCertificate({ commonName, isCa: true })) as [Issued, Issued];
      const secret = { metadata: { name: 'corp-ca', namespace: world.namespace }, type: 'kubernetes.io/tls' };
      const pair = (key: string) => ({ data: { 'tls.crt': base64(ca.cert), 'tls.key': base64(key) } });
      await world.cluster.create({ apiVersion: 'v1', kind: 'Secret', ...secret, ...pair(other.key) });
      const { apiVersion, kind } = KINDS.Issuer;
      const spec = { ca: { secretName: 'corp-ca' } };
      await world.cluster.create({ apiVersion, kind, metadata: secret.metadata, spec });
      await world.until(async () => hasCondition(await world.cluster.get(world.ref(KINDS.Issuer, 'corp-ca')), 'Ready'));
      const props = { name: 'billing', issuer: TlsIssuer.issuer('corp-ca') };
      const change = { deadlines: { issuance: Duration.seconds(20) } };
      const withBilling = world.bundle(desiredProps(executor, on(), change), (kafkaTls: KafkaTls) => {
        new ClientCertificate(kafkaTls, 'Billing', { kafkaTls, ...props });
      });
      const failure = await failureOf(world.apply(withBilling));
      assert.match(
        failure.message,
        /Certificate\/.*\/billing: not Ready after 20s: .*PrivateKey doesn't match .* \(CertificateRequest\/.*\/billing-1\)/,
      );

      const held = (await world.cluster.get(world.ref(KINDS.Secret, 'corp-ca'))) as KubeObject;
      await world.cluster.replace({ ...held, ...pair(ca.key) });
      await world.apply(withBilling);
      assert.deepEqual(world.evicted.length, 6, 'no pod was restarted for it');
      assert.deepEqual(await world.apply(withBilling), NOTHING_TO_DO);
    });

    test('runs that are stopped before any write are finished by later runs, and restart no pod twice', async () => {
      await plaintext();
      const wanted = bundle(on());
      world.events.length = 0;
      for (let stopped = true, most = 1; stopped; most += 3) {
        world.killAfter = most;
        stopped = await world.apply(wanted).then(
          () => false,
          (error: unknown) => {
            assert.ok(error instanceof Interrupted, String(error));
            return true;
          },
        );
      }
      world.killAfter = Number.POSITIVE_INFINITY;
      assert.equal(new Set(world.evicted).size, world.evicted.length, world.evicted.join(', '));
      await assertDone(on());
    });

    test('a revert needs no acknowledgement', async () => {
      await secured();
      await world.apply(bundle(Tls.off()));
      await assertDone(Tls.off());
      const again = Tls.on({ issuer: TlsIssuer.selfSignedCa() });
      await world.apply(bundle(again));
      await assertDone(again);
    });

    for (const [how, by] of Object.entries({ 'loads the new one': on, 'by restart is restarted': onByRestart })) {
      test(`a pod that serves an old certificate ${how}`, async () => {
        await secured();
        // cert-manager renews underneath the nodes: Kafka does not load that by itself.
        await renew('server');
        const before = await world.podUids();
        await world.apply(bundle(by()));
        for (const [pod, uid] of Object.entries(await world.podUids())) assert.equal(uid === before[pod], by === on, pod);
        await assertDone(by());
      });
    }

    test('a foreign pause is never lifted', async () => {
      await plaintext();
      await setPaused({
        type: 'Paused',
        status: 'True',
        reason: 'Maintenance',
        message: 'disk swap',
        lastTransitionTime: '2026-11-23T08:00:00Z',
      });
      await assertFails(world.apply(bundle(on())), 4, /paused by another writer.*Maintenance: disk swap/);
      assert.ok(hasCondition(await world.kafka(), 'Paused'));
      assert.deepEqual(world.writes, []);
    });

    test('a Kafka that belongs to another KafkaTls is not changed until it is taken over', async () => {
      await secured();
      const other = { owner: 'platform/orders' };
      await assert.rejects(
        world.apply(bundle(on(), other)),
        (e: Error & { exitCode?: number }) => e.exitCode === 2 && e.message.includes(`belongs to ${world.namespace}/orders`),
      );
      await world.apply(bundle(on(), other), { takeOver: true });
      await assertDone(on(), other);
    });

    test('the request reads as KubeDB writes it', async () => {
      await secured();
      const [request] = await world.requests();
      assert.equal(untyped(request?.status)?.phase, 'Successful');
      const types = untyped(request?.status)?.conditions.map((c: { type: string }) => c.type);
      const pods = [...controllers, ...BROKERS].flatMap((pod) => [`GetPod--${pod}`, `EvictPod--${pod}`, `CheckPodRunning--${pod}`]);
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

    test('an issuer that does not exist is named, and no pod restarts', async () => {
      await plaintext();
      const before = await world.podUids();
      const tls = on({ issuer: TlsIssuer.issuer('no-such-ca') });
      await assert.rejects(world.apply(bundle(tls, { deadlines: { issuance: Duration.seconds(10) } })), /no-such-ca/);
      assert.deepEqual(await world.podUids(), before);
      assert.ok(!hasCondition(await world.kafka(), 'Paused'));
    });

    if (executor === 'native') {
      test('a cut-over in one stop ends the brokers, then the controllers, and waits for no pod meanwhile', async () => {
        await plaintext();
        const [previous, seen] = [await world.podUids(), [] as Promise<Readonly<Record<string, string>>>[]];
        world.when('evicted', `${KAFKA}-controller`, () => void seen.push(world.podUids()));
        await world.apply(bundle(on(), { restart: { cutover: Cutover.STOP } }));
        assert.deepEqual(world.evicted, [...BROKERS, ...controllers]);
        const [uids = {}] = await Promise.all(seen);
        for (const broker of BROKERS) assert.notEqual(uids[broker], previous[broker], `${broker} had ended before the first controller`);
        const evictions = world.events.findLastIndex((e) => e.event === 'evicted');
        const firstReady = world.events.findIndex((e) => e.event === 'ready' && e.subject.kind === 'Pod');
        assert.ok(evictions < firstReady, 'every pod is evicted before the first one is back');
        await assertDone(on(), { restart: { cutover: Cutover.STOP } });
      });

      test('yields to an ops-manager that claims the request', async () => {
        world = await newWorld(true).start(kafkaManifest());
        await world.settle();
        await assertFails(world.apply(bundle(on())), 4, /an ops-manager carries it out/);
      });

      test('another key encoding is rotated in', async () => {
        await secured();
        const tls = on({ server: { keyEncoding: KeyEncoding.PKCS1 } });
        await world.apply(bundle(tls));
        await assertDone(tls);
      });
    } else {
      test('without an ops-manager the request is not accepted, and the run reports it', async () => {
        world = await newWorld(false).start(kafkaManifest());
        await world.settle();
        await assert.rejects(
          world.apply(bundle(on(), { deadlines: { requestAcceptance: Duration.seconds(10) } })),
          (e: Error & { exitCode?: number; hint?: string }) =>
            e.exitCode === 4 && /not accepted after 10s/.test(e.message) && /running and licensed/.test(e.hint ?? ''),
        );
      });
    }

    function trust(): Promise<KubeObject | undefined> {
      return world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA)));
    }

    /** Subjects of the CA certificates in the trust bundle. */
    async function trusted(): Promise<readonly string[]> {
      return readCas(untyped((await trust())?.data)?.['ca.crt'] ?? '').certificates.map((c) => c.subject);
    }

    /** Reads the trust bundle at every eviction from now on. */
    function trustedAtEvictions(): () => Promise<readonly (readonly string[])[]> {
      const seen: Promise<readonly string[]>[] = [];
      world.onEvent = ({ event }) => void (event === 'evicted' && seen.push(trusted()));
      return () => world.environment.run(Promise.all(seen));
    }

    async function leaves(): Promise<Record<string, string | undefined>> {
      const live = await world.observe(bundle(on()));
      return Object.fromEntries(
        live.secrets
          .filter((s) => s.leaf !== undefined)
          .map((s) => [s.name.replace(`${KAFKA}-`, '').replace('-cert', ''), s.leaf?.fingerprint]),
      );
    }

    async function renew(alias: string): Promise<void> {
      const subject = world.ref(KINDS.Certificate, `${KAFKA}-${alias}-cert`);
      const { status } = await world.askForRenewal(subject);
      const revision = untyped(status).revision;
      await world.until(async () => (untyped((await world.cluster.get(subject))?.status)?.revision ?? 0) > revision);
    }

    async function setPaused(condition: object): Promise<void> {
      const kafka = (await world.kafka()) as KubeObject;
      await world.cluster.replace(
        { ...kafka, status: { ...untyped(kafka.status), conditions: [...(untyped(kafka.status)?.conditions ?? []), condition] } },
        { status: true },
      );
    }
  });
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
