/**
 * Why a certificate must be issued again: the checks compare the Secret of a Certificate with its spec. The first check that finds a
 * violation decides; later checks rely on the earlier ones. A field that no check reads never causes a new certificate.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { parseGoDuration } from '#model/go-duration';
import { memoize } from '#reconciler/sandbox/memoize';
import { decoded } from '../context';
import type { Certificate, CertificateRequest, IssuerRef, Secret } from '../kinds';
import { type KeySpec, keyFits } from '../pki/keys';
import { contentId, issuedContentId, type RequestFacts, readRequest, splitPem } from '../pki/x509';

export interface Violation {
  readonly reason: string;
  readonly message: string;
}

export interface CheckInput {
  readonly certificate: Certificate;
  readonly secret: Secret | undefined;
  /** The request of the current revision. */
  readonly request: CertificateRequest | undefined;
}

/** The key pair in a Secret, once it could be read. */
export interface Material {
  readonly key: KeyObject;
  readonly leaf: string;
  readonly certificate: X509Certificate;
}

type Check = (input: CheckInput, material: Material) => Violation | undefined;

const CHECKS: readonly Check[] = [
  keyPairMismatch, // Kafka could not even start with it
  issuerDiffers, // annotations of the Secret name the issuer
  certificateNameDiffers, // two Certificates with one Secret
  keyKindDiffers,
  keyIsNotOfRequest, // another writer changed the Secret
  contentDiffers, // names, subject, usages, isCA
  durationDiffers, // only if both sides name one
];

/** Returns why the Secret does not hold what the spec asks for, or undefined. */
export function findViolation(input: CheckInput): Violation | undefined {
  const { secret, certificate } = input;
  if (secret === undefined)
    return { reason: 'DoesNotExist', message: `Issuing certificate as Secret does not exist: ${certificate.spec.secretName}` };
  const data = decoded(secret);
  if (!data['tls.key'] || !data['tls.crt'])
    return { reason: 'MissingData', message: 'Issuing certificate as Secret does not contain a private key and a certificate' };
  const material = materialOf(secret);
  if ('reason' in material) return material;
  for (const check of CHECKS) {
    const found = check(input, material);
    if (found !== undefined) return found;
  }
  return undefined;
}

const materials = new WeakMap<Secret, Material | Violation>();

/** Returns the key pair in a Secret, or why it cannot be read. Objects in the cache never change, so each is read once. */
export function materialOf(secret: Secret): Material | Violation {
  return memoize(materials, secret, () => {
    const { 'tls.key': keyText = '', 'tls.crt': certificateText = '' } = decoded(secret);
    const [leaf = ''] = splitPem(certificateText);
    const [key, certificate] = [read(() => createPrivateKey(keyText)), read(() => new X509Certificate(leaf))];
    if (key === undefined)
      return { reason: 'InvalidKeyPair', message: 'Issuing certificate as Secret contains a private key that cannot be decoded' };
    if (certificate === undefined)
      return { reason: 'InvalidCertificate', message: 'Issuing certificate as Secret contains a certificate that cannot be decoded' };
    return { key, leaf, certificate };
  });
}

function read<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function keyPairMismatch(_: CheckInput, { key, certificate }: Material): Violation | undefined {
  if (certificate.checkPrivateKey(key)) return undefined;
  return { reason: 'InvalidKeyPair', message: 'Issuing certificate as Secret contains a private key that does not match the certificate' };
}

function issuerDiffers({ certificate, secret }: CheckInput): Violation | undefined {
  const annotations = secret?.metadata.annotations ?? {};
  const part = (field: string) => annotations[`cert-manager.io/issuer-${field}`] ?? '';
  const [name, kind] = [part('name'), part('kind')];
  if (name === '' || isSameIssuer({ name, kind, group: part('group') }, certificate.spec.issuerRef)) return undefined;
  return { reason: 'IncorrectIssuer', message: `Issuing certificate as Secret was previously issued by "${kind}/${name}"` };
}

/** Tells whether two references mean the same issuer. */
export function isSameIssuer(a: IssuerRef, b: IssuerRef): boolean {
  const text = ({ group, kind, name }: IssuerRef) => `${kind || 'Issuer'}.${group || 'cert-manager.io'}/${name}`;
  return text(a) === text(b);
}

function certificateNameDiffers({ certificate, secret }: CheckInput): Violation | undefined {
  const name = secret?.metadata.annotations?.['cert-manager.io/certificate-name'];
  if (name === undefined || name === certificate.metadata.name) return undefined;
  return {
    reason: 'IncorrectCertificate',
    message: `Secret was issued for "${name}". If this message is not transient, you might have two conflicting Certificates pointing to the same secret.`,
  };
}

function keyKindDiffers({ certificate }: CheckInput, { key }: Material): Violation | undefined {
  if (keyFits(key, keySpecOf(certificate))) return undefined;
  return { reason: 'SecretMismatch', message: 'Existing private key is not up to date for spec: [spec.privateKey]' };
}

function keyIsNotOfRequest({ request }: CheckInput, { key }: Material): Violation | undefined {
  if (request === undefined || requestFacts(request).publicKey.equals(createPublicKey(key))) return undefined;
  return { reason: 'SecretMismatch', message: 'Secret contains a private key that does not match the current CertificateRequest' };
}

/** Compares the spec with the request, since an issuer may leave names out. Only without a request, the certificate itself counts. */
function contentDiffers({ certificate, request }: CheckInput, { leaf }: Material): Violation | undefined {
  const has = request === undefined ? issuedContentId(leaf) : requestFacts(request).contentId;
  if (has === contentId(certificate.spec)) return undefined;
  return {
    reason: request === undefined ? 'SecretMismatch' : 'RequestChanged',
    message: 'Fields on existing CertificateRequest resource not up to date',
  };
}

const facts = new WeakMap<CertificateRequest, RequestFacts>();

/** Returns what a CertificateRequest asks for. */
export function requestFacts(request: CertificateRequest): RequestFacts {
  return memoize(facts, request, () => readRequest(Buffer.from(request.spec.request, 'base64').toString('utf8')));
}

function durationDiffers({ certificate, request }: CheckInput): Violation | undefined {
  const [wanted, requested] = [certificate.spec.duration, request?.spec.duration];
  if (wanted === undefined || requested === undefined || parseGoDuration(wanted) === parseGoDuration(requested)) return undefined;
  return { reason: 'RequestChanged', message: 'Fields on existing CertificateRequest resource not up to date: [spec.duration]' };
}

const DEFAULT_SIZE = { RSA: 2048, ECDSA: 256, Ed25519: 0 } as const;

/** Returns the kind of key that a Certificate asks for. */
export function keySpecOf({ spec: { privateKey, isCA } }: Certificate): KeySpec {
  const algorithm = privateKey?.algorithm ?? 'RSA';
  return { algorithm, size: privateKey?.size || DEFAULT_SIZE[algorithm], isCa: isCA === true };
}
