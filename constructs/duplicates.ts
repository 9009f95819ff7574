/**
 * What two KafkaTls of one app would both write: the TLS of one Kafka, one object of the cluster, one file of the output. Each KafkaTls
 * claims its names when it is made, so that synth does not search the whole app once for every construct.
 */
import { type ApiObject, App, YamlOutputType } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { formatRef, KINDS, ref } from './model/kube-object';

/** A name that a KafkaTls claims. */
interface Claim {
  readonly name: string;
  /** Name of the object that this one belongs to, such as the Issuer of a CA. If both are taken, only that one is reported. */
  readonly partOf?: string | undefined;
}

/** The names that one KafkaTls claims. */
export class Claims {
  /** The Kafka, as it is printed. */
  readonly kafka: string;
  private readonly objects: Claim[] = [];
  private readonly fileName: string;

  constructor(
    private readonly construct: IConstruct,
    private readonly identity: { readonly namespace: string; readonly kafka: string; readonly bundleName: string },
  ) {
    const { namespace, kafka, bundleName } = identity;
    this.kafka = formatRef(ref(KINDS.Kafka, namespace === '' ? undefined : namespace, kafka));
    this.fileName = `${KINDS.ConfigMap.kind}.${bundleName}`;
    register(construct, this.kafka);
    register(construct, this.fileName);
  }

  /** Returns the name of an object in the namespace of the Kafka, as it is printed. */
  nameOf(kind: 'Issuer' | 'Certificate' | 'Secret', name: string): string {
    return formatRef(ref(KINDS[kind], this.identity.namespace, name));
  }

  /** Claims an object in the namespace of the Kafka, and returns its name as it is printed. */
  claim(kind: 'Issuer' | 'Certificate' | 'Secret', objectName: string, partOf?: string): string {
    const name = this.nameOf(kind, objectName);
    // A Lazy value is no name before synth.
    if (typeof objectName !== 'string') return name;
    this.objects.push({ name, partOf: partOf === name ? undefined : partOf });
    register(this.construct, name);
    return name;
  }

  /** Claims the ClusterRole of a Kafka. Namespace "a" with Kafka "b-c" and namespace "a-b" with Kafka "c" give it the same name. */
  claimClusterRole(clusterRole: ApiObject): void {
    register(this.construct, formatRef(ref(KINDS.ClusterRole, undefined, clusterRole.name)));
  }

  /** Returns an error for every name that another KafkaTls of the app claims, too. */
  errors(clusterRole: ApiObject | undefined): readonly string[] {
    const { construct } = this;
    const [other] = duplicates(construct, this.kafka);
    if (other !== undefined) {
      const hint = "Leave one of the two out. For several clusters make an App for each, new App({ outdir: 'dist/prod' })";
      return [`${this.kafka}: another KafkaTls of this app, ${other.node.path}, is about the same Kafka. ${hint}.`];
    }
    return [...this.objectErrors(), ...this.clusterRoleErrors(clusterRole), ...this.fileErrors()];
  }

  private objectErrors(): readonly string[] {
    const { path } = this.construct.node;
    const isTaken = (name: string | undefined) => name !== undefined && earlierUser(this.construct, name) !== undefined;
    return this.objects.flatMap(({ name, partOf }) => {
      const owner = earlierUser(this.construct, name);
      if (owner === undefined || isTaken(partOf)) return [];
      const hint = name.startsWith('Issuer/')
        ? `Refer to it in ${path} with TlsIssuer.issuer('${name.split('/').at(-1)}')`
        : `Give it another name in ${path}`;
      return [`${name}: KafkaTls ${owner.node.path} makes it already, and only one may own it. ${hint}.`];
    });
  }

  private clusterRoleErrors(clusterRole: ApiObject | undefined): readonly string[] {
    if (clusterRole === undefined || clusterRole.toJson().metadata.name !== clusterRole.name) return [];
    const name = formatRef(ref(KINDS.ClusterRole, undefined, clusterRole.name));
    const owner = earlierUser(this.construct, name);
    if (owner === undefined) return [];
    const why = `KafkaTls ${owner.node.path} makes one of this name already, and both would write one object`;
    const hint = `Rename those of ${this.construct.node.path} by JSON patches: metadata.name of clusterRole and clusterRoleBinding, and roleRef.name of the latter`;
    return [`${name}: ${why}. ${hint}.`];
  }

  /** cdk8s names the file of a resource by its kind and name, and overwrites the file of a resource in another namespace. */
  private fileErrors(): readonly string[] {
    const [other] = duplicates(this.construct, this.fileName);
    if (other === undefined || App.of(this.construct).yamlOutputType !== YamlOutputType.FILE_PER_RESOURCE) return [];
    const why = `${other.node.path} is about a Kafka of the same name in another namespace, and YamlOutputType.FILE_PER_RESOURCE gives both the same file names`;
    const hint =
      'Use YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE or FILE_PER_CHART, or an App with its own outdir for each namespace';
    return [`${this.kafka}: its files would be overwritten: ${why}. ${hint}.`];
  }
}

const registry = new WeakMap<IConstruct, Map<string, IConstruct[]>>();

function register(construct: IConstruct, name: string): void {
  const { root } = construct.node;
  const byName = registry.get(root) ?? new Map<string, IConstruct[]>();
  registry.set(root, byName.set(name, [...(byName.get(name) ?? []), construct]));
}

function duplicates(construct: IConstruct, name: string): readonly IConstruct[] {
  return users(construct, name).filter((other) => other !== construct);
}

/** Returns the other construct that claimed a name first; undefined when this construct did. */
function earlierUser(construct: IConstruct, name: string): IConstruct | undefined {
  const [first] = users(construct, name);
  return first === construct ? undefined : first;
}

function users(construct: IConstruct, name: string): readonly IConstruct[] {
  return (registry.get(construct.node.root)?.get(name) ?? []).filter(isInApp);
}

/** A construct that was removed still refers to its scope, but the scope no longer has it as a child. */
function isInApp({ node }: IConstruct): boolean {
  return node.scopes.every((construct) => {
    const { scope, id } = construct.node;
    return scope === undefined || scope.node.tryFindChild(id) === construct;
  });
}
