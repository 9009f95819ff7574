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
  invalidValue,
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
  return problemsOf(
    literalSubject !== '' && commonName !== '' && invalidValue('spec.commonName', commonName, exclusive('`commonName`')),
    literalSubject !== '' && hasSubject && invalidValue('spec.subject', subject, exclusive('`Subject` properties')),
    typeof name === 'string' && invalidValue('spec.literalSubject', literalSubject, String(name)),
    Buffer.byteLength(literalCommonName ?? commonName) > 64 && tooLong('spec.commonName', 64),
    !hasName && invalidValue('spec', '', 'at least one of commonName, dnsNames, uriSANs, ipAddresses, emailSANs or otherNames must be set'),
  );
}

function sanProblems({ ipAddresses = [], emailAddresses = [] }: Certificate): FieldProblem[] {
  const isMail = (text: string) => /^[^\s<>@]+@[^\s<>@]+$/.test(text);
  const onlyAddress = 'make sure the supplied value only contains the email address itself';
  return problemsOf(
    ...ipAddresses.map((ip, i) => isIP(ip) === 0 && invalidValue(`spec.ipAddresses[${i}]`, ip, 'invalid IP address')),
    ...emailAddresses.map((mail, i) => !isMail(mail) && invalidValue(`spec.emailAddresses[${i}]`, mail, onlyAddress)),
  );
}

function durationProblems({ duration, renewBefore, renewBeforePercentage }: Certificate): FieldProblem[] {
  const parse = (text: string | undefined) => (text === undefined ? undefined : parseGoDuration(text));
  const lifetime = parse(duration) ?? DEFAULT_DURATION;
  const renewal = parse(renewBefore);
  const wrong = (field: string, value: unknown, detail: string) => invalidValue(`spec.${field}`, value, detail);
  return problemsOf(
    duration !== undefined && parse(duration) === undefined && wrong('duration', duration, 'is not a Go duration'),
    renewBefore !== undefined && renewal === undefined && wrong('renewBefore', renewBefore, 'is not a Go duration'),
    lifetime < HOUR && wrong('duration', duration, 'certificate duration must be greater than 1h0m0s'),
    renewal !== undefined &&
      renewBeforePercentage !== undefined &&
      wrong('renewBeforePercentage', renewBeforePercentage, 'may not be set together with renewBefore'),
    renewal !== undefined &&
      renewal < FIVE_MINUTES &&
      wrong('renewBefore', renewBefore, 'certificate renewBefore must be greater than 5m0s'),
    renewal !== undefined &&
      renewal >= lifetime &&
      wrong('renewBefore', renewBefore, 'certificate duration must be greater than renewBefore'),
  );
}

const SIGNATURES = { RSA: /WithRSA$/, ECDSA: /^ECDSA/, Ed25519: /^PureEd25519$/ };

function keyProblems({ privateKey: { algorithm = 'RSA', size = 0 } = {}, signatureAlgorithm }: Certificate): FieldProblem[] {
  const wrongSize = (sizes: string) =>
    invalidValue('spec.privateKey.size', size, `must be ${sizes} for ${algorithm.toLowerCase()} keyAlgorithm`);
  return problemsOf(
    size !== 0 && algorithm === 'RSA' && (size < 2048 || size > 8192) && wrongSize('between 2048 and 8192'),
    size !== 0 && algorithm === 'ECDSA' && ![256, 384, 521].includes(size) && wrongSize('256, 384 or 521'),
    signatureAlgorithm !== undefined &&
      !SIGNATURES[algorithm].test(signatureAlgorithm) &&
      invalidValue('spec.signatureAlgorithm', signatureAlgorithm, `for key algorithm ${algorithm} it is not allowed`),
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
  const isForeign = !['', 'cert-manager.io'].includes(group);
  const { revisionHistoryLimit, nameConstraints, renewal } = spec;
  const annotations = Object.keys(spec.secretTemplate?.annotations ?? {});
  const isReserved = (key: string) => key.startsWith('cert-manager.io/') && key !== 'cert-manager.io/allow-direct-injection';
  const formats = (spec.additionalOutputFormats ?? []).map((format) => format.type);
  return problemsOf(
    name === '' && requiredValue('spec.issuerRef.name', 'must be specified'),
    !isForeign &&
      !['', 'Issuer', 'ClusterIssuer'].includes(kind) &&
      invalidValue('spec.issuerRef.kind', kind, 'must be one of Issuer or ClusterIssuer'),
    revisionHistoryLimit !== undefined &&
      revisionHistoryLimit < 1 &&
      invalidValue('spec.revisionHistoryLimit', revisionHistoryLimit, 'must not be less than 1'),
    ...annotations.map(
      (key) => isReserved(key) && invalidValue('spec.secretTemplate.annotations', key, 'cert-manager.io/* annotations are not allowed'),
    ),
    nameConstraints !== undefined &&
      spec.isCA !== true &&
      invalidValue('spec.nameConstraints', nameConstraints, 'isCa should be true when nameConstraints is set'),
    renewal?.policy === 'Disabled' &&
      renewal.windows !== undefined &&
      forbiddenValue('spec.renewal.windows', 'may not be set with policy Disabled'),
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
