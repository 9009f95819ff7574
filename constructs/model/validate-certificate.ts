/**
 * What cert-manager's webhook refuses in an Issuer and in a Certificate. Rules that hold for an entry of KubeDB's `tls.certificates`, too, are
 * in `validate-tls.ts`.
 *
 * Source: cert-manager 1.21, `internal/apis/certmanager/validation/certificate.go`.
 */
import { ALTERNATIVE_NAMES } from './certificate-fields';
import { cronProblem, timeZoneProblem } from './cron';
import { attributeValues, parseDistinguishedName } from './distinguished-name';
import { parseGoDuration } from './go-duration';
import { type KeyAlgorithmName, keyKindOf, SIGNATURE_ALGORITHMS } from './key-kind';
import { mapIn } from './plain-data';
import { listIn, type Rule, valueAt } from './rules';
import { annotationRules, IS_NAME, labelRules } from './validate-metadata';
import { issuerRules, sharedRules } from './validate-tls';

const COMMON_NAME_MAX = 64;
const NOT_ALONE = 'literalSubject is given, and cert-manager needs one of the two';
const KEY_SIZES: Readonly<Record<KeyAlgorithmName, { readonly isFine: (size: number) => boolean; readonly message: string }>> = {
  RSA: {
    isFine: (size) => size >= 2048 && size <= 8192,
    message: 'cert-manager makes RSA keys of 2048 to 8192 bits. Use 2048, 3072 or 4096.',
  },
  ECDSA: { isFine: (size) => [256, 384, 521].includes(size), message: 'cert-manager makes ECDSA keys of 256, 384 or 521 bits. Use 256.' },
  Ed25519: { isFine: () => true, message: '' },
};

const typesOf = (spec: unknown) => Object.keys(mapIn(spec));

export const ISSUER_RULES: readonly Rule[] = [
  {
    field: 'spec',
    must: (spec) => typesOf(spec).length === 1,
    shows: (spec) => typesOf(spec).join(', ') || '(empty)',
    message: (spec) =>
      `an Issuer is of exactly one type, this is of ${typesOf(spec).length}. Use one of selfSigned, ca, vault, acme and venafi.`,
  },
  {
    field: 'spec.ca.secretName',
    isRequired: true,
    ...IS_NAME,
    must: (name, { object }) => typesOf(valueAt(object, 'spec')).length > 1 || IS_NAME.must(name),
  },
];

