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

/** What a hand-written request to change TLS says. */
export interface ReconfigureTlsProps {
  /** Who signs the certificates; an issuer that exists. */
  readonly issuer: TlsIssuer;
  /** @default - names of the Service and the pods, cert-manager's lifetime */
  readonly server?: BrokerCertificateProps;
  /** @default - as `server` */
  readonly client?: BrokerCertificateProps;
}

/** What was chosen. */
export interface OperationChoice {
  /** Which candidate of a bundle would do the same. */
  readonly kind: keyof typeof OPERATION;
  /** Only of `converge`, and absent to take TLS away. */
  readonly tls?: TlsSettings;
}

/** What a KafkaOpsRequest does: exactly one thing. */
export class KafkaOperation {
  /** Adds TLS to a Kafka without, or changes issuer and certificates of one with. */
  static reconfigureTls(props: ReconfigureTlsProps): KafkaOperation {
    const certificates = { server: certificateSettings(props.server), client: certificateSettings(props.client) };
    return new KafkaOperation({ kind: 'converge', tls: { issuer: TlsIssuer._of(props.issuer), certificates } });
  }

  /** Issues every certificate anew. */
  static rotateCertificates(): KafkaOperation {
    return new KafkaOperation({ kind: 'rotate' });
  }

  /** Takes TLS away. */
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

/** A bundle makes the issuers it needs, a request makes none. */
function needsNewIssuer({ tls }: OperationChoice): boolean {
  if (tls === undefined) return false;
  return [tls.issuer, tls.certificates.server.issuer, tls.certificates.client.issuer].some(
    (i) => i !== undefined && i.kind !== 'reference',
  );
}

/** When KubeDB starts a request. */
export enum ApplyWhen {
  /** Only while the Kafka is Ready. On a broken one the request never starts. */
  IF_READY = 'IfReady',
  /** In any state of the Kafka. */
  ALWAYS = 'Always',
}

/** Props of KafkaOpsRequest. */
export interface KafkaOpsRequestProps {
  /** Name of the request. KubeDB never runs a name twice, and lets nobody edit a request: another operation needs another name. */
  readonly name: string;
  /** Name of the Kafka, in the namespace of the chart. */
  readonly kafka: string;
  readonly operation: KafkaOperation;
  /**
   * How long each step may take.
   * @default - KubeDB's, which follows from the number of pods
   */
  readonly timeout?: Duration;
  /** @default - KubeDB's, IfReady */
  readonly apply?: ApplyWhen;
  /** @default - KubeDB's, 1 */
  readonly maxRetries?: number;
  /**
   * Fields that no prop here models.
   * @default - none
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/**
 * A request written by hand, for KubeDB's ops-manager to run once. Unlike KafkaTls it says what to do, not what should be: whoever applies
 * it starts it, and nothing is compared, ordered or verified.
 */
export class KafkaOpsRequest extends Construct {
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
        `${subject}: namespace is missing: a request is in the namespace of its Kafka. Give the chart one, new Chart(app, id, { namespace }).`,
      );
    if (lacksIssuer)
      found.push(
        `${subject}: spec.tls.issuerRef is to an issuer that does not exist yet: a request makes none. Use TlsIssuer.issuer or TlsIssuer.clusterIssuer.`,
      );
    return found;
  }
}
