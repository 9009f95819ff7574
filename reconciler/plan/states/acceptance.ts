/**
 * Whether a peer accepts a certificate, by the rules of a path of certificates (RFC 5280, RFC 6125).
 *
 * The leaf leads over certificates that come with it to an anchor, a certificate that the peer trusts. On the way each certificate
 *
 *     names the next one as its issuer, and is signed by its key
 *     is a CA, apart from the leaf, and is valid now
 *
 * The leaf must have the name by which it was reached. Kafka and OpenSSL differ in the anchor:
 *
 *     openssl   only a self-signed one that is valid now; what comes along and what is trusted may be joined in any order
 *     java      any trusted certificate. If what comes along is in order, up to the first certificate that is trusted or has the name and key
 *               of one that is, this is the path, and the dates of the anchor do not count. Else any path is built;
 *               then they do, unless the anchor has signed the leaf
 *
 * Key usages and the length of paths are not checked: cert-manager sets them as CAs need them. Revocation is not checked: Kafka checks none.
 */
import type { CaFacts, CertificateFacts } from '../../model/observation';
import type { RefusalKind } from '../../model/states';

/** What a node shows in a handshake. */
export interface Shown {
  readonly leaf: CertificateFacts;
  /** The certificates that follow the leaf, in any order. */
  readonly chain: readonly CaFacts[];
}

/** What a peer trusts, and how it validates. */
export interface Truster {
  readonly by: 'java' | 'openssl';
  readonly anchors: readonly CaFacts[];
}

export interface Refusal {
  readonly why: Exclude<RefusalKind, 'protocol'>;
  readonly because: string;
}

/** Returns why a peer that reaches a node by this name refuses what it shows; undefined if it accepts it. */
export function refusal(shown: Shown, truster: Truster, name: string | undefined, now: Date): Refusal | undefined {
  return nameRefusal(shown, name) ?? pathRefusal(shown, truster, now);
}

/** Returns the refusal of a leaf that lacks the name by which it was reached. */
export function nameRefusal({ leaf }: Shown, name: string | undefined): Refusal | undefined {
  if (name === undefined || hasName(leaf, name)) return undefined;
  return { why: 'name', because: `the certificate has not the name ${name}` };
}

/** Returns the refusal of what a node shows, by whatever name it was reached. */
export function pathRefusal({ leaf, chain }: Shown, truster: Truster, now: Date): Refusal | undefined {
  const paths = truster.by === 'java' ? javaPaths(leaf, chain, truster.anchors) : builtPaths(leaf, chain, truster);
  if (paths.length === 0) return { why: 'root', because: `no trusted certificate has signed ${chain.length === 0 ? 'it' : 'its chain'}` };
  const problems = paths.map((path) => path.flatMap((c) => datesProblem(c, now) ?? [])[0]);
  const [first] = problems;
  return first === undefined || problems.includes(undefined) ? undefined : { why: 'dates', because: first };
}

/** The certificates whose dates count. */
type Path = readonly CertificateFacts[];

function javaPaths(leaf: CertificateFacts, chain: readonly CaFacts[], anchors: readonly CaFacts[]): readonly Path[] {
  const path: CertificateFacts[] = [];
  for (const certificate of [leaf, ...chain]) {
    const below = path.at(-1);
    if (below !== undefined && below.issuer !== certificate.subject) return builtPaths(leaf, chain, { by: 'java', anchors });
    if (anchors.some((a) => a.fingerprint === certificate.fingerprint || (below !== undefined && hasSameKey(a, certificate)))) {
      return below === undefined ? [path] : linked(path, anchors);
    }
    path.push(certificate);
  }
  const last = path.at(-1) ?? leaf;
  return anchors.some((a) => isIssuer(a, last)) ? linked(path, anchors) : builtPaths(leaf, chain, { by: 'java', anchors });
}

function hasSameKey(anchor: CertificateFacts, { subject, publicKey }: CertificateFacts): boolean {
  return anchor.subject === subject && anchor.publicKey === publicKey;
}

/** Returns the path if each certificate has signed the one below it, and an anchor has signed the last one. */
function linked(path: Path, anchors: readonly CaFacts[]): readonly Path[] {
  const isLinked = path.every((below, i) => (i + 1 < path.length ? [path[i + 1] as CaFacts] : anchors).some((c) => isIssuer(c, below)));
  return isLinked ? [path] : [];
}

/** Returns every path to an anchor. */
function builtPaths(from: CertificateFacts, chain: readonly CaFacts[], truster: Truster, tried: Path = []): readonly Path[] {
  const { by, anchors } = truster;
  const canEnd = (anchor: CertificateFacts) => by === 'java' || isSignedBy(anchor, anchor);
  if (anchors.some((a) => a.fingerprint === from.fingerprint) && canEnd(from)) return [[from]];
  const ends = anchors.filter((a) => isIssuer(a, from) && canEnd(a)).map((a) => (by === 'java' && tried.length === 0 ? [from] : [from, a]));
  const isNew = (c: CertificateFacts) => [...tried, from].every((t) => t.fingerprint !== c.fingerprint);
  const onward = [...chain, ...(by === 'openssl' ? anchors : [])].filter((c) => isIssuer(c, from) && isNew(c));
  return [...ends, ...onward.flatMap((c) => builtPaths(c, chain, truster, [...tried, from]).map((path) => [from, ...path]))];
}

/** A certificate is issued by another if it names that one's subject and its key has signed it. */
function isIssuer(ca: CaFacts, certificate: CertificateFacts): boolean {
  return ca.isCa && isSignedBy(certificate, ca);
}

function isSignedBy({ issuer, signers = [] }: CertificateFacts, { subject, publicKey }: CertificateFacts): boolean {
  return issuer === subject && signers.includes(publicKey);
}

function datesProblem({ subject, notBefore, notAfter }: CertificateFacts, now: Date): string | undefined {
  if (now.getTime() > Date.parse(notAfter)) return `${subject || 'the certificate'} expired ${notAfter}`;
  return now.getTime() < Date.parse(notBefore) ? `${subject || 'the certificate'} is not valid before ${notBefore}` : undefined;
}

/** A wildcard stands for the whole first label. */
function hasName({ dnsNames }: CertificateFacts, name: string): boolean {
  const lower = name.toLowerCase();
  const rest = lower.slice(lower.indexOf('.') + 1);
  return dnsNames.some((d) => d.toLowerCase() === lower || (lower.includes('.') && d.toLowerCase() === `*.${rest}`));
}
