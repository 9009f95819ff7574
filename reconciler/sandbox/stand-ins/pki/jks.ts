/**
 * Java key stores, as cert-manager writes them next to a certificate: a key entry with its chain, or trusted certificates alone.
 * The format is that of Sun's JKS provider. A PKCS#12 file does not replace it: Java finds trusted certificates only in a PKCS#12 file that
 * Java wrote.
 */
import { createHash, randomBytes, X509Certificate } from 'node:crypto';

export interface KeyEntry {
  readonly alias: string;
  /** PKCS#8, DER. */
  readonly key: Buffer;
  /** DER, leaf first. */
  readonly chain: readonly Buffer[];
}

export interface TrustedEntry {
  readonly alias: string;
  /** DER. */
  readonly certificate: Buffer;
}

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const KEY_TAG = 1;
const TRUSTED_TAG = 2;
/** Object identifier of Sun's key protection, 1.3.6.1.4.1.42.2.17.1.1, with its NULL parameters. */
const KEY_PROTECTION = Buffer.from('300e060a2b060104012a021101010500', 'hex');

/** Returns a store whose password also protects the key entry. `at` is the creation date of the entries. */
export function javaKeyStore(entries: readonly (KeyEntry | TrustedEntry)[], password: string, at: Date): Buffer {
  const secret = Buffer.from(password, 'utf16le').swap16();
  const content = Buffer.concat([uint32(MAGIC), uint32(VERSION), uint32(entries.length), ...entries.map((e) => entry(e, secret, at))]);
  return Buffer.concat([content, sha1(secret, Buffer.from('Mighty Aphrodite'), content)]);
}

const trusted = new Map<string, readonly string[]>();
const REMEMBERED_MAX = 500;

/** Returns what a store of trusted certificates holds, in PEM; nothing if there is no store. */
export function trustedCertificates(store: Buffer): readonly string[] {
  if (store.length === 0) return [];
  const id = sha1(store).toString('base64');
  if (trusted.size >= REMEMBERED_MAX) trusted.clear();
  const known = trusted.get(id) ?? readTrusted(store);
  trusted.set(id, known);
  return known;
}

function readTrusted(store: Buffer): readonly string[] {
  const pems: string[] = [];
  // Each entry: tag, alias, date, kind of the certificate, certificate.
  for (let at = 12; pems.length < store.readUInt32BE(8); ) {
    at += 4 + 2 + store.readUInt16BE(at + 4) + 8;
    at += 2 + store.readUInt16BE(at);
    const end = at + 4 + store.readUInt32BE(at);
    pems.push(new X509Certificate(store.subarray(at + 4, end)).toString());
    at = end;
  }
  return pems;
}

function entry(e: KeyEntry | TrustedEntry, secret: Buffer, at: Date): Buffer {
  const created = Buffer.alloc(8);
  created.writeBigUInt64BE(BigInt(at.getTime()));
  const head = (tag: number) => [uint32(tag), text(e.alias.toLowerCase()), created];
  if ('certificate' in e) return Buffer.concat([...head(TRUSTED_TAG), certificate(e.certificate)]);
  const key = protectedKey(e.key, secret);
  return Buffer.concat([...head(KEY_TAG), uint32(key.length), key, uint32(e.chain.length), ...e.chain.map(certificate)]);
}

function certificate(der: Buffer): Buffer {
  return Buffer.concat([text('X.509'), uint32(der.length), der]);
}

/** Salt, the key XORed with a chain of digests of password and salt, checksum. */
function protectedKey(key: Buffer, secret: Buffer): Buffer {
  const salt = randomBytes(20);
  const pad: Buffer[] = [];
  for (let digest: Buffer = salt; pad.length * 20 < key.length; pad.push(digest)) digest = sha1(secret, digest);
  const stream = Buffer.concat(pad);
  const hidden = Buffer.from(key.map((byte, i) => byte ^ (stream[i] ?? 0)));
  const octets = Buffer.concat([salt, hidden, sha1(secret, key)]);
  return der(0x30, Buffer.concat([KEY_PROTECTION, der(0x04, octets)]));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
