/** Whether a cut-over has begun. */
import type { PodFacts } from '../../model/observation';
import { expiredAt } from '../dates';

/**
 * Tells whether some pods cannot talk to others already: they serve another protocol, certificates of another root, or an expired
 * certificate. Nothing is assumed about pods that could not be observed.
 */
export function isMixed(pods: readonly PodFacts[]): boolean {
  const present = pods.filter((p) => !p.isTerminating);
  if (present.some((p) => expiredAt(p) !== undefined)) return true;
  const served = present.flatMap((p) => p.served.filter((s) => s.protocol !== 'unknown'));
  return new Set(served.map((s) => `${s.protocol} ${s.isSignedBySecretCa ?? ''}`)).size > 1;
}
