/**
 * What cert-manager and KubeDB say to certificates and issuers. The same rules hold for an entry of KubeDB's `tls.certificates` and for a
 * Certificate, since KubeDB hands the former's fields to the latter.
 *
 * Source: cert-manager's webhook, KubeDB's documentation of `privateKey.encoding`.
 */
import { parseGoDuration } from './go-duration';
import { type KubeObject, refOf } from './kube-object';
import { ALIASES, type CertificateSpec, type IssuerRef, type TlsConfig } from './tls';
import { complaintsAbout, type Violation } from './violation';

const HOUR = 3_600_000_000_000n;
const MINUTE = 60_000_000_000n;
const COMMON_NAME_MAX = 64;
const GO_SYNTAX = 'Write hours, minutes and seconds, such as "2160h" for 90 days.';

/** Tells whether Kubernetes takes a text as the name of a Secret, Certificate or Issuer. */
export function isDnsSubdomain(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}

/** Tells whether Kubernetes takes a text as the name of a namespace, or of a Service when it begins with a letter. */
export function isDnsLabel(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

/** Returns what is wrong with the TLS configuration of a Kafka or a request, `field` being where it stands. */
export function tlsViolations(object: KubeObject, field: string, tls: Partial<TlsConfig>): readonly Violation[] {
  const { error, warning } = complaintsAbout(refOf(object));
  const found: Violation[] = [...issuerRefViolations(object, `${field}.issuerRef`, tls.issuerRef, 'apiGroup')];
  const certificates: readonly CertificateSpec[] = Array.isArray(tls.certificates) ? tls.certificates : [];
  for (const [i, certificate] of certificates.entries()) {
    const at = `${field}.certificates[${i}]`;
    if (certificates.findIndex((c) => c.alias === certificate.alias) !== i) {
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
    found.push(...certificateFieldViolations(object, at, certificate));
  }
  return found;
}

/** Returns what is wrong with a Certificate of cert-manager. */
export function certificateViolations(certificate: KubeObject): readonly Violation[] {
  const { error } = complaintsAbout(refOf(certificate));
  const spec = certificate.spec ?? {};
  const found: Violation[] = [
    ...issuerRefViolations(certificate, 'spec.issuerRef', spec.issuerRef, 'group'),
    ...certificateFieldViolations(certificate, 'spec', spec),
  ];
  if (!isDnsSubdomain(spec.secretName)) found.push(badName(certificate, 'spec.secretName', spec.secretName));
  if (typeof spec.commonName === 'string' && spec.commonName.length > COMMON_NAME_MAX)
    found.push(commonNameIsTooLong(certificate, 'spec.commonName', spec.commonName));
  const names = [spec.dnsNames, spec.ipAddresses, spec.uris, spec.emailAddresses, spec.otherNames].flat().filter((n) => n !== undefined);
  if (!spec.commonName && !spec.literalSubject && names.length === 0) {
    found.push(
      error(
        'spec.commonName',
        spec.commonName,
        'a certificate needs a common name or at least one subject alternative name',
        'Give it one.',
      ),
    );
  }
  const size = spec.privateKey?.size;
  if ((spec.privateKey?.algorithm ?? 'RSA') === 'RSA' && size !== undefined && (size < 2048 || size > 8192)) {
    found.push(error('spec.privateKey.size', size, 'cert-manager makes RSA keys of 2048 to 8192 bits', 'Use 2048, 3072 or 4096.'));
  }
  return found;
}

/** Returns what is wrong with an Issuer. */
export function issuerViolations(issuer: KubeObject): readonly Violation[] {
  const { error } = complaintsAbout(refOf(issuer));
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

/** Returns the complaint about a common name that no certificate can carry. Source: RFC 5280, ub-common-name. */
export function commonNameIsTooLong(object: KubeObject, field: string, commonName: string): Violation {
  const { error } = complaintsAbout(refOf(object));
  const why = `a common name has at most ${COMMON_NAME_MAX} characters, this has ${commonName.length}`;
  return error(field, commonName, why, 'Use a shorter name; that of a broker is made of the names of Kafka and namespace.');
}

function badName(object: KubeObject, field: string, value: unknown): Violation {
  return complaintsAbout(refOf(object)).error(
    field,
    value,
    'that is not the name of a Kubernetes object',
    'Use lower-case letters, digits, "-" and ".".',
  );
}

function issuerRefViolations(
  object: KubeObject,
  field: string,
  issuer: Partial<IssuerRef> | undefined,
  group: 'group' | 'apiGroup',
): readonly Violation[] {
  const { error } = complaintsAbout(refOf(object));
  if (issuer === undefined) return [error(field, issuer, 'a certificate needs somebody to sign it', 'Name an Issuer or ClusterIssuer.')];
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
  const { error, warning } = complaintsAbout(refOf(object));
  const found: Violation[] = [...lifetimeViolations(object, at, c)];
  if (at !== 'spec' && c.secretName !== undefined && !isDnsSubdomain(c.secretName))
    found.push(badName(object, `${at}.secretName`, c.secretName));
  for (const [i, address] of (c.ipAddresses ?? []).entries()) {
    if (!isIpAddress(address))
      found.push(error(`${at}.ipAddresses[${i}]`, address, 'that is not an IP address', 'Put names into dnsNames.'));
  }
  for (const [i, address] of (c.emailAddresses ?? []).entries()) {
    if (!/^[^\s@<>]+@[^\s@<>]+$/.test(address))
      found.push(error(`${at}.emailAddresses[${i}]`, address, 'that is not a bare e-mail address', 'Write it as "team@example.org".'));
  }
  for (const field of ['dnsNames', 'uris'] as const) {
    for (const [i, name] of (c[field] ?? []).entries()) {
      if (typeof name !== 'string' || name === '' || /\s/.test(name))
        found.push(error(`${at}.${field}[${i}]`, name, 'a name is not empty and has no spaces', 'Mend or remove it.'));
    }
  }
  const encoding: string | undefined = c.privateKey?.encoding;
  if (encoding === 'PKCS1') {
    found.push(
      warning(`${at}.privateKey.encoding`, encoding, "KubeDB's Kafka and Kafka's own PEM reader support PKCS#8 only", 'Use PKCS8.'),
    );
  } else if (encoding !== undefined && encoding !== 'PKCS8') {
    found.push(error(`${at}.privateKey.encoding`, encoding, 'cert-manager knows PKCS1 and PKCS8', 'Use PKCS8.'));
  }
  return found;
}

function lifetimeViolations(object: KubeObject, at: string, c: Partial<CertificateSpec>): readonly Violation[] {
  const { error } = complaintsAbout(refOf(object));
  const found: Violation[] = [];
  const duration = c.duration === undefined ? 2160n * HOUR : parseGoDuration(c.duration);
  if (duration === undefined) found.push(error(`${at}.duration`, c.duration, 'that is not a duration in Go syntax', GO_SYNTAX));
  else if (duration < HOUR)
    found.push(error(`${at}.duration`, c.duration, 'cert-manager issues nothing for less than an hour', 'Use "1h" or more.'));
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

/** Tells whether Go's `net.ParseIP` would take the text. */
export function isIpAddress(text: string): boolean {
  const isV4 = (s: string) =>
    /^(\d{1,3}\.){3}\d{1,3}$/.test(s) && s.split('.').every((part) => Number(part) <= 255 && String(Number(part)) === part);
  if (isV4(text)) return true;
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const width = groups.length + (isV4(last) ? 1 : 0);
  const areGroups = groups.every((g, i) => /^[0-9a-f]{1,4}$/i.test(g) || (i === groups.length - 1 && isV4(g)));
  return areGroups && (halves.length === 2 ? width < 8 : width === 8);
}
