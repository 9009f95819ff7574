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
import { ApiObject, App, Chart, Lazy, YamlOutputType } from 'cdk8s';
import { Construct } from 'constructs';
import { type DeadlinesProps, desiredState, type RestartProps } from './desired-state';
import { duplicates, firstAbout, note } from './duplicates';
import { Executor } from './executor';
import { type ApplicationRequest, KafkaBundle } from './kafka-bundle';
import { KafkaCluster } from './kafka-cluster';
import { MAX_BUNDLE_BYTES } from './model/bundle';
import { formatRef, isEqual, KINDS, type KubeObject } from './model/kube-object';
import { type KafkaIdentity, SELF_SIGNED_SUFFIX, type TlsSettings } from './model/manifests';
import { ANNOTATION_DIGEST, ANNOTATION_JOB, ANNOTATION_OWNER, bundleName, LABEL_KAFKA } from './model/names';
import { ALIASES, defaultSecretName, type IssuerRef, issuersOf, type TlsState } from './model/tls';
import { validate } from './model/validate';
import { formatViolation } from './model/violation';
import { ReconcilerJob, type ReconcilerJobProps } from './reconciler-job';
import { resolveOwnLazyValues } from './resolvers';
import { Tls } from './tls';
import { warn } from './warning';

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
   * DNS domain of the Kubernetes cluster, if it is not the default and no live object shows it yet: a Kafka that is created by this KafkaTls,
   * say. The names of pods and Services end with it, and certificates carry these names.
   * @default - read off the live Kafka, else "cluster.local"
   */
  readonly clusterDomain?: string;
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
  /** The Job that makes the desired state so; absent without the prop `job`. */
  readonly job?: ApiObject;
  /** The CronJob that keeps it so; absent without the prop `job`, or with `ReconcileSchedule.off()`. */
  readonly cronJob?: ApiObject;
  /** Who Job and CronJob run as; absent without the prop `job`. */
  readonly serviceAccount?: ApiObject;
  /** What they may do; absent without the prop `job`. */
  readonly role?: ApiObject;
  /** Gives the one to the other; absent without the prop `job`. */
  readonly roleBinding?: ApiObject;
  /** Nobody connects to their pods, which may connect to anything; absent without the prop `job`. */
  readonly networkPolicy?: ApiObject;
  /** Lets them look at the ClusterIssuers that TLS refers to; absent when there is none, or without the prop `job`. */
  readonly clusterRole?: ApiObject;
  /** Gives them that; absent without `clusterRole`. */
  readonly clusterRoleBinding?: ApiObject;
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

  private readonly place: KafkaIdentity;
  private readonly bundle: KafkaBundle;
  private readonly reconciler?: ReconcilerJob;
  /** Issuers and Certificates that a run applies, as they are printed. */
  private readonly owned: string[] = [];

  constructor(scope: Construct, id: string, props: KafkaTlsProps) {
    super(scope, id);
    const executor = Executor._of(props.executor ?? Executor.opsRequest());
    const cluster = KafkaCluster._of(props.cluster);
    if (typeof cluster.name !== 'string') {
      throw new Error(
        `KafkaTls ${this.node.path}: the name of the Kafka is no text: names of objects are made of it before synth. Write it as a plain text.`,
      );
    }
    const { namespace = '', labels } = Chart.of(this);
    const choice = Tls._of(props.tls);
    const place = {
      kafka: cluster.name,
      namespace,
      owner: props.owner ?? `${namespace}/${cluster.name}`,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    };
    // A declared Kafka is in the bundle, with its nodes.
    const nodes = cluster.spec !== undefined || cluster.nodes === undefined ? {} : { nodes: cluster.nodes };
    const desired = desiredState(place, { ...props, ...nodes, choice, executor });
    this.kafkaName = cluster.name;
    this.place = place;
    resolveOwnLazyValues(this);
    this.bundle = new KafkaBundle(this, desired, cluster, choice.settings);
    this.issuers = this.bundle.issuers;
    this.brokerCertificates = this.bundle.brokerCertificates;
    this.convergeRequest = this.bundle.convergeRequest;
    this.restartRequest = this.bundle.restartRequest;
    if (this.bundle.kafka !== undefined) this.kafka = this.bundle.kafka;
    if (this.bundle.rotateRequest !== undefined) this.rotateRequest = this.bundle.rotateRequest;

    this.configMap = this.addConfigMap();
    this.node.defaultChild = this.configMap;
    if (props.job !== undefined) {
      const context = {
        place,
        executor,
        deadlines: desired.deadlines,
        nodes: () => this.bundle.nodes(),
        ...(refersToClusterIssuer(choice.settings) ? { clusterIssuers: () => clusterIssuersOf(this.bundle.tlsState()) } : {}),
        isIssuerForeign: referencesOf(choice.settings).length > 0,
        digest: () => this.digest(),
      };
      this.reconciler = new ReconcilerJob(this, 'Reconciler', props.job, context);
      this.job = this.reconciler.job;
      if (this.reconciler.cronJob !== undefined) this.cronJob = this.reconciler.cronJob;
      this.serviceAccount = this.reconciler.serviceAccount;
      this.role = this.reconciler.role;
      this.roleBinding = this.reconciler.roleBinding;
      this.networkPolicy = this.reconciler.networkPolicy;
      if (this.reconciler.clusterRole !== undefined) this.clusterRole = this.reconciler.clusterRole;
      if (this.reconciler.clusterRoleBinding !== undefined) this.clusterRoleBinding = this.reconciler.clusterRoleBinding;
    }
    for (const subject of [this.subject(), this.fileName()]) note(this, subject);
    if (this.clusterRole !== undefined) note(this, clusterRoleSubject(this.clusterRole.name));
    for (const object of this.issuers) this.noteOwned(object);
    for (const { kind, name } of this.issuers) if (kind === KINDS.Certificate.kind) this.noteSecret(name);
    for (const alias of choice.settings === undefined ? [] : ALIASES) {
      this.noteSecret(choice.settings?.certificates[alias].secretName ?? defaultSecretName(cluster.name, alias));
    }
    this.node.addValidation({ validate: () => this.violations() });
  }

  /** @internal */
  _addApplicationCertificate(application: ApplicationRequest): ApiObject | undefined {
    const certificate = this.bundle.addApplicationCertificate(application);
    if (certificate === undefined) return undefined;
    this.noteOwned(certificate);
    this.noteSecret(application.secretName);
    return certificate;
  }

  private addConfigMap(): ApiObject {
    const { kafka, namespace, owner } = this.place;
    const job = Lazy.any({ produce: () => this.job?.toJson().metadata.name });
    return new ApiObject(this, 'Bundle', {
      apiVersion: KINDS.ConfigMap.apiVersion,
      kind: KINDS.ConfigMap.kind,
      metadata: {
        name: bundleName(kafka),
        namespace,
        labels: { [LABEL_KAFKA]: kafka },
        annotations: {
          [ANNOTATION_OWNER]: owner,
          [ANNOTATION_JOB]: job,
          [ANNOTATION_DIGEST]: Lazy.any({ produce: () => this.digest() }),
          // What looks like a variable of Flux in a text of the bundle is none.
          'kustomize.toolkit.fluxcd.io/substitute': 'disabled',
        },
      },
      data: Lazy.any({ produce: () => this.bundle.texts() }),
    });
  }

  /** A bundle without one is refused by validation. */
  private digest(): string {
    const bundle = this.bundle.assemble();
    return 'digest' in bundle ? bundle.digest : 'none';
  }

  private violations(): string[] {
    if (this.place.namespace === '') {
      return [`${this.subject()}: namespace is missing: everything here is in one. Give the chart one, new Chart(app, id, { namespace }).`];
    }
    try {
      if (this.bundle.desiredState().kafka !== this.place.kafka)
        return [
          `${this.subject()}: the name of the Kafka is a token: names of objects are made of it before synth. Write it as a plain text.`,
        ];
      return this.bundle.renderedOnce(() => this.violationsOfContent());
    } catch (error) {
      return [`${this.subject()}: the bundle cannot be rendered: ${error instanceof Error ? error.message : String(error)}.`];
    }
  }

  private violationsOfContent(): string[] {
    const found = [...validate(this.draft()), ...(this.reconciler?._violations() ?? [])];
    for (const warning of found.filter((v) => v.severity === 'warning')) warn(this, warning);
    const errors = found.filter((v) => v.severity === 'error').map(formatViolation);
    return [
      ...(errors.length > 0 ? errors : this.bundleProblems()),
      ...this.twins(),
      ...this.shared(),
      ...this.sharedClusterRole(),
      ...this.overwritten(),
      ...this.bundle.validate(),
    ];
  }

  private draft() {
    const nodes = this.kafka === undefined ? { nodes: this.bundle.nodes() } : {};
    return {
      desired: this.bundle.desiredState(),
      tls: this.bundle.tlsState(),
      manifests: this.bundle.manifests(),
      ...nodes,
      now: new Date(),
    };
  }

  private bundleProblems(): readonly string[] {
    const bundle = this.bundle.assemble();
    if (!('digest' in bundle)) return bundle;
    const configMap: KubeObject = this.configMap.toJson();
    const subject = `ConfigMap/${configMap.metadata.namespace}/${configMap.metadata.name}`;
    const name = bundleName(bundle.desired.kafka);
    if (configMap.metadata.name !== name) {
      const hint = 'Do not patch it, and give the name of the Kafka as a plain text';
      return [`${subject}: metadata.name is not ${name}, by which Job, Role and Lease go. ${hint}.`];
    }
    if (configMap.metadata.namespace !== bundle.desired.namespace) {
      const why = `metadata.namespace is not ${bundle.desired.namespace}, where the Kafka and everything else is`;
      return [`${subject}: ${why}. Do not patch it: the namespace is that of the chart.`];
    }
    if (!isEqual(configMap.data, this.bundle.texts())) {
      const hint = 'Patch the objects (kafka, issuers, convergeRequest and so on) instead';
      return [`${subject}: data is patched: the digest names the objects, not their texts. ${hint}.`];
    }
    const bytes = Buffer.byteLength(JSON.stringify(configMap));
    if (bytes <= MAX_BUNDLE_BYTES) return [];
    const why = `Argo CD's client-side apply stores a second copy in an annotation, so a bundle has at most ${MAX_BUNDLE_BYTES}`;
    return [`${subject}: data is ${bytes} bytes: ${why}. Take something out.`];
  }

  /** One output is for one cluster: two KafkaTls of one Kafka would take turns there. */
  private twins(): readonly string[] {
    const wayOut = "Leave one of the two out. For several clusters make an App for each, new App({ outdir: 'dist/prod' })";
    return duplicates(this, this.subject()).map(
      ({ node }) => `${this.subject()}: another KafkaTls of this app, ${node.path}, is about the same Kafka. ${wayOut}.`,
    );
  }

  /** cert-manager fills a Secret for one Certificate. If two name it, each overwrites what the other made. */
  private noteSecret(name: string): void {
    // A Lazy value has no name yet.
    if (typeof name === 'string') this.noteOwned({ ...KINDS.Secret, name });
  }

  private noteOwned({ apiVersion, kind, name: objectName }: Pick<ApiObject, 'apiVersion' | 'kind' | 'name'>): void {
    const name = formatRef({ apiVersion, kind, namespace: this.place.namespace, name: objectName });
    this.owned.push(name);
    note(this, name);
  }

  /** Several KafkaTls may use one CA, and one of them makes it: the others would overwrite its Issuer and its root in every run. */
  private shared(): readonly string[] {
    const twins = duplicates(this, this.subject());
    const taken = this.owned.flatMap((name) => {
      const owner = firstAbout(this, name);
      return owner === undefined || owner === this || twins.includes(owner) ? [] : [{ name, owner: owner.node.path }];
    });
    const isTaken = (name: string) => taken.some((other) => other.name === name);
    // A Certificate stands for its Secret, if both have one name.
    const isPartOfCertificate = (name: string) => name.startsWith('Secret/') && isTaken(name.replace(/^Secret/, 'Certificate'));
    // The Issuer of a self-signed CA stands for all other objects of that CA.
    const isPartOfCa = (name: string) => {
      const issuer = name.replace(/^Certificate/, 'Issuer').replace(new RegExp(`${SELF_SIGNED_SUFFIX}$`), '');
      return issuer !== name && isTaken(issuer);
    };
    return taken
      .filter(({ name }) => !isPartOfCa(name) && !isPartOfCertificate(name))
      .map(({ name, owner }) => {
        const wayOut = name.startsWith('Issuer/')
          ? `Refer to it in ${this.node.path} with TlsIssuer.issuer('${name.split('/').at(-1)}')`
          : `Give it another name in ${this.node.path}`;
        return `${name}: KafkaTls ${owner} makes it already, and only one may own it. ${wayOut}.`;
      });
  }

  /** It is named by namespace and Kafka: those of "b-c" in "a" and of "c" in "a-b" have one name. */
  private sharedClusterRole(): readonly string[] {
    if (this.clusterRole === undefined || this.clusterRole.toJson().metadata.name !== this.clusterRole.name) return [];
    const twins = duplicates(this, this.subject());
    const owner = firstAbout(this, clusterRoleSubject(this.clusterRole.name));
    if (owner === undefined || owner === this || twins.includes(owner)) return [];
    const why = `KafkaTls ${owner.node.path} makes one of this name already, and nothing tells them apart in the cluster`;
    const wayOut = `Rename those of ${this.node.path} by JSON patches: metadata.name of clusterRole and clusterRoleBinding, and roleRef.name of the latter`;
    return [`${clusterRoleSubject(this.clusterRole.name)}: ${why}. ${wayOut}.`];
  }

  /** cdk8s names the file of a resource by its kind and name, and writes over the file of a resource in another namespace. */
  private overwritten(): readonly string[] {
    if (App.of(this).yamlOutputType !== YamlOutputType.FILE_PER_RESOURCE) return [];
    const twins = duplicates(this, this.subject());
    const other = duplicates(this, this.fileName()).find((construct) => !twins.includes(construct));
    if (other === undefined) return [];
    const why = `${other.node.path} is about a Kafka of the same name in another namespace, and YamlOutputType.FILE_PER_RESOURCE gives both the same file names`;
    const wayOut =
      'Use YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE or FILE_PER_CHART, or an App with its own outdir for each namespace';
    return [`${this.subject()}: its files would be overwritten: ${why}. ${wayOut}.`];
  }

  /** Names of files come from names of objects, whatever their namespace. */
  private fileName(): string {
    return `${KINDS.ConfigMap.kind}.${bundleName(this.kafkaName)}`;
  }

  private subject(): string {
    return ['Kafka', this.place.namespace, this.kafkaName].filter((part) => part !== '').join('/');
  }
}

function clusterRoleSubject(name: string): string {
  return `${KINDS.ClusterRole.kind}/${name}`;
}

/** Known before synth: names may be tokens, the kind never is. */
function refersToClusterIssuer(tls: TlsSettings | undefined): boolean {
  return referencesOf(tls).some((ref) => ref.kind === 'ClusterIssuer');
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
