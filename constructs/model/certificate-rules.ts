/**
 * What cert-manager's webhook refuses in a Certificate, beyond what an entry of KubeDB's `tls.certificates` can say. The list is in the order
 * of the fields; a rule is named after the violation it finds.
 *
 * Source: cert-manager 1.21, `internal/apis/certmanager/validation/certificate.go`.
 */

import { cronProblem, timeZoneProblem } from './cron';
import { attributeValues, parseDistinguishedName } from './distinguished-name';
import { parseGoDuration } from './go-duration';
import { KEY_ALGORITHMS, type KeyAlgorithmName, keyKindOf, SIGNATURE_ALGORITHMS } from './key-kind';
import { type KubeObject, refOf } from './kube-object';
import { checkRules } from './rules';
import { annotationRules, labelRules } from './validate-metadata';
import { type Violation, violationsFor } from './violation';

type Rule = (certificate: KubeObject) => readonly Violation[];

export const CERTIFICATE_RULES: readonly Rule[] = [
  commonNameIsTooLong,
  literalSubjectIsNotAlone,
  literalSubjectIsUnreadable,
  nothingIsNamed,
  otherNamesAreMalformed,
  keySizeDoesNotFit,
  signatureDoesNotFit,
  renewalIsContradictory,
  keystoresHaveNoPassword,
  secretTemplateIsRefused,
  outputFormatsRepeat,
  historyIsTooShort,
  nameConstraintsAreMisplaced,
];

const COMMON_NAME_MAX = 64;

/** cert-manager counts bytes: a letter beyond ASCII has two or more. Source: RFC 5280, ub-common-name. */
function commonNameIsTooLong(certificate: KubeObject): readonly Violation[] {
  const { commonName = '', literalSubject } = certificate.spec;
  const literal = literalSubject === undefined ? [] : commonNamesOf(literalSubject);
  return [
    ...(bytesOf(commonName) > COMMON_NAME_MAX ? [commonNameViolation(certificate, 'spec.commonName', commonName)] : []),
    ...literal.filter((cn) => bytesOf(cn) > COMMON_NAME_MAX).map((cn) => commonNameViolation(certificate, 'spec.literalSubject', cn)),
  ];
}

