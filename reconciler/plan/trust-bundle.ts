/**
 * The trust bundle: which CA certificates clients must trust to reach every pod, and whether the ConfigMap that they mount holds them.
 *
 *     now     those in the Secrets that pods mount, now or by their templates
 *     next    the CA of the issuer of the server certificate, and those in the Secret that it is issued into
 *     still   all that was published before, until every pod is proven to serve a certificate of the others: after a Secret was issued
 *             again, nothing else shows what pods had loaded from it
 *     above   the self-signed roots above these, where they are known
 *     kept    all that was published before, for as long as the desired state demands (`keepOldRootFor`)
 *
 * Expired certificates are left out. If none remains (TLS is off, an issuer gives no CA), the ConfigMap stays unchanged: an empty trust store
 * would break the clients that load it.
 */

import { goDurationMs } from '#model/go-duration';
import { isEqual, KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { LABEL_KAFKA, trustName } from '#model/names';
import { certificateOf, type IssuerRef, issuerOf } from '#model/tls';
import { mountedCertificateSecret } from '../model/broker-pod';
import type { CaFacts, Observation, PodFacts } from '../model/observation';
import type { Finding } from '../model/plan';
import { TRUST_KEY, trustConfigMap, trustDigest } from '../model/trust-bundle';
import type { Bridge } from './bridge/phases';
import { issuerStateOf } from './issuers';
import { certificateSecret, type PlanInput } from './plan-input';

type Ca = CaFacts & { readonly pem: string };

/** Returns the CA certificates that clients must trust now, in the order in which they are written. */
export function casToTrust(input: PlanInput): readonly Ca[] {
  const { bundle, live, now } = input;
  if (bundle.tls === 'off') return [];
  const names = new Set([
    certificateOf(live.name, bundle.tls, 'server').secretName,
    ...live.pods.map((p) => p.certificateSecret),
    ...live.petSets.map((s) => mountedCertificateSecret(s.object.spec?.template?.spec)),
  ]);
  const held = live.secrets.filter((s) => names.has(s.name)).flatMap((s) => s.ca ?? []);
  const needed = [...held, ...(signingCa(input) ?? []), ...(input.dual?.roots ?? [])];
  const found = [...needed, ...(live.pods.every(isOfItsSecretsCa) ? keptCas(input, needed) : (live.trust?.ca ?? []))];
  const all = input.bridge === undefined ? [...found, ...rootsAbove(found, live)] : rootsOfChange(input.bridge, found, live);
  const usable = all.filter((ca): ca is Ca => ca.pem !== undefined && Date.parse(ca.notAfter) > now.getTime());
  const distinct = [...new Map(usable.map((ca) => [ca.fingerprint, ca])).values()];
  return distinct.sort((a, b) => inOrder(a.subject, b.subject) || inOrder(a.fingerprint, b.fingerprint));
}

/**
 * Returns until when CA certificates stay published that no pod serves. Counted from the latest instant at which the new ones can have got
 * there, and pods can have got them: the last write of the ConfigMap, and the issuance of the CA. It is never too early.
 */
function keptUntil(input: PlanInput): string | undefined {
  const { bundle, live } = input;
  const { keepOldRootFor } = bundle.desired;
  const { writtenAt } = live.trust ?? {};
  if (keepOldRootFor === undefined || bundle.tls === 'off') return undefined;
  const held = certificateSecret(live, bundle.tls, 'server');
  const facts = [...(writtenAt === undefined ? [] : [writtenAt]), ...(signingCa(input) ?? []).map((ca) => ca.notBefore)];
  const since = facts.length > 0 ? facts : held?.leaf === undefined ? [] : [held.leaf.notBefore];
  if (since.length === 0) return undefined;
  return new Date(Math.max(...since.map((t) => Date.parse(t))) + (goDurationMs(keepOldRootFor) ?? 0)).toISOString();
}

/** Returns the published CA certificates that no pod serves and that are kept. One that was issued again with its key is no other root. */
function keptCas(input: PlanInput, needed: readonly CaFacts[]): readonly CaFacts[] {
  const until = keptUntil(input);
  if (until === undefined || input.now.getTime() >= Date.parse(until)) return [];
  const isNeeded = (ca: CaFacts) => needed.some((n) => n.subject === ca.subject && n.publicKey === ca.publicKey);
  return (input.live.trust?.ca ?? []).filter((ca) => !isNeeded(ca));
}

/** Returns a note on the CA certificates that are published only because they are kept. */
export function keptCaNotes(input: PlanInput): readonly string[] {
  const { bundle, live } = input;
  const { keepOldRootFor: _, ...desired } = bundle.desired;
  const published = casToTrust(input).filter((ca) => live.trust?.ca.some((c) => c.fingerprint === ca.fingerprint) === true);
  const names = without(published, casToTrust({ ...input, bundle: { ...bundle, desired } }));
  return names.length === 0
    ? []
    : [`The trust bundle keeps ${names.join(', ')} until ${keptUntil(input)} (keepOldRootFor). No pod serves it.`];
}

/** While the root changes, clients need both roots, and never the bridge: OpenSSL trusts only what is self-signed. */
function rootsOfChange({ oldRoot, key }: Bridge, found: readonly CaFacts[], live: Observation): readonly CaFacts[] {
  const known = [...(live.trust?.ca ?? []), ...live.issuers.flatMap((i) => i.ca ?? [])];
  const both = known.filter((c) => c.publicKey === oldRoot.publicKey || c.publicKey === key);
  const roots = [...both, ...found, ...rootsAbove(found, live)].filter(isSelfSigned);
  // cert-manager makes the new root twice, with the same name and key. The published one stays.
  return [...new Map(roots.map((c) => [`${c.subject} ${c.publicKey}`, c] as const).reverse()).values()];
}

/** OpenSSL, and with it librdkafka, verifies up to a self-signed root, so a known root above is published, too. */
function rootsAbove(cas: readonly CaFacts[], live: Observation): readonly CaFacts[] {
  const known = [...live.secrets, ...live.issuers].flatMap(({ chain = [], ca = [] }) => [...chain, ...ca]).concat(live.trust?.ca ?? []);
  const above = new Set(cas);
  // The loop visits certificates that it adds.
  for (const below of above) for (const ca of known) if (!isSelfSigned(below) && below.signers?.includes(ca.publicKey)) above.add(ca);
  return [...above].filter(isSelfSigned);
}

function isSelfSigned({ signers, publicKey, subject, issuer }: CaFacts): boolean {
  return signers === undefined ? subject === issuer : signers.includes(publicKey);
}

/** Returns the names of the CA certificates that lead to no self-signed root among these. */
export function withoutRoot(cas: readonly CaFacts[]): readonly string[] {
  const leadsToRoot = (ca: CaFacts, tried: readonly CaFacts[] = []): boolean =>
    isSelfSigned(ca) ||
    cas.some((c) => c !== ca && !tried.includes(c) && ca.signers?.includes(c.publicKey) && leadsToRoot(c, [...tried, ca]));
  // Observations of earlier versions lack the signers.
  return cas.filter((ca) => ca.signers !== undefined && !leadsToRoot(ca)).map((ca) => ca.subject || ca.fingerprint.slice(0, 8));
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** A listener that could not be observed proves nothing. */
function isOfItsSecretsCa(pod: PodFacts): boolean {
  return pod.served.every((s) => s.protocol === 'plaintext' || s.isSignedBySecretCa === true);
}

/** Returns the issuer of the server certificate. */
export function serverIssuer({ bundle }: Pick<PlanInput, 'bundle'>): IssuerRef | undefined {
  return bundle.tls === 'off' ? undefined : issuerOf(bundle.tls, 'server');
}

/** Returns the CA of the issuer of the server certificate; undefined when it cannot be read now. */
export function signingCa(input: PlanInput): readonly CaFacts[] | undefined {
  const issuer = serverIssuer(input);
  return issuer === undefined ? undefined : issuerStateOf(input.live, issuer)?.ca;
}

/** Tells whether the ConfigMap can be written: it could be observed, and no other Kafka owns it. */
export function canPublish({ bundle, live }: PlanInput): boolean {
  return bundle.tls !== 'off' && live.trust !== undefined && otherKafka(live) === undefined;
}

/** Returns the other Kafka that owns the ConfigMap: the bundle of a Kafka named `orders-trust` has the name that `orders` would publish to. */
export function otherKafka({ trust, name }: Observation): string | undefined {
  const of = trust?.object?.metadata.labels?.[LABEL_KAFKA];
  return of === name ? undefined : of;
}

/** Returns the desired ConfigMap, or undefined where there is none. */
export function wantedTrustBundle(input: PlanInput): ReturnType<typeof trustConfigMap> | undefined {
  const { bundle, live } = input;
  const cas = casToTrust(input);
  const uid = live.kafka?.metadata.uid;
  if (!canPublish(input) || cas.length === 0 || uid === undefined || live.secrets.some((s) => s.unread !== undefined)) return undefined;
  return trustConfigMap(bundle.desired, uid, cas.map(described).join('\n'));
}

/** Readers of PEM skip text outside of its blocks, so a comment can name the certificate. */
function described({ subject, notAfter, pem }: Ca): string {
  const name = subject.replaceAll(/[^ -~]/g, '?').replaceAll(/-{2,}/g, '-');
  return `# ${name}, until ${notAfter}\n${pem}`;
}

/** Returns how the ConfigMap differs from the desired one, or undefined. */
export function trustBundleFinding(input: PlanInput): Finding | undefined {
  const wanted = wantedTrustBundle(input);
  const { object, digest } = input.live.trust ?? {};
  if (wanted === undefined) return undefined;
  const subject = trustBundleRef(input.live);
  if (object === undefined) return { subject, reason: 'TrustMissing', message: 'missing' };
  const message = trustDigest(wanted.data[TRUST_KEY]) === digest ? metadataDifference(wanted, object) : contentDifference(input);
  return message === undefined ? undefined : { subject, reason: 'TrustDiffers', message };
}

function contentDifference(input: PlanInput): string {
  const [wanted, has] = [casToTrust(input), input.live.trust?.ca ?? []];
  const lacking = without(wanted, has).map((name) => `lacks ${name}`);
  const surplus = without(has, wanted).map((name) => `holds ${name}, which no pod serves`);
  return [...lacking, ...surplus].join('; ') || `${TRUST_KEY} was edited`;
}

function without(some: readonly CaFacts[], others: readonly CaFacts[]): readonly string[] {
  return some.filter((ca) => !others.some((o) => o.fingerprint === ca.fingerprint)).map(named);
}

/** The fingerprint tells CAs with the same name apart. */
function named({ subject, fingerprint }: CaFacts): string {
  return `${subject || 'unnamed'} (${fingerprint.slice(0, 8)})`;
}

function metadataDifference({ metadata: wanted }: KubeObject, { metadata: has }: KubeObject): string | undefined {
  const isThere = (all: Readonly<Record<string, string>> = {}, some: Readonly<Record<string, string>> = {}) =>
    Object.entries(some).every(([key, value]) => all[key] === value);
  if (!isThere(has.labels, wanted.labels)) return 'metadata.labels differ';
  if (!isThere(has.annotations, wanted.annotations)) return 'metadata.annotations differ';
  const owners = has.ownerReferences ?? [];
  return (wanted.ownerReferences ?? []).every((o) => owners.some((other) => isEqual(o, other))) ? undefined : 'belongs to no Kafka';
}

/** Tells whether the ConfigMap holds every CA that clients must trust; true also where it cannot be written. */
export function isTrustBundleCurrent(input: PlanInput): boolean {
  if (wantedTrustBundle(input) === undefined) return true;
  return without(casToTrust(input), input.live.trust?.ca ?? []).length === 0;
}

/** Returns the reference of the ConfigMap. */
export function trustBundleRef({ namespace, name }: Observation): ObjectRef {
  return ref(KINDS.ConfigMap, namespace, trustName(name));
}
