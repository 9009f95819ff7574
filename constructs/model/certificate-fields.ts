/**
 * The fields of a cert-manager Certificate, one a row. Schemas, normalisation, comparison, re-issue and the check of issued names all read
 * this table, so that a new field is one row.
 *
 * Sources: CRDs of cert-manager 1.21 and KubeDB; cert-manager's trigger policy chain and the defaults in its API reference; KubeDB's
 * `SetTLSDefaults`.
 */
import { canonicalDnsName, canonicalEmailAddress, canonicalIpAddress, canonicalUri } from './alternative-names';
import { parseDistinguishedName } from './distinguished-name';
import { formatGoDuration, parseGoDuration } from './go-duration';
import { KEY_ALGORITHMS, keyKindOf, SIGNATURE_ALGORITHMS } from './key-kind';
import { canonical, type Fields, mapIn, sortedSet } from './plain-data';
import {
  BOOLEAN,
  choice,
  DURATION,
  INTEGER,
  type Infer,
  list,
  map,
  NAME,
  NON_EMPTY,
  nullable,
  optional,
  optionals,
  type Schema,
  STRING,
  STRING_MAP,
  STRINGS,
  stringThat,
} from './schema';

interface CertificateField {
  readonly schema: Schema;
  /** The field of the same name in an entry of KubeDB's `tls.certificates`; absent when KubeDB has no such field. */
  readonly kubeDb?: {
    readonly schema: Schema;
    /** Returns a value as KubeDB completes it; undefined when it is empty. */
    readonly normalize: (value: never) => unknown;
    /** KubeDB has a part of the field only, and the reason to issue again is in the other part. */
    readonly isPartial?: true;
  };
  /**
   * Returns what the value comes to: specs whose fields have the same effect ask for the same certificate, and an absent value has the
   * effect of the default. Default: the value as it is written.
   */
  readonly effect?: (value: unknown, spec: Fields) => unknown;
  /**
   * cert-manager issues again when the effect changes, or when what the function returns does; it never compares undefined. Absent: it takes
   * a new value up at the next issuance, or applies it to the Secret.
   */
  readonly reissues?: true | ((value: unknown) => unknown);
  /** Returns one spelling for names that are the same. The issued certificate lists its names under the same name of the field. */
  readonly canonicalName?: (name: string) => string;
}

export const ISSUER_KINDS = ['Issuer', 'ClusterIssuer'] as const;
export type IssuerKind = (typeof ISSUER_KINDS)[number];
const isIssuerKind = (kind: string) => ISSUER_KINDS.some((known) => known === kind);
/** KubeDB's reference to a cert-manager issuer. Note `apiGroup`, where cert-manager's own reference says `group`. */
export const KUBEDB_ISSUER_REF = map({
  apiGroup: nullable(STRING),
  kind: stringThat<IssuerKind>('one of Issuer, ClusterIssuer', isIssuerKind),
  name: NAME,
});

const SUBJECT = map(
  optionals({
    organizations: STRINGS,
    countries: STRINGS,
    organizationalUnits: STRINGS,
    localities: STRINGS,
    provinces: STRINGS,
    streetAddresses: STRINGS,
    postalCodes: STRINGS,
    serialNumber: STRING,
  }),
);
export type Subject = Infer<typeof SUBJECT>;

export type IssuerRef = Infer<typeof KUBEDB_ISSUER_REF>;

const KEY_ENCODING = choice(['PKCS1', 'PKCS8']);
const KEY_STORE = { create: BOOLEAN, password: STRING, passwordSecretRef: map(optionals({ name: STRING, key: STRING })) } as const;
const NAME_CONSTRAINTS = map(optionals({ dnsDomains: STRINGS, ipRanges: STRINGS, emailAddresses: STRINGS, uriDomains: STRINGS }));
const KEY_USAGES = [
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
] as const;

/** Lifetime of a certificate without `duration`. */
export const DEFAULT_DURATION = '2160h';

const text = (value: unknown) => value ?? '';
const set = (value: unknown) => setOf(value);

/** A list of subject alternative names. cert-manager compares them as they are written, but addresses. */
function alternativeNames(canonicalName: (name: string) => string, reissues: CertificateField['reissues'] = set) {
  return {
    schema: STRINGS,
    kubeDb: { schema: STRINGS, normalize: nonEmptySet },
    effect: (value: unknown) => setOf(value, canonicalName),
    reissues,
    canonicalName,
  } as const satisfies CertificateField;
}

