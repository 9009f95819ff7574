/** Whether certificates vouch for each other, by their signatures. */
import { createHash, X509Certificate } from 'node:crypto';

const remembered = new Map<string, boolean>();
const REMEMBERED_MAX = 2000;

/**
 * Tells whether signatures lead from the first certificate of a chain to a trusted one. Names and dates do not matter: Kafka nodes of one
 * cluster check neither of them here. The same question is asked at every change of a node, so answers are remembered.
 */
export function trustsChain(trust: readonly string[], chain: readonly string[]): boolean {
  const question = createHash('sha1')
    .update(`${trust.join('')}|${chain.join('')}`)
    .digest('base64');
  const known = remembered.get(question);
  if (known !== undefined) return known;
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  const answer = leadsToTrust(trust, chain);
  remembered.set(question, answer);
  return answer;
}

function leadsToTrust(trust: readonly string[], chain: readonly string[]): boolean {
  const anchors = trust.map((pem) => new X509Certificate(pem));
  const path = chain.map((pem) => new X509Certificate(pem));
  for (const [i, certificate] of path.entries()) {
    const issuer = path[i - 1];
    if (issuer !== undefined && !hasSigned(certificate, issuer)) return false;
    if (anchors.some((a) => a.fingerprint256 === certificate.fingerprint256 || hasSigned(a, certificate))) return true;
  }
  return false;
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
