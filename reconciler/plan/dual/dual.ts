/**
 * Another root that no bridge leads to (`bridge/bridge.ts`): that of another ClusterIssuer, of a Vault, of a foreign CA. Nodes trust both roots
 * before the first of them serves the new one, and until all of them do, so no phase is a cut-over.
 *
 *     phase    the Secret that pods mount: leaf, ca.crt
 *     old      of the old root    old root
 *     both     of the old root    both roots, and so the trust store; the reconciler adds the new one
 *     issued   of the new root    the new root after the issuance; both again before the first restart
 *     new      of the new root    the new root: issued once more, so that the leaf shows what its node trusts
 *
 * The new root is what the issuer answers to a certificate request of ours where its CA cannot be read: that shows the root of every kind of
 * issuer that tells one, before anything depends on it, with rights that a run has already. An issuer that tells none has no such way.
 *
 * The phase is read off the Secret. A node shows its leaf and not what it trusts, so `both` is proven by the creation of its pod after the trust
 * store was written. Once certificates of the new root are being issued, the Secret no longer shows that time. The record of the change then
 * does (`change-record.ts`): it is begun only when every pod is proven.
 *
 * Back in Git is the same way, to the other root. Only an executor that owns the Certificates can hold pods back while a Secret is patched.
 */
import { capabilitiesOf } from '#model/capabilities';
import { certificateOf, formatIssuerRef, type IssuerRef, issuerOf, tlsStateOf } from '#model/tls';
import { changeRecordOf } from '../../model/change-record';
import type { CaFacts, SecretFacts } from '../../model/observation';
import { isAccepted, presentedFrom } from '../chain';
import { compare } from '../diff';
import { caCertificate, isSelfSigned, issuerManifest, issuerStateOf } from '../issuers';
import { certificateSecret, type PlanInput } from '../plan-input';
import { isRootShownLater } from '../probe';
import { expiredAt, isServedByAll } from '../served';
import { type Dual, hasLoadedTrust, holds, isAmong, isWidened, type Root } from './phases';

/** Returns the change of root that is wanted or under way; undefined if there is none, or nodes cannot be led through it. */
export function findDual(input: PlanInput): Dual | undefined {
  const { bundle, live } = input;
  const has = tlsStateOf(live.kafka?.spec);
  if (!capabilitiesOf(bundle.desired).ownsCertificates || bundle.tls === 'off' || has === 'off') return undefined;
  const issuer = issuerOf(bundle.tls, 'server');
  const mounted = certificateSecret(live, has, 'server');
  if (mounted?.leaf?.signers === undefined || (mounted.ca ?? []).length === 0 || isSelfSigned(live, issuer)) return undefined;
  const [before, after] = [has, bundle.tls].map((tls) => certificateOf(live.name, tls, 'server').secretName);
  if (before !== after || !areServing(input)) return undefined;
  const given = issuerStateOf(live, issuer)?.ca;
  const isNew = given === undefined ? isIssuedBy(mounted, issuer) : isOf(mounted, given);
  return isNew ? arriving(input, mounted, issuer) : leaving(input, mounted, { issuer, from: issuerOf(has, 'server'), given });
}

/** Nodes that serve plaintext or an expired certificate cannot be led: that is a cut-over already. */
function areServing({ live, now }: PlanInput): boolean {
  const pods = live.pods.filter((p) => !p.isTerminating);
  return pods.length > 0 && pods.every((p) => expiredAt(p, now) === undefined && p.served.every((s) => s.protocol !== 'plaintext'));
}

/** The mounted leaf is of the wanted root: a change to it ends, or one away from it was taken back. */
function arriving(input: PlanInput, mounted: SecretFacts, issuer: IssuerRef): Dual | undefined {
  const { live } = input;
  const { ca = [], addedTrust } = mounted;
  const isOverwritten = isServedOfTwoRoots(input) && isBegun(input, addedTrust?.roots);
  if (!isWidened(mounted) && !isOverwritten) return undefined;
  const roots = united(ca, addedTrust?.roots ?? []);
  const newRoot = roots.find((c) => isOf(mounted, [c]));
  const oldRoot = roots.find((c) => !isOf(mounted, [c]));
  if (newRoot === undefined || oldRoot === undefined) return undefined;
  const record = changeRecordOf(live).change?.from.tls;
  const from = formatIssuerRef(record === undefined || record === 'off' ? issuer : issuerOf(record, 'server'));
  const isUnderWay = isOverwritten || !isServedByAll(input.live, mounted);
  return { issuer, from, oldRoot, newRoot, roots: [newRoot, ...roots.filter((r) => r !== newRoot)], phase: 'issued', isUnderWay };
}