export const CERTIFICATE_FIELDS = {
  secretName: { schema: NON_EMPTY, kubeDb: { schema: STRING, normalize: nonEmpty }, effect: text, reissues: true },
  issuerRef: {
    schema: map({ name: NON_EMPTY, kind: optional(STRING), group: optional(STRING) }),
    kubeDb: { schema: KUBEDB_ISSUER_REF, normalize: normalizeIssuerRef },
    effect: issuerEffect,
    reissues: true,
  },
  commonName: { schema: STRING, effect: text, reissues: true },
  subject: { schema: SUBJECT, kubeDb: { schema: SUBJECT, normalize: normalizeSubject }, effect: subjectEffect, reissues: true },
  literalSubject: { schema: STRING, effect: (value) => parseDistinguishedName(String(value ?? '')), reissues: true },
  dnsNames: alternativeNames(canonicalDnsName),
  ipAddresses: alternativeNames(canonicalIpAddress, true),
  uris: alternativeNames(canonicalUri),
  emailAddresses: alternativeNames(canonicalEmailAddress),
  otherNames: { schema: list(map(optionals({ oid: STRING, utf8Value: STRING }))), effect: set, reissues: true },
  duration: {
    schema: DURATION,
    kubeDb: { schema: DURATION, normalize: normalizeDuration },
    effect: (value) => nanoseconds(value ?? DEFAULT_DURATION),
    reissues: (value) => (value === undefined ? undefined : nanoseconds(value)),
  },
  renewBefore: { schema: DURATION, kubeDb: { schema: DURATION, normalize: normalizeDuration }, effect: renewBeforeEffect },
  renewBeforePercentage: { schema: INTEGER, effect: renewBeforeEffect },
  renewal: {
    schema: map(
      optionals({
        policy: choice(['RenewBefore', 'Disabled']),
        windows: list(map(optionals({ cron: STRING, windowDuration: STRING, timezone: STRING }))),
      }),
    ),
  },
  isCA: { schema: BOOLEAN, effect: (value) => value === true, reissues: true },
  usages: { schema: list(choice(KEY_USAGES)), effect: usagesEffect, reissues: set },
  privateKey: {
    schema: map(
      optionals({ algorithm: choice(KEY_ALGORITHMS), size: INTEGER, encoding: KEY_ENCODING, rotationPolicy: choice(['Never', 'Always']) }),
    ),
    kubeDb: { schema: map({ encoding: optional(KEY_ENCODING) }), normalize: normalizePrivateKey, isPartial: true },
    effect: privateKeyEffect,
    reissues: keyKindOf,
  },
  signatureAlgorithm: { schema: choice(Object.values(SIGNATURE_ALGORITHMS).flat()) },
  encodeUsagesInRequest: { schema: BOOLEAN, effect: (value) => value ?? true },
  secretTemplate: { schema: map(optionals({ annotations: STRING_MAP, labels: STRING_MAP })) },
  keystores: {
    schema: map(
      optionals({
        jks: map(optionals({ ...KEY_STORE, alias: STRING })),
        pkcs12: map(optionals({ ...KEY_STORE, profile: choice(['LegacyRC2', 'LegacyDES', 'Modern2023', 'Modern2026']) })),
      }),
    ),
    effect: keyStoresEffect,
  },
  additionalOutputFormats: { schema: list(map(optionals({ type: choice(['DER', 'CombinedPEM']) }))), effect: set },
  revisionHistoryLimit: { schema: INTEGER, effect: (value) => value ?? 1 },
  nameConstraints: { schema: map(optionals({ critical: BOOLEAN, permitted: NAME_CONSTRAINTS, excluded: NAME_CONSTRAINTS })) },
} as const satisfies Readonly<Record<string, CertificateField>>;

type Table = typeof CERTIFICATE_FIELDS;
type FieldName = keyof Table;

/** The rows of the table. */
export const CERTIFICATE_ROWS: readonly (readonly [name: FieldName, field: CertificateField])[] = Object.entries(
  CERTIFICATE_FIELDS,
) as never;

/** Fields with subject alternative names. */
export type AlternativeNameField = { [K in FieldName]: Table[K] extends { readonly canonicalName: unknown } ? K : never }[FieldName];
export const ALTERNATIVE_NAMES = CERTIFICATE_ROWS.flatMap(([name, { canonicalName }]) =>
  canonicalName === undefined ? [] : [{ field: name as AlternativeNameField, canonicalName }],
);

const { secretName, issuerRef, ...optionalFields } = Object.fromEntries(CERTIFICATE_ROWS.map(([name, { schema }]) => [name, schema])) as {
  readonly [K in FieldName]: Table[K]['schema'];
};

/** `spec` of a Certificate. */
export const CERTIFICATE_SPEC = map({ secretName, issuerRef, ...optionals(optionalFields) });

type KubeDbName = { [K in FieldName]: Table[K] extends { readonly kubeDb: unknown } ? K : never }[FieldName];

