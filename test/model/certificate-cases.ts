/** Specs of Certificates that synth refuses or accepts. `test/real` asks cert-manager about the same. */

const literal = (literalSubject: string, more: object = {}) => ({ commonName: undefined, literalSubject, ...more });
const SECRET = { name: 'passwords', key: 'password' };

/** The spec comes on top of a Secret, a common name and an issuer. `isAdmitted`: why cert-manager still admits it. */
const REFUSED: readonly (readonly [name: string, spec: object, field: string, says: RegExp, isAdmitted?: string])[] = [
  ['an unknown field', { dnsName: ['a.example.org'] }, 'spec.dnsName', /cert-manager's Certificate has no such field.*dnsNames/],
  ['an unknown field of the key', { privateKey: { bits: 2048 } }, 'spec.privateKey.bits', /algorithm, size, encoding/],
  ['a text for a list', { dnsNames: 'a.example.org' }, 'spec.dnsNames', /a list is expected/],
  ['an algorithm in another spelling', { privateKey: { algorithm: 'ecdsa' } }, 'spec.privateKey.algorithm', /one of RSA, ECDSA, Ed25519/],
  ['an unknown usage', { usages: ['client auth', 'server'] }, 'spec.usages[1]', /one of signing/],
  ['a literal subject beside a common name', { literalSubject: 'CN=billing' }, 'spec.commonName', /literalSubject is given/],
  [
    'a literal subject beside a subject',
    literal('CN=billing', { subject: { organizations: ['acme'] } }),
    'spec.subject',
    /literalSubject is given/,
  ],
  ['a literal subject with an unknown type', literal('cn=billing'), 'spec.literalSubject', /does not know the type "cn"/],
  ['a literal subject in the form of OpenSSL', literal('/CN=billing/O=acme'), 'spec.literalSubject', /does not know the type/],
  ['a literal subject with a bad escape', literal('CN=a\\xb'), 'spec.literalSubject', /neither a special character/],
  [
    'an empty literal subject',
    literal(' ', { dnsNames: ['a.example.org'] }),
    'spec.literalSubject',
    /not empty/,
    'it would issue a certificate without a subject',
  ],
  ['a literal subject without a name', literal('OU=payments'), 'spec.literalSubject', /common name or at least one/],
  ['a literal subject with a long common name', literal(`CN=${'x'.repeat(65)}`), 'spec.literalSubject', /64 characters, this has 65/],
  ['a common name with more bytes than characters', { commonName: 'ü'.repeat(33) }, 'spec.commonName', /64 characters, this has 66/],
  [
    'an empty part of a subject',
    { subject: { organizations: [''] } },
    'spec.subject.organizations',
    /not empty/,
    'it would issue a certificate with an empty part',
  ],
  ['a large RSA key', { privateKey: { size: 16384 } }, 'spec.privateKey.size', /2048 to 8192/],
  ['an ECDSA key of another curve', { privateKey: { algorithm: 'ECDSA', size: 512 } }, 'spec.privateKey.size', /256, 384 or 521/],
  [
    'a signature that the key cannot make',
    { privateKey: { algorithm: 'ECDSA' }, signatureAlgorithm: 'SHA256WithRSA' },
    'spec.signatureAlgorithm',
    /ECDSA cannot sign so.*ECDSAWithSHA256/,
  ],
  ['a signature that the default key cannot make', { signatureAlgorithm: 'PureEd25519' }, 'spec.signatureAlgorithm', /RSA cannot/],
  ['two times of renewal', { renewBefore: '1h', renewBeforePercentage: 30 }, 'spec.renewBeforePercentage', /one of the two/],
  [
    'a renewal at no time',
    { renewBeforePercentage: 100 },
    'spec.renewBeforePercentage',
    /1 to 99/,
    'it counts the percentage from the other end',
  ],
  [
    'times for a renewal that is disabled',
    { renewal: { policy: 'Disabled', windows: [{ cron: '0 3 * * *', windowDuration: '4h' }] } },
    'spec.renewal.windows',
    /disabled/,
  ],
  [
    'a time of renewal that never comes',
    { renewal: { policy: 'RenewBefore', windows: [{ cron: '0 3 30 2 *', windowDuration: '4h' }] } },
    'spec.renewal.windows[0].cron',
    /no such day/,
    'it does not look for the time',
  ],
  ['a key store without a password', { keystores: { jks: { create: true } } }, 'spec.keystores.jks', /exactly one .* none/],
  [
    'a key store with an empty password',
    { keystores: { pkcs12: { create: true, password: '' } } },
    'spec.keystores.pkcs12',
    /exactly one .* none/,
  ],
  [
    'a key store with two passwords',
    { keystores: { jks: { create: true, password: 'hidden-one', passwordSecretRef: SECRET } } },
    'spec.keystores.jks',
    /exactly one .* two/,
  ],
  [
    "an annotation of cert-manager's own",
    { secretTemplate: { annotations: { 'cert-manager.io/common-name': 'x' } } },
    'spec.secretTemplate.annotations[cert-manager.io/common-name]',
    /itself/,
  ],
  [
    'a label with a space',
    { secretTemplate: { labels: { team: 'payments team' } } },
    'spec.secretTemplate.labels[team]',
    /value of a label/,
  ],
  [
    'a format that is listed twice',
    { additionalOutputFormats: [{ type: 'DER' }, { type: 'DER' }] },
    'spec.additionalOutputFormats',
    /once/,
  ],
  ['no history', { revisionHistoryLimit: 0 }, 'spec.revisionHistoryLimit', /at least one/],
  ['name constraints of a leaf', { nameConstraints: { permitted: { dnsDomains: ['example.org'] } } }, 'spec.nameConstraints', /only a CA/],
  ['name constraints that say nothing', { isCA: true, nameConstraints: {} }, 'spec.nameConstraints', /neither/],
  ['another name without an identifier', { otherNames: [{ oid: 'upn', utf8Value: 'a' }] }, 'spec.otherNames[0].oid', /identifier/],
  ['another name that is empty', { otherNames: [{ oid: '1.2.3' }] }, 'spec.otherNames[0].utf8Value', /not empty/],
  ['a lifetime of more than a century', { duration: '1000000h' }, 'spec.duration', /hundred years/, 'it sees no limit'],
  [
    'an address among the DNS names',
    { dnsNames: ['203.0.113.7'] },
    'spec.dnsNames[0]',
    /ipAddresses/,
    'it would issue a name that no client looks for',
  ],
];

export const refused = REFUSED.map(([name, spec, field, says, isAdmitted]) => ({ name, spec, field, says, isAdmitted }));

const ACCEPTED: readonly (readonly [name: string, spec: object])[] = [
  ['a literal subject alone', literal('CN=billing,OU=payments,DC=corp,DC=example')],
  ['a literal subject beside an empty common name and subject', { commonName: '', literalSubject: 'CN=x', subject: { organizations: [] } }],
  ['a literal subject without a common name, and a DNS name', literal('OU=payments', { dnsNames: ['a.example.org'] })],
  ['an ECDSA key with its signature', { privateKey: { algorithm: 'ECDSA', size: 521 }, signatureAlgorithm: 'ECDSAWithSHA512' }],
  ['the default size of a key', { privateKey: { size: 0 } }],
  ['an Ed25519 key', { privateKey: { algorithm: 'Ed25519', encoding: 'PKCS8' } }],
  ['a key store with one password', { keystores: { jks: { create: true, passwordSecretRef: SECRET, alias: 'kafka' } } }],
  ['a renewal by percentage', { renewBeforePercentage: 33 }],
  [
    'a renewal at night',
    { renewal: { policy: 'RenewBefore', windows: [{ cron: '0 3 * * *', windowDuration: '4h', timezone: 'Europe/Berlin' }] } },
  ],
  ['an annotation for injection', { secretTemplate: { annotations: { 'cert-manager.io/allow-direct-injection': 'true' } } }],
  ['a CA that constrains names', { isCA: true, nameConstraints: { permitted: { dnsDomains: ['example.org'] } } }],
];

export const accepted = ACCEPTED.map(([name, spec]) => ({ name, spec }));
