/**
 * Certificate requests and certificates, as node-forge builds and reads them.
 *
 * forge knows RSA keys only, and its signatures in JavaScript are slow. So forge is given a placeholder key; the real public key and the
 * signature, both by node:crypto, replace what forge wrote. RSA, ECDSA and Ed25519 keys then take the same path.
 *
 * An issuer copies subject, public key and extensions from the request, byte by byte. Requested and issued content can therefore be
 * compared as one hash (`contentId`).
 */
import { createHash, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { type AltName, type CertificateContent, DNS_NAME, extensionsOf, IP_ADDRESS, subjectOf } from './content';

const { asn1, pki } = forge;
const { Class, Type } = asn1;
type Asn1 = forge.asn1.Asn1;

/** Returns a PKCS#10 request in PEM. */
export function createRequest(key: KeyObject, content: CertificateContent): string {
  const [version, subject, , attributes] = children(requestInfo(content)) as [Asn1, Asn1, Asn1, Asn1];
  return signed('CERTIFICATE REQUEST', sequence(version, subject, publicKeyOf(key), attributes), key);
}

/** Returns a hash of a certificate's content, to compare with that of a request or an issued certificate. */
export function contentId(content: CertificateContent): string {
  return identityOf(openInfo(requestInfo(content)));
}

/** Returns the content hash of a certificate that was issued here. */
export function issuedContentId(certificatePem: string): string {
  return identityOf(openCertificate(certificatePem));
}

export interface RequestFacts {
  readonly contentId: string;
  readonly publicKey: KeyObject;
  /** The requested DNS names and IP addresses. */
  readonly names: readonly string[];
}

/** Returns what a request asks for. */
export function readRequest(requestPem: string): RequestFacts {
  const request = openInfo(children(parsed(derOf(requestPem)))[0]);
  const names = request.extensions.flatMap((e) => e.altNames ?? []).filter(({ type }) => type === DNS_NAME || type === IP_ADDRESS);
  return { contentId: identityOf(request), publicKey: keyObjectOf(request.publicKey), names: names.map(textOf) };
}

export interface SigningOptions {
  readonly requestPem: string;
  /** Default: the certificate is self-signed; `key` is then the key of the request. */
  readonly issuer?: { readonly certificatePem: string };
  readonly key: KeyObject;
  /** A text that is different for each certificate. The serial number is derived from it. */
  readonly nonce: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Requested names that the certificate leaves out. */
  readonly without?: readonly string[];
}

/** Returns the requested certificate in PEM. Throws if the request is not signed with its own key. */
export function signRequest({ requestPem, issuer, key, nonce, without = [], ...validity }: SigningOptions): string {
  const [info, , signature] = children(parsed(derOf(requestPem))) as [Asn1, Asn1, Asn1];
  const { subject, publicKey, extensions } = openInfo(info);
  const requester = keyObjectOf(publicKey);
  if (!verify(digestFor(requester), bytes(info), requester, bitsOf(signature)))
    throw new Error('the request is not signed with its own key');
  const by = issuer === undefined ? { subject, publicKey } : openCertificate(issuer.certificatePem);
  const certificate = pki.createCertificate();
  certificate.serialNumber = `4${createHash('sha256').update(nonce).digest('hex').slice(0, 31)}`;
  certificate.validity = validity;
  certificate.publicKey = PUBLIC_KEY;
  certificate.setExtensions([
    ...extensions.flatMap((e) => withoutNames(e, without)),
    { name: 'subjectKeyIdentifier', value: universal(Type.OCTETSTRING, keyIdentifier(publicKey)) },
    { name: 'authorityKeyIdentifier', keyIdentifier: keyIdentifier(by.publicKey) },
  ]);
  certificate.sign(PRIVATE_KEY);
  const [signedPart] = children(pki.certificateToAsn1(certificate));
  const parts = [...children(signedPart)];
  parts.splice(2, 2, algorithmOf(key), by.subject); // between the serial number and the dates
  parts.splice(5, 2, subject, publicKey); // between the dates and the extensions
  return signed('CERTIFICATE', sequence(...parts), key);
}

/** Returns the certificates of a PEM text, each in PEM. */
export function splitPem(text: string): readonly string[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map((block) => `${block}\n`);
}

/** An extension as forge reads it; `value` is its DER. */
interface Extension {
  readonly id: string;
  readonly name?: string;
  readonly critical: boolean;
  readonly value: string;
  readonly altNames?: readonly AltName[];
}

/** forge's types leave this function out. It takes the node around the list of extensions. */
const { certificateExtensionsFromAsn1 } = pki as unknown as { certificateExtensionsFromAsn1(holder: Asn1): readonly Extension[] };

/** Keys that forge accepts in place of the real ones. */
const PUBLIC_KEY = pki.setRsaPublicKey(new forge.jsbn.BigInteger('3'), new forge.jsbn.BigInteger('3'));
const PRIVATE_KEY = { sign: () => '' } as unknown as forge.pki.rsa.PrivateKey;

function requestInfo(content: CertificateContent): Asn1 {
  const request = pki.createCertificationRequest();
  request.publicKey = PUBLIC_KEY;
  request.setSubject(subjectOf(content));
  request.setAttributes([{ name: 'extensionRequest', extensions: extensionsOf(content) } as forge.pki.CertificateField]);
  request.sign(PRIVATE_KEY);
  return children(pki.certificationRequestToAsn1(request))[0] as Asn1;
}

function textOf({ value = '', ip = value }: AltName): string {
  return ip;
}

function withoutNames(extension: Extension, dropped: readonly string[]): readonly object[] {
  const { name, critical, altNames = [] } = extension;
  const kept = altNames.filter((altName) => !dropped.includes(textOf(altName)));
  if (kept.length === altNames.length) return [extension];
  return kept.length === 0 ? [] : [{ name, critical, altNames: kept }];
}

interface Opened {
  readonly subject: Asn1;
  readonly publicKey: Asn1;
  readonly extensions: readonly Extension[];
}

/** Opens the signed part of a request, whose one attribute lists the requested extensions. */
function openInfo(info: Asn1 | undefined): Opened {
  const [, subject, publicKey, attributes] = children(info) as [Asn1, Asn1, Asn1, Asn1];
  const [, requested] = children(children(attributes)[0]) as [Asn1, Asn1];
  return { subject, publicKey, extensions: certificateExtensionsFromAsn1(requested) };
}

function openCertificate(certificatePem: string): Opened {
  const [tbs] = children(parsed(new X509Certificate(certificatePem).raw));
  const [, , , , , subject, publicKey, ...optional] = children(tbs) as [Asn1, Asn1, Asn1, Asn1, Asn1, Asn1, Asn1];
  const holder = (optional as Asn1[]).find(({ type }) => Number(type) === 3);
  return { subject, publicKey, extensions: holder === undefined ? [] : certificateExtensionsFromAsn1(holder) };
}

const REQUESTABLE: readonly unknown[] = ['keyUsage', 'extKeyUsage', 'basicConstraints', 'subjectAltName'];

/** Hashes what a request can ask for. The issuer adds key identifiers. */
function identityOf({ subject, extensions }: Opened): string {
  const requested = extensions.filter(({ name }) => REQUESTABLE.includes(name));
  const parts = requested.map(({ id, critical, value }) => `${id} ${critical} ${Buffer.from(value, 'latin1').toString('hex')}`);
  return createHash('sha256')
    .update([bytes(subject).toString('hex'), ...parts.sort()].join('\n'))
    .digest('hex');
}

function signed(type: string, content: Asn1, key: KeyObject): string {
  const signature = universal(Type.BITSTRING, `\0${sign(digestFor(key), bytes(content), key).toString('latin1')}`);
  const body = bytes(sequence(content, algorithmOf(key), signature)).toString('latin1');
  return forge.pem.encode({ type, body }).replaceAll('\r', '');
}

function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

const ALGORITHMS: Readonly<Record<string, readonly Asn1[]>> = {
  rsa: [oid('1.2.840.113549.1.1.11'), universal(Type.NULL, '')],
  ec: [oid('1.2.840.10045.4.3.2')],
  ed25519: [oid('1.3.101.112')],
};

function algorithmOf(key: KeyObject): Asn1 {
  return sequence(...(ALGORITHMS[key.asymmetricKeyType ?? ''] ?? []));
}

function publicKeyOf(key: KeyObject): Asn1 {
  return parsed(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}

function keyObjectOf(publicKey: Asn1): KeyObject {
  return createPublicKey({ key: bytes(publicKey), format: 'der', type: 'spki' });
}

function keyIdentifier(publicKey: Asn1): string {
  return createHash('sha1')
    .update(bitsOf(children(publicKey)[1]))
    .digest('binary');
}

function sequence(...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items]);
}

function universal(type: forge.asn1.Type, content: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, content);
}

function oid(id: string): Asn1 {
  return universal(Type.OID, asn1.oidToDer(id).getBytes());
}

function children(node: Asn1 | undefined): readonly Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

/** A bit string begins with the number of its unused bits. */
function bitsOf(node: Asn1 | undefined): Buffer {
  return Buffer.from(String(node?.value ?? ''), 'latin1').subarray(1);
}

/** Bit strings stay closed: forge would look for structure in them. */
function parsed(der: Buffer): Asn1 {
  return asn1.fromDer(der.toString('latin1'), { decodeBitStrings: false } as never);
}

function bytes(node: Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

function derOf(pem: string): Buffer {
  return Buffer.from(forge.pem.decode(pem)[0]?.body ?? '', 'latin1');
}
