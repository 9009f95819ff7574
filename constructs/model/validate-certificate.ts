/**
 * What cert-manager and KubeDB refuse in certificates and issuers. The rules in this file hold for an entry of KubeDB's `tls.certificates`
 * and for a Certificate, since KubeDB hands the former's fields to the latter. Those of a Certificate alone are in `certificate-rules.ts`.
 *
 * Source: cert-manager's webhook, KubeDB's documentation of `privateKey.encoding`.
 */
import { NAME_FIELDS, nameProblem } from './certificate-names';
import { CERTIFICATE_RULES } from './certificate-rules';
import { parseGoDuration } from './go-duration';
import { type KubeObject, refOf } from './kube-object';
import { isDnsSubdomain } from './kubernetes-names';
import { ALIASES, type CertificateSpec, type IssuerRef, type TlsConfig } from './tls';
import { badName } from './validate-metadata';
import { type Violation, violationsFor } from './violation';

const HOUR = 3_600_000_000_000n;
const MINUTE = 60_000_000_000n;
const GO_SYNTAX = 'Write hours, minutes and seconds, such as "2160h" for 90 days.';

/** Returns what is wrong with the TLS configuration of a Kafka or a request, `field` being where it stands. */
export function tlsViolations(object: KubeObject, field: string, tls: Partial<TlsConfig>): readonly Violation[] {
  const { error, warning } = violationsFor(refOf(object));
  const found: Violation[] = [...issuerRefViolations(object, `${field}.issuerRef`, tls.issuerRef, 'apiGroup')];
  const certificates: readonly CertificateSpec[] = tls.certificates ?? [];
  for (const [i, certificate] of certificates.entries()) {
    const at = `${field}.certificates[${i}]`;
    if (typeof certificate.alias !== 'string') {
      found.push(error(`${at}.alias`, certificate.alias, 'a certificate is known by its alias', `Use ${ALIASES.join(' or ')}.`));
    } else if (certificates.findIndex((c) => c.alias === certificate.alias) !== i) {
      found.push(
        error(
          `${at}.alias`,
          certificate.alias,
          'another certificate has this alias, and only one of them would count',
          'Leave one of the two out.',
        ),
      );
    } else if (!ALIASES.some((alias) => alias === certificate.alias)) {
      found.push(warning(`${at}.alias`, certificate.alias, `no Kafka serves it`, `Use ${ALIASES.join(' or ')}.`));
    }
    if (certificate.issuerRef !== undefined)
      found.push(...issuerRefViolations(object, `${at}.issuerRef`, certificate.issuerRef, 'apiGroup'));
    if (certificate.secretName !== undefined && !isDnsSubdomain(certificate.secretName))
      found.push(badName(object, `${at}.secretName`, certificate.secretName));
    found.push(...certificateFieldViolations(object, at, certificate));
  }
  return found;
}

/** Returns what is wrong with a Certificate of cert-manager. */
export function certificateViolations(certificate: KubeObject): readonly Violation[] {
  const spec = certificate.spec ?? {};
  return [
    ...issuerRefViolations(certificate, 'spec.issuerRef', spec.issuerRef, 'group'),
    ...certificateFieldViolations(certificate, 'spec', spec),
    ...(isDnsSubdomain(spec.secretName) ? [] : [badName(certificate, 'spec.secretName', spec.secretName)]),
    ...CERTIFICATE_RULES.flatMap((rule) => rule(certificate)),
  ];
}

/** Returns what is wrong with an Issuer. */
export function issuerViolations(issuer: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(issuer));
  const types = Object.keys(issuer.spec ?? {});
  if (types.length !== 1) {
    return [
      error(
        'spec',
        types,
        `an Issuer is of exactly one type, this is of ${types.length}`,
        'Leave one of selfSigned, ca, vault, acme and venafi.',
      ),
    ];
  }
  if (issuer.spec.ca !== undefined && !isDnsSubdomain(issuer.spec.ca.secretName))
    return [badName(issuer, 'spec.ca.secretName', issuer.spec.ca.secretName)];
  return [];
}

