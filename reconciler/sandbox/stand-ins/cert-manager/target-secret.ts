/** The Secret that a Certificate is written to. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { attributeValues, parseDistinguishedName } from '#model/distinguished-name';
import { KINDS, type KubeObject } from '#model/kube-object';
import { javaKeyStore } from '../pki/jks';
import { keyToPem } from '../pki/keys';
import { splitPem } from '../pki/x509';
import { decoded, encoded } from '../world';

/** What was issued. */
export interface Issued {
  readonly key: string;
  /** Leaf, then intermediates. */
  readonly certificate: string;
  readonly ca: string;
}

export interface SecretOptions {
  readonly issued: Issued;
  /** The Secret as it is; its type is kept. */
  readonly existing: KubeObject | undefined;
  /** Password of the Java key stores, when there are to be any. */
  readonly password: string | undefined;
  /** Java key stores are written at every issuance, and otherwise only when they are missing. */
  readonly isNew: boolean;
  readonly now: Date;
}

/** Returns the Secret of a Certificate, complete, as it is applied. */
export function targetSecret(certificate: KubeObject, options: SecretOptions): KubeObject {
  const { secretName, secretTemplate, additionalOutputFormats = [] } = certificate.spec;
  const { issued, existing, now } = options;
  const has = (type: string) => additionalOutputFormats.some((f: { type: string }) => f.type === type);
  return {
    apiVersion: KINDS.Secret.apiVersion,
    kind: KINDS.Secret.kind,
    metadata: {
      name: secretName,
      namespace: certificate.metadata.namespace ?? '',
      labels: { 'controller.cert-manager.io/fao': 'true', ...secretTemplate?.labels },
      annotations: { ...secretTemplate?.annotations, ...annotationsOf(certificate) },
    },
    type: existing?.type ?? 'kubernetes.io/tls',
    data: {
      ...encoded({ 'tls.crt': issued.certificate, 'tls.key': issued.key, ...(issued.ca === '' ? {} : { 'ca.crt': issued.ca }) }),
      ...(has('CombinedPEM') ? encoded({ 'tls-combined.pem': `${issued.key}${issued.certificate}` }) : {}),
      ...(has('DER') ? { 'key.der': createPrivateKey(issued.key).export({ type: 'pkcs8', format: 'der' }).toString('base64') } : {}),
      ...javaStores(certificate, options, now),
    },
  };
}

/** Returns what an existing Secret was issued. */
export function issuedOf(secret: KubeObject): Issued {
  const data = decoded(secret);
  return { key: data['tls.key'] ?? '', certificate: data['tls.crt'] ?? '', ca: data['ca.crt'] ?? '' };
}

/** Returns a private key as a Certificate wants it written. */
export function encodeKey(certificate: KubeObject, key: Parameters<typeof keyToPem>[0]): string {
  return keyToPem(key, certificate.spec.privateKey?.encoding ?? 'PKCS1');
}

function javaStores(certificate: KubeObject, { issued, existing, password, isNew }: SecretOptions, now: Date): Record<string, string> {
  if (certificate.spec.keystores?.jks?.create !== true || password === undefined) return {};
  const { 'keystore.jks': keystore, 'truststore.jks': truststore } = existing?.data ?? {};
  if (!isNew && keystore !== undefined && truststore !== undefined) return { 'keystore.jks': keystore, 'truststore.jks': truststore };
  const key = createPrivateKey(issued.key).export({ type: 'pkcs8', format: 'der' });
  const der = (pem: string) => new X509Certificate(pem).raw;
  const trusted = splitPem(issued.ca).map((pem, i) => ({ alias: i === 0 ? 'ca' : `ca-${i}`, certificate: der(pem) }));
  const own = { alias: certificate.spec.keystores.jks.alias ?? 'certificate', key, chain: splitPem(issued.certificate).map(der) };
  return {
    'keystore.jks': javaKeyStore([own, ...trusted], password, now).toString('base64'),
    ...(trusted.length === 0 ? {} : { 'truststore.jks': javaKeyStore(trusted, password, now).toString('base64') }),
  };
}

const SUBJECT_ANNOTATIONS = [
  'organizations',
  'organizationalUnits',
  'countries',
  'provinces',
  'localities',
  'postalCodes',
  'streetAddresses',
  'serialNumber',
] as const;

/** They tell of the certificate as it was issued. A Secret is only written when that is what the spec says. */
function annotationsOf(certificate: KubeObject): Record<string, string> {
  const { name } = certificate.metadata;
  const { issuerRef, dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [], subject = {} } = certificate.spec;
  const optional = [
    ...SUBJECT_ANNOTATIONS.map((field) => [`subject-${field.toLowerCase()}`, [subject[field] ?? []].flat().join(',')] as const),
    ['email-sans', emailAddresses.join(',')] as const,
  ].filter(([, value]) => value !== '');
  const always = {
    'certificate-name': name,
    'issuer-name': issuerRef.name,
    'issuer-kind': issuerRef.kind ?? 'Issuer',
    'issuer-group': issuerRef.group ?? 'cert-manager.io',
    'common-name': commonNameOf(certificate.spec),
    'alt-names': dnsNames.join(','),
    'ip-sans': ipAddresses.join(','),
    'uri-sans': uris.join(','),
  };
  return Object.fromEntries([...Object.entries(always), ...optional].map(([key, value]) => [`cert-manager.io/${key}`, value]));
}

function commonNameOf({ commonName = '', literalSubject }: { commonName?: string; literalSubject?: string }): string {
  const name = literalSubject === undefined ? [] : parseDistinguishedName(literalSubject);
  return (typeof name === 'string' ? undefined : attributeValues(name, 'CN').at(-1)) ?? commonName;
}
