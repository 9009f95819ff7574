/**
 * Every way to credentials, in the published command: of the client inside only the way to them was bundled, and nothing of that may be
 * missing. An API that refuses everybody tells what it was shown.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { issueCertificate } from './support/certificate-factory';

const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-credentials-'));
const at = (name: string) => path.join(folder, name);
const root = issueCertificate({ commonName: 'root', isCa: true });
const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'], dnsNames: ['api.example'] });
const client = issueCertificate({ commonName: 'client', issuer: root });

interface Seen {
  readonly authorization: string | undefined;
  readonly client: string | undefined;
  readonly servername: string | false | undefined;
}

const seen: Seen[] = [];
const api = https.createServer(
  { cert: serving.cert, key: serving.key, ca: root.cert, requestCert: true, rejectUnauthorized: false },
  (request, response) => {
    const socket = request.socket as import('node:tls').TLSSocket & { servername?: string | false };
    seen.push({
      authorization: request.headers.authorization,
      client: socket.getPeerCertificate().subject?.CN?.toString(),
      servername: socket.servername,
    });
    response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'Status', reason: 'Forbidden', code: 403 }));
  },
);

const tunnels: string[] = [];
const httpProxy = http.createServer().on('connect', (request, socket: net.Socket) => {
  tunnels.push(`http ${request.url}`);
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  join(socket);
});

/** SOCKS 5: no authentication, then one connection to an address. */
const socksProxy = net.createServer((socket) => {
  socket.once('data', () => {
    socket.write(Buffer.from([5, 0]));
    socket.once('data', (wanted) => {
      tunnels.push(`socks ${wanted.subarray(5, 5 + (wanted[4] ?? 0))}`);
      socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
      join(socket);
    });
  });
});

function join(socket: net.Socket): void {
  const target = net.connect((api.address() as AddressInfo).port, '127.0.0.1');
  socket.pipe(target).pipe(socket);
  socket.on('error', () => target.destroy());
  target.on('error', () => socket.destroy());
}

const servers = [api, httpProxy, socksProxy];

before(async () => {
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  writeFileSync(at('token'), 'from-file');
});
after(() => {
  for (const server of servers) server.close();
  for (const server of [api, httpProxy]) server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

const inline = (pem: string) => Buffer.from(pem).toString('base64');
/** Valid until 2100, and signed by nobody: the API is who checks that. */
const VALID_JWT = `${base64url({ alg: 'RS256' })}.${base64url({ exp: 4_102_444_800 })}.c2ln`;
const plugin = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'from-plugin' } };

interface Case {
  readonly name: string;
  readonly user: () => object;
  readonly cluster?: () => object;
  readonly expected: () => Partial<Seen>;
  readonly tunnel?: string;
}

const cases: readonly Case[] = [
  { name: 'a token', user: () => ({ token: 't' }), expected: () => ({ authorization: 'Bearer t' }) },
  {
    name: 'a token file',
    user: () => ({ 'auth-provider': { name: 'tokenFile', config: { tokenFile: at('token') } } }),
    expected: () => ({ authorization: 'Bearer from-file' }),
  },
  {
    name: 'a client certificate',
    user: () => ({ 'client-certificate-data': inline(client.cert), 'client-key-data': inline(client.key) }),
    expected: () => ({ authorization: undefined, client: 'client' }),
  },
  {
    name: 'an exec plugin',
    user: () => ({
      exec: { apiVersion: plugin.apiVersion, command: process.execPath, args: ['-p', `'${JSON.stringify(plugin)}'`] },
    }),
    expected: () => ({ authorization: 'Bearer from-plugin' }),
  },
  {
    name: 'an OpenID Connect token',
    user: () => ({ 'auth-provider': { name: 'oidc', config: { 'id-token': VALID_JWT } } }),
    expected: () => ({ authorization: `Bearer ${VALID_JWT}` }),
  },
  {
    name: 'a name that differs from the address',
    user: () => ({ token: 't' }),
    cluster: () => ({ 'tls-server-name': 'api.example' }),
    expected: () => ({ servername: 'api.example' }),
  },
  {
    name: 'an HTTP proxy',
    user: () => ({ token: 't' }),
    cluster: () => ({ 'proxy-url': addressOf(httpProxy, 'http') }),
    expected: () => ({ authorization: 'Bearer t' }),
    tunnel: 'http 127.0.0.1:',
  },
  {
    name: 'a SOCKS proxy',
    user: () => ({ token: 't' }),
    // By name, which the proxy looks up.
    cluster: () => ({ server: addressOf(api, 'https').replace('127.0.0.1', 'api.example'), 'proxy-url': addressOf(socksProxy, 'socks5h') }),
    expected: () => ({ authorization: 'Bearer t' }),
    tunnel: 'socks api.example',
  },
];

for (const { name, user, cluster, expected, tunnel } of cases) {
  test(`the command can use ${name}`, async () => {
    seen.length = 0;
    tunnels.length = 0;
    const server = { server: addressOf(api, 'https'), 'certificate-authority-data': inline(root.cert), ...cluster?.() };
    const config = {
      clusters: [{ name: 'c', cluster: server }],
      users: [{ name: 'u', user: user() }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    };
    writeFileSync(at('kubeconfig'), JSON.stringify(config));
    const said = await observe();
    assert.match(said, /Forbidden/);
    assert.ok(seen.length > 0, said);
    for (const request of seen) assert.deepEqual({ ...request, ...expected() }, request);
    assert.ok(
      tunnel === undefined ? tunnels.length === 0 : tunnels.length > 0 && tunnels.every((t) => t.startsWith(tunnel)),
      tunnels.join(),
    );
  });
}

/** Runs a command that reads the cluster and returns what it says when it is refused. */
async function observe(): Promise<string> {
  const args = ['lib/bin/kafka-tls.js', 'observe', '--kafka', 'demo/orders', '--kubeconfig', at('kubeconfig')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await once(child, 'close');
  return said;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function addressOf(server: net.Server, scheme: string): string {
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
