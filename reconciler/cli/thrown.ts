/** What a command threw, as the error that is reported. */
import { InternalError, KafkaTlsError } from '../errors';

/** Returns the error to report. `signal` aborts when a person or the kubelet ends the process. */
export function toKafkaTlsError(error: unknown, signal: AbortSignal): KafkaTlsError {
  const interruption: unknown = signal.aborted ? signal.reason : undefined;
  // The signal explains an interrupted call better than the error of the call. An error of the clean-up after the signal is reported itself.
  const isInterruptedCall = !(error instanceof KafkaTlsError) || error.message === (interruption as Error | undefined)?.message;
  if (interruption instanceof KafkaTlsError && isInterruptedCall) return interruption;
  if (error instanceof KafkaTlsError) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new InternalError(`kafka-tls: unexpected error: ${text}`, { cause: error });
}
