/** The certificate of the HTTPS server: self-signed, for this machine only, with a key that is never written to disk. */
import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { keyToPem } from '../stand-ins/pki/keys';
import { createRequest, signRequest } from '../stand-ins/pki/x509';

export interface ServingCertificate {
  /** PEM; clients verify the server with it. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** Clients check the certificate by the real time, not by the sandbox's clock. */
const VALIDITY = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') };

/** Returns a certificate for 127.0.0.1 and localhost. */
export async function makeServingCertificate(): Promise<ServingCertificate> {
  const { privateKey: key } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const requestPem = createRequest(key, {
    commonName: 'kafka-tls sandbox',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    isCA: true,
    usages: ['digital signature', 'key encipherment', 'server auth'],
  });
  return { certificate: signRequest({ requestPem, key, nonce: randomUUID(), ...VALIDITY }), key: keyToPem(key, 'PKCS8') };
}
