import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { type TlsConfig, tlsStateOf } from '#model/tls';
import { SandboxTest } from './sandbox-test';

const NODES = [
  'orders-controller-0',
  'orders-controller-1',
  'orders-controller-2',
  'orders-broker-0',
  'orders-broker-1',
  'orders-broker-2',
];
const tlsBy = (name: string) => ({ issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer' as const, name } });
const isSignedBy = (leaf: string | undefined, ca: string) =>
  leaf !== undefined && new X509Certificate(leaf).verify(new X509Certificate(ca).publicKey);

function conditionTypes(request: KubeObject): readonly string[] {
  return (request.status?.conditions ?? []).map((c: { type: string }) => c.type);
}

const restartConditions = (pods: readonly string[]) => [
  ...pods.flatMap((p) => [`GetPod--${p}`, `EvictPod--${p}`, `CheckPodRunning--${p}`]),
  'RestartNodes',
  'Successful',
];
const issueConditions = ['GetCertificate', 'CheckReadyCondition', 'IssuingCondition', 'CertificateSynced'];

async function startedWithTls(t: SandboxTest): Promise<void> {
  await t.createIssuer('orders-ca');
  await t.createKafka({ enableSSL: true, tls: tlsBy('orders-ca') });
  await t.untilReady();
}

/** What has to hold whenever an operation is over. */
async function assertSettled(t: SandboxTest): Promise<void> {
  const kafka = await t.untilReady();
  assert.equal(conditionOf(kafka, 'Paused'), undefined);
  const tls = tlsStateOf(kafka.spec);
  const leaf = tls === 'off' ? undefined : await t.secret('orders-server-cert', 'tls.crt');
  for (const pod of (await t.list(KINDS.Pod)).map((p) => p.metadata.name)) {
    assert.equal(t.served(pod, pod.includes('controller') ? 'CONTROLLER' : 'BROKER')?.trim(), leaf?.trim(), pod);
  }
}

test('a Kafka with TLS from the start comes up once its certificates are there', async () => {
  await SandboxTest.run({}, async (t) => {
    await startedWithTls(t);
    await assertSettled(t);
    const ca = await t.secret('orders-ca', 'tls.crt');
    assert.ok(isSignedBy(t.served('orders-broker-2'), ca));
    assert.deepEqual(
      (await t.list(KINDS.Certificate)).map((c) => c.metadata.name),
      ['orders-ca', 'orders-client-cert', 'orders-server-cert'],
    );
  });
});

test('without an ops-manager nobody makes the certificates of a new Kafka', async () => {
  await SandboxTest.run({ opsManager: false }, async (t) => {
    await t.createIssuer('orders-ca');
    await t.createKafka({ enableSSL: true, tls: tlsBy('orders-ca') });
    await t.clock.sleep(60_000);
    assert.equal((await t.kafka()).status?.phase, 'Provisioning');
    assert.deepEqual(await t.list(KINDS.PetSet), []);
  });
});

test('adds TLS', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createIssuer('orders-ca');
    await t.createKafka();
    await t.untilReady();
    const before = new Map((await t.list(KINDS.Pod)).map((p) => [p.metadata.name, p.metadata.uid]));
    await t.createRequest('add', { tls: tlsBy('orders-ca') });
    const request = await t.untilOver('add');
    assert.deepEqual(conditionTypes(request), ['ReconfigureTLS', ...issueConditions, 'UpdatePetSets', ...restartConditions(NODES)]);
    assert.equal(request.status.phase, 'Successful');
    assert.equal(conditionOf(request, 'GetCertificate')?.message, 'get certificate; ConditionStatus:True');
    assert.equal(conditionOf(request, 'EvictPod--orders-broker-0')?.message, 'evict pod; ConditionStatus:True; PodName:orders-broker-0');
    await assertSettled(t);
    const tls = (await t.kafka()).spec.tls as TlsConfig;
    assert.deepEqual(
      tls.certificates.map((c) => [c.alias, c.secretName]),
      [
        ['server', 'orders-server-cert'],
        ['client', 'orders-client-cert'],
      ],
    );
    for (const pod of await t.list(KINDS.Pod)) assert.notEqual(pod.metadata.uid, before.get(pod.metadata.name), pod.metadata.name);
  });
});

