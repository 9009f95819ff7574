/** Transports without sockets: one that follows a script, one that is the sandbox's API in this process. */
import { type Transport, TransportError, type TransportRequest, type TransportResponse } from '#reconciler/cluster/http';
import { kubeCluster } from '#reconciler/cluster/kube';
import type { Clock, Cluster } from '#reconciler/ports';

/** Where a request may go. */
interface Handler {
  handle(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal?: AbortSignal;
  }): Promise<TransportResponse>;
}

/** Returns a cluster behind an API in this process. */
export function clusterIn(api: Handler, clock: Clock): Cluster {
  return kubeCluster(transportTo(api), clock);
}

/** Returns a transport to an API in this process. */
export function transportTo(api: Handler): Transport {
  return {
    server: 'https://sandbox',
    request: ({ method, path, query = {}, headers = {}, body, signal }) => {
      const search = new URLSearchParams(query).toString();
      return api.handle({
        method,
        path: search === '' ? path : `${path}?${search}`,
        headers: { 'user-agent': 'kafka-tls', ...headers },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    },
  };
}

/** What a scripted server does with a request: answer, or fail to. */
export type Reply = TransportResponse | TransportError | 'silence';

export interface ScriptedTransport extends Transport {
  readonly requests: readonly TransportRequest[];
}

/** Returns a transport that asks the script for every reply; `n` counts requests from 1. */
export function scripted(script: (request: TransportRequest, n: number) => Reply): ScriptedTransport {
  const requests: TransportRequest[] = [];
  return {
    server: 'https://api.example:6443',
    requests,
    async request(request) {
      const reply = script(request, requests.push(request));
      if (reply instanceof TransportError) throw reply;
      if (reply !== 'silence') return reply;
      return new Promise((_, reject) => request.signal?.addEventListener('abort', () => reject(request.signal?.reason), { once: true }));
    },
  };
}

/** Returns an answer with a JSON body. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): TransportResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** Returns a failure in Kubernetes' own form. */
export function failure(code: number, reason: string, message: string, details?: unknown): TransportResponse {
  return json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details });
}

/** Returns a connection that broke. */
export function broken(code: string, wasSent = true): TransportError {
  return new TransportError(code, { code, wasSent });
}
