/**
 * KafkaTls: what the TLS of one Kafka should be. What a user starts from.
 *
 *     props ──> bundle chart (detached): issuers, certificates, Kafka, candidate requests   <── patches by the user
 *                    │ at synth
 *                    v
 *     ConfigMap: one document a key ──digest──> Job, named by its inputs; CronJob; permissions
 *
 * Everything that depends on content is made at synth, after the last patch: texts, digest, names. Nothing depends on where the construct
 * stands. All violations of all documents are reported at once, with the path of this construct.
 */
import { ApiObject, Chart, Lazy, Yaml } from 'cdk8s';
import { Construct } from 'constructs';
import { BundleChart } from './bundle-chart';
import { type DeadlinesProps, desiredState, type RestartProps } from './desired-state';
import { Executor } from './executor';
import { KafkaCluster } from './kafka-cluster';
import { assembleBundle, bundleDocuments, MAX_BUNDLE_BYTES } from './model/bundle';
import type { Desired } from './model/desired';
import { canonical, contentHash, isEqual, KINDS, type KubeObject } from './model/kube-object';
import { brokerCertificate, keystoreCredSecret } from './model/kubedb';
import {
  type ApplicationSettings,
  applicationCertificate,
  candidate,
  candidateName,
  type ClusterSettings,
  completeTls,
  issuerManifests,
  issuerRefOf,
  kafkaManifest,
  OPERATION,
  ownedMetadata,
  type Place,
  type TlsSettings,
} from './model/manifests';
import { ANNOTATION_JOB, ANNOTATION_OWNER, bundleName, convergeRequestName, LABEL_KAFKA } from './model/names';
import { ALIASES, type Alias, type IssuerRef, type TlsState } from './model/tls';
import { validate } from './model/validate';
import { formatViolation, type Violation } from './model/violation';
import { ReconcilerJob, type ReconcilerJobProps } from './reconciler-job';
import { Tls } from './tls';

/** Props of KafkaTls. The namespace is that of the chart. */
export interface KafkaTlsProps {
  /** The Kafka that TLS is for. */
  readonly cluster: KafkaCluster;
  /** What its TLS should be. */
  readonly tls: Tls;
  /**
   * How the reconciler runs in the cluster.
   * @default - no Job: only the ConfigMap is emitted, for `kafka-tls apply` by hand
   */
  readonly job?: ReconcilerJobProps;
  /**
   * Who carries operations out.
   * @default Executor.opsRequest()
   */
  readonly executor?: Executor;
  /**
   * Whose the Kafka is. A Kafka with another owner id is left alone.
   * @default - "<namespace>/<kafka>"
   */
  readonly owner?: string;
  /**
   * How pods are restarted.
   * @default - one after the other, gates rest on pod readiness where Kafka cannot be asked
   */
  readonly restart?: RestartProps;
  /**
   * How long to wait for each thing.
   * @default - see DeadlinesProps
   */
  readonly deadlines?: DeadlinesProps;
  /**
   * How often a failed operation is tried again.
   * @default 1
   */
  readonly retries?: number;
}

/** What the TLS of one Kafka should be, and what makes it so. */
export class KafkaTls extends Construct {
  /** Name of the Kafka. */
  readonly kafkaName: string;
  /** The bundle. Patch the objects below rather than its texts. */
  readonly configMap: ApiObject;
  /** Job, CronJob and permissions; absent without the prop `job`. */
  readonly reconciler?: ReconcilerJob;
  /** The Kafka of a declared cluster, in the bundle. Its TLS follows `convergeRequest`. */
  readonly kafka?: ApiObject;
  /** Issuers and CA Certificates, in the bundle. Empty when the issuer exists already. */
  readonly issuers: ApiObject[];
  /** The Certificates of the brokers, in the bundle; only under `Executor.native()`, else KubeDB makes them. They follow `convergeRequest`. */
  readonly brokerCertificates: ApiObject[];
  /** The request that brings the Kafka to the desired TLS state, in the bundle. Its `spec.tls` is that state. */
  readonly convergeRequest: ApiObject;
  /** The request that rotates certificates, in the bundle. Absent when TLS is off. */
  readonly rotateRequest?: ApiObject;
  /** The request that restarts pods, in the bundle. */
  readonly restartRequest: ApiObject;

  private readonly bundle: BundleChart;
  private readonly place: Place;
  private readonly cluster: ClusterSettings;
  private readonly desired: Desired;
  private readonly settings: TlsSettings | undefined;
  private readonly warned = new Set<string>();

