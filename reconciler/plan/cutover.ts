/**
 * Whether restarted and not yet restarted pods can talk to each other while an operation runs.
 *
 * They cannot if the listeners change between TLS and plaintext, if the root of the certificates changes, or if a certificate has expired:
 * one side then refuses what the other presents. Pods can talk if each side accepts what the other presents (`chain.ts`), shown by CA
 * certificates that can be read. A root that cannot be read counts as another root. After the certificates were issued, and before the first
 * pod restarts, the executor compares again with the issued chain (`isRootReplaced`).
 */

import type { Bundle } from '#model/bundle';
import { type Capabilities, capabilitiesOf } from '#model/capabilities';
import type { Cutover } from '#model/desired';
import { type Alias, formatIssuerRef, type IssuerRef, issuerOf, type TlsConfig, tlsStateOf } from '#model/tls';
import type { CaFacts, Observation, PodFacts, SecretFacts } from '../model/observation';
import type { Plan } from '../model/plan';
import { issuerWhenIssuing } from './bridge/issued';
import { isAccepted, presentedBy, presentedFrom } from './chain';
import type { Side } from './change-record';
import { caCertificate, isSelfSigned, issuerManifest, issuerStateOf } from './issuers';
import { areNodesUnknown, certificateSecret, type PlanInput } from './plan-input';
import { earliest, expiredAt } from './served';

/** Why pods cannot talk. */
export type CutoverCause = ProtocolChange | RootChange | ServedExpired;

/** The listeners change between TLS and plaintext. */
export interface ProtocolChange {
  readonly kind: 'protocol';
  readonly because: string;
  readonly to: 'tls' | 'plaintext';
}

/** Pods serve an expired certificate: restarted pods refuse the others, as clients do already. It needs no acknowledgement. */
export interface ServedExpired {
  readonly kind: 'expired';
  readonly because: string;
}

/** The root of the certificates changes. */
export interface RootChange {
  readonly kind: 'root';
  readonly because: string;
  /** The desired issuer of the server certificate. */
  readonly issuer: IssuerRef;
  /** The live Kafka refers to another issuer. */
  readonly isOtherIssuer: boolean;
  /** The new root certificate; absent when it is not known before the certificates are issued. */
  readonly root?: CaFacts;
  /** The state before the change, where the live Kafka no longer shows it. */
  readonly from?: Side;
  /** Clients have had the new root for as long as the desired state demands. */
  readonly isTrusted?: true;
}

/** Returns the public keys that pods trust which mount this Secret. */
function trustedKeys({ ca = [] }: SecretFacts): ReadonlySet<string> {
  return new Set(ca.map((c) => c.publicKey));
}

/** Returns why the change from the live to the desired state is a cut-over, or undefined when pods can talk at every moment of it. */
export function detectCutover(input: PlanInput, reissued: ReadonlySet<Alias>): CutoverCause | undefined {
  const { bundle, live } = input;
  const isServed = (protocol: string) => live.pods.some((p) => p.served.some((s) => s.protocol === protocol));
  if (bundle.tls === 'off') {
    if (tlsStateOf(live.kafka?.spec) === 'off' && !isServed('tls')) return undefined;
    return { kind: 'protocol', because: 'TLS is turned off', to: 'plaintext' };
  }
  if (tlsStateOf(live.kafka?.spec) === 'off' || isServed('plaintext')) {
    return { kind: 'protocol', because: 'TLS is turned on', to: 'tls' };
  }
  if (live.pods.some((p) => p.served.some((s) => s.isSignedBySecretCa === false))) {
    return rootChange(input, bundle.tls, reissued, 'pods serve certificates of two roots');
  }
  const because = reissued.has('server') ? otherRoot(input, bundle.tls) : undefined;
  return because === undefined ? servedExpired(input) : rootChange(input, bundle.tls, reissued, because);
}

