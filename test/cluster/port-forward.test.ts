/** Connections that the API server forwards: Kafka's protocol and handshakes over them, who gets in, and how they end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { KubeConfig, PortForward } from '@kubernetes/client-node';
import { KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { podFqdn } from '#model/kubedb';
import type { AddressOf } from '#reconciler/cluster/address';
import { createDialer } from '#reconciler/cluster/dial';
import { httpTransport } from '#reconciler/cluster/http';
import { kafkaAdmin } from '#reconciler/cluster/kafka-admin';
import { type BrokerFacts, kafkaFacts } from '#reconciler/cluster/kafka-facts';
import { forwardedAddress } from '#reconciler/cluster/port-forward/forward';
import { systemClock } from '#reconciler/cluster/system-clock';
import { CERTIFICATE_VOLUME } from '#reconciler/model/broker-pod';
import type { Denial } from '#reconciler/sandbox/api/access';
import { createApi } from '#reconciler/sandbox/api/api';
import { serveApi } from '#reconciler/sandbox/api/http';
import { Client } from '#reconciler/sandbox/client';
import { issueCertificate } from '#test/support/certificate-factory';
import { closedPort, listen } from '#test/support/loopback-server';
import { type BrokerScript, ScriptedBroker } from '#test/support/scripted-broker';

const POD = 'orders-broker-0';
const FQDN = podFqdn('orders', 'demo', POD);
const LOGIN = { username: 'admin', password: 'password-of-orders' };
const SCRIPT: BrokerScript = {
  login: LOGIN,
  topics: [{ name: 'orders', partitions: [{ leader: 0, replicas: [0], isr: [0] }] }],
  quorum: { leader: 1000, voters: { 1000: 9_500 }, observers: { 0: 9_400 } },
  configs: { '2/orders': { 'min.insync.replicas': '1' }, '4/0': { 'ssl.keystore.location': '/a' } },
  cluster: { controllerId: 1000, rights: 1 << 11 },
};
const ca = issueCertificate({ commonName: 'root', isCa: true });
const leaf = issueCertificate({ commonName: 'leaf', issuer: ca, dnsNames: [FQDN] });
const MUTUAL: TlsOptions = { cert: leaf.cert, key: leaf.key, ca: [ca.cert], requestCert: true, rejectUnauthorized: true };

const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

const object = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, name: string, fields: object): KubeObject => {
  return { apiVersion, kind, metadata: { name, namespace: 'demo' }, ...fields };
};
const secret = (name: string, values: Readonly<Record<string, string>>) => {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return object(KINDS.Secret, name, { data });
};
const KAFKA = object(KINDS.Kafka, 'orders', { spec: { topology: { controller: { replicas: 1 }, broker: { replicas: 1 } } } });

interface Forwarded {
  readonly addressOf: AddressOf;
  readonly pod: KubeObject;
  readonly denied: Denial[];
  readonly stderr: string[];
  readonly kubeconfig: string;
  readonly client: Client;
}

/** Starts an API server that forwards the port of brokers to this port of the machine. */
async function forwardTo(port: number, { isTls = false } = {}): Promise<Forwarded> {
  const denied: Denial[] = [];
  const api = createApi({ now: () => new Date('2026-11-23T09:00:00Z'), denied, namespaces: ['default', 'demo'] });
  const client = new Client({ send: (request) => api.handle(request), manager: 'test' });
  const volumes = isTls ? [{ name: CERTIFICATE_VOLUME, secret: { secretName: 'orders-server-cert' } }] : [];
  const annotations = { 'sandbox.kafka-tls/broker': `127.0.0.1:${port}` };
  const pod = await client.create({
    ...object(KINDS.Pod, POD, { spec: { containers: [{ name: 'kafka', image: 'kafka' }], volumes } }),
    metadata: { name: POD, namespace: 'demo', annotations },
  });
  const { url, token, certificateAuthority, kubeconfig, close } = await serveApi(api);
  const transport = httpTransport(url, async () => ({ ca: certificateAuthority, headers: { authorization: `Bearer ${token}` } }));
  ends.push(close, () => transport.close());
  const stderr: string[] = [];
  const addressOf = forwardedAddress({ transport, stderr: (text) => void stderr.push(text) });
  return { addressOf, pod, denied, stderr, kubeconfig, client };
}

