/**
 * Which certificates are issued again by what is planned.
 *
 * cert-manager does not issue for every change of a Certificate: `certificate-fields.ts` lists the fields. A new Certificate takes over the
 * Secret of an earlier one if the Secret still fits; a separate finding reports what does not fit.
 */

import { capabilitiesOf } from '#model/capabilities';
import { reissuingFields } from '#model/certificate-effect';
import { KUBEDB_FIELDS } from '#model/certificate-fields';
import { type Alias, brokerCertificateName } from '#model/tls';
import { type AliasFinding, type PlanInput, wantedCertificate } from './plan-input';

/** Returns the aliases that get a new certificate for these findings. */
export function reissues(input: PlanInput, findings: readonly AliasFinding[]): ReadonlySet<Alias> {
  return new Set(findings.filter((f) => isReissuing(input, f)).map((f) => f.alias));
}

function isReissuing(input: PlanInput, { alias, reason }: AliasFinding): boolean {
  if (reason === 'CertificateMissing') return false;
  return reason === 'CertificateDiffers' ? changesIssuedFields(input, alias) : true;
}

/** A Certificate that KubeDB writes keeps the fields that the TLS state does not decide. */
function changesIssuedFields(input: PlanInput, alias: Alias): boolean {
  const has = input.live.certificates.find((c) => c.metadata.name === brokerCertificateName(input.live.name, alias))?.spec ?? {};
  const fields = reissuingFields(has, wantedCertificate(input, alias).spec);
  return capabilitiesOf(input.bundle.desired).ownsCertificates ? fields.length > 0 : fields.some((field) => KUBEDB_FIELDS.includes(field));
}
