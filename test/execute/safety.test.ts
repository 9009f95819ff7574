import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Acknowledgement, Executor, KafkaCluster, type KafkaTlsProps, Tls, TlsIssuer, type TlsOnProps } from '../../constructs';
import type { Bundle } from '../../constructs/model/bundle';
import { KINDS, type KubeObject, ref } from '../../constructs/model/kube-object';
import type { ProgressEvent } from '../../reconciler/ports';
import { interruptAfter } from '../support/interrupting-cluster';
import { bundleOf, hasCondition, KAFKA, kafkaManifest, kafkaRef, NAMESPACE, World, type WorldOptions } from '../support/world';

let world: World;
afterEach(() => world?.stop());
type Failure = Error & { readonly exitCode?: number; readonly hint?: string };
const props = (tls: Tls, native = true, change: Partial<KafkaTlsProps> = {}): Bundle =>
  bundleOf({ cluster: KafkaCluster.existing(KAFKA), tls, executor: native ? Executor.native() : Executor.opsRequest(), ...change });
const on = (change: Partial<TlsOnProps> = {}) =>
  Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: [Acknowledgement.clientsMoveToTls()], ...change });
async function secured(native: boolean, options: WorldOptions = {}): Promise<void> {
  world = await new World({ opsManager: !native, ...options }).start(kafkaManifest());
  await world.settle();
  await world.apply(props(on(), native));
  await world.clock.advance(86_400_000);
  world.events.length = 0;
}
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
function when(event: ProgressEvent['event'], name: string, act: () => void): void {
  let isDone = false;
  world.onEvent = (e) => {
    if (isDone || e.event !== event || !e.subject.name.startsWith(name)) return;
    isDone = true;
    act();
  };
}
/** Every budget of the Kafka forbids every eviction, as somebody who wants its pods left alone would have it. */
async function freeze(maxUnavailable = 0): Promise<void> {
  for (const found of await world.cluster.list(KINDS.PodDisruptionBudget, { namespace: NAMESPACE }))
    await world.cluster.replace({ ...found, spec: { ...found.spec, maxUnavailable } });
  await world.clock.advance(5_000);
}

test('C a trust cut with a crash-looping pod touches nobody', async () => {
  await secured(true);
  await annotate({ 'sandbox.kafka-tls/crash-loop': `${KAFKA}-broker-2` });
  const pod = ref(KINDS.Pod, NAMESPACE, `${KAFKA}-broker-2`);
  const uids = await world.podUids();
  await world.clock.run(
    (async () => {
      await world.cluster.evict(pod, uids[pod.name] ?? '');
      for (;;) {
        const p = await world.cluster.get(pod);
        if (p?.status?.containerStatuses?.some((c: any) => c.state?.waiting?.reason === 'CrashLoopBackOff')) return;
        await world.clock.sleep(1000);
      }
    })(),
  );
  const issuer = TlsIssuer.selfSignedCa({ name: 'orders-ca-2' });
  const before = await world.podUids();
  const e = await failureOf(world.apply(props(on({ issuer, acknowledge: [Acknowledgement.trustRootChangesTo('orders-ca-2')] }))));
  console.log(e.exitCode, e.message, world.evicted);
  for (const [name, uid] of Object.entries(await world.podUids())) if (name !== pod.name) assert.equal(uid, before[name], name);
});

test('H1 a budget that forbids it: exit 4, not a failed attempt', async () => {
  await secured(true);
  await freeze();
  const e = await failureOf(world.apply(props(on({ issuedAfter: world.clock.now().toISOString() }))));
  console.log(e.exitCode, e.message);
  assert.equal(e.exitCode, 4);
});

test('H2 a budget that forbids it is not overridden before the first pod of a cut-over', async () => {
  world = await new World({ opsManager: false }).start(kafkaManifest());
  await world.settle();
  await freeze();
  const e = await failureOf(world.apply(props(on())));
  console.log(e.exitCode, e.message, world.evicted);
  assert.deepEqual(world.evicted, []);
});

test('J a Kafka that gets its pods while its CA is made is not configured behind its back', async () => {
  world = await new World({ opsManager: false }).start(kafkaManifest());
  await world.apply(props(on())).catch((e) => console.log(e.message));
  console.log(world.events.map((e) => `${e.event} ${e.subject.name} ${e.message}`).join('\n'));
});

test('a rotation asked for once more in the middle of one issues once more, and restarts nobody for certificates that are too old', async () => {
  await secured(true);
  let bundle = props(on({ issuedAfter: world.clock.now().toISOString() }));
  const askAgain = async () => {
    await annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-controller-1` });
    await world.clock.sleep(60_000);
    bundle = props(on({ issuedAfter: world.clock.now().toISOString() }));
    await annotate({ 'sandbox.kafka-tls/never-ready': '' });
  };
  when('evicted', `${KAFKA}-controller-1`, () => void askAgain());
  await world.apply(() => bundle);
  const [first, second] = [`${KAFKA}-controller-0`, `${KAFKA}-controller-1`];
  assert.deepEqual(world.evicted.slice(0, 4), [first, second, first, second]);
  assert.equal(world.evicted.length, 8, world.evicted.join(', '));
  assert.deepEqual(await world.apply(bundle), { changed: false, message: 'nothing to do' });
});

test('G2 a killed run and then a desired state that is refused: the Kafka is resumed', async () => {
  await secured(true);
  let n = 0;
  for (n = 0; n < 40; n++) {
    const w = world as any;
    w.options.decorate = (c: any) => interruptAfter(c, n);
    await world.apply(props(on({ issuedAfter: '2026-11-24T08:00:00Z' }))).catch(() => undefined);
    w.options.decorate = undefined;
    if (hasCondition(await world.cluster.get(kafkaRef), 'Paused')) break;
  }
  assert.ok(hasCondition(await world.cluster.get(kafkaRef), 'Paused'), 'precondition');
  const bundle = props(on({ issuer: TlsIssuer.selfSignedCa({ name: 'x-ca' }) }));
  const e = await failureOf(world.apply(bundle));
  console.log(n, e.exitCode, e.message);
  assert.ok(!hasCondition(await world.cluster.get(kafkaRef), 'Paused'));
});
test('F2 names patched away: no exit 70', async () => {
  world = await new World({ opsManager: false }).start(kafkaManifest());
  await world.settle();
});
