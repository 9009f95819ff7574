/**
 * KubeDB's TLSConfig, the one shape of a desired TLS state, `Kafka.spec.tls` and `KafkaOpsRequest.spec.tls`.
 *
 * KubeDB's webhook adds what a user left out (aliases `server` and `client`, default Secret names). What is written therefore passes
 * through `normalizeTls` first, so that nothing remains for the webhook to add.
 */

import { contentHash } from './content-hash';
import { formatGoDuration, parseGoDuration } from './go-duration';

export const ALIASES = ['server', 'client'] as const;
/** Which certificate of a Kafka: `server` is what brokers and controllers serve, `client` what KubeDB's own clients present. */
export type Alias = (typeof ALIASES)[number];

/** KubeDB's reference to a cert-manager issuer. Note `apiGroup`, where cert-manager's own reference says `group`. */
export interface IssuerRef {
  readonly apiGroup: string;
  readonly kind: 'Issuer' | 'ClusterIssuer';
  readonly name: string;
}

export interface Subject {
  readonly organizations?: readonly string[];
  readonly countries?: readonly string[];
  readonly organizationalUnits?: readonly string[];
  readonly localities?: readonly string[];
  readonly provinces?: readonly string[];
  readonly streetAddresses?: readonly string[];
  readonly postalCodes?: readonly string[];
  readonly serialNumber?: string;
}

export interface CertificateSpec {
  readonly alias: string;
  readonly issuerRef?: IssuerRef;
  readonly secretName?: string;
  readonly subject?: Subject;
  /** Go duration; cert-manager's default is 2160h. */
  readonly duration?: string;
  /** Go duration. */
  readonly renewBefore?: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly emailAddresses?: readonly string[];
  readonly privateKey?: { readonly encoding: 'PKCS1' | 'PKCS8' };
}

/** `spec.tls` of a Kafka. KubeDB's documentation leaves `issuerRef` optional; its defaulting does nothing without one. */
export interface TlsConfig {
  readonly issuerRef: IssuerRef;
  readonly certificates: readonly CertificateSpec[];
}

/** The TLS state of a Kafka: its configuration, or off. */
export type TlsState = TlsConfig | 'off';

/** Returns the Secret, and Certificate, name KubeDB uses for an alias when none is given. */
export function defaultSecretName(kafka: string, alias: string): string {
  return `${kafka}-${alias}-cert`;
}

/**
 * Returns the configuration as KubeDB would complete it: `server`, then `client`, then others in their order; default Secret names;
 * lists sorted and without doubles; durations in Go's own spelling; nothing empty.
 * Source: KubeDB `SetTLSDefaults` and the sorted union of its certificate merge.
 */
export function normalizeTls(kafka: string, tls: TlsConfig): TlsConfig {
  const given = tls.certificates ?? [];
  const required = ALIASES.map((alias) => given.find((c) => c.alias === alias) ?? { alias });
  const others = given.filter((c) => !ALIASES.some((alias) => alias === c.alias));
  return {
    issuerRef: normalizeIssuerRef(tls.issuerRef),
    certificates: [...required, ...others].map((c) => normalizeCertificate(kafka, c)),
  };
}

function normalizeIssuerRef(issuer: IssuerRef): IssuerRef {
  return { apiGroup: issuer.apiGroup || 'cert-manager.io', kind: issuer.kind, name: issuer.name };
}

function normalizeCertificate(kafka: string, c: CertificateSpec): CertificateSpec {
  const duration = normalizeDuration(c.duration);
  const renewBefore = normalizeDuration(c.renewBefore);
  const subject = normalizeSubject(c.subject);
  return {
    alias: c.alias,
    ...(c.issuerRef === undefined ? {} : { issuerRef: normalizeIssuerRef(c.issuerRef) }),
    secretName: c.secretName || defaultSecretName(kafka, c.alias),
    ...(subject === undefined ? {} : { subject }),
    ...(duration === undefined ? {} : { duration }),
    ...(renewBefore === undefined ? {} : { renewBefore }),
    ...listField('dnsNames', c.dnsNames),
    ...listField('ipAddresses', c.ipAddresses),
    ...listField('uris', c.uris),
    ...listField('emailAddresses', c.emailAddresses),
    ...(c.privateKey?.encoding === undefined ? {} : { privateKey: { encoding: c.privateKey.encoding } }),
  };
}

function normalizeSubject(subject: Subject | undefined): Subject | undefined {
  const entries = Object.entries(subject ?? {})
    .map(([key, value]) => [key, Array.isArray(value) ? sortedSet(value) : value] as const)
    .filter(([, value]) => value !== undefined && value.length !== 0);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** An unreadable duration stays as it is: refusing it is validation's business, and two equal typos are still equal. */
function normalizeDuration(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const ns = parseGoDuration(text);
  return ns === undefined ? text : formatGoDuration(ns);
}

function listField(name: string, list: readonly string[] | undefined): object {
  return list === undefined || list.length === 0 ? {} : { [name]: Array.isArray(list) ? sortedSet(list) : list };
}

/** Returns the distinct items in code point order. */
export function sortedSet(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}

/** Returns the certificate of an alias, normalized; every alias of `ALIASES` has one. */
export function certificateOf(kafka: string, tls: TlsConfig, alias: string): CertificateSpec {
  const found = normalizeTls(kafka, tls).certificates.find((c) => c.alias === alias);
  return found ?? { alias, secretName: defaultSecretName(kafka, alias) };
}

/** Returns the issuer of an alias: its own, else the Kafka's. Source: KubeDB's alias helper. */
export function issuerOf(tls: TlsConfig, alias: string): IssuerRef {
  return normalizeIssuerRef(tls.certificates.find((c) => c.alias === alias)?.issuerRef ?? tls.issuerRef);
}

/** Returns every distinct issuer that a configuration uses. */
export function issuersOf(tls: TlsConfig): readonly IssuerRef[] {
  const all = [tls.issuerRef, ...tls.certificates.flatMap((c) => c.issuerRef ?? [])].map(normalizeIssuerRef);
  return all.filter((issuer, i) => all.findIndex((other) => formatIssuerRef(other) === formatIssuerRef(issuer)) === i);
}

/** Returns an issuer as it is printed: `Issuer/orders-ca`. */
export function formatIssuerRef(issuer: IssuerRef): string {
  return `${issuer.kind}/${issuer.name}`;
}

/** What of a Kafka's spec is about TLS. */
interface KafkaTlsSpec {
  readonly enableSSL?: boolean;
  readonly tls?: Pick<TlsConfig, 'issuerRef'> & Partial<TlsConfig>;
}

/** Returns the TLS state that a Kafka's spec asks for. `enableSSL` decides; KubeDB's webhook keeps the pair consistent, and adds certificates. */
export function tlsStateOf(spec: KafkaTlsSpec | undefined): TlsState {
  return spec?.enableSSL === true && spec.tls !== undefined ? { ...spec.tls, certificates: spec.tls.certificates ?? [] } : 'off';
}

/** Returns eight hexadecimal digits that name a TLS state as it is written. Whether two states are the same in effect: `tls-effect.ts`. */
export function tlsHash(kafka: string, state: TlsState): string {
  return contentHash(state === 'off' ? 'off' : normalizeTls(kafka, state));
}
