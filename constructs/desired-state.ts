import type { Duration } from 'cdk8s';
import { goDuration } from './duration';
import { BUNDLE_FORMAT, DEFAULT_DEADLINES, type Deadlines, type Desired, type ExecutorName } from './model/desired';
import type { KafkaIdentity } from './model/manifests';
import type { TlsChoice } from './tls';

/** How pods restart when restarted and not yet restarted ones cannot talk: when TLS is turned on or off, or the root changes. */
export enum Cutover {
  /** One after the other, as KubeDB does; in between, the cluster is split in two. */
  ROLLING = 'rolling',
  /** All at once: an outage of one restart, and no mixed state. Only under `Executor.native()`. */
  STOP = 'stop',
}

/** What a gate does when Kafka's own facts cannot be had. */
export enum UnknownHealthPolicy {
  /** It rests on the readiness of pods, and says so. */
  READINESS = 'readiness',
  /** It refuses. */
  REFUSE = 'refuse',
}

/** How pods are restarted. */
export interface RestartProps {
  /** @default Cutover.ROLLING */
  readonly cutover?: Cutover;
  /** @default UnknownHealthPolicy.READINESS */
  readonly unknownHealthPolicy?: UnknownHealthPolicy;
}

/** How long to wait for each thing before a run ends: ten seconds to a day; `opsManagerDetection` may be none. */
export interface DeadlinesProps {
  /**
   * Until a certificate is issued.
   * @default Duration.minutes(5)
   */
  readonly issuance?: Duration;
  /**
   * Until a restarted pod is Ready and serves its certificate; also the timeout of each step of a request.
   * @default Duration.minutes(10)
   */
  readonly podReady?: Duration;
  /**
   * Until the gate of a pod opens.
   * @default Duration.minutes(15)
   */
  readonly gate?: Duration;
  /**
   * Until somebody else's operation is done, or a Kafka that somebody else creates is there.
   * @default Duration.minutes(30)
   */
  readonly foreignOperation?: Duration;
  /**
   * Until KubeDB's ops-manager picks a request up.
   * @default Duration.minutes(2)
   */
  readonly requestAcceptance?: Duration;
  /**
   * Under `Executor.native()`, how long a new request is left alone to see whether an ops-manager claims it.
   * @default Duration.seconds(15)
   */
  readonly opsManagerDetection?: Duration;
}

/** What the desired state is made of. */
export interface DesiredStateProps {
  readonly choice: TlsChoice;
  readonly executor: ExecutorName;
  readonly clusterDomain?: string;
  readonly nodes?: number;
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
    ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    ...(props.nodes === undefined ? {} : { nodes: props.nodes }),
    executor: props.executor,
    ...(choice.issuedAfter === undefined ? {} : { issuedAfter: choice.issuedAfter }),
    ...(choice.beforeExpiry === undefined ? {} : { beforeExpiry: choice.beforeExpiry }),
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
