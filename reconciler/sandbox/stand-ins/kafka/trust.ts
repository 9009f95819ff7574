/** Whether a peer accepts a chain, by signatures and dates, as Java's trust managers do. */
import { createHash, X509Certificate } from 'node:crypto';
import { hasSigned } from '../pki/chain';

/** When a chain is accepted, in milliseconds since the epoch. */
interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Every change of a node asks about the same certificates and chains. */
const certificates = new Map<string, X509Certificate>();
const validities = new Map<string, Validity | undefined>();
const REMEMBERED_MAX = 2000;

function remembered<V>(values: Map<string, V>, key: string, compute: () => V): V {
  if (values.size >= REMEMBERED_MAX) values.clear();
  if (!values.has(key)) values.set(key, compute());
  return values.get(key) as V;
}

function read(pem: string): X509Certificate {
  return remembered(certificates, pem, () => new X509Certificate(pem));
}

/**
 * Tells whether signatures lead from the first certificate of a chain to a trusted one, and all certificates on the way are valid at one
 * instant of the period.
 * The trusted certificate itself may have expired: Java checks no dates of trust anchors, whether roots or not [run on 17.0.15]. Names do not
 * matter: Kafka nodes of one cluster do not check them here.
 */
export function trustsChain(trust: readonly string[], chain: readonly string[], from: Date, until: Date): boolean {
  const key = createHash('sha1')
    .update(`${trust.join('')}|${chain.join('')}`)
    .digest('base64');
  const validity = remembered(validities, key, () => validityOf(trust, chain));
  if (validity === undefined) return false;
  const { fromMs, untilMs } = validity;
  return fromMs <= until.getTime() && from.getTime() < untilMs && fromMs < untilMs;
}

function validityOf(trust: readonly string[], chain: readonly string[]): Validity | undefined {
  const anchors = trust.map(read);
  const path = chain.map(read);
  let validity: Validity = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
  for (const [i, certificate] of path.entries()) {
    const below = path[i - 1];
    if (below !== undefined && !hasSigned(certificate, below)) return undefined;
    if (anchors.some((a) => a.fingerprint256 === certificate.fingerprint256)) return validity;
    validity = {
      fromMs: Math.max(validity.fromMs, certificate.validFromDate.getTime()),
      untilMs: Math.min(validity.untilMs, certificate.validToDate.getTime()),
    };
    if (anchors.some((a) => hasSigned(a, certificate))) return validity;
  }
  return undefined;
}

/** Returns the next instant at which a certificate becomes valid, in milliseconds since the epoch, or undefined if none is yet to come. */
export function nextBeginning(pems: readonly string[], at: Date): number | undefined {
  const later = pems.map((pem) => read(pem).validFromDate.getTime()).filter((ms) => ms > at.getTime());
  return later.length === 0 ? undefined : Math.min(...later);
}

/** Tells whether a certificate is valid at a time. */
export function isValidAt(pem: string, at: Date): boolean {
  const { validFromDate, validToDate } = read(pem);
  return validFromDate <= at && at < validToDate;
}
