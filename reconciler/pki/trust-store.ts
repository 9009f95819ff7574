/**
 * The certificates in a Java trust store, without its password: a store of the JKS format encrypts private keys only. Nodes trust what is in
 * the file, and cert-manager writes it some time after `ca.crt` beside it was changed.
 */
import { createHash } from 'node:crypto';

const MAGIC = 0xfeedfeed;
const TRUSTED_TAG = 2;
/** Bytes of the creation date of an entry. */
const DATE = 8;

/** Returns the SHA-256 of each trusted certificate; undefined if these bytes are no store of trusted certificates alone. */
export function trustedIn(store: Buffer): readonly string[] | undefined {
  try {
    return read(store);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it ends too early
    throw error;
  }
}

function read(store: Buffer): readonly string[] | undefined {
  if (store.readUInt32BE(0) !== MAGIC) return undefined;
  const version = store.readUInt32BE(4);
  const count = store.readUInt32BE(8);
  let at = 12;
  const skipText = () => {
    at += 2 + store.readUInt16BE(at);
  };
  const fingerprints: string[] = [];
  for (let i = 0; i < count; i++) {
    if (store.readUInt32BE(at) !== TRUSTED_TAG) return undefined;
    at += 4;
    skipText(); // alias
    at += DATE;
    if (version === 2) skipText(); // kind of the certificate
    const length = store.readUInt32BE(at);
    const certificate = store.subarray(at + 4, at + 4 + length);
    if (certificate.length < length) return undefined;
    fingerprints.push(createHash('sha256').update(certificate).digest('hex'));
    at += 4 + length;
  }
  return fingerprints;
}
