import type { Duration } from 'cdk8s';
import type { CertificateSubject } from './certificate-subject';
import { goDuration } from './duration';
import { factoryValue } from './factory-value';
import { KeyAlgorithm } from './key-algorithm';
import type { IssuerSettings } from './model/manifests';
import type { Subject } from './model/tls';

/** What can be said of a self-signed CA. */
export interface SelfSignedCaOptions {
  /**
   * Name of the CA's Certificate, Secret and Issuer. A CA of another name is another CA: changing it replaces the root that clients trust.
   * @default - "<kafka>-ca"
   */
  readonly name?: string;
  /** @default - the name */
  readonly commonName?: string;
  /** @default - a common name and nothing else */
  readonly subject?: CertificateSubject;
  /**
   * Lifetime of the root.
   * @default Duration.days(1825)
   */
  readonly duration?: Duration;
  /**
   * How long before its end the root is renewed, with the same key. Leaves that live longer may outlive it.
   * @default Duration.days(365)
   */
  readonly renewBefore?: Duration;
  /**
   * The kind of private key. cert-manager keeps the key of a CA for ever: to change its kind, give the CA another name.
   * @default KeyAlgorithm.rsa(3072)
   */
  readonly keyAlgorithm?: KeyAlgorithm;
}

/** What can be said of an issuer made from a CA Secret. */
export interface CaSecretOptions {
  /**
   * Name of the Issuer.
   * @default - the name of the Secret
   */
  readonly name?: string;
}

/** Who signs the certificates. */
export class TlsIssuer {
  /** A CA of the Kafka's own, made in its namespace: a self-signing Issuer, a CA Certificate, and an Issuer that signs with it. */
  static selfSignedCa(options: SelfSignedCaOptions = {}): TlsIssuer {
    return new TlsIssuer({
      kind: 'selfSignedCa',
      name: options.name,
      commonName: options.commonName,
      subject: options.subject as Subject | undefined,
      duration: goDuration(options.duration),
      renewBefore: goDuration(options.renewBefore),
      ...(options.keyAlgorithm === undefined ? {} : { keyAlgorithm: KeyAlgorithm._of(options.keyAlgorithm) }),
    });
  }

  /** A CA whose `tls.crt` and `tls.key` are in a Secret of the Kafka's namespace; an Issuer is made for it. */
  static caSecret(secretName: string, options: CaSecretOptions = {}): TlsIssuer {
    return new TlsIssuer({ kind: 'caSecret', secret: secretName, name: options.name });
  }

  /** An Issuer that exists in the Kafka's namespace. It is referred to, never changed. */
  static issuer(name: string): TlsIssuer {
    return new TlsIssuer({ kind: 'reference', ref: { apiGroup: 'cert-manager.io', kind: 'Issuer', name } });
  }

  /** A ClusterIssuer that exists. It is referred to, never changed. */
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
