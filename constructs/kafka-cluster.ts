import type { Size } from 'cdk8s';
import { factoryValue } from './factory-value';
import { type ClusterSettings, type ExtraSpec, merged } from './model/manifests';
import { defined } from './model/plain-data';

/** Nodes of one role. */
export interface KafkaNodesProps {
  /** Number of nodes; three survive the loss of one. */
  readonly replicas: number;
  /** Size of the volume of each node. */
  readonly storage: Size;
  /**
   * StorageClass of the volumes.
   * @default - the cluster's default
   */
  readonly storageClassName?: string;
  /**
   * Last part of the name of the PetSet.
   * @default - "controller" or "broker"
   */
  readonly suffix?: string;
  /**
   * Fields of KubeDB's node spec that no prop models.
   * @default - none
   * @example
   * { podTemplate: { spec: { nodeSelector: { disk: 'ssd' } } } }
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** Properties of every declared Kafka. */
export interface DeclaredClusterProps {
  /** Name of the Kafka; the namespace is that of the chart. */
  readonly name: string;
  /** Name of a KafkaVersion, such as "4.2.0". */
  readonly version: string;
  /**
   * Fields of KubeDB's Kafka spec that no prop models, such as `deletionPolicy`. Set TLS with the prop `tls` of KafkaTls, not with `enableSSL`
   * and `tls` here. Do not set `containers`, except to pin KAFKA_CLUSTER_ID in both roles.
   * @default - none
   * @example
   * { deletionPolicy: 'DoNotTerminate' }
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** A Kafka with separate nodes for controllers and brokers. */
export interface DedicatedClusterProps extends DeclaredClusterProps {
  /** Nodes that are only controllers. */
  readonly controllers: KafkaNodesProps;
  /** Nodes that are only brokers. */
  readonly brokers: KafkaNodesProps;
}

/** A Kafka whose nodes are both controllers and brokers. */
export interface CombinedClusterProps extends DeclaredClusterProps {
  /** Number of nodes; three survive the loss of one. */
  readonly replicas: number;
  /** Size of the volume of each node. */
  readonly storage: Size;
  /**
   * StorageClass of the volumes.
   * @default - the cluster's default
   */
  readonly storageClassName?: string;
}

/** Options of a Kafka that another actor creates. */
export interface ExistingClusterOptions {
  /**
   * Number of pods. It determines the deadline of the Job, and the duration that a plan without a cluster prints.
   * @default - 12 for the deadline; a plan without a cluster prints the time for one pod
   */
  readonly nodes?: number;
  /**
   * Secret with the passwords of the key stores, if the Kafka names one. Only `Executor.native()` uses it.
   * @default - "<kafka>-keystore-cred"
   */
  readonly keystoreCredSecret?: string;
}

/**
 * The Kafka whose TLS state is desired.
 *
 * The reconciler creates a declared Kafka (`dedicated`, `combined`) if it is missing, with the desired TLS state. If the Kafka exists, the
 * reconciler changes only its TLS state; it reports other differences, which need other operations of KubeDB.
 *
 * @see "Kafka CRD" in the documentation of KubeDB
 *
 * @example
 *
 *   KafkaCluster.dedicated({
 *     name: 'orders',
 *     version: '4.2.0',
 *     controllers: { replicas: 3, storage: Size.gibibytes(2) },
 *     brokers: { replicas: 3, storage: Size.gibibytes(100) },
 *   })
 */
export class KafkaCluster {
  /** A Kafka with separate nodes for controllers and brokers. The reconciler creates it if it is missing. */
  static dedicated(props: DedicatedClusterProps): KafkaCluster {
    const topology = { controller: nodes(props.controllers), broker: nodes(props.brokers) };
    return new KafkaCluster(declared(props, { topology }, props.controllers.replicas + props.brokers.replicas));
  }

  /** A Kafka whose nodes are both controllers and brokers. The reconciler creates it if it is missing. */
  static combined(props: CombinedClusterProps): KafkaCluster {
    return new KafkaCluster(declared(props, { replicas: props.replicas, storage: volume(props) }, props.replicas));
  }

  /** A Kafka that another actor creates. A run waits for it, and never creates it. */
  static existing(name: string, options: ExistingClusterOptions = {}): KafkaCluster {
    const { nodes, keystoreCredSecret } = options;
    return new KafkaCluster({ name, ...defined({ nodes, keystoreCredSecret }) });
  }

  /** @internal */
  static _of(cluster: KafkaCluster): ClusterSettings {
    return factoryValue(cluster?.settings, cluster, "KafkaCluster.existing('orders'), KafkaCluster.dedicated or KafkaCluster.combined");
  }

  private constructor(protected readonly settings: ClusterSettings) {}
}

function declared(props: DeclaredClusterProps, shape: ExtraSpec, nodes: number): ClusterSettings {
  const spec = { version: props.version, storageType: 'Durable', ...shape };
  return { name: props.name, nodes, spec: merged(spec, props.extraSpec) as ExtraSpec };
}

function nodes(props: KafkaNodesProps): unknown {
  return merged({ replicas: props.replicas, suffix: props.suffix, storage: volume(props) }, props.extraSpec);
}

function volume(props: { readonly storage: Size; readonly storageClassName?: string }): ExtraSpec {
  return {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: props.storage.asString() } },
    storageClassName: props.storageClassName,
  };
}
