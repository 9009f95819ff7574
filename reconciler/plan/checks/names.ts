/**
 * Desired names that an issued certificate lacks, because cert-manager has not issued it again yet or because the issuer drops them.
 * cert-manager compares requests only: it reports a certificate without dropped names Ready, and never issues it again.
 */

import { capabilitiesOf } from '#model/capabilities';
import { ALTERNATIVE_NAMES, type AlternativeNameField } from '#model/certificate-fields';
import { certificateOf, formatIssuerRef, issuerOf } from '#model/tls';
import { statusOf } from '#reconciler/model/object-status';
import type { Finding } from '#reconciler/model/plan';
import { type AliasFinding, type AliasView, aliasViews, finding, type PlanInput, wantedCertificate } from '../plan-input';

/** Returns the names for which cert-manager must still issue. */
export function secretLacksNames(view: AliasView): Finding | undefined {
  const dropped = droppedNames(view);
  const missing = missingNames(view, wantedNames(view)).filter((name) => !dropped.includes(name));
  return missing.length === 0 ? undefined : finding(view.subject, 'SecretLacksNames', `the issued certificate lacks ${missing.join(', ')}`);
}

/** Returns the requested names that an issuer has dropped. Issuing again helps only after the issuer has changed. */
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
