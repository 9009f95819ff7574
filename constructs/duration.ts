/** Converts a Duration of cdk8s to the syntax of Kubernetes. */
import type { Duration } from 'cdk8s';
import { formatGoDuration } from './model/go-duration';

/** Returns a duration in Go syntax, or undefined for none. */
export function goDuration(duration: Duration): string;
export function goDuration(duration: Duration | undefined): string | undefined;
export function goDuration(duration: Duration | undefined): string | undefined {
  if (duration === undefined) return undefined;
  // JavaScript may pass a string. Validation refuses it, and names the field.
  if (typeof duration.toMilliseconds !== 'function') return String(duration);
  const milliseconds = duration.toMilliseconds({ integral: false });
  return Number.isFinite(milliseconds) ? formatGoDuration(BigInt(Math.round(milliseconds)) * 1_000_000n) : String(milliseconds);
}
