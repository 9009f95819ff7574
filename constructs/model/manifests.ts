/**
 * Pure functions that make Kubernetes objects of the settings of a user, one function for each kind. The constructs wrap the results in
 * ApiObjects, which users can patch.
 *
 *     issuer settings       -> Issuers and CA Certificate
 *     cluster settings      -> Kafka
 *     TLS state             -> the three candidate KafkaOpsRequests (converge, rotate, restart)
 *     application settings  -> Certificate for an application
 *
 * Every object names its namespace and its owner. The Kafka does not get the label of the reconciler: KubeDB copies the labels of a Kafka to all
 * its objects, and the reconciler may delete objects with its label.
 */
import type { KeyKind } from './key-kind';
import { canonical, isMap, KINDS, type KubeObject, manifestOf, type ObjectMeta } from './kube-object';
import { ANNOTATION_OWNER, LABEL_KAFKA, withSuffix } from './names';
import { ALIASES, type CertificateSpec, type IssuerRef, normalizeTls, type Subject, type TlsConfig, type TlsState } from './tls';

/** Name, namespace and owner of a Kafka. */
export interface KafkaIdentity {
  readonly kafka: string;
  readonly namespace: string;
  readonly owner: string;
  /** Labels of the chart, for all its objects. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Fields of a spec that no prop models. */
export type ExtraSpec = Readonly<Record<string, unknown>>;

/** The chosen issuer. */
export type IssuerSettings =
  | { readonly kind: 'reference'; readonly ref: IssuerRef }
  | { readonly kind: 'caSecret'; readonly secret: string; readonly name?: string | undefined }
  | {
      readonly kind: 'selfSignedCa';
      readonly name?: string | undefined;
      readonly commonName?: string | undefined;
      readonly subject?: Subject | undefined;
      readonly duration?: string | undefined;
      readonly renewBefore?: string | undefined;
      readonly keyAlgorithm?: KeyKind | undefined;
    };

/** Settings of one certificate of the brokers. */
export interface CertificateSettings extends Omit<CertificateSpec, 'alias' | 'issuerRef'> {
  readonly issuer?: IssuerSettings;
  readonly keyAlgorithm?: KeyKind;
  readonly extraSpec?: ExtraSpec;
}

/** Settings of TLS. */
export interface TlsSettings {
  readonly issuer: IssuerSettings;
  readonly certificates: Readonly<Record<(typeof ALIASES)[number], CertificateSettings>>;
}

/** Settings of the Kafka. */
export interface ClusterSettings {
  readonly name: string;
  /** Spec without TLS; absent for a Kafka that another actor creates. */
  readonly spec?: ExtraSpec;
  /** Only for a Kafka that another actor creates: its Secret of JKS passwords, if not the default. */
  readonly keystoreCredSecret?: string;
  /** Number of pods, or a bound on it. */
  readonly nodes?: number;
}

/** A certificate for an application. */
export interface ApplicationSettings {
  readonly name: string;
  readonly secretName: string;
  readonly issuer: IssuerRef;
  readonly certificate: Omit<CertificateSpec, 'alias' | 'issuerRef' | 'secretName'>;
  readonly keyAlgorithm?: KeyKind;
  /** Default: the name, unless there is a literal subject. */
  readonly commonName?: string;
  readonly literalSubject?: string;
  readonly extraSpec: ExtraSpec;
}

/** Lifetime of a self-signed CA: five years. */
const CA_DURATION = '43800h';
/** A self-signed CA is renewed a year before it expires, so that no leaf with a lifetime of up to a year outlives it. */
const CA_RENEW_BEFORE = '8760h';

const CA_KEY: KeyKind = { algorithm: 'RSA', size: 3072 };

const CERT_MANAGER = 'cert-manager.io';

/** Suffix of the name of the Issuer that signs a self-signed CA. */
export const SELF_SIGNED_SUFFIX = '-selfsigned';

/** Returns metadata of an object that belongs to a Kafka: the labels of the chart, the label of the reconciler, and the owner. */
export function ownedMetadata(identity: KafkaIdentity, name: string): ObjectMeta {
  return {
    name,
    namespace: identity.namespace,
    labels: { ...identity.labels, [LABEL_KAFKA]: identity.kafka },
    annotations: { [ANNOTATION_OWNER]: identity.owner },
  };
}

/** Returns the labels that cert-manager writes to the Secret of a certificate: those of the chart. */
function secretTemplateOf({ labels }: KafkaIdentity): object | undefined {
  return labels === undefined ? undefined : { labels };
}

/** Returns `base` with the values of `extra`: maps are merged, all other values are replaced, undefined changes nothing. */
export function merged(base: unknown, extra: unknown): unknown {
  if (extra === undefined) return base;
  if (!isMap(base) || !isMap(extra)) return extra;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(extra)])];
  return Object.fromEntries(keys.map((key) => [key, merged(base[key], extra[key])]));
}

