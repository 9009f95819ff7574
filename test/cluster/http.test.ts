import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { httpTransport, TransportError } from '#reconciler/cluster/http';
import { issueCertificate } from '../support/certificate-factory';

const servers: (http.Server | https.Server)[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(server: http.Server | https.Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

function transportTo(server: string, options: https.RequestOptions = {}) {
  const transport = httpTransport(server, async () => options);
  after(() => transport.close());
  return transport;
}

test('sends path, query, headers and body below the path of the server', async () => {
  const port = await listening(
    http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () =>
        response.writeHead(201, { 'Retry-After': '3' }).end(
          JSON.stringify({
            url: request.url,
            method: request.method,
            auth: request.headers.authorization,
            type: request.headers['content-type'],
            body,
          }),
        ),
      );
    }),
  );
  const transport = transportTo(`http://127.0.0.1:${port}/k8s/clusters/c-1/`, { headers: { Authorization: 'Bearer t' } });
  const response = await transport.request({
    method: 'POST',
    path: '/api/v1/pods',
    query: { a: 'x=y,z' },
    headers: { 'content-type': 'application/json' },
    body: '{"ü":1}',
  });
  assert.equal(response.status, 201);
  assert.equal(response.headers['retry-after'], '3');
  assert.deepEqual(JSON.parse(String(response.body)), {
    url: '/k8s/clusters/c-1/api/v1/pods?a=x%3Dy%2Cz',
    method: 'POST',
    auth: 'Bearer t',
    type: 'application/json',
    body: '{"ü":1}',
  });
});

test('sends a header once for each of its values', async () => {
  const port = await listening(http.createServer((request, response) => response.end(JSON.stringify(request.rawHeaders))));
  const transport = transportTo(`http://127.0.0.1:${port}`, { headers: { 'Impersonate-Group': ['a', 'b,c'] } });
  const sent: string[] = JSON.parse(String((await transport.request({ method: 'GET', path: '/' })).body));
  assert.deepEqual(
    sent.flatMap((name, i) => (i % 2 === 0 && name === 'impersonate-group' ? [sent[i + 1]] : [])),
    ['a', 'b,c'],
  );
});

test('keeps one connection for many requests, over TLS too', async () => {
  const root = issueCertificate({ commonName: 'api root', isCa: true });
  const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'] });
  const server = https.createServer({ cert: serving.cert, key: serving.key }, (_, response) => response.end('ok'));
  let connections = 0;
  server.on('secureConnection', () => connections++);
  const port = await listening(server);
  const transport = transportTo(`https://127.0.0.1:${port}`, { ca: root.cert });
  for (let i = 0; i < 20; i++) await transport.request({ method: 'GET', path: '/' });
  assert.equal(connections, 1);
  await assert.rejects(
    transportTo(`https://127.0.0.1:${port}`).request({ method: 'GET', path: '/' }),
    (e) => e instanceof TransportError && /CERT|UNABLE_TO/.test(e.code) && !e.wasSent,
  );
});

test('hands a stream on as it comes, and lets go of it when told to', async () => {
  let isClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    isClosed = resolve;
  });
  const port = await listening(
    http.createServer((_, response) => {
      response.write('first\n');
      response.on('close', isClosed);
    }),
  );
  const stop = new AbortController();
  const response = await transportTo(`http://127.0.0.1:${port}`).request({ method: 'GET', path: '/', isStream: true, signal: stop.signal });
  assert.notEqual(typeof response.body, 'string');
  const chunks = (response.body as AsyncIterable<string>)[Symbol.asyncIterator]();
  assert.equal((await chunks.next()).value, 'first\n');
  stop.abort();
  await assert.rejects(chunks.next());
  await closed;
});

test('a stream that is refused comes as text', async () => {
  const port = await listening(http.createServer((_, response) => response.writeHead(410).end('gone')));
  const response = await transportTo(`http://127.0.0.1:${port}`).request({ method: 'GET', path: '/', isStream: true });
  assert.deepEqual([response.status, response.body], [410, 'gone']);
});

test('a refused connection was not sent; one that is cut was', async () => {
  const dead = http.createServer();
  const deadPort = await listening(dead);
  await new Promise((resolve) => dead.close(resolve));
  await assert.rejects(
    transportTo(`http://127.0.0.1:${deadPort}`).request({ method: 'GET', path: '/' }),
    (e) => e instanceof TransportError && e.code === 'ECONNREFUSED' && !e.wasSent,
  );
  const port = await listening(http.createServer((request) => request.socket.destroy()));
  await assert.rejects(
    transportTo(`http://127.0.0.1:${port}`).request({ method: 'GET', path: '/' }),
    (e) => e instanceof TransportError && e.code === 'ECONNRESET' && e.wasSent,
  );
  const halfway = await listening(
    http.createServer((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => request.socket.destroy());
    }),
  );
  await assert.rejects(
    transportTo(`http://127.0.0.1:${halfway}`).request({ method: 'GET', path: '/' }),
    (e) => e instanceof TransportError && e.wasSent,
  );
});

test('ends with the reason it was told to end with', async () => {
  const port = await listening(http.createServer(() => undefined));
  const stop = new AbortController();
  const asked = transportTo(`http://127.0.0.1:${port}`).request({ method: 'GET', path: '/', signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(asked, /enough/);
});

test('a key that is none and a header that is none were not sent', async () => {
  const unusable: https.RequestOptions[] = [{ cert: 'x', key: 'x' }, { headers: { authorization: 'a\nb' } }];
  for (const options of unusable) {
    const transport = httpTransport('https://127.0.0.1:1', async () => options);
    await assert.rejects(
      transport.request({ method: 'GET', path: '/' }),
      (e) => e instanceof TransportError && !e.wasSent,
      String(options),
    );
  }
});
