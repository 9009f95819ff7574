/** cert-manager's validating webhook for certificates, requests and issuers. */
import { isIP } from 'node:net';
import { attributeValues, parseDistinguishedName } from '../../../../constructs/model/distinguished-name';
import { parseGoDuration } from '../../../../constructs/model/go-duration';
import { isEqual, KINDS } from '../../../../constructs/model/kube-object';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import { type FieldProblem, forbiddenValue, formatFieldProblem, invalidValue, requiredValue } from '../field-problem';
import { isTree, type Tree } from '../json';

const webhook = 'webhook.cert-manager.io';
const onWrite =
  (check: (spec: Tree) => FieldProblem[]) =>
  (request: AdmissionRequest): Refusal | undefined =>
    request.operation === 'DELETE' || request.subresource !== undefined ? undefined : sentenceOf(check(request.object.spec ?? {}));

/** cert-manager refuses with one sentence (403), not with a list of causes. */
function sentenceOf(problems: readonly FieldProblem[]): Refusal | undefined {
  const texts = problems.map(formatFieldProblem);
  return texts.length > 1 ? `[${texts.join(', ')}]` : texts[0];
}

export const certManagerAdmission: readonly Admission[] = [
  { webhook, kind: KINDS.Certificate, validate: onWrite(certificateProblems) },
  { webhook, kind: KINDS.CertificateRequest, validate: requestIsImmutable },
  { webhook, kind: KINDS.Issuer, validate: onWrite(issuerProblems) },
  { webhook, kind: KINDS.ClusterIssuer, validate: onWrite(issuerProblems) },
];

const HOUR = 3_600_000_000_000n;
const FIVE_MINUTES = HOUR / 12n;
/** Lifetime without `duration`: 90 days. */
const DEFAULT_DURATION = 2160n * HOUR;

function certificateProblems(spec: Tree): FieldProblem[] {
  return [
    ...subjectProblems(spec),
    ...sanProblems(spec),
    ...durationProblems(spec),
    ...keyProblems(spec.privateKey ?? {}),
    ...signatureProblems(spec),
    ...keystoreProblems(spec.keystores ?? {}),
    ...issuerRefProblems(spec.issuerRef ?? {}),
    ...otherProblems(spec),
  ];
}

const SANS = ['dnsNames', 'ipAddresses', 'uris', 'emailAddresses', 'otherNames'] as const;

function subjectProblems(spec: Tree): FieldProblem[] {
  const { commonName = '', literalSubject = '' } = spec;
  const problems: FieldProblem[] = [];
  const name = literalSubject === '' ? [] : parseDistinguishedName(literalSubject);
  if (literalSubject !== '' && commonName !== '')
    problems.push(invalidValue('spec.commonName', commonName, 'When providing a `LiteralSubject` no `commonName` may be provided.'));
  if (literalSubject !== '' && Object.values(spec.subject ?? {}).some((part) => [part].flat().join('') !== ''))
    problems.push(invalidValue('spec.subject', spec.subject, 'When providing a `LiteralSubject` no `Subject` properties may be provided.'));
  if (typeof name === 'string') problems.push(invalidValue('spec.literalSubject', literalSubject, name));
  const literalCommonName = typeof name === 'string' ? undefined : attributeValues(name, 'CN').at(-1);
  if (Buffer.byteLength(literalCommonName ?? commonName) > 64)
    problems.push({ reason: 'FieldValueInvalid', field: 'spec.commonName', detail: 'Too long: may not be more than 64 bytes' });
  const hasName = commonName !== '' || literalCommonName !== undefined || SANS.some((field) => (spec[field] ?? []).length > 0);
  if (!hasName)
    problems.push(
      invalidValue('spec', '', 'at least one of commonName, dnsNames, uriSANs, ipAddresses, emailSANs or otherNames must be set'),
    );
  return problems;
}

function sanProblems(spec: Tree): FieldProblem[] {
  const addresses = (spec.ipAddresses ?? []).flatMap((ip: string, i: number) =>
    isIP(ip) === 0 ? [invalidValue(`spec.ipAddresses[${i}]`, ip, 'invalid IP address')] : [],
  );
  const mails = (spec.emailAddresses ?? []).flatMap((mail: string, i: number) =>
    /^[^\s<>@]+@[^\s<>@]+$/.test(mail)
      ? []
      : [invalidValue(`spec.emailAddresses[${i}]`, mail, 'make sure the supplied value only contains the email address itself')],
  );
  return [...addresses, ...mails];
}

