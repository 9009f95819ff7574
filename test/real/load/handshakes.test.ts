/** The sampler against TLS servers on this machine, and its findings on handshakes written by hand. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer as createTcpServer, type Server } from 'node:net';
import { after, describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { issueCertificate } from '../../support/certificate-factory';
import { type Handshake, HandshakeSampler, handshake, type ServedCertificate } from './handshakes';
import { servedSpans, staleListeners } from './served';

const leaf = issueCertificate({ commonName: 'leaf', issuer: issueCertificate({ commonName: 'root', isCa: true }) });
const other = issueCertificate({ commonName: 'other leaf' });
const LIMIT_MS = 600_000;

describe('a handshake', () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });
  const listen = async (server: Server) => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { listener: 'orders-broker-0/BROKER', host: '127.0.0.1', port: (server.address() as { readonly port: number }).port };
  };

  test('shows the served certificate, which is not verified', async () => {
    const made = await handshake(await listen(createServer({ key: leaf.key, cert: leaf.cert })), LIMIT_MS);
    const { serialNumber, fingerprint256 } = new X509Certificate(leaf.cert);
    const expected: ServedCertificate = {
      serial: serialNumber,
      fingerprint: fingerprint256,
      issuer: 'O=kafka, CN=root',
      notAfter: '2036-01-01T00:00:00.000Z',
    };
    assert.deepEqual(made.certificate, expected);
    assert.equal(made.failure, undefined);
  });

  test('with a listener that wants a certificate of clients shows its certificate as well', async () => {
    const made = await handshake(await listen(createServer({ key: leaf.key, cert: leaf.cert, requestCert: true })), LIMIT_MS);
    assert.equal(made.certificate?.fingerprint, new X509Certificate(leaf.cert).fingerprint256);
  });

  test('fails with a listener without TLS, with a closed port and with a silent listener', async () => {
    const closing = await listen(createTcpServer((socket) => socket.destroy()));
    assert.equal((await handshake(closing, LIMIT_MS)).failure, 'ECONNRESET');
    const answering = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    assert.match((await handshake(answering, LIMIT_MS)).failure ?? '', /SSL|EPROTO/);
    const closed = await listen(createTcpServer());
    await new Promise((resolve) => servers.at(-1)?.close(resolve));
    assert.equal((await handshake(closed, LIMIT_MS)).failure, 'ECONNREFUSED');
    const silent = await listen(createTcpServer(() => undefined));
    assert.equal((await handshake(silent, 50)).failure, 'timeout');
  });

  test('is never made with another machine', async () => {
    await assert.rejects(handshake({ listener: 'a', host: '192.0.2.1', port: 443 }, LIMIT_MS), /192\.0\.2\.1 is no loopback address/);
    await assert.rejects(handshake({ listener: 'a', host: 'kafka.example', port: 443 }, LIMIT_MS));
  });

  test('is made with each listener again and again, also with one that came later', async () => {
    const first = { ...(await listen(createServer({ key: leaf.key, cert: leaf.cert }))), listener: 'first' };
    const second = { ...(await listen(createServer({ key: other.key, cert: other.cert }))), listener: 'second' };
    let rounds = 0;
    const sampled = new Promise<HandshakeSampler>((resolve) => {
      const sampler: HandshakeSampler = HandshakeSampler.start(
        () => {
          if (++rounds > 4) resolve(sampler);
          return rounds > 2 ? [first, second] : [first];
        },
        { intervalMs: 1, concurrency: 2 },
      );
    });
    const handshakes = await (await sampled).stop();
    assert.deepEqual(
      servedSpans(handshakes).map(({ listener, certificate, handshakes: count }) => [listener, certificate?.serial, count >= 2]),
      [
        ['first', new X509Certificate(leaf.cert).serialNumber, true],
        ['second', new X509Certificate(other.cert).serialNumber, true],
      ],
    );
  });
});

const certificate = (name: string): ServedCertificate => {
  return { serial: name, fingerprint: name, issuer: 'CN=root', notAfter: '2036-01-01T00:00:00.000Z' };
};
const served = (listener: string, at: number, name: string): Handshake => ({ listener, at, tookMs: 1, certificate: certificate(name) });
const refused = (listener: string, at: number): Handshake => ({ listener, at, tookMs: 1, failure: 'ECONNREFUSED' });

describe('handshakes tell', () => {
  const handshakes = [served('b', 1, 'old'), served('a', 1, 'old'), refused('a', 3), served('a', 2, 'old'), served('a', 4, 'new')];

  test('which certificate each listener served when', () => {
    assert.deepEqual(servedSpans(handshakes), [
      { listener: 'a', from: 1, to: 2, handshakes: 2, certificate: certificate('old') },
      { listener: 'a', from: 3, to: 3, handshakes: 1, failure: 'ECONNREFUSED' },
      { listener: 'a', from: 4, to: 4, handshakes: 1, certificate: certificate('new') },
      { listener: 'b', from: 1, to: 1, handshakes: 1, certificate: certificate('old') },
    ]);
  });

  const isWanted = ({ fingerprint }: ServedCertificate) => fingerprint === 'new';
  const cases: readonly [name: string, handshakes: readonly Handshake[], because: readonly string[]][] = [
    ['that none is stale', [served('a', 4, 'old'), served('a', 5, 'new'), served('a', 6, 'new')], []],
    [
      'that one is stale, also if it is served only now and then',
      [served('a', 5, 'new'), served('a', 6, 'old'), served('a', 7, 'new')],
      ['a: served serial old of CN=root in 1 of 3 handshakes'],
    ],
    ['nothing of a listener that does not answer', [served('a', 4, 'new'), refused('a', 5)], ['a: no handshake has succeeded since']],
    ['nothing of a listener that was never asked', [], ['a: no handshake has succeeded since']],
  ];
  for (const [name, given, expected] of cases) {
    test(name, () => {
      const faults = staleListeners(given, { after: 5, isWanted, listeners: ['a'] });
      assert.deepEqual(
        faults.map(({ listener, because }) => `${listener}: ${because}`),
        expected,
      );
    });
  }
});
