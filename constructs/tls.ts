import type { Duration } from 'cdk8s';
import { Acknowledgement } from './acknowledgement';
import { type BrokerCertificateProps, certificateSettings } from './certificate';
import { goDuration } from './duration';
import { factoryValue } from './factory-value';
import { TlsIssuer } from './issuer';
import type { Acknowledged } from './model/acknowledgement';
import type { TlsSettings } from './model/manifests';

/** What TLS should be when it is on. */
export interface TlsOnProps {
  /** Who signs the certificates. */
  readonly issuer: TlsIssuer;
  /**
   * The certificate that brokers and controllers serve.
   * @default - names of the Service and the pods, cert-manager's lifetime
   */
  readonly server?: BrokerCertificateProps;
  /**
   * The certificate that KubeDB's own clients present.
   * @default - as `server`
   */
  readonly client?: BrokerCertificateProps;
  /**
   * RFC 3339 instant; every certificate of the Kafka was issued at or after it. To rotate, write the present time and commit. It is read
   * off the certificates: reverting does nothing, a new Kafka satisfies it, an instant to come is waited for, a year at most.
   * @default - none
   */
  readonly issuedAfter?: string;
  /**
   * A certificate with less than this left is rotated.
   * @default - a third of its lifetime
   */
  readonly beforeExpiry?: Duration;
  /**
   * Changes that were agreed to.
   * @default - none
   */
  readonly acknowledge?: readonly Acknowledgement[];
}

/** What there is to say when TLS is off. */
export interface TlsOffProps {
  /**
   * Changes that were agreed to.
   * @default - none
   */
  readonly acknowledge?: readonly Acknowledgement[];
}

/** What was chosen. */
export interface TlsChoice {
  /** Absent when TLS is off. */
  readonly settings?: TlsSettings;
  readonly acknowledge: readonly Acknowledged[];
  readonly issuedAfter?: string;
  readonly beforeExpiry?: string;
}

/** What the TLS of a Kafka should be. */
export class Tls {
  /** Brokers and controllers serve TLS, and nothing else, on every listener. */
  static on(props: TlsOnProps): Tls {
    const beforeExpiry = goDuration(props.beforeExpiry);
    return new Tls({
      settings: {
        issuer: TlsIssuer._of(props.issuer),
        certificates: { server: certificateSettings(props.server), client: certificateSettings(props.client) },
      },
      acknowledge: (props.acknowledge ?? []).map(Acknowledgement._of),
      ...(props.issuedAfter === undefined ? {} : { issuedAfter: props.issuedAfter }),
      ...(beforeExpiry === undefined ? {} : { beforeExpiry }),
    });
  }

  /** No TLS. A Kafka that has it loses it, provided that clients are ready: `Acknowledgement.clientsLeaveTls()`. */
  static off(props: TlsOffProps = {}): Tls {
    return new Tls({ acknowledge: (props.acknowledge ?? []).map(Acknowledgement._of) });
  }

  /** @internal */
  static _of(tls: Tls): TlsChoice {
    return factoryValue(tls?.choice, tls, 'Tls.on({ issuer }) or Tls.off()');
  }

  private constructor(protected readonly choice: TlsChoice) {}
}