function durationProblems(spec: Tree): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const read = (field: string): bigint | undefined => {
    if (spec[field] === undefined) return undefined;
    const value = parseGoDuration(spec[field]);
    if (value === undefined) problems.push(invalidValue(`spec.${field}`, spec[field], 'is not a Go duration'));
    return value;
  };
  const duration = read('duration') ?? DEFAULT_DURATION;
  const renewBefore = read('renewBefore');
  if (duration < HOUR) problems.push(invalidValue('spec.duration', spec.duration, 'certificate duration must be greater than 1h0m0s'));
  if (renewBefore === undefined) return problems;
  if (spec.renewBeforePercentage !== undefined)
    problems.push(invalidValue('spec.renewBeforePercentage', spec.renewBeforePercentage, 'may not be set together with renewBefore'));
  if (renewBefore < FIVE_MINUTES)
    problems.push(invalidValue('spec.renewBefore', spec.renewBefore, 'certificate renewBefore must be greater than 5m0s'));
  if (renewBefore >= duration)
    problems.push(invalidValue('spec.renewBefore', spec.renewBefore, 'certificate duration must be greater than renewBefore'));
  return problems;
}

function keyProblems({ algorithm = 'RSA', size }: Tree): FieldProblem[] {
  if (size === undefined || size === 0) return [];
  const field = 'spec.privateKey.size';
  if (algorithm === 'RSA' && (size < 2048 || size > 8192))
    return [invalidValue(field, size, 'must be between 2048 and 8192 for rsa keyAlgorithm')];
  if (algorithm === 'ECDSA' && ![256, 384, 521].includes(size))
    return [invalidValue(field, size, 'must be 256, 384 or 521 for ecdsa keyAlgorithm')];
  return [];
}

const SIGNATURES: Readonly<Record<string, RegExp>> = { RSA: /WithRSA$/, ECDSA: /^ECDSA/, Ed25519: /^PureEd25519$/ };

function signatureProblems({ signatureAlgorithm, privateKey }: Tree): FieldProblem[] {
  const algorithm: string = privateKey?.algorithm ?? 'RSA';
  if (signatureAlgorithm === undefined || SIGNATURES[algorithm]?.test(signatureAlgorithm)) return [];
  return [invalidValue('spec.signatureAlgorithm', signatureAlgorithm, `for key algorithm ${algorithm} it is not allowed`)];
}

function keystoreProblems(keystores: Tree): FieldProblem[] {
  return Object.entries(keystores).flatMap(([format, store]) => {
    if (!isTree(store)) return [];
    const field = `spec.keystores.${format}`;
    const hasReference = Boolean(store.passwordSecretRef?.name);
    const hasPassword = Boolean(store.password);
    if (hasReference && hasPassword) return [forbiddenValue(field, 'exactly one of passwordSecretRef and password must be provided')];
    return hasReference || hasPassword ? [] : [requiredValue(field, 'exactly one of passwordSecretRef and password must be provided')];
  });
}

function issuerRefProblems({ name = '', kind = 'Issuer', group = '' }: Tree): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (name === '') problems.push(requiredValue('spec.issuerRef.name', 'must be specified'));
  const isOurs = group === '' || group === 'cert-manager.io';
  if (isOurs && !['', 'Issuer', 'ClusterIssuer'].includes(kind))
    problems.push(invalidValue('spec.issuerRef.kind', kind, 'must be one of Issuer or ClusterIssuer'));
  return problems;
}

function otherProblems(spec: Tree): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (spec.revisionHistoryLimit < 1)
    problems.push(invalidValue('spec.revisionHistoryLimit', spec.revisionHistoryLimit, 'must not be less than 1'));
  for (const key of Object.keys(spec.secretTemplate?.annotations ?? {})) {
    if (key.startsWith('cert-manager.io/') && key !== 'cert-manager.io/allow-direct-injection') {
      problems.push(invalidValue('spec.secretTemplate.annotations', key, 'cert-manager.io/* annotations are not allowed'));
    }
  }
  if (spec.nameConstraints !== undefined && spec.isCA !== true)
    problems.push(invalidValue('spec.nameConstraints', spec.nameConstraints, 'isCa should be true when nameConstraints is set'));
  if (spec.renewal?.policy === 'Disabled' && spec.renewal.windows !== undefined)
    problems.push(forbiddenValue('spec.renewal.windows', 'may not be set with policy Disabled'));
  const formats: string[] = (spec.additionalOutputFormats ?? []).map((f: Tree) => f.type);
  formats.forEach((type, i) => {
    if (formats.indexOf(type) !== i)
      problems.push({ reason: 'FieldValueDuplicate', field: `spec.additionalOutputFormats[${i}].type`, value: type, detail: '' });
  });
  return problems;
}

function requestIsImmutable({ operation, object, old }: AdmissionRequest): Refusal | undefined {
  if (operation !== 'UPDATE' || isEqual(object.spec, old?.spec)) return undefined;
  return sentenceOf([forbiddenValue('spec', 'cannot change spec after creation')]);
}

const ISSUER_TYPES = ['selfSigned', 'ca', 'vault', 'acme', 'venafi'] as const;

function issuerProblems(spec: Tree): FieldProblem[] {
  const given = ISSUER_TYPES.filter((type) => spec[type] !== undefined);
  if (given.length === 0) return [requiredValue('spec', 'at least one issuer must be configured')];
  if (given.length > 1) return given.slice(1).map((type) => forbiddenValue(`spec.${type}`, 'may not specify more than one issuer type'));
  return spec.ca !== undefined && !spec.ca.secretName ? [requiredValue('spec.ca.secretName')] : [];
}
