/** What pods serve now: expired certificates, and whether some pods cannot talk to others. */
import type { Observation, PodFacts, SecretFacts, Served } from '../model/observation';

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

/**
 * Tells whether a pod keeps ending because other pods serve TLS and it does not: Kafka takes the TLS alert of a peer for the length of an
 * answer, and a controller that runs out of memory then ends. It stays once no other pod serves TLS.
 */
export function endsAmongTls(pod: PodFacts, pods: readonly PodFacts[]): boolean {
  if (pod.stuck !== 'CrashLoopBackOff' || pod.certificateSecret !== undefined) return false;
  return pods.some((p) => !p.isTerminating && p.served.some((s) => s.protocol === 'tls'));
}

/**
 * Tells whether some pods cannot talk to others already: they serve another protocol, certificates of another root, or an expired
 * certificate. Nothing else is assumed about pods that could not be observed.
 */
export function isMixed(pods: readonly PodFacts[]): boolean {
  const present = pods.filter((p) => !p.isTerminating);
  if (present.some((p) => expiredAt(p) !== undefined || endsAmongTls(p, present))) return true;
  const served = present.flatMap((p) => p.served.filter((s) => s.protocol !== 'unknown'));
  return new Set(served.map((s) => `${s.protocol} ${s.isSignedBySecretCa ?? ''}`)).size > 1;
}

/**
 * Tells whether every pod serves the leaf of a Secret. A pod that runs and cannot be observed proves nothing; where no pod can be observed, that
 * is reported for itself. With `issuer`, only other leaves of this issuer count as other ones.
 */
export function isServedByAll({ pods }: Pick<Observation, 'pods'>, { leaf }: Pick<SecretFacts, 'leaf'>, issuer?: string): boolean {
  const served = pods.filter((p) => !p.isTerminating && p.isRunning).flatMap((p) => p.served);
  const seen = served.filter((s) => s.protocol !== 'unknown');
  const isOther = (s: Served) =>
    s.leaf?.fingerprint !== leaf?.fingerprint && (issuer === undefined || s.leaf === undefined || s.leaf.issuer === issuer);
  return !seen.some(isOther) && (seen.length === 0 || seen.length === served.length);
}