  constructor(scope: Construct, id: string, props: KafkaTlsProps) {
    super(scope, id);
    const executor = Executor._of(props.executor ?? Executor.opsRequest());
    const namespace = Chart.of(this).namespace ?? '';
    const choice = Tls._of(props.tls);
    this.cluster = KafkaCluster._of(props.cluster);
    this.kafkaName = this.cluster.name;
    this.settings = choice.settings;
    this.place = { kafka: this.cluster.name, namespace, owner: props.owner ?? `${namespace}/${this.cluster.name}` };
    this.desired = desiredState(this.place, { ...props, choice, executor });
    this.bundle = new BundleChart(namespace);

    const wanted = this.settings === undefined ? 'off' : completeTls(this.settings, this.place.kafka);
    this.issuers = this.addIssuers();
    this.convergeRequest = this.addConvergeRequest(wanted);
    if (wanted !== 'off') this.rotateRequest = this.addCandidate('rotate');
    this.restartRequest = this.addCandidate('restart');
    if (this.cluster.spec !== undefined) this.kafka = this.addKafka();
    this.brokerCertificates = executor === 'native' && wanted !== 'off' ? ALIASES.map((alias) => this.addBrokerCertificate(alias)) : [];

    this.configMap = this.addConfigMap();
    this.node.defaultChild = this.configMap;
    if (props.job !== undefined) {
      const { deadlines } = this.desired;
      const context = { place: this.place, executor, deadlines, nodes: this.cluster.nodes, digest: () => this.digest() };
      this.reconciler = new ReconcilerJob(this, 'Reconciler', props.job, context);
    }
    this.node.addValidation({ validate: () => this.violations() });
  }

  /** @internal */
  _addApplicationCertificate(application: Omit<ApplicationSettings, 'issuer'> & { readonly issuer: IssuerRef | undefined }): ApiObject | undefined {
    const issuer = application.issuer ?? (this.settings === undefined ? undefined : issuerRefOf(this.settings.issuer, this.place.kafka));
    return issuer === undefined ? undefined : this.bundle.add(applicationCertificate(this.place, { ...application, issuer }));
  }

  private addIssuers(): ApiObject[] {
    if (this.settings === undefined) return [];
    const { issuer, certificates } = this.settings;
    const all = [issuer, ...ALIASES.flatMap((alias) => certificates[alias].issuer ?? [])];
    const distinct = all.filter((one, i) => all.findIndex((other) => isEqual(one, other)) === i);
    return distinct.flatMap((one) => issuerManifests(one, this.place)).map((manifest) => this.bundle.add(manifest));
  }

  private addConvergeRequest(wanted: TlsState): ApiObject {
    const { kafka } = this.place;
    const manifest = candidate(this.place, convergeRequestName(kafka, 'content'), OPERATION.converge(wanted), this.desired.deadlines.podReady);
    return this.bundle.addContentNamed(manifest, (request) => convergeRequestName(kafka, contentHash(tlsIn(request))));
  }

  private addCandidate(kind: 'rotate' | 'restart'): ApiObject {
    return this.bundle.add(candidate(this.place, candidateName(this.place.kafka, kind), OPERATION[kind], this.desired.deadlines.podReady));
  }

  private addKafka(): ApiObject {
    const spec = Lazy.any({ produce: () => kafkaManifest(this.cluster, this.tlsState(), this.place).spec });
    return this.bundle.add({ ...kafkaManifest(this.cluster, 'off', this.place), spec });
  }

  private addBrokerCertificate(alias: Alias): ApiObject {
    const produce = () => this.brokerCertificateOf(alias).spec;
    const metadata = ownedMetadata(this.place, '');
    const { metadata: kubeDb, ...type } = this.brokerCertificateOf(alias);
    return this.bundle.add({
      ...type,
      metadata: { ...kubeDb, labels: { ...kubeDb.labels, ...metadata.labels }, annotations: metadata.annotations ?? {} },
      spec: Lazy.any({ produce }),
    });
  }

  private brokerCertificateOf(alias: Alias): KubeObject {
    const tls = this.tlsState();
    const { namespace, kafka } = this.place;
    const declared: KubeObject | undefined = this.kafka?.toJson();
    const passwords = declared === undefined ? this.cluster.keystoreCredSecret : keystoreCredSecret(declared);
    const owner = { name: kafka, namespace, keystoreCredSecret: passwords ?? keystoreCredSecret({ ...KINDS.Kafka, metadata: { name: kafka } }) };
    // A patch that turns TLS off leaves Certificates without an issuer behind, which validation reports.
    return tls === 'off' ? { ...KINDS.Certificate, metadata: { name: '' } } : brokerCertificate(owner, tls, alias);
  }

