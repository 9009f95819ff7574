/** What a CA issuer puts into `tls.crt` and `ca.crt` of what it signs. */
import { X509Certificate } from 'node:crypto';

/** A leaf with the certificates above it. */
export interface Chain {
  /** The leaf, then its issuers; a self-signed root is left out. */
  readonly certificates: readonly string[];
  /** The self-signed root, else the highest certificate known. */
  readonly ca: string;
}

/**
 * Returns the one chain that certificates in any order make, each in PEM, or undefined when they do not make one: cert-manager signs nothing
 * then ("certificate chain is malformed or broken"). Source: `pki.ParseSingleCertificateChain` of cert-manager.
 */
export function singleChain(pems: readonly string[]): Chain | undefined {
  const distinct = [...new Map(pems.map((pem) => [new X509Certificate(pem).fingerprint256, new X509Certificate(pem)])).values()];
  const signs = distinct.filter((c) => distinct.some((other) => other !== c && hasSigned(c, other)));
  const bottoms = distinct.filter((c) => !signs.includes(c));
  const [bottom] = distinct.length === 1 ? distinct : bottoms;
  if (bottom === undefined || bottoms.length > 1) return undefined;
  const path = [bottom];
  for (let next: X509Certificate | undefined = bottom; next !== undefined; ) {
    const below: X509Certificate = next;
    next = distinct.find((c) => !path.includes(c) && hasSigned(c, below));
    if (next !== undefined) path.push(next);
  }
  const top = path.at(-1) as X509Certificate;
  if (path.length < distinct.length) return undefined;
  const kept = path.length > 1 && hasSigned(top, top) ? path.slice(0, -1) : path;
  return { certificates: kept.map((c) => c.toString()), ca: top.toString() };
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
