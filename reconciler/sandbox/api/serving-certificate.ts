/** The certificate that the API serves: self-signed, for this machine only, with a key that lives as long as the process. */
import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { keyToPem } from '../stand-ins/pki/keys';
import { createRequest, signRequest } from '../stand-ins/pki/x509';

export interface ServingCertificate {
  /** PEM; also what clients verify it with. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** Whatever clock the sandbox runs on, clients check the certificate by theirs. */
const VALIDITY = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') };

/** Makes a certificate for 127.0.0.1 and localhost. */
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
