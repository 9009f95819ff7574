/**
 * Reads certificates in PEM, and decides whether a served chain is valid.
 *
 * Certificates are parsed by node:crypto, which reads RSA, EC and Ed25519 alike. Nothing here throws: certificates come from Secrets and
 * sockets, so an unreadable one is a finding about the cluster. Private keys are never parsed; only the header line of `tls.key` is read.
 *
 * A chain is valid if every signature up to a trusted certificate verifies, every certificate on this path is valid now, and the leaf has
 * the requested name. Revocation is not checked: Kafka does not check it, either.
 */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { canonicalIpAddress } from '#model/alternative-names';
import type { KeyKind } from '#model/key-kind';
import type { CaFacts, CertificateFacts } from '../model/observation';
import { maxPathLength } from './path-length';

/** The certificates in a PEM text. */
export interface ReadCertificates<Facts = CertificateFacts> {
  readonly certificates: readonly Facts[];
  /** The first reason why a part could not be read. */
  readonly unreadable?: string;
}

/** The result of checking a served chain. */
export type Judgement =
  | {
      readonly leaf: CertificateFacts;
      /** Whether signatures lead from the leaf to a trusted certificate, whatever their dates and names. */
      readonly isSigned: boolean;
      /** Why chain, dates or name are not valid; absent when they are. */
      readonly untrusted?: string;
      /** When the first certificate on the path to the trusted one expired; without a path, when the leaf did. Absent when none has. */
      readonly expiredAt?: string;
    }
  | { readonly unreadable: string };

/** Returns the certificates of a PEM text that can be read, in their order. */
export function parseCertificates(pem: string): readonly CertificateFacts[] {
  return readCertificates(pem).certificates;
}

/** Returns the certificates of a PEM text, and why any of it could not be read. */
export function readCertificates(pem: string): ReadCertificates {
  const { certificates, unreadable } = readX509(pem);
  return { certificates: certificates.map((c) => c.facts), ...(unreadable === undefined ? {} : { unreadable }) };
}

/** Returns the same for CA certificates, each with its PEM. */
export function readCas(pem: string): ReadCertificates<CaFacts> {
  const { certificates, unreadable } = readX509(pem);
  return { certificates: certificates.map(caFacts), ...(unreadable === undefined ? {} : { unreadable }) };
}

/** Returns the public keys of those in `pool` that have signed the first certificate of a PEM text. */
export function signersOf(pem: string, pool: readonly CaFacts[]): readonly string[] {
  const [certificate] = readX509(pem).certificates;
  if (certificate === undefined) return [];
  const candidates = pool.flatMap((ca) => (ca.pem === undefined ? [] : readX509(ca.pem).certificates));
  return [...new Set(candidates.filter((c) => hasSigned(c, certificate)).map((c) => c.facts.publicKey))].sort();
}

/**
 * Returns the certificates above the first one of a PEM text, itself included, each signed by the next, wherever the others stand in `pool`.
 * Undefined when a certificate is left over: no single chain leads from the first one up.
 */
export function chainUp(pem: string, pool: string): readonly CaFacts[] | undefined {
  const all = [...new Map(readX509(`${pem}\n${pool}`).certificates.map((c) => [c.facts.fingerprint, c])).values()];
  const path = all.slice(0, 1);
  for (let below = path[0]; below !== undefined; ) {
    const signed: Read = below;
    below = all.find((c) => !path.includes(c) && hasSigned(c, signed));
    if (below !== undefined) path.push(below);
  }
  return path.length === all.length ? path.map(caFacts) : undefined;
}

/**
 * Checks a chain that was served for `servername`: leaf first, each element one or more certificates in PEM. Without any trusted
 * certificate the chain is untrusted.
 */
