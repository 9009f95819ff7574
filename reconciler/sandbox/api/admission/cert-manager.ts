/** cert-manager's validating webhook for certificates, requests and issuers. */
import { isIP } from 'node:net';
import { attributeValues, parseDistinguishedName } from '#model/distinguished-name';
import { parseGoDuration } from '#model/go-duration';
import { isEqual, KINDS } from '#model/kube-object';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import {
  duplicateValue,
  type FieldProblem,
  forbiddenValue,
  formatProblems,
  invalidIf,
  problemsOf,
  requiredValue,
  tooLong,
} from '../field-problem';
import type { Draft } from '../json';
import type { View } from '../schema';
import type { certificateRequestSchema, certificateSchema, issuerSchema } from '../schemas/cert-manager';

type Certificate = View<typeof certificateSchema>['spec'];
type Issuer = View<typeof issuerSchema>['spec'];

const webhook = 'webhook.cert-manager.io';

export const certManagerAdmission: readonly Admission[] = [
  { webhook, kind: KINDS.Certificate, validate: onWrite(certificateProblems) },
  { webhook, kind: KINDS.CertificateRequest, validate: requestIsImmutable },
  { webhook, kind: KINDS.Issuer, validate: onWrite(issuerProblems) },
  { webhook, kind: KINDS.ClusterIssuer, validate: onWrite(issuerProblems) },
];

function onWrite<S>(problemsOf: (spec: S) => readonly FieldProblem[]) {
  return ({ operation, subresource, object }: AdmissionRequest<Draft & { spec: S }>): Refusal | undefined =>
    operation === 'DELETE' || subresource !== undefined ? undefined : sentenceOf(problemsOf(object.spec));
}

/** cert-manager refuses with one sentence (403), not with a list of causes. */
function sentenceOf(problems: readonly FieldProblem[]): Refusal | undefined {
  return problems.length === 0 ? undefined : formatProblems(problems);
}

const HOUR = 3_600_000_000_000n;
const FIVE_MINUTES = HOUR / 12n;
/** Lifetime without `duration`: 90 days. */
const DEFAULT_DURATION = 2160n * HOUR;

function certificateProblems(spec: Certificate): readonly FieldProblem[] {
  return [
    ...subjectProblems(spec),
    ...sanProblems(spec),
    ...durationProblems(spec),
    ...keyProblems(spec),
    ...keystoreProblems(spec),
    ...otherProblems(spec),
  ];
}

function subjectProblems({ commonName = '', literalSubject = '', subject, ...spec }: Certificate): FieldProblem[] {
  const name = literalSubject === '' ? [] : parseDistinguishedName(literalSubject);
  const literalCommonName = typeof name === 'string' ? undefined : attributeValues(name, 'CN').at(-1);
  const hasSubject = Object.values(subject ?? {}).some((part) => [part].flat().join('') !== '');
  const sans = [spec.dnsNames, spec.ipAddresses, spec.uris, spec.emailAddresses, spec.otherNames];
  const hasName = commonName !== '' || literalCommonName !== undefined || sans.some((list) => (list ?? []).length > 0);
  const exclusive = (part: string) => `When providing a \`LiteralSubject\` no ${part} may be provided.`;
  const noName = 'at least one of commonName, dnsNames, uriSANs, ipAddresses, emailSANs or otherNames must be set';
  return problemsOf(
    invalidIf(literalSubject !== '' && commonName !== '', 'spec.commonName', commonName, exclusive('`commonName`')),
    invalidIf(literalSubject !== '' && hasSubject, 'spec.subject', subject, exclusive('`Subject` properties')),
    invalidIf(typeof name === 'string', 'spec.literalSubject', literalSubject, String(name)),
    Buffer.byteLength(literalCommonName ?? commonName) > 64 && tooLong('spec.commonName', 64),
    invalidIf(!hasName, 'spec', '', noName),
  );
}

function sanProblems({ ipAddresses = [], emailAddresses = [] }: Certificate): FieldProblem[] {
  const isMail = (text: string) => /^[^\s<>@]+@[^\s<>@]+$/.test(text);
  const onlyAddress = 'make sure the supplied value only contains the email address itself';
  return problemsOf(
    ...ipAddresses.map((ip, i) => invalidIf(isIP(ip) === 0, `spec.ipAddresses[${i}]`, ip, 'invalid IP address')),
    ...emailAddresses.map((mail, i) => invalidIf(!isMail(mail), `spec.emailAddresses[${i}]`, mail, onlyAddress)),
  );
}

