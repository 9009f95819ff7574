import assert from 'node:assert/strict';
import https from 'node:https';
import { after, before, beforeEach, test } from 'node:test';
import { httpTransport, TransportError } from '#reconciler/cluster/http';
import { proxyAgent } from '#reconciler/cluster/proxy/agent';
import { issueCertificate } from '#test/support/certificate-factory';
import { LoopbackServer } from '#test/support/loopback-server';
import { HttpProxy, SocksProxy } from '#test/support/proxies';

const root = issueCertificate({ commonName: 'root', isCa: true });
const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'], dnsNames: ['api.example'] });
const api = new LoopbackServer(
  'https',
  https.createServer({ cert: serving.cert, key: serving.key }, (_, response) => void response.end('hello')),
);
const httpProxy = new HttpProxy(() => api.port);
const httpsProxy = new HttpProxy(() => api.port, serving);
const socksProxy = new SocksProxy(() => api.port);
const servers = [api, httpProxy, httpsProxy, socksProxy];

before(async () => {
  for (const server of servers) await server.start();
});
after(() => {
  for (const server of servers) server.stop();
});
beforeEach(() => {
  for (const server of servers) server.forget();
});

function through(proxy: string, { server = 'https://api.example:6443', ca = root.cert, proxyCa = root.cert } = {}) {
  const agent = proxyAgent({ url: new URL(proxy), from: 'HTTPS_PROXY' }, true, { ca: proxyCa });
  const transport = httpTransport(server, async () => ({ ca }), { agent });
  after(() => transport.close());
  return transport;
}

const get = { method: 'GET', path: '/' } as const;

const proxies = [
  ['an HTTP proxy', httpProxy],
  ['an HTTPS proxy', httpsProxy],
  ['a SOCKS proxy', socksProxy],
] as const;

for (const [name, proxy] of proxies) {
  test(`one tunnel through ${name} serves many requests`, async () => {
    const transport = through(proxy.url);
    for (let i = 0; i < 5; i++) assert.equal((await transport.request(get)).body, 'hello');
    assert.equal(proxy.tunnels.length, 1);
  });

  test(`${name} cannot pass off another server as the API server`, async () => {
    for (const server of ['https://10.1.2.3:6443', 'https://other.example']) {
      await assert.rejects(through(proxy.url, { server }).request(get), (e) => e instanceof TransportError && /ALTNAME/.test(e.code));
    }
  });
}

const failures: readonly { readonly name: string; readonly proxy: () => string; readonly says: RegExp; readonly refusal?: number }[] = [
  {
    name: 'that does not listen',
    proxy: () => 'http://jane:secret@127.0.0.1:1',
    says: /^proxy http:\/\/127\.0\.0\.1:1 \(HTTPS_PROXY\): connection refused$/,
  },
  {
    name: 'for SOCKS that does not listen',
    proxy: () => 'socks5://jane:secret@127.0.0.1:1',
    says: /^proxy socks5:\/\/127\.0\.0\.1:1 \(HTTPS_PROXY\): connection refused$/,
  },
  {
    name: 'that wants another password',
    proxy: () => httpProxy.url.replace('//', '//jane:secret@'),
    refusal: 407,
    says: /^proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\): CONNECT api\.example:6443 was refused: 407 Refused$/,
  },
  { name: 'whose certificate is not trusted', proxy: () => httpsProxy.url, says: /^proxy https:.*: its certificate is not accepted \(/ },
  { name: 'that does not speak TLS', proxy: () => httpProxy.url.replace('http:', 'https:'), says: /^proxy https:/ },
];

for (const { name, proxy, says, refusal } of failures) {
  test(`a proxy ${name} is named as the cause, without its password`, async () => {
    httpProxy.refusal = refusal;
    const transport = through(proxy(), { proxyCa: issueCertificate({ commonName: 'other', isCa: true }).cert });
    await assert.rejects(transport.request(get), (e) => {
      assert.ok(e instanceof TransportError, String(e));
      assert.deepEqual([e.code, e.wasSent], ['EPROXY', false]);
      assert.match(e.message, says);
      assert.doesNotMatch(e.message, /secret/);
      return true;
    });
  });
}
