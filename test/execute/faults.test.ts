/**
 * Faults, and the cluster after them: no healthy pod was touched, the Kafka is not paused, the error is one clear sentence, and the next run
 * continues where the last one stopped.
 */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration } from 'cdk8s';
import { Acknowledgement, Cutover, Tls, TlsIssuer } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject, ref, refOf } from '#model/kube-object';
import { ANNOTATION_OWNER } from '#model/names';
import type { Cluster } from '#reconciler/ports';
import { untyped } from '#test/support/untyped';
import { assertDone, NOTHING_TO_DO } from '../support/converged';
import { desiredProps, off, on, onByRestart, onWithNewRoot } from '../support/desired-states';
import { Interrupted } from '../support/interrupting-cluster';
import {
  assertFails,
  COMBINED,
  failureOf,
  hasCondition,
  KAFKA,
  type KafkaOptions,
  kafkaManifest,
  NAMESPACE,
  startPlaintext,
  startSecured,
  World,
} from '../support/world';

let world: World;
afterEach(() => world?.stop());

/** A Kafka that serves TLS, given to it by this tool. */
async function secured(executor: ExecutorName, options: KafkaOptions = {}): Promise<void> {
  world = await startSecured(executor, on(), options);
}

const rotation = () => onByRestart({ issuedAfter: world.clock.now().toISOString() });