function durationProblems({ duration, renewBefore, renewBeforePercentage }: Certificate): FieldProblem[] {
  const parse = (text: string | undefined) => (text === undefined ? undefined : parseGoDuration(text));
  const lifetime = parse(duration) ?? DEFAULT_DURATION;
  const renewal = parse(renewBefore);
  const isDouble = renewal !== undefined && renewBeforePercentage !== undefined;
  const tooShort = (field: string, limit: string) => `certificate ${field} must be greater than ${limit}`;
  return problemsOf(
    invalidIf(duration !== undefined && parse(duration) === undefined, 'spec.duration', duration, 'is not a Go duration'),
    invalidIf(renewBefore !== undefined && renewal === undefined, 'spec.renewBefore', renewBefore, 'is not a Go duration'),
    invalidIf(lifetime < HOUR, 'spec.duration', duration, tooShort('duration', '1h0m0s')),
    invalidIf(isDouble, 'spec.renewBeforePercentage', renewBeforePercentage, 'may not be set together with renewBefore'),
    invalidIf((renewal ?? HOUR) < FIVE_MINUTES, 'spec.renewBefore', renewBefore, tooShort('renewBefore', '5m0s')),
    invalidIf((renewal ?? 0n) >= lifetime, 'spec.renewBefore', renewBefore, tooShort('duration', 'renewBefore')),
  );
}

const SIGNATURES = { RSA: /WithRSA$/, ECDSA: /^ECDSA/, Ed25519: /^PureEd25519$/ };

function keyProblems({ privateKey: { algorithm = 'RSA', size = 0 } = {}, signatureAlgorithm }: Certificate): FieldProblem[] {
  const isFitting = signatureAlgorithm === undefined || SIGNATURES[algorithm].test(signatureAlgorithm);
  const wrongSize = (isBroken: boolean, sizes: string) =>
    invalidIf(size !== 0 && isBroken, 'spec.privateKey.size', size, `must be ${sizes} for ${algorithm.toLowerCase()} keyAlgorithm`);
  return problemsOf(
    wrongSize(algorithm === 'RSA' && (size < 2048 || size > 8192), 'between 2048 and 8192'),
    wrongSize(algorithm === 'ECDSA' && ![256, 384, 521].includes(size), '256, 384 or 521'),
    invalidIf(!isFitting, 'spec.signatureAlgorithm', signatureAlgorithm, `for key algorithm ${algorithm} it is not allowed`),
  );
}

function keystoreProblems({ keystores = {} }: Certificate): FieldProblem[] {
  const oneOf = 'exactly one of passwordSecretRef and password must be provided';
  return Object.entries(keystores).flatMap(([format, store]) => {
    const field = `spec.keystores.${format}`;
    const passwords = [store.password, store.passwordSecretRef?.name].filter(Boolean).length;
    return problemsOf(passwords === 2 && forbiddenValue(field, oneOf), passwords === 0 && requiredValue(field, oneOf));
  });
}

function otherProblems(spec: Certificate): FieldProblem[] {
  const { name, kind = 'Issuer', group = '' } = spec.issuerRef;
  const isKnown = ['', 'Issuer', 'ClusterIssuer'].includes(kind) || !['', 'cert-manager.io'].includes(group);
  const { revisionHistoryLimit = 1, nameConstraints, renewal } = spec;
  const annotations = Object.keys(spec.secretTemplate?.annotations ?? {});
  const isReserved = (key: string) => key.startsWith('cert-manager.io/') && key !== 'cert-manager.io/allow-direct-injection';
  const reserved = 'cert-manager.io/* annotations are not allowed';
  const formats = (spec.additionalOutputFormats ?? []).map((format) => format.type);
  const isIdle = renewal?.policy === 'Disabled' && renewal.windows !== undefined;
  const isLeaf = spec.isCA !== true;
  return problemsOf(
    name === '' && requiredValue('spec.issuerRef.name', 'must be specified'),
    invalidIf(!isKnown, 'spec.issuerRef.kind', kind, 'must be one of Issuer or ClusterIssuer'),
    invalidIf(revisionHistoryLimit < 1, 'spec.revisionHistoryLimit', revisionHistoryLimit, 'must not be less than 1'),
    ...annotations.map((key) => invalidIf(isReserved(key), 'spec.secretTemplate.annotations', key, reserved)),
    invalidIf(
      isLeaf && nameConstraints !== undefined,
      'spec.nameConstraints',
      nameConstraints,
      'isCa should be true when nameConstraints is set',
    ),
    isIdle && forbiddenValue('spec.renewal.windows', 'may not be set with policy Disabled'),
    ...formats.map((type, i) => formats.indexOf(type) !== i && duplicateValue(`spec.additionalOutputFormats[${i}].type`, type)),
  );
}

function requestIsImmutable({ operation, object, old }: AdmissionRequest<View<typeof certificateRequestSchema>>): Refusal | undefined {
  if (operation !== 'UPDATE' || isEqual(object.spec, old?.spec)) return undefined;
  return sentenceOf([forbiddenValue('spec', 'cannot change spec after creation')]);
}

const ISSUER_TYPES = ['selfSigned', 'ca', 'vault', 'acme', 'venafi'] as const;

function issuerProblems(spec: Issuer): readonly FieldProblem[] {
  const [first, ...others] = ISSUER_TYPES.filter((type) => spec[type] !== undefined);
  if (first === undefined) return [requiredValue('spec', 'at least one issuer must be configured')];
  if (others.length > 0) return others.map((type) => forbiddenValue(`spec.${type}`, 'may not specify more than one issuer type'));
  return problemsOf(spec.ca?.secretName === '' && requiredValue('spec.ca.secretName'));
}
