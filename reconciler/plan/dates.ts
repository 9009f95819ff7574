/** When certificates expire, and which pods that concerns. */
import type { PodFacts, Served } from '../model/observation';

/** Returns since when a pod serves what has expired, or undefined. With `now` also what has expired since it was observed. */
export function expiredAt({ served }: Pick<PodFacts, 'served'>, now?: Date): string | undefined {
  return earliest(served.flatMap((s) => expiredServed(s, now) ?? []));
}

function expiredServed({ expiredAt: observed, untrusted, leaf }: Served, now: Date | undefined): string | undefined {
  if (observed !== undefined) return observed;
  if (leaf !== undefined && now !== undefined && Date.parse(leaf.notAfter) <= now.getTime()) return leaf.notAfter;
  // Observations of earlier versions say it in words only.
  return /\bexpired (\S+)$/.exec(untrusted ?? '')?.[1];
}

/** Returns the first of instants, or undefined when there is none. */
export function earliest(instants: readonly string[]): string | undefined {
  return [...instants].sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}
