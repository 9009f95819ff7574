/**
 * Which certificates will be issued anew by what is planned.
 *
 * cert-manager does not issue for every change of a Certificate: renewBefore, renewal, private key encoding, rotationPolicy, keystores and
 * secretTemplate are taken up at the next issuance, or applied to the Secret as it is. A Certificate that is made anew takes over the Secret
 * of a former one if that still fits; what does not fit about it is a finding of its own. Source: cert-manager's trigger policy chain.
 */
import { canonicalIpAddress } from '../../constructs/model/alternative-names';
import { differingFields } from '../../constructs/model/certificate-effect';
import { goDurationMs } from '../../constructs/model/go-duration';
import { isEqual } from '../../constructs/model/kube-object';
import { type Alias, defaultSecretName, sortedSet } from '../../constructs/model/tls';
import { type AliasFinding, type World, wantedCertificate } from './checks/world';

/** cert-manager compares these as sets of texts, in whatever order. It reads addresses first, and so does `canonicalIpAddress`. */
const LISTS = {
  dnsNames: asWritten,
  ipAddresses: canonicalIpAddress,
  uris: asWritten,
  emailAddresses: asWritten,
  usages: asWritten,
} as const;

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
  if (Object.entries(LISTS).some(([list, spelling]) => !isSameSet(has[list], wants[list], spelling))) return true;
  if (
    has.commonName !== wants.commonName ||
    differingFields({ subject: wants.subject ?? {} }, has).length > 0 ||
    differingFields({ subject: has.subject ?? {} }, wants).length > 0
  )
    return true;
  // cert-manager compares durations only when both sides give one.
  return has.duration !== undefined && wants.duration !== undefined && goDurationMs(has.duration) !== goDurationMs(wants.duration);
}

function issuerKey(issuer: { name?: string; kind?: string; group?: string } | undefined): object {
  return { name: issuer?.name, kind: issuer?.kind || 'Issuer', group: issuer?.group || 'cert-manager.io' };
}

function isSameSet(has: readonly string[] = [], wants: readonly string[] | undefined, spelling: (text: string) => string): boolean {
  return wants === undefined || isEqual(sortedSet(has.map(spelling)), sortedSet(wants.map(spelling)));
}

function asWritten(text: string): string {
  return text;
}
