/**
 * Which CA certificates clients have to trust to reach every pod, and whether the ConfigMap that they mount holds just these.
 *
 *     now     those in the Secrets that pods mount, or will by their templates
 *     next    the one that the issuer of the server certificate signs with, and those in the Secret that it is issued into
 *     still   all that was exported before, until every pod is proven to serve a certificate of the others: once a Secret was issued anew,
 *             nothing else remembers what pods had loaded from it
 *
 *     above   the self-signed roots above these, where they are known
 *
 * What has expired is left out. Where nothing remains to be trusted (TLS is off, an issuer gives no CA) the ConfigMap stays as it is: a trust
 * store too many hurts nobody, and an empty one breaks whoever loads it.
 */
import { isEqual, KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { LABEL_KAFKA, trustName } from '#model/names';
import { certificateOf, type IssuerRef, issuerOf } from '#model/tls';
import { mountedCertificateSecret } from '../model/broker-pod';
import type { CaFacts, Observation, PodFacts } from '../model/observation';
import type { Finding } from '../model/plan';
import { TRUST_KEY, trustConfigMap, trustDigest } from '../model/trust-bundle';
import type { PlanInput } from './plan-input';

type Ca = CaFacts & { readonly pem: string };

/** Returns the CA certificates that clients have to trust as things stand, in the order in which they are written. */
export function casToTrust(input: PlanInput): readonly Ca[] {
  const { bundle, live, now } = input;
  if (bundle.tls === 'off') return [];
  const names = new Set([
    certificateOf(live.name, bundle.tls, 'server').secretName,
    ...live.pods.map((p) => p.certificateSecret),
    ...live.petSets.map((s) => mountedCertificateSecret(s.object.spec?.template?.spec)),
  ]);
  const held = live.secrets.filter((s) => names.has(s.name)).flatMap((s) => s.ca ?? []);
  const still = live.pods.every(isOfItsSecretsCa) ? [] : (live.trust?.ca ?? []);
  const found = [...held, ...(signingCa(input) ?? []), ...still];
  const all = [...found, ...rootsAbove(found, live)];
  const usable = all.filter((ca): ca is Ca => ca.pem !== undefined && Date.parse(ca.notAfter) > now.getTime());
  const distinct = [...new Map(usable.map((ca) => [ca.fingerprint, ca])).values()];
  return distinct.sort((a, b) => inOrder(a.subject, b.subject) || inOrder(a.fingerprint, b.fingerprint));
}

/** OpenSSL, and with it librdkafka, verifies up to a self-signed root only: one that is known goes along with what pods trust below it. */
function rootsAbove(cas: readonly CaFacts[], live: Observation): readonly CaFacts[] {
  const known = [...live.secrets, ...live.issuers].flatMap(({ chain = [], ca = [] }) => [...chain, ...ca]).concat(live.trust?.ca ?? []);
  const above = new Set(cas);
  // What is added on the way is looked at, too.
  for (const below of above) for (const ca of known) if (!isSelfSigned(below) && below.signers?.includes(ca.publicKey)) above.add(ca);
  return [...above].filter(isSelfSigned);
}

function isSelfSigned({ signers, publicKey, subject, issuer }: CaFacts): boolean {
  return signers === undefined ? subject === issuer : signers.includes(publicKey);
}

/** Returns the names of CA certificates that clients are given and that lead to no root among these. */
export function rootless(cas: readonly CaFacts[]): readonly string[] {
  const leadsToRoot = (ca: CaFacts, tried: readonly CaFacts[] = []): boolean =>
    isSelfSigned(ca) ||
    cas.some((c) => c !== ca && !tried.includes(c) && ca.signers?.includes(c.publicKey) && leadsToRoot(c, [...tried, ca]));
  // Observations of earlier versions do not say who has signed what.
  return cas.filter((ca) => ca.signers !== undefined && !leadsToRoot(ca)).map((ca) => ca.subject || ca.fingerprint.slice(0, 8));
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** What could not be seen is not proven. */
function isOfItsSecretsCa(pod: PodFacts): boolean {
  return pod.served.every((s) => s.protocol === 'plaintext' || s.isSignedBySecretCa === true);
}

/** Returns the issuer of what pods serve. */
export function serverIssuer({ bundle }: Pick<PlanInput, 'bundle'>): IssuerRef | undefined {
  return bundle.tls === 'off' ? undefined : issuerOf(bundle.tls, 'server');
}

/** Returns what the issuer of the server certificate signs with, or undefined when that cannot be read, or not yet. */
export function signingCa(input: PlanInput): readonly CaFacts[] | undefined {
  const issuer = serverIssuer(input);
  return input.live.issuers.find((i) => i.kind === issuer?.kind && i.name === issuer.name)?.ca;
}

/** Tells whether there is something to export to: a plan speaks only of what was looked at, and leaves what is somebody else's. */
export function canExport({ bundle, live }: PlanInput): boolean {
  return bundle.tls !== 'off' && live.trust !== undefined && otherKafka(live) === undefined;
}

/** Returns whose the ConfigMap is otherwise: a Kafka called `orders-trust` keeps its bundle where that of `orders` would export to. */
export function otherKafka({ trust, name }: Observation): string | undefined {
  const of = trust?.object?.metadata.labels?.[LABEL_KAFKA];
  return of === name ? undefined : of;
}

/** Returns the ConfigMap as it has to be, or undefined where none can be made. */
export function wantedTrust(input: PlanInput): KubeObject | undefined {
  const { bundle, live } = input;
  const cas = casToTrust(input);
  const uid = live.kafka?.metadata.uid;
  if (!canExport(input) || cas.length === 0 || uid === undefined || live.secrets.some((s) => s.unread !== undefined)) return undefined;
  return trustConfigMap(bundle.desired, uid, cas.map(described).join('\n'));
}

/** Readers of PEM skip what is outside of its blocks; people do not. */
function described({ subject, notAfter, pem }: Ca): string {
  const name = subject.replaceAll(/[^ -~]/g, '?').replaceAll(/-{2,}/g, '-');
  return `# ${name}, until ${notAfter}\n${pem}`;
}

/** Returns how the ConfigMap differs from what it has to be, or undefined. */
export function trustFinding(input: PlanInput): Finding | undefined {
  const wanted = wantedTrust(input);
  const { object, digest } = input.live.trust ?? {};
  if (wanted === undefined) return undefined;
  const subject = trustRef(input.live);
  if (object === undefined) return { subject, reason: 'TrustMissing', message: 'missing' };
  const message = trustDigest(wanted.data[TRUST_KEY]) === digest ? metadataDifference(wanted, object) : contentDifference(input);
  return message === undefined ? undefined : { subject, reason: 'TrustDiffers', message };
}

function contentDifference(input: PlanInput): string {
  const [wanted, has] = [casToTrust(input), input.live.trust?.ca ?? []];
  const lacking = without(wanted, has).map((name) => `lacks ${name}`);
  const surplus = without(has, wanted).map((name) => `holds ${name}, which no pod needs`);
  return [...lacking, ...surplus].join('; ') || `${TRUST_KEY} was edited`;
}

function without(some: readonly CaFacts[], others: readonly CaFacts[]): readonly string[] {
  return some.filter((ca) => !others.some((o) => o.fingerprint === ca.fingerprint)).map(named);
}

/** Two CAs may have one name. */
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

/** Tells whether clients have been told of every CA that they have to trust; what cannot be exported is not waited for. */
export function isTrustBundleCurrent(input: PlanInput): boolean {
  if (wantedTrust(input) === undefined) return true;
  const told = input.live.trust?.ca ?? [];
  return without(casToTrust(input), told).length === 0;
}

/** Returns the reference of the ConfigMap. */
export function trustRef({ namespace, name }: Observation): ObjectRef {
  return ref(KINDS.ConfigMap, namespace, trustName(name));
}
