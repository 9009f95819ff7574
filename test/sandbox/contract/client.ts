/** A small HTTP client for the contract, so that the same tests run against the sandbox and a real API server. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { parse } from 'yaml';
import type { Api, ApiResponse } from '#reconciler/sandbox/api/api';

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of every kind
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

export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';

/** Talks to an API without sockets. */
export function inProcess(api: Api): Client {
  const call = async (method: string, path: string, body?: unknown, contentType = 'application/json', signal?: AbortSignal) =>
    api.handle({
      method,
      path,
      headers: { 'content-type': contentType, 'user-agent': 'contract/1' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    async send(...request) {
      const { status, headers, body } = await call(...request);
      let text = '';
      for await (const chunk of typeof body === 'string' ? [body] : body) text += chunk;
      return { status, body: parsed(text), warning: headers.warning };
    },
    async *watch(path, signal) {
      let rest = '';
      try {
        const { body } = await call('GET', path, undefined, undefined, signal);
        for await (const chunk of body) {
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

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Talks to any API server. `options` have the credentials. */
export function overHttps(server: string, options: RequestOptions): Client {
  const handle: Api['handle'] = async ({ method, path, headers, body = '', signal }) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const all = { ...options, method, agent: false, headers: { ...options.headers, ...headers, ...length }, ...(signal && { signal }) };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpsRequest(new URL(path, server), all, resolve).once('error', reject).end(body);
    });
    const answer: ApiResponse = {
      status: response.statusCode ?? 0,
      headers: response.headers as Record<string, string>,
      body: response.setEncoding('utf8'),
    };
    return answer;
  };
  return inProcess({ handle });
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

/** Returns the first events of a watch, and closes it. */
export async function firstEvents(client: Client, path: string, count: number): Promise<readonly Json[]> {
  const ending = new AbortController();
  const events: Json[] = [];
  for await (const event of client.watch(path, ending.signal)) {
    if (event.type !== 'BOOKMARK') events.push(event);
    if (events.length >= count) break;
  }
  ending.abort();
  return events;
}
