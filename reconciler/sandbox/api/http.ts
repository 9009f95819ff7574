/**
 * HTTPS in front of the API, on 127.0.0.1 and with a bearer token, so that any Kubernetes client can use it.
 *
 * This is the only part of the API with sockets and real time: a watch ends after `timeoutSeconds` here, with a bookmark if the client
 * asked for one.
 */
import { generateKeyPair, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { keyToPem } from '../stand-ins/pki/keys';
import { createRequest, signRequest } from '../stand-ins/pki/x509';
import { type Api, type ApiResponse, failed } from './api';
import { ApiFailure } from './failure';
import { portForwards } from './port-forward';
import { WATCH_TIMEOUT } from './watch';

export interface ApiServer {
  /** `https://127.0.0.1:<port>`. */
  readonly url: string;
  readonly token: string;
  /** PEM of the certificate to verify the server with. */
  readonly certificateAuthority: string;
  /** YAML that kubectl and every other client can use. */
  readonly kubeconfig: string;
  /** Ends all connections, watches too. */
  close(): Promise<void>;
}

/** Longest time that a watch stays open if the client sets none. */
const MAX_WATCH_SECONDS = 3600;

/** Serves the API until it is closed. */
export async function serveApi(api: Api): Promise<ApiServer> {
  const { certificate, key } = await makeServingCertificate();
  const token = randomBytes(24).toString('base64url');
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void answer(api, token, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 120_000;
  const forwards = portForwards((path, headers) => (isAuthorized(headers.authorization, token) ? pod(api, path, headers) : unauthorized()));
  server.on('upgrade', forwards.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token,
    certificateAuthority: certificate,
    kubeconfig: kubeconfig(url, certificate, token),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        forwards.close();
      }),
  };
}

async function answer(api: Api, token: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (!isAuthorized(request.headers.authorization, token)) return send(response, await unauthorized());
  const path = request.url ?? '/';
  const ending = new AbortController();
  response.once('close', () => ending.abort());
  const seconds = Number(new URL(path, 'https://sandbox').searchParams.get('timeoutSeconds')) || MAX_WATCH_SECONDS;
  const timer = setTimeout(() => ending.abort(WATCH_TIMEOUT), seconds * 1000);
  timer.unref();
  try {
    const headers = textOf(request.headers);
    await send(response, await api.handle({ method: request.method ?? 'GET', path, headers, body, signal: ending.signal }));
  } finally {
    clearTimeout(timer);
  }
}

async function unauthorized(): Promise<ApiResponse> {
  return failed(new ApiFailure(401, 'Unauthorized', 'Unauthorized'));
}

function pod(api: Api, path: string, headers: IncomingHttpHeaders): Promise<ApiResponse> {
  return api.handle({ method: 'GET', path, headers: textOf(headers) });
}

function textOf(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

async function send(response: ServerResponse, { status, headers, body }: ApiResponse): Promise<void> {
  response.writeHead(status, { ...headers });
  if (typeof body === 'string') {
    response.end(body);
    return;
  }
  response.flushHeaders();
  for await (const line of body) response.write(line);
  response.end();
}

/** Clients check the certificate by the real time, not by the sandbox's clock. */
const VALIDITY = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') };

/** Returns a self-signed certificate for this machine, with a key that is never written to disk. */
async function makeServingCertificate(): Promise<{ readonly certificate: string; readonly key: string }> {
  const { privateKey: key } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const requestPem = createRequest(key, {
    commonName: 'kafka-tls sandbox',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    isCA: true,
    usages: ['digital signature', 'key encipherment', 'server auth'],
  });
  return { certificate: signRequest({ requestPem, key, nonce: randomUUID(), ...VALIDITY }), key: keyToPem(key, 'PKCS8') };
}

function isAuthorized(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function kubeconfig(server: string, certificate: string, token: string): string {
  const name = 'sandbox';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(certificate).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  };
  return stringify(config, { lineWidth: 0 });
}