/** Returns KubeDB's reference to an issuer. */
export function issuerRefOf(issuer: IssuerSettings, kafka: string): IssuerRef {
  if (issuer.kind === 'reference') return issuer.ref;
  return { apiGroup: CERT_MANAGER, kind: 'Issuer', name: issuerName(issuer, kafka) };
}

/** Returns the names of the Secrets of self-signed CAs. */
export function caSecretsOf({ issuer, certificates }: TlsSettings, kafka: string): readonly string[] {
  const all = [issuer, ...ALIASES.map((alias) => certificates[alias].issuer)];
  return [...new Set(all.flatMap((one) => (one?.kind === 'selfSignedCa' ? [issuerName(one, kafka)] : [])))];
}

function issuerName(issuer: Exclude<IssuerSettings, { kind: 'reference' }>, kafka: string): string {
  return issuer.name ?? (issuer.kind === 'caSecret' ? issuer.secret : `${kafka}-ca`);
}

/** Returns the objects of an issuer: none for an existing issuer, an Issuer for a CA in a Secret, the chain of a self-signed CA. */
export function issuerManifests(issuer: IssuerSettings, identity: KafkaIdentity): readonly KubeObject[] {
  if (issuer.kind === 'reference') return [];
  const name = issuerName(issuer, identity.kafka);
  if (issuer.kind === 'caSecret') return [issuerManifest(identity, name, { ca: { secretName: issuer.secret } })];
  const root = `${name}${SELF_SIGNED_SUFFIX}`;
  return [
    issuerManifest(identity, root, { selfSigned: {} }),
    manifestOf(
      KINDS.Certificate,
      ownedMetadata(identity, name),
      canonical({
        secretName: name,
        secretTemplate: secretTemplateOf(identity),
        isCA: true,
        commonName: issuer.commonName ?? name,
        subject: issuer.subject,
        duration: issuer.duration ?? CA_DURATION,
        renewBefore: issuer.renewBefore ?? CA_RENEW_BEFORE,
        // With the same key, the renewed root still verifies the leaves of the old one.
        privateKey: { ...(issuer.keyAlgorithm ?? CA_KEY), rotationPolicy: 'Never' },
        issuerRef: { group: CERT_MANAGER, kind: 'Issuer', name: root },
      }),
    ),
    issuerManifest(identity, name, { ca: { secretName: name } }),
  ];
}

function issuerManifest(identity: KafkaIdentity, name: string, spec: object): KubeObject {
  return manifestOf(KINDS.Issuer, ownedMetadata(identity, name), spec);
}

