/** From cdk8s' Duration to the text Kubernetes wants. */
import type { Duration } from 'cdk8s';
import { formatGoDuration } from './model/go-duration';

/** Returns a duration in Go syntax, or undefined for none. */
export function goDuration(duration: Duration): string;
export function goDuration(duration: Duration | undefined): string | undefined;
export function goDuration(duration: Duration | undefined): string | undefined {
  return duration === undefined ? undefined : formatGoDuration(BigInt(duration.toMilliseconds()) * 1_000_000n);
}
