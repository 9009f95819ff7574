/** The chain that a CA issuer writes into `tls.crt` and `ca.crt` with a new certificate. */
import { X509Certificate } from 'node:crypto';

/**
 * Returns the single chain of certificates that are given in any order: the leaf and its issuers without a self-signed root, and as `ca` the
 * root or the highest known certificate; each in PEM. Returns undefined if they form no single chain; cert-manager then refuses to sign
 * ("certificate chain is malformed or broken"). Source: `pki.ParseSingleCertificateChain` of cert-manager.
 */
export function singleChain(pems: readonly string[]): { readonly certificates: readonly string[]; readonly ca: string } | undefined {
  const distinct = [...new Map(pems.map((pem) => [new X509Certificate(pem).fingerprint256, new X509Certificate(pem)])).values()];
  const signs = distinct.filter((c) => distinct.some((other) => other !== c && hasSigned(c, other)));
  const bottoms = distinct.filter((c) => !signs.includes(c));
  const [bottom] = distinct.length === 1 ? distinct : bottoms;
  if (bottom === undefined || bottoms.length > 1) return undefined;
  const path: X509Certificate[] = [];
  const above = (below: X509Certificate) => distinct.find((c) => !path.includes(c) && hasSigned(c, below));
  for (let next: X509Certificate | undefined = bottom; next !== undefined; next = above(next)) path.push(next);
  const top = path.at(-1) as X509Certificate;
  if (path.length < distinct.length) return undefined;
  const kept = path.length > 1 && hasSigned(top, top) ? path.slice(0, -1) : path;
  return { certificates: kept.map((c) => c.toString()), ca: top.toString() };
}

/** Tells whether a certificate has signed another one. */
export function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
