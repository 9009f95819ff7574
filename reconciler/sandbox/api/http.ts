/**
 * HTTPS in front of the API, on 127.0.0.1 and with a bearer token, so that any Kubernetes client can use it.
 *
 * This is the only part of the API with sockets and real time: a watch ends after `timeoutSeconds` here, with a bookmark if the client
 * asked for one.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { type Api, type ApiResponse, failed } from './api';
import { ApiFailure } from './failure';
import { makeServingCertificate } from './serving-certificate';
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
export async function serveApi(api: Api, options: { readonly port?: number; readonly namespace?: string } = {}): Promise<ApiServer> {
  const { certificate, key } = await makeServingCertificate();
  const token = randomBytes(24).toString('base64url');
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void answer(api, token, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token,
    certificateAuthority: certificate,
    kubeconfig: kubeconfig(url, certificate, token, options.namespace ?? 'default'),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(api: Api, token: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (!isAuthorized(request.headers.authorization, token))
    return send(response, failed(new ApiFailure(401, 'Unauthorized', 'Unauthorized')));
  const path = request.url ?? '/';
  const ending = new AbortController();
  response.once('close', () => ending.abort());
  const seconds = Number(new URL(path, 'https://sandbox').searchParams.get('timeoutSeconds')) || MAX_WATCH_SECONDS;
  const timer = setTimeout(() => ending.abort(WATCH_TIMEOUT), seconds * 1000);
  timer.unref();
  try {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    await send(response, await api.handle({ method: request.method ?? 'GET', path, headers, body, signal: ending.signal }));
  } finally {
    clearTimeout(timer);
  }
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

function isAuthorized(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function kubeconfig(server: string, certificate: string, token: string, namespace: string): string {
  const name = 'sandbox';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(certificate).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
  };
  return stringify(config, { lineWidth: 0 });
}
