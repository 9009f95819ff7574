import type { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { type CertificateProps, certificateSettings } from './certificate';
import type { TlsIssuer } from './issuer';
import type { KafkaTls } from './kafka-tls';
import { issuerRefOf } from './model/manifests';
import { defined } from './model/plain-data';

/** Props of ClientCertificate. */
export interface ClientCertificateProps extends CertificateProps {
  /** The Kafka that the application connects to. */
  readonly kafkaTls: KafkaTls;
  /** Name of the Certificate, and of its Secret unless `secretName` is set. */
  readonly name: string;
  /**
   * Common name. The principal in Kafka is "CN=" followed by it.
   * @default - the name; none with `literalSubject`, which contains its own
   */
  readonly commonName?: string;
  /**
   * The whole subject, for principals and ACLs that depend on its parts and their order: "CN=billing,OU=payments,DC=example,DC=org". It
   * replaces `commonName` and `subject`.
   * @default - none
   * @example
   * 'CN=billing,OU=payments,DC=example,DC=org'
   */
  readonly literalSubject?: string;
  /**
   * Issuer of the certificate. The brokers must trust its root.
   * @default - the issuer of the Kafka
   */
  readonly issuer?: TlsIssuer;
}

/**
 * A certificate with which an application authenticates to the brokers. It is part of the bundle of the Kafka, in the Kafka's namespace.
 *
 * @example
 *
 *   new ClientCertificate(chart, 'billing', { kafkaTls: orders, name: 'billing', duration: Duration.days(30) });
 *
 * @see "Certificate resource" in the documentation of cert-manager, "Authorization and ACLs" in that of Apache Kafka
 */
export class ClientCertificate extends Construct {
  /** The Certificate, in the bundle. Absent if there is no issuer, which validation reports. */
  readonly certificate?: ApiObject;

  constructor(scope: Construct, id: string, props: ClientCertificateProps) {
    super(scope, id);
    const { kafkaTls, name } = props;
    const { secretName, extraSpec, keyAlgorithm, issuer, ...certificate } = certificateSettings(props);
    const added = kafkaTls._addApplicationCertificate({
      name,
      secretName: secretName ?? name,
      ...defined({ commonName: props.commonName, literalSubject: props.literalSubject, keyAlgorithm }),
      certificate,
      extraSpec: extraSpec ?? {},
      issuer: issuer === undefined ? undefined : issuerRefOf(issuer, kafkaTls.kafkaName),
    });
    if (added !== undefined) this.certificate = added;
    else {
      const missing = `Certificate/${name}: issuer is missing: the Kafka has no TLS, so it has no issuer that could be used. Name an issuer, or remove the certificate.`;
      this.node.addValidation({ validate: () => [missing] });
    }
  }
}