describe('native', () => {
  test('a pod that never becomes Ready stops the run; once the pod is Ready, the next run continues and restarts no pod twice', async () => {
    await secured('native');
    const bundle = world.desired(rotation());
    await world.annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-controller-2` });
    await assertFails(world.apply(bundle), 1, /Pod\/demo\/orders-controller-2: restarted and not Ready after 10m/);
    assert.deepEqual(world.evicted, ['orders-controller-2'], 'the unready pod goes first, and no healthy one is touched');
    assert.ok(!hasCondition(await world.kafka(), 'Paused'));

    await world.annotate({ 'sandbox.kafka-tls/never-ready': '' });
    await world.apply(bundle);
    assert.deepEqual(world.evicted, [
      'orders-controller-2',
      'orders-controller-0',
      'orders-controller-1', // the active one
      'orders-broker-0',
      'orders-broker-1',
      'orders-broker-2',
    ]);
    await assertDone(world, bundle);
  });

  test('a pod that is up to date and cannot start stops the run before any healthy pod is touched', async () => {
    await secured('native');
    const pod = ref(KINDS.Pod, NAMESPACE, `${KAFKA}-broker-2`);
    const before = await world.podUids();
    await world.crash(pod.name);
    // Only the other pods are outdated: broker-2 was just created from the current template.
    const failure = await failureOf(world.apply(world.desired(on({ server: { dnsNames: ['x.example.org'] } }))));
    assert.ok(failure.exitCode === 1 || failure.exitCode === 4, failure.message);
    for (const [name, uid] of Object.entries(await world.podUids()))
      if (name !== pod.name) assert.equal(uid, before[name], `${name} was not touched`);
    assert.ok(!hasCondition(await world.kafka(), 'Paused'));
  });

  for (const cutover of [Cutover.ROLLING, Cutover.STOP]) {
    test(`a cut-over (${cutover}) begins with the pod that cannot start: no gate of the others opens before`, async () => {
      world = await startPlaintext('native', { kafka: COMBINED });
      const broken = `${KAFKA}-2`;
      await world.crash(broken);
      world.when('evicted', broken, () => void world.annotate({ 'sandbox.kafka-tls/crash-loop': '' }));
      const bundle = world.desired(on(), { restart: { cutover } });
      await world.apply(bundle);
      assert.equal(world.evicted[0], broken);
      assert.equal(world.evicted.length, 3, 'each once');
      await assertDone(world, bundle);
    });
  }

  test('yields to an ops-manager that claims a request that this run continues, before a pod restarts', async () => {
    let mayEvict = false;
    const decorate = (cluster: Cluster): Cluster => ({
      ...cluster,
      evict: (pod, uid) => (mayEvict ? cluster.evict(pod, uid) : Promise.reject(new Interrupted())),
    });
    world = await startPlaintext('native', { decorate });
    const bundle = world.desired(on());
    await assert.rejects(world.apply(bundle), Interrupted, 'killed before the first restart');
    mayEvict = true;
    // The status of the request does not change, so the run does not write it. The claim comes while certificates are issued again.
    const [request] = (await world.requests()) as [KubeObject];
    await world.annotate({ 'sandbox.kafka-tls/issuance-takes': '2m' }, world.ref(KINDS.Issuer, `${KAFKA}-ca`));
    for (const alias of ['server', 'client']) await world.delete(world.ref(KINDS.Secret, `${KAFKA}-${alias}-cert`));
    world.events.length = 0;
    const claim = async () => {
      const now = (await world.cluster.get(refOf(request))) as KubeObject;
      await world.cluster.replace({ ...now, status: { ...untyped(now.status), phase: 'Pending' } }, { status: true });
    };
    world.when('waiting', `${KAFKA}-server-cert`, () => void claim());
    await assertFails(world.apply(bundle), 4, /an ops-manager carries it out/);
    assert.deepEqual(world.evicted, []);
    assert.ok(!hasCondition(await world.kafka(), 'Paused'));
  });

  test('fails after some rounds when another writer reverts every change', async () => {
    const decorate = (cluster: Cluster): Cluster => ({
      ...cluster,
      replace: async (object, options) => {
        const written = await cluster.replace(object, options);
        const path = `/metadata/annotations/${ANNOTATION_OWNER.replace('/', '~1')}`;
        if (written.kind === KINDS.Kafka.kind) await cluster.patch(refOf(written), [{ op: 'remove', path }]);
        return written;
      },
    });
    world = await startPlaintext('native', { decorate });
    const failure = await assertFails(
      world.apply(world.desired(off())),
      1,
      /^Kafka\/demo\/orders: not as desired after 12 rounds\. The last round found: Kafka\/demo\/orders: belongs to no KafkaTls yet\.$/,
    );
    assert.match(failure.hint ?? '', /--show-managed-fields/);
    assert.equal(world.events.filter((e) => e.event === 'planned').length, 12);
  });

  test('a password of the JKS stores that KubeDB creates at the same moment stays', async () => {
    const theirs = Buffer.from('of-kubedb').toString('base64');
    let isFirst = true;
    const decorate = (cluster: Cluster): Cluster => ({
      ...cluster,
      apply: async (object, options) => {
        if (object.kind === 'Secret' && isFirst) {
          isFirst = false;
          const data = Object.fromEntries(Object.keys(untyped(object.data)).map((key) => [key, theirs]));
          await cluster.create({ ...object, data });
        }
        return cluster.apply(object, options);
      },
    });
    world = await startPlaintext('native', { decorate });
    const bundle = world.desired(on());
    await world.apply(bundle);
    const secret = await world.cluster.get(ref(KINDS.Secret, NAMESPACE, `${KAFKA}-keystore-cred`));
    assert.deepEqual([...new Set(Object.values(secret?.data ?? {}))], [theirs]);
    assert.equal(isFirst, false);
    await assertDone(world, bundle);
  });

  test('a gate that stays shut ends in exit 4, with the pods that restarted and those that did not', async () => {
    await secured('native', { sandbox: { timing: { podStartMs: 5_000, catchUpMs: 300_000 } } });
    const rotated = rotation();
    const failure = await assertFails(
      world.apply(world.desired(rotated, { deadlines: { gate: Duration.minutes(1) } })),
      4,
      /orders-controller-2: 1 of 3 voters are caught up without controller 1002, 2 are needed/,
    );
    assert.match(failure.message, /Not restarted yet: .*orders-controller-2/);
    assert.ok(!hasCondition(await world.kafka(), 'Paused'));
    assert.deepEqual(world.evicted, ['orders-controller-0']);
    const bundle = world.desired(rotated);
    await world.apply(bundle);
    assert.equal(new Set(world.evicted).size, world.evicted.length, 'no pod was restarted twice');
    await assertDone(world, bundle);
  });

  test('a commit that arrives mid-run supersedes it: only converted pods restart', async () => {
    world = await startPlaintext('native');
    let desired = world.desired(on());
    world.when('ready', `${KAFKA}-controller-1`, () => {
      desired = world.desired(Tls.off());
    });
    await world.apply(() => desired);
    assert.deepEqual(world.evicted, ['orders-controller-1', 'orders-controller-1'], 'one converted, and back');
    const requests = await world.requests();
    assert.deepEqual(requests.map((r) => untyped(r.status).phase).sort(), ['Failed', 'Successful']);
    await assertDone(world, desired);
  });

  test('another root of the same issuer is approved by its fingerprint only, in every run alike', async () => {
    await secured('native');
    // The CA's Secret is replaced, and cert-manager makes a new root with a new key under the same name.
    const secret = ref(KINDS.Secret, NAMESPACE, `${KAFKA}-ca`);
    const before = await world.podUids();
    await world.delete(secret);
    await world.environment.pass(60_000);
    const bundle = (root: string) => {
      const acknowledge = [Acknowledgement.clientsMoveToTls(), Acknowledgement.trustRootChangesTo(root)];
      return world.desired(on({ acknowledge, issuedAfter: world.clock.now().toISOString() }));
    };
    const [first, second] = [await failureOf(world.apply(bundle('orders-ca'))), await failureOf(world.apply(bundle('orders-ca')))];
    for (const failure of [first, second]) assert.equal(failure.exitCode, 2, failure.message);
    assert.equal(second.hint, first.hint);
    assert.deepEqual(await world.podUids(), before);
    const [, root = ''] = /trustRootChangesTo\('([0-9a-f]{64})'\)/.exec(first.hint ?? '') ?? [];
    const approved = bundle(root);
    await world.apply(approved);
    await assertDone(world, approved);
  });

  test('a foreign operation is waited for, then the run goes on', async () => {
    await secured('native');
    await world.cluster.create(foreignRequest());
    const bundle = world.desired(off());
    world.when('waiting', KAFKA, () => void setPhase('scale-out', 'Successful'));
    await world.apply(bundle);
    assert.ok(
      world.events.some((e) => e.event === 'waiting' && /scale-out \(HorizontalScaling, Pending\) is not finished/.test(e.message)),
    );
    await assertDone(world, bundle);
  });

  test('a foreign operation that never ends is exit 4, and nothing is done', async () => {
    await secured('native');
    const before = await world.podUids();
    await world.cluster.create(foreignRequest());
    await assertFails(world.apply(world.desired(off())), 4, /could not begin after 30m: .*scale-out/);
    assert.deepEqual(await world.podUids(), before);
  });
});

describe('ops-request', () => {
  test('a rotation that finishes before its certificate is there is verified: pods restart until they serve it', async () => {
    await secured('ops-request', { opsManager: { rotationRace: true } });
    const bundle = world.desired(rotation());
    await world.apply(bundle);
    const requests = await world.requests();
    assert.ok(
      requests.some((r) => untyped(r.spec).type === 'Restart'),
      'a Restart was asked for',
    );
    await assertDone(world, bundle);
  });

  test('a request that fails is tried again once, then it is exit 1 with the reason', async () => {
    await secured('ops-request');
    await annotateIssuer({ 'sandbox.kafka-tls/issuance-fails': 'no quota left' });
    const bundle = world.desired(on({ server: { dnsNames: ['x.example.org'] } }));
    for (const [says, hint] of [
      [/: failed: timed out/, /^The next run retries it\.$/],
      [/: failed: timed out/, /^Fix the cause, then run "kafka-tls apply --retry"\.$/],
      [/failed 2 times: .*timed out/, /^Fix the cause, then run "kafka-tls apply --retry"\.$/],
    ] as const) {
      const failure = await assertFails(world.apply(bundle), 1, says);
      assert.match(failure.message, /Certificate\/demo\/orders-(server|client)-cert: no quota left/);
      assert.match(failure.hint ?? '', hint);
    }
    assert.equal((await world.requests()).length, 3, 'the first of all, and two attempts');
    await annotateIssuer({ 'sandbox.kafka-tls/issuance-fails': '' });
    await world.apply(bundle, { retry: true });
    await assertDone(world, bundle);
  });

  test('waits for a pod that a request left not Ready, and restarts no healthy pod beside it', async () => {
    await secured('ops-request');
    const bundle = world.desired(onByRestart({ server: { dnsNames: ['x.example.org'] } }));
    world.when('evicted', `${KAFKA}-controller-0`, () => void world.annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-controller-1` }));
    assert.match((await failureOf(world.apply(bundle))).message, /timed out/);
    const before = [await world.podUids(), (await world.requests()).length];
    await assertFails(
      world.apply(bundle),
      4,
      /^Pod\/demo\/orders-controller-1: could not begin after 15m: is not Ready, and no healthy pod restarts meanwhile\.$/,
    );
    assert.deepEqual([await world.podUids(), (await world.requests()).length], before);
    await world.annotate({ 'sandbox.kafka-tls/never-ready': '' });
    await world.apply(bundle);
    await assertDone(world, bundle);
  });

  test('a commit that arrives mid-run waits for the request to end, then reverses it', async () => {
    world = await startPlaintext('ops-request');
    let desired = world.desired(on());
    world.when('evicted', `${KAFKA}-controller-0`, () => {
      desired = world.desired(Tls.off());
    });
    await world.apply(() => desired);
    const requests = await world.requests();
    assert.deepEqual(
      requests.map((r) => untyped(r.status).phase),
      ['Successful', 'Successful'],
    );
    await assertDone(world, desired);
  });

  test('waits until a foreign request has failed by itself, then submits its request', async () => {
    world = await startPlaintext('ops-request');
    const bundle = world.desired(on());
    // Its issuer does not exist yet, and it is older than the request of the run.
    await world.cluster.create({ ...bundle.converge, metadata: { name: 'by-hand', namespace: NAMESPACE } });
    await world.apply(bundle);
    const requests = await world.requests();
    const phases = requests.map((r) => `${r.metadata.name} ${untyped(r.status).phase}`);
    assert.deepEqual(phases, ['by-hand Failed', `${bundle.converge.metadata.name} Successful`]);
    await assertDone(world, bundle);
  });

  test('a request that KubeDB skipped for a newer one is submitted again', async () => {
    world = await startPlaintext('ops-request', { opsManager: false });
    const bundle = world.desired(on());
    const name = bundle.converge.metadata.name;
    world.when('submitted', name, () => void setPhase(name, 'Skipped'));
    await failureOf(world.apply(bundle)); // no ops-manager accepts the second request
    const requests = await world.requests();
    const names = requests.map((r) => r.metadata.name);
    assert.deepEqual(names, [name, `${name}-2`]);
  });
});

