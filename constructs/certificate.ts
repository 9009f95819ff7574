import type { Duration } from 'cdk8s';
import type { CertificateSubject } from './certificate-subject';
import { goDuration } from './duration';
import { TlsIssuer } from './issuer';
import { KeyAlgorithm } from './key-algorithm';
import type { CertificateSettings } from './model/manifests';
import { defined } from './model/plain-data';
import type { Subject } from './model/tls';

/** Format of a private key in its Secret. */
export enum KeyEncoding {
  /** The format that KubeDB's Kafka supports. */
  PKCS8 = 'PKCS8',
  /** The default of cert-manager. Kafka cannot read it from a PEM file. */
  PKCS1 = 'PKCS1',
}

/** Properties of every certificate. */
export interface CertificateProps {
  /**
   * Secret that cert-manager writes the certificate to.
   * @default - the name of the Certificate
   */
  readonly secretName?: string;
  /**
   * Subject of the certificate, besides its common name.
   * @default - none
   * @example
   * { organizations: ['Example'], organizationalUnits: ['streams'], countries: ['CH'] }
   */
  readonly subject?: CertificateSubject;
  /**
   * Lifetime, at least an hour.
   * @default - cert-manager's 90 days
   */
  readonly duration?: Duration;
  /**
   * How long before expiry cert-manager renews the certificate. A broker serves the old certificate until it reloads or restarts, so keep this
   * short for brokers and let `beforeExpiry` rotate in time.
   * @default - five minutes for brokers, a third of the lifetime for applications
   */
  readonly renewBefore?: Duration;
  /**
   * Further DNS names. The certificates of brokers always have the names of their Service and pods.
   * @default - none
   */
  readonly dnsNames?: readonly string[];
  /**
   * Further IP addresses. The certificates of brokers always have 127.0.0.1.
   * @default - none
   */
  readonly ipAddresses?: readonly string[];
  /**
   * URIs, such as a SPIFFE id.
   * @default - none
   */
  readonly uris?: readonly string[];
  /**
   * E-mail addresses.
   * @default - none
   */
  readonly emailAddresses?: readonly string[];
  /**
   * Format of the private key.
   * @default KeyEncoding.PKCS8
   */
  readonly keyEncoding?: KeyEncoding;
  /**
   * Algorithm and size of the private key. For the brokers only with `Executor.native()`: otherwise KubeDB makes their Certificates and
   * chooses the key.
   * @default - cert-manager's RSA with 2048 bits
   */
  readonly keyAlgorithm?: KeyAlgorithm;
  /**
   * Fields that no prop models. They are merged into the spec of the certificate. Synth refuses fields that KubeDB (for brokers) or
   * cert-manager (for applications) does not have.
   * @default - none
   * @example
   * { usages: ['server auth', 'client auth'] }
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** One of the two certificates of a Kafka: brokers and controllers serve `server`, KubeDB's own clients present `client`. */
export interface BrokerCertificateProps extends CertificateProps {
  /**
   * Issuer of this certificate.
   * @default - the issuer of the Kafka
   * @example
   * TlsIssuer.issuer('partner-ca')
   */
  readonly issuer?: TlsIssuer;
}

/** Returns the props of a certificate as plain data, without undefined members. */
export function certificateSettings(props: BrokerCertificateProps = {}): CertificateSettings {
  return defined({
    secretName: props.secretName,
    subject: props.subject as Subject | undefined,
    duration: goDuration(props.duration),
    renewBefore: goDuration(props.renewBefore),
    dnsNames: props.dnsNames,
    ipAddresses: props.ipAddresses,
    uris: props.uris,
    emailAddresses: props.emailAddresses,
    privateKey: { encoding: props.keyEncoding ?? KeyEncoding.PKCS8 },
    keyAlgorithm: props.keyAlgorithm === undefined ? undefined : KeyAlgorithm._of(props.keyAlgorithm),
    issuer: props.issuer === undefined ? undefined : TlsIssuer._of(props.issuer),
    extraSpec: props.extraSpec,
  } satisfies Readonly<Record<keyof CertificateSettings, unknown>>);
}
