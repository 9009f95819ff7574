/**
 * Names that are wanted and that an issued certificate lacks: because cert-manager has not issued for them yet, or because the issuer leaves
 * them out. cert-manager compares what was asked for, calls such a certificate Ready, and never issues it again by itself.
 */
import { ALTERNATIVE_NAMES, type AlternativeNameField } from '#model/certificate-fields';
import { certificateOf, formatIssuerRef, issuerOf } from '#model/tls';
import { capabilitiesOf } from '#reconciler/executors/capabilities';
import { statusOf } from '#reconciler/model/object-status';
import type { Finding } from '#reconciler/model/plan';
import { type AliasFinding, type AliasView, aliasViews, finding, type PlanInput, wantedCertificate } from '../plan-input';

/** Returns which names cert-manager has still to issue for. */
export function secretLacksNames(view: AliasView): Finding | undefined {
  const dropped = droppedNames(view);
  const missing = missingNames(view, wantedNames(view)).filter((name) => !dropped.includes(name));
  return missing.length === 0 ? undefined : finding(view.subject, 'SecretLacksNames', `the issued certificate lacks ${missing.join(', ')}`);
}

/** Returns which names an issuer has left out of a certificate though it was asked for them. To issue again helps once the issuer has changed. */
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

/** Under `ops-request` KubeDB chooses the names of a Kafka: what its Certificate asks for has to be issued, and what the user asks for. */
function wantedNames(view: AliasView): readonly AlternativeNames[] {
  const { bundle, live, tls, alias, certificate } = view;
  if (capabilitiesOf(bundle.desired).ownsCertificates) return [wantedCertificate(view, alias).spec];
  return [certificate?.spec ?? {}, certificateOf(live.name, tls, alias)];
}

type AlternativeNames = { readonly [field in AlternativeNameField]?: readonly string[] };
