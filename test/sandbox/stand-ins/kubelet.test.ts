import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { KAFKA, NAMESPACE, SandboxTest } from './sandbox-test';

const BROKER = 'orders-broker-1';

function waitingReason(pod: KubeObject): string | undefined {
  return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;
}

async function annotate(t: SandboxTest, annotations: Record<string, string | null>): Promise<void> {
  await t.sandbox.client.patch(await t.kafka(), { metadata: { annotations } });
}

const incomplete: readonly [name: string, data: Record<string, string> | undefined, message: RegExp][] = [
  ['its Secret is missing', undefined, /secret "extra" not found/],
  ['a key that it mounts is missing', { other: 'x' }, /references non-existent secret key: wanted/],
];
for (const [name, data, message] of incomplete) {
  test(`a pod does not start while ${name}`, async () => {
    await SandboxTest.run({}, async (t) => {
      if (data !== undefined) await t.create(KINDS.Secret, { name: 'extra' }, { stringData: data });
      const volumes = [{ name: 'extra', secret: { secretName: 'extra', items: [{ key: 'wanted', path: 'wanted' }] } }];
      await t.create(KINDS.Pod, { name: 'app' }, { spec: { containers: [{ name: 'app', image: 'app' }], volumes } });
      const waiting = await t.until('the pod waits', async () => {
        const pod = await t.get(KINDS.Pod, 'app');
        return waitingReason(pod) === undefined ? undefined : pod;
      });
      assert.equal(waiting.status.phase, 'Pending');
      assert.equal(waitingReason(waiting), 'ContainerCreating');
      assert.match(waiting.status.containerStatuses[0].state.waiting.message, message);
      const live = await t.sandbox.client.get(KINDS.Secret, NAMESPACE, 'extra');
      if (live === undefined) await t.create(KINDS.Secret, { name: 'extra' }, { stringData: { wanted: 'x' } });
      else await t.sandbox.client.patch(live, { stringData: { wanted: 'x' } });
      await t.until('the pod runs', async () => ((await t.isTrue(KINDS.Pod, 'app', 'Ready')) ? true : undefined));
    });
  });
}

test('a deleted pod stops listening, goes, and is made anew', async () => {
  await SandboxTest.run({ timing: { podStopMs: 1000, podStartMs: 1000 } }, async (t) => {
    await t.createKafka();
    await t.untilReady();
    const pod = await t.get(KINDS.Pod, BROKER);
    await t.sandbox.client.delete(pod);
    await t.until('nobody listens', async () => (t.sandbox.dial(NAMESPACE, BROKER, 'BROKER') === undefined ? true : undefined));
    assert.equal((await t.get(KINDS.Pod, BROKER)).metadata.uid, pod.metadata.uid, 'it takes its time to go');
    await t.until('another is ready', async () => {
      const next = await t.sandbox.client.get(KINDS.Pod, NAMESPACE, BROKER);
      return next !== undefined && next.metadata.uid !== pod.metadata.uid && conditionOf(next, 'Ready')?.status === 'True'
        ? true
        : undefined;
    });
  });
});

test('a pod that shall never be ready runs; the Kafka is Critical', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.untilReady();
    await annotate(t, { 'sandbox.kafka-tls/never-ready': BROKER });
    await t.until('the Kafka is Critical', async () => ((await t.kafka()).status.phase === 'Critical' ? true : undefined));
    const pod = await t.get(KINDS.Pod, BROKER);
    assert.deepEqual([pod.status.phase, conditionOf(pod, 'Ready')?.status], ['Running', 'False']);
    await annotate(t, { 'sandbox.kafka-tls/never-ready': null });
    await t.untilReady();
  });
});

