import { factoryValue } from './factory-value';
import type { KeyKind } from './model/key-kind';

/**
 * Algorithm and size of a private key. If it changes, cert-manager issues a new certificate, and the pods load or restart with it.
 *
 * @example
 *
 *   TlsIssuer.selfSignedCa({ keyAlgorithm: KeyAlgorithm.ecdsa(384) })
 *
 * @see "Certificate resource" in the documentation of cert-manager
 */
export class KeyAlgorithm {
  /** RSA, which every client supports. 2048 to 8192 bits; long keys make every handshake slower. */
  static rsa(bits: number = 2048): KeyAlgorithm {
    return new KeyAlgorithm({ algorithm: 'RSA', size: bits });
  }

  /** ECDSA: short keys and fast handshakes. 256, 384 or 521 bits. */
  static ecdsa(bits: number = 256): KeyAlgorithm {
    return new KeyAlgorithm({ algorithm: 'ECDSA', size: bits });
  }

  /** Ed25519. Java clients before 16 and OpenSSL before 1.1.1 cannot use it. */
  static ed25519(): KeyAlgorithm {
    return new KeyAlgorithm({ algorithm: 'Ed25519' });
  }

  /** @internal */
  static _of(algorithm: KeyAlgorithm): KeyKind {
    return factoryValue(algorithm?.keyKind, algorithm, 'KeyAlgorithm.rsa(), KeyAlgorithm.ecdsa() or KeyAlgorithm.ed25519()');
  }

  private constructor(protected readonly keyKind: KeyKind) {}
}
