/** Layer 2: the broker Certificates. */
import { goDurationMs } from '../../../constructs/model/go-duration';
import { certificateOf } from '../../../constructs/model/tls';
import { statusOf } from '../../status';
import type { Finding } from '../nouns';
import { type AliasFinding, type AliasView, aliasViews, finding, firstOf, type World, wantedCertificate } from './world';

const CERTIFICATE_CHECKS = [
  certificateIsMissing, // nothing else can be said of it then
  certificateDiffers, // its spec is not what the TLS state asks for
  certificateIsNotReady, // it is being issued, or cert-manager has not seen its latest generation
];

/** Returns what of the broker Certificates is not as desired. */
export function certificateFindings(world: World): readonly AliasFinding[] {
  return aliasViews(world).flatMap((view) => firstOf(CERTIFICATE_CHECKS, view));
}

function certificateIsMissing({ certificate, subject }: AliasView): Finding | undefined {
  return certificate === undefined ? finding(subject, 'CertificateMissing', 'missing') : undefined;
}

function certificateDiffers(view: AliasView): Finding | undefined {
  const fields = certificateDifferences(view);
  if (fields.length === 0) return undefined;
  return finding(view.subject, 'CertificateDiffers', `spec.${fields.join(', spec.')} differ${fields.length === 1 ? 's' : ''}`);
}

/** Under `ops-request` KubeDB writes the Certificate: only what the Kafka's spec says of it is held against it. */
const OPS_REQUEST_FIELDS = ['secretName', 'issuerRef', 'dnsNames', 'ipAddresses', 'uris', 'emailAddresses', 'subject'];

function certificateDifferences(view: AliasView): readonly string[] {
  const wanted = wantedCertificate(view, view.alias).spec;
  const has = view.certificate?.spec ?? {};
  const isNative = view.bundle.desired.executor === 'native';
  const isUsersDuration = certificateOf(view.live.name, view.tls, view.alias).duration !== undefined;
  const fields = isNative ? Object.keys(wanted) : [...OPS_REQUEST_FIELDS, ...(isUsersDuration ? ['duration'] : [])];
  return fields.filter((f) => wanted[f] !== undefined && !holds(f, has[f], wanted[f], isNative));
}

function holds(field: string, has: unknown, wanted: unknown, isExact: boolean): boolean {
  if (field === 'duration' || field === 'renewBefore') return goDurationMs(String(has)) === goDurationMs(String(wanted));
  if (Array.isArray(wanted)) {
    const live = new Set(Array.isArray(has) ? has : []);
    return wanted.every((item) => live.has(item)) && (!isExact || live.size === new Set(wanted).size);
  }
  if (typeof wanted === 'object' && wanted !== null) {
    // A server adds defaults to what was sent; only what was asked for is compared.
    return Object.entries(wanted).every(([key, value]) => holds(key, (has as Record<string, unknown> | undefined)?.[key], value, isExact));
  }
  return has === wanted;
}

function certificateIsNotReady({ certificate, subject }: AliasView): Finding | undefined {
  const { state, reason } = statusOf(certificate);
  return state === 'Current' ? undefined : finding(subject, 'CertificateNotReady', reason);
}