function issuerRefViolations(
  object: KubeObject,
  field: string,
  issuer: Partial<IssuerRef> | undefined,
  group: 'group' | 'apiGroup',
): readonly Violation[] {
  const { error } = violationsFor(refOf(object));
  if (issuer === undefined) return [error(field, issuer, 'a certificate needs an issuer', 'Name an Issuer or ClusterIssuer.')];
  const found: Violation[] = [];
  if (!isDnsSubdomain(issuer.name)) found.push(badName(object, `${field}.name`, issuer.name));
  const given = (issuer as Readonly<Record<string, unknown>>)[group];
  if (given === undefined && group === 'apiGroup') {
    const why = "KubeDB's webhook makes null of it, and the API server refuses that in a Kafka";
    found.push(error(`${field}.apiGroup`, given, why, 'Write "cert-manager.io".'));
  } else if (given !== undefined && given !== 'cert-manager.io') {
    found.push(error(`${field}.${group}`, given, 'KubeDB takes issuers of cert-manager only', 'Write "cert-manager.io".'));
  } else if (issuer.kind !== 'Issuer' && issuer.kind !== 'ClusterIssuer') {
    found.push(error(`${field}.kind`, issuer.kind, 'cert-manager knows Issuer and ClusterIssuer', 'Use one of the two.'));
  }
  return found;
}

/** Fields that an entry of `tls.certificates` and the spec of a Certificate have in common. */
function certificateFieldViolations(object: KubeObject, at: string, c: Partial<CertificateSpec>): readonly Violation[] {
  const { error, warning } = violationsFor(refOf(object));
  const found: Violation[] = [...lifetimeViolations(object, at, c)];
  for (const field of NAME_FIELDS) {
    for (const [i, name] of (c[field] ?? []).entries()) {
      const problem = nameProblem(field, name);
      if (problem !== undefined) found.push(error(`${at}.${field}[${i}]`, name, problem.why, problem.hint));
    }
  }
  for (const [field, values] of Object.entries(c.subject ?? {})) {
    if ([values].flat().some((value) => String(value).trim() === ''))
      found.push(error(`${at}.subject.${field}`, values, 'a part of a subject is not empty', 'Write a value, or remove it.'));
  }
  for (const country of c.subject?.countries ?? []) {
    if (country.trim() !== '' && !/^[A-Z]{2}$/.test(country))
      found.push(warning(`${at}.subject.countries`, country, 'X.509 expects the two-letter code of a country', 'Write it as "CH".'));
  }
  if (c.privateKey?.encoding === 'PKCS1') {
    const why = "KubeDB's Kafka and Kafka's own PEM reader support PKCS#8 only";
    found.push(warning(`${at}.privateKey.encoding`, c.privateKey.encoding, why, 'Use PKCS8.'));
  }
  return found;
}

function lifetimeViolations(object: KubeObject, at: string, c: Partial<CertificateSpec>): readonly Violation[] {
  const { error } = violationsFor(refOf(object));
  const found: Violation[] = [];
  const duration = c.duration === undefined ? 2160n * HOUR : parseGoDuration(c.duration);
  if (duration === undefined) found.push(error(`${at}.duration`, c.duration, 'that is not a duration in Go syntax', GO_SYNTAX));
  else if (duration < HOUR)
    found.push(error(`${at}.duration`, c.duration, 'cert-manager issues nothing for less than an hour', 'Use "1h" or more.'));
  else if (duration > LONGEST_LIFE)
    found.push(error(`${at}.duration`, c.duration, 'that is more than a hundred years', 'Use at most "876000h".'));
  if (c.renewBefore === undefined) return found;
  const renewBefore = parseGoDuration(c.renewBefore);
  if (renewBefore === undefined) found.push(error(`${at}.renewBefore`, c.renewBefore, 'that is not a duration in Go syntax', GO_SYNTAX));
  else if (renewBefore < 5n * MINUTE)
    found.push(error(`${at}.renewBefore`, c.renewBefore, 'cert-manager wants at least five minutes', 'Use "5m" or more.'));
  else if (duration !== undefined && renewBefore >= duration) {
    found.push(
      error(
        `${at}.renewBefore`,
        c.renewBefore,
        'it is not shorter than the duration, so the certificate would be renewed for ever',
        'Use less than the duration.',
      ),
    );
  }
  return found;
}

const LONGEST_LIFE = 876_000n * HOUR;
