/** The certificate that the API serves: self-signed, for this machine only, with a key that lives as long as the process. */
import { createSign, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { asn1, pki } from 'node-forge';

export interface ServingCertificate {
  /** PEM; also what clients verify it with. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** Whatever clock the sandbox runs on, clients check the certificate by theirs. */
const VALIDITY = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') };

/** Makes a certificate for 127.0.0.1 and localhost. The key and the signature are Node's own, for speed; only the encoding is forge's. */
export async function makeServingCertificate(): Promise<ServingCertificate> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.publicKeyFromPem(pair.publicKey.export({ type: 'spki', format: 'pem' }) as string);
  certificate.serialNumber = '01';
  Object.assign(certificate.validity, VALIDITY);
  const name = [{ name: 'commonName', value: 'kafka-tls sandbox' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, keyCertSign: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: [
        { type: 2, value: 'localhost' },
        { type: 7, ip: '127.0.0.1' },
      ],
    },
  ]);
  const algorithm = pki.oids.sha256WithRSAEncryption as string;
  certificate.signatureOid = algorithm;
  certificate.siginfo.algorithmOid = algorithm;
  const signed = asn1.toDer(encodedBody(certificate)).getBytes();
  certificate.signature = createSign('sha256').update(Buffer.from(signed, 'binary')).sign(pair.privateKey).toString('binary');
  return { certificate: pki.certificateToPem(certificate), key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

/** The part that is signed. forge exports the function, its types do not know it. */
function encodedBody(certificate: pki.Certificate): asn1.Asn1 {
  return (pki as unknown as { getTBSCertificate(of: pki.Certificate): asn1.Asn1 }).getTBSCertificate(certificate);
}
