import { ApiObject, Chart, type Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { type BrokerCertificateProps, certificateSettings } from './certificate';
import { goDuration } from './duration';
import { factoryValue } from './factory-value';
import { TlsIssuer } from './issuer';
import { canonical, formatRef, KINDS, type KubeObject, refOf } from './model/kube-object';
import { completeTls, type ExtraSpec, merged, OPERATION, requestSpec, type TlsSettings } from './model/manifests';
import { manifestViolations } from './model/validate';
import { reportViolations } from './warning';

/** Properties of a request that adds TLS to a Kafka, or changes it. */
export interface ReconfigureTlsProps {
  /** Issuer of the certificates. It must exist. */
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
}

/** The chosen operation, as plain data. */
export interface OperationChoice {
  /** The candidate of a bundle that does the same. */
  readonly kind: keyof typeof OPERATION;
  /** Only for `converge`; absent to remove TLS. */
  readonly tls?: TlsSettings;
}

/**
 * The operation of a KafkaOpsRequest. A request has exactly one.
 *
 * @example
 *
 *   KafkaOperation.reconfigureTls({ issuer: TlsIssuer.clusterIssuer('corp-ca') })
 *
 * @see "KafkaOpsRequest CRD" in the documentation of KubeDB
 */
export class KafkaOperation {
  /** Adds TLS to a Kafka, or changes its issuer and certificates. */
  static reconfigureTls(props: ReconfigureTlsProps): KafkaOperation {
    const certificates = { server: certificateSettings(props.server), client: certificateSettings(props.client) };
    return new KafkaOperation({ kind: 'converge', tls: { issuer: TlsIssuer._of(props.issuer), certificates } });
  }

  /** Issues every certificate again. */
  static rotateCertificates(): KafkaOperation {
    return new KafkaOperation({ kind: 'rotate' });
  }

  /** Removes TLS. */
  static removeTls(): KafkaOperation {
    return new KafkaOperation({ kind: 'converge' });
  }

  /** Restarts every pod. */
  static restart(): KafkaOperation {
    return new KafkaOperation({ kind: 'restart' });
  }

  /** @internal */
  static _of(operation: KafkaOperation): OperationChoice {
    return factoryValue(operation?.choice, operation, 'KafkaOperation.restart(), KafkaOperation.reconfigureTls and so on');
  }

  private constructor(protected readonly choice: OperationChoice) {}
}

function operationSpec({ kind, tls }: OperationChoice, kafka: string): ExtraSpec {
  if (kind !== 'converge') return OPERATION[kind];
  return OPERATION.converge(tls === undefined ? 'off' : completeTls(tls, kafka));
}

/** A bundle holds the issuers that it needs. A request alone holds none. */
function needsNewIssuer({ tls }: OperationChoice): boolean {
  if (tls === undefined) return false;
  return [tls.issuer, tls.certificates.server.issuer, tls.certificates.client.issuer].some(
    (i) => i !== undefined && i.kind !== 'reference',
  );
}

/** When KubeDB starts a request. */
export enum ApplyWhen {
  /** Only while the Kafka is Ready. If the Kafka is broken, the request never starts. */
  IF_READY = 'IfReady',
  /** In any state of the Kafka. */
  ALWAYS = 'Always',
}

/** Props of KafkaOpsRequest. */
export interface KafkaOpsRequestProps {
  /** Name of the request. KubeDB runs a request once and does not allow edits, so another operation needs another name. */
  readonly name: string;
  /** Name of the Kafka, in the namespace of the chart. */
  readonly kafka: string;
  /** What the request does. */
  readonly operation: KafkaOperation;
  /**
   * Timeout of each step.
   * @default - KubeDB's default, which depends on the number of pods
   */
  readonly timeout?: Duration;
  /**
   * When KubeDB starts the request.
   * @default - KubeDB's default, IfReady
   */
  readonly apply?: ApplyWhen;
  /**
   * How often KubeDB tries again after a failure.
   * @default - KubeDB's default, 1
   */
  readonly maxRetries?: number;
  /**
   * Fields of the spec that no prop models.
   * @default - none
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/**
 * A request that KubeDB's ops-manager runs once, as soon as it is applied. Unlike KafkaTls it states an operation, not a desired state: the
 * live state is not compared, and the result is not verified.
 *
 * @example
 *
 *   new KafkaOpsRequest(chart, 'restart', { name: 'orders-restart-1', kafka: 'orders', operation: KafkaOperation.restart() });
 *
 * @see "KafkaOpsRequest CRD" in the documentation of KubeDB
 */
export class KafkaOpsRequest extends Construct {
  /** The KafkaOpsRequest. */
  readonly request: ApiObject;

  constructor(scope: Construct, id: string, props: KafkaOpsRequestProps) {
    super(scope, id);
    const namespace = Chart.of(this).namespace;
    const operation = KafkaOperation._of(props.operation);
    const spec = requestSpec({
      databaseRef: props.kafka,
      operation: operationSpec(operation, props.kafka),
      timeout: goDuration(props.timeout),
      apply: props.apply,
      maxRetries: props.maxRetries,
    });
    this.request = new ApiObject(this, 'Request', {
      apiVersion: KINDS.KafkaOpsRequest.apiVersion,
      kind: KINDS.KafkaOpsRequest.kind,
      metadata: { name: props.name, ...(namespace === undefined ? {} : { namespace }) },
      spec: canonical(merged(spec, props.extraSpec)),
    });
    this.node.defaultChild = this.request;
    this.node.addValidation({ validate: () => this.violations(needsNewIssuer(operation)) });
  }

  private violations(lacksIssuer: boolean): string[] {
    const manifest: KubeObject = canonical(this.request.toJson());
    const subject = formatRef(refOf(manifest));
    const found = [...reportViolations(this, manifestViolations(manifest))];
    if (!manifest.metadata.namespace)
      found.push(
        `${subject}: namespace is missing: a request is in the namespace of its Kafka. Set it, new Chart(app, id, { namespace }).`,
      );
    if (lacksIssuer)
      found.push(
        `${subject}: spec.tls.issuerRef refers to an issuer that does not exist: only a KafkaTls creates issuers. Use TlsIssuer.issuer or TlsIssuer.clusterIssuer.`,
      );
    return found;
  }
}
