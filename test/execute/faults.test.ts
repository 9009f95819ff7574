/**
 * What goes wrong, and what the cluster is like afterwards: no healthy pod touched, the Kafka not paused, one clear sentence, and a run that
 * goes on where the last one stopped.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Acknowledgement, Executor, KafkaCluster, type KafkaTlsProps, Tls, TlsIssuer, type TlsOnProps } from '../../constructs';
import type { Bundle } from '../../constructs/model/bundle';
import { KINDS, type KubeObject, ref } from '../../constructs/model/kube-object';
import { mismatches } from '../../reconciler/plan/verify';
import type { ProgressEvent } from '../../reconciler/ports';
import { bundleOf, hasCondition, KAFKA, kafkaManifest, kafkaRef, NAMESPACE, World, type WorldOptions } from '../support/world';

type Failure = Error & { readonly exitCode?: number; readonly hint?: string };

let world: World;
afterEach(() => world?.stop());

const props = (tls: Tls, native: boolean, change: Partial<KafkaTlsProps> = {}): Bundle =>
  bundleOf({ cluster: KafkaCluster.existing(KAFKA), tls, executor: native ? Executor.native() : Executor.opsRequest(), ...change });
const on = (change: Partial<TlsOnProps> = {}) =>
  Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: [Acknowledgement.clientsMoveToTls()], ...change });
const off = () => Tls.off({ acknowledge: [Acknowledgement.clientsLeaveTls()] });

/** A Kafka that serves TLS, given to it by this tool. */
async function secured(native: boolean, options: WorldOptions = {}): Promise<void> {
  world = await new World({ opsManager: !native, ...options }).start(kafkaManifest());
  await world.settle();
  await world.apply(props(on(), native));
  await world.clock.advance(86_400_000);
  world.events.length = 0;
}

const rotation = () => on({ issuedAfter: world.clock.now().toISOString() });

async function annotate(annotations: Record<string, string>): Promise<void> {
  const kafka = (await world.cluster.get(kafkaRef)) as KubeObject;
  await world.cluster.replace({
    ...kafka,
    metadata: { ...kafka.metadata, annotations: { ...kafka.metadata.annotations, ...annotations } },
  });
}

async function failureOf(run: Promise<unknown>): Promise<Failure> {
  const error = await run.then(
    () => undefined,
    (e: Failure) => e,
  );
  assert.ok(error !== undefined, 'the run fails');
  return error;
}

async function assertServing(bundle: Bundle): Promise<void> {
  await world.settle();
  const live = await world.observe(bundle);
  assert.deepEqual(mismatches(live, bundle.tls), []);
  assert.ok(!hasCondition(live.kafka, 'Paused'));
  assert.deepEqual(await world.apply(bundle), { changed: false, message: 'nothing to do' });
}

function when(event: ProgressEvent['event'], name: string, act: () => void): void {
  let isDone = false;
  world.onEvent = (e) => {
    if (isDone || e.event !== event || !e.subject.name.startsWith(name)) return;
    isDone = true;
    act();
  };
}

