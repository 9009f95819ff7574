/**
 * Requests that outlast a busy API server and expired credentials.
 *
 * 1. Every request has a deadline, which begins after the login. If the server refuses the credentials (401) and there are new ones, the
 *    request is sent once more: the refused one did nothing.
 * 2. An answer that may be different a moment later (429, 5xx, a cut connection) is asked for again with growing pauses, for half a minute
 *    at most. A request that is not idempotent is repeated only if the server cannot have carried it out: it was never sent, or was
 *    rejected with 429.
 * 3. If the API server has never answered, a connection that fails is not retried: then the address is wrong more often than the server is
 *    down.
 */
import type { Clock } from '../ports';
import { type Failure, failureOf, isTransient, unreachable } from './api-error';
import { withDeadline } from './deadline';
import { type Transport, TransportError, type TransportRequest, type TransportResponse } from './http';
import { isCertificateProblem } from './network-error';

const REQUEST_DEADLINE_MS = 30_000;
const RETRY_FOR_MS = 30_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export type Answer = { readonly body: string } | { readonly failure: Failure };

export interface RetryOptions {
  /** Whether the request may be carried out twice. */
  readonly isIdempotent: boolean;
  /** Recognises a failure that is an answer and is not retried. */
  readonly isFinal?: (failure: Failure) => boolean;
}

export class Requests {
  private hasAnswered = false;

  constructor(
    private readonly transport: Transport,
    private readonly clock: Clock,
  ) {}

  /** Sends until there is a final answer or the time for retries has passed; throws if there is no answer. */
  async ask(request: TransportRequest, { isIdempotent, isFinal = () => false }: RetryOptions): Promise<Answer> {
    const end = this.clock.monotonicMs() + RETRY_FOR_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const outcome = await this.attempt(request);
      if ('body' in outcome) return outcome;
      const isRetried =
        'failure' in outcome
          ? (isIdempotent ? isTransient(outcome.failure.status) : outcome.failure.status === 429) && !isFinal(outcome.failure)
          : this.hasAnswered && (isIdempotent || !outcome.error.wasSent) && !isCertificateProblem(outcome.error.code);
      const askedMs = 'failure' in outcome ? (outcome.failure.retryAfterSeconds ?? 0) * 1000 : 0;
      const waitMs = Math.min(askedMs || pauseMs, RETRY_FOR_MS);
      if (!isRetried || this.clock.monotonicMs() + waitMs > end) {
        if ('failure' in outcome) return outcome;
        throw unreachable(this.transport.server, outcome.error);
      }
      await this.clock.sleep(waitMs);
    }
  }

  /** Sends without retries and returns the answer as it is. */
  async send(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.sendOnce(request);
    return (await response.renewCredentials?.()) === true ? this.sendOnce(request) : response;
  }

  private async attempt(request: TransportRequest): Promise<Answer | { readonly error: TransportError }> {
    try {
      const { status, headers, body } = await this.send(request);
      return status < 300 ? { body: String(body) } : { failure: failureOf(status, headers, String(body)) };
    } catch (error) {
      if (error instanceof TransportError) return { error };
      throw error;
    }
  }

  private async sendOnce(request: TransportRequest): Promise<TransportResponse> {
    await this.transport.logIn?.();
    const onExpiry = () => new TransportError(`no answer within ${REQUEST_DEADLINE_MS / 1000} s`, { code: 'ETIMEDOUT', wasSent: true });
    const deadline = { clock: this.clock, ms: REQUEST_DEADLINE_MS, signal: request.signal, onExpiry };
    // A stream outlives its first byte: the deadline is only for the answer to begin, and the stream ends by its own signal.
    const response = await withDeadline(deadline, (signal) =>
      this.transport.request({
        ...request,
        headers: { accept: 'application/json', ...request.headers },
        ...(request.isStream === true ? {} : { signal }),
      }),
    );
    this.hasAnswered = true;
    return response;
  }
}
