/**
 * Which certificates will be issued anew by what is planned.
 *
 * cert-manager does not issue for every change of a Certificate: renewBefore, renewal, private key encoding, rotationPolicy, keystores and
 * secretTemplate are taken up at the next issuance, or applied to the Secret as it is. A Certificate that is made anew takes over the Secret
 * of a former one if that still fits; what does not fit about it is a finding of its own. Source: cert-manager's trigger policy chain.
 */
import { goDurationMs } from '../../constructs/model/go-duration';
import { isEqual } from '../../constructs/model/kube-object';
import { type Alias, defaultSecretName, sortedSet } from '../../constructs/model/tls';
import { type AliasFinding, type World, wantedCertificate } from './checks/world';

const LISTS = ['dnsNames', 'ipAddresses', 'uris', 'emailAddresses', 'usages'] as const;

/** Returns the aliases that get a new certificate for these findings. */
export function reissues(world: World, findings: readonly AliasFinding[]): ReadonlySet<Alias> {
  return new Set(findings.filter((f) => isReissuing(world, f)).map((f) => f.alias));
}

function isReissuing(world: World, { alias, reason }: AliasFinding): boolean {
  if (reason === 'CertificateMissing') return false;
  return reason === 'CertificateDiffers' ? changesIssuedFields(world, alias) : true;
}

function changesIssuedFields(world: World, alias: Alias): boolean {
  const has = world.live.certificates.find((c) => c.metadata.name === defaultSecretName(world.live.name, alias))?.spec ?? {};
  const wants = wantedCertificate(world, alias).spec;
  if (has.secretName !== wants.secretName) return true;
  if (!isEqual(issuerKey(has.issuerRef), issuerKey(wants.issuerRef))) return true;
  if (LISTS.some((list) => wants[list] !== undefined && !isEqual(sortedSet(has[list] ?? []), sortedSet(wants[list])))) return true;
  if (has.commonName !== wants.commonName || !isEqual(has.subject ?? {}, wants.subject ?? {})) return true;
  // cert-manager compares durations only when both sides give one.
  return has.duration !== undefined && wants.duration !== undefined && goDurationMs(has.duration) !== goDurationMs(wants.duration);
}

function issuerKey(issuer: { name?: string; kind?: string; group?: string } | undefined): object {
  return { name: issuer?.name, kind: issuer?.kind || 'Issuer', group: issuer?.group || 'cert-manager.io' };
}
