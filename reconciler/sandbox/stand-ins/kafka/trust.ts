/** Whether certificates vouch for each other, by their signatures and dates, as Java's trust managers judge. */
import { createHash, X509Certificate } from 'node:crypto';

/** When a chain is accepted, in milliseconds since the epoch. */
interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

const remembered = new Map<string, Validity | undefined>();
const REMEMBERED_MAX = 2000;

/**
 * Tells whether signatures lead from the first certificate of a chain to a trusted one, and every certificate on the way holds at one
 * and the same instant of that period.
 * The trusted certificate itself may have expired: Java takes no dates of trust anchors, neither of roots nor of others [run on 17.0.15]. Names
 * do not matter: Kafka nodes of one cluster do not check them here. The same question is asked at every change of a node, so answers are
 * remembered.
 */
export function trustsChain(trust: readonly string[], chain: readonly string[], from: Date, until: Date): boolean {
  const question = createHash('sha1')
    .update(`${trust.join('')}|${chain.join('')}`)
    .digest('base64');
  if (!remembered.has(question)) {
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(question, validityOf(trust, chain));
  }
  const validity = remembered.get(question);
  return (
    validity !== undefined && validity.fromMs <= until.getTime() && from.getTime() < validity.untilMs && validity.fromMs < validity.untilMs
  );
}

function validityOf(trust: readonly string[], chain: readonly string[]): Validity | undefined {
  const anchors = trust.map((pem) => new X509Certificate(pem));
  const path = chain.map((pem) => new X509Certificate(pem));
  let validity: Validity = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
  for (const [i, certificate] of path.entries()) {
    const issuer = path[i - 1];
    if (issuer !== undefined && !hasSigned(certificate, issuer)) return undefined;
    if (anchors.some((a) => a.fingerprint256 === certificate.fingerprint256)) return validity;
    validity = {
      fromMs: Math.max(validity.fromMs, certificate.validFromDate.getTime()),
      untilMs: Math.min(validity.untilMs, certificate.validToDate.getTime()),
    };
    if (anchors.some((a) => hasSigned(a, certificate))) return validity;
  }
  return undefined;
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Returns the next instant at which a certificate begins to hold, in milliseconds since the epoch, or undefined when all have begun. */
export function nextBeginning(pems: readonly string[], at: Date): number | undefined {
  const later = pems.map((pem) => new X509Certificate(pem).validFromDate.getTime()).filter((ms) => ms > at.getTime());
  return later.length === 0 ? undefined : Math.min(...later);
}

/** Tells whether a certificate has begun to hold and not expired. */
export function holds(pem: string, at: Date): boolean {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return validFromDate <= at && at < validToDate;
}
