/**
 * Whether restarted and not yet restarted pods will be able to talk to each other.
 *
 * They cannot when the listeners' protocol changes (TLS on or off), when the certificates' root changes, and when a certificate has expired: one
 * side then refuses what the other presents. Pods can talk when each side accepts what the other presents (`chain.ts`), shown by CA certificates that can be read; all
 * else is another root. After the certificates were issued it is compared again with the chain that really came (`execute`), before the first
 * pod restarts.
 */

import type { Bundle } from '#model/bundle';
import { type Alias, certificateOf, formatIssuerRef, type IssuerRef, issuerOf, type TlsConfig, tlsStateOf } from '#model/tls';
import type { CaFacts, Observation, SecretFacts } from '../model/observation';
import { isAccepted, presentedBy, presentedFrom } from './chain';
import { earliest, expiredAt } from './dates';
import type { PlanInput } from './plan-input';

/** What makes pods unable to talk. */
export type CutoverCause = ProtocolChange | RootChange | ServedExpired;

/** The listeners change between TLS and plaintext. */
export interface ProtocolChange {
  readonly kind: 'protocol';
  readonly because: string;
  readonly to: 'tls' | 'plaintext';
}

/** Pods serve what has expired: those that restart refuse the others, as clients do already. Nothing has to be acknowledged for it. */
export interface ServedExpired {
  readonly kind: 'expired';
  readonly because: string;
}

/** The certificates' root changes. */
export interface RootChange {
  readonly kind: 'trust';
  readonly because: string;
  /** The desired issuer of what pods serve. */
  readonly issuer: IssuerRef;
  /** The live Kafka refers to another issuer. */
  readonly isOtherIssuer: boolean;
  /** The new root certificate; absent when it is not known before the certificates are issued. */
  readonly root?: CaFacts;
}

/** Returns the public keys that pods trust now: those of the Secret they mount. */
function trustedKeys({ ca = [] }: SecretFacts): ReadonlySet<string> {
  return new Set(ca.map((c) => c.publicKey));
}

function serverSecret(live: Observation, tls: TlsConfig): SecretFacts | undefined {
  return live.secrets.find((s) => s.name === certificateOf(live.name, tls, 'server').secretName);
}

/** Returns the cut that getting from the live to the desired TLS state means, or undefined when pods can talk all the way. */
export function detectCutover(input: PlanInput, reissued: ReadonlySet<Alias>): CutoverCause | undefined {
  const { bundle, live } = input;
  const isMixed = (protocol: string) => live.pods.some((p) => p.served.some((s) => s.protocol === protocol));
  if (bundle.tls === 'off') {
    if (tlsStateOf(live.kafka?.spec) === 'off' && !isMixed('tls')) return undefined;
    return { kind: 'protocol', because: 'TLS is turned off', to: 'plaintext' };
  }
  if (tlsStateOf(live.kafka?.spec) === 'off' || isMixed('plaintext')) {
    return { kind: 'protocol', because: 'TLS is turned on', to: 'tls' };
  }
  if (live.pods.some((p) => p.served.some((s) => s.isSignedBySecretCa === false))) {
    return trustCut(input, bundle.tls, reissued, 'pods serve certificates of two roots');
  }
  const because = reissued.has('server') ? otherRoot(input, bundle.tls) : undefined;
  return because === undefined ? expiryCut(input) : trustCut(input, bundle.tls, reissued, because);
}

/** Java checks the dates of peers, of the leaf and of the certificates above it: a restarted node connects to none that serves what has expired. */
function expiryCut({ bundle, live, now }: PlanInput): ServedExpired | undefined {
  const pods = live.pods.filter((p) => !p.isTerminating);
  const expired = pods.flatMap((p) => expiredAt(p, now) ?? []);
  if (expired.length === 0) return undefined;
  // A single one among others restarts first, and then none is left. KubeDB's order is another.
  if (bundle.desired.executor === 'native' && expired.length === 1 && pods.length > 1) return undefined;
  const whose =
    expired.length === pods.length
      ? 'every pod serves'
      : `${expired.length} of ${pods.length} pods serve${expired.length === 1 ? 's' : ''}`;
  return { kind: 'expired', because: `the certificate that ${whose} expired ${earliest(expired)}` };
}

function trustCut({ live }: PlanInput, wants: TlsConfig, reissued: ReadonlySet<Alias>, because: string): RootChange {
  const has = tlsStateOf(live.kafka?.spec);
  const issuer = issuerOf(wants, 'server');
  const isOtherIssuer = has === 'off' || formatIssuerRef(issuerOf(has, 'server')) !== formatIssuerRef(issuer);
  // What was issued already shows the root, even that of an issuer whose CA cannot be read.
  const root = issuerRoot(live, wants) ?? (reissued.has('server') ? undefined : rootOf(serverSecret(live, wants)?.ca));
  return { kind: 'trust', because, issuer, isOtherIssuer, ...(root === undefined ? {} : { root }) };
}

