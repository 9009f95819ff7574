import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type Condition, conditionOf, KINDS } from '#model/kube-object';
import { KAFKA, type LooseObject, type SandboxTest, sandboxTest } from './sandbox-test';

const NODES = ['controller', 'broker'].flatMap((role) => [0, 1, 2].map((ordinal) => `orders-${role}-${ordinal}`));
const tlsBy = (name: string) => ({ issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer' as const, name } });
const isSignedBy = (leaf: string | undefined, ca: string) =>
  leaf !== undefined && new X509Certificate(leaf).verify(new X509Certificate(ca).publicKey);

function conditionTypes(request: LooseObject): readonly string[] {
  return (request.status?.conditions ?? []).map((c: Condition) => c.type);
}

const restartConditions = [
  ...NODES.flatMap((pod) => [`GetPod--${pod}`, `EvictPod--${pod}`, `CheckPodRunning--${pod}`]),
  'RestartNodes',
  'Successful',
];
const issueConditions = ['GetCertificate', 'CheckReadyCondition', 'IssuingCondition', 'CertificateSynced'];

async function startWithTls(t: SandboxTest): Promise<void> {
  await t.createIssuer('orders-ca');
  await t.startKafka({ enableSSL: true, tls: tlsBy('orders-ca') });
}

/** Creates a request and returns it once it was successful and the Kafka has what the spec says. */
async function carryOut(t: SandboxTest, name: string, spec: object): Promise<LooseObject> {
  await t.createRequest(name, spec);
  const request = await t.untilEnded(name);
  assert.equal(request.status.phase, 'Successful');
  await assertConsistent(t);
  return request;
}

/** Asserts that the Kafka is not paused, and that every pod serves the certificate in the Secret, or plaintext. */
async function assertConsistent(t: SandboxTest): Promise<void> {
  const kafka = await t.untilReady();
  assert.equal(conditionOf(kafka, 'Paused'), undefined);
  const leaf = kafka.spec.enableSSL === true ? (await t.secret('orders-server-cert', 'tls.crt')).trim() : undefined;
  for (const pod of await t.names(KINDS.Pod)) assert.equal(t.served(pod, pod.includes('controller') ? 'CONTROLLER' : 'BROKER'), leaf, pod);
}

sandboxTest('a new Kafka with TLS becomes Ready once its certificates exist', async (t) => {
  await startWithTls(t);
  await assertConsistent(t);
  assert.ok(isSignedBy(t.served('orders-broker-2'), await t.secret('orders-ca', 'tls.crt')));
  assert.deepEqual(await t.names(KINDS.Certificate), ['orders-ca', 'orders-client-cert', 'orders-server-cert']);
});

sandboxTest(
  'without an ops-manager, a new Kafka with TLS has no certificates',
  async (t) => {
    await t.createIssuer('orders-ca');
    await t.createKafka({ enableSSL: true, tls: tlsBy('orders-ca') });
    await t.clock.sleep(60_000);
    assert.equal((await t.kafka()).status?.phase, 'Provisioning');
    assert.deepEqual(await t.list(KINDS.PetSet), []);
  },
  { opsManager: false },
);

sandboxTest('adds TLS', async (t) => {
  await t.createIssuer('orders-ca');
  await t.startKafka();
  const before = new Set((await t.list(KINDS.Pod)).map((pod) => pod.metadata.uid));
  const request = await carryOut(t, 'add', { tls: tlsBy('orders-ca') });
  assert.deepEqual(conditionTypes(request), ['ReconfigureTLS', ...issueConditions, 'UpdatePetSets', ...restartConditions]);
  assert.equal(conditionOf(request, 'GetCertificate')?.message, 'get certificate; ConditionStatus:True');
  assert.equal(conditionOf(request, 'EvictPod--orders-broker-0')?.message, 'evict pod; ConditionStatus:True; PodName:orders-broker-0');
  const certificates: readonly { alias: string; secretName: string }[] = (await t.kafka()).spec.tls.certificates;
  assert.deepEqual(
    certificates.map((c) => [c.alias, c.secretName]),
    [
      ['server', 'orders-server-cert'],
      ['client', 'orders-client-cert'],
    ],
  );
  assert.ok((await t.list(KINDS.Pod)).every((pod) => !before.has(pod.metadata.uid)));
});

sandboxTest('rotates: new certificates first, then restarts', async (t) => {
  await startWithTls(t);
  const old = t.served('orders-broker-0');
  await t.createRequest('rotate', { tls: { rotateCertificates: true } });
  await t.until('the new certificate exists', async () => !(await t.secret('orders-server-cert', 'tls.crt')).includes(old ?? ''));
  assert.equal(t.served('orders-broker-0'), old, 'a pod serves the certificate of its start until it is restarted');
  await t.untilEnded('rotate');
  await assertConsistent(t);
  assert.notEqual(t.served('orders-broker-0'), old);
  assert.equal((await t.get(KINDS.Certificate, 'orders-server-cert')).status.revision, 2);
});

sandboxTest('removes TLS and its Certificates, keeps their Secrets, and adds TLS again with them', async (t) => {
  await startWithTls(t);
  const leaf = t.served('orders-broker-0');
  const request = await carryOut(t, 'remove', { tls: { remove: true } });
  assert.deepEqual(conditionTypes(request), ['ReconfigureTLS', 'UpdatePetSets', ...restartConditions]);
  assert.deepEqual(await t.names(KINDS.Certificate), ['orders-ca']);
  await t.get(KINDS.Secret, 'orders-server-cert');
  await carryOut(t, 'add', { tls: tlsBy('orders-ca') });
  assert.equal(t.served('orders-broker-0'), leaf);
});

sandboxTest('restarts', async (t) => {
  await t.startKafka();
  assert.deepEqual(conditionTypes(await carryOut(t, 'restart', { type: 'Restart', restart: {} })), ['Restart', ...restartConditions]);
});

sandboxTest(
  'of several requests of one type, only the newest is carried out',
  async (t) => {
    const phase = async (name: string) => (await t.get(KINDS.KafkaOpsRequest, name)).status?.phase;
    await startWithTls(t);
    await t.createRequest('first', { tls: { rotateCertificates: true } });
    await t.until('the first runs', async () => (await phase('first')) === 'Progressing');
    await t.createRequest('second', { tls: { rotateCertificates: true } });
    await t.clock.sleep(2000);
    assert.equal(await phase('second'), 'Pending');
    await carryOut(t, 'third', { tls: { remove: true } });
    assert.deepEqual([await phase('first'), await phase('second')], ['Successful', 'Skipped']);
    const { message = '' } = (await t.condition(KINDS.KafkaOpsRequest, 'second', 'Skipped')) as Condition;
    assert.match(message, /^skipped as demo\/third is the most updated KafkaOpsRequest of type ReconfigureTLS at /);
  },
  { timing: { opsStepMs: 1000 } },
);

sandboxTest('a request that waits for a Ready Kafka stays Pending on a broken one', async (t) => {
  await t.createKafka({}, { 'sandbox.kafka-tls/never-ready': 'orders-broker-1' });
  await t.createRequest('restart', { type: 'Restart', restart: {}, apply: 'IfReady' });
  await t.clock.sleep(60_000);
  assert.equal((await t.get(KINDS.KafkaOpsRequest, 'restart')).status.phase, 'Pending');
});

sandboxTest('fails when a step takes longer than its timeout, and resumes the Kafka', async (t) => {
  await t.startKafka();
  await t.createRequest('add', { tls: tlsBy('missing'), timeout: '1m' });
  const request = await t.untilEnded('add');
  assert.equal(request.status.phase, 'Failed');
  assert.equal(conditionOf(request, 'Failed')?.message, 'timed out after 1m');
  assert.equal(conditionOf(await t.kafka(), 'Paused'), undefined);
  assert.equal(t.served('orders-broker-0'), undefined, 'no pod was restarted');
});

sandboxTest('the Kafka of a request that is deleted while it runs is resumed', async (t) => {
  const paused = async () => (await t.condition(KINDS.Kafka, KAFKA, 'Paused')) !== undefined;
  await t.startKafka();
  await t.createRequest('add', { tls: tlsBy('missing') });
  await t.until('the Kafka is paused', paused);
  await t.delete(KINDS.KafkaOpsRequest, 'add');
  await t.until('the Kafka is resumed', async () => !(await paused()));
});

sandboxTest(
  'with rotationRace, a rotation ends before the new certificates exist',
  async (t) => {
    await startWithTls(t);
    await t.createRequest('rotate', { tls: { rotateCertificates: true } });
    assert.equal((await t.untilEnded('rotate')).status.phase, 'Successful');
    await t.clock.sleep(5000);
    const secret = await t.secret('orders-server-cert', 'tls.crt');
    assert.notEqual(t.served('orders-broker-0'), secret.trim(), 'pods serve the certificates from before');
  },
  { opsManager: { rotationRace: true } },
);
