/**
 * The transport: one HTTP exchange with an API server, as plain strings. `kube.ts` knows the meaning of requests and their deadlines.
 *
 * The body of an answer is a string, or, for a request that asks for a stream and is answered with 200, text as it arrives.
 *
 * Why node:https and not the client of @kubernetes/client-node: that one opens a new connection for every request, and its errors do not
 * tell whether a request was sent (`test/cluster/client-node.test.ts`).
 */
import http from 'node:http';
import https from 'node:https';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path below the server's address. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Return the body as it arrives. */
  readonly isStream?: boolean;
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<string>;
  /** Present when the server refused the credentials (401): gets new ones and tells whether they differ. */
  readonly renewCredentials?: () => Promise<boolean>;
}

export interface Transport {
  /** The API server's address, for messages. */
  readonly server: string;
  /** Gets the credentials for the next request. It has no time limit: a plugin may ask a person to log in. */
  logIn?(): Promise<void>;
  /** Rejects with a TransportError when there is no complete answer, or with the signal's reason. */
  request(request: TransportRequest): Promise<TransportResponse>;
}

/** Code of a connection that failed at the proxy, before the server was reached. */
export const PROXY_FAILED = 'EPROXY';

/** No answer came. */
export class TransportError extends Error {
  /** Node's code, such as `ECONNREFUSED`; empty when there is none. */
  readonly code: string;
  /** Whether the server may have seen the request. */
  readonly wasSent: boolean;

  constructor(message: string, options: { readonly code: string; readonly wasSent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'TransportError';
    this.code = options.code;
    this.wasSent = options.wasSent;
  }
}

export interface HttpTransportOptions {
  /** @default - an agent that keeps connections open */
  readonly agent?: http.Agent;
  readonly logIn?: () => Promise<void>;
  /** Replaces the credentials in these options, which the server refused; tells whether the new ones differ. */
  readonly renewCredentials?: (refused: https.RequestOptions) => Promise<boolean>;
}

/** A request that becomes a connection, such as a WebSocket. */
export interface UpgradeRequest {
  readonly url: URL;
  /** Certificates, credentials, headers, and the agent that knows the way to the server. */
  readonly options: https.RequestOptions;
  /** As of an answer, if the server refuses the credentials. */
  readonly renewCredentials?: () => Promise<boolean>;
}

export interface HttpTransport extends Transport {
  /** Returns a request as the user of the transport, for a caller who sends it. */
  upgrade(path: string, query: Readonly<Record<string, string>>): Promise<UpgradeRequest>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * Returns a transport over sockets that stay open between requests. `optionsOf` returns certificates, credentials and headers; it is called
 * for every request, since tokens expire.
 */
export function httpTransport(
  server: string,
  optionsOf: () => Promise<https.RequestOptions>,
  { agent = new (clientOf(server).Agent)({ keepAlive: true }), logIn, renewCredentials }: HttpTransportOptions = {},
): HttpTransport {
  const base = new URL(server);
  const urlOf = (path: string, query: Readonly<Record<string, string>> = {}) => {
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/$/, '')}${path}`;
    url.search = new URLSearchParams(query).toString();
    return url;
  };
  return {
    server: base.origin,
    close: () => agent.destroy(),
    ...(logIn === undefined ? {} : { logIn }),
    async request(request) {
      const options = await optionsOf();
      const response = await exchange(urlOf(request.path, request.query), { ...options, agent }, request);
      if (response.status !== 401 || renewCredentials === undefined) return response;
      return { ...response, renewCredentials: () => renewCredentials(options) };
    },
    async upgrade(path, query) {
      await logIn?.();
      const options = await optionsOf();
      const renewed = renewCredentials === undefined ? {} : { renewCredentials: () => renewCredentials(options) };
      return { url: urlOf(path, query), options: { ...options, agent }, ...renewed };
    },
  };
}

function clientOf(server: string): typeof http | typeof https {
  return server.startsWith('https:') ? https : http;
}

async function exchange(url: URL, options: https.RequestOptions, request: TransportRequest): Promise<TransportResponse> {
  const { method, signal, body, isStream } = request;
  let isConnected = false;
  try {
    signal?.throwIfAborted();
    const headers = { ...lowerCase(options.headers), ...request.headers, ...lengthOf(body) };
    const outgoing = clientOf(url.protocol).request(url, { ...options, method, headers, ...(signal === undefined ? {} : { signal }) });
    outgoing.on('socket', (socket) => {
      isConnected = !socket.connecting;
      if (isConnected) return;
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        isConnected = true;
      });
    });
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject).end(body);
    });
    return { status: response.statusCode ?? 0, headers: stringHeaders(response.headers), body: await bodyOf(response, isStream) };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof TransportError) throw error;
    const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
    throw new TransportError(message, { code, wasSent: isConnected, cause: error });
  }
}

async function bodyOf(response: http.IncomingMessage, isStream = false): Promise<TransportResponse['body']> {
  response.setEncoding('utf8');
  if (isStream && response.statusCode === 200) return response;
  let body = '';
  for await (const chunk of response) body += chunk;
  return body;
}

/** A header with several values stays a list: it is sent once for each of them. */
function lowerCase(headers: https.RequestOptions['headers'] = {}): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function stringHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

function lengthOf(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}
