/** Specs of Certificates that synth refuses or accepts. `test/real` asks cert-manager about the same. */

const literal = (literalSubject: string, more: object = {}) => ({ commonName: undefined, literalSubject, ...more });
const SECRET = { name: 'passwords', key: 'password' };

export interface RefusedCertificate {
  readonly name: string;
  /** What the spec says besides a Secret, a common name and an issuer. */
  readonly spec: object;
  readonly field: string;
  readonly says: RegExp;
  /** Why cert-manager still admits it. */
  readonly isAdmitted?: string;
}

export const refused: readonly RefusedCertificate[] = [
  {
    name: 'an unknown field',
    spec: { dnsName: ['a.example.org'] },
    field: 'spec.dnsName',
    says: /cert-manager's Certificate has no such field.*dnsNames/,
  },
  {
    name: 'an unknown field of the key',
    spec: { privateKey: { bits: 2048 } },
    field: 'spec.privateKey.bits',
    says: /algorithm, size, encoding/,
  },
  { name: 'a text for a list', spec: { dnsNames: 'a.example.org' }, field: 'spec.dnsNames', says: /a list is expected/ },
  {
    name: 'an algorithm in another spelling',
    spec: { privateKey: { algorithm: 'ecdsa' } },
    field: 'spec.privateKey.algorithm',
    says: /one of RSA, ECDSA, Ed25519/,
  },
  { name: 'an unknown usage', spec: { usages: ['client auth', 'server'] }, field: 'spec.usages[1]', says: /one of signing/ },
  {
    name: 'a literal subject beside a common name',
    spec: { literalSubject: 'CN=billing' },
    field: 'spec.commonName',
    says: /literalSubject is given/,
  },
  {
    name: 'a literal subject beside a subject',
    spec: literal('CN=billing', { subject: { organizations: ['acme'] } }),
    field: 'spec.subject',
    says: /literalSubject is given/,
  },
  {
    name: 'a literal subject with an unknown type',
    spec: literal('cn=billing'),
    field: 'spec.literalSubject',
    says: /does not know the type "cn"/,
  },
  {
    name: 'a literal subject in the form of OpenSSL',
    spec: literal('/CN=billing/O=acme'),
    field: 'spec.literalSubject',
    says: /does not know the type/,
  },
  {
    name: 'a literal subject with a bad escape',
    spec: literal('CN=a\\xb'),
    field: 'spec.literalSubject',
    says: /neither a special character/,
  },
  {
    name: 'an empty literal subject',
    spec: literal(' ', { dnsNames: ['a.example.org'] }),
    field: 'spec.literalSubject',
    isAdmitted: 'it would issue a certificate without a subject',
    says: /not empty/,
  },
  {
    name: 'a literal subject without a name',
    spec: literal('OU=payments'),
    field: 'spec.literalSubject',
    says: /common name or at least one/,
  },
  {
    name: 'a literal subject with a long common name',
    spec: literal(`CN=${'x'.repeat(65)}`),
    field: 'spec.literalSubject',
    says: /64 characters, this has 65/,
  },
  {
    name: 'a common name with more bytes than characters',
    spec: { commonName: 'ü'.repeat(33) },
    field: 'spec.commonName',
    says: /64 characters, this has 66/,
  },
  {
    name: 'an empty part of a subject',
    spec: { subject: { organizations: [''] } },
    field: 'spec.subject.organizations',
    isAdmitted: 'it would issue a certificate with an empty part',
    says: /not empty/,
  },
  { name: 'a large RSA key', spec: { privateKey: { size: 16384 } }, field: 'spec.privateKey.size', says: /2048 to 8192/ },
  {
    name: 'an ECDSA key of another curve',
    spec: { privateKey: { algorithm: 'ECDSA', size: 512 } },
    field: 'spec.privateKey.size',
    says: /256, 384 or 521/,
  },
  {
    name: 'a signature that the key cannot make',
    spec: { privateKey: { algorithm: 'ECDSA' }, signatureAlgorithm: 'SHA256WithRSA' },
    field: 'spec.signatureAlgorithm',
    says: /ECDSA cannot sign so.*ECDSAWithSHA256/,
  },
  {
    name: 'a signature that the default key cannot make',
    spec: { signatureAlgorithm: 'PureEd25519' },
    field: 'spec.signatureAlgorithm',
    says: /RSA cannot/,
  },
  {
    name: 'two times of renewal',
    spec: { renewBefore: '1h', renewBeforePercentage: 30 },
    field: 'spec.renewBeforePercentage',
    says: /one of the two/,
  },
  {
    name: 'a renewal at no time',
    spec: { renewBeforePercentage: 100 },
    field: 'spec.renewBeforePercentage',
    isAdmitted: 'it counts the percentage from the other end',
    says: /1 to 99/,
  },
  {
    name: 'times for a renewal that is disabled',
    spec: { renewal: { policy: 'Disabled', windows: [{ cron: '0 3 * * *', windowDuration: '4h' }] } },
    field: 'spec.renewal.windows',
    says: /disabled/,
  },
  {
    name: 'a time of renewal that never comes',
    spec: { renewal: { policy: 'RenewBefore', windows: [{ cron: '0 3 30 2 *', windowDuration: '4h' }] } },
    field: 'spec.renewal.windows[0].cron',
    isAdmitted: 'it does not look for the time',
    says: /no such day/,
  },
  {
    name: 'a key store without a password',
    spec: { keystores: { jks: { create: true } } },
    field: 'spec.keystores.jks',
    says: /exactly one .* none/,
  },
  {
    name: 'a key store with an empty password',
    spec: { keystores: { pkcs12: { create: true, password: '' } } },
    field: 'spec.keystores.pkcs12',
    says: /exactly one .* none/,
  },
  {
    name: 'a key store with two passwords',
    spec: { keystores: { jks: { create: true, password: 'hidden-one', passwordSecretRef: SECRET } } },
    field: 'spec.keystores.jks',
    says: /exactly one .* two/,
  },
  {
    name: "an annotation of cert-manager's own",
    spec: { secretTemplate: { annotations: { 'cert-manager.io/common-name': 'x' } } },
    field: 'spec.secretTemplate.annotations[cert-manager.io/common-name]',
    says: /itself/,
  },
  {
    name: 'a label with a space',
    spec: { secretTemplate: { labels: { team: 'payments team' } } },
    field: 'spec.secretTemplate.labels[team]',
    says: /value of a label/,
  },
  {
    name: 'a format that is listed twice',
    spec: { additionalOutputFormats: [{ type: 'DER' }, { type: 'DER' }] },
    field: 'spec.additionalOutputFormats',
    says: /once/,
  },
  { name: 'no history', spec: { revisionHistoryLimit: 0 }, field: 'spec.revisionHistoryLimit', says: /at least one/ },
  {
    name: 'name constraints of a leaf',
    spec: { nameConstraints: { permitted: { dnsDomains: ['example.org'] } } },
    field: 'spec.nameConstraints',
    says: /only a CA/,
  },
  { name: 'name constraints that say nothing', spec: { isCA: true, nameConstraints: {} }, field: 'spec.nameConstraints', says: /neither/ },
  {
    name: 'another name without an identifier',
    spec: { otherNames: [{ oid: 'upn', utf8Value: 'a' }] },
    field: 'spec.otherNames[0].oid',
    says: /identifier/,
  },
  {
    name: 'another name that is empty',
    spec: { otherNames: [{ oid: '1.2.3' }] },
    field: 'spec.otherNames[0].utf8Value',
    says: /not empty/,
  },
  {
    name: 'a lifetime of more than a century',
    spec: { duration: '1000000h' },
    field: 'spec.duration',
    isAdmitted: 'it sees no limit',
    says: /hundred years/,
  },
  {
    name: 'an address among the DNS names',
    spec: { dnsNames: ['203.0.113.7'] },
    field: 'spec.dnsNames[0]',
    isAdmitted: 'it would issue a name that no client looks for',
    says: /ipAddresses/,
  },
];