/** Returns the complaint about a common name that no certificate can carry. */
export function commonNameViolation(object: KubeObject, field: string, commonName: string): Violation {
  const why = `a common name has at most ${COMMON_NAME_MAX} characters, this has ${bytesOf(commonName)}`;
  const hint = 'Use a shorter name; that of a broker is made of the names of Kafka and namespace.';
  return violationsFor(refOf(object)).error(field, commonName, why, hint);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function commonNamesOf(literalSubject: string): readonly string[] {
  const name = parseDistinguishedName(literalSubject);
  return typeof name === 'string' ? [] : attributeValues(name, 'CN');
}

function literalSubjectIsNotAlone(certificate: KubeObject): readonly Violation[] {
  const { literalSubject, commonName, subject } = certificate.spec;
  if (!literalSubject) return [];
  const { error } = violationsFor(refOf(certificate));
  const why = 'literalSubject is given, and cert-manager wants one of the two';
  const found = commonName
    ? [error('spec.commonName', commonName, why, 'Write the common name into literalSubject, as "CN=...", and leave commonName out.')]
    : [];
  if (Object.values(subject ?? {}).some((part) => [part].flat().length > 0 && part !== ''))
    found.push(error('spec.subject', subject, why, 'Write all of the subject into literalSubject, and leave subject out.'));
  return found;
}

function literalSubjectIsUnreadable(certificate: KubeObject): readonly Violation[] {
  const { literalSubject } = certificate.spec;
  if (literalSubject === undefined) return [];
  const { error } = violationsFor(refOf(certificate));
  const hint = 'Write it as "CN=billing,OU=payments,DC=example,DC=org"; "\\" escapes commas, plus signs and other special characters.';
  const problem = literalSubject.trim() === '' ? 'a subject is not empty' : parseDistinguishedName(literalSubject);
  return typeof problem === 'string' ? [error('spec.literalSubject', literalSubject, problem, hint)] : [];
}

const NAMES = ['dnsNames', 'ipAddresses', 'uris', 'emailAddresses', 'otherNames'] as const;

function nothingIsNamed(certificate: KubeObject): readonly Violation[] {
  const { spec } = certificate;
  const { commonName, literalSubject } = spec;
  const isReadable = literalSubject === undefined || typeof parseDistinguishedName(literalSubject) !== 'string';
  const hasName = commonName || NAMES.some((field) => (spec[field] ?? []).length > 0) || commonNamesOf(literalSubject ?? '').length > 0;
  if (hasName || !isReadable) return [];
  return [
    violationsFor(refOf(certificate)).error(
      literalSubject === undefined ? 'spec.commonName' : 'spec.literalSubject',
      literalSubject ?? commonName,
      'a certificate needs a common name or at least one subject alternative name',
      'Give it one.',
    ),
  ];
}

function otherNamesAreMalformed(certificate: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(certificate));
  const names: readonly { readonly oid?: string; readonly utf8Value?: string }[] = certificate.spec.otherNames ?? [];
  return [...names.entries()].flatMap(([i, { oid, utf8Value }]) => {
    const at = `spec.otherNames[${i}]`;
    return [
      ...(/^[012](\.(0|[1-9]\d*))+$/.test(oid ?? '')
        ? []
        : [error(`${at}.oid`, oid, 'that is not an object identifier', 'Write numbers and dots, such as "1.3.6.1.4.1.311.20.2.3".')]),
      ...(utf8Value ? [] : [error(`${at}.utf8Value`, utf8Value, 'a name is not empty', 'Write a text.')]),
    ];
  });
}

const ECDSA_SIZES = [256, 384, 521];

function keySizeDoesNotFit(certificate: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(certificate));
  const { algorithm = 'RSA', size }: { readonly algorithm?: KeyAlgorithmName; readonly size?: number } = certificate.spec.privateKey ?? {};
  if (size === undefined || size === 0) return [];
  const field = 'spec.privateKey.size';
  if (algorithm === 'RSA' && (size < 2048 || size > 8192))
    return [error(field, size, 'cert-manager makes RSA keys of 2048 to 8192 bits', 'Use 2048, 3072 or 4096.')];
  if (algorithm === 'ECDSA' && !ECDSA_SIZES.includes(size))
    return [error(field, size, 'cert-manager makes ECDSA keys of 256, 384 or 521 bits', 'Use 256.')];
  return [];
}

function signatureDoesNotFit(certificate: KubeObject): readonly Violation[] {
  const { signatureAlgorithm, privateKey } = certificate.spec;
  const { algorithm } = keyKindOf(privateKey);
  const allowed = KEY_ALGORITHMS.includes(algorithm) ? SIGNATURE_ALGORITHMS[algorithm] : [];
  if (signatureAlgorithm === undefined || allowed.includes(signatureAlgorithm)) return [];
  const why = `a key of algorithm ${algorithm} cannot sign so`;
  return [violationsFor(refOf(certificate)).error('spec.signatureAlgorithm', signatureAlgorithm, why, `Use one of ${allowed.join(', ')}.`)];
}

