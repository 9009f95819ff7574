/**
 * What can stop a run, by what the caller can do about it. Decisions do not throw: they return findings or verdicts.
 *
 * A message reads `<Subject>: <what failed>: <why>.` and a hint follows on its own line. No message holds a Secret's content.
 */
import { formatRef, type ObjectRef } from '#model/kube-object';

/** Exit code of what time or another actor cures: the Job runs again, at no cost. */
export const BLOCKED = 4;

interface ErrorOptions {
  readonly subject?: ObjectRef;
  readonly hint?: string;
  readonly cause?: unknown;
  /** Every single reason, where there are several; each begins with its own subject. The message then is their headline. */
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

/** Returns the same error with its texts in other words, as where they name a command whose flags only the command line knows. */
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

/** An API call failed. Where time cures it (`retryable`), it is exit 4, so that it costs no attempt of the Job. */
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

/** What was asked for went wrong: our own request, certificate or pod failed. */
export class OperationFailedError extends KafkaTlsError {
  readonly code: string = 'operation-failed';
  readonly exitCode = 1;
}

/** Waited for a subject until its deadline; the message quotes its last state. */
export class TimeoutError extends OperationFailedError {
  override readonly code = 'timeout';
}

/** A gate, a lock or somebody else's operation refused until the deadline; nothing was broken, run again later. */
export class BlockedError extends KafkaTlsError {
  readonly code = 'blocked';
  readonly exitCode = BLOCKED;
}

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
export type EndingSignal = keyof typeof SIGNAL_NUMBERS;

/** The process was told to end before its work was done. The exit code is the one that shells give to a process that a signal ended. */
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

/** Why something was aborted that had nothing left to do. An abort without a reason makes an error of its own each time, stack and all. */
export const OVER = new Error('it is over');

/** Ends a switch over a closed set. */
export function assertNever(value: never): never {
  throw new InternalError(`impossible value ${JSON.stringify(value)}`);
}
