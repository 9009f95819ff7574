/**
 * The manifests of one KafkaTls, as ApiObjects of a detached chart, and what they come to at synth.
 *
 * The converging request is the one place that says what TLS should be: Kafka and broker Certificates are rendered from it, so that a patch
 * of the request reaches them, too.
 */
import { type ApiObject, Lazy, Yaml } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { BundleChart } from './bundle-chart';
import { assembleBundle, type Bundle, bundleDocuments } from './model/bundle';
import { contentHash } from './model/content-hash';
import type { Desired } from './model/desired';
import { canonical, isEqual, KINDS, type KubeObject } from './model/kube-object';
import { brokerCertificate, brokerCertificateName, keystoreCredSecret, offshootLabels, petSetsOf } from './model/kubedb';
import {
  type ApplicationSettings,
  applicationCertificate,
  type CertificateSettings,
  type ClusterSettings,
  candidate,
  candidateName,
  completeTls,
  issuerManifests,
  issuerRefOf,
  kafkaManifest,
  OPERATION,
  ownedMetadata,
  type TlsSettings,
} from './model/manifests';
import { convergeRequestName } from './model/names';
import { ALIASES, type Alias, type IssuerRef, type TlsState } from './model/tls';
import { resolved } from './resolvers';

/** An application certificate whose issuer may be that of the Kafka. */
export type ApplicationRequest = Omit<ApplicationSettings, 'issuer'> & { readonly issuer: IssuerRef | undefined };

/** Pods that the deadline of a Job has room for, where nothing says how many there are. */
const NODES_OF_AN_UNKNOWN_CLUSTER = 12;

export class KafkaBundle {
  readonly kafka?: ApiObject;
  readonly issuers: ApiObject[];
  readonly brokerCertificates: ApiObject[];
  readonly convergeRequest: ApiObject;
  readonly rotateRequest?: ApiObject;
  readonly restartRequest: ApiObject;

  private readonly chart: BundleChart;
  private rendered: readonly KubeObject[] | undefined;
  private readonly written = new Map<string, { readonly content: string; readonly text: string }>();

  constructor(
    scope: IConstruct,
    private readonly desired: Desired,
    private readonly cluster: ClusterSettings,
    private readonly settings: TlsSettings | undefined,
  ) {
    this.chart = new BundleChart(scope, desired.namespace);
    this.issuers = this.addIssuers();
    this.convergeRequest = this.addConvergeRequest();
    if (settings !== undefined) this.rotateRequest = this.addCandidate('rotate');
    this.restartRequest = this.addCandidate('restart');
    if (cluster.spec !== undefined) this.kafka = this.addKafka();
    const makesCertificates = desired.executor === 'native' && settings !== undefined;
    this.brokerCertificates = makesCertificates ? ALIASES.map((alias) => this.addBrokerCertificate(alias)) : [];
  }

  /** Adds a certificate for an application; undefined when it names no issuer and the Kafka has none to share. */
  addApplicationCertificate(application: ApplicationRequest): ApiObject | undefined {
    const shared = this.settings === undefined ? undefined : issuerRefOf(this.settings.issuer, this.desired.kafka);
    const issuer = application.issuer ?? shared;
    return issuer === undefined ? undefined : this.chart.add(applicationCertificate(this.desired, { ...application, issuer }));
  }

  /** Returns the document `desired.yaml` as it is now. */
  desiredState(): Desired {
    return resolved(this.desired, this.convergeRequest);
  }

  /** Returns the number of pods of the Kafka as it is now, of a declared one with patches. */
  nodes(): number {
    if (this.kafka === undefined) return resolved(this.cluster.nodes ?? NODES_OF_AN_UNKNOWN_CLUSTER, this.convergeRequest);
    return petSetsOf(this.kafka.toJson()).reduce((sum, { replicas }) => sum + (Number.isInteger(replicas) ? replicas : 1), 0);
  }

  /** Returns the TLS state that the converging request asks for, as it is now. */
  tlsState(): TlsState {
    return tlsIn(this.convergeRequest.toJson());
  }

  /** Returns every manifest as it is now, with patches. */
  manifests(): readonly KubeObject[] {
    return this.rendered ?? this.chart.manifests();
  }

  /** Renders the manifests once for all of `work`, in which no object is patched: cdk8s validates the whole app once for each of its charts. */
  renderedOnce<T>(work: () => T): T {
    this.rendered = this.chart.manifests();
    try {
      return work();
    } finally {
      this.rendered = undefined;
    }
  }