/** Returns the root among CA certificates: the self-signed one, else the last. */
export function rootOf(cas: readonly CaFacts[] = []): CaFacts | undefined {
  return cas.find((c) => c.subject === c.issuer) ?? cas.at(-1);
}

/** Returns the root that the issuer of what pods serve signs with, where that can be read. */
export function issuerRoot(live: Observation, tls: TlsConfig): CaFacts | undefined {
  const issuer = issuerOf(tls, 'server');
  return rootOf(live.issuers.find((i) => i.kind === issuer.kind && i.name === issuer.name)?.ca);
}

/** Returns the root that all pods trust and serve, where that is known. */
export function servedRoot(live: Observation): CaFacts | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  const isOfSecret = live.pods.every((p) => p.served.every((s) => s.isSignedBySecretCa !== false));
  return has === 'off' || !isOfSecret ? undefined : rootOf(serverSecret(live, has)?.ca);
}

/** Returns why the next certificate's root is another one, or may be, than the one that pods trust. */
function otherRoot({ bundle, live }: PlanInput, wants: TlsConfig): string | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  const before = has === 'off' ? undefined : issuerOf(has, 'server');
  const after = issuerOf(wants, 'server');
  // The Secret that pods mount today says what they trust, also when the desired state names another Secret.
  const mounted = serverSecret(live, has === 'off' ? wants : has);
  const issuer = live.issuers.find((i) => i.kind === after.kind && i.name === after.name);
  if (isSelfSigned(live, after)) return `every certificate of ${formatIssuerRef(after)} is a root of its own`;
  const next = issuer === undefined ? undefined : presentedBy(issuer);
  const isSameIssuer = before !== undefined && formatIssuerRef(before) === formatIssuerRef(after);
  if (mounted !== undefined && trustedKeys(mounted).size > 0 && issuer !== undefined && next !== undefined) {
    const isForward = isAccepted(next, trustedKeys(mounted));
    if (isForward && isAccepted(presentedFrom(mounted), new Set(issuer.caPublicKeys))) return undefined;
    return isSameIssuer
      ? `${formatIssuerRef(after)} signs with another CA than pods trust`
      : `${formatIssuerRef(after)} has another root than pods trust`;
  }
  if (next === undefined && isMadeByPlan(after, bundle, live)) return `${formatIssuerRef(after)} gets a root of its own`;
  // Without a right to the Secret it is not known which root pods trust, and a note of the plan says so.
  if (mounted?.unread !== undefined) return undefined;
  // An unchanged issuer whose CA cannot be read is taken at its name; the issued chain has the last word.
  return isSameIssuer ? undefined : `whether ${formatIssuerRef(after)} has the root that pods trust cannot be shown`;
}

/** Tells whether every certificate of an issuer is its own root. */
export function isSelfSigned({ issuers }: Observation, { kind, name }: Pick<IssuerRef, 'kind' | 'name'>): boolean {
  return issuers.find((i) => i.kind === kind && i.name === name)?.object?.spec?.selfSigned !== undefined;
}

/** The issuer's CA is made by this very plan. */
function isMadeByPlan(issuer: IssuerRef, { issuerManifests }: Bundle, live: Observation): boolean {
  const manifest = issuerManifests.find((m) => m.kind === issuer.kind && m.metadata.name === issuer.name);
  const ca = issuerManifests.find((m) => m.spec?.isCA === true && m.spec?.secretName === manifest?.spec?.ca?.secretName);
  return ca !== undefined && !live.certificates.some((c) => c.metadata.name === ca.metadata.name);
}

/**
 * Tells whether certificates that were issued since `before` and pods that have not restarted yet refuse each other: the chain that really
 * came has the last word, also where the CA could not be read.
 */
export function isRootReplaced(before: Observation, live: Observation, wants: TlsConfig): boolean {
  const mounted = before.secrets.filter((s) => before.pods.some((p) => p.certificateSecret === s.name));
  const trusted = new Set(mounted.flatMap((s) => [...trustedKeys(s)]));
  const issued = serverSecret(live, wants);
  if (trusted.size === 0 || issued === undefined || !before.pods.some((p) => p.served.some((s) => s.protocol === 'tls'))) return false;
  // Who has signed a CA certificate may be seen only before: the Secrets no longer hold the former root.
  const seen = before.issuers.flatMap((i) => i.chain ?? []);
  const chain = issued.chain?.map((c) => ({
    ...c,
    signers: [...(c.signers ?? []), ...(seen.find((s) => s.fingerprint === c.fingerprint)?.signers ?? [])],
  }));
  const isForward = isAccepted(presentedFrom({ ...issued, ...(chain === undefined ? {} : { chain }) }), trusted);
  return !isForward || !mounted.every((s) => isAccepted(presentedFrom(s), trustedKeys(issued)));
}