export const CERTIFICATE_RULES: readonly Rule[] = [
  ...issuerRules('spec.issuerRef', 'group', { isRequired: true }),
  ...sharedRules('spec'),
  { field: 'spec.secretName', isRequired: true, ...IS_NAME },
  { field: 'spec.commonName', must: (name) => bytesOf(name) <= COMMON_NAME_MAX, message: (name) => commonNameProblem(String(name)) },
  {
    field: 'spec.commonName',
    must: (name, { parent }) => !parent.literalSubject || !name,
    message: `${NOT_ALONE}. Write the common name into literalSubject, as "CN=...", and leave commonName out.`,
  },
  {
    field: 'spec.commonName',
    isRequired: true,
    must: (_, { parent }) => parent.literalSubject !== undefined || isNamed(parent),
    message: 'a certificate needs a common name or at least one subject alternative name. Give it one.',
  },
  {
    field: 'spec.subject',
    must: (subject, { parent }) =>
      !parent.literalSubject ||
      Object.values(mapIn(subject))
        .flat()
        .every((part) => part === ''),
    message: `${NOT_ALONE}. Write all of the subject into literalSubject, and leave subject out.`,
  },
  {
    field: 'spec.literalSubject',
    must: (text) => literalProblem(text) === undefined,
    message: (text) => {
      const hint = 'Write it as "CN=billing,OU=payments,DC=example,DC=org"; "\\" escapes commas, plus signs and other special characters.';
      return `${literalProblem(text)}. ${hint}`;
    },
  },
  {
    field: 'spec.literalSubject',
    must: (text) => longestCommonName(text).length === 0 || bytesOf(longestCommonName(text)) <= COMMON_NAME_MAX,
    message: (text) => commonNameProblem(longestCommonName(text)),
  },
  {
    field: 'spec.literalSubject',
    must: (_, { parent }) => isNamed(parent),
    message: 'a certificate needs a common name or at least one subject alternative name. Give it one.',
  },
  {
    field: 'spec.otherNames[].oid',
    isRequired: true,
    must: (oid) => /^[012](\.(0|[1-9]\d*))+$/.test(String(oid)),
    message: 'that is not an object identifier. Write numbers and dots, such as "1.3.6.1.4.1.311.20.2.3".',
  },
  { field: 'spec.otherNames[].utf8Value', isRequired: true, must: Boolean, message: 'a name is not empty. Write a string.' },
  {
    field: 'spec.privateKey.size',
    must: (size, { parent }) => size === 0 || keySizes(parent).isFine(Number(size)),
    message: (_, { parent }) => keySizes(parent).message,
  },
  {
    field: 'spec.signatureAlgorithm',
    must: (algorithm, { parent }) => signaturesOf(parent).includes(String(algorithm)),
    message: (_, { parent }) => {
      const { algorithm } = keyKindOf(parent.privateKey);
      return `a key of algorithm ${algorithm} cannot sign so. Use one of ${signaturesOf(parent).join(', ')}.`;
    },
  },
  {
    field: 'spec.renewBeforePercentage',
    must: (_, { parent }) => parent.renewBefore === undefined,
    message: 'renewBefore is given, and cert-manager needs one of the two. Leave one out.',
  },
  {
    field: 'spec.renewBeforePercentage',
    must: (percentage) => Number(percentage) >= 1 && Number(percentage) <= 99,
    message: 'cert-manager needs 1 to 99 percent. Use such a number.',
  },
  {
    field: 'spec.renewal.windows',
    must: (windows, { parent }) => parent.policy !== 'Disabled' || listIn(windows).length === 0,
    message: 'renewal is disabled, so there are no times for it. Leave the windows out.',
  },
  {
    field: 'spec.renewal.windows[].cron',
    isRequired: true,
    must: (cron) => cronProblem(String(cron ?? '')) === undefined,
    message: (cron) => `${cronProblem(String(cron ?? ''))}. Write it as "0 3 * * *".`,
  },
  {
    field: 'spec.renewal.windows[].timezone',
    must: (zone) => timeZoneProblem(String(zone)) === undefined,
    message: (zone) => `${timeZoneProblem(String(zone))}. Write it as "Europe/Berlin".`,
  },
  {
    field: 'spec.renewal.windows[].windowDuration',
    isRequired: true,
    must: (duration) => (parseGoDuration(String(duration)) ?? 0n) > 0n,
    message: 'that is not a positive duration in Go syntax. Write it as "4h".',
  },
  {
    field: 'spec.keystores.*',
    must: (store) => passwordsOf(store).length === 1,
    shows: '(its content is not shown)',
    message: (store) => {
      const count = passwordsOf(store).length === 0 ? 'none' : 'two';
      return `a key store has exactly one source of its password, this has ${count}. Name a Secret in passwordSecretRef.`;
    },
  },
  {
    field: 'spec.secretTemplate.annotations[*]',
    must: (_, { key }) => !key.startsWith('cert-manager.io/') || key === 'cert-manager.io/allow-direct-injection',
    message: 'cert-manager writes its annotations itself. Remove it.',
  },
  ...annotationRules('spec.secretTemplate.annotations'),
  ...labelRules('spec.secretTemplate.labels'),
  {
    field: 'spec.additionalOutputFormats',
    must: (formats) => new Set(formatsIn(formats)).size === formatsIn(formats).length,
    message: 'a format is listed twice. List each format once.',
  },
  { field: 'spec.revisionHistoryLimit', must: (limit) => Number(limit) >= 1, message: 'cert-manager keeps at least one request. Use 1.' },
  {
    field: 'spec.nameConstraints',
    must: (_, { parent }) => parent.isCA === true,
    message: 'only a CA constrains names. Set isCA, or leave the constraints out.',
  },
  {
    field: 'spec.nameConstraints',
    must: (constraints) => mapIn(constraints).permitted !== undefined || mapIn(constraints).excluded !== undefined,
    message: 'it neither permits nor excludes a name. Give permitted or excluded.',
  },
];

/** Returns why no certificate can carry a common name. cert-manager counts bytes: a letter beyond ASCII has two or more. Source: RFC 5280. */
export function commonNameProblem(commonName: string): string {
  const why = `a common name has at most ${COMMON_NAME_MAX} characters, this has ${bytesOf(commonName)}`;
  return `${why}. Use a shorter name; that of a broker is made of the names of Kafka and namespace.`;
}

function bytesOf(text: unknown): number {
  return new TextEncoder().encode(String(text)).length;
}

function literalProblem(text: unknown): string | undefined {
  const name = String(text).trim() === '' ? 'a subject is not empty' : parseDistinguishedName(String(text));
  return typeof name === 'string' ? name : undefined;
}

function commonNamesOf(literalSubject: unknown): readonly string[] {
  const name = parseDistinguishedName(String(literalSubject ?? ''));
  return typeof name === 'string' ? [] : attributeValues(name, 'CN');
}

function longestCommonName(literalSubject: unknown): string {
  return [...commonNamesOf(literalSubject)].sort((a, b) => bytesOf(b) - bytesOf(a))[0] ?? '';
}

function isNamed(spec: Readonly<Record<string, unknown>>): boolean {
  const lists = [...ALTERNATIVE_NAMES.map(({ field }) => field), 'otherNames'];
  return Boolean(spec.commonName) || lists.some((field) => listIn(spec[field]).length > 0) || commonNamesOf(spec.literalSubject).length > 0;
}

function keySizes({ algorithm = 'RSA' }: { readonly algorithm?: unknown }) {
  return KEY_SIZES[algorithm as KeyAlgorithmName];
}

function signaturesOf({ privateKey }: { readonly privateKey?: unknown }): readonly string[] {
  return SIGNATURE_ALGORITHMS[keyKindOf(privateKey).algorithm];
}

function passwordsOf(store: unknown): readonly unknown[] {
  const { password, passwordSecretRef } = mapIn(store);
  return [password, mapIn(passwordSecretRef).name].filter((source) => source !== undefined && source !== '');
}

function formatsIn(formats: unknown): readonly unknown[] {
  return listIn(formats).map((format) => mapIn(format).type);
}
