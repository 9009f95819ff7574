/**
 * The fields of a cert-manager Certificate, one a row: its type, whether an entry of KubeDB's `tls.certificates` has it, and what
 * cert-manager compares of it when it decides whether to issue again. A field without `compared` is taken up at the next issuance, or
 * applied to the Secret as it is.
 *
 * Source: CRDs of cert-manager 1.21 and KubeDB; cert-manager's trigger policy chain.
 */
import { canonicalIpAddress } from './alternative-names';
import { parseDistinguishedName } from './distinguished-name';
import { parseGoDuration } from './go-duration';
import { canonical, isEqual, type KubeObject } from './kube-object';
import type { Schema } from './schema';
import { type Subject, sortedSet } from './tls';

interface CertificateField {
  readonly schema: Schema;
  /** Absent when KubeDB has no such field; "same" when its field is of the same type. */
  readonly kubeDb?: 'same' | Schema;
  /** Returns what cert-manager compares: values that it takes for the same give the same, and an absent one is its default. */
  readonly compared?: (value: unknown) => unknown;
}

const texts: Schema = { list: 'text' };
const keystore = { create: 'truth', password: 'text', passwordSecretRef: { fields: { name: 'text', key: 'text' } } } as const;
const constraints: Schema = { fields: { dnsDomains: texts, ipRanges: texts, emailAddresses: texts, uriDomains: texts } };
const issuerRef = (group: string): Schema => ({ fields: { [group]: 'text', kind: 'text', name: 'text' } });

const asText = (value: unknown) => value ?? '';
const asSet = (value: unknown) => sortedSet((value ?? []) as readonly string[]);

export const KEY_ALGORITHMS = ['RSA', 'ECDSA', 'Ed25519'] as const;
export type KeyAlgorithmName = (typeof KEY_ALGORITHMS)[number];

