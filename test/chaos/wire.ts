/** What lies between the product and the API, and what can happen there: answers that fail, get lost, never come; watches that end. */

import { TransportError } from '#reconciler/cluster/http';
import type { ApiRequest, ApiResponse } from '#reconciler/sandbox/api/api';

export interface Handler {
  handle(request: ApiRequest): Promise<ApiResponse>;
}

/** What happens to one request. */
export type Mishap = 'conflict' | 'throttled' | 'server error' | 'no answer' | 'lost answer';

interface OpenWatch {
  end(last?: string): void;
  silence(): void;
}

export class Wire implements Handler {
  /** Requests so far. */
  requests = 0;
  /** Called before every request is carried out. */
  onRequest: (number: number) => Promise<void> = async () => {};
  private readonly mishaps: Mishap[] = [];
  private readonly watches = new Set<OpenWatch>();

  constructor(private readonly api: Handler) {}

  /** Lets this happen to the next requests that it can happen to. */
  expect(mishap: Mishap, times = 1): void {
    for (let i = 0; i < times; i++) this.mishaps.push(mishap);
  }

  cutWatches(): void {
    for (const watch of this.watches) watch.end();
  }
  silenceWatches(): void {
    for (const watch of this.watches) watch.silence();
  }
  expireWatches(): void {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: 410,
      reason: 'Expired',
      message: 'too old resource version',
    };
    for (const watch of this.watches) watch.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    await this.onRequest(++this.requests);
    const isWatch = request.path.includes('watch=true');
    switch (isWatch ? undefined : this.take(request)) {
      case 'conflict':
        return failure(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version and try again');
      case 'throttled':
        return failure(429, 'TooManyRequests', 'the server has received too many requests', { 'retry-after': '1' });
      case 'server error':
        return failure(500, 'InternalError', 'etcdserver: request timed out');
      case 'no answer':
        return new Promise((_, reject) => request.signal?.addEventListener('abort', () => reject(request.signal?.reason), { once: true }));
      case 'lost answer':
        await this.api.handle(request);
        throw new TransportError('socket hang up', { code: 'ECONNRESET', wasSent: true });
      default: {
        const response = await this.api.handle(request);
        return isWatch && typeof response.body !== 'string' ? { ...response, body: this.watched(response.body) } : response;
      }
    }
  }

  private take({ method, headers }: ApiRequest): Mishap | undefined {
    const isWrite = method !== 'GET';
    // Of an apply a conflict says that a field belongs to somebody else; here it is about a version that was read.
    const mayConflict = method === 'PUT' || (method === 'PATCH' && headers['content-type'] !== 'application/apply-patch+yaml');
    const i = this.mishaps.findIndex((m) => (m === 'conflict' ? mayConflict : m === 'lost answer' ? isWrite : true));
    return i === -1 ? undefined : this.mishaps.splice(i, 1)[0];
  }

  private async *watched(body: AsyncIterable<string>): AsyncGenerator<string> {
    let isSilent = false;
    let last: string | undefined;
    let end = () => {};
    const ended = new Promise<'ended'>((resolve) => {
      end = () => resolve('ended');
    });
    const watch: OpenWatch = {
      end: (line) => {
        last = line;
        end();
      },
      silence: () => {
        isSilent = true;
      },
    };
    this.watches.add(watch);
    const lines = body[Symbol.asyncIterator]();
    try {
      while (true) {
        const next = await Promise.race([lines.next(), ended]);
        if (next === 'ended') {
          if (last !== undefined) yield last;
          return;
        }
        if (next.done === true) return;
        if (!isSilent) yield next.value;
      }
    } finally {
      this.watches.delete(watch);
      void lines.return?.();
    }
  }
}

function failure(code: number, reason: string, message: string, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
  return { status: code, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(status) };
}