describe('native, where it must not continue', () => {
  test('a change of root with a pod that cannot start touches no other pod', async () => {
    await secured('native');
    await world.crash(`${KAFKA}-broker-2`);
    const before = await world.podUids();
    const failure = await failureOf(world.apply(world.desired(onWithNewRoot())));
    assert.match(failure.message, /broker-2/);
    for (const [name, uid] of Object.entries(await world.podUids()))
      if (name !== `${KAFKA}-broker-2`) assert.equal(uid, before[name], name);
    assert.ok(!hasCondition(await world.kafka(), 'Paused'));
  });

  for (const [what, tls] of [
    ['a rotation', () => rotation()],
    ['the first pod of a cut-over', () => off()],
  ] as const) {
    test(`${what} that a budget forbids is exit 4, restarts no pod and is no failed attempt`, async () => {
      await secured('native');
      await forbidEvictions();
      await assertFails(
        world.apply(world.desired(tls())),
        4,
        /^PodDisruptionBudget\/demo\/orders-\S+: maxUnavailable is 0: orders-\S+ can never be evicted/m,
      );
      assert.deepEqual(world.evicted, []);
      const requests = await world.requests();
      assert.deepEqual(
        requests.map((r) => untyped(r.status).phase),
        ['Successful'],
        'nothing was begun',
      );
      assert.ok(!hasCondition(await world.kafka(), 'Paused'));
    });
  }

  test('a Kafka that gets its pods while its CA is made is changed by an operation', async () => {
    world = await new World({ opsManager: false }).start(kafkaManifest());
    const desired = world.desired(on());
    await world.apply(desired);
    assert.equal((await world.requests()).length, 1);
    await assertDone(world, desired);
  });

  test('a second rotation in the middle of one issues again, and restarts no pod for certificates of the first', async () => {
    await secured('native');
    let desired = world.desired(rotation());
    const [first, second] = [`${KAFKA}-controller-0`, `${KAFKA}-controller-2`];
    const askAgain = async () => {
      await world.annotate({ 'sandbox.kafka-tls/never-ready': second });
      await world.clock.sleep(60_000);
      desired = world.desired(rotation());
      await world.annotate({ 'sandbox.kafka-tls/never-ready': '' });
    };
    world.when('evicted', second, () => void askAgain());
    await world.apply(() => desired);
    assert.deepEqual(world.evicted.slice(0, 4), [first, second, first, second]);
    assert.equal(world.evicted.length, 8, world.evicted.join(', '));
    await assertDone(world, desired);
  });

  test('a killed run followed by a desired state that is refused: the Kafka is resumed', async () => {
    await secured('native');
    const rotated = world.desired(rotation());
    for (let writes = 0; !hasCondition(await world.kafka(), 'Paused'); writes++) {
      assert.ok(writes < 40, 'no kill leaves it paused');
      world.killAfter = writes;
      await failureOf(world.apply(rotated));
    }
    world.killAfter = Number.POSITIVE_INFINITY;
    const failure = await failureOf(world.apply(world.desired(on({ issuer: TlsIssuer.issuer('orders-ca-selfsigned') }))));
    assert.equal(failure.exitCode, 2);
    assert.ok(!hasCondition(await world.kafka(), 'Paused'));
  });
});

