/**
 * Whether restarted and not yet restarted pods will be able to talk to each other.
 *
 * They cannot when the listeners' protocol changes (TLS on or off), and when the certificates' root changes: each side then refuses what
 * the other presents. "Same root" is shown by the public key of a CA certificate that can be read; all else is another root. After the
 * certificates were issued it is compared again with the chain that really came (`execute`), before the first pod restarts.
 */

import type { Bundle } from '../../constructs/model/bundle';
import {
  type Alias,
  certificateOf,
  formatIssuerRef,
  type IssuerRef,
  issuerOf,
  type TlsConfig,
  tlsStateOf,
} from '../../constructs/model/tls';
import type { World } from './checks/world';
import type { CaFacts, Observation, SecretFacts } from './observation';

/** What makes pods unable to talk. */
export type Cut = ProtocolCut | TrustCut;

/** The listeners change between TLS and plaintext. */
export interface ProtocolCut {
  readonly kind: 'protocol';
  readonly because: string;
  readonly to: 'tls' | 'plaintext';
}

/** The certificates' root changes. */
export interface TrustCut {
  readonly kind: 'trust';
  readonly because: string;
  /** The desired issuer of what pods serve. */
  readonly issuer: IssuerRef;
  /** The live Kafka refers to another issuer. */
  readonly isOtherIssuer: boolean;
  /** SHA-256 of the new root certificate; absent when it is not known before the certificates are issued. */
  readonly root?: string;
}

/** Returns the public keys of the roots that pods trust now: those of the Secret they mount. */
function trustedKeys(secret: SecretFacts | undefined): readonly string[] {
  return (secret?.ca ?? []).map((c) => c.publicKey);
}

function serverSecret(live: Observation, tls: TlsConfig): SecretFacts | undefined {
  return live.secrets.find((s) => s.name === certificateOf(live.name, tls, 'server').secretName);
}

/** Returns the cut that getting from the live to the desired TLS state means, or undefined when pods can talk all the way. */
export function cutOf(world: World, reissued: ReadonlySet<Alias>): Cut | undefined {
  const { bundle, live } = world;
  const isMixed = (protocol: string) => live.pods.some((p) => p.served.some((s) => s.protocol === protocol));
  if (bundle.tls === 'off') {
    if (tlsStateOf(live.kafka?.spec) === 'off' && !isMixed('tls')) return undefined;
    return { kind: 'protocol', because: 'TLS is turned off', to: 'plaintext' };
  }
  if (tlsStateOf(live.kafka?.spec) === 'off' || isMixed('plaintext')) {
    return { kind: 'protocol', because: 'TLS is turned on', to: 'tls' };
  }
  if (live.pods.some((p) => p.served.some((s) => s.isSignedBySecretCa === false))) {
    return trustCut(world, bundle.tls, reissued, 'pods serve certificates of two roots');
  }
  if (!reissued.has('server')) return undefined;
  const because = otherRoot(world, bundle.tls);
  return because === undefined ? undefined : trustCut(world, bundle.tls, reissued, because);
}

function trustCut({ live }: World, wants: TlsConfig, reissued: ReadonlySet<Alias>, because: string): TrustCut {
  const has = tlsStateOf(live.kafka?.spec);
  const issuer = issuerOf(wants, 'server');
  const isOtherIssuer = has === 'off' || formatIssuerRef(issuerOf(has, 'server')) !== formatIssuerRef(issuer);
  const signing = live.issuers.find((i) => i.kind === issuer.kind && i.name === issuer.name)?.ca;
  // What was issued already shows the root, even that of an issuer whose CA cannot be read.
  const root = rootOf(signing ?? (reissued.has('server') ? undefined : serverSecret(live, wants)?.ca));
  return { kind: 'trust', because, issuer, isOtherIssuer, ...(root === undefined ? {} : { root }) };
}

/** Returns the SHA-256 of the root among CA certificates: the self-signed one, else the last. */
export function rootOf(cas: readonly CaFacts[] = []): string | undefined {
  return (cas.find((c) => c.subject === c.issuer) ?? cas.at(-1))?.fingerprint;
}

/** Returns why the next certificate's root is another one, or may be, than the one that pods trust. */
function otherRoot({ bundle, live }: World, wants: TlsConfig): string | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  const before = has === 'off' ? undefined : issuerOf(has, 'server');
  const after = issuerOf(wants, 'server');
  // The Secret that pods mount today says what they trust, also when the desired state names another Secret.
  const trusted = trustedKeys(serverSecret(live, has === 'off' ? wants : has));
  const signing = live.issuers.find((i) => i.kind === after.kind && i.name === after.name)?.caPublicKeys;
  const isSameIssuer = before !== undefined && formatIssuerRef(before) === formatIssuerRef(after);
  if (signing !== undefined && trusted.length > 0) {
    if (signing.some((key) => trusted.includes(key))) return undefined;
    return isSameIssuer
      ? `${formatIssuerRef(after)} signs with another CA than pods trust`
      : `${formatIssuerRef(after)} has another root than pods trust`;
  }
  if (signing === undefined && isMadeByPlan(after, bundle, live)) return `${formatIssuerRef(after)} gets a root of its own`;
  // An unchanged issuer whose CA cannot be read is taken at its name; the issued chain has the last word.
  return isSameIssuer ? undefined : `whether ${formatIssuerRef(after)} has the root that pods trust cannot be shown`;
}

/** The issuer's CA is made by this very plan. */
function isMadeByPlan(issuer: IssuerRef, { issuing }: Bundle, live: Observation): boolean {
  const manifest = issuing.find((m) => m.kind === issuer.kind && m.metadata.name === issuer.name);
  const ca = issuing.find((m) => m.spec?.isCA === true && m.spec?.secretName === manifest?.spec?.ca?.secretName);
  return ca !== undefined && !live.certificates.some((c) => c.metadata.name === ca.metadata.name);
}