  /** Returns the bundle as it is now, or what is wrong with it. */
  assemble(): Bundle | readonly string[] {
    return assembleBundle(this.desiredState(), this.manifests());
  }

  /** Returns the texts of all documents by their keys. */
  texts(): Readonly<Record<string, string>> {
    const documents = Object.entries(bundleDocuments(this.desiredState(), this.manifests()));
    return Object.fromEntries(documents.map(([key, document]) => [key, this.textOf(key, document)]));
  }

  /** Validation asks for the texts before synth does; nothing takes as long as writing YAML, so what has not changed is not written again. */
  private textOf(key: string, document: unknown): string {
    const ordered = canonical(document);
    const content = JSON.stringify(ordered);
    const known = this.written.get(key);
    if (known?.content === content) return known.text;
    const text = Yaml.stringify(ordered);
    this.written.set(key, { content, text });
    return text;
  }

  /** Returns what validations that users added to objects of the bundle say. */
  validate(): readonly string[] {
    return this.chart.validate();
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
    // Sorted and completed only once they are resolved: a token says nothing of its value.
    const wanted = (settings: TlsSettings) => completeTls(resolved(this.settingsForKubeDb(settings), request), this.desiredState().kafka);
    const spec = Lazy.any({
      produce: () => ({ ...manifest.spec, ...OPERATION.converge(this.settings === undefined ? 'off' : wanted(this.settings)) }),
    });
    const nameOf = (made: KubeObject) => convergeRequestName(this.desiredState().kafka, contentHash(tlsIn(made)));
    const request = this.chart.addContentNamed({ ...manifest, spec }, nameOf);
    return request;
  }

  private addCandidate(kind: 'rotate' | 'restart'): ApiObject {
    const { kafka, deadlines } = this.desired;
    return this.chart.add(candidate(this.desired, candidateName(kafka, kind), OPERATION[kind], deadlines.podReady));
  }

  private addKafka(): ApiObject {
    const produce = () => kafkaManifest(this.cluster, this.tlsState(), this.desired).spec;
    return this.chart.add({ ...kafkaManifest(this.cluster, 'off', this.desired), spec: Lazy.any({ produce }) });
  }

  private addBrokerCertificate(alias: Alias): ApiObject {
    const { kafka } = this.desired;
    const metadata = ownedMetadata(this.desired, brokerCertificateName(kafka, alias));
    return this.chart.add({
      apiVersion: KINDS.Certificate.apiVersion,
      kind: KINDS.Certificate.kind,
      // KubeDB finds its own by these labels, whatever the chart's say.
      metadata: { ...metadata, labels: { ...metadata.labels, ...offshootLabels(kafka) } },
      spec: Lazy.any({ produce: () => this.brokerCertificate(alias).spec }),
    });
  }

  private brokerCertificate(alias: Alias): KubeObject {
    const { kafka, namespace, clusterDomain } = this.desiredState();
    const tls = this.tlsState();
    // A patch that turns TLS off leaves a Certificate without content behind, which validation reports.
    if (tls === 'off') return { ...KINDS.Certificate, metadata: { name: '' } };
    const declared: KubeObject = this.kafka?.toJson() ?? { ...KINDS.Kafka, metadata: { name: kafka } };
    const named = this.kafka === undefined ? this.cluster.keystoreCredSecret : undefined;
    const keystoreCred = named ?? keystoreCredSecret(declared);
    const certificate = brokerCertificate({ name: kafka, namespace, keystoreCredSecret: keystoreCred, clusterDomain }, tls, alias);
    const { secretTemplate } = certificate.spec;
    const labels = { ...this.desired.labels, ...secretTemplate.labels };
    const privateKey = { ...this.settings?.certificates[alias].keyAlgorithm, ...certificate.spec.privateKey };
    return { ...certificate, spec: { ...certificate.spec, secretTemplate: { ...secretTemplate, labels }, privateKey } };
  }

  /** Where the Certificates are in the bundle, they say what KubeDB's `tls` cannot. */
  private settingsForKubeDb(settings: TlsSettings): TlsSettings {
    if (this.desired.executor !== 'native') return settings;
    const without = ({ keyAlgorithm: _key, ...certificate }: CertificateSettings): CertificateSettings => certificate;
    const { server, client } = settings.certificates;
    return { ...settings, certificates: { server: without(server), client: without(client) } };
  }
}

function tlsIn(request: KubeObject): TlsState {
  const tls = request.spec?.tls ?? {};
  if (tls.remove === true) return 'off';
  const { remove: _remove, rotateCertificates: _rotate, ...state } = tls;
  return state;
}
