/** Sources of private keys, and the PEM forms of a key. */
import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** The kind of a key, in cert-manager's words. */
export interface KeySpec {
  readonly algorithm: 'RSA' | 'ECDSA' | 'Ed25519';
  /** Bits. An Ed25519 key has one size only. */
  readonly size: number;
  readonly isCa: boolean;
}

/** Returns a private key for a new certificate. */
export type KeySource = (spec: KeySpec) => KeyObject | Promise<KeyObject>;

type Generate<R> = (type: string, options: object) => R;
const generate = promisify(generateKeyPair) as unknown as Generate<Promise<{ readonly privateKey: KeyObject }>>;
const generateNow = generateKeyPairSync as unknown as Generate<{ readonly privateKey: KeyObject }>;

const CURVES: Readonly<Record<number, string>> = { 256: 'prime256v1', 384: 'secp384r1', 521: 'secp521r1' };

function parametersOf({ algorithm, size }: KeySpec): Parameters<Generate<unknown>> {
  if (algorithm === 'RSA') return ['rsa', { modulusLength: size }];
  return algorithm === 'ECDSA' ? ['ec', { namedCurve: CURVES[size] ?? CURVES[256] }] : ['ed25519', {}];
}

/** Makes a new key for every certificate. An RSA key takes a fifth of a second or more, outside of the event loop. */
export const freshKeys: KeySource = async (spec) => (await generate(...parametersOf(spec))).privateKey;

/** Makes a new key and blocks the event loop meanwhile. */
export function generateKeyNow(spec: KeySpec): KeyObject {
  return generateNow(...parametersOf(spec)).privateKey;
}

/** Tells whether a key is of a kind. */
export function keyFits(key: KeyObject, { algorithm, size }: Pick<KeySpec, 'algorithm' | 'size'>): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (algorithm === 'Ed25519') return type === 'ed25519';
  return algorithm === 'RSA' ? type === 'rsa' && details?.modulusLength === size : type === 'ec' && details?.namedCurve === CURVES[size];
}

/** Returns a private key in PEM as cert-manager writes it: PKCS1 means SEC 1 for ECDSA, and an Ed25519 key is always PKCS8. */
export function keyToPem(key: KeyObject, encoding: 'PKCS1' | 'PKCS8'): string {
  const isPkcs8 = encoding === 'PKCS8' || key.asymmetricKeyType === 'ed25519';
  const type = isPkcs8 ? 'pkcs8' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  return key.export({ type: type as 'pkcs8', format: 'pem' }).toString();
}