describe('native', () => {
  test('a pod that never becomes Ready stops the run; mended, the next run goes on and restarts none twice', async () => {
    await secured(true);
    const bundle = props(rotation(), true);
    await annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-controller-1` });
    const failure = await failureOf(world.apply(bundle));
    assert.equal(failure.exitCode, 1);
    assert.match(failure.message, /Pod\/demo\/orders-controller-1: restarted and not Ready after 10m/);
    assert.deepEqual(world.evicted, ['orders-controller-1'], 'the unready pod goes first, and no healthy one is touched');
    assert.ok(!hasCondition(await world.cluster.get(kafkaRef), 'Paused'));

    await annotate({ 'sandbox.kafka-tls/never-ready': '' });
    await world.apply(bundle);
    assert.deepEqual(world.evicted, [
      'orders-controller-1',
      'orders-controller-0',
      'orders-controller-2',
      'orders-broker-0',
      'orders-broker-1',
      'orders-broker-2',
    ]);
    await assertServing(bundle);
  });

  test('a pod that is up to date and cannot start stops the run before any healthy pod is touched', async () => {
    await secured(true);
    await annotate({ 'sandbox.kafka-tls/crash-loop': `${KAFKA}-broker-2` });
    const pod = ref(KINDS.Pod, NAMESPACE, `${KAFKA}-broker-2`);
    const before = await world.podUids();
    const crashed = async () => {
      await world.cluster.evict(pod, before[pod.name] ?? '');
      while (!(await isStuck(pod.name))) await world.clock.sleep(1000);
    };
    await world.clock.run(crashed());
    // What is wanted restarts the others only: broker-2 has just been made from the present template.
    const failure = await failureOf(world.apply(props(on({ server: { dnsNames: ['x.example.org'] } }), true)));
    assert.ok(failure.exitCode === 1 || failure.exitCode === 4, failure.message);
    for (const [name, uid] of Object.entries(await world.podUids()))
      if (name !== pod.name) assert.equal(uid, before[name], `${name} was not touched`);
    assert.ok(!hasCondition(await world.cluster.get(kafkaRef), 'Paused'));
  });

  test('a gate that stays shut ends in exit 4, with what is done and what is not', async () => {
    await secured(true);
    const bundle = props(rotation(), true);
    when('ready', `${KAFKA}-controller-0`, () => void annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-broker-0` }));
    const failure = await failureOf(world.apply(bundle));
    assert.equal(failure.exitCode, 4, failure.message);
    assert.match(failure.message, /orders-broker-0 is not Ready/);
    assert.match(failure.message, /Not restarted yet: .*orders-controller-2/);
    assert.ok(!hasCondition(await world.cluster.get(kafkaRef), 'Paused'));
    world.onEvent = undefined;
    await annotate({ 'sandbox.kafka-tls/never-ready': '' });
    await world.apply(bundle);
    assert.equal(new Set(world.evicted).size, world.evicted.length, 'no pod was restarted twice');
    await assertServing(bundle);
  });

  test('a commit that arrives mid-run supersedes it: only converted pods restart', async () => {
    world = await new World({ opsManager: false }).start(kafkaManifest());
    await world.settle();
    let wanted = props(on(), true);
    when('ready', `${KAFKA}-controller-0`, () => {
      wanted = props(Tls.off(), true);
    });
    await world.apply(() => wanted);
    assert.deepEqual(world.evicted, ['orders-controller-0', 'orders-controller-0'], 'one converted, and back');
    const requests = await world.cluster.list(KINDS.KafkaOpsRequest, { namespace: NAMESPACE });
    assert.deepEqual(requests.map((r) => r.status.phase).sort(), ['Failed', 'Successful']);
    await assertServing(wanted);
  });

  test('a root that turns out to be another after issuance stops before the first pod, and needs an acknowledgement', async () => {
    await secured(true);
    // The CA's Secret is replaced, and cert-manager makes a new root with a new key under the same name.
    const secret = ref(KINDS.Secret, NAMESPACE, `${KAFKA}-ca`);
    const before = await world.podUids();
    await world.cluster.delete(secret, (await world.cluster.get(secret))?.metadata.uid ?? '');
    await world.clock.advance(60_000);
    const failure = await failureOf(world.apply(props(rotation(), true)));
    assert.equal(failure.exitCode, 2, failure.message);
    assert.match(`${failure.message} ${failure.hint}`, /trustRootChangesTo\('orders-ca'\)/);
    assert.deepEqual(await world.podUids(), before);
    const bundle = props(
      on({
        acknowledge: [Acknowledgement.clientsMoveToTls(), Acknowledgement.trustRootChangesTo('orders-ca')],
        issuedAfter: world.clock.now().toISOString(),
      }),
      true,
    );
    await world.apply(bundle);
    await assertServing(bundle);
  });

  test('a foreign operation is waited for, then the run goes on', async () => {
    await secured(true);
    await world.cluster.create(foreignRequest());
    const bundle = props(off(), true);
    when('waiting', KAFKA, () => void setPhase('scale-out', 'Successful'));
    await world.apply(bundle);
    assert.ok(
      world.events.some((e) => e.event === 'waiting' && /scale-out \(HorizontalScaling, Pending\) is not finished/.test(e.message)),
    );
    await assertServing(bundle);
  });

  test('a foreign operation that never ends is exit 4, and nothing is done', async () => {
    await secured(true);
    const before = await world.podUids();
    await world.cluster.create(foreignRequest());
    const failure = await failureOf(world.apply(props(off(), true)));
    assert.equal(failure.exitCode, 4);
    assert.match(failure.message, /could not begin after 30m: .*scale-out/);
    assert.deepEqual(await world.podUids(), before);
  });
});

