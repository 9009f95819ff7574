/**
 * Errors that stop a run, classified by what the caller can do. Decisions do not throw: they return findings and verdicts.
 *
 * A message reads `<Subject>: <what failed>: <why>.` and a hint follows on its own line. No message holds a Secret's content.
 */
import { formatRef, type ObjectRef } from '#model/kube-object';

/** Exit code of a run that can succeed later without a change of the input: the Job runs again. */
export const BLOCKED = 4;

interface ErrorOptions {
  readonly subject?: ObjectRef;
  readonly hint?: string;
  readonly cause?: unknown;
  /** All reasons, if there are several; each begins with its subject. The message is then their headline. */
  readonly reasons?: readonly string[];
}

export abstract class KafkaTlsError extends Error {
  /** Stable, kebab-case; never parsed from the message. */
  abstract readonly code: string;
  abstract readonly exitCode: number;
  readonly subject: ObjectRef | undefined;
  readonly hint: string | undefined;
  readonly reasons: readonly string[];

  constructor(message: string, { subject, hint, cause, reasons = [] }: ErrorOptions = {}) {
    const headline = subject === undefined ? message : `${formatRef(subject)}: ${message}`;
    super([headline, ...reasons].join('\n'), { cause });
    this.name = new.target.name;
    this.subject = subject;
    this.hint = hint;
    this.reasons = reasons;
  }
}

/** Returns the error with other texts: only the command line knows the flags of the commands that an error names. */
export function reworded<E extends KafkaTlsError>(error: E, reword: (text: string) => string): E {
  const { message, hint, reasons } = error;
  const violations = error instanceof InvalidInputError ? { violations: error.violations.map(reword) } : {};
  const texts = { message: reword(message), hint: hint === undefined ? hint : reword(hint), reasons: reasons.map(reword), ...violations };
  return Object.create(error, Object.getOwnPropertyDescriptors(texts));
}

/** The desired state or a flag is wrong; trying again is useless. Holds all violations at once, each with its path. */
export class InvalidInputError extends KafkaTlsError {
  readonly code = 'invalid-input';
  readonly exitCode = 2;
  readonly violations: readonly string[];

  constructor(violations: string | readonly string[], options: ErrorOptions = {}) {
    const all = typeof violations === 'string' ? [violations] : violations;
    super(all.join('\n'), options);
    this.violations = this.reasons.length > 0 ? this.reasons : all;
  }
}

/** An API call failed. A `retryable` failure has exit code 4, which the Job does not count as a failed attempt. */
export class ClusterError extends KafkaTlsError {
  readonly code = 'cluster';
  readonly exitCode: number;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Kubernetes' reason, such as `Conflict` or `Forbidden`. */
  readonly reason: string;
  /** Whether the same call may succeed later: no answer came, or 429, or 5xx. */
  readonly retryable: boolean;
  /** Seconds the server asked to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly status: number;
      readonly reason: string;
      readonly retryable?: boolean;
      readonly retryAfterSeconds?: number;
    },
  ) {
    super(message, options);
    this.status = options.status;
    this.reason = options.reason;
    this.retryable = options.retryable ?? false;
    this.exitCode = this.retryable ? BLOCKED : 1;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** An operation failed: our request, certificate or pod. */
export class OperationFailedError extends KafkaTlsError {
  readonly code: string = 'operation-failed';
  readonly exitCode = 1;
}

/** A wait reached its deadline; the message quotes the last state of the subject. */
export class TimeoutError extends OperationFailedError {
  override readonly code = 'timeout';
}

/** A gate, the Lease or an operation of another owner refused until the deadline. Nothing was broken: run again later. */
export class BlockedError extends KafkaTlsError {
  readonly code = 'blocked';
  readonly exitCode = BLOCKED;
}

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
export type EndingSignal = keyof typeof SIGNAL_NUMBERS;

/** A signal ended the process before its work was done. The exit code is the one that shells give to such a process. */
export class InterruptedError extends KafkaTlsError {
  readonly code = 'interrupted';
  readonly exitCode: number;

  constructor(signal: EndingSignal, options: ErrorOptions = {}) {
    super(`kafka-tls: ended before it was done: ${signal} was received`, options);
    this.exitCode = 128 + SIGNAL_NUMBERS[signal];
  }
}

/** Our bug: an impossible state. */
export class InternalError extends KafkaTlsError {
  readonly code = 'internal';
  readonly exitCode = 70;

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { hint: 'This is a bug. Please report it with the file that "kafka-tls observe" writes.', ...options });
  }
}

/** Reason for aborting work that is finished. An abort without a reason creates a new error, with its stack, each time. */
export const OVER = new Error('finished');