/** Java checks the dates of a peer's leaf and of the certificates above it: a restarted node refuses peers with an expired certificate. */
function servedExpired({ bundle, live, now }: PlanInput): ServedExpired | undefined {
  const pods = live.pods.filter((p) => !p.isTerminating);
  const expired = pods.flatMap((p) => expiredAt(p, now) ?? []);
  if (expired.length === 0) return undefined;
  // A single expired pod restarts first, and then no expired certificate is left. KubeDB restarts pods in another order.
  if (capabilitiesOf(bundle.desired).gatesBetweenPods && expired.length === 1 && pods.length > 1) return undefined;
  const whose =
    expired.length === pods.length
      ? 'every pod serves'
      : `${expired.length} of ${pods.length} pods serve${expired.length === 1 ? 's' : ''}`;
  return { kind: 'expired', because: `the certificate that ${whose} expired ${earliest(expired)}` };
}

function rootChange({ live }: PlanInput, wants: TlsConfig, reissued: ReadonlySet<Alias>, because: string): RootChange {
  const has = tlsStateOf(live.kafka?.spec);
  const issuer = issuerOf(wants, 'server');
  const isOtherIssuer = has === 'off' || formatIssuerRef(issuerOf(has, 'server')) !== formatIssuerRef(issuer);
  // A certificate that was issued already shows the root, also that of an issuer whose CA cannot be read.
  const root = issuerRoot(live, wants) ?? (reissued.has('server') ? undefined : issuedRoot(live, wants));
  return { kind: 'root', because, issuer, isOtherIssuer, ...(root === undefined ? {} : { root }) };
}

/** Returns the root among CA certificates: the self-signed one, else the last. */
function rootOf(cas: readonly CaFacts[] = []): CaFacts | undefined {
  return cas.find((c) => c.subject === c.issuer) ?? cas.at(-1);
}

/** Returns the root that the issuer of the server certificate signs with, where that can be read. */
export function issuerRoot(live: Observation, tls: TlsConfig): CaFacts | undefined {
  const issuer = issuerOf(tls, 'server');
  return rootOf(issuerStateOf(live, issuer)?.ca);
}

/** Returns the root of the server certificate that was issued under a TLS state. */
export function issuedRoot(live: Observation, tls: TlsConfig): CaFacts | undefined {
  return rootOf(certificateSecret(live, tls, 'server')?.ca);
}

/** Returns the root that all pods trust and serve, where that is known. */
export function servedRoot(live: Observation): CaFacts | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  const isOfSecret = live.pods.every((p) => p.served.every((s) => s.isSignedBySecretCa !== false));
  return has === 'off' || !isOfSecret ? undefined : issuedRoot(live, has);
}

/** Returns why the next certificate's root is another one, or may be, than the one that pods trust. */
function otherRoot(input: PlanInput, wants: TlsConfig): string | undefined {
  const { bundle, live } = input;
  const has = tlsStateOf(live.kafka?.spec);
  const before = has === 'off' ? undefined : issuerOf(has, 'server');
  const after = issuerOf(wants, 'server');
  // The Secret that pods mount now shows what they trust, also when the desired state names another Secret.
  const mounted = certificateSecret(live, has === 'off' ? wants : has, 'server');
  const issuer = issuerWhenIssuing(input, after);
  if (isSelfSigned(live, after)) return `every certificate of ${formatIssuerRef(after)} is a separate root`;
  const next = issuer === undefined ? undefined : presentedBy(issuer);
  const isSameIssuer = before !== undefined && formatIssuerRef(before) === formatIssuerRef(after);
  if (mounted !== undefined && trustedKeys(mounted).size > 0 && issuer !== undefined && next !== undefined) {
    const isForward = isAccepted(next, trustedKeys(mounted));
    if (isForward && isAccepted(presentedFrom(mounted), new Set(issuer.caPublicKeys))) return undefined;
    return isSameIssuer
      ? `${formatIssuerRef(after)} signs with another CA than pods trust`
      : `${formatIssuerRef(after)} has another root than pods trust`;
  }
  // The Secret may not be read, so it is unknown which root pods trust, and whether they can be led to another one. A note reports it.
  if (mounted?.unread !== undefined) return undefined;
  if (next === undefined && isCreatedByPlan(after, bundle, live)) return `${formatIssuerRef(after)} gets a separate root`;
  // An unchanged issuer whose CA cannot be read is assumed to keep its root. The issued chain is compared later.
  return isSameIssuer ? undefined : `whether ${formatIssuerRef(after)} has the root that pods trust cannot be shown`;
}