export const accepted: readonly { readonly name: string; readonly spec: object }[] = [
  { name: 'a literal subject alone', spec: literal('CN=billing,OU=payments,DC=corp,DC=example') },
  {
    name: 'a literal subject beside an empty common name and subject',
    spec: { commonName: '', literalSubject: 'CN=x', subject: { organizations: [] } },
  },
  { name: 'a literal subject without a common name, and a DNS name', spec: literal('OU=payments', { dnsNames: ['a.example.org'] }) },
  {
    name: 'an ECDSA key with its signature',
    spec: { privateKey: { algorithm: 'ECDSA', size: 521 }, signatureAlgorithm: 'ECDSAWithSHA512' },
  },
  { name: 'the default size of a key', spec: { privateKey: { size: 0 } } },
  { name: 'an Ed25519 key', spec: { privateKey: { algorithm: 'Ed25519', encoding: 'PKCS8' } } },
  { name: 'a key store with one password', spec: { keystores: { jks: { create: true, passwordSecretRef: SECRET, alias: 'kafka' } } } },
  { name: 'a renewal by percentage', spec: { renewBeforePercentage: 33 } },
  {
    name: 'a renewal at night',
    spec: { renewal: { policy: 'RenewBefore', windows: [{ cron: '0 3 * * *', windowDuration: '4h', timezone: 'Europe/Berlin' }] } },
  },
  { name: 'an annotation for injection', spec: { secretTemplate: { annotations: { 'cert-manager.io/allow-direct-injection': 'true' } } } },
  { name: 'a CA that constrains names', spec: { isCA: true, nameConstraints: { permitted: { dnsDomains: ['example.org'] } } } },
];
