import type { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { type CertificateProps, certificateSettings } from './certificate';
import { TlsIssuer } from './issuer';
import type { KafkaTls } from './kafka-tls';
import { issuerRefOf } from './model/manifests';

/** Props of ClientCertificate. */
export interface ClientCertificateProps extends CertificateProps {
  /** The Kafka that the application talks to. */
  readonly kafkaTls: KafkaTls;
  /** Name of the Certificate, and of its Secret unless `secretName` says otherwise. */
  readonly name: string;
  /**
   * Common name; Kafka's principal is "CN=" and this.
   * @default - the name; none with `literalSubject`, which holds its own
   */
  readonly commonName?: string;
  /**
   * The whole subject as text, for principals and ACLs that depend on its parts and their order: "CN=billing,OU=payments,DC=example,DC=org".
   * It takes the place of `commonName` and `subject`.
   * @default - none
   */
  readonly literalSubject?: string;
  /**
   * Who signs it. The brokers have to trust its root.
   * @default - the issuer of the Kafka
   */
  readonly issuer?: TlsIssuer;
}

/** A certificate by which an application proves to the brokers who it is. It is part of the Kafka's bundle, in the Kafka's namespace. */
export class ClientCertificate extends Construct {
  /** The Certificate, in the bundle; absent when nobody can sign it, which validation reports. */
  readonly certificate?: ApiObject;

  constructor(scope: Construct, id: string, props: ClientCertificateProps) {
    super(scope, id);
    const { kafkaTls, name } = props;
    const { secretName, extraSpec, keyAlgorithm, issuer: _issuer, ...certificate } = certificateSettings(props);
    const issuer = props.issuer === undefined ? undefined : TlsIssuer._of(props.issuer);
    const added = kafkaTls._addApplicationCertificate({
      name,
      secretName: secretName ?? name,
      ...(props.commonName === undefined ? {} : { commonName: props.commonName }),
      ...(props.literalSubject === undefined ? {} : { literalSubject: props.literalSubject }),
      certificate,
      ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }),
      extraSpec: extraSpec ?? {},
      issuer: issuer === undefined ? undefined : issuerRefOf(issuer, kafkaTls.kafkaName),
    });
    if (added !== undefined) this.certificate = added;
    else {
      const missing = `Certificate/${name}: issuer is missing: the Kafka has no TLS, so it has no issuer to share. Name one, or leave the certificate out.`;
      this.node.addValidation({ validate: () => [missing] });
    }
  }
}
