/**
 * KafkaTls: the desired TLS state of one Kafka. It is the construct that a user starts from.
 *
 *     props ──> KafkaBundle: manifests and their ConfigMap ──> ReconcilerJob: Job, CronJob, permissions
 *
 * Output does not depend on the place of the construct. Synth reports all violations of all documents at once, with the path of this construct.
 */
import { type ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { type DeadlinesProps, desiredState, type RestartProps } from './desired-state';
import { Claims } from './duplicates';
import { Executor } from './executor';
import { type ApplicationRequest, KafkaBundle } from './kafka-bundle';
import { KafkaCluster } from './kafka-cluster';
import { caSecretsOf, SELF_SIGNED_SUFFIX, type TlsSettings } from './model/manifests';
import { bundleName } from './model/names';
import { ALIASES, type Alias, brokerCertificateName, type IssuerRef, issuersOf, type TlsState } from './model/tls';
import type { ReconcilerAccess } from './reconciler-access';
import { ReconcilerJob, type ReconcilerJobProps } from './reconciler-job';
import { resolveOwnLazyValues } from './resolvers';
import { Tls } from './tls';
import { validateOnce } from './validation';
import { reportViolations } from './warning';

/** Props of KafkaTls. The namespace is that of the chart. */
export interface KafkaTlsProps {
  /** The Kafka. */
  readonly cluster: KafkaCluster;
  /** Its desired TLS state. */
  readonly tls: Tls;
  /**
   * How the reconciler runs in the cluster.
   * @default - no Job: only the ConfigMap, for `kafka-tls apply` by hand
   */
  readonly job?: ReconcilerJobProps;
  /**
   * The program that carries out operations on the Kafka.
   * @default Executor.opsRequest()
   */
  readonly executor?: Executor;
  /**
   * Owner id of the Kafka. The reconciler does not change a Kafka with another owner id.
   * @default - "<namespace>/<kafka>"
   */
  readonly owner?: string;
  /**
   * DNS domain of the Kubernetes cluster. The names of pods and Services end with it, and certificates contain these names. Required only if
   * the domain is not the default and no live object contains it, for example because this KafkaTls creates the Kafka.
   * @default - the domain in the configuration of the live Kafka, else "cluster.local"
   */
  readonly clusterDomain?: string;
  /**
   * How pods are restarted.
   * @default - see RestartProps
   * @example
   * { unknownHealthPolicy: UnknownHealthPolicy.REFUSE }
   */
  readonly restart?: RestartProps;
  /**
   * How long a run waits.
   * @default - see DeadlinesProps
   * @example
   * { gate: Duration.hours(1), podReady: Duration.minutes(20) }
   */
  readonly deadlines?: DeadlinesProps;
  /**
   * How often the reconciler tries a failed operation again.
   * @default 1
   */
  readonly retries?: number;
}

/**
 * The desired TLS state of one Kafka, and the Job that brings the Kafka to it.
 *
 * @example
 *
 *   const orders = new KafkaTls(chart, 'orders', {
 *     cluster: KafkaCluster.existing('orders'),
 *     tls: Tls.on({ issuer: TlsIssuer.selfSignedCa() }),
 *     job: { image: 'registry.example/kafka-tls@sha256:...' },
 *   });
 *   orders.job?.addJsonPatch(JsonPatch.add('/metadata/labels/team', 'streams'));
 *
 * @see "Reconfigure TLS" in KubeDB's documentation of Kafka, "Certificate resource" in that of cert-manager
 */
export class KafkaTls extends Construct {
  /** Name of the Kafka. */
  readonly kafkaName: string;
  /** The ConfigMap with the desired state, its digest, and the objects in it, which can be patched. */
  readonly bundle: KafkaBundle;
  /** The Job that brings the Kafka to the desired state. Absent without the prop `job`. */
  readonly job?: ApiObject;
  /** The CronJob that keeps it there. Absent without the prop `job`, and with `ReconcileSchedule.off()`. */
  readonly cronJob?: ApiObject;
  /** ServiceAccount, permissions and NetworkPolicy of their pods. Absent without the prop `job`. */
  readonly access?: ReconcilerAccess;

  private readonly namespace: string;
  private readonly claims: Claims;
  private readonly reconciler?: ReconcilerJob;

  constructor(scope: Construct, id: string, props: KafkaTlsProps) {
    super(scope, id);
    const executor = Executor._of(props.executor ?? Executor.opsRequest());
    const cluster = KafkaCluster._of(props.cluster);
    if (typeof cluster.name !== 'string') {
      const why = 'the name of the Kafka must be a plain string, because the names of other objects are made of it before synth';
      throw new Error(`KafkaTls ${this.node.path}: ${why}.`);
    }
    const { namespace = '', labels } = Chart.of(this);
    const choice = Tls._of(props.tls);
    const tls = choice.settings;
    const identity = {
      kafka: cluster.name,
      namespace,
      owner: props.owner ?? `${namespace}/${cluster.name}`,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    };
    // The bundle holds a declared Kafka, with the number of its nodes.
    const nodes = cluster.spec === undefined ? cluster.nodes : undefined;
    const desired = desiredState(identity, { ...props, nodes, choice, executor });
    this.kafkaName = cluster.name;
    this.namespace = namespace;
    resolveOwnLazyValues(this);
    this.bundle = new KafkaBundle(this, 'Bundle', { desired, cluster, tls, jobName: () => this.job?.toJson().metadata.name });
    this.node.defaultChild = this.bundle.configMap;
    if (props.job !== undefined) {
      const references = referencesOf(tls);
      // Whether there are any is known before synth: names may be tokens, the kind never is.
      const refersToClusterIssuer = references.some((ref) => ref.kind === 'ClusterIssuer');
      this.reconciler = new ReconcilerJob(this, 'Reconciler', props.job, {
        identity,
        executor,
        deadlines: desired.deadlines,
        nodes: () => this.bundle._nodes(),
        clusterIssuers: refersToClusterIssuer ? () => clusterIssuersOf(this.bundle._tlsState()) : undefined,
        isIssuerForeign: references.length > 0,
        caSecrets: tls === undefined ? [] : caSecretsOf(tls, cluster.name),
        trustSecrets: tls === undefined ? [] : ALIASES.map((alias) => brokerSecretName(tls, cluster.name, alias)),
        digest: this.bundle.digest,
      });
      this.job = this.reconciler.job;
      this.access = this.reconciler.access;
      if (this.reconciler.cronJob !== undefined) this.cronJob = this.reconciler.cronJob;
    }
    this.claims = new Claims(this, { namespace, kafka: cluster.name, bundleName: bundleName(cluster.name) });
    this.claimNames(tls);
    validateOnce(this, () => this.errors());
  }

  /** @internal */
  _addApplicationCertificate(application: ApplicationRequest): ApiObject | undefined {
    const certificate = this.bundle._addApplicationCertificate(application);
    if (certificate === undefined) return undefined;
    const name = this.claims.claim('Certificate', certificate.name);
    this.claims.claim('Secret', application.secretName, name);
    return certificate;
  }

  /** cert-manager fills a Secret for one Certificate only: if two Certificates name it, each overwrites the key of the other. */
  private claimNames(tls: TlsSettings | undefined): void {
    if (this.access?.clusterRole !== undefined) this.claims.claimClusterRole(this.access.clusterRole);
    for (const { kind, name } of this.bundle.issuers) {
      // The Issuer of a self-signed CA stands for all its objects.
      const ca = this.claims.nameOf('Issuer', name.replace(new RegExp(`${SELF_SIGNED_SUFFIX}$`), ''));
      if (kind === 'Issuer') this.claims.claim('Issuer', name, ca);
      else {
        this.claims.claim('Certificate', name, ca);
        this.claims.claim('Secret', name, ca);
      }
    }
    if (tls === undefined) return;
    for (const alias of ALIASES) this.claims.claim('Secret', brokerSecretName(tls, this.kafkaName, alias));
  }

  private errors(): string[] {
    const { kafka } = this.claims;
    if (this.namespace === '')
      return [`${kafka}: namespace is missing: every object is in the namespace of the chart. Set it, new Chart(app, id, { namespace }).`];
    try {
      if (this.bundle._desiredState().kafka !== this.kafkaName)
        return [
          `${kafka}: the name of the Kafka is a token, but the names of other objects are made of it before synth. Write it as a plain string.`,
        ];
      return [
        ...this.bundle._errors(),
        ...reportViolations(this, this.reconciler?._violations() ?? []),
        ...this.claims.errors(this.access?.clusterRole),
      ];
    } catch (error) {
      return [`${kafka}: the bundle cannot be rendered: ${error instanceof Error ? error.message : String(error)}.`];
    }
  }
}

function referencesOf(tls: TlsSettings | undefined): readonly Partial<IssuerRef>[] {
  if (tls === undefined) return [];
  const certificates = Object.values(tls.certificates);
  const issuers = [tls.issuer, ...certificates.map(({ issuer }) => issuer)];
  const further = certificates.map(({ extraSpec }) => extraSpec?.issuerRef as Partial<IssuerRef> | undefined);
  const refs = [...issuers.map((issuer) => (issuer?.kind === 'reference' ? issuer.ref : undefined)), ...further];
  return refs.filter((ref) => ref !== undefined);
}

function clusterIssuersOf(tls: TlsState): readonly string[] {
  const names = tls === 'off' ? [] : issuersOf(tls).flatMap(({ kind, name }) => (kind === 'ClusterIssuer' ? [name] : []));
  return [...new Set(names)].sort();
}

function brokerSecretName(tls: TlsSettings, kafka: string, alias: Alias): string {
  return tls.certificates[alias].secretName ?? brokerCertificateName(kafka, alias);
}