function renewalIsContradictory(certificate: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(certificate));
  const { renewBefore, renewBeforePercentage: percentage, renewal } = certificate.spec;
  const found: Violation[] = [];
  if (percentage !== undefined && renewBefore !== undefined)
    found.push(
      error('spec.renewBeforePercentage', percentage, 'renewBefore is given, and cert-manager wants one of the two', 'Leave one out.'),
    );
  if (percentage !== undefined && (percentage < 1 || percentage > 99))
    found.push(error('spec.renewBeforePercentage', percentage, 'cert-manager wants 1 to 99 percent', 'Use such a number.'));
  const windows: readonly { readonly cron?: string; readonly windowDuration?: string; readonly timezone?: string }[] =
    renewal?.windows ?? [];
  if (renewal?.policy === 'Disabled' && windows.length > 0)
    found.push(error('spec.renewal.windows', windows, 'renewal is disabled, so there are no times for it', 'Leave the windows out.'));
  for (const [i, { cron = '', windowDuration, timezone }] of windows.entries()) {
    const at = `spec.renewal.windows[${i}]`;
    const problem = cronProblem(cron);
    const zoneProblem = timezone === undefined ? undefined : timeZoneProblem(timezone);
    if (problem !== undefined) found.push(error(`${at}.cron`, cron, problem, 'Write it as "0 3 * * *".'));
    if (zoneProblem !== undefined) found.push(error(`${at}.timezone`, timezone, zoneProblem, 'Write it as "Europe/Berlin".'));
    if (windowDuration === undefined || (parseGoDuration(windowDuration) ?? 0n) <= 0n)
      found.push(error(`${at}.windowDuration`, windowDuration, 'that is not a positive duration in Go syntax', 'Write it as "4h".'));
  }
  return found;
}

function keystoresHaveNoPassword(certificate: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(certificate));
  const keystores: Readonly<Record<string, { readonly password?: string; readonly passwordSecretRef?: { readonly name?: string } }>> =
    certificate.spec.keystores ?? {};
  return Object.entries(keystores).flatMap(([format, { password, passwordSecretRef }]) => {
    const sources = [password, passwordSecretRef?.name].filter((source) => source !== undefined && source !== '');
    if (sources.length === 1) return [];
    const why = `a key store has exactly one source of its password, this has ${sources.length === 0 ? 'none' : 'two'}`;
    // The password itself is not shown.
    return [error(`spec.keystores.${format}`, Object.keys(keystores[format] ?? {}), why, 'Name a Secret in passwordSecretRef.')];
  });
}

function secretTemplateIsRefused(certificate: KubeObject): readonly Violation[] {
  const { annotations = {} } = certificate.spec.secretTemplate ?? {};
  const { error } = violationsFor(refOf(certificate));
  const field = 'spec.secretTemplate';
  return [
    ...Object.keys(annotations)
      .filter((key) => key.startsWith('cert-manager.io/') && key !== 'cert-manager.io/allow-direct-injection')
      .map((key) => error(`${field}.annotations[${key}]`, annotations[key], 'cert-manager writes its annotations itself', 'Remove it.')),
    ...checkRules(certificate, [...annotationRules(`${field}.annotations`), ...labelRules(`${field}.labels`)]),
  ];
}

function outputFormatsRepeat(certificate: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(certificate));
  const types: readonly string[] = (certificate.spec.additionalOutputFormats ?? []).map((f: { readonly type: string }) => f.type);
  return [...types.entries()]
    .filter(([i, type]) => types.indexOf(type) !== i)
    .map(([i, type]) => error(`spec.additionalOutputFormats[${i}].type`, type, 'the format is listed already', 'List each format once.'));
}

function historyIsTooShort(certificate: KubeObject): readonly Violation[] {
  const { revisionHistoryLimit: limit } = certificate.spec;
  if (limit === undefined || limit >= 1) return [];
  return [violationsFor(refOf(certificate)).error('spec.revisionHistoryLimit', limit, 'cert-manager keeps at least one request', 'Use 1.')];
}

function nameConstraintsAreMisplaced(certificate: KubeObject): readonly Violation[] {
  const { nameConstraints, isCA } = certificate.spec;
  if (nameConstraints === undefined) return [];
  const { error } = violationsFor(refOf(certificate));
  if (isCA !== true)
    return [error('spec.nameConstraints', nameConstraints, 'only a CA constrains names', 'Set isCA, or leave the constraints out.')];
  if (nameConstraints.permitted !== undefined || nameConstraints.excluded !== undefined) return [];
  return [error('spec.nameConstraints', nameConstraints, 'it neither permits nor excludes a name', 'Give permitted or excluded.')];
}
