/**
 * The manifests of one KafkaTls, as ApiObjects of a separate chart, and the ConfigMap that holds their text.
 *
 *     issuers, certificates, Kafka, candidate requests   <── patches by the user
 *                    │ at synth
 *                    v
 *     ConfigMap: one document per key ──digest──> arguments and name of the Job
 *
 * The converging request is the only source of the desired TLS state: Kafka and broker Certificates are rendered from it, so that a patch of
 * the request reaches them, too. Texts, digest and names are made at synth, after the last patch.
 */
import { type ApiObject, Lazy, Yaml } from 'cdk8s';
import { ConfigMap } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BundleChart } from './bundle-chart';
import { assembleBundle, type Bundle, bundleDocuments, MAX_BUNDLE_BYTES } from './model/bundle';
import { capabilitiesOf } from './model/capabilities';
import { contentHash } from './model/content-hash';
import type { Desired } from './model/desired';
import type { Kafka } from './model/kinds/index';
import { formatRef, KINDS, type KubeObject, manifestOf, refOf } from './model/kube-object';
import { brokerCertificate, keystoreCredSecret, offshootLabels, petSetsOf } from './model/kubedb';
import {
  type ApplicationSettings,
  applicationCertificate,
  type CertificateSettings,
  type ClusterSettings,
  candidate,
  candidateName,
  completeTls,
  type FixedOperation,
  issuerManifests,
  issuerRefOf,
  kafkaManifest,
  OPERATION,
  ownedMetadata,
  type TlsSettings,
} from './model/manifests';
import { ANNOTATION_DIGEST, ANNOTATION_JOB, ANNOTATION_OWNER, bundleName, convergeRequestName, LABEL_KAFKA } from './model/names';
import { canonical, isEqual, mapIn } from './model/plain-data';
import { ALIASES, type Alias, brokerCertificateName, type IssuerRef, type TlsConfig, type TlsState } from './model/tls';
import { validate } from './model/validate';
import { render } from './rendering';
import { resolved } from './resolvers';
import { reportViolations } from './warning';

/** An application certificate. Without an issuer, the issuer of the Kafka signs it. */
export type ApplicationRequest = Omit<ApplicationSettings, 'issuer'> & { readonly issuer: IssuerRef | undefined };

/** Pods for which the deadline of a Job has time if the number of pods is unknown. */
const NODES_OF_AN_UNKNOWN_CLUSTER = 12;

/** What a bundle is made of. */
export interface KafkaBundleProps {
  readonly desired: Desired;
  readonly cluster: ClusterSettings;
  /** Absent when TLS is off. */
  readonly tls: TlsSettings | undefined;
  /** Returns the name of the Job at synth. */
  readonly jobName: () => string | undefined;
}

/**
 * The bundle of a KafkaTls: the desired state and its manifests, in one ConfigMap.
 *
 * To change a manifest, patch its object. The reconciler creates these objects; they are not part of the output of the chart.
 *
 * @example
 *
 *   ApiObject.of(orders.bundle.convergeRequest).addJsonPatch(JsonPatch.replace('/spec/timeout', '20m'));
 *
 * @see docs/reference/bundle.md
 */
export class KafkaBundle extends Construct {
  /** The ConfigMap with the text of all manifests. */
  readonly configMap: ApiObject;
  /** Sixteen hexadecimal digits that name the content. A Lazy value, known at synth. */
  readonly digest: string;
  /** The Kafka of a declared cluster. Its TLS follows `convergeRequest`. */
  readonly kafka?: ApiObject;
  /** Issuers and CA Certificates. Empty when the issuer exists already. */
  readonly issuers: ApiObject[];
  /** The Certificates of the brokers; only with `Executor.native()`, because KubeDB makes them otherwise. They follow `convergeRequest`. */
  readonly brokerCertificates: ApiObject[];
  /** The request that brings the Kafka to the desired TLS state, which is its `spec.tls`. */
  readonly convergeRequest: ApiObject;
  /** The request that rotates certificates. Absent when TLS is off. */
  readonly rotateRequest?: ApiObject;
  /** The request that restarts pods. */
  readonly restartRequest: ApiObject;

  private readonly desired: Desired;
  private readonly cluster: ClusterSettings;
  private readonly settings: TlsSettings | undefined;
  private readonly chart: BundleChart;

