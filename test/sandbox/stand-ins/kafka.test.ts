/** The provisioner, the PetSet controller and the kubelet: how a Kafka and its pods come up, fail and go. */
import assert from 'node:assert/strict';
import { conditionOf, KINDS } from '#model/kube-object';
import { KAFKA, type LooseObject, NAMESPACE, type SandboxTest, sandboxTest } from './sandbox-test';

const BROKER = 'orders-broker-1';

function waitingReason(pod: LooseObject | undefined): string | undefined {
  return pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason;
}

const untilWaiting = (t: SandboxTest, pod: string, reason: string) =>
  t.until(`${pod} is ${reason}`, async () => {
    const found = await t.find(KINDS.Pod, pod);
    return waitingReason(found) === reason && found;
  });

const pause = (t: SandboxTest) => t.setCondition(KINDS.Kafka, KAFKA, 'Paused', { status: 'True', reason: 'ByHand' });

sandboxTest('a Kafka without TLS becomes Ready', async (t) => {
  assert.equal(conditionOf(await t.startKafka(), 'Provisioned')?.status, 'True');
  const names = ['broker', 'controller'].flatMap((role) => [0, 1, 2].map((ordinal) => `orders-${role}-${ordinal}`));
  assert.deepEqual(await t.names(KINDS.Pod), names);
  assert.ok((await t.list(KINDS.Pod)).every((pod) => conditionOf(pod, 'Ready')?.status === 'True'));
  assert.deepEqual(t.sandbox.dial(NAMESPACE, 'orders-broker-0', 'BROKER'), { protocol: 'plaintext' });
  assert.equal(t.sandbox.dial(NAMESPACE, 'orders-broker-0', 'CONTROLLER'), undefined);
});

const incomplete: readonly [name: string, data: Record<string, string> | undefined, message: RegExp][] = [
  ['its Secret is missing', undefined, /secret "extra" not found/],
  ['a key that it mounts is missing', { other: 'x' }, /references non-existent secret key: wanted/],
];
for (const [name, data, message] of incomplete) {
  sandboxTest(`a pod does not start while ${name}`, async (t) => {
    if (data !== undefined) await t.create(KINDS.Secret, 'extra', { stringData: data });
    const volumes = [{ name: 'extra', secret: { secretName: 'extra', items: [{ key: 'wanted', path: 'wanted' }] } }];
    await t.create(KINDS.Pod, 'app', { spec: { containers: [{ name: 'app', image: 'app' }], volumes } });
    const waiting = await untilWaiting(t, 'app', 'ContainerCreating');
    assert.equal(waiting.status.phase, 'Pending');
    assert.match(waiting.status.containerStatuses[0].state.waiting.message, message);
    if (data === undefined) await t.create(KINDS.Secret, 'extra', { stringData: { wanted: 'x' } });
    else await t.patch(KINDS.Secret, 'extra', { stringData: { wanted: 'x' } });
    await t.untilTrue(KINDS.Pod, 'app', 'Ready');
  });
}

sandboxTest(
  'a deleted pod stops listening, ends, and has a successor',
  async (t) => {
    await t.startKafka();
    const { uid } = (await t.get(KINDS.Pod, BROKER)).metadata;
    await t.delete(KINDS.Pod, BROKER);
    await t.until('the pod does not listen', () => t.sandbox.dial(NAMESPACE, BROKER, 'BROKER') === undefined);
    assert.equal((await t.get(KINDS.Pod, BROKER)).metadata.uid, uid, 'the pod still exists while it ends');
    await t.until('a successor exists', async () => ![uid, undefined].includes((await t.find(KINDS.Pod, BROKER))?.metadata.uid));
    await t.untilTrue(KINDS.Pod, BROKER, 'Ready');
  },
  { timing: { podStopMs: 1000, podStartMs: 1000 } },
);

sandboxTest('with the fault never-ready, a pod runs and the Kafka is Critical', async (t) => {
  await t.startKafka();
  await t.annotate({ 'sandbox.kafka-tls/never-ready': BROKER });
  await t.until('the Kafka is Critical', async () => (await t.kafka()).status.phase === 'Critical');
  const pod = await t.get(KINDS.Pod, BROKER);
  assert.deepEqual([pod.status.phase, conditionOf(pod, 'Ready')?.status], ['Running', 'False']);
  await t.annotate({ 'sandbox.kafka-tls/never-ready': null });
  await t.untilReady();
});

sandboxTest('with the fault crash-loop, a pod crashes at its next start, until the fault ends', async (t) => {
  await t.startKafka();
  await t.annotate({ 'sandbox.kafka-tls/crash-loop': BROKER });
  await t.delete(KINDS.Pod, BROKER);
  await untilWaiting(t, BROKER, 'CrashLoopBackOff');
  assert.equal(t.sandbox.dial(NAMESPACE, BROKER, 'BROKER'), undefined);
  await t.annotate({ 'sandbox.kafka-tls/crash-loop': null });
  await t.untilReady();
});

const BROKEN: readonly [name: string, change: (properties: string) => string, message: RegExp][] = [
  [
    'requires TLS without certificates',
    (text) => text.replaceAll('SASL_PLAINTEXT', 'SASL_SSL'),
    /speaks TLS, and the key store \(none configured\) is missing/,
  ],
  [
    'has a listener without a security protocol',
    (text) => text.replace('LOCAL://:29092', 'LOCAL://:29092,CC://:9094'),
    /No security protocol defined for listener CC/,
  ],
];
for (const [name, change, message] of BROKEN) {
  sandboxTest(`a pod whose configuration ${name} crashes`, async (t) => {
    await t.startKafka();
    const text = change(await t.secret('orders-broker-config', 'config.properties'));
    await pause(t);
    await t.patch(KINDS.Secret, 'orders-broker-config', { stringData: { 'config.properties': text } });
    await t.delete(KINDS.Pod, BROKER);
    const pod = await untilWaiting(t, BROKER, 'CrashLoopBackOff');
    assert.match(pod.status.containerStatuses[0].lastState.terminated.message, message);
  });
}