describe('ops-request', () => {
  test('a rotation that finishes before its certificate is there is not believed: pods restart until they serve it', async () => {
    await secured(false, { opsManager: { rotationRace: true } });
    const bundle = props(rotation(), false);
    await world.apply(bundle);
    const requests = await world.cluster.list(KINDS.KafkaOpsRequest, { namespace: NAMESPACE });
    assert.ok(
      requests.some((r) => r.spec.type === 'Restart'),
      'a Restart was asked for',
    );
    await assertServing(bundle);
  });

  test('a request that fails is tried again once, then it is exit 1 with the reason', async () => {
    await secured(false);
    await annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-controller-1` });
    const bundle = props(on({ server: { dnsNames: ['x.example.org'] } }), false);
    let failure = await failureOf(world.apply(bundle));
    // The first request had done all but the restarts, so that a Restart is what is asked for next.
    for (let run = 2; run <= 4 && !/failed 2 times/.test(failure.message); run++) failure = await failureOf(world.apply(bundle));
    assert.equal(failure.exitCode, 1);
    assert.match(failure.message, /failed 2 times: .*timed out/);
    await annotate({ 'sandbox.kafka-tls/never-ready': '' });
    await world.apply(bundle, { retry: true });
    await assertServing(bundle);
  });

  test('a commit that arrives mid-run waits for the request to end, then reverses it', async () => {
    world = await new World().start(kafkaManifest());
    await world.settle();
    let wanted = props(on(), false);
    when('evicted', `${KAFKA}-controller-0`, () => {
      wanted = props(Tls.off(), false);
    });
    await world.apply(() => wanted);
    const requests = await world.cluster.list(KINDS.KafkaOpsRequest, { namespace: NAMESPACE });
    assert.deepEqual(
      requests.map((r) => r.status.phase),
      ['Successful', 'Successful'],
    );
    await assertServing(wanted);
  });

  test('a foreign request is left to fail by itself; then ours is asked for', async () => {
    world = await new World().start(kafkaManifest());
    await world.settle();
    const bundle = props(on(), false);
    // Its issuer does not exist yet, and it was made before ours: it is not for us to help it.
    await world.cluster.create({ ...bundle.converge, metadata: { name: 'by-hand', namespace: NAMESPACE } });
    await world.apply(bundle);
    const requests = await world.cluster.list(KINDS.KafkaOpsRequest, { namespace: NAMESPACE });
    const phases = requests.map((r) => `${r.metadata.name} ${r.status.phase}`);
    assert.deepEqual(phases, ['by-hand Failed', `${bundle.converge.metadata.name} Successful`]);
    await assertServing(bundle);
  });

  test('a request that KubeDB skipped for a newer one is asked for again', async () => {
    world = await new World({ opsManager: false }).start(kafkaManifest());
    await world.settle();
    const bundle = props(on(), false);
    const name = bundle.converge.metadata.name;
    when('submitted', name, () => void setPhase(name, 'Skipped'));
    await failureOf(world.apply(bundle)); // nobody picks the second one up
    const requests = await world.cluster.list(KINDS.KafkaOpsRequest, { namespace: NAMESPACE });
    const names = requests.map((r) => r.metadata.name);
    assert.deepEqual(names, [name, `${name}-2`]);
  });
});

async function isStuck(name: string): Promise<boolean> {
  const pod = await world.cluster.get(ref(KINDS.Pod, NAMESPACE, name));
  return (pod?.status?.containerStatuses ?? []).some(
    (c: { state?: { waiting?: { reason?: string } } }) => c.state?.waiting?.reason === 'CrashLoopBackOff',
  );
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
