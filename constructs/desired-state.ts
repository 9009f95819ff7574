import type { Duration } from 'cdk8s';
import { goDuration } from './duration';
import { BUNDLE_FORMAT, DEFAULT_DEADLINES, type Deadlines, type Desired, type ExecutorName } from './model/desired';
import type { KafkaIdentity } from './model/manifests';
import { defined } from './model/plain-data';
import type { TlsChoice } from './tls';

/**
 * How pods restart in a cut-over, where restarted pods cannot connect to the others: TLS is turned on or off, or the root changes.
 */
export enum Cutover {
  /**
   * One after the other, as KubeDB does. Meanwhile the cluster is split in two. While TLS is turned on or off, nodes and clients without TLS can
   * run out of memory when they connect to nodes with TLS.
   */
  ROLLING = 'rolling',
  /**
   * All pods stop, brokers before controllers, and start together: an outage of one restart, without a mixed state. Recommended where TLS is
   * turned on or off. Only with `Executor.native()`.
   */
  STOP = 'stop',
}

/** What a gate does if the health of the Kafka is unknown, because no broker can be asked. */
export enum UnknownHealthPolicy {
  /** It decides by the readiness of the pods, and reports that. */
  READINESS = 'readiness',
  /** It refuses the restart. */
  REFUSE = 'refuse',
}

/** How the reconciler restarts pods. */
export interface RestartProps {
  /**
   * How pods restart in a cut-over.
   * @default Cutover.ROLLING
   */
  readonly cutover?: Cutover;
  /**
   * What a gate does if the health of the Kafka is unknown.
   * @default UnknownHealthPolicy.READINESS
   */
  readonly unknownHealthPolicy?: UnknownHealthPolicy;
}

/** How long a run waits before it ends. Each deadline is from ten seconds to a day; `opsManagerDetection` may be zero. */
export interface DeadlinesProps {
  /**
   * For cert-manager to issue a certificate.
   * @default Duration.minutes(5)
   */
  readonly issuance?: Duration;
  /**
   * For a restarted pod to be Ready and to serve its certificate. It is also the timeout of each step of a request.
   * @default Duration.minutes(10)
   */
  readonly podReady?: Duration;
  /**
   * For the gate of a pod to allow its restart.
   * @default Duration.minutes(15)
   */
  readonly gate?: Duration;
  /**
   * For an operation of another actor to finish, or for a Kafka that another actor creates.
   * @default Duration.minutes(30)
   */
  readonly foreignOperation?: Duration;
  /**
   * For KubeDB's ops-manager to accept a request.
   * @default Duration.minutes(2)
   */
  readonly requestAcceptance?: Duration;
  /**
   * With `Executor.native()`: for an ops-manager to start a new request. If one does, the run ends, because two programs must not work on it.
   * @default Duration.seconds(15)
   */
  readonly opsManagerDetection?: Duration;
}

/** Parts of the desired state. */
export interface DesiredStateProps {
  readonly choice: TlsChoice;
  readonly executor: ExecutorName;
  readonly clusterDomain?: string | undefined;
  readonly nodes?: number | undefined;
  readonly restart?: RestartProps;
  readonly deadlines?: DeadlinesProps;
  readonly retries?: number;
}

/** Returns the document `desired.yaml` of a bundle. */
export function desiredState(identity: KafkaIdentity, props: DesiredStateProps): Desired {
  const { choice } = props;
  return {
    formatVersion: BUNDLE_FORMAT,
    ...identity,
    executor: props.executor,
    ...defined({
      clusterDomain: props.clusterDomain,
      nodes: props.nodes,
      issuedAfter: choice.issuedAfter,
      beforeExpiry: choice.beforeExpiry,
      rotation: choice.rotation,
      trustFor: choice.trustFor,
      keepOldRootFor: choice.keepOldRootFor,
    }),
    acknowledge: choice.acknowledge,
    cutover: props.restart?.cutover ?? Cutover.ROLLING,
    unknownHealthPolicy: props.restart?.unknownHealthPolicy ?? UnknownHealthPolicy.READINESS,
    retries: props.retries ?? 1,
    deadlines: deadlines(props.deadlines ?? {}),
  };
}

function deadlines(props: DeadlinesProps): Deadlines {
  const names = Object.keys(DEFAULT_DEADLINES) as readonly (keyof Deadlines)[];
  const entries = names.map((name) => [name, goDuration(props[name]) ?? DEFAULT_DEADLINES[name]]);
  return Object.fromEntries(entries) as Deadlines;
}
