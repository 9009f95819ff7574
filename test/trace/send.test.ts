/** Sends traces to collectors on this machine: one that takes them, and ones that do not. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { systemClock } from '#reconciler/cluster/system-clock';
import type { Clock } from '#reconciler/ports';
import { timelineOf } from '#reconciler/report/timeline/timeline';
import { otlpJson } from '#reconciler/trace/otlp';
import { sendTrace } from '#reconciler/trace/send';
import { type Trace, traceOf } from '#reconciler/trace/trace';
import { issueCertificate } from '../support/certificate-factory';
import { closedPort, listen } from '../support/loopback-server';
import { readOtlp } from '../support/otlp';
import { recordedRun } from '../support/recorded-runs';

const folder = mkdtempSync(path.join(tmpdir(), 'trace-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const rotation = async (): Promise<Trace> => traceOf(timelineOf({ events: (await recordedRun('rotation')).events }));
const LONG_MS = 300_000;

/** A clock whose time passes when the test says so. */
function stoppedClock() {
  let wake = () => {};
  const sleep: Clock['sleep'] = (_, signal) =>
    new Promise((resolve, reject) => {
      wake = resolve;
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const clock: Clock = { ...systemClock, sleep };
  return { clock, pass: () => wake() };
}

interface Options {
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

async function send(url: string, { timeoutMs = LONG_MS, clock = systemClock }: Options = {}, files = {}): Promise<string | undefined> {
  return sendTrace(await rotation(), { url, timeoutMs, files }, clock);
}

test('a collector gets the trace that a file holds', async () => {
  const got: { url: string | undefined; type: string | undefined; body: string }[] = [];
  const server = http.createServer(async (request, response) => {
    const body = (await request.setEncoding('utf8').toArray()).join('');
    got.push({ url: request.url, type: request.headers['content-type'], body });
    response.setHeader('content-type', 'application/json').end('{"partialSuccess":{}}');
  });
  const port = await listen(server);
  assert.equal(await send(`http://127.0.0.1:${port}/v1/traces`), undefined);
  assert.deepEqual(
    got.map(({ url, type }) => [url, type]),
    [['/v1/traces', 'application/json']],
  );
  assert.deepEqual(readOtlp(got[0]?.body ?? ''), readOtlp(otlpJson(await rotation())));
  assert.equal(await connectionsOf(server), 0, 'no connection stays');
});

test('a collector that is busy gets it later', async () => {
  let asked = 0;
  const port = await listen(
    http.createServer((request, response) => {
      asked += 1;
      request.resume();
      if (asked === 1) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end('{}');
    }),
  );
  assert.equal(await send(`http://127.0.0.1:${port}/`), undefined);
  assert.equal(asked, 2);
});

test('a collector with a private root gets it if the environment names the root', async () => {
  const root = issueCertificate({ commonName: 'collector root', isCa: true });
  const { cert, key } = issueCertificate({ commonName: 'collector', issuer: root, ipAddresses: ['127.0.0.1'] });
  const server = https.createServer({ cert, key }, (request, response) => {
    request.resume();
    response.end('{}');
  });
  const port = await listen(server);
  writeFileSync(path.join(folder, 'root.pem'), root.cert);
  const url = `https://127.0.0.1:${port}/v1/traces`;
  assert.equal(await send(url, {}, { ca: path.join(folder, 'root.pem') }), undefined);
  assert.match((await send(url)) ?? '', /^its certificate is not accepted \(/);
  assert.match((await send(url, {}, { ca: path.join(folder, 'none.pem') })) ?? '', /no such file.*none\.pem/);
});

describe('a trace is not sent, and the reason is one line', () => {
  test('by a collector that answers with an error, whatever it says', async () => {
    const server = http.createServer((request, response) => {
      request.resume();
      response.writeHead(500).end('a\nsecret');
    });
    const port = await listen(server);
    assert.equal(await send(`http://127.0.0.1:${port}/`), 'it answered with status 500');
  });

  test('to a port on which nothing listens, and then no attempt goes on', async () => {
    const port = await closedPort(http.createServer());
    // Less than the first pause before another attempt.
    assert.equal(await send(`http://127.0.0.1:${port}/`, { timeoutMs: 500, clock: stoppedClock().clock }), 'connection refused');
  });

  for (const [name, answer] of [
    ['does not answer', () => {}],
    ['answers a little at a time', (response: http.ServerResponse) => void response.write('{')],
  ] as const) {
    test(`by a collector that ${name}, when the time is over`, async () => {
      const { clock, pass } = stoppedClock();
      const server = http.createServer((request, response) => {
        answer(response);
        request.resume().on('end', pass);
      });
      const port = await listen(server);
      assert.equal(await send(`http://127.0.0.1:${port}/`, { clock }), 'no answer in 300 s');
      assert.equal(await connectionsOf(server), 0, 'no connection stays');
    });
  }
});

/** Connections that a server still has, once it had the time to see that they ended. */
async function connectionsOf(server: http.Server): Promise<number> {
  const count = () =>
    new Promise<number>((resolve, reject) => server.getConnections((error, n) => (error === null ? resolve(n) : reject(error))));
  for (let i = 0; i < 1_000 && (await count()) > 0; i++) await new Promise((resolve) => setImmediate(resolve));
  return count();
}
