/** Layer 3: the Secrets of the broker certificates, and whether their leaves are too old. */

import { capabilitiesOf } from '#model/capabilities';
import { ALTERNATIVE_NAMES, type AlternativeNameField } from '#model/certificate-fields';
import { formatKeyKind, keyKindOf } from '#model/key-kind';
import { isEqual } from '#model/kube-object';
import { certificateOf, formatIssuerRef, issuerOf } from '#model/tls';
import { statusOf } from '#reconciler/model/object-status';
import type { CertificateFacts } from '#reconciler/model/observation';
import type { Finding } from '#reconciler/model/plan';
import { issuerStateOf } from '../issuers';
import { type AliasFinding, type AliasView, aliasViews, finding, firstOf, type PlanInput, wantedCertificate } from '../plan-input';
import { caIsExpiring, caIsTooOld, marginMs } from './cas';

/**
 * How long before `issuedAfter` a leaf may have been issued and still count, in milliseconds. cert-manager's own issuers use the present time
 * in whole seconds; others, such as Vault, backdate against clock skew.
 */
const TOLERANCE_MS = { ownIssuer: 1_000, otherIssuer: 60_000 };

const SECRET_CHECKS = [
  secretIsMissing, // cert-manager makes it
  secretIsIncomplete, // a pod that mounts it could not start
  secretDistrustsItself, // a pod that mounts it could talk to no peer
  secretIsFromOtherIssuer, // the issuer was changed and nothing issued since
  secretLacksNames, // names were added and nothing issued since
  secretHasOtherKey, // another kind of key is wanted and nothing issued since
];

const ROTATION_CHECKS = [
  keyEncodingDiffers, // cert-manager applies another encoding only at the next issuance
  certificateIsTooOld, // issued before issuedAfter
  certificateIsExpiring, // closer to its end than beforeExpiry
  caIsTooOld, // the CA was replaced since, and issuedAfter asks for that
  caIsExpiring, // the CA was renewed since, and the one that came with the leaf expires
];

/** Returns how the Secrets of the broker certificates differ from the desired state. */
export function secretFindings(input: PlanInput): readonly AliasFinding[] {
  return aliasViews(input).flatMap((view) => firstOf(SECRET_CHECKS, view));
}

/** Returns leaf certificates that must be replaced although cert-manager would not: too old ones, and ones in another key encoding. */
export function rotationFindings(input: PlanInput): readonly AliasFinding[] {
  return aliasViews(input).flatMap((view) => firstOf(ROTATION_CHECKS, view));
}

/** Keys of a certificate's Secret that a pod mounts. */
export const REQUIRED_KEYS = ['ca.crt', 'tls.crt', 'tls.key', 'keystore.jks', 'truststore.jks'];

function secretIsMissing({ secret, subject }: AliasView): Finding | undefined {
  return secret === undefined ? finding(subject, 'SecretMissing', 'its Secret is missing') : undefined;
}

function secretIsIncomplete({ secret, subject }: AliasView): Finding | undefined {
  if (secret === undefined || secret.unread !== undefined) return undefined;
  const missing = REQUIRED_KEYS.filter((key) => !secret.keys.includes(key));
  if (missing.length > 0) return finding(subject, 'SecretIncomplete', `Secret ${secret.name} lacks ${missing.join(', ')}`);
  if (secret.leaf === undefined)
    return finding(subject, 'SecretIncomplete', `Secret ${secret.name}: ${secret.unreadable ?? 'no certificate'}`);
  return undefined;
}

function secretDistrustsItself({ secret, subject }: AliasView): Finding | undefined {
  if (secret?.isSignedByCa !== false) return undefined;
  return finding(subject, 'SecretIncomplete', `Secret ${secret.name}: its ca.crt has not signed its tls.crt`);
}

function secretIsFromOtherIssuer({ secret, subject, tls, alias }: AliasView): Finding | undefined {
  const wanted = issuerOf(tls, alias);
  const name = secret?.annotations['cert-manager.io/issuer-name'];
  const kind = secret?.annotations['cert-manager.io/issuer-kind'] || 'Issuer';
  if (name === undefined || (name === wanted.name && kind === wanted.kind)) return undefined;
  return finding(subject, 'SecretFromOtherIssuer', `its Secret was issued by ${kind}/${name}, wanted ${formatIssuerRef(wanted)}`);
}

/** Under `ops-request` KubeDB chooses the kind of key. */
function secretHasOtherKey(view: AliasView): Finding | undefined {
  const { secret, subject, alias, bundle } = view;
  const has = secret?.leaf?.keyKind;
  if (has === undefined || !capabilitiesOf(bundle.desired).ownsCertificates) return undefined;
  const wanted = keyKindOf(wantedCertificate(view, alias).spec.privateKey);
  if (isEqual(has, wanted)) return undefined;
  return finding(subject, 'SecretHasOtherKey', `its Secret holds a key of kind ${formatKeyKind(has)}, wanted ${formatKeyKind(wanted)}`);
}

