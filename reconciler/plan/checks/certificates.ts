/** Layer 2: the broker Certificates. */

import { capabilitiesOf } from '#model/capabilities';
import { differingFields } from '#model/certificate-effect';
import type { Certificate } from '#model/kinds/index';
import { certificateOf, issuerOf } from '#model/tls';
import { statusOf } from '#reconciler/model/object-status';
import type { Finding } from '#reconciler/model/plan';
import { type AliasFinding, type AliasView, aliasViews, differ, finding, firstOf, type PlanInput, wantedCertificate } from '../plan-input';

const CERTIFICATE_CHECKS = [
  certificateIsMissing, // no other check applies then
  certificateDiffers, // its spec is not what the TLS state asks for
  certificateIsNotReady, // it is being issued, or cert-manager has not seen its latest generation
];

/** Returns how the broker Certificates differ from the desired state. */
export function certificateFindings(input: PlanInput): readonly AliasFinding[] {
  return aliasViews(input).flatMap((view) => firstOf(CERTIFICATE_CHECKS, view));
}

function certificateIsMissing({ certificate, subject }: AliasView): Finding | undefined {
  return certificate === undefined ? finding(subject, 'CertificateMissing', 'missing') : undefined;
}

function certificateDiffers(view: AliasView): Finding | undefined {
  const fields = certificateDifferences(view);
  if (fields.length === 0) return undefined;
  return finding(view.subject, 'CertificateDiffers', differ(fields.map((field) => `spec.${field}`)));
}

/**
 * Under `ops-request` KubeDB writes the Certificate and may add to it: only the fields of the Kafka's spec are compared. Under `native` the
 * reconciler writes it, and its lists must hold no more than the desired items.
 */
function certificateDifferences(view: AliasView): readonly string[] {
  const has = view.certificate?.spec;
  if (capabilitiesOf(view.bundle.desired).ownsCertificates)
    return differingFields(withoutUserLabels(view, wantedCertificate(view, view.alias).spec), has);
  return differingFields(askedFor(view), has, { mayHoldMore: true });
}

/** The user's labels on a Secret need no operation: `brokerLabelSteps` writes them. */
function withoutUserLabels({ bundle }: PlanInput, spec: Certificate['spec']): object {
  const { secretTemplate } = spec;
  const labels = Object.entries(secretTemplate?.labels ?? {}).filter(([key]) => bundle.desired.labels?.[key] === undefined);
  return { ...spec, secretTemplate: { ...secretTemplate, labels: Object.fromEntries(labels) } };
}

/** Returns the TLS state in cert-manager's fields, without renewBefore: KubeDB decides when its Certificates are renewed. */
function askedFor({ live, tls, alias }: AliasView): object {
  const { alias: _alias, issuerRef: _own, renewBefore: _renewal, ...fields } = certificateOf(live.name, tls, alias);
  const { name, kind, apiGroup } = issuerOf(tls, alias);
  return { ...fields, issuerRef: { name, kind, group: apiGroup } };
}

function certificateIsNotReady({ certificate, subject }: AliasView): Finding | undefined {
  const { state, reason } = statusOf(certificate);
  return state === 'Current' ? undefined : finding(subject, 'CertificateNotReady', reason);
}
