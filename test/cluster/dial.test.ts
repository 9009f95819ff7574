import assert from 'node:assert/strict';
import net, { type AddressInfo, type Server } from 'node:net';
import { after, test } from 'node:test';
import tls, { type TlsOptions } from 'node:tls';
import { KINDS, type KubeObject } from '../../constructs/model/kube-object';
import { ADDRESS_ANNOTATION } from '../../reconciler/cluster/address';
import { createDialer } from '../../reconciler/cluster/dial';
import { systemClock } from '../../reconciler/cluster/system-clock';
import type { DialTarget } from '../../reconciler/ports';
import { issueCertificate } from '../support/certificate-factory';

const FQDN = 'orders-broker-0.orders-pods.demo.svc.cluster.local';
const root = issueCertificate({ commonName: 'root', isCa: true });
const otherRoot = issueCertificate({ commonName: 'other root', isCa: true });
const intermediate = issueCertificate({ commonName: 'intermediate', isCa: true, issuer: root });
const names = { dnsNames: ['*.orders-pods.demo.svc.cluster.local'] };
const leaf = issueCertificate({ commonName: 'leaf', issuer: root, ...names });
const deepLeaf = issueCertificate({ commonName: 'deep leaf', issuer: intermediate, ...names });

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function tlsServer(options: TlsOptions): Promise<string> {
  const server = tls.createServer({ ...options }, (socket) => socket.on('error', () => undefined));
  server.on('tlsClientError', () => undefined);
  return listening(server);
}

/** Like Kafka: reads a size, hangs up on what is too large for a request, answers ApiVersions. */
function plaintextServer(): Promise<string> {
  return listening(
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        if (data.readUInt32BE(0) > 1_000_000) return socket.end();
        const answer = Buffer.alloc(10);
        answer.writeUInt32BE(6, 0);
        data.copy(answer, 4, 8, 12);
        return socket.write(answer);
      });
    }),
  );
}

function target(address: string | undefined, change: Partial<DialTarget> = {}): DialTarget {
  const annotations = address === undefined ? {} : { [`${ADDRESS_ANNOTATION}broker`]: address };
  const pod: KubeObject = { apiVersion: 'v1', kind: KINDS.Pod.kind, metadata: { name: 'orders-broker-0', namespace: 'demo', annotations } };
  return { pod, listener: 'BROKER', servername: FQDN, trust: [root.cert], ...change };
}

const dialer = createDialer(systemClock, { timeoutMs: 400 });

test('takes the served leaf and finds it in order', async () => {
  const shake = await dialer.handshake(target(await tlsServer({ cert: leaf.cert, key: leaf.key })));
  assert.ok(shake.protocol === 'tls');
  assert.equal(shake.leaf.subject, 'O=kafka, CN=leaf');
  assert.equal(shake.untrusted, undefined);
  assert.equal(shake.isSigned, true);
});

test('follows the presented chain over an intermediate', async () => {
  const shake = await dialer.handshake(target(await tlsServer({ cert: deepLeaf.cert + intermediate.cert, key: deepLeaf.key })));
  assert.ok(shake.protocol === 'tls');
  assert.equal(shake.untrusted, undefined);
});

test('says why a chain does not hold, and still shows the leaf', async () => {
  const address = await tlsServer({ cert: leaf.cert, key: leaf.key });
  const foreign = await dialer.handshake(target(address, { trust: [otherRoot.cert] }));
  assert.ok(foreign.protocol === 'tls');
  assert.match(foreign.untrusted ?? '', /CN=other root/);
  assert.equal(foreign.isSigned, false);
  const misnamed = await dialer.handshake(target(address, { servername: 'elsewhere.example' }));
  assert.ok(misnamed.protocol === 'tls');
  assert.match(misnamed.untrusted ?? '', /not valid for elsewhere\.example/);
  assert.equal(misnamed.isSigned, true);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`sees the certificate of a ${maxVersion} listener that insists on one from clients`, async () => {
    const address = await tlsServer({
      cert: leaf.cert,
      key: leaf.key,
      ca: root.cert,
      requestCert: true,
      rejectUnauthorized: true,
      maxVersion,
    });
    const shake = await dialer.handshake(target(address));
    assert.ok(shake.protocol === 'tls', JSON.stringify(shake));
    assert.equal(shake.untrusted, undefined);
  });
}

test('looks anew every time', async () => {
  const server = tls.createServer({ cert: leaf.cert, key: leaf.key }, (socket) => socket.on('error', () => undefined));
  const address = await listening(server);
  const before = await dialer.handshake(target(address));
  server.setSecureContext({ cert: deepLeaf.cert, key: deepLeaf.key });
  const then = await dialer.handshake(target(address));
  assert.ok(before.protocol === 'tls' && then.protocol === 'tls');
  assert.notEqual(before.leaf.fingerprint, then.leaf.fingerprint);
});

test('knows a plaintext listener of Kafka by its answer', async () => {
  assert.deepEqual(await dialer.handshake(target(await plaintextServer())), { protocol: 'plaintext' });
});

test('does not take anything else for Kafka', async () => {
  const http = await listening(
    net.createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
  );
  const shake = await dialer.handshake(target(http));
  assert.ok(shake.protocol === 'unknown');
  assert.match(shake.because, /TLS handshake failed: ERR_SSL/);
});

test('a listener that hangs is unknown after the timeout', async () => {
  const shake = await dialer.handshake(target(await listening(net.createServer((socket) => socket.on('error', () => undefined)))));
  assert.ok(shake.protocol === 'unknown');
  assert.match(shake.because, /no answer within 0\.4 s/);
});

test('a closed port is unknown, with its address', async () => {
  const server = net.createServer();
  const address = await listening(server);
  server.close();
  const shake = await dialer.handshake(target(address));
  assert.deepEqual(shake, { protocol: 'unknown', because: `${address}: connection refused` });
});

test('a pod without an address is looked for under its name, and an annotation leads to this machine only', async () => {
  for (const address of [undefined, '10.0.0.1:9092', '127.0.0.1.example:9092']) {
    const shake = await dialer.handshake(target(address, { servername: 'orders-broker-0.invalid' }));
    assert.ok(shake.protocol === 'unknown');
    assert.match(shake.because, /^orders-broker-0\.invalid:9092: /);
  }
});

test('ends when it is told to', async () => {
  const address = await listening(net.createServer((socket) => socket.on('error', () => undefined)));
  await assert.rejects(dialer.handshake(target(address), AbortSignal.abort(new Error('enough'))), /enough/);
  const stop = new AbortController();
  const shaking = dialer.handshake(target(address), stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(shaking, /enough/);
});
