/** Algorithm and size of the private key of a Certificate, with cert-manager's defaults. */

export const KEY_ALGORITHMS = ['RSA', 'ECDSA', 'Ed25519'] as const;
export type KeyAlgorithmName = (typeof KEY_ALGORITHMS)[number];

/** Signature algorithms by the algorithm of the key that signs. */
export const SIGNATURE_ALGORITHMS: Readonly<Record<KeyAlgorithmName, readonly string[]>> = {
  RSA: ['SHA256WithRSA', 'SHA384WithRSA', 'SHA512WithRSA'],
  ECDSA: ['ECDSAWithSHA256', 'ECDSAWithSHA384', 'ECDSAWithSHA512'],
  Ed25519: ['PureEd25519'],
};

export interface KeyKind {
  readonly algorithm: KeyAlgorithmName;
  /** Bits; Ed25519 has one size only. */
  readonly size?: number;
}

const DEFAULT_SIZES: Readonly<Partial<Record<KeyAlgorithmName, number>>> = { RSA: 2048, ECDSA: 256 };

/** Returns the kind of key that a Certificate with this `privateKey` asks for. */
export function keyKindOf(privateKey: unknown): KeyKind {
  const { algorithm = 'RSA', size } = (privateKey ?? {}) as Partial<KeyKind>;
  const fallback = DEFAULT_SIZES[algorithm];
  return fallback === undefined ? { algorithm } : { algorithm, size: size || fallback };
}

/** Returns a kind of key as it is printed: `RSA 2048`, `Ed25519`. */
export function formatKeyKind({ algorithm, size }: KeyKind): string {
  return size === undefined ? algorithm : `${algorithm} ${size}`;
}
