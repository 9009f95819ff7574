import type { Duration } from 'cdk8s';
import type { CertificateSubject } from './certificate-subject';
import { goDuration } from './duration';
import { factoryValue } from './factory-value';
import { KeyAlgorithm } from './key-algorithm';
import type { IssuerSettings } from './model/manifests';
import type { Subject } from './model/tls';

/** Options of a self-signed CA. */
export interface SelfSignedCaOptions {
  /**
   * Name of the CA's Certificate, Secret and Issuer. Another name makes another CA, with another root that clients must trust.
   * @default - "<kafka>-ca"
   */
  readonly name?: string;
  /**
   * Common name of the root certificate.
   * @default - the name
   */
  readonly commonName?: string;
  /**
   * Subject of the root certificate, besides its common name.
   * @default - none
   */
  readonly subject?: CertificateSubject;
  /**
   * Lifetime of the root certificate.
   * @default Duration.days(1825)
   */
  readonly duration?: Duration;
  /**
   * How long before expiry the root certificate is renewed, with the same key. Certificates with a longer lifetime may outlive it.
   * @default Duration.days(365)
   */
  readonly renewBefore?: Duration;
  /**
   * Algorithm and size of the private key. cert-manager never replaces the key of a CA: for another algorithm, give the CA another name.
   * @default KeyAlgorithm.rsa(3072)
   */
  readonly keyAlgorithm?: KeyAlgorithm;
}

/** Options of an issuer that signs with a CA in a Secret. */
export interface CaSecretOptions {
  /**
   * Name of the Issuer.
   * @default - the name of the Secret
   */
  readonly name?: string;
}

/**
 * The issuer of the certificates.
 *
 * @see "Issuer configuration" in the documentation of cert-manager
 *
 * @example
 *
 *   Tls.on({ issuer: TlsIssuer.selfSignedCa({ commonName: 'orders root' }) })
 */
export class TlsIssuer {
  /** A new CA in the namespace of the Kafka: a self-signing Issuer, a CA Certificate, and an Issuer that signs with this CA. */
  static selfSignedCa(options: SelfSignedCaOptions = {}): TlsIssuer {
    return new TlsIssuer({
      kind: 'selfSignedCa',
      name: options.name,
      commonName: options.commonName,
      subject: options.subject as Subject | undefined,
      duration: goDuration(options.duration),
      renewBefore: goDuration(options.renewBefore),
      keyAlgorithm: options.keyAlgorithm && KeyAlgorithm._of(options.keyAlgorithm),
    });
  }

  /** A CA whose `tls.crt` and `tls.key` are in a Secret in the namespace of the Kafka. The reconciler creates an Issuer for it. */
  static caSecret(secretName: string, options: CaSecretOptions = {}): TlsIssuer {
    return new TlsIssuer({ kind: 'caSecret', secret: secretName, name: options.name });
  }

  /** An existing Issuer in the namespace of the Kafka. The reconciler never changes it. */
  static issuer(name: string): TlsIssuer {
    return new TlsIssuer({ kind: 'reference', ref: { apiGroup: 'cert-manager.io', kind: 'Issuer', name } });
  }

  /** An existing ClusterIssuer. The reconciler never changes it. */
  static clusterIssuer(name: string): TlsIssuer {
    return new TlsIssuer({ kind: 'reference', ref: { apiGroup: 'cert-manager.io', kind: 'ClusterIssuer', name } });
  }

  /** @internal */
  static _of(issuer: TlsIssuer): IssuerSettings {
    return factoryValue(
      issuer?.settings,
      issuer,
      'TlsIssuer.selfSignedCa(), TlsIssuer.caSecret, TlsIssuer.issuer or TlsIssuer.clusterIssuer',
    );
  }

  private constructor(protected readonly settings: IssuerSettings) {}
}
