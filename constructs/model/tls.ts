/**
 * KubeDB's TLSConfig, the one shape of a desired TLS state, `Kafka.spec.tls` and `KafkaOpsRequest.spec.tls`.
 *
 * KubeDB's webhook adds what a user left out (aliases `server` and `client`, default Secret names). What is written therefore passes
 * through `normalizeTls` first, so that nothing remains for the webhook to add.
 */
import { type IssuerRef, KUBEDB_CERTIFICATE, KUBEDB_ISSUER_REF, KUBEDB_ROWS, normalizeIssuerRef } from './certificate-fields';
import { contentHash } from './content-hash';
import { chosen, type Infer, list, map, oneOf } from './schema';

export type { IssuerRef, Subject } from './certificate-fields';

export const ALIASES = ['server', 'client'] as const;
/** Which certificate of a Kafka: `server` is what brokers and controllers serve, `client` what KubeDB's own clients present. */
export type Alias = (typeof ALIASES)[number];

/** An entry of `tls.certificates`: one alias, with the fields of a Certificate that KubeDB has. */
export type CertificateSpec = Infer<typeof KUBEDB_CERTIFICATE>;

const TLS_CONFIG = map({ issuerRef: KUBEDB_ISSUER_REF, certificates: list(KUBEDB_CERTIFICATE) });
/** `spec.tls` of a Kafka. KubeDB's documentation leaves `issuerRef` optional; its defaulting does nothing without one. */
export type TlsConfig = Infer<typeof TLS_CONFIG>;

/** The TLS state of a Kafka: its configuration, or off. */
export type TlsState = TlsConfig | 'off';
export const TLS_STATE = chosen<TlsState>((state) => (state === 'off' ? oneOf(['off']) : TLS_CONFIG));

/** Returns the name of the Certificate of an alias, which is also the default name of its Secret. */
export function brokerCertificateName(kafka: string, alias: string): string {
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

function normalizeCertificate(kafka: string, certificate: CertificateSpec): CertificateSpec {
  const fields = KUBEDB_ROWS.flatMap(({ name, normalize }) => {
    const given = certificate[name as keyof CertificateSpec];
    const value = given === undefined ? undefined : normalize(given as never);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { alias: certificate.alias, secretName: brokerCertificateName(kafka, certificate.alias), ...Object.fromEntries(fields) };
}

/** Returns the certificate of an alias, normalized; every alias of `ALIASES` has one. */
export function certificateOf(kafka: string, tls: TlsConfig, alias: string): CertificateSpec {
  const found = normalizeTls(kafka, tls).certificates.find((c) => c.alias === alias);
  return found ?? { alias, secretName: brokerCertificateName(kafka, alias) };
}

/** Returns the issuer of an alias: its own, else the Kafka's. Source: KubeDB's alias helper. */
export function issuerOf(tls: TlsConfig, alias: string): ReturnType<typeof normalizeIssuerRef> {
  return normalizeIssuerRef(tls.certificates.find((c) => c.alias === alias)?.issuerRef ?? tls.issuerRef);
}

/** Returns every distinct issuer that a configuration uses. */
export function issuersOf(tls: TlsConfig): readonly IssuerRef[] {
  const all = [tls.issuerRef, ...tls.certificates.flatMap((c) => c.issuerRef ?? [])].map(normalizeIssuerRef);
  return all.filter((issuer, i) => all.findIndex((other) => formatIssuerRef(other) === formatIssuerRef(issuer)) === i);
}

/** Returns an issuer as it is printed: `Issuer/orders-ca`. */
export function formatIssuerRef({ kind, name }: Pick<IssuerRef, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}

/** What of a Kafka's spec is about TLS. */
interface KafkaTlsSpec {
  readonly enableSSL?: boolean;
  readonly tls?: { readonly issuerRef: IssuerRef; readonly certificates?: readonly CertificateSpec[] };
}

/** Returns the TLS state that a Kafka's spec asks for. `enableSSL` decides; KubeDB's webhook keeps the pair consistent, and adds certificates. */
export function tlsStateOf(spec: KafkaTlsSpec | undefined): TlsState {
  return spec?.enableSSL === true && spec.tls !== undefined ? { ...spec.tls, certificates: spec.tls.certificates ?? [] } : 'off';
}

/** Returns eight hexadecimal digits that name a TLS state as it is written. Whether two states are the same in effect: `tls-effect.ts`. */
export function tlsHash(kafka: string, state: TlsState): string {
  return contentHash(state === 'off' ? 'off' : normalizeTls(kafka, state));
}
