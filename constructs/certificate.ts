import type { Duration } from 'cdk8s';
import type { CertificateSubject } from './certificate-subject';
import { goDuration } from './duration';
import { TlsIssuer } from './issuer';
import { KeyAlgorithm } from './key-algorithm';
import type { CertificateSettings } from './model/manifests';
import type { Subject } from './model/tls';

/** How a private key is written. */
export enum KeyEncoding {
  /** What KubeDB's Kafka supports. */
  PKCS8 = 'PKCS8',
  /** What cert-manager uses when nothing is said; Kafka's PEM reader refuses it. */
  PKCS1 = 'PKCS1',
}

/** What can be said of every certificate. */
export interface CertificateProps {
  /**
   * Secret that cert-manager writes the certificate to.
   * @default - the name of the Certificate
   */
  readonly secretName?: string;
  /** @default - a common name and nothing else */
  readonly subject?: CertificateSubject;
  /**
   * Lifetime, at least an hour.
   * @default - cert-manager's 90 days
   */
  readonly duration?: Duration;
  /**
   * How long before its end cert-manager renews it by itself. A broker goes on serving the old certificate until it restarts, so leave it
   * short and let `beforeExpiry` rotate in time.
   * @default - five minutes for brokers, cert-manager's third of the lifetime for applications
   */
  readonly renewBefore?: Duration;
  /**
   * Further DNS names. Brokers always have those of their Service and pods.
   * @default - none
   */
  readonly dnsNames?: readonly string[];
  /**
   * Further IP addresses. Brokers always have 127.0.0.1.
   * @default - none
   */
  readonly ipAddresses?: readonly string[];
  /** @default - none */
  readonly uris?: readonly string[];
  /** @default - none */
  readonly emailAddresses?: readonly string[];
  /** @default KeyEncoding.PKCS8 */
  readonly keyEncoding?: KeyEncoding;
  /**
   * The kind of private key. For the brokers only under `Executor.native()`: elsewhere KubeDB makes their Certificates, and chooses.
   * @default - cert-manager's RSA with 2048 bits
   */
  readonly keyAlgorithm?: KeyAlgorithm;
  /**
   * Fields that no prop here models, merged into the certificate's own. What KubeDB (for brokers) or cert-manager (for applications) has no
   * field for is refused at synth.
   * @default - none
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** One of the two certificates of a Kafka: `server` is what brokers and controllers serve, `client` what KubeDB's own clients present. */
export interface BrokerCertificateProps extends CertificateProps {
  /**
   * Who signs this one.
   * @default - the issuer of the Kafka
   */
  readonly issuer?: TlsIssuer;
}

/** Returns the props of a certificate as plain data; absent and undefined are the same. */
export function certificateSettings(props: BrokerCertificateProps = {}): CertificateSettings {
  const settings: { readonly [K in keyof CertificateSettings]: CertificateSettings[K] | undefined } = {
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
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as CertificateSettings;
}
