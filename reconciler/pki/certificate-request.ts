/**
 * A certificate request that shows with which CA an issuer signs. Its key is discarded and its certificate is never used. The key is RSA with
 * 2048 bits, which every issuer accepts. The DER form (PKCS#10, RFC 2986) is written by hand, since only two names in it vary.
 */
import { generateKeyPairSync, sign } from 'node:crypto';

/** Usages of the brokers' certificates. */
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

/** Names of the requested certificate. */
export interface RequestedNames {
  readonly commonName?: string | undefined;
  readonly dnsName: string;
}

/** Returns what goes into the spec of a CertificateRequest. */
export function createRequest(names: RequestedNames): { readonly request: string; readonly usages: readonly string[] } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const info = sequence(integer(0), nameOf(names), publicKey.export({ type: 'spki', format: 'der' }), tagged(0xa0, attributesOf(names)));
  const algorithm = sequence(oid('2a864886f70d01010b'), der(0x05)); // sha256WithRSAEncryption
  const request = sequence(info, algorithm, bits(sign('sha256', info, privateKey)));
  const lines = request.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
  return { request: Buffer.from(pem).toString('base64'), usages: USAGES };
}

function nameOf({ commonName }: RequestedNames): Buffer {
  return commonName === undefined ? sequence() : sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from(commonName)))));
}

function attributesOf({ commonName, dnsName }: RequestedNames): Buffer {
  // Usages must be those of the CertificateRequest's spec. Alternative names are critical if there is no other name.
  const extensions = sequence(
    extension('551d0f', bits(Buffer.from([0xa0]), 5), true), // key usage: digital signature, key encipherment
    extension('551d25', sequence(oid('2b06010505070301'), oid('2b06010505070302')), false), // extended key usage: server and client auth
    extension('551d11', sequence(tagged(0x82, Buffer.from(dnsName))), commonName === undefined), // alternative names
  );
  return sequence(oid('2a864886f70d01090e'), set(extensions)); // extensionRequest
}

function extension(id: string, value: Buffer, isCritical: boolean): Buffer {
  return sequence(oid(id), ...(isCritical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const tagged = der;
const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const set = (...parts: readonly Buffer[]) => der(0x31, ...parts);
const integer = (value: number) => der(0x02, Buffer.from([value]));
const oid = (hexadecimal: string) => der(0x06, Buffer.from(hexadecimal, 'hex'));
const bits = (content: Buffer, unused = 0) => der(0x03, Buffer.from([unused]), content);