export const KEY_USAGES = [
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

/** Signature algorithms by the algorithm of the key that signs. */
export const SIGNATURE_ALGORITHMS: Readonly<Record<KeyAlgorithmName, readonly string[]>> = {
  RSA: ['SHA256WithRSA', 'SHA384WithRSA', 'SHA512WithRSA'],
  ECDSA: ['ECDSAWithSHA256', 'ECDSAWithSHA384', 'ECDSAWithSHA512'],
  Ed25519: ['PureEd25519'],
};

const FIELDS = {
  secretName: { schema: 'text', kubeDb: 'same', compared: asText },
  issuerRef: { schema: issuerRef('group'), kubeDb: issuerRef('apiGroup'), compared: comparedIssuer },
  commonName: { schema: 'text', compared: asText },
  subject: {
    schema: {
      fields: {
        organizations: texts,
        countries: texts,
        organizationalUnits: texts,
        localities: texts,
        provinces: texts,
        streetAddresses: texts,
        postalCodes: texts,
        serialNumber: 'text',
      },
    },
    kubeDb: 'same',
    compared: comparedSubject,
  },
  literalSubject: { schema: 'text', compared: (value) => parseDistinguishedName(String(value ?? '')) },
  dnsNames: { schema: texts, kubeDb: 'same', compared: asSet },
  ipAddresses: { schema: texts, kubeDb: 'same', compared: (value) => asSet(asSet(value).map(canonicalIpAddress)) },
  uris: { schema: texts, kubeDb: 'same', compared: asSet },
  emailAddresses: { schema: texts, kubeDb: 'same', compared: asSet },
  otherNames: {
    schema: { list: { fields: { oid: 'text', utf8Value: 'text' } } },
    compared: (value) => asSet(((value ?? []) as readonly unknown[]).map((name) => JSON.stringify(canonical(name)))),
  },
  // Only compared when both sides give one: see `reissuingFields`.
  duration: { schema: 'text', kubeDb: 'same', compared: (value) => parseGoDuration(String(value)) ?? value },
  renewBefore: { schema: 'text', kubeDb: 'same' },
  renewBeforePercentage: { schema: 'whole' },
  renewal: {
    schema: {
      fields: {
        policy: { oneOf: ['RenewBefore', 'Disabled'] },
        windows: { list: { fields: { cron: 'text', windowDuration: 'text', timezone: 'text' } } },
      },
    },
  },
  isCA: { schema: 'truth', compared: (value) => value === true },
  usages: { schema: { list: { oneOf: KEY_USAGES } }, compared: asSet },
  privateKey: {
    schema: {
      fields: {
        algorithm: { oneOf: KEY_ALGORITHMS },
        size: 'whole',
        encoding: { oneOf: ['PKCS1', 'PKCS8'] },
        rotationPolicy: { oneOf: ['Never', 'Always'] },
      },
    },
    kubeDb: { fields: { encoding: { oneOf: ['PKCS1', 'PKCS8'] } } },
    compared: keyKindOf,
  },
  signatureAlgorithm: { schema: { oneOf: Object.values(SIGNATURE_ALGORITHMS).flat() } },
  encodeUsagesInRequest: { schema: 'truth' },
  secretTemplate: { schema: { fields: { annotations: { each: 'text' }, labels: { each: 'text' } } } },
  keystores: {
    schema: {
      fields: {
        jks: { fields: { ...keystore, alias: 'text' } },
        pkcs12: { fields: { ...keystore, profile: { oneOf: ['LegacyRC2', 'LegacyDES', 'Modern2023', 'Modern2026'] } } },
      },
    },
  },
  additionalOutputFormats: { schema: { list: { fields: { type: { oneOf: ['DER', 'CombinedPEM'] } } } } },
  revisionHistoryLimit: { schema: 'whole' },
  nameConstraints: { schema: { fields: { critical: 'truth', permitted: constraints, excluded: constraints } } },
} as const satisfies Readonly<Record<string, CertificateField>>;

const ROWS: readonly (readonly [string, CertificateField])[] = Object.entries(FIELDS);

/** Spec of a cert-manager Certificate. */
export const CERTIFICATE_SCHEMA: Schema = { fields: Object.fromEntries(ROWS.map(([name, { schema }]) => [name, schema])) };

/** An entry of `tls.certificates` of a Kafka or a KafkaOpsRequest. */
export const KUBEDB_CERTIFICATE_SCHEMA: Schema = {
  fields: {
    alias: 'text',
    ...Object.fromEntries(
      ROWS.flatMap(([name, { schema, kubeDb }]) => (kubeDb === undefined ? [] : [[name, kubeDb === 'same' ? schema : kubeDb]])),
    ),
  },
};

/** Fields of a Certificate that KubeDB fills from `tls.certificates`; it writes the others as it sees fit. */
export const KUBEDB_FIELDS: readonly string[] = ROWS.filter(([, { kubeDb }]) => kubeDb === 'same')
  .map(([name]) => name)
  .concat('issuerRef');

type Spec = Readonly<Record<string, unknown>>;

/** Returns the fields of a Certificate's spec for whose change from `has` to `wants` cert-manager issues again. */
export function reissuingFields(has: Spec, wants: Spec): readonly string[] {
  return ROWS.filter(([name, { compared }]) => {
    if (compared === undefined) return false;
    if (name === 'duration' && (has[name] === undefined || wants[name] === undefined)) return false;
    return !isEqual(compared(has[name]), compared(wants[name]));
  }).map(([name]) => name);
}

/** Algorithm and size of a private key. */
export interface KeyKind {
  readonly algorithm: KeyAlgorithmName;
  /** Bits; Ed25519 has one size only. */
  readonly size?: number;
}

const DEFAULT_SIZES: Readonly<Partial<Record<KeyAlgorithmName, number>>> = { RSA: 2048, ECDSA: 256 };

/** Returns the kind of key that a Certificate with this `privateKey` asks for. */
export function keyKindOf(privateKey: unknown): KeyKind {
  const { algorithm = 'RSA', size } = (privateKey ?? {}) as Partial<KeyKind>;
  const fallback = DEFAULT_SIZES[algorithm];
  return fallback === undefined ? { algorithm } : { algorithm, size: size || fallback };
}

/**
 * Returns a Certificate with its kind of key written down where the live one has its own written down. Server-side apply would not take a
 * field away that another manager has set, and what is not written is not compared.
 */
export function withKeyKind(wanted: KubeObject, live: KubeObject | undefined): KubeObject {
  const has = live?.spec?.privateKey;
  if (has?.algorithm === undefined && has?.size === undefined) return wanted;
  return { ...wanted, spec: { ...wanted.spec, privateKey: { ...wanted.spec.privateKey, ...keyKindOf(wanted.spec.privateKey) } } };
}

/** Returns a kind of key as it is printed: `RSA 2048`, `Ed25519`. */
export function formatKeyKind({ algorithm, size }: KeyKind): string {
  return size === undefined ? algorithm : `${algorithm} ${size}`;
}

function comparedIssuer(value: unknown): unknown {
  const { name, kind, group } = (value ?? {}) as { readonly name?: string; readonly kind?: string; readonly group?: string };
  return { name, kind: kind || 'Issuer', group: group || 'cert-manager.io' };
}

function comparedSubject(value: unknown): unknown {
  const entries = Object.entries((value ?? {}) as Subject).map(([key, part]) => [key, Array.isArray(part) ? asSet(part) : part] as const);
  return Object.fromEntries(entries.filter(([, part]) => part !== undefined && part !== '' && !(Array.isArray(part) && part.length === 0)));
}
