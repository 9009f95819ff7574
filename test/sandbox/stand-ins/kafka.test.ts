import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionOf, KINDS } from '#model/kube-object';
import { SandboxTest } from './sandbox-test';

test('a Kafka without TLS comes up', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    const kafka = await t.until('the Kafka is Ready', async () => {
      const k = await t.kafka();
      return k.status?.phase === 'Ready' ? k : undefined;
    });
    assert.equal(conditionOf(kafka, 'Provisioned')?.status, 'True');
    const pods = await t.list(KINDS.Pod);
    assert.deepEqual(
      pods.map((p) => p.metadata.name),
      ['orders-broker-0', 'orders-broker-1', 'orders-broker-2', 'orders-controller-0', 'orders-controller-1', 'orders-controller-2'],
    );
    assert.ok(pods.every((p) => conditionOf(p, 'Ready')?.status === 'True'));
    assert.deepEqual(t.sandbox.dial('demo', 'orders-broker-0', 'BROKER'), { protocol: 'plaintext' });
    assert.equal(t.sandbox.dial('demo', 'orders-broker-0', 'CONTROLLER'), undefined);
  });
});
