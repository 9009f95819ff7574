/**
 * Certificate requests and certificates. ASN.1 by node-forge; keys and signatures by node:crypto, which knows more kinds of keys and
 * signs fifty times faster.
 *
 * An issuer copies subject, public key and extensions out of a request as they are. What was asked for and what was issued can therefore be
 * compared byte by byte (`contentId`).
 */
import { createHash, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { parseDistinguishedName } from '../../../../constructs/model/distinguished-name';
import { type Subject, sortedSet } from '../../../../constructs/model/tls';
import { madeOnce } from '../../made-once';
import {
  type Asn1,
  bitOctets,
  bitString,
  boolean,
  bytes,
  children,
  context,
  derOf,
  integer,
  isOid,
  isTagged,
  nothing,
  octets,
  oid,
  parsed,
  pem,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from './asn1';

/** What a certificate is to say, key, dates and issuer apart. */
export interface CertificateContent {
  readonly commonName?: string | undefined;
  /** Takes the place of common name and subject. */
  readonly literalSubject?: string | undefined;
  readonly subject?: Subject | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
  readonly uris?: readonly string[] | undefined;
  readonly emailAddresses?: readonly string[] | undefined;
  readonly isCA?: boolean | undefined;
  readonly usages?: readonly string[] | undefined;
}

const KEY_USAGES = [
  'digital signature',
  'content commitment',
  'key encipherment',
  'data encipherment',
  'key agreement',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
];
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
};
const DEFAULT_USAGES = ['digital signature', 'key encipherment'];

const OID = {
  keyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  extensionRequest: '1.2.840.113549.1.9.14',
} as const;

/** Order and identifiers of a distinguished name's parts. */
const NAME_PARTS: readonly (readonly [oid: string, values: (content: CertificateContent) => readonly (string | undefined)[]])[] = [
  ['2.5.4.6', (c) => c.subject?.countries ?? []],
  ['2.5.4.10', (c) => c.subject?.organizations ?? []],
  ['2.5.4.11', (c) => c.subject?.organizationalUnits ?? []],
  ['2.5.4.7', (c) => c.subject?.localities ?? []],
  ['2.5.4.8', (c) => c.subject?.provinces ?? []],
  ['2.5.4.9', (c) => c.subject?.streetAddresses ?? []],
  ['2.5.4.17', (c) => c.subject?.postalCodes ?? []],
  ['2.5.4.3', (c) => [c.commonName]],
  ['2.5.4.5', (c) => [c.subject?.serialNumber]],
];

/** Returns a PKCS#10 request in PEM. */
export function createRequest(key: KeyObject, content: CertificateContent): string {
  const attribute = sequence(oid(OID.extensionRequest), set(sequence(...extensionsOf(content))));
  const info = sequence(integer('\0'), nameOf(content), publicKeyOf(key), context(0, [attribute]));
  return pem('CERTIFICATE REQUEST', signed(info, key));
}

/** Returns an identity of what a certificate says, for `issuedContentId` to be compared with. */
export function contentId(content: CertificateContent): string {
  return identity(nameOf(content), extensionsOf(content));
}

/** Returns the identity of what a certificate that was issued here says. */
export function issuedContentId(certificatePem: string): string {
  const { subject, extensions } = readCertificate(new X509Certificate(certificatePem));
  return identity(subject, extensions);
}

/** Returns the identity of what a request asks for. */
export function requestedContentId(requestPem: string): string {
  const { subject, extensions } = readRequest(requestPem);
  return identity(subject, extensions);
}

/** What a request asks for, and for which key. */
export interface Asked {
  readonly contentId: string;
  /** In DER. */
  readonly publicKey: Buffer;
}

export function readAsked(requestPem: string): Asked {
  const { subject, publicKey, extensions } = readRequest(requestPem);
  return { contentId: identity(subject, extensions), publicKey: bytes(publicKey) };
}

/** Tells whether a public key in DER belongs to a key. */
export function isSameKey(publicKey: Buffer, key: KeyObject): boolean {
  return publicKey.equals(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}

/** Returns the DNS names and addresses that a request asks for. */
export function requestedNames(requestPem: string): readonly string[] {
  const { extensions } = readRequest(requestPem);
  const names = extensions.filter(isAlternativeNames).flatMap(generalNames);
  return names.flatMap((name) => (isTagged(name, 2) || isTagged(name, 7) ? [textOf(name)] : []));
}

function isAlternativeNames(candidate: Asn1): boolean {
  return isOid(children(candidate)[0], OID.alternativeNames);
}

function generalNames(alternativeNames: Asn1): Asn1[] {
  return children(parsed(Buffer.from(String(children(alternativeNames).at(-1)?.value), 'latin1')));
}

/** IPv4 addresses are written with dots; IPv6 ones are not read again, and stay in groups of two digits. */
function textOf(name: Asn1): string {
  const value = String(name.value);
  if (!isTagged(name, 7)) return value;
  const octets = Array.from(Buffer.from(value, 'latin1'));
  return octets.length === 4 ? octets.join('.') : octets.map((o) => o.toString(16).padStart(2, '0')).join(':');
}

/** Returns an extension without some of its names, or nothing where none is left. */
function withoutNames(candidate: Asn1, dropped: readonly string[]): readonly Asn1[] {
  if (dropped.length === 0 || !isAlternativeNames(candidate)) return [candidate];
  const kept = generalNames(candidate).filter((name) => !dropped.includes(textOf(name)));
  return kept.length === 0 ? [] : [extension(OID.alternativeNames, sequence(...kept), children(candidate).length === 3)];
}

export interface SigningOptions {
  readonly requestPem: string;
  /** Absent: the certificate is signed with `key` alone, which has to be that of the request. */
  readonly issuer?: { readonly certificatePem: string };
  readonly key: KeyObject;
  /** Anything that is never the same twice; the serial number is made of it. */
  readonly nonce: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Names that are asked for and left out. */
  readonly without?: readonly string[];
}

/** Issues what a request asks for, in PEM. Throws when the request is not signed with its own key. */
export function signRequest(options: SigningOptions): string {
  const request = readRequest(options.requestPem);
  if (!provesPossession(options.requestPem)) throw new Error('the request is not signed with its own key');
  const issuer = options.issuer === undefined ? undefined : readCertificate(new X509Certificate(options.issuer.certificatePem));
  const serial = createHash('sha256').update(options.nonce).digest().subarray(0, 16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const issuerKey = issuer?.publicKey ?? request.publicKey;
  const tbs = sequence(
    context(0, [integer('\x02')]),
    integer(serial.toString('latin1')),
    algorithmOf(options.key),
    issuer?.subject ?? request.subject,
    sequence(time(options.notBefore), time(options.notAfter)),
    request.subject,
    request.publicKey,
    context(3, [
      sequence(
        ...request.extensions.flatMap((e) => withoutNames(e, options.without ?? [])),
        extension(OID.keyIdentifier, octets(keyIdentifier(request.publicKey))),
        extension(OID.authorityKeyIdentifier, sequence(tagged(0, keyIdentifier(issuerKey)))),
      ),
    ]),
  );
  return pem('CERTIFICATE', signed(tbs, options.key));
}

interface Read {
  readonly subject: Asn1;
  readonly publicKey: Asn1;
  readonly extensions: readonly Asn1[];
}

/** Tells whether a request is signed with the key that it is about. */
function provesPossession(requestPem: string): boolean {
  const [info, , signature] = children(parsed(derOf(requestPem))) as [Asn1, Asn1, Asn1];
  const key = createPublicKey({ key: bytes(children(info)[2] as Asn1), format: 'der', type: 'spki' });
  const value = Buffer.from(String(signature.value), 'latin1').subarray(1);
  return verify(digestFor(key), bytes(info), key, value);
}

function readRequest(requestPem: string): Read {
  const [info] = children(parsed(derOf(requestPem)));
  const [, subject, publicKey, attributes] = children(info) as [Asn1, Asn1, Asn1, Asn1];
  const asked = children(attributes).find((a) => isOid(children(a)[0], OID.extensionRequest));
  const [list] = asked === undefined ? [] : children(children(asked)[1]);
  return { subject, publicKey, extensions: children(list) };
}

function readCertificate(certificate: X509Certificate): Read {
  const [tbs] = children(parsed(certificate.raw));
  const [, , , , , subject, publicKey, ...optional] = children(tbs) as Asn1[];
  const holder = optional.find((o) => isTagged(o, 3));
  return { subject: subject as Asn1, publicKey: publicKey as Asn1, extensions: children(children(holder)[0]) };
}

/** Only what a request asks for counts; key identifiers are the issuer's. */
function identity(subject: Asn1, extensions: readonly Asn1[]): string {
  const asked: readonly string[] = [OID.keyUsage, OID.extendedKeyUsage, OID.alternativeNames, OID.basicConstraints];
  const parts = extensions.filter((e) => asked.some((id) => isOid(children(e)[0], id))).map((e) => bytes(e).toString('hex'));
  return createHash('sha256')
    .update([bytes(subject).toString('hex'), ...parts.sort()].join('\n'))
    .digest('hex');
}

/** Names are written in ASCII. Go refuses to make a request that holds another one. */
export function canBeEncoded({ dnsNames = [], emailAddresses = [], uris = [] }: CertificateContent): boolean {
  return [...dnsNames, ...emailAddresses, ...uris].every((name) => /^[ -~]*$/.test(name));
}

function nameOf(content: CertificateContent): Asn1 {
  if (content.literalSubject) return literalName(content.literalSubject);
  const part = (type: string, value: string) => set(sequence(oid(type), utf8(value)));
  return sequence(...NAME_PARTS.flatMap(([type, values]) => values(content).flatMap((value) => (value ? [part(type, value)] : []))));
}

/** What stands first in the text stands last in the certificate. */
function literalName(text: string): Asn1 {
  const name = parseDistinguishedName(text);
  if (typeof name === 'string') throw new Error(`the literal subject cannot be read: ${name}`);
  return sequence(...name.toReversed().map((attributes) => set(...attributes.map((a) => sequence(oid(a.oid), utf8(a.value))))));
}

function extensionsOf(content: CertificateContent): Asn1[] {
  const usages = [
    ...(content.usages ?? DEFAULT_USAGES).map((u) => (u === 'signing' ? 'digital signature' : u)),
    ...(content.isCA ? ['cert sign'] : []),
  ];
  const bits = KEY_USAGES.map((usage) => usages.includes(usage));
  const extended = sortedSet(usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []));
  const names = alternativeNames(content);
  const hasName = Boolean(content.literalSubject) || NAME_PARTS.some(([, values]) => values(content).some(Boolean));
  return [
    ...(bits.includes(true) ? [extension(OID.keyUsage, bitString(bits), true)] : []),
    ...(extended.length === 0 ? [] : [extension(OID.extendedKeyUsage, sequence(...extended.map(oid)))]),
    extension(OID.basicConstraints, sequence(...(content.isCA ? [boolean(true)] : [])), true),
    ...(names.length === 0 ? [] : [extension(OID.alternativeNames, sequence(...names), !hasName)]),
  ];
}

function alternativeNames(content: CertificateContent): Asn1[] {
  const general = (tag: number, values: readonly string[] | undefined) => sortedSet(values ?? []).map((value) => tagged(tag, value));
  const addresses = (content.ipAddresses ?? []).map((ip) => (isIPv4(ip) ? ipv4(ip) : ipv6(ip)));
  return [...general(2, content.dnsNames), ...general(1, content.emailAddresses), ...general(6, content.uris), ...general(7, addresses)];
}

function ipv4(address: string): string {
  return String.fromCharCode(...address.split('.').map(Number));
}

/** A URL's host is the canonical form: groups, `::` at most once, an embedded IPv4 address written as groups. */
function ipv6(address: string): string {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(head).length - groups(tail ?? '').length;
  const all = [...groups(head), ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...groups(tail ?? '')];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex').toString('latin1');
}

function extension(id: string, value: Asn1, isCritical = false): Asn1 {
  const critical = isCritical ? [boolean(true)] : [];
  return sequence(oid(id), ...critical, octets(bytes(value).toString('latin1')));
}

function signed(content: Asn1, key: KeyObject): Buffer {
  return bytes(sequence(content, algorithmOf(key), bitOctets(signatureOf(bytes(content), key))));
}

/** By key and content. */
const signatures = new Map<string, string>();

/** The same content signed with the same key is signed once: clusters that are alike, as those of tests are, ask for little else. */
function signatureOf(content: Buffer, key: KeyObject): string {
  const id = createHash('sha256')
    .update(key.export({ type: 'pkcs8', format: 'der' }))
    .update(content)
    .digest('base64');
  return madeOnce(signatures, id, () => sign(digestFor(key), content, key).toString('latin1'));
}

function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function algorithmOf(key: KeyObject): Asn1 {
  if (key.asymmetricKeyType === 'ed25519') return sequence(oid('1.3.101.112'));
  if (key.asymmetricKeyType === 'ec') return sequence(oid('1.2.840.10045.4.3.2'));
  return sequence(oid('1.2.840.113549.1.1.11'), nothing());
}

function publicKeyOf(key: KeyObject): Asn1 {
  return parsed(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}

function keyIdentifier(publicKey: Asn1): string {
  const bits = String(children(publicKey)[1]?.value ?? '');
  return createHash('sha1').update(Buffer.from(bits, 'latin1').subarray(1)).digest().toString('latin1');
}

/** Returns the certificates of a PEM text, each in PEM. */
export function splitPem(text: string): readonly string[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map((block) => `${block}\n`);
}
