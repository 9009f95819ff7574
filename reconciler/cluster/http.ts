/**
 * The transport: one HTTP exchange with an API server, as plain strings. What requests mean is the business of `kube.ts`; when they are
 * given up, too, for time is a port and sockets are not.
 *
 * The answer's body comes as a string, or, for a request that asks for a stream and is answered with 200, as text as it arrives.
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
  /** Hand the body on as it arrives. */
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

/** Returns certificates, credentials and headers for the next request; asked each time, since tokens expire. */
export type RequestOptionsSource = () => Promise<https.RequestOptions>;

export interface HttpTransportOptions {
  /** Opens the connections; default: one that keeps them open. */
  readonly agent?: http.Agent;
  readonly logIn?: () => Promise<void>;
  /** Replaces the credentials of these options, which the server refused; tells whether the new ones differ. */
  readonly renewCredentials?: (refused: https.RequestOptions) => Promise<boolean>;
}

export interface HttpTransport extends Transport {
  /** Lets go of idle connections. */
  close(): void;
}

/** Returns a transport over sockets that stay open between requests. */
export function httpTransport(
  server: string,
  optionsOf: RequestOptionsSource,
  { agent = keepAliveAgent(server), logIn, renewCredentials }: HttpTransportOptions = {},
): HttpTransport {
  const base = new URL(server);
  return {
    server: base.origin,
    close: () => agent.destroy(),
    ...(logIn === undefined ? {} : { logIn }),
    async request(request) {
      const options = await optionsOf();
      const url = new URL(base);
      url.pathname = `${base.pathname.replace(/\/$/, '')}${request.path}`;
      url.search = new URLSearchParams(request.query).toString();
      const response = await exchange(url, { ...options, agent }, request);
      if (response.status !== 401 || renewCredentials === undefined) return response;
      return { ...response, renewCredentials: () => renewCredentials(options) };
    },
  };
}

function keepAliveAgent(server: string): http.Agent {
  return server.startsWith('https:') ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
}

function exchange(url: URL, options: https.RequestOptions, request: TransportRequest): Promise<TransportResponse> {
  const { signal } = request;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let isConnected = false;
    const fail = (error: unknown) => reject(signal?.aborted ? signal.reason : transportError(error, isConnected));
    const given = {
      ...options,
      method: request.method,
      headers: { ...lowerCase(options.headers), ...request.headers, ...lengthOf(request.body) },
      ...(signal === undefined ? {} : { signal }),
    };
    const outgoing = begin(url, given, (response) => void answer(response, request.isStream === true).then(resolve, fail));
    if (outgoing instanceof TransportError) return reject(outgoing);
    outgoing.on('socket', (socket) => {
      const markConnected = () => {
        isConnected = true;
      };
      if (!socket.connecting) markConnected();
      else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', markConnected);
    });
    outgoing.on('error', fail);
    outgoing.end(request.body);
  });
}

/** Keys, certificates and headers that cannot be used are refused before anything is sent. */
function begin(url: URL, options: https.RequestOptions, heard: (response: http.IncomingMessage) => void) {
  try {
    return (url.protocol === 'https:' ? https.request : http.request)(url, options, heard);
  } catch (error) {
    return transportError(error, false);
  }
}

async function answer(response: http.IncomingMessage, isStream: boolean): Promise<TransportResponse> {
  response.setEncoding('utf8');
  const status = response.statusCode ?? 0;
  const headers = stringHeaders(response.headers);
  if (isStream && status === 200) return { status, headers, body: response };
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status, headers, body };
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

function transportError(error: unknown, wasSent: boolean): TransportError {
  if (error instanceof TransportError) return error;
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  return new TransportError(message, { code, wasSent, cause: error });
}
