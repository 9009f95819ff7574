/**
 * Whether restarted and not yet restarted pods can talk to each other while an operation runs.
 *
 * They cannot if what a node shows before, or after, is refused by a node on the other side (`states/contact.ts`): the listeners change between
 * TLS and plaintext, or no CA certificate that the other side trusts leads to it. An expired certificate is refused by both.
 *
 * Where the states are not known, the cautious answer counts: a root that cannot be read is another root, unless the issuer stays the same.
 * After the certificates were issued, and before the first pod restarts, the executor compares again with the issued chain (`isRootReplaced`).
 */

import type { Bundle } from '#model/bundle';
import { type Capabilities, capabilitiesOf } from '#model/capabilities';
import type { Cutover } from '#model/desired';
import { type Alias, formatIssuerRef, type IssuerRef, issuerOf, type TlsConfig, type TlsState, tlsStateOf } from '#model/tls';
import type { Side } from '../model/change-record';
import type { CaFacts, Observation, PodFacts, SecretFacts } from '../model/observation';
import type { Plan } from '../model/plan';
import type { RefusalKind } from '../model/states';
import { issuerWhenIssuing } from './bridge/issued';
import { caCertificate, isSelfSigned, issuerManifest, issuerStateOf } from './issuers';
import { areNodesUnknown, certificateSecret, type PlanInput } from './plan-input';
import { earliest, expiredAt } from './served';
import { contactsAt } from './states/contact';
import { declaredMaterial, heldIn, type Material, nextMaterial, presentMaterials } from './states/material';

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
  /** Nodes accept each other throughout: only clients that do not trust the new root are cut off. */
  readonly isLed?: true;
  /** Clients have had the new root for as long as the desired state demands. */
  readonly isTrusted?: true;
}

/** Returns why the change from the live to the desired state is a cut-over, or undefined when pods can talk at every moment of it. */
export function detectCutover(input: PlanInput, reissued: ReadonlySet<Alias>): CutoverCause | undefined {
  const { bundle, live, now } = input;
  const next = nextMaterial(input, reissued);
  const present = [declaredMaterial(input), ...live.pods.map(presentMaterials(input))];
  const refused = refusalsAmong(present, next, now);
  if (refused.includes('protocol')) return protocolChange(bundle.tls);
  if (bundle.tls === 'off') return undefined;
  // Every pod trusts both roots before one serves the new one, and until all do.
  if (input.dual !== undefined) return servedExpired(input);
  if (live.pods.some((p) => p.served.some((s) => s.isSignedBySecretCa === false))) {
    return rootChange(input, bundle.tls, reissued, 'pods serve certificates of two roots');
  }
  const isKnown = next.protocol !== 'unknown' && present[0]?.protocol !== 'unknown';
  const other = isKnown ? (refused.includes('root') ? otherRoot(input, bundle.tls) : undefined) : unprovenRoot(input, bundle.tls);
  return other === undefined || !reissued.has('server') ? servedExpired(input) : rootChange(input, bundle.tls, reissued, other);
}

/** Returns why nodes refuse each other of which one has changed. */
function refusalsAmong(present: readonly Material[], next: Material, now: Date): readonly RefusalKind[] {
  const { accepts } = contactsAt(now);
  return [...new Set(present)]
    .flatMap((before) => [accepts(before, next), accepts(next, before)])
    .flatMap((contact) => (contact.kind === 'refused' ? [contact.why] : []));
}

function protocolChange(tls: TlsState): ProtocolChange {
  return tls === 'off'
    ? { kind: 'protocol', because: 'TLS is turned off', to: 'plaintext' }
    : { kind: 'protocol', because: 'TLS is turned on', to: 'tls' };
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
  const issuer = issuerOf(wants, 'server');
  const isOtherIssuer = !isPresentIssuer(live, issuer);
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

function otherRoot({ live }: PlanInput, wants: TlsConfig): string {
  const after = issuerOf(wants, 'server');
  return isPresentIssuer(live, after)
    ? `${formatIssuerRef(after)} signs with another CA than pods trust`
    : `${formatIssuerRef(after)} has another root than pods trust`;
}

/** Returns why the next certificate's root may be another one than pods trust, where certificates do not show it. */
function unprovenRoot(input: PlanInput, wants: TlsConfig): string | undefined {
  const { bundle, live } = input;
  const after = issuerOf(wants, 'server');
  if (isSelfSigned(live, after)) return `every certificate of ${formatIssuerRef(after)} is a separate root`;
  const mounted = mountedSecret(live, wants);
  // The Secret may not be read, so it is unknown which root pods trust, and whether they can be led to another one. A note reports it.
  if (mounted?.unread !== undefined) return undefined;
  const { caPublicKeys: keys = [] } = issuerWhenIssuing(input, after) ?? {};
  const trusted = mounted === undefined ? [] : (mounted.ca ?? []).map((c) => c.publicKey);
  if (keys.length > 0 && trusted.length > 0) return keys.some((k) => trusted.includes(k)) ? undefined : otherRoot(input, wants);
  if (keys.length === 0 && isCreatedByPlan(after, bundle, live)) return `${formatIssuerRef(after)} gets a separate root`;
  // An unchanged issuer whose CA cannot be read is assumed to keep its root. The issued chain is compared later.
  return isPresentIssuer(live, after) ? undefined : `whether ${formatIssuerRef(after)} has the root that pods trust cannot be shown`;
}

/** The Secret that pods mount now shows what they trust, also when the desired state names another Secret. */
function mountedSecret(live: Observation, wants: TlsConfig): SecretFacts | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  return certificateSecret(live, has === 'off' ? wants : has, 'server');
}

function isPresentIssuer(live: Observation, issuer: IssuerRef): boolean {
  const has = tlsStateOf(live.kafka?.spec);
  return has !== 'off' && formatIssuerRef(issuerOf(has, 'server')) === formatIssuerRef(issuer);
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
  const issued = certificateSecret(live, wants, 'server');
  if (issued === undefined || !before.pods.some((p) => p.served.some((s) => s.protocol === 'tls'))) return false;
  // The signer of a CA certificate may be known only from before: the Secrets no longer hold the previous root.
  const seen = before.issuers.flatMap((i) => i.chain ?? []);
  const chain = (issued.chain ?? []).map((c) => ({
    ...c,
    signers: [...(c.signers ?? []), ...(seen.find((s) => s.fingerprint === c.fingerprint)?.signers ?? [])],
  }));
  return refusalsAmong(mounted.map(heldIn), heldIn({ ...issued, chain }), new Date(live.observedAt)).includes('root');
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