export function judgeChain(chainPem: readonly string[], servername: string, trustPem: readonly string[], now: Date): Judgement {
  const chain = readX509(chainPem.join('\n'));
  const [leaf, ...others] = chain.certificates;
  if (leaf === undefined) return { unreadable: chain.unreadable ?? 'no certificate' };
  const trusted = readX509(trustPem.join('\n')).certificates;
  const path = pathToTrust(leaf, others, trusted);
  const untrusted = path === undefined ? noPath(leaf, trusted) : (datesProblem(path, now) ?? nameProblem(leaf, servername));
  const ends = (path ?? [leaf]).map((c) => c.facts.notAfter).sort((a, b) => Date.parse(a) - Date.parse(b));
  const expiredAt = ends.find((end) => Date.parse(end) <= now.getTime());
  return {
    leaf: leaf.facts,
    isSigned: path !== undefined,
    ...(untrusted === undefined ? {} : { untrusted }),
    ...(expiredAt === undefined ? {} : { expiredAt }),
  };
}

/** Tells whether signatures lead from the first certificate of `chainPem` to one of `trustPem`; dates and names do not matter. */
export function isSignedBy(chainPem: string, trustPem: string): boolean {
  const [leaf, ...others] = readX509(chainPem).certificates;
  return leaf !== undefined && pathToTrust(leaf, others, readX509(trustPem).certificates) !== undefined;
}

/** Returns how a private key is written, by its PEM header alone; undefined for anything but RSA, EC or generic keys. */
export function keyEncodingOf(pem: string): 'PKCS1' | 'PKCS8' | undefined {
  // cert-manager calls SEC 1, the separate form for EC keys, PKCS1, too.
  if (/-----BEGIN (RSA|EC) PRIVATE KEY-----/.test(pem)) return 'PKCS1';
  return pem.includes('-----BEGIN PRIVATE KEY-----') ? 'PKCS8' : undefined;
}

function caFacts({ facts, x509 }: Read): CaFacts {
  const limit = maxPathLength(x509.raw);
  return { ...facts, ...(limit === undefined ? {} : { maxPathLength: limit }), pem: x509.toString() };
}

interface Read {
  readonly x509: X509Certificate;
  readonly facts: CertificateFacts;
  /** Whether it is signed by other certificates, as far as that was verified already. */
  readonly signedBy: WeakMap<Read, boolean>;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g;

function readX509(pem: string): { readonly certificates: readonly Read[]; readonly unreadable?: string } {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) return { certificates: [], unreadable: pem.trim() === '' ? 'empty' : 'no PEM certificate' };
  const certificates: Read[] = [];
  let unreadable: string | undefined;
  blocks.forEach((block, i) => {
    try {
      certificates.push(readOne(block));
    } catch {
      unreadable ??= `certificate ${i + 1} of ${blocks.length} cannot be decoded`;
    }
  });
  return { certificates, ...(unreadable === undefined ? {} : { unreadable }) };
}

/** Every observation reads the same few certificates, and parsing one costs more than everything else. */
const known = new Map<string, Read>();
const KNOWN_AT_MOST = 256;

function readOne(block: string): Read {
  const before = known.get(block);
  if (before !== undefined) return before;
  const x509 = new X509Certificate(block);
  const read: Read = { x509, facts: factsOf(x509), signedBy: new WeakMap() };
  if (known.size >= KNOWN_AT_MOST) known.clear();
  known.set(block, read);
  return read;
}

function factsOf(x509: X509Certificate): CertificateFacts {
  const names = alternativeNames(x509.subjectAltName ?? '');
  const of = (type: string) => names.filter((n) => n.type === type).map((n) => n.value);
  return {
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    serial: x509.serialNumber.toLowerCase(),
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    notBefore: rfc3339(x509.validFromDate),
    notAfter: rfc3339(x509.validToDate),
    dnsNames: of('DNS'),
    ipAddresses: of('IP Address').map(canonicalIpAddress),
    uris: of('URI'),
    emailAddresses: of('email'),
    ...keyKindIn(x509.publicKey),
    publicKey: createHash('sha256')
      .update(x509.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
    isCa: x509.ca,
  };
}

const CURVE_SIZES: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };

function keyKindIn({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): { readonly keyKind?: KeyKind } {
  if (asymmetricKeyType === 'ed25519') return { keyKind: { algorithm: 'Ed25519' } };
  const algorithm = asymmetricKeyType === 'rsa' ? 'RSA' : 'ECDSA';
  const size = asymmetricKeyType === 'rsa' ? asymmetricKeyDetails?.modulusLength : CURVE_SIZES[asymmetricKeyDetails?.namedCurve ?? ''];
  return size === undefined ? {} : { keyKind: { algorithm, size } };
}

/** Dates of certificates have seconds and years of four digits; the parser returns others for a certificate that it cannot read. */
function rfc3339(date: Date): string {
  const text = date.toISOString();
  if (!/^\d{4}-/.test(text)) throw new RangeError(`${text} is no date of a certificate`);
  return text.replace('.000Z', 'Z');
}

function oneLine(distinguishedName: string | undefined): string {
  return (distinguishedName ?? '').split('\n').join(', ');
}

/** Node writes `DNS:a, IP Address:::1, URI:"http://a, b"`; values with a comma or control character come as JSON strings. */
function alternativeNames(text: string): readonly { readonly type: string; readonly value: string }[] {
  return [...text.matchAll(/(DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)].map(([, type = '', value = '']) => ({
    type,
    value: value.startsWith('"') ? unquoted(value) : value,
  }));
}

function unquoted(value: string): string {
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

/**
 * Returns the certificates from the leaf to a trusted one, or undefined. The leaf itself may be trusted. A certificate is tried once: several
 * certificates of one key have all signed each other, and the number of paths through them grows without bound.
 */
function pathToTrust(leaf: Read, others: readonly Read[], trusted: readonly Read[], tried = new Set<Read>()): readonly Read[] | undefined {
  tried.add(leaf);
  if (trusted.some((t) => t.facts.fingerprint === leaf.facts.fingerprint)) return [leaf];
  const anchor = trusted.find((t) => hasSigned(t, leaf));
  if (anchor !== undefined) return [leaf, anchor];
  for (const next of others) {
    if (tried.has(next) || !next.facts.isCa || !hasSigned(next, leaf)) continue;
    const rest = pathToTrust(next, others, trusted, tried);
    if (rest !== undefined) return [leaf, ...rest];
  }
  return undefined;
}

function hasSigned(issuer: Read, certificate: Read): boolean {
  const known = certificate.signedBy.get(issuer);
  if (known !== undefined) return known;
  const isSigned = verifies(certificate.x509, issuer.x509);
  certificate.signedBy.set(issuer, isSigned);
  return isSigned;
}

function verifies(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function noPath(leaf: Read, trusted: readonly Read[]): string {
  if (trusted.length === 0) return 'no CA certificate is known to hold it against';
  return `signed by ${leaf.facts.issuer || 'an unnamed issuer'}, which leads to none of the trusted CA certificates (${trusted
    .map((t) => `${t.facts.subject || 'unnamed'} ${t.facts.fingerprint.slice(0, 8)}`)
    .join('; ')})`;
}

function datesProblem(path: readonly Read[], now: Date): string | undefined {
  for (const { facts, x509 } of path) {
    const whose = facts === path[0]?.facts ? '' : `the CA certificate ${facts.subject || facts.fingerprint.slice(0, 8)} `;
    if (now > x509.validToDate) return `${whose}expired ${facts.notAfter}`;
    if (now < x509.validFromDate) return `${whose}is not valid before ${facts.notBefore}`;
  }
  return undefined;
}

function nameProblem({ x509, facts }: Read, servername: string): string | undefined {
  const matches = isIP(servername) === 0 ? x509.checkHost(servername) : x509.checkIP(servername);
  if (matches !== undefined) return undefined;
  const names = [...facts.dnsNames, ...facts.ipAddresses];
  return `not valid for ${servername}, only for ${names.length === 0 ? 'nothing' : names.join(', ')}`;
}