  private addConfigMap(): ApiObject {
    const { kafka, namespace, owner } = this.place;
    const job = Lazy.any({ produce: () => this.reconciler?.job.toJson().metadata.name });
    return new ApiObject(this, 'Bundle', {
      apiVersion: KINDS.ConfigMap.apiVersion,
      kind: KINDS.ConfigMap.kind,
      metadata: { name: bundleName(kafka), namespace, labels: { [LABEL_KAFKA]: kafka }, annotations: { [ANNOTATION_OWNER]: owner, [ANNOTATION_JOB]: job } },
      data: Lazy.any({ produce: () => this.texts() }),
    });
  }

  private tlsState(): TlsState {
    return tlsIn(this.convergeRequest.toJson());
  }

  private texts(): Readonly<Record<string, string>> {
    const documents = bundleDocuments(this.desired, this.bundle.manifests());
    return Object.fromEntries(Object.entries(documents).map(([key, document]) => [key, Yaml.stringify(canonical(document))]));
  }

  private digest(): string {
    const bundle = assembleBundle(this.desired, this.bundle.manifests());
    return 'digest' in bundle ? bundle.digest : 'none';
  }

  private violations(): string[] {
    try {
      if (this.place.namespace === '') return [`${this.subject()}: namespace is missing: everything here is in one. Give the chart one, new Chart(app, id, { namespace }).`];
      const manifests = this.bundle.manifests();
      const found = [...validate({ desired: this.desired, tls: this.tlsState(), manifests }), ...(this.reconciler?._violations() ?? [])];
      for (const warning of found.filter((v) => v.severity === 'warning')) this.warn(warning);
      const errors = found.filter((v) => v.severity === 'error').map(formatViolation);
      if (errors.length === 0) errors.push(...this.bundleViolations(manifests));
      return [...errors, ...this.twins(), ...this.bundle.validate()];
    } catch (error) {
      return [`${this.subject()}: the bundle cannot be rendered: ${error instanceof Error ? error.message : String(error)}.`];
    }
  }

  private bundleViolations(manifests: readonly KubeObject[]): readonly string[] {
    const bundle = assembleBundle(this.desired, manifests);
    if (!('digest' in bundle)) return bundle;
    const configMap: KubeObject = this.configMap.toJson();
    const subject = `ConfigMap/${this.place.namespace}/${configMap.metadata.name}`;
    if (!isEqual(configMap.data, this.texts())) {
      return [`${subject}: data is patched: the digest names the objects, not their texts. Patch the objects (kafka, issuers, convergeRequest and so on) instead.`];
    }
    const bytes = Buffer.byteLength(JSON.stringify(configMap));
    if (bytes <= MAX_BUNDLE_BYTES) return [];
    return [`${subject}: data is ${bytes} bytes: Argo CD's client-side apply stores a second copy in an annotation, so a bundle has at most ${MAX_BUNDLE_BYTES}. Take something out.`];
  }

  private twins(): readonly string[] {
    const isTwin = (c: unknown): c is KafkaTls =>
      c instanceof KafkaTls && c !== this && c.place.kafka === this.place.kafka && c.place.namespace === this.place.namespace;
    return this.node.root.node
      .findAll()
      .filter(isTwin)
      .map((twin) => `${this.subject()}: another KafkaTls of this app, ${twin.node.path}, is about the same Kafka. Leave one of the two out.`);
  }

  private subject(): string {
    return ['Kafka', this.place.namespace, this.place.kafka].filter((part) => part !== '').join('/');
  }

  /** cdk8s knows errors only. A warning is kept on the construct, and printed once. */
  private warn(warning: Violation): void {
    const text = formatViolation(warning);
    if (this.warned.has(text)) return;
    this.warned.add(text);
    this.node.addMetadata('kafka-tls:warning', text);
    console.warn(`[${this.node.path}] warning: ${text}`);
  }
}

/** The TLS state that a converging request asks for. */
function tlsIn(request: KubeObject): TlsState {
  const tls = request.spec?.tls ?? {};
  if (tls.remove === true) return 'off';
  const { remove: _remove, rotateCertificates: _rotate, ...state } = tls;
  return state;
}
