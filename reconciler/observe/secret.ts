/** Facts about a Secret without its values: its keys and the content of its certificates. Only this file decodes Secrets. */
import type { Secret } from '#model/kinds/index';
import { isMap } from '#model/kube-object';
import { ANNOTATION_TRUST } from '#model/names';
import { withoutPasswords } from '../model/broker-pod';
import type { CaFacts, CaProblem, CertificateFacts, IssuerState, ProbeAnswer, SecretFacts } from '../model/observation';
import { chainUp, isSignedBy, keyEncodingOf, readCas, readCertificates, signersOf } from '../pki/certificates';
import { trustedIn } from '../pki/trust-store';

/** Returns the facts about a Secret. Only annotations of cert-manager are kept: others can contain a copy of the data. */
export function secretFacts(secret: Secret): SecretFacts {
  const chain = decodedOf(secret, 'tls.crt');
  const ca = decodedOf(secret, 'ca.crt');
  const read = chain === undefined ? undefined : readCas(chain);
  const readCa = ca === undefined ? undefined : readCas(ca);
  const [first, ...others] = read?.certificates ?? [];
  const keyEncoding = keyEncodingOf(decodedOf(secret, 'tls.key') ?? '');
  const unreadable = [problem('tls.crt', read?.unreadable), problem('ca.crt', readCa?.unreadable)]
    .filter((p) => p !== undefined)
    .join('; ');
  return {
    name: secret.metadata.name,
    uid: secret.metadata.uid ?? '',
    resourceVersion: secret.metadata.resourceVersion ?? '',
    keys: Object.keys(secret.data ?? {}).sort(),
    annotations: Object.fromEntries(
      Object.entries(secret.metadata.annotations ?? {}).filter(([key]) => key.startsWith('cert-manager.io/')),
    ),
    ...(first === undefined ? {} : { leaf: leafFacts(first, [...others, ...(readCa?.certificates ?? [])]), chain: others }),
    ...(readCa === undefined ? {} : { ca: readCa.certificates }),
    ...addedTrust(secret),
    ...(first === undefined || ca === undefined ? {} : { isSignedByCa: isSignedBy(chain ?? '', ca) }),
    ...(keyEncoding === undefined ? {} : { keyEncoding }),
    ...(unreadable === '' ? {} : { unreadable }),
  };
}

function addedTrust(secret: Secret): Pick<SecretFacts, 'addedTrust'> {
  const pem = secret.metadata.annotations?.[ANNOTATION_TRUST];
  if (pem === undefined) return {};
  const store = secret.data?.['truststore.jks'];
  const stored = store === undefined ? undefined : trustedIn(Buffer.from(store, 'base64'));
  const writtenAt = dataWrittenAt(secret);
  return {
    addedTrust: {
      roots: readCas(pem).certificates,
      ...(stored === undefined ? {} : { stored }),
      ...(writtenAt === undefined ? {} : { writtenAt }),
    },
  };
}

function dataWrittenAt({ metadata: { managedFields = [] } }: Secret): string | undefined {
  const writes = managedFields.flatMap((entry: unknown) => {
    const isOfData = isMap(entry) && isMap(entry.fieldsV1) && entry.fieldsV1['f:data'] !== undefined;
    return isOfData && typeof entry.time === 'string' ? [entry.time] : [];
  });
  return writes.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

/** Returns the facts about a Secret that may not be read. */
export function unreadSecret([name, unread]: readonly [string, string]): SecretFacts {
  return { name, uid: '', resourceVersion: '', keys: [], annotations: {}, unread };
}

function leafFacts({ pem = '', ...leaf }: CaFacts, above: readonly CaFacts[]): CertificateFacts {
  return { ...leaf, signers: signersOf(pem, above) };
}

function problem(key: string, unreadable: string | undefined): string | undefined {
  return unreadable === undefined ? undefined : `${key}: ${unreadable}`;
}

/** Returns the PEM of the CA certificates that a pod with this Secret trusts. */
export function trustOf(secret: Secret | undefined): readonly string[] {
  const ca = secret === undefined ? undefined : decodedOf(secret, 'ca.crt');
  return ca === undefined ? [] : [ca];
}

/**
 * Returns the CA certificates that a CA issuer with this Secret adds to its leaves. cert-manager orders the certificates of `tls.crt` and
 * the first one of `ca.crt` by their signatures. The highest one becomes `ca.crt` of a leaf. The others follow the leaf in `tls.crt`, and so
 * does the highest one unless it is self-signed. Empty if there is no certificate or if they form no single chain: cert-manager then
 * refuses to sign.
 */
export function signingCa(secret: Secret): Pick<IssuerState, 'ca' | 'chain' | 'caPublicKeys'> {
  const [own] = readCas(decodedOf(secret, 'tls.crt') ?? '').certificates;
  const [highest] = readCas(decodedOf(secret, 'ca.crt') ?? '').certificates;
  const path = own?.pem === undefined ? undefined : chainUp(own.pem, `${decodedOf(secret, 'tls.crt')}\n${highest?.pem ?? ''}`);
  const top = path?.at(-1);
  if (path === undefined || top === undefined) return {};
  const isSelfSigned = signersOf(top.pem ?? '', [top]).length > 0;
  return { caPublicKeys: [top.publicKey], ca: [top], chain: isSelfSigned ? path.slice(0, -1) : path };
}

/** Returns the same from an issuer's answer to a certificate request. */
export function answeredCa(answer: ProbeAnswer): Pick<IssuerState, 'ca' | 'chain' | 'caPublicKeys' | 'probeFailure'> {
  if ('failure' in answer) return { probeFailure: answer.failure };
  const ca = readCas(answer.ca).certificates;
  const [, ...chain] = readCas(answer.certificate).certificates;
  if (ca.length === 0) return { probeFailure: 'its answer holds no CA certificate' };
  return { caPublicKeys: ca.map((c) => c.publicKey), ca, chain };
}

/** Returns why cert-manager cannot sign with this Secret of a CA issuer, apart from dates; undefined if it can. */
export function caProblem(secret: Secret | undefined): CaProblem | undefined {
  if (secret === undefined) return { problem: 'does not exist', isFinal: false };
  const missing = ['tls.crt', 'tls.key'].filter((key) => !decodedOf(secret, key));
  if (missing.length > 0) return { problem: `lacks ${missing.join(' and ')}`, isFinal: false };
  const { certificates, unreadable } = readCertificates(decodedOf(secret, 'tls.crt') ?? '');
  const [own] = certificates;
  if (own === undefined) return { problem: `has a tls.crt that cannot be read: ${unreadable}`, isFinal: true };
  if (!own.isCa) return { problem: `holds the certificate of no CA (${own.subject || 'unnamed'})`, isFinal: true };
  if (signingCa(secret).ca !== undefined) return undefined;
  return {
    problem: 'holds certificates that make no single chain (tls.crt, then ca.crt): cert-manager signs nothing with it',
    isFinal: true,
  };
}

/** Returns the configuration in a Secret, without the lines that hold a password or a login. */
export function configOf(secret: Secret): Readonly<Record<string, string>> {
  const keys = Object.keys(secret.data ?? {}).sort();
  return Object.fromEntries(keys.map((key) => [key, withoutPasswords(decodedOf(secret, key) ?? '')]));
}

function decodedOf(secret: Secret, key: string): string | undefined {
  const value = secret.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