interface Wanted {
  readonly issuer: IssuerRef;
  readonly from: IssuerRef;
  readonly given: readonly CaFacts[] | undefined;
}

/** The mounted leaf is of another root than the wanted one. */
function leaving(input: PlanInput, mounted: SecretFacts, { issuer, from, given }: Wanted): Dual | undefined {
  const { ca = [], addedTrust } = mounted;
  const added = addedTrust?.roots ?? [];
  const next = given ?? (isWidened(mounted) ? added.filter((c) => !isOf(mounted, [c])) : isShownLater(input, issuer) ? [] : undefined);
  if (next === undefined || !isAskedFor(input, mounted, { issuer, from })) return undefined;
  const isProven = isBegun(input, added) && next.length > 0 && next.every((c) => isAmong(c, added));
  if (isServedOfTwoRoots(input) && !isProven) return undefined;
  const [newRoot] = next;
  const oldRoot = ca.find((c) => isOf(mounted, [c])) ?? (ca[0] as CaFacts);
  const roots = united(next, united(ca, isProven ? added : []));
  const isInBoth = isProven || (next.length > 0 && isWidened(mounted) && holds(mounted, roots));
  return {
    issuer,
    from: formatIssuerRef(from),
    oldRoot,
    ...(newRoot === undefined ? {} : { newRoot }),
    roots,
    phase: isInBoth ? 'both' : 'old',
    isUnderWay:
      !isProven && !(isServedByAll(input.live, mounted) && input.live.pods.every((p) => p.isTerminating || hasLoadedTrust(p, mounted))),
  };
}

/** The first steps show the root: a certificate request, or the CA that they make. */
function isShownLater(input: PlanInput, issuer: IssuerRef): boolean {
  return isRootShownLater(input) || caCertificate(input.bundle, issuerManifest(input.bundle, issuer)?.spec) !== undefined;
}

/** An issuer that keeps its name and has another CA changes nothing by itself: then a certificate must be due. */
function isAskedFor(input: PlanInput, mounted: SecretFacts, { issuer, from }: Pick<Wanted, 'issuer' | 'from'>): boolean {
  const isOther = formatIssuerRef(issuer) !== formatIssuerRef(from) || !isIssuedBy(mounted, issuer);
  return isOther || compare(input).reissued.has('server');
}

/** Certificates of another of these roots are being issued, so every pod was proven to trust all of them. */
function isBegun({ live }: PlanInput, roots: readonly CaFacts[] = []): boolean {
  const { change } = changeRecordOf(live);
  const keys = [change?.from.root, change?.to.root];
  return change?.unfinished === true && keys.every((key) => roots.some((c) => c.publicKey === key));
}

function isServedOfTwoRoots({ live }: PlanInput): boolean {
  return live.pods.some((p) => p.served.some((s) => s.isSignedBySecretCa === false));
}

/** Tells whether a peer that trusts these alone accepts the leaf. */
function isOf(secret: SecretFacts, cas: readonly CaFacts[]): boolean {
  return isAccepted(presentedFrom(secret), new Set(cas.map((c) => c.publicKey)));
}

function isIssuedBy({ annotations }: SecretFacts, { kind, name }: IssuerRef): boolean {
  return annotations['cert-manager.io/issuer-name'] === name && (annotations['cert-manager.io/issuer-kind'] || 'Issuer') === kind;
}

function united(first: readonly CaFacts[], others: readonly CaFacts[]): readonly Root[] {
  const all = [...first, ...others].filter((c): c is Root => c.pem !== undefined);
  return [...new Map(all.map((c) => [c.fingerprint, c])).values()];
}
