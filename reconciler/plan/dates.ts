/** Expiry of the certificates that pods serve. */
import type { PodFacts, Served } from '../model/observation';

/** Returns since when a pod serves an expired certificate. With `now`, it may have expired after it was observed. */
export function expiredAt({ served }: Pick<PodFacts, 'served'>, now?: Date): string | undefined {
  return earliest(served.flatMap((s) => expiredServed(s, now) ?? []));
}

function expiredServed({ expiredAt: observed, untrusted, leaf }: Served, now: Date | undefined): string | undefined {
  if (observed !== undefined) return observed;
  if (leaf !== undefined && now !== undefined && Date.parse(leaf.notAfter) <= now.getTime()) return leaf.notAfter;
  // Observations of earlier versions report it only in words.
  return /\bexpired (\S+)$/.exec(untrusted ?? '')?.[1];
}

/** Returns the first of instants, or undefined when there is none. */
export function earliest(instants: readonly string[]): string | undefined {
  return [...instants].sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}
