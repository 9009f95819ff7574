import type { Duration } from 'cdk8s';
import { Acknowledgement } from './acknowledgement';
import { type BrokerCertificateProps, certificateSettings } from './certificate';
import { goDuration } from './duration';
import { factoryValue } from './factory-value';
import { TlsIssuer } from './issuer';
import type { Acknowledged } from './model/acknowledgement';
import type { RotationChoice } from './model/desired';
import type { TlsSettings } from './model/manifests';
import { defined } from './model/plain-data';
import { Rotation } from './rotation';

/** Properties of TLS that is on. */
export interface TlsOnProps {
  /** Issuer of the certificates. */
  readonly issuer: TlsIssuer;
  /**
   * The certificate that brokers and controllers serve.
   * @default - names of the Service and the pods, cert-manager's lifetime
   */
  readonly server?: BrokerCertificateProps;
  /**
   * The certificate that KubeDB's own clients present.
   * @default - names of the Service and the pods, cert-manager's lifetime
   */
  readonly client?: BrokerCertificateProps;
  /**
   * RFC 3339 instant: all certificates of the Kafka must be issued at or after it. To rotate, write the present time and commit. The
   * reconciler reads the time of issue from the certificates, so a revert changes nothing, and a new Kafka needs no rotation. For an instant
   * in the future, at most a year ahead, the rotation waits.
   * @default - none
   * @example
   * '2026-11-23T09:00:00Z'
   */
  readonly issuedAfter?: string;
  /**
   * A certificate that expires sooner than this is rotated.
   * @default - a third of its lifetime
   */
  readonly beforeExpiry?: Duration;
  /**
   * How brokers and controllers get a certificate that was issued again under the same CA.
   * @default Rotation.reload()
   * @example
   * Rotation.reload({ otherwise: RotationFallback.FAIL })
   */
  readonly rotation?: Rotation;
  /**
   * How long clients need to load the published trust bundle. If it has held the new root for that long, the last phase of a change of root
   * needs no acknowledgement. Counted from the last write of the ConfigMap.
   * @default - only an acknowledgement allows the last phase
   */
  readonly trustFor?: Duration;
  /**
   * How long the published trust bundle keeps a root that no pod serves any more, so that a revert needs no work of the clients. Counted from the
   * last write of the ConfigMap, or from the issuance of the new CA if that came later.
   * @default - the old root is removed when every pod is proven to serve the new one
   */
  readonly keepOldRootFor?: Duration;
  /**
   * Changes to which you consent.
   * @default - none
   */
  readonly acknowledge?: readonly Acknowledgement[];
}

/** Properties of TLS that is off. */
export interface TlsOffProps {
  /**
   * Changes to which you consent.
   * @default - none
   */
  readonly acknowledge?: readonly Acknowledgement[];
}

/** The chosen TLS state, as plain data. */
export interface TlsChoice {
  /** Absent when TLS is off. */
  readonly settings?: TlsSettings;
  readonly acknowledge: readonly Acknowledged[];
  readonly issuedAfter?: string;
  readonly beforeExpiry?: string;
  readonly rotation?: RotationChoice;
  readonly trustFor?: string;
  readonly keepOldRootFor?: string;
}

/**
 * The desired TLS state of a Kafka.
 *
 * @example
 *
 *   Tls.on({ issuer: TlsIssuer.clusterIssuer('corp-ca'), server: { dnsNames: ['kafka.example.org'] } })
 *
 * @see docs/how-to/turn-tls-on.md, docs/how-to/rotate.md, docs/how-to/turn-tls-off.md
 */
export class Tls {
  /** Brokers and controllers serve only TLS, on every listener. */
  static on(props: TlsOnProps): Tls {
    return new Tls({
      settings: {
        issuer: TlsIssuer._of(props.issuer),
        certificates: { server: certificateSettings(props.server), client: certificateSettings(props.client) },
      },
      acknowledge: (props.acknowledge ?? []).map(Acknowledgement._of),
      ...defined({
        issuedAfter: props.issuedAfter,
        beforeExpiry: goDuration(props.beforeExpiry),
        rotation: props.rotation === undefined ? undefined : Rotation._of(props.rotation),
        trustFor: goDuration(props.trustFor),
        keepOldRootFor: goDuration(props.keepOldRootFor),
      }),
    });
  }

  /** No TLS. To remove TLS from a Kafka, `Acknowledgement.clientsLeaveTls()` is required. */
  static off(props: TlsOffProps = {}): Tls {
    return new Tls({ acknowledge: (props.acknowledge ?? []).map(Acknowledgement._of) });
  }

  /** @internal */
  static _of(tls: Tls): TlsChoice {
    return factoryValue(tls?.choice, tls, 'Tls.on({ issuer }) or Tls.off()');
  }

  private constructor(protected readonly choice: TlsChoice) {}
}
