import type { Size } from 'cdk8s';
import { factoryValue } from './factory-value';
import { type ClusterSettings, type ExtraSpec, merged } from './model/manifests';

/** The nodes of one role. */
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
   * Fields of KubeDB's node spec that no prop here models.
   * @default - none
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** What every declared Kafka says. */
export interface DeclaredClusterProps {
  /** Name of the Kafka; the namespace is that of the chart. */
  readonly name: string;
  /** Name of a KafkaVersion, such as "4.2.0". */
  readonly version: string;
  /**
   * Fields of KubeDB's Kafka spec that no prop here models, such as `deletionPolicy`. Leave `enableSSL` and `tls` to the prop `tls` of
   * KafkaTls, and `containers` alone unless you pin KAFKA_CLUSTER_ID in both roles.
   * @default - none
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** A Kafka whose controllers are nodes of their own. */
export interface DedicatedClusterProps extends DeclaredClusterProps {
  readonly controllers: KafkaNodesProps;
  readonly brokers: KafkaNodesProps;
}

/** A Kafka whose nodes are controllers and brokers at once. */
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

/** What there is to say of a Kafka that somebody else creates. */
export interface ExistingClusterOptions {
  /**
   * Number of pods. The deadline of the Job follows from it, and the duration that a plan without a cluster prints.
   * @default - 12 for the deadline; a plan without a cluster prints the time for one pod
   */
  readonly nodes?: number;
  /**
   * Secret with the passwords of the key stores, if the Kafka names one. Only `Executor.native()` needs to know.
   * @default - "<kafka>-keystore-cred"
   */
  readonly keystoreCredSecret?: string;
}

/**
 * The Kafka that TLS is for.
 *
 * A declared one (`dedicated`, `combined`) is used if the Kafka is missing, and only then: it is created with TLS as desired. Where an
 * existing Kafka differs in anything but TLS, that is reported and never applied, for those are other operations.
 */
export class KafkaCluster {
  /** A Kafka with controllers and brokers on nodes of their own; created if it is missing. */
  static dedicated(props: DedicatedClusterProps): KafkaCluster {
    const topology = { controller: nodes(props.controllers), broker: nodes(props.brokers) };
    return new KafkaCluster(declared(props, { topology }, props.controllers.replicas + props.brokers.replicas));
  }

  /** A Kafka whose nodes are controllers and brokers at once; created if it is missing. */
  static combined(props: CombinedClusterProps): KafkaCluster {
    return new KafkaCluster(declared(props, { replicas: props.replicas, storage: volume(props) }, props.replicas));
  }

  /** A Kafka that somebody else creates. The run waits for it, and never creates it. */
  static existing(name: string, options: ExistingClusterOptions = {}): KafkaCluster {
    const { keystoreCredSecret } = options;
    return new KafkaCluster({
      name,
      ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
      ...(keystoreCredSecret === undefined ? {} : { keystoreCredSecret }),
    });
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