test('a pod that shall crash does so at its next start, until it is let go', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.untilReady();
    await annotate(t, { 'sandbox.kafka-tls/crash-loop': BROKER });
    await t.sandbox.client.delete(await t.get(KINDS.Pod, BROKER));
    await t.until('it crashes', async () => {
      const pod = await t.sandbox.client.get(KINDS.Pod, NAMESPACE, BROKER);
      return pod !== undefined && waitingReason(pod) === 'CrashLoopBackOff' ? true : undefined;
    });
    assert.equal(t.sandbox.dial(NAMESPACE, BROKER, 'BROKER'), undefined);
    await annotate(t, { 'sandbox.kafka-tls/crash-loop': null });
    await t.untilReady();
  });
});

const BROKEN: readonly { readonly name: string; readonly change: (properties: string) => string; readonly message: RegExp }[] = [
  {
    name: 'asks for TLS without certificates',
    change: (text) => text.replaceAll('SASL_PLAINTEXT', 'SASL_SSL'),
    message: /speaks TLS, and the key store \(none configured\) is missing/,
  },
  {
    name: 'has a listener without a security protocol',
    change: (text) => text.replace('LOCAL://:29092', 'LOCAL://:29092,CC://:9094'),
    message: /No security protocol defined for listener CC/,
  },
];
for (const { name, change, message } of BROKEN) {
  test(`a pod whose configuration ${name} crashes`, async () => {
    await SandboxTest.run({}, async (t) => {
      await t.createKafka();
      await t.untilReady();
      const config = await t.get(KINDS.Secret, 'orders-broker-config');
      const text = change(await t.secret('orders-broker-config', 'config.properties'));
      const kafka = await t.kafka();
      await t.sandbox.client.replaceStatus({
        ...kafka,
        status: {
          ...kafka.status,
          conditions: [
            ...kafka.status.conditions,
            { type: 'Paused', status: 'True', reason: 'ByHand', lastTransitionTime: '2026-11-23T09:00:00Z' },
          ],
        },
      });
      await t.sandbox.client.patch(config, { stringData: { 'config.properties': text } });
      await t.sandbox.client.delete(await t.get(KINDS.Pod, BROKER));
      const pod = await t.until('it crashes', async () => {
        const p = await t.sandbox.client.get(KINDS.Pod, NAMESPACE, BROKER);
        return p !== undefined && waitingReason(p) === 'CrashLoopBackOff' ? p : undefined;
      });
      assert.match(pod.status.containerStatuses[0].lastState.terminated.message, message);
    });
  });
}

test('what Kafka would say follows its nodes', async () => {
  await SandboxTest.run({}, async (t) => {
    assert.equal(t.sandbox.facts(NAMESPACE, KAFKA), undefined);
    await t.createKafka();
    await t.untilReady();
    const now = t.clock.now().getTime();
    const facts = t.sandbox.facts(NAMESPACE, KAFKA);
    assert.deepEqual(facts?.quorum, {
      leaderId: 1000,
      voters: [1000, 1001, 1002].map((nodeId) => ({ nodeId, lastCaughtUpMs: now })),
      fetchTimeoutMs: 2000,
    });
    assert.deepEqual(
      facts?.topics.map((x) => [x.name, x.minInsyncReplicas, x.partitions.length]),
      [
        ['__consumer_offsets', 2, 6],
        ['kafka-health', 2, 3],
      ],
    );
    await annotate(t, { 'sandbox.kafka-tls/crash-loop': 'orders-controller-0, orders-broker-1' });
    for (const name of ['orders-controller-0', BROKER]) await t.sandbox.client.delete(await t.get(KINDS.Pod, name));
    await t.clock.sleep(5000);
    const after = t.sandbox.facts(NAMESPACE, KAFKA);
    assert.equal(after?.quorum.leaderId, 1001);
    const lag = (nodeId: number) => t.clock.now().getTime() - (after?.quorum.voters.find((v) => v.nodeId === nodeId)?.lastCaughtUpMs ?? 0);
    assert.deepEqual([lag(1000) > 4000, lag(1001)], [true, 0]);
    assert.ok(after?.topics[0]?.partitions.every((p) => !p.isr.includes(1) && p.leader !== 1 && p.replicas.includes(1)));
  });
});