/** Tells whether this plan creates the CA of the issuer. */
function isCreatedByPlan(issuer: IssuerRef, bundle: Bundle, live: Observation): boolean {
  const ca = caCertificate(bundle, issuerManifest(bundle, issuer)?.spec);
  return ca !== undefined && !live.certificates.some((c) => c.metadata.name === ca.metadata.name);
}

/**
 * Tells whether certificates that were issued since `before` and pods that have not restarted yet refuse each other. The issued chain
 * decides, also where the CA could not be read.
 */
export function isRootReplaced(before: Observation, live: Observation, wants: TlsConfig): boolean {
  const mounted = before.secrets.filter((s) => before.pods.some((p) => p.certificateSecret === s.name));
  const trusted = new Set(mounted.flatMap((s) => [...trustedKeys(s)]));
  const issued = certificateSecret(live, wants, 'server');
  if (trusted.size === 0 || issued === undefined || !before.pods.some((p) => p.served.some((s) => s.protocol === 'tls'))) return false;
  // The signer of a CA certificate may be known only from before: the Secrets no longer hold the previous root.
  const seen = before.issuers.flatMap((i) => i.chain ?? []);
  const chain = issued.chain?.map((c) => ({
    ...c,
    signers: [...(c.signers ?? []), ...(seen.find((s) => s.fingerprint === c.fingerprint)?.signers ?? [])],
  }));
  const isForward = isAccepted(presentedFrom({ ...issued, ...(chain === undefined ? {} : { chain }) }), trusted);
  return !isForward || !mounted.every((s) => isAccepted(presentedFrom(s), trustedKeys(issued)));
}

/** Returns how pods restart that cannot talk meanwhile; nothing when no pod restarts. */
export function plannedCutover(input: PlanInput, cause: CutoverCause | undefined, restarted: readonly PodFacts[]): Pick<Plan, 'cutover'> {
  const { bundle, live } = input;
  if (cause === undefined || (restarted.length === 0 && !areNodesUnknown(live))) return {};
  const { canStopAll, gatesBetweenPods } = capabilitiesOf(bundle.desired);
  const areAllExpired = restarted.every((p) => expiredAt(p, input.now) !== undefined);
  // Pods with a valid certificate are not stopped because other pods have an expired one.
  const mode = canStopAll && (cause.kind !== 'expired' || areAllExpired) ? bundle.desired.cutover : 'rolling';
  const because = `${cause.because}; ${outageOf(cause, mode, areAllExpired || !gatesBetweenPods)}`;
  return { cutover: { kind: cause.kind, mode, because } };
}

function outageOf(cause: CutoverCause, mode: Cutover, isOfAllPods: boolean): string {
  if (cause.kind === 'expired') {
    const refused = 'clients refuse it, and so do restarted nodes';
    if (mode === 'stop') return `${refused}: all pods stop and start together: expect an outage of one restart`;
    if (isOfAllPods) return `${refused}, so no gate is asked between pods: expect an outage until the last pod is back`;
    return `${refused}: the pods that serve it restart first, without gates: expect an outage until the last of them is back`;
  }
  const clients = cause.kind === 'protocol' ? 'clients must switch protocol' : 'clients must trust the new root';
  return mode === 'stop'
    ? `all pods stop and start together, and ${clients}: expect an outage of one restart`
    : `restarted and not yet restarted nodes cannot talk, and ${clients}: expect an outage until the last pod is back`;
}

/**
 * Returns the warning about a protocol that changes pod by pod. Kafka without TLS takes the first bytes of a TLS record for the length of a
 * message, and allocates up to 336 MiB; brokers that reach no controller do not end before their grace period does.
 */
export function cutoverNotes({ cutover }: Pick<Plan, 'cutover'>, { canStopAll }: Capabilities): readonly string[] {
  if (cutover?.kind !== 'protocol' || cutover.mode !== 'rolling') return [];
  const instead = canStopAll ? 'Cutover.STOP avoids both' : 'Executor.native() with Cutover.STOP avoids both, where no ops-manager runs';
  return [
    'Nodes and clients without TLS can run out of memory when they connect to nodes with TLS, and brokers may end only when their grace period ' +
      `does. ${instead}.`,
  ];
}