/** Returns the `spec.tls` of the settings, in which KubeDB's webhook has nothing to complete. */
export function completeTls(tls: TlsSettings, kafka: string): TlsConfig {
  const described = ALIASES.map((alias): CertificateSpec => {
    const { issuer, keyAlgorithm: _key, extraSpec: _extra, ...certificate } = tls.certificates[alias];
    const ref = issuer === undefined ? {} : { issuerRef: issuerRefOf(issuer, kafka) };
    return { ...certificate, alias, privateKey: { encoding: certificate.privateKey?.encoding ?? 'PKCS8' }, ...ref };
  });
  const config = normalizeTls(kafka, { issuerRef: issuerRefOf(tls.issuer, kafka), certificates: described });
  return {
    ...config,
    certificates: config.certificates.map((c) => {
      const { keyAlgorithm: privateKey, extraSpec } = tls.certificates[c.alias as (typeof ALIASES)[number]];
      // KubeDB has no such field, which validation reports.
      return merged(merged(c, privateKey && { privateKey }), extraSpec) as CertificateSpec;
    }),
  };
}

/** Returns the Kafka of a declared cluster, with the desired TLS state from the start. */
export function kafkaManifest(cluster: ClusterSettings, tls: TlsState, identity: KafkaIdentity): KubeObject {
  const { labels: _ours, ...metadata } = ownedMetadata(identity, cluster.name);
  const born = tls === 'off' ? {} : { enableSSL: true, tls };
  return manifestOf(KINDS.Kafka, metadata, canonical(merged(born, cluster.spec)));
}

/** Settings of a request. */
export interface RequestSettings {
  readonly name: string;
  readonly databaseRef: string;
  readonly operation: ExtraSpec;
  readonly timeout: string | undefined;
  readonly apply: 'IfReady' | 'Always' | undefined;
  readonly maxRetries: number | undefined;
}

/** Returns the spec of a KafkaOpsRequest. */
export function requestSpec(request: Omit<RequestSettings, 'name'>): ExtraSpec {
  const { databaseRef, operation, timeout, apply, maxRetries } = request;
  return canonical({ ...operation, databaseRef: { name: databaseRef }, timeout, apply, maxRetries });
}

/** Operation of a request: `type` and its argument. */
export const OPERATION = {
  converge: (tls: TlsState): ExtraSpec => ({ type: 'ReconfigureTLS', tls: tls === 'off' ? { remove: true } : tls }),
  rotate: { type: 'ReconfigureTLS', tls: { rotateCertificates: true } },
  restart: { type: 'Restart', restart: {} },
} as const;

/** Operations whose candidate request is the same for every desired state. */
export type FixedOperation = Exclude<keyof typeof OPERATION, 'converge'>;

/** Returns the name of a candidate. The converging one is named by its content, the others get a fingerprint at run time. */
export function candidateName(kafka: string, candidate: FixedOperation): string {
  return withSuffix(kafka, `tls-${candidate}`);
}

/**
 * Returns a candidate request. It runs in any state of the Kafka, because an IfReady request never starts on a broken one, with a deadline
 * for each step and one retry.
 */
export function candidate(identity: KafkaIdentity, name: string, operation: ExtraSpec, timeout: string): KubeObject {
  return manifestOf(
    KINDS.KafkaOpsRequest,
    ownedMetadata(identity, name),
    requestSpec({ databaseRef: identity.kafka, operation, timeout, apply: 'Always', maxRetries: 1 }),
  );
}

/** Returns the Certificate with which an application authenticates to the brokers. */
export function applicationCertificate(identity: KafkaIdentity, application: ApplicationSettings): KubeObject {
  const { certificate, issuer, extraSpec } = application;
  const literalSubject = application.literalSubject ?? extraSpec.literalSubject;
  const spec = {
    secretName: application.secretName,
    secretTemplate: secretTemplateOf(identity),
    // cert-manager refuses a common name beside a literal subject, which contains its own.
    commonName: application.commonName ?? (literalSubject === undefined ? application.name : undefined),
    literalSubject,
    ...certificate,
    privateKey: { ...application.keyAlgorithm, encoding: certificate.privateKey?.encoding ?? 'PKCS8', rotationPolicy: 'Always' },
    usages: ['digital signature', 'key encipherment', 'client auth'],
    issuerRef: { group: issuer.apiGroup, kind: issuer.kind, name: issuer.name },
  };
  return manifestOf(KINDS.Certificate, ownedMetadata(identity, application.name), canonical(merged(spec, extraSpec)));
}