  constructor(scope: Construct, id: string, { desired, cluster, tls, jobName }: KafkaBundleProps) {
    super(scope, id);
    this.desired = desired;
    this.cluster = cluster;
    this.settings = tls;
    this.chart = new BundleChart(this, desired.namespace);
    this.issuers = this.addIssuers();
    this.convergeRequest = this.addConvergeRequest();
    if (tls !== undefined) this.rotateRequest = this.addCandidate('rotate');
    this.restartRequest = this.addCandidate('restart');
    if (cluster.spec !== undefined) this.kafka = this.addKafka();
    this.brokerCertificates =
      capabilitiesOf(desired).ownsCertificates && tls !== undefined ? ALIASES.map((alias) => this.addBrokerCertificate(alias)) : [];
    // A bundle without a digest is refused by validation.
    this.digest = Lazy.any({ produce: () => this.assembled()?.digest ?? 'none' });
    this.configMap = this.addConfigMap(jobName);
    this.node.defaultChild = this.configMap;
  }

  /** Adds a certificate for an application. Returns undefined if neither the application nor the Kafka has an issuer. @internal */
  _addApplicationCertificate(application: ApplicationRequest): ApiObject | undefined {
    const issuer = application.issuer ?? (this.settings && issuerRefOf(this.settings.issuer, this.desired.kafka));
    return issuer && this.chart.add(applicationCertificate(this.desired, { ...application, issuer }));
  }

  /** Returns the document `desired.yaml`. @internal */
  _desiredState(): Desired {
    return resolved(this.desired, this.convergeRequest);
  }

  /** Returns the number of pods of the Kafka; for a declared one with its patches. @internal */
  _nodes(): number {
    if (this.kafka === undefined) return resolved(this.cluster.nodes ?? NODES_OF_AN_UNKNOWN_CLUSTER, this.convergeRequest);
    return petSetsOf(this.kafka.toJson()).reduce((sum, { replicas }) => sum + (Number.isInteger(replicas) ? replicas : 1), 0);
  }

  /** Returns the TLS state that the converging request asks for. @internal */
  _tlsState(): TlsState {
    return tlsIn(this.convergeRequest.toJson());
  }

  /** Returns all errors of the bundle, and prints warnings. @internal */
  _errors(): readonly string[] {
    const violations = validate({
      desired: this._desiredState(),
      tls: this._tlsState(),
      manifests: this.chart.manifests(),
      ...(this.kafka === undefined ? { nodes: this._nodes() } : {}),
      now: new Date(),
    });
    const errors = reportViolations(this.node.scope ?? this, violations);
    return [...(errors.length > 0 ? errors : this.configMapErrors()), ...this.chart.validate()];
  }

  private configMapErrors(): readonly string[] {
    const bundle = this.assemble();
    if (!('digest' in bundle)) return bundle;
    const configMap: KubeObject = this.configMap.toJson();
    const { name, namespace } = configMap.metadata;
    const subject = formatRef(refOf(configMap));
    const ownName = bundleName(bundle.desired.kafka);
    if (name !== ownName)
      return [`${subject}: metadata.name is not ${ownName}, the name that Job, Role and Lease refer to. Do not patch it.`];
    if (namespace !== bundle.desired.namespace) {
      const why = `metadata.namespace is not ${bundle.desired.namespace}, the namespace of the Kafka and all other objects`;
      return [`${subject}: ${why}. Do not patch it: the namespace is that of the chart.`];
    }
    if (!isEqual(configMap.data, this.texts())) {
      const hint = 'Patch the objects (bundle.kafka, bundle.issuers, bundle.convergeRequest and so on) instead';
      return [`${subject}: data is patched, but the digest names the content of the objects. ${hint}.`];
    }
    const bytes = Buffer.byteLength(JSON.stringify(configMap));
    if (bytes <= MAX_BUNDLE_BYTES) return [];
    const why = `Argo CD's client-side apply stores a second copy in an annotation, so a bundle has at most ${MAX_BUNDLE_BYTES}`;
    return [`${subject}: data is ${bytes} bytes: ${why}. Remove some of it.`];
  }

  private addConfigMap(jobName: () => string | undefined): ApiObject {
    const { kafka, namespace, owner } = this.desired;
    const metadata = {
      name: bundleName(kafka),
      namespace,
      labels: { [LABEL_KAFKA]: kafka },
      annotations: {
        [ANNOTATION_OWNER]: owner,
        [ANNOTATION_JOB]: Lazy.any({ produce: jobName }),
        [ANNOTATION_DIGEST]: this.digest,
        // Flux would replace text in the bundle that looks like one of its variables.
        'kustomize.toolkit.fluxcd.io/substitute': 'disabled',
      },
    };
    const complete = ({ immutable: _immutable, ...manifest }: KubeObject) => ({ ...manifest, data: this.texts() });
    return render(new ConfigMap(this, 'ConfigMap', { metadata }), { complete });
  }

  private assemble(): Bundle | readonly string[] {
    return assembleBundle(this._desiredState(), this.chart.manifests());
  }