test('a node that was restarted counts again when it has caught up', async () => {
  await SandboxTest.run({ timing: { catchUpMs: 60_000 } }, async (t) => {
    await t.createKafka();
    await t.untilReady();
    await t.clock.sleep(60_000);
    const isrs = () => t.sandbox.facts(NAMESPACE, KAFKA)?.topics.flatMap((topic) => topic.partitions.map((p) => p.isr.length)) ?? [];
    const lag = () => {
      const { leaderId, voters = [] } = t.sandbox.facts(NAMESPACE, KAFKA)?.quorum ?? {};
      assert.notEqual(leaderId, undefined);
      return t.clock.now().getTime() - Math.min(...voters.map((v) => v.lastCaughtUpMs ?? 0));
    };
    assert.deepEqual([new Set(isrs()), lag()], [new Set([3]), 0]);
    for (const name of ['orders-controller-2', BROKER]) await t.sandbox.client.delete(await t.get(KINDS.Pod, name));
    await t.clock.sleep(30_000);
    await t.untilReady();
    assert.deepEqual([new Set(isrs()), lag() > 29_000], [new Set([2]), true], 'Ready, and behind');
    await t.clock.sleep(60_000);
    assert.deepEqual([new Set(isrs()), lag()], [new Set([3]), 0]);
  });
});

test('a deleted Kafka takes its pods along', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.sandbox.client.delete(await t.untilReady());
    await t.until('the pods are gone', async () => ((await t.list(KINDS.Pod)).length === 0 ? true : undefined));
    assert.deepEqual(await t.list(KINDS.PetSet), []);
    assert.equal(t.sandbox.dial(NAMESPACE, BROKER, 'BROKER'), undefined);
    await t.get(KINDS.Secret, 'orders-auth');
  });
});

test('a halted Kafka has no pods and comes back', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.sandbox.client.patch(await t.untilReady(), { spec: { halted: true } });
    await t.until('it is halted', async () =>
      (await t.kafka()).status.phase === 'Halted' && (await t.list(KINDS.Pod)).length === 0 ? true : undefined,
    );
    await t.sandbox.client.patch(await t.kafka(), { spec: { halted: false } });
    await t.untilReady();
  });
});

test('a paused Kafka is left alone: what was changed by hand stays until it is resumed', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    const kafka = await t.untilReady();
    const conditions = [
      ...kafka.status.conditions,
      { type: 'Paused', status: 'True', reason: 'ByHand', lastTransitionTime: '2026-11-23T09:00:00Z' },
    ];
    await t.sandbox.client.replaceStatus({ ...kafka, status: { ...kafka.status, conditions } });
    await t.sandbox.client.patch(await t.get(KINDS.PetSet, 'orders-broker'), {
      spec: { template: { spec: { nodeSelector: { disk: 'fast' } } } },
    });
    await t.sandbox.client.patch(await t.kafka(), { spec: { topology: { broker: { replicas: 4 } } } });
    await t.clock.sleep(60_000);
    const paused = await t.get(KINDS.PetSet, 'orders-broker');
    assert.deepEqual([paused.spec.replicas, paused.spec.template.spec.nodeSelector], [3, { disk: 'fast' }]);
    const now = await t.kafka();
    assert.ok(now.status.observedGeneration < (now.metadata.generation ?? 0));
    await t.sandbox.client.replaceStatus({
      ...now,
      status: { ...now.status, conditions: now.status.conditions.filter((c: { type: string }) => c.type !== 'Paused') },
    });
    await t.untilReady();
    const resumed = await t.get(KINDS.PetSet, 'orders-broker');
    assert.deepEqual([resumed.spec.replicas, resumed.spec.template.spec.nodeSelector], [4, undefined]);
  });
});