function keyEncodingDiffers({ secret, subject, tls, alias, live }: AliasView): Finding | undefined {
  const wanted = certificateOf(live.name, tls, alias).privateKey?.encoding;
  if (wanted === undefined || secret?.keyEncoding === undefined || secret.keyEncoding === wanted) return undefined;
  return finding(subject, 'KeyEncodingDiffers', `its key is written in ${secret.keyEncoding}, wanted ${wanted}`);
}

function certificateIsTooOld(view: AliasView): Finding | undefined {
  const { secret, subject, bundle, now } = view;
  const after = bundle.desired.issuedAfter;
  if (after === undefined || secret?.leaf === undefined || Date.parse(after) > now.getTime()) return undefined;
  if (Date.parse(secret.leaf.notBefore) >= Date.parse(after) - toleranceMs(view)) return undefined;
  return finding(subject, 'CertificateTooOld', `issued ${secret.leaf.notBefore}, issuedAfter is ${after}`);
}

function toleranceMs({ live, tls, alias }: AliasView): number {
  const spec = issuerStateOf(live, issuerOf(tls, alias))?.object?.spec;
  return spec?.ca !== undefined || spec?.selfSigned !== undefined ? TOLERANCE_MS.ownIssuer : TOLERANCE_MS.otherIssuer;
}

function certificateIsExpiring({ secret, subject, bundle, now }: AliasView): Finding | undefined {
  if (secret?.leaf === undefined) return undefined;
  const due = rotationDue(secret.leaf, bundle.desired.beforeExpiry);
  if (now.getTime() < due) return undefined;
  const { beforeExpiry } = bundle.desired;
  const { notAfter } = secret.leaf;
  if (Date.parse(notAfter) <= now.getTime()) return finding(subject, 'CertificateExpiring', `expired ${notAfter}`);
  const limit = due === rotationDue(secret.leaf, undefined) ? 'a third of its lifetime' : beforeExpiry;
  return finding(subject, 'CertificateExpiring', `expires ${notAfter}, less than ${limit} is left`);
}

/** Returns the instant, in milliseconds since the epoch, from which a leaf is too close to its expiry. */
export function rotationDue(leaf: CertificateFacts, beforeExpiry: string | undefined): number {
  return Date.parse(leaf.notAfter) - marginMs(leaf, beforeExpiry);
}

/** Returns the names for which cert-manager must still issue. */
export function secretLacksNames(view: AliasView): Finding | undefined {
  const dropped = droppedNames(view);
  const missing = missingNames(view, wantedNames(view)).filter((name) => !dropped.includes(name));
  return missing.length === 0 ? undefined : finding(view.subject, 'SecretLacksNames', `the issued certificate lacks ${missing.join(', ')}`);
}

/**
 * Returns the requested names that an issuer has dropped: cert-manager compares requests only, reports a certificate without them Ready, and
 * never issues it again. Issuing again helps only after the issuer has changed.
 */
export function droppedNameFindings(input: PlanInput): readonly AliasFinding[] {
  return aliasViews(input).flatMap((view) => {
    const dropped = droppedNames(view);
    if (dropped.length === 0) return [];
    const issuer = formatIssuerRef(issuerOf(view.tls, view.alias));
    const message = `${issuer} dropped ${dropped.join(', ')}: the issued certificate lacks what was asked for`;
    return [{ ...finding(view.subject, 'IssuerDropsNames', message), alias: view.alias }];
  });
}

function droppedNames(view: AliasView): readonly string[] {
  const { certificate } = view;
  if (certificate === undefined || statusOf(certificate).state !== 'Current') return [];
  return missingNames(view, [certificate.spec ?? {}]).filter((name) => missingNames(view, wantedNames(view)).includes(name));
}

function missingNames({ secret }: AliasView, wanted: readonly AlternativeNames[]): readonly string[] {
  const leaf = secret?.leaf;
  if (leaf === undefined) return [];
  return ALTERNATIVE_NAMES.flatMap(({ field, canonicalName }) => {
    const issued = new Set(leaf[field].map(canonicalName));
    const names = new Set(wanted.flatMap((spec) => spec[field] ?? []));
    return [...names].filter((name) => !issued.has(canonicalName(name)));
  });
}

/** Under `ops-request` KubeDB chooses the names of a Kafka: the names of its Certificate and those of the user must be issued. */
function wantedNames(view: AliasView): readonly AlternativeNames[] {
  const { bundle, live, tls, alias, certificate } = view;
  if (capabilitiesOf(bundle.desired).ownsCertificates) return [wantedCertificate(view, alias).spec];
  return [certificate?.spec ?? {}, certificateOf(live.name, tls, alias)];
}

type AlternativeNames = { readonly [field in AlternativeNameField]?: readonly string[] };