describe('a request that was Successful and never verified', () => {
  const lastRequest = async () => (await world.requests()).at(-1) as KubeObject;
  const annotateLast = async (change: (annotations: Record<string, string>) => void) => {
    const request = await lastRequest();
    const annotations = { ...request.metadata.annotations };
    change(annotations);
    await world.cluster.replace({ ...request, metadata: { ...request.metadata, annotations } });
  };

  test('was without effect, and the desired state is the previous one: nothing is left to do', async () => {
    await secured('ops-request');
    const generation = String((await world.kafka())?.metadata.generation);
    await annotateLast((annotations) => {
      delete annotations['kafka-tls/verified'];
      annotations['kafka-tls/ineffective-at-generation'] = generation;
    });
    assert.deepEqual(await world.apply(world.desired(on())), NOTHING_TO_DO);
  });

  test('is judged by the other executor, too, once', async () => {
    await secured('ops-request');
    await annotateLast((annotations) => {
      delete annotations['kafka-tls/verified'];
    });
    const { metadata } = await lastRequest();
    const byNative = world.bundle(desiredProps('native', on()));
    await world.apply(byNative);
    const marked = await world.cluster.get(ref(KINDS.KafkaOpsRequest, NAMESPACE, metadata.name));
    assert.notEqual(marked?.metadata.annotations?.['kafka-tls/verified'], undefined);
    assert.deepEqual(await world.apply(byNative), NOTHING_TO_DO);
  });
});