/** Fields of an entry of KubeDB's `tls.certificates`. */
export const KUBEDB_ROWS = CERTIFICATE_ROWS.flatMap(([name, { kubeDb }]) => (kubeDb === undefined ? [] : [{ name, ...kubeDb }]));

/** Fields that KubeDB writes into the Certificate of an alias as its entry has them; it writes the others as it sees fit. */
export const KUBEDB_FIELDS: readonly string[] = KUBEDB_ROWS.filter(({ isPartial }) => isPartial !== true).map(({ name }) => name);

/** An entry of `tls.certificates` of a Kafka or a KafkaOpsRequest. */
export const KUBEDB_CERTIFICATE = map({
  alias: NON_EMPTY,
  ...optionals(
    Object.fromEntries(KUBEDB_ROWS.map(({ name, schema }) => [name, schema])) as {
      readonly [K in KubeDbName]: Table[K]['kubeDb']['schema'];
    },
  ),
});

function setOf(items: unknown, spelling: (item: string) => string = (item) => item): readonly string[] {
  const all = (Array.isArray(items) ? items : []).map((item) => (typeof item === 'string' ? item : JSON.stringify(canonical(item))));
  return sortedSet(all.map(spelling));
}

function issuerEffect(value: unknown): Fields {
  const { name, kind, group } = mapIn(value);
  return { name, kind: kind || 'Issuer', group: group || 'cert-manager.io' };
}

/** An empty part of a subject is none. */
function subjectEffect(value: unknown): Fields {
  return normalizeSubject(mapIn(value)) ?? {};
}

/** Several of cert-manager's names of a usage set the same bit, or the same extended usage. */
const USAGE_SYNONYMS: Readonly<Record<string, string>> = { signing: 'digital signature', 's/mime': 'email protection' };

function usagesEffect(usages: unknown, { isCA }: Fields): readonly string[] {
  const given = Array.isArray(usages) && usages.length > 0 ? usages : ['digital signature', 'key encipherment'];
  return setOf([...given, ...(isCA === true ? ['cert sign'] : [])], (usage) => USAGE_SYNONYMS[usage] ?? usage);
}

function privateKeyEffect(value: unknown): Fields {
  const { encoding, rotationPolicy } = mapIn(value);
  return { ...keyKindOf(value), encoding: encoding || 'PKCS1', rotationPolicy: rotationPolicy || 'Always' };
}

function keyStoresEffect(value: unknown): Fields {
  const { jks, pkcs12 } = mapIn(value);
  return {
    jks: { create: false, alias: 'certificate', ...mapIn(jks) },
    pkcs12: { create: false, profile: 'LegacyRC2', ...mapIn(pkcs12) },
  };
}

/** How long before its end a certificate is renewed, if it lives as long as the Certificate asks. */
function renewBeforeEffect(_: unknown, { duration, renewBefore, renewBeforePercentage: percentage }: Fields): string {
  if (renewBefore !== undefined) return nanoseconds(renewBefore);
  const lifetime = parseGoDuration(String(duration ?? DEFAULT_DURATION)) ?? 0n;
  return String(typeof percentage === 'number' ? (lifetime * BigInt(Math.trunc(percentage))) / 100n : lifetime / 3n);
}

/** An unreadable duration is compared as it is written. */
function nanoseconds(duration: unknown): string {
  return String(parseGoDuration(String(duration)) ?? duration);
}

function nonEmpty(value: string): string | undefined {
  return value || undefined;
}

function nonEmptySet(items: readonly string[]): readonly string[] | undefined {
  return items.length === 0 ? undefined : Array.isArray(items) ? sortedSet(items) : items;
}

/** Returns a reference with the group that KubeDB takes for granted. */
export function normalizeIssuerRef({ apiGroup, kind, name }: IssuerRef): IssuerRef & { readonly apiGroup: string } {
  return { apiGroup: apiGroup || 'cert-manager.io', kind, name };
}

function normalizeSubject(subject: Fields): Fields | undefined {
  const parts = Object.entries(subject)
    .map(([key, part]) => [key, Array.isArray(part) ? sortedSet(part) : part] as const)
    .filter(([, part]) => part !== undefined && (part as string).length !== 0);
  return parts.length === 0 ? undefined : Object.fromEntries(parts);
}

/** Validation refuses an unreadable duration; here it stays as it is, and two equal typos are equal. */
function normalizeDuration(duration: string): string | undefined {
  if (!duration) return undefined;
  const ns = parseGoDuration(duration);
  return ns === undefined ? duration : formatGoDuration(ns);
}

function normalizePrivateKey({ encoding }: Fields): Fields | undefined {
  return encoding === undefined ? undefined : { encoding };
}