  private assembled(): Bundle | undefined {
    const bundle = this.assemble();
    return 'digest' in bundle ? bundle : undefined;
  }

  private texts(): Readonly<Record<string, string>> {
    const documents = Object.entries(bundleDocuments(this._desiredState(), this.chart.manifests()));
    return Object.fromEntries(documents.map(([key, document]) => [key, Yaml.stringify(canonical(document))]));
  }

  private addIssuers(): ApiObject[] {
    if (this.settings === undefined) return [];
    const { issuer, certificates } = this.settings;
    const all = [issuer, ...ALIASES.flatMap((alias) => certificates[alias].issuer ?? [])];
    const distinct = all.filter((one, i) => all.findIndex((other) => isEqual(one, other)) === i);
    return distinct.flatMap((one) => issuerManifests(one, this.desired)).map((manifest) => this.chart.add(manifest));
  }

  private addConvergeRequest(): ApiObject {
    const { kafka, deadlines } = this.desired;
    const placeholder = convergeRequestName(kafka, 'content');
    const manifest = candidate(this.desired, placeholder, OPERATION.converge('off'), deadlines.podReady);
    // Settings are sorted and completed after they are resolved, because a token does not show its value.
    const complete = (settings: TlsSettings) =>
      completeTls(resolved(this.settingsForKubeDb(settings), request), this._desiredState().kafka);
    const spec = Lazy.any({
      produce: () => ({ ...mapIn(manifest.spec), ...OPERATION.converge(this.settings === undefined ? 'off' : complete(this.settings)) }),
    });
    const nameOf = (rendered: KubeObject) => convergeRequestName(this._desiredState().kafka, contentHash(tlsIn(rendered)));
    const request = this.chart.add({ ...manifest, spec }, { nameOf });
    return request;
  }

  private addCandidate(kind: FixedOperation): ApiObject {
    const { kafka, deadlines } = this.desired;
    return this.chart.add(candidate(this.desired, candidateName(kafka, kind), OPERATION[kind], deadlines.podReady));
  }

  private addKafka(): ApiObject {
    const produce = () => kafkaManifest(this.cluster, this._tlsState(), this.desired).spec;
    return this.chart.add({ ...kafkaManifest(this.cluster, 'off', this.desired), spec: Lazy.any({ produce }) });
  }

  private addBrokerCertificate(alias: Alias): ApiObject {
    const { kafka } = this.desired;
    const metadata = ownedMetadata(this.desired, brokerCertificateName(kafka, alias));
    // KubeDB finds its Certificates by these labels, so they override those of the chart.
    const labels = { ...metadata.labels, ...offshootLabels(kafka) };
    const spec = Lazy.any({ produce: () => this.brokerCertificate(alias).spec });
    return this.chart.add(manifestOf(KINDS.Certificate, { ...metadata, labels }, spec));
  }

  private brokerCertificate(alias: Alias): KubeObject {
    const { kafka, namespace, clusterDomain } = this._desiredState();
    const tls = this._tlsState();
    // A patch that turns TLS off leaves a Certificate without content behind, which validation reports.
    if (tls === 'off') return { ...KINDS.Certificate, metadata: { name: '' } };
    const declared: Kafka = this.kafka?.toJson() ?? { ...KINDS.Kafka, metadata: { name: kafka } };
    const named = this.kafka === undefined ? this.cluster.keystoreCredSecret : undefined;
    const keystoreCred = named ?? keystoreCredSecret(declared);
    const certificate = brokerCertificate({ name: kafka, namespace, keystoreCredSecret: keystoreCred, clusterDomain }, tls, alias);
    const { secretTemplate } = certificate.spec;
    const labels = { ...this.desired.labels, ...secretTemplate?.labels };
    const privateKey = { ...this.settings?.certificates[alias].keyAlgorithm, ...certificate.spec.privateKey };
    return { ...certificate, spec: { ...certificate.spec, secretTemplate: { ...secretTemplate, labels }, privateKey } };
  }

  /** With native the bundle holds the Certificates, which have a field for the kind of key. KubeDB's `tls` has none. */
  private settingsForKubeDb(settings: TlsSettings): TlsSettings {
    if (!capabilitiesOf(this.desired).ownsCertificates) return settings;
    const without = ({ keyAlgorithm: _key, ...certificate }: CertificateSettings): CertificateSettings => certificate;
    const { server, client } = settings.certificates;
    return { ...settings, certificates: { server: without(server), client: without(client) } };
  }
}

function tlsIn(request: KubeObject): TlsState {
  const { remove, rotateCertificates: _rotate, ...config } = mapIn(mapIn(request.spec).tls);
  return remove === true ? 'off' : (config as unknown as TlsConfig);
}