async function broker(options?: TlsOptions): Promise<ScriptedBroker> {
  const started = await ScriptedBroker.listen(SCRIPT, options);
  ends.push(() => started.close());
  return started;
}

/** What the product needs of the cluster besides the way to the broker. */
function clusterWith(pod: KubeObject) {
  const secrets = [
    secret('orders-auth', LOGIN),
    secret('orders-client-cert', { 'ca.crt': ca.cert, 'tls.crt': leaf.cert, 'tls.key': leaf.key }),
  ];
  return {
    list: async () => [{ ...pod, status: { phase: 'Running' } }],
    get: async ({ name }: ObjectRef) => secrets.find((s) => s.metadata.name === name),
  };
}

/** Waits until the condition holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe('over a forwarded connection', () => {
  for (const options of [undefined, MUTUAL]) {
    const protocol = options === undefined ? 'in plaintext' : 'over TLS with a client certificate';
    test(`a broker answers the same questions as directly, ${protocol}`, async () => {
      const only = await broker(options);
      const { addressOf, pod } = await forwardTo(only.port, { isTls: options !== undefined });
      const ways: readonly AddressOf[] = [() => ({ host: '127.0.0.1', port: only.port }), addressOf];
      const answers = [];
      for (const way of ways) {
        const facts: BrokerFacts = kafkaFacts(clusterWith(pod), { clock: systemClock, addressOf: way });
        ends.push(() => facts.close());
        const admin = kafkaAdmin(clusterWith(pod), { clock: systemClock, addressOf: way });
        // The second read uses the connection that the first has left open.
        const reads = [await facts.read(KAFKA), await facts.read(KAFKA)];
        answers.push({ reads, settings: await admin.settings({ kafka: KAFKA, pod: POD }) });
        facts.close();
      }
      const [direct, forwarded] = answers;
      assert.ok(direct?.reads.every((read) => 'value' in read) && 'value' in direct.settings, JSON.stringify(direct));
      assert.deepEqual(forwarded, direct);
      await until(() => only.sockets.size === 0);
    });
  }

  test('a large answer arrives whole and in order', async () => {
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251));
    const port = await listen(net.createServer((socket) => socket.once('data', () => socket.end(content))));
    const { addressOf, pod } = await forwardTo(port);
    const { host, port: entrance, forwarding } = await addressOf(pod, 'BROKER', FQDN);
    const socket = net.connect({ host, port: entrance });
    forwarding?.admit(socket);
    socket.write('go');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    assert.ok(Buffer.concat(chunks).equals(content));
  });

  test('only the admitted socket of this process gets in, and no second one', async () => {
    const only = await broker();
    const { addressOf, pod } = await forwardTo(only.port);
    const { host, port, forwarding } = await addressOf(pod, 'BROKER', FQDN);
    const intruder = net.connect({ host, port });
    intruder.on('error', () => undefined).write('let me in');
    const socket = net.connect({ host, port });
    forwarding?.admit(socket);
    await new Promise((resolve) => intruder.resume().once('close', resolve));
    const late = net.connect({ host, port });
    const [error] = await once(late, 'error');
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
    assert.equal(socket.destroyed, false);
    assert.equal(intruder.bytesRead, 0);
    forwarding?.close();
    await until(() => only.sockets.size === 0);
  });

  test('a pod that goes away in the middle ends the connection', async () => {
    const only = await broker();
    const { addressOf, pod } = await forwardTo(only.port);
    const facts = kafkaFacts(clusterWith(pod), { clock: systemClock, addressOf });
    ends.push(() => facts.close());
    assert.ok('value' in (await facts.read(KAFKA)));
    only.close();
    assert.deepEqual(await facts.read(KAFKA), {
      unknown: `broker health unknown: ${POD}: it closes the connection after plaintext; ${POD}: ${POD}:9092 (port-forward): connection refused`,
    });
  });
});

const dial = (addressOf: AddressOf, pod: KubeObject) =>
  createDialer(systemClock, { addressOf, timeoutMs: 400 }).handshake({ pod, listener: 'BROKER', servername: FQDN });
const NAME = `${POD}:9092 (port-forward)`;

describe('a connection that is not forwarded is unknown, with the reason:', () => {
  test('nothing listens in the pod', async () => {
    const { addressOf, pod } = await forwardTo(await closedPort(net.createServer()));
    assert.deepEqual(await dial(addressOf, pod), { protocol: 'unknown', because: `${NAME}: connection refused` });
  });

  test('the pod does not exist', async () => {
    const { addressOf, pod, client } = await forwardTo(1);
    await client.delete(pod, { gracePeriodSeconds: 0 });
    const because = `${NAME}: the API server answers 404: pods "${POD}" not found`;
    assert.deepEqual(await dial(addressOf, pod), { protocol: 'unknown', because });
  });

  for (const verb of ['get', 'create']) {
    test(`the user may not ${verb} pods/portforward: the rule to add is printed once`, async () => {
      const { addressOf, pod, denied, stderr } = await forwardTo(1);
      denied.push({ verb, resource: 'pods/portforward' });
      const because = `${NAME}: not allowed (pods/portforward)`;
      for (let i = 0; i < 3; i++) assert.deepEqual(await dial(addressOf, pod), { protocol: 'unknown', because });
      assert.equal(stderr.length, 1);
      assert.match(
        stderr[0] ?? '',
        /^kafka-tls: port-forward to pods of namespace demo is not allowed.*resources: \[pods\/portforward\]\n/s,
      );
    });
  }

  test('the API server does not answer', async () => {
    const server = http.createServer().on('upgrade', () => undefined);
    const transport = httpTransport(`http://127.0.0.1:${await listen(server)}`, async () => ({}));
    const addressOf = forwardedAddress({ transport, stderr: assert.fail });
    const pod = object(KINDS.Pod, POD, {});
    assert.deepEqual(await dial(addressOf, pod), { protocol: 'unknown', because: `${POD}: no answer within 0.4 s` });
  });

  test('the API server refuses the credentials, and there are none that differ', async () => {
    let asked = 0;
    const server = http.createServer().on('upgrade', (_, socket) => {
      asked++;
      socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const [stale, renewed] = [false, true].map((isNew) =>
      forwardedAddress({ transport: httpTransport(url, async () => ({}), { renewCredentials: async () => isNew }), stderr: assert.fail }),
    );
    const pod = object(KINDS.Pod, POD, {});
    const because = `${NAME}: the API server answers 401: Unauthorized`;
    assert.deepEqual([await dial(stale as AddressOf, pod), asked], [{ protocol: 'unknown', because }, 1]);
    assert.deepEqual([await dial(renewed as AddressOf, pod), asked], [{ protocol: 'unknown', because }, 3]);
  });
});

describe('PortForward of @kubernetes/client-node', () => {
  const ask = async (kubeconfig: string, output: PassThrough) => {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const input = new PassThrough();
    const webSocket = await new PortForward(config).portForward('demo', POD, [9092], output, null, input);
    return { webSocket: webSocket as { close(): void; readonly readyState: number }, input };
  };

  test('reaches a broker of the sandbox, so that the sandbox speaks what a client of Kubernetes expects', async () => {
    const only = await broker();
    const output = new PassThrough();
    const { webSocket, input } = await ask((await forwardTo(only.port)).kubeconfig, output);
    // ApiVersions, version 0, with correlation id 7.
    input.write(Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]));
    const [answer] = (await once(output, 'data')) as [Buffer];
    assert.equal(answer.readUInt32BE(4), 7);
    webSocket.close();
  });

  test('hides the message of a refusal, and does not end the output with the connection: forward.ts is used instead', async () => {
    const only = await broker();
    const { kubeconfig, denied } = await forwardTo(only.port);
    const output = new PassThrough().resume();
    const { webSocket } = await ask(kubeconfig, output);
    await until(() => only.sockets.size > 0);
    only.close();
    await until(() => webSocket.readyState === 3);
    assert.equal(output.writableEnded, false);
    denied.push({ verb: 'get', resource: 'pods/portforward' });
    const refusal = (await ask(kubeconfig, output).catch((error: unknown) => error)) as { readonly message: string };
    assert.equal(refusal.message, 'Unexpected server response: 403');
  });
});
