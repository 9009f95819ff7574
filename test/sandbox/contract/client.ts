/** The little of HTTP that the contract is written against, so that it holds the sandbox and a real API server to the same words. */
import { readFileSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { parse } from 'yaml';
import type { Api } from '#reconciler/sandbox/api/api';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly warning: string | undefined;
}

export interface Client {
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** Yields the events of a watch until the signal aborts. */
  watch(path: string, signal: AbortSignal): AsyncIterable<Json>;
}

const USER_AGENT = 'contract/1';
export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Talks to the sandbox without sockets. */
export function inProcess(api: Api): Client {
  const handle = (method: string, path: string, body: unknown, contentType: string, signal?: AbortSignal) =>
    api.handle({
      method,
      path,
      headers: { 'content-type': contentType, 'user-agent': USER_AGENT },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    async send(method, path, body, contentType = 'application/json') {
      const { status, headers, body: answer } = await handle(method, path, body, contentType);
      return { status, body: parsed(String(answer)), warning: headers.warning };
    },
    async *watch(path, signal) {
      const { body } = await handle('GET', path, undefined, 'application/json', signal);
      for await (const line of body as AsyncIterable<string>) yield JSON.parse(line);
    },
  };
}

/** Talks to any API server. `options` carry what proves who we are. */
export function overHttps(server: string, options: RequestOptions): Client {
  const open = (method: string, path: string, body: unknown, contentType: string, signal?: AbortSignal) =>
    new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = {
        ...options.headers,
        'content-type': contentType,
        'content-length': Buffer.byteLength(text),
        'user-agent': USER_AGENT,
      };
      const url = new URL(path, server);
      const request = httpsRequest(
        url,
        { ...options, method, headers, agent: false, ...(signal === undefined ? {} : { signal }) },
        resolve,
      );
      request.once('error', reject);
      request.end(text);
    });
  return {
    async send(method, path, body, contentType = 'application/json') {
      const response = await open(method, path, body, contentType);
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      return { status: response.statusCode ?? 0, body: parsed(text), warning: response.headers.warning as string | undefined };
    },
    async *watch(path, signal) {
      let rest = '';
      try {
        const response = await open('GET', path, undefined, 'application/json', signal);
        for await (const chunk of response.setEncoding('utf8')) {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) yield JSON.parse(line);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

/** Talks to the first server of a kubeconfig, as its first user or with a token. */
export function clientOf(kubeconfig: string, token?: string): Client {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8'));
  const [{ cluster }, { user }] = [clusters[0], token === undefined ? users[0] : { user: { token } }];
  const decoded = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, 'base64'));
  return overHttps(cluster.server, {
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
    headers: user.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
  });
}

/** Returns the first events of a watch; it is closed then. */
export async function firstEvents(client: Client, path: string, count: number): Promise<readonly Json[]> {
  const ending = new AbortController();
  const events: Json[] = [];
  for await (const event of client.watch(path, ending.signal)) {
    if (event.type !== 'BOOKMARK') events.push(event);
    if (events.length >= count) ending.abort();
    if (ending.signal.aborted) break;
  }
  return events;
}
