/** From cdk8s' Duration to the text Kubernetes wants. */
import type { Duration } from 'cdk8s';
import { formatGoDuration } from './model/go-duration';

/** Returns a duration in Go syntax, or undefined for none. */
export function goDuration(duration: Duration): string;
export function goDuration(duration: Duration | undefined): string | undefined;
export function goDuration(duration: Duration | undefined): string | undefined {
  if (duration === undefined) return undefined;
  // Plain JavaScript lets a text pass. Validation refuses what is no duration, with the field that it is in.
  if (typeof duration.toMilliseconds !== 'function') return String(duration);
  const milliseconds = duration.toMilliseconds({ integral: false });
  return Number.isFinite(milliseconds) ? formatGoDuration(BigInt(Math.round(milliseconds)) * 1_000_000n) : String(milliseconds);
}
