import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { after, test } from 'node:test';
import { httpTransport, TransportError, type TransportRequest } from '#reconciler/cluster/http';
import { issueCertificate } from '#test/support/certificate-factory';
import { closedPort, listen } from '#test/support/loopback-server';

function transportTo(server: string, options: https.RequestOptions = {}) {
  const transport = httpTransport(server, async () => options);
  after(() => transport.close());
  return transport;
}

const GET: TransportRequest = { method: 'GET', path: '/' };

/** Starts a server and sends it a request. */
async function ask(handler: http.RequestListener, request: Partial<TransportRequest> = {}, options: https.RequestOptions = {}, below = '') {
  const port = await listen(http.createServer(handler));
  return transportTo(`http://127.0.0.1:${port}${below}`, options).request({ ...GET, ...request });
}

test('sends path, query, headers and body below the path of the server', async () => {
  const request: TransportRequest = {
    method: 'POST',
    path: '/api/v1/pods',
    query: { a: 'x=y,z' },
    headers: { 'content-type': 'application/json' },
    body: '{"ü":1}',
  };
  const echo: http.RequestListener = async (incoming, response) => {
    const { url, method, headers } = incoming;
    const content = (await incoming.setEncoding('utf8').toArray()).join('');
    const received = { url, method, auth: headers.authorization, type: headers['content-type'], content };
    response.writeHead(201, { 'Retry-After': '3' }).end(JSON.stringify(received));
  };
  const { status, headers, body } = await ask(echo, request, { headers: { Authorization: 'Bearer t' } }, '/k8s/clusters/c-1/');
  assert.deepEqual([status, headers['retry-after']], [201, '3']);
  assert.deepEqual(JSON.parse(String(body)), {
    url: '/k8s/clusters/c-1/api/v1/pods?a=x%3Dy%2Cz',
    method: 'POST',
    auth: 'Bearer t',
    type: 'application/json',
    content: '{"ü":1}',
  });
});

test('sends a header once for each of its values', async () => {
  const options = { headers: { 'Impersonate-Group': ['a', 'b,c'] } };
  const { body } = await ask(({ rawHeaders }, response) => response.end(JSON.stringify(rawHeaders)), {}, options);
  const sent: string[] = JSON.parse(String(body));
  assert.deepEqual(
    sent.filter((_, i) => sent[i - 1] === 'impersonate-group'),
    ['a', 'b,c'],
  );
});

test('keeps one connection for many requests, over TLS, too', async () => {
  const root = issueCertificate({ commonName: 'api root', isCa: true });
  const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'] });
  const server = https.createServer({ cert: serving.cert, key: serving.key }, (_, response) => response.end('ok'));
  let connections = 0;
  server.on('secureConnection', () => connections++);
  const url = `https://127.0.0.1:${await listen(server)}`;
  const transport = transportTo(url, { ca: root.cert });
  for (let i = 0; i < 20; i++) await transport.request(GET);
  assert.equal(connections, 1);
  const untrusted = transportTo(url).request(GET);
  await assert.rejects(untrusted, (e) => e instanceof TransportError && /CERT|UNABLE_TO/.test(e.code) && !e.wasSent);
});

test('returns a stream as it arrives, and closes it when its signal aborts', async () => {
  const connections: http.ServerResponse[] = [];
  const stop = new AbortController();
  const { body } = await ask(
    (_, response) => {
      response.write('first\n');
      connections.push(response);
    },
    { isStream: true, signal: stop.signal },
  );
  assert.ok(typeof body !== 'string');
  const chunks = body[Symbol.asyncIterator]();
  assert.equal((await chunks.next()).value, 'first\n');
  stop.abort();
  await assert.rejects(chunks.next());
  for (const response of connections) if (!response.closed) await once(response, 'close');
  assert.equal(connections.length, 1);
});

test('returns the text of a stream that is refused', async () => {
  const { status, body } = await ask((_, response) => response.writeHead(410).end('gone'), { isStream: true });
  assert.deepEqual([status, body], [410, 'gone']);
});

test('tells whether the server may have seen a request without an answer', async () => {
  const refused = transportTo(`http://127.0.0.1:${await closedPort(http.createServer())}`).request(GET);
  await assert.rejects(refused, (e) => e instanceof TransportError && e.code === 'ECONNREFUSED' && !e.wasSent);
  const cut = ask((request) => request.socket.destroy());
  await assert.rejects(cut, (e) => e instanceof TransportError && e.code === 'ECONNRESET' && e.wasSent);
  const cutHalfway = ask((request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setImmediate(() => request.socket.destroy());
  });
  await assert.rejects(cutHalfway, (e) => e instanceof TransportError && e.wasSent);
  for (const options of [{ cert: 'x', key: 'x' }, { headers: { authorization: 'a\nb' } }]) {
    const unusable = transportTo('https://127.0.0.1:1', options).request(GET);
    await assert.rejects(unusable, (e) => e instanceof TransportError && !e.wasSent, JSON.stringify(options));
  }
});

test('ends with the reason of its signal', async () => {
  const stop = new AbortController();
  const asked = ask(() => stop.abort(new Error('enough')), { signal: stop.signal });
  await assert.rejects(asked, /enough/);
});
