/**
 * Whether restarted and not yet restarted pods will be able to talk to each other.
 *
 * They cannot when the listeners' protocol changes (TLS on or off), and when the certificates' root changes: each side then refuses what
 * the other presents. "Same root" is shown by the public key of a CA certificate that can be read; all else is another root. After the
 * certificates were issued it is compared again with the chain that really came (`execute`), before the first pod restarts.
 */

import type { Bundle } from '../../constructs/model/bundle';
import type { Acknowledged } from '../../constructs/model/desired';
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
import type { Observation, SecretFacts } from './observation';

/** What makes pods unable to talk, and what has to be acknowledged for it. */
export interface Cut {
  readonly kind: 'protocol' | 'trust';
  readonly because: string;
  readonly needs: Acknowledged;
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
    return { kind: 'protocol', because: 'TLS is turned off', needs: { kind: 'clientsLeaveTls' } };
  }
  if (tlsStateOf(live.kafka?.spec) === 'off' || isMixed('plaintext')) {
    return { kind: 'protocol', because: 'TLS is turned on', needs: { kind: 'clientsMoveToTls' } };
  }
  const issuer = issuerOf(bundle.tls, 'server');
  const needs: Acknowledged = { kind: 'trustRootChangesTo', issuer: issuer.name };
  if (live.pods.some((p) => p.served.some((s) => s.isSignedBySecretCa === false))) {
    return { kind: 'trust', because: 'pods serve certificates of two roots', needs };
  }
  if (!reissued.has('server')) return undefined;
  const because = otherRoot(world, bundle.tls);
  return because === undefined ? undefined : { kind: 'trust', because, needs };
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
