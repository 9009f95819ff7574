/** Where private keys come from. */
import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** What kind of key is asked for, in cert-manager's words. */
export interface KeySpec {
  readonly algorithm: 'RSA' | 'ECDSA' | 'Ed25519';
  /** Bits; of no meaning for Ed25519. */
  readonly size: number;
  readonly isCa: boolean;
}

/** Returns a private key for a new certificate. */
export type KeySource = (spec: KeySpec) => KeyObject | Promise<KeyObject>;

const CURVES: Readonly<Record<number, string>> = { 256: 'P-256', 384: 'P-384', 521: 'P-521' };
const generate = promisify(generateKeyPair);

/** Makes a fresh key for every certificate; RSA ones take a fifth of a second and more, beside the event loop. */
export const freshKeys: KeySource = async ({ algorithm, size }) => {
  if (algorithm === 'ECDSA') return (await generate('ec', { namedCurve: curveOf(size) })).privateKey;
  if (algorithm === 'Ed25519') return (await generate('ed25519', undefined)).privateKey;
  return (await generate('rsa', { modulusLength: size })).privateKey;
};

const pool = new Map<string, KeyObject[]>();
const LEAF_KEYS = 2;

/**
 * Returns a source that makes few keys and uses them again, for tests that issue many certificates: every leaf gets one of two keys, every CA
 * of one source its own, since a CA is told from another by its key. The keys are shared by all sources of the process.
 */
export function pooledKeys(): KeySource {
  const given = new Map<string, number>();
  return (spec) => {
    const kind = `${spec.algorithm} ${spec.size} ${spec.isCa}`;
    const count = given.get(kind) ?? 0;
    given.set(kind, count + 1);
    const keys = pool.get(kind) ?? [];
    pool.set(kind, keys);
    const index = spec.isCa ? count : count % LEAF_KEYS;
    const key = keys[index] ?? generateNow(spec);
    keys[index] = key;
    return key;
  };
}

function generateNow({ algorithm, size }: KeySpec): KeyObject {
  if (algorithm === 'ECDSA') return generateKeyPairSync('ec', { namedCurve: curveOf(size) }).privateKey;
  if (algorithm === 'Ed25519') return generateKeyPairSync('ed25519').privateKey;
  return generateKeyPairSync('rsa', { modulusLength: size }).privateKey;
}

function curveOf(size: number): string {
  return CURVES[size] ?? 'P-256';
}

/** Tells whether a key is of the kind that is asked for. */
export function keyFits(key: KeyObject, { algorithm, size }: Pick<KeySpec, 'algorithm' | 'size'>): boolean {
  const details = key.asymmetricKeyDetails;
  if (algorithm === 'Ed25519') return key.asymmetricKeyType === 'ed25519';
  if (algorithm === 'RSA') return key.asymmetricKeyType === 'rsa' && details?.modulusLength === size;
  const curves: Readonly<Record<number, string>> = { 256: 'prime256v1', 384: 'secp384r1', 521: 'secp521r1' };
  return key.asymmetricKeyType === 'ec' && details?.namedCurve === curves[size];
}

/** Returns a private key in PEM; PKCS1 means SEC 1 for elliptic curves, and Ed25519 knows only PKCS8, as with cert-manager. */
export function keyToPem(key: KeyObject, encoding: 'PKCS1' | 'PKCS8'): string {
  const isPkcs8 = encoding === 'PKCS8' || key.asymmetricKeyType === 'ed25519';
  const type = isPkcs8 ? 'pkcs8' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  return key.export({ type: type as 'pkcs8', format: 'pem' }).toString();
}
