/**
 * The network between a run and the API server. It can fail as real networks do: answers that are errors, get lost or never come, and
 * watches that end, expire or stop reporting. Every request passes through `intercept`, which may look at it, delay it or refuse it.
 */
import { TransportError } from '#reconciler/cluster/http';
import type { ApiRequest, ApiResponse } from '#reconciler/sandbox/api/api';

export interface Handler {
  handle(request: ApiRequest): Promise<ApiResponse>;
}

/** Sends a request on to the API server. */
export type Forward = () => Promise<ApiResponse>;
export type Intercept = (request: ApiRequest, forward: Forward) => Promise<ApiResponse>;

/** How the network treats one request. */
export type Mishap = 'conflict' | 'throttled' | 'server error' | 'no answer' | 'lost answer';

interface OpenWatch {
  end(last?: string): void;
  silence(): void;
}

export class Network implements Handler {
  intercept: Intercept = (_, forward) => forward();
  private readonly mishaps: Mishap[] = [];
  private readonly watches = new Set<OpenWatch>();

  constructor(private readonly api: Handler) {}

  /** The next requests that this mishap is possible for meet it. */
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
    const object = JSON.parse(String(failure(410, 'Expired', 'too old resource version').body));
    for (const watch of this.watches) watch.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
  }

  handle(request: ApiRequest): Promise<ApiResponse> {
    return this.intercept(request, () => this.forward(request));
  }

  private async forward(request: ApiRequest): Promise<ApiResponse> {
    const isWatch = request.path.includes('watch=true');
    switch (isWatch ? undefined : this.mishapFor(request)) {
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

  private mishapFor({ method, headers }: ApiRequest): Mishap | undefined {
    // A conflict of a server-side apply is about field managers. The mishap is about a version that was read and has changed.
    const mayConflict = method === 'PUT' || (method === 'PATCH' && headers['content-type'] !== 'application/apply-patch+yaml');
    const i = this.mishaps.findIndex((m) => (m === 'conflict' ? mayConflict : m === 'lost answer' ? method !== 'GET' : true));
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

/** Whether a request changes what later runs see. Dry runs, access reviews and Events do not, and a Lease is only the run's own. */
export function isWrite({ method, path }: ApiRequest): boolean {
  return method !== 'GET' && !/\/(selfsubjectaccessreviews|events|leases)([/?]|$)|[?&]dryRun=All/.test(path);
}

function failure(code: number, reason: string, message: string, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
  return { status: code, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(status) };
}