test('adds TLS to combined nodes', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createIssuer('orders-ca');
    await t.create(KINDS.Kafka, { name: 'orders' }, { spec: { version: '4.2.0', replicas: 3 } });
    await t.untilReady();
    await t.createRequest('add', { tls: tlsBy('orders-ca') });
    const request = await t.untilOver('add');
    assert.equal(request.status.phase, 'Successful');
    await assertSettled(t);
  });
});

test('changes the issuer', async () => {
  await SandboxTest.run({}, async (t) => {
    await startedWithTls(t);
    await t.createIssuer('orders-ca-2');
    await t.createRequest('update', { tls: tlsBy('orders-ca-2') });
    const request = await t.untilOver('update');
    assert.deepEqual(conditionTypes(request), ['ReconfigureTLS', ...issueConditions, 'UpdatePetSets', ...restartConditions(NODES)]);
    await assertSettled(t);
    assert.ok(isSignedBy(t.served('orders-broker-0'), await t.secret('orders-ca-2', 'tls.crt')));
  });
});

test('rotates: new certificates first, then restarts', async () => {
  await SandboxTest.run({}, async (t) => {
    await startedWithTls(t);
    const old = t.served('orders-broker-0');
    await t.createRequest('rotate', { tls: { rotateCertificates: true } });
    await t.until('the new certificate is there', async () =>
      (await t.secret('orders-server-cert', 'tls.crt')).includes(old ?? '') ? undefined : true,
    );
    assert.equal(t.served('orders-broker-0'), old, 'a pod serves what it loaded until it is restarted');
    await t.untilOver('rotate');
    await assertSettled(t);
    assert.notEqual(t.served('orders-broker-0'), old);
    assert.equal((await t.get(KINDS.Certificate, 'orders-server-cert')).status.revision, 2);
  });
});

test('removes TLS and the certificates, not their Secrets', async () => {
  await SandboxTest.run({}, async (t) => {
    await startedWithTls(t);
    await t.createRequest('remove', { tls: { remove: true } });
    const request = await t.untilOver('remove');
    assert.deepEqual(conditionTypes(request), ['ReconfigureTLS', 'UpdatePetSets', ...restartConditions(NODES)]);
    await assertSettled(t);
    assert.deepEqual(
      (await t.list(KINDS.Certificate)).map((c) => c.metadata.name),
      ['orders-ca'],
    );
    await t.get(KINDS.Secret, 'orders-server-cert');
  });
});

test('restarts', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.untilReady();
    await t.createRequest('restart', { type: 'Restart', restart: {} });
    assert.deepEqual(conditionTypes(await t.untilOver('restart')), ['Restart', ...restartConditions(NODES)]);
    await assertSettled(t);
  });
});

test('of several requests of one type only the newest is carried out', async () => {
  await SandboxTest.run({ timing: { opsStepMs: 1000 } }, async (t) => {
    await startedWithTls(t);
    await t.createRequest('first', { tls: { rotateCertificates: true } });
    await t.until('the first runs', async () =>
      (await t.get(KINDS.KafkaOpsRequest, 'first')).status?.phase === 'Progressing' ? true : undefined,
    );
    await t.createRequest('second', { tls: { rotateCertificates: true } });
    await t.clock.sleep(2000);
    assert.equal((await t.get(KINDS.KafkaOpsRequest, 'second')).status.phase, 'Pending');
    await t.createRequest('third', { tls: { remove: true } });
    await t.untilOver('third');
    const second = await t.get(KINDS.KafkaOpsRequest, 'second');
    assert.equal(second.status.phase, 'Skipped');
    assert.match(
      conditionOf(second, 'Skipped')?.message ?? '',
      /^skipped as demo\/third is the most updated KafkaOpsRequest of type ReconfigureTLS at /,
    );
    assert.equal((await t.get(KINDS.KafkaOpsRequest, 'first')).status.phase, 'Successful');
    await assertSettled(t);
  });
});

