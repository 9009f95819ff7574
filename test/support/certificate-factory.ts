/**
 * Certificates for tests: keys and signatures of node:crypto, ASN.1 by node-forge.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import type { KubeObject } from '#model/kube-object';
import { storedKey } from './stored-keys';

export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly forgeCert: forge.pki.Certificate;
}

export interface CertificateRequest {
  readonly commonName: string;
  readonly issuer?: Issued;
  readonly isCa?: boolean;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly emailAddresses?: readonly string[];
  readonly notBefore?: string;
  readonly notAfter?: string;
}

const spareKeys = new Map<string, KeyObject>();
let serial = 1;

/** Issues a certificate; without an issuer it is self-signed. One key a common name. */
export function issueCertificate(request: CertificateRequest): Issued {
  const key = keyFor(request.commonName);
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const privateKey = forge.pki.privateKeyFromPem(pem) as forge.pki.rsa.PrivateKey;
  const cert = forge.pki.createCertificate();
  cert.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
  cert.serialNumber = (0x1000 + serial++).toString(16);
  cert.validity.notBefore = new Date(request.notBefore ?? '2026-01-01T00:00:00Z');
  cert.validity.notAfter = new Date(request.notAfter ?? '2036-01-01T00:00:00Z');
  const subject = [
    { name: 'organizationName', value: 'kafka' },
    { name: 'commonName', value: request.commonName },
  ];
  cert.setSubject(subject);
  cert.setIssuer(request.issuer === undefined ? subject : request.issuer.forgeCert.subject.attributes);
  cert.setExtensions(extensionsOf(request));
  const signer = request.issuer === undefined ? privateKey : (forge.pki.privateKeyFromPem(request.issuer.key) as forge.pki.rsa.PrivateKey);
  cert.sign(signer, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(cert), key: pem, forgeCert: cert };
}

function keyFor(name: string): KeyObject {
  const key = spareKeys.get(name) ?? storedKey({ algorithm: 'RSA', size: 2048 }, 'factory', spareKeys.size);
  spareKeys.set(name, key);
  return key;
}

function extensionsOf(request: CertificateRequest): object[] {
  const altNames = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 2, value })),
    ...(request.ipAddresses ?? []).map((ip) => ({ type: 7, ip })),
    ...(request.uris ?? []).map((value) => ({ type: 6, value })),
    ...(request.emailAddresses ?? []).map((value) => ({ type: 1, value })),
  ];
  return [
    { name: 'basicConstraints', cA: request.isCa === true, critical: true },
    ...(request.isCa === true ? [{ name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true }] : []),
    ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
  ];
}

/** Content of a CA Secret: the signer, what else is in `tls.crt`, and `ca.crt`. */
export type CaContent = readonly [signer: Issued, others?: readonly Issued[], ca?: Issued];

/** Returns the Secret of a CA issuer. */
export function caSecret(metadata: KubeObject['metadata'], [signer, others = [], ca]: CaContent): KubeObject {
  const data = {
    'tls.crt': [signer, ...others].map((c) => c.cert).join(''),
    'tls.key': signer.key,
    ...(ca === undefined ? {} : { 'ca.crt': ca.cert }),
  };
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(encoded) };
}

/** Returns a key in the form of RFC 8017, as cert-manager writes it by default. */
export function asPkcs1(key: string): string {
  return createPrivateKey(key).export({ type: 'pkcs1', format: 'pem' }).toString();
}
