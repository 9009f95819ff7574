/**
 * Why a certificate has to be issued anew: what its Secret holds is held against its spec. The first check that finds something counts; a
 * later one may assume what an earlier one has made sure of. Fields that no check looks at cause no new certificate.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { parseGoDuration } from '#model/go-duration';
import type { KubeObject } from '#model/kube-object';
import { memoize } from '#reconciler/sandbox/memoize';
import { type KeySpec, keyFits } from '../pki/keys';
import { contentId, issuedContentId, type RequestFacts, readRequest, splitPem } from '../pki/x509';
import { decoded } from '../world';
import { isSameIssuer } from './issuers';

export interface Violation {
  readonly reason: string;
  readonly message: string;
}

export interface CheckInput {
  readonly certificate: KubeObject;
  readonly secret: KubeObject | undefined;
  /** The request of the current revision. */
  readonly request: KubeObject | undefined;
}

/** What a target Secret holds, once the first checks have passed. */
export interface Material {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  readonly contentId: string;
}

type Check = (input: CheckInput, material: Material) => Violation | undefined;

const CHECKS: readonly Check[] = [
  keyPairMismatch, // Kafka could not even start with it
  issuerDiffers, // the Secret says who issued it
  certificateNameDiffers, // two Certificates with one Secret
  keyKindDiffers,
  keyIsNotOfRequest, // the Secret was written by another writer
  contentDiffers, // names, subject, usages, being a CA
  durationDiffers, // only when both sides name one
];

/** Returns why the certificate does not hold what its spec asks for, or undefined. */
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

const inspected = new WeakMap<KubeObject, Material | Violation>();

/** Returns what a Secret holds, or why it cannot be read. Objects of the cache never change, so that each is read once. */
export function materialOf(secret: KubeObject): Material | Violation {
  const known = inspected.get(secret);
  if (known !== undefined) return known;
  const material = inspect(secret);
  inspected.set(secret, material);
  return material;
}

function inspect(secret: KubeObject): Material | Violation {
  const { 'tls.key': keyText = '', 'tls.crt': certificateText = '' } = decoded(secret);
  let key: KeyObject;
  try {
    key = createPrivateKey(keyText);
  } catch {
    return { reason: 'InvalidKeyPair', message: 'Issuing certificate as Secret contains a private key that cannot be decoded' };
  }
  try {
    const [leaf = ''] = splitPem(certificateText);
    return { key, certificate: new X509Certificate(leaf), contentId: issuedContentId(leaf) };
  } catch {
    return { reason: 'InvalidCertificate', message: 'Issuing certificate as Secret contains a certificate that cannot be decoded' };
  }
}

function keyPairMismatch(_: CheckInput, { key, certificate }: Material): Violation | undefined {
  if (certificate.checkPrivateKey(key)) return undefined;
  return { reason: 'InvalidKeyPair', message: 'Issuing certificate as Secret contains a private key that does not match the certificate' };
}

function issuerDiffers({ certificate, secret }: CheckInput): Violation | undefined {
  const annotations = secret?.metadata.annotations ?? {};
  const name = annotations['cert-manager.io/issuer-name'];
  if (name === undefined) return undefined;
  const issuedBy = {
    name,
    kind: annotations['cert-manager.io/issuer-kind'] ?? '',
    group: annotations['cert-manager.io/issuer-group'] ?? '',
  };
  if (isSameIssuer(issuedBy, certificate.spec.issuerRef)) return undefined;
  return { reason: 'IncorrectIssuer', message: `Issuing certificate as Secret was previously issued by "${issuedBy.kind}/${name}"` };
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
  return keyFits(key, keySpecOf(certificate))
    ? undefined
    : { reason: 'SecretMismatch', message: 'Existing private key is not up to date for spec: [spec.privateKey]' };
}

/** A Secret whose key is another than that of its request was written by another writer. */
function keyIsNotOfRequest({ request }: CheckInput, { key }: Material): Violation | undefined {
  if (request === undefined || askedBy(request).publicKey.equals(createPublicKey(key))) return undefined;
  return { reason: 'SecretMismatch', message: 'Secret contains a private key that does not match the current CertificateRequest' };
}

/** What was asked for counts, not what the issuer made of it; only without a request the certificate itself is compared. */
function contentDiffers({ certificate, request }: CheckInput, material: Material): Violation | undefined {
  const has = request === undefined ? material.contentId : askedBy(request).contentId;
  if (has === contentId(certificate.spec)) return undefined;
  return {
    reason: request === undefined ? 'SecretMismatch' : 'RequestChanged',
    message: 'Fields on existing CertificateRequest resource not up to date',
  };
}

const asked = new WeakMap<KubeObject, RequestFacts>();

/** Objects of the cache never change, so that each request is read once. */
function askedBy(request: KubeObject): RequestFacts {
  return memoize(asked, request, () => readRequest(Buffer.from(request.spec.request, 'base64').toString('utf8')));
}

function durationDiffers({ certificate, request }: CheckInput): Violation | undefined {
  const [wanted, was] = [certificate.spec.duration, request?.spec.duration];
  if (wanted === undefined || was === undefined || parseGoDuration(wanted) === parseGoDuration(was)) return undefined;
  return { reason: 'RequestChanged', message: 'Fields on existing CertificateRequest resource not up to date: [spec.duration]' };
}

const DEFAULT_SIZE = { RSA: 2048, ECDSA: 256, Ed25519: 0 } as const;

/** Returns what kind of key a Certificate asks for. */
export function keySpecOf(certificate: KubeObject): KeySpec {
  const algorithm: KeySpec['algorithm'] = certificate.spec.privateKey?.algorithm ?? 'RSA';
  return { algorithm, size: certificate.spec.privateKey?.size || DEFAULT_SIZE[algorithm], isCa: certificate.spec.isCA === true };
}

/** Returns when a certificate is to be renewed, or undefined when that is not done by itself. */
export function renewalTime(certificate: KubeObject, { certificate: issued }: Material): Date | undefined {
  const { renewBefore, renewBeforePercentage, renewal } = certificate.spec;
  if (renewal?.policy === 'Disabled') return undefined;
  const lifetime = issued.validToDate.getTime() - issued.validFromDate.getTime();
  const ns = renewBefore === undefined ? undefined : parseGoDuration(renewBefore);
  const asked = ns === undefined ? undefined : Number(ns / 1_000_000n);
  const byShare = renewBeforePercentage === undefined ? lifetime / 3 : (lifetime * renewBeforePercentage) / 100;
  const before = asked !== undefined && asked < lifetime ? asked : byShare;
  return new Date(Math.floor((issued.validToDate.getTime() - before) / 1000) * 1000);
}