test('a request that waits for a Ready Kafka stays Pending on a broken one', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka({}, { 'sandbox.kafka-tls/never-ready': 'orders-broker-1' });
    await t.createRequest('restart', { type: 'Restart', restart: {}, apply: 'IfReady' });
    await t.clock.sleep(60_000);
    assert.equal((await t.get(KINDS.KafkaOpsRequest, 'restart')).status.phase, 'Pending');
  });
});

test('fails when a step takes longer than its timeout, and resumes the Kafka', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.untilReady();
    await t.createRequest('add', { tls: tlsBy('nobody'), timeout: '1m' });
    const request = await t.untilOver('add');
    assert.equal(request.status.phase, 'Failed');
    assert.equal(conditionOf(request, 'Failed')?.message, 'timed out after 1m');
    assert.equal(conditionOf(await t.kafka(), 'Paused'), undefined);
    assert.equal(t.served('orders-broker-0'), undefined, 'no pod was restarted');
  });
});

test('a request that is deleted while it runs leaves no pause behind', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.untilReady();
    const request = await t.createRequest('add', { tls: tlsBy('nobody') });
    await t.until('the Kafka is paused', async () => (conditionOf(await t.kafka(), 'Paused') === undefined ? undefined : true));
    await t.sandbox.client.delete(request);
    await t.until('the Kafka is resumed', async () => (conditionOf(await t.kafka(), 'Paused') === undefined ? true : undefined));
  });
});

test('can be told to end a rotation before the new certificates are there', async () => {
  await SandboxTest.run({ opsManager: { rotationRace: true } }, async (t) => {
    await startedWithTls(t);
    await t.createRequest('rotate', { tls: { rotateCertificates: true } });
    assert.equal((await t.untilOver('rotate')).status.phase, 'Successful');
    await t.clock.sleep(5000);
    const secret = await t.secret('orders-server-cert', 'tls.crt');
    assert.notEqual(t.served('orders-broker-0')?.trim(), secret.trim(), 'pods serve what they loaded before');
  });
});

test('a budget lets one broker go at a time', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createKafka();
    await t.untilReady();
    const [first, second] = (await t.list(KINDS.Pod)).filter((p) => p.metadata.name.startsWith('orders-broker'));
    const budget = await t.until('the budget is judged', async () => {
      const b = await t.get(KINDS.PodDisruptionBudget, 'orders-broker');
      return b.status?.disruptionsAllowed === 1 ? b : undefined;
    });
    assert.equal(budget.status.desiredHealthy, 2);
    await t.sandbox.client.evict(first as KubeObject);
    await assert.rejects(t.sandbox.client.evict(second as KubeObject), { code: 429 });
    await t.untilReady();
    await t.until('the next may go', async () => {
      const b = await t.get(KINDS.PodDisruptionBudget, 'orders-broker');
      return b.status?.disruptionsAllowed === 1 ? b : undefined;
    });
  });
});

test('adds TLS again with the certificates that were left', async () => {
  await SandboxTest.run({}, async (t) => {
    await startedWithTls(t);
    const leaf = t.served('orders-broker-0');
    await t.createRequest('remove', { tls: { remove: true } });
    await t.untilOver('remove');
    await t.createRequest('add', { tls: tlsBy('orders-ca') });
    assert.equal((await t.untilOver('add')).status.phase, 'Successful');
    await assertSettled(t);
    assert.equal(t.served('orders-broker-0'), leaf);
  });
});
