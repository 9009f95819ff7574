/** The Secret of a Certificate. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { attributeValues, parseDistinguishedName } from '#model/distinguished-name';
import type { KubeObject } from '#model/kube-object';
import { decoded, encoded, objectOf } from '../context';
import { type Certificate, KINDS, type Secret } from '../kinds';
import { javaKeyStore } from '../pki/jks';
import { splitPem } from '../pki/x509';

/** An issued certificate with its key, in PEM. */
export interface Issued {
  readonly key: string;
  /** Leaf, then intermediates. */
  readonly certificate: string;
  readonly ca: string;
}

export interface SecretOptions {
  readonly issued: Issued;
  /** The Secret as it is. Its type is kept. */
  readonly existing: Secret | undefined;
  /** Password of the Java key stores. */
  readonly password: string | undefined;
  /** Every issuance writes new Java key stores, and so does a write between issuances. */
  readonly isNew: boolean;
  readonly now: Date;
}

/** Returns the complete Secret of a Certificate, to be applied. */
export function targetSecret(certificate: Certificate, options: SecretOptions): KubeObject {
  const { secretName, secretTemplate, additionalOutputFormats = [] } = certificate.spec;
  const { issued, existing } = options;
  const has = (format: string) => additionalOutputFormats.some(({ type }) => type === format);
  const metadata = {
    name: secretName,
    namespace: certificate.metadata.namespace ?? '',
    labels: { 'controller.cert-manager.io/fao': 'true', ...secretTemplate?.labels },
    annotations: { ...secretTemplate?.annotations, ...annotationsOf(certificate) },
  };
  return objectOf(KINDS.Secret, metadata, {
    type: existing?.type ?? 'kubernetes.io/tls',
    data: {
      ...encoded({ 'tls.crt': issued.certificate, 'tls.key': issued.key }),
      ...(issued.ca === '' ? {} : encoded({ 'ca.crt': issued.ca })),
      ...(has('CombinedPEM') ? encoded({ 'tls-combined.pem': `${issued.key}${issued.certificate}` }) : {}),
      ...(has('DER') ? { 'key.der': derOfKey(issued.key).toString('base64') } : {}),
      ...javaStores(certificate, options),
    },
  });
}

/**
 * Tells whether the Secret has everything but other trusted certificates: whether `ca.crt` is what the issuer gave, or what the stores hold, is
 * not looked at. If anything is missing, all of it is written, with stores of what `ca.crt` holds by then.
 */
export function isComplete(existing: Secret, target: KubeObject): boolean {
  const has = (some: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>> = {}) =>
    Object.entries(wanted).every(([key, value]) => some[key] === value);
  const { labels, annotations } = existing.metadata;
  const keys = Object.keys((target as Secret).data ?? {});
  return (
    has(labels, target.metadata.labels) &&
    has(annotations, target.metadata.annotations) &&
    keys.every((key) => existing.data?.[key] !== undefined)
  );
}

/** Returns the certificate and key that a Secret holds. */
export function issuedOf(secret: Secret): Issued {
  const data = decoded(secret);
  return { key: data['tls.key'] ?? '', certificate: data['tls.crt'] ?? '', ca: data['ca.crt'] ?? '' };
}

function javaStores({ spec }: Certificate, { issued, existing, password, isNew, now }: SecretOptions): Record<string, string> {
  const { jks } = spec.keystores ?? {};
  if (jks?.create !== true || password === undefined) return {};
  const { 'keystore.jks': keystore, 'truststore.jks': truststore } = existing?.data ?? {};
  if (!isNew && keystore !== undefined && truststore !== undefined) return { 'keystore.jks': keystore, 'truststore.jks': truststore };
  const derOf = (pem: string) => new X509Certificate(pem).raw;
  const trusted = splitPem(issued.ca).map((pem, i) => ({ alias: i === 0 ? 'ca' : `ca-${i}`, certificate: derOf(pem) }));
  const own = { alias: jks.alias ?? 'certificate', key: derOfKey(issued.key), chain: splitPem(issued.certificate).map(derOf) };
  return {
    'keystore.jks': javaKeyStore([own, ...trusted], password, now).toString('base64'),
    ...(trusted.length === 0 ? {} : { 'truststore.jks': javaKeyStore(trusted, password, now).toString('base64') }),
  };
}

function derOfKey(pem: string): Buffer {
  return createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
}

/** Returns the annotations that describe the issued certificate. At that time, it agrees with the spec. */
function annotationsOf({ metadata, spec }: Certificate): Record<string, string> {
  const { issuerRef, dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [], subject = {} } = spec;
  const always = {
    'certificate-name': metadata.name,
    'issuer-name': issuerRef.name,
    'issuer-kind': issuerRef.kind ?? 'Issuer',
    'issuer-group': issuerRef.group ?? 'cert-manager.io',
    'common-name': commonNameOf(spec),
    'alt-names': dnsNames.join(),
    'ip-sans': ipAddresses.join(),
    'uri-sans': uris.join(),
  };
  const optional = [
    ...Object.entries(subject).map(([field, value]) => [`subject-${field.toLowerCase()}`, [value].flat().join()] as const),
    ['email-sans', emailAddresses.join()] as const,
  ].filter(([, value]) => value !== '');
  return Object.fromEntries([...Object.entries(always), ...optional].map(([key, value]) => [`cert-manager.io/${key}`, value]));
}

function commonNameOf({ commonName = '', literalSubject }: Certificate['spec']): string {
  const name = literalSubject === undefined ? [] : parseDistinguishedName(literalSubject);
  return (typeof name === 'string' ? undefined : attributeValues(name, 'CN').at(-1)) ?? commonName;
}
