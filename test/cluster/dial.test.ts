import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import tls, { type TlsOptions } from 'node:tls';
import { KINDS } from '#model/kube-object';
import { createDialer } from '#reconciler/cluster/dial';
import { systemClock } from '#reconciler/cluster/system-clock';
import { judgeChain } from '#reconciler/pki/certificates';
import type { DialTarget, Handshake } from '#reconciler/ports';
import { issueCertificate } from '../support/certificate-factory';
import { closedPort, listen } from '../support/loopback-server';

const FQDN = 'orders-broker-0.orders-pods.demo.svc.cluster.local';
const root = issueCertificate({ commonName: 'root', isCa: true });
const otherRoot = issueCertificate({ commonName: 'other root', isCa: true });
const intermediate = issueCertificate({ commonName: 'intermediate', isCa: true, issuer: root });
const names = { dnsNames: ['*.orders-pods.demo.svc.cluster.local'] };
const leaf = issueCertificate({ commonName: 'leaf', issuer: root, ...names });
const deepLeaf = issueCertificate({ commonName: 'deep leaf', issuer: intermediate, ...names });

const tlsServer = (options: TlsOptions) => tls.createServer(options, (socket) => socket.on('error', () => undefined));
const silent = () => net.createServer();
/** Like Kafka: reads a size, closes the connection if no request is that large, answers ApiVersions. */
const plaintext = () =>
  net.createServer((socket) =>
    socket.once('data', (data) => {
      if (data.readUInt32BE(0) > 1_000_000) return socket.end();
      const answer = Buffer.alloc(10);
      answer.writeUInt32BE(6, 0);
      data.copy(answer, 4, 8, 12);
      return socket.write(answer);
    }),
  );
const webServer = () => net.createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));

const target: DialTarget = {
  pod: { apiVersion: 'v1', kind: KINDS.Pod.kind, metadata: { name: 'orders-broker-0', namespace: 'demo' } },
  listener: 'BROKER',
  servername: FQDN,
};

function dial(port: number, change: Partial<DialTarget> = {}, signal?: AbortSignal): Promise<Handshake> {
  const dialer = createDialer(systemClock, { timeoutMs: 400, addressOf: () => ({ host: '127.0.0.1', port }) });
  return dialer.handshake({ ...target, ...change }, signal);
}

interface Case {
  readonly name: string;
  readonly server: () => net.Server;
  readonly servername?: string;
  /** Default: the root of the leaf. */
  readonly trust?: string;
  readonly protocol: Handshake['protocol'];
  /** Why the protocol is unknown, or the presented chain is not trusted. */
  readonly because?: RegExp;
  readonly isSigned?: boolean;
}

const plain: TlsOptions = { cert: leaf.cert, key: leaf.key };
const mutual: TlsOptions = { ...plain, ca: root.cert, requestCert: true, rejectUnauthorized: true };
const cases: readonly Case[] = [
  { name: 'a trusted leaf', server: () => tlsServer(plain), protocol: 'tls', isSigned: true },
  {
    name: 'a leaf over the presented intermediate',
    server: () => tlsServer({ cert: deepLeaf.cert + intermediate.cert, key: deepLeaf.key }),
    protocol: 'tls',
    isSigned: true,
  },
  {
    name: 'a leaf of another CA, with the reason',
    server: () => tlsServer(plain),
    trust: otherRoot.cert,
    protocol: 'tls',
    because: /CN=other root/,
    isSigned: false,
  },
  {
    name: 'a leaf of another name, with the reason',
    server: () => tlsServer(plain),
    servername: 'elsewhere.example',
    protocol: 'tls',
    because: /not valid for elsewhere\.example/,
    isSigned: true,
  },
  {
    name: 'a TLSv1.2 listener that requires a client certificate',
    server: () => tlsServer({ ...mutual, maxVersion: 'TLSv1.2' }),
    protocol: 'tls',
    isSigned: true,
  },
  {
    name: 'a TLSv1.3 listener that requires a client certificate',
    server: () => tlsServer({ ...mutual, maxVersion: 'TLSv1.3' }),
    protocol: 'tls',
    isSigned: true,
  },
  { name: 'a plaintext listener of Kafka, by its answer', server: plaintext, protocol: 'plaintext' },
  { name: 'a server that is not Kafka', server: webServer, protocol: 'unknown', because: /TLS handshake failed: ERR_SSL/ },
  { name: 'a listener that does not answer in time', server: silent, protocol: 'unknown', because: /no answer within 0\.4 s/ },
];

for (const { name, server, servername = FQDN, trust = root.cert, protocol, because, isSigned } of cases) {
  test(`recognises ${name}`, async () => {
    const shake = await dial(await listen(server()), { servername });
    assert.equal(shake.protocol, protocol, JSON.stringify(shake));
    const judged = shake.protocol === 'tls' ? judgeChain(shake.chain, servername, [trust], systemClock.now()) : undefined;
    assert.ok(judged === undefined || 'leaf' in judged);
    const reason = judged?.untrusted ?? (shake.protocol === 'unknown' ? shake.because : undefined);
    if (because === undefined) assert.equal(reason, undefined);
    else assert.match(reason ?? '', because);
    assert.equal(judged?.isSigned, isSigned);
    if (judged !== undefined) assert.match(judged.leaf.subject, /^O=kafka, CN=(deep )?leaf$/);
  });
}

test('opens a new connection for every handshake', async () => {
  const server = tlsServer(plain);
  const port = await listen(server);
  const before = await dial(port);
  server.setSecureContext({ cert: deepLeaf.cert, key: deepLeaf.key });
  const after = await dial(port);
  assert.ok(before.protocol === 'tls' && after.protocol === 'tls');
  assert.notEqual(before.chain[0], after.chain[0]);
});

test('names the address of a closed port', async () => {
  const port = await closedPort(silent());
  assert.deepEqual(await dial(port), { protocol: 'unknown', because: `127.0.0.1:${port}: connection refused` });
});

test('connects to the DNS name of the pod and the port of the listener', async () => {
  const shake = await createDialer(systemClock).handshake({ ...target, servername: 'orders-broker-0.invalid' });
  assert.ok(shake.protocol === 'unknown');
  assert.match(shake.because, /^orders-broker-0\.invalid:9092: its name/);
});

test('ends with the reason of the signal', async () => {
  const port = await listen(silent());
  await assert.rejects(dial(port, {}, AbortSignal.abort(new Error('enough'))), /enough/);
  const stop = new AbortController();
  const shaking = dial(port, {}, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(shaking, /enough/);
});