sandboxTest('the facts of a Kafka follow its nodes', async (t) => {
  assert.equal(t.sandbox.facts(NAMESPACE, KAFKA), undefined);
  await t.startKafka();
  const now = t.clock.now().getTime();
  const facts = t.sandbox.facts(NAMESPACE, KAFKA);
  const voters = [1000, 1001, 1002].map((nodeId) => ({ nodeId, lastCaughtUpMs: now }));
  assert.deepEqual(facts?.quorum, { leaderId: 1000, voters, fetchTimeoutMs: 2000 });
  assert.deepEqual(
    facts?.topics.map((topic) => [topic.name, topic.minInsyncReplicas, topic.partitions.length]),
    [
      ['__consumer_offsets', 2, 6],
      ['kafka-health', 2, 3],
    ],
  );
  await t.annotate({ 'sandbox.kafka-tls/crash-loop': 'orders-controller-0, orders-broker-1' });
  for (const name of ['orders-controller-0', BROKER]) await t.delete(KINDS.Pod, name);
  await t.clock.sleep(5000);
  const after = t.sandbox.facts(NAMESPACE, KAFKA);
  assert.equal(after?.quorum.leaderId, 1001);
  const lag = (nodeId: number) => t.clock.now().getTime() - (after?.quorum.voters.find((v) => v.nodeId === nodeId)?.lastCaughtUpMs ?? 0);
  assert.deepEqual([lag(1000) > 4000, lag(1001)], [true, 0]);
  assert.ok(after?.topics[0]?.partitions.every((p) => !p.isr.includes(1) && p.leader !== 1 && p.replicas.includes(1)));
});

sandboxTest(
  'a restarted node counts again once it has caught up',
  async (t) => {
    const state = () => {
      const { quorum, topics = [] } = t.sandbox.facts(NAMESPACE, KAFKA) ?? {};
      assert.notEqual(quorum?.leaderId, undefined);
      const isrs = topics.flatMap((topic) => topic.partitions.map((p) => p.isr.length));
      const lag = t.clock.now().getTime() - Math.min(...(quorum?.voters ?? []).map((v) => v.lastCaughtUpMs ?? 0));
      return [new Set(isrs), lag > 29_000];
    };
    const caughtUp = [new Set([3]), false];
    await t.startKafka();
    await t.clock.sleep(60_000);
    assert.deepEqual(state(), caughtUp);
    for (const name of ['orders-controller-2', BROKER]) await t.delete(KINDS.Pod, name);
    await t.clock.sleep(30_000);
    await t.untilReady();
    assert.deepEqual(state(), [new Set([2]), true], 'Ready, and behind');
    await t.clock.sleep(60_000);
    assert.deepEqual(state(), caughtUp);
  },
  { timing: { catchUpMs: 60_000 } },
);

sandboxTest('a deleted Kafka takes its pods along and leaves its passwords', async (t) => {
  await t.startKafka();
  await t.delete(KINDS.Kafka, KAFKA);
  await t.until('the pods are gone', async () => (await t.list(KINDS.Pod)).length === 0);
  assert.deepEqual(await t.list(KINDS.PetSet), []);
  assert.equal(t.sandbox.dial(NAMESPACE, BROKER, 'BROKER'), undefined);
  await t.get(KINDS.Secret, 'orders-auth');
});

sandboxTest('a halted Kafka has no pods, and comes back', async (t) => {
  await t.startKafka();
  await t.patch(KINDS.Kafka, KAFKA, { spec: { halted: true } });
  await t.until('the Kafka is halted', async () => (await t.kafka()).status.phase === 'Halted' && (await t.list(KINDS.Pod)).length === 0);
  await t.patch(KINDS.Kafka, KAFKA, { spec: { halted: false } });
  await t.untilReady();
});

sandboxTest('changes by hand to a paused Kafka last until it is resumed', async (t) => {
  await t.startKafka();
  await pause(t);
  await t.patch(KINDS.PetSet, 'orders-broker', { spec: { template: { spec: { nodeSelector: { disk: 'fast' } } } } });
  await t.patch(KINDS.Kafka, KAFKA, { spec: { topology: { broker: { replicas: 4 } } } });
  const petSet = async () => {
    const { spec } = await t.get(KINDS.PetSet, 'orders-broker');
    return [spec.replicas, spec.template.spec.nodeSelector];
  };
  await t.clock.sleep(60_000);
  assert.deepEqual(await petSet(), [3, { disk: 'fast' }]);
  const { status, metadata } = await t.kafka();
  assert.ok(status.observedGeneration < (metadata.generation ?? 0));
  await t.setCondition(KINDS.Kafka, KAFKA, 'Paused');
  await t.untilReady();
  assert.deepEqual(await petSet(), [4, undefined]);
});

sandboxTest('a budget allows the eviction of one broker at a time', async (t) => {
  await t.startKafka();
  const untilAllowed = () =>
    t.until('one eviction is allowed', async () => {
      const { status } = await t.get(KINDS.PodDisruptionBudget, 'orders-broker');
      return status?.disruptionsAllowed === 1 && status;
    });
  assert.equal((await untilAllowed()).desiredHealthy, 2);
  await t.sandbox.client.evict(await t.get(KINDS.Pod, 'orders-broker-0'));
  await assert.rejects(t.sandbox.client.evict(await t.get(KINDS.Pod, BROKER)), { code: 429 });
  await t.untilReady();
  await untilAllowed();
});
