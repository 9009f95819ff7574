/**
 * Which certificates will be issued anew by what is planned.
 *
 * cert-manager does not issue for every change of a Certificate: `certificate-fields.ts` says for which. A Certificate that is made anew takes
 * over the Secret of a former one if that still fits; what does not fit about it is a finding of its own.
 */
import { KUBEDB_FIELDS, reissuingFields } from '../../constructs/model/certificate-fields';
import { type Alias, defaultSecretName } from '../../constructs/model/tls';
import { type AliasFinding, type World, wantedCertificate } from './checks/world';

/** Returns the aliases that get a new certificate for these findings. */
export function reissues(world: World, findings: readonly AliasFinding[]): ReadonlySet<Alias> {
  return new Set(findings.filter((f) => isReissuing(world, f)).map((f) => f.alias));
}

function isReissuing(world: World, { alias, reason }: AliasFinding): boolean {
  if (reason === 'CertificateMissing') return false;
  return reason === 'CertificateDiffers' ? changesIssuedFields(world, alias) : true;
}

/** Under `ops-request` KubeDB writes the Certificate, and what the TLS state does not decide stays as it is. */
function changesIssuedFields(world: World, alias: Alias): boolean {
  const has = world.live.certificates.find((c) => c.metadata.name === defaultSecretName(world.live.name, alias))?.spec ?? {};
  const fields = reissuingFields(has, wantedCertificate(world, alias).spec);
  return world.bundle.desired.executor === 'native' ? fields.length > 0 : fields.some((field) => KUBEDB_FIELDS.includes(field));
}