async function annotateIssuer(annotations: Record<string, string>): Promise<void> {
  const { metadata, ...rest } = (await world.cluster.get(ref(KINDS.Issuer, NAMESPACE, `${KAFKA}-ca`))) as KubeObject;
  await world.cluster.replace({
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
  } as KubeObject);
}

/** Every budget of the Kafka forbids every eviction. */
async function forbidEvictions(): Promise<void> {
  for (const found of await world.cluster.list(KINDS.PodDisruptionBudget, { namespace: NAMESPACE }))
    await world.cluster.replace({ ...found, spec: { ...untyped(found.spec), maxUnavailable: 0 } });
  await world.environment.pass(5_000);
}

function foreignRequest(): KubeObject {
  return {
    apiVersion: KINDS.KafkaOpsRequest.apiVersion,
    kind: KINDS.KafkaOpsRequest.kind,
    metadata: { name: 'scale-out', namespace: NAMESPACE },
    spec: { type: 'HorizontalScaling', databaseRef: { name: KAFKA }, horizontalScaling: { topology: { broker: 4 } } },
  };
}

async function setPhase(name: string, phase: string): Promise<void> {
  const request = (await world.cluster.get(ref(KINDS.KafkaOpsRequest, NAMESPACE, name))) as KubeObject;
  await world.cluster.replace({ ...request, status: { phase, conditions: [] } }, { status: true });
}
