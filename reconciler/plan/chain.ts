/**
 * Whether a peer accepts a certificate, by its signatures. Dates and names are not checked here.
 *
 * A leaf comes with the other certificates of its `tls.crt`. A peer accepts it when signatures lead from the leaf, over any of these, to a key
 * that the peer trusts. The key counts, not the certificate: a CA that is renewed with its key is the same CA to every peer.
 */
import type { CaFacts, SecretFacts } from '../model/observation';

/** What a peer receives in a handshake. */
interface Presented {
  /** Public keys that have signed the leaf. */
  readonly signers: readonly string[];
  /** The certificates that follow it. */
  readonly chain: readonly CaFacts[];
}

/** Returns what a pod presents that serves the certificate of a Secret. */
export function presentedFrom({ leaf, chain = [], ca = [] }: SecretFacts): Presented {
  const signers = leaf?.signers ?? [];
  // Observations of earlier versions lack the signers of a leaf.
  return { signers: signers.length > 0 ? signers : ca.map((c) => c.publicKey), chain };
}

/** Tells whether a peer that trusts these public keys accepts what is presented. */
export function isAccepted({ signers, chain }: Presented, trusted: ReadonlySet<string>): boolean {
  const reached = new Set(signers);
  // The loop visits keys that it adds.
  for (const key of reached) {
    if (trusted.has(key)) return true;
    for (const c of chain) if (c.publicKey === key) for (const signer of c.signers ?? []) reached.add(signer);
  }
  return false;
}
