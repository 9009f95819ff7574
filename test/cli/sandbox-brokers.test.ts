import assert from 'node:assert/strict';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import { sandboxAddress, sandboxAdmin, sandboxFacts } from '#reconciler/cli/sandbox-brokers';
import { dnsAddress } from '#reconciler/cluster/address';
import type { KafkaAdmin } from '#reconciler/ports';
import { listen } from '../support/loopback-server';

const FQDN = 'orders-broker-0.orders-pods.demo.svc.cluster.local';
const kafka: KubeObject = { apiVersion: 'kubedb.com/v1', kind: KINDS.Kafka.kind, metadata: { name: 'orders', namespace: 'demo' } };

function pod(annotations: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: KINDS.Pod.kind, metadata: { name: 'orders-broker-0', namespace: 'demo', annotations } };
}

const addresses: readonly (readonly [annotation: string | undefined, host: string, port: number])[] = [
  ['127.0.0.1:5000', '127.0.0.1', 5000],
  ['[::1]:5000', '::1', 5000],
  ['localhost:5000', 'localhost', 5000],
  [undefined, FQDN, 9092],
  ['10.0.0.1:9092', FQDN, 9092],
  ['127.0.0.1.example:9092', FQDN, 9092],
  ['127.0.0.1:70000', FQDN, 9092],
];
for (const [annotation, host, port] of addresses) {
  test(`a pod with the address ${annotation ?? '(none)'} is reached at ${host}`, () => {
    const annotations = annotation === undefined ? {} : { 'sandbox.kafka-tls/broker': annotation };
    assert.deepEqual(sandboxAddress(dnsAddress)(pod(annotations), 'BROKER', FQDN), { host, port });
  });
}

test('facts come from the model that the pods name, else from the brokers', async () => {
  const facts = { quorum: { voters: [], fetchTimeoutMs: 2000 }, topics: [] };
  const port = await listen(
    http.createServer(({ url }, response) => response.writeHead(url === '/demo/orders' ? 200 : 404).end(JSON.stringify(facts))),
  );
  const brokers = { read: async () => ({ unknown: 'asked the brokers' }) };
  const read = (annotations: Readonly<Record<string, string>>, of = kafka) =>
    sandboxFacts({ list: async () => [pod(annotations)] }, brokers).read(of);
  const model = { 'sandbox.kafka-tls/facts': `127.0.0.1:${port}` };
  assert.deepEqual(await read(model), { value: facts });
  assert.deepEqual(await read(model, { ...kafka, metadata: { name: 'other' } }), { unknown: 'the sandbox does not know this Kafka' });
  assert.deepEqual(await read({}), { unknown: 'asked the brokers' });
});

test("nodes are asked by the model that the pods name, else by Kafka's protocol", async () => {
  const answers: Readonly<Record<string, object>> = {
    'GET /demo/orders/orders-broker-0': { 'ssl.keystore.location': '/a' },
    'POST /demo/orders/orders-broker-0/validate {"a":"b"}': { refused: 'not a key store' },
    'POST /demo/orders/orders-broker-0/validate {"a":"c"}': { ok: true },
    'POST /demo/orders/orders-broker-0/reload {}': { problem: 'it answers NOT_CONTROLLER' },
  };
  const port = await listen(
    http.createServer(async (request, response) => {
      const question = `${request.method} ${request.url} ${await text(request)}`.trim();
      response.writeHead(answers[question] === undefined ? 404 : 200).end(JSON.stringify(answers[question]));
    }),
  );
  const brokers: KafkaAdmin = {
    settings: async () => ({ unknown: 'asked the brokers' }),
    validate: async () => ({ kind: 'unknown', because: 'asked the brokers' }),
    reload: async () => 'asked the brokers',
  };
  const admin = (annotations: Readonly<Record<string, string>>) => sandboxAdmin({ list: async () => [pod(annotations)] }, brokers);
  const node = { kafka, pod: 'orders-broker-0' };
  const model = admin({ 'sandbox.kafka-tls/facts': `127.0.0.1:${port}` });
  assert.deepEqual(await model.settings(node), { value: { 'ssl.keystore.location': '/a' } });
  assert.deepEqual(await model.validate(node, { a: 'b' }), { kind: 'refused', because: 'not a key store' });
  assert.deepEqual(await model.validate(node, { a: 'c' }), { kind: 'accepted' });
  assert.equal(await model.reload(node), 'it answers NOT_CONTROLLER');
  const real = admin({});
  assert.deepEqual(await real.settings(node), { unknown: 'asked the brokers' });
  assert.deepEqual(await real.validate(node, {}), { kind: 'unknown', because: 'asked the brokers' });
  assert.equal(await real.reload(node), 'asked the brokers');
  const gone = admin({ 'sandbox.kafka-tls/facts': '127.0.0.1:1' });
  assert.match(JSON.stringify(await gone.settings(node)), /ECONNREFUSED/);
  assert.match((await gone.reload(node)) ?? '', /ECONNREFUSED/);
});
