/**
 * A certificate request for a key that is thrown away: it asks an issuer how it signs, and what comes back is never used. The key is RSA with
 * 2048 bits, which every issuer takes.
 */
import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

/** Usages of the brokers' certificates, as the request has them, too. */
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

/** What the certificate would be for. */
export interface RequestedNames {
  readonly commonName?: string | undefined;
  readonly dnsName: string;
}

/** Returns what goes into the spec of a CertificateRequest. */
export function createRequest({ commonName, dnsName }: RequestedNames): { readonly request: string; readonly usages: readonly string[] } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()) as forge.pki.rsa.PrivateKey;
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  request.setSubject(commonName === undefined ? [] : [{ name: 'commonName', value: commonName }]);
  request.setAttributes([
    {
      name: 'extensionRequest',
      extensions: [
        { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', critical: commonName === undefined, altNames: [{ type: 2, value: dnsName }] },
      ],
    },
  ] as unknown as forge.pki.CertificateField[]);
  request.sign(key, forge.md.sha256.create());
  return { request: Buffer.from(forge.pki.certificationRequestToPem(request)).toString('base64'), usages: USAGES };
}
