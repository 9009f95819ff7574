/** Ports of the command line: the process and everything outside of it. `process.ts` and the tests implement them. */
import type { KubeObject } from '#model/kube-object';
import type { Clock, Cluster, Dialer, KafkaAdmin, KafkaFactsSource, RandomText } from '../ports';
import type { Style } from '../report/style';
import type { TraceEndpoint } from '../trace/endpoint';
import type { Trace } from '../trace/trace';

/** The process. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly stdin: () => Promise<string>;
  /** Whether standard output is a terminal. */
  readonly isTty: boolean;
  /** Width of the terminal. */
  readonly columns: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts on SIGINT and SIGTERM; its reason is the KafkaTlsError to report. */
  readonly signal: AbortSignal;
}

/**
 * How listeners of pods are reached: at the DNS names of the pods, or through the API server. `auto` is `pod` in a pod of the cluster, and
 * `port-forward` elsewhere.
 */
export const REACHES = ['auto', 'pod', 'port-forward'] as const;
export type Reach = (typeof REACHES)[number];

/** Selects a cluster. */
export interface ClusterTarget {
  /** Default: the kubeconfig that kubectl uses. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  /** Default: `auto`. */
  readonly reach?: Reach | undefined;
  /** Ends an interactive login. */
  readonly signal?: AbortSignal | undefined;
}

export interface Connection {
  readonly cluster: Cluster;
  readonly dialer: Dialer;
  readonly facts: KafkaFactsSource;
  readonly admin: KafkaAdmin;
  readonly random: RandomText;
  /** Unique name of this run, for the Lease. */
  readonly identity: string;
  /** Namespace of objects that are named without one. */
  readonly namespace: string;
  /** Whether this process runs in a pod of the cluster, with its ServiceAccount. */
  readonly isInPod?: boolean;
  close(): void;
}

export interface RunningSandbox {
  readonly kubeconfig: string;
  readonly url: string;
  create(object: KubeObject): Promise<void>;
  close(): Promise<void>;
}

/** Everything outside of the process: time, clusters, sandboxes, the collector of traces. */
export interface Runtime {
  readonly clock: Clock;
  connect(target: ClusterTarget): Promise<Connection>;
  startSandbox(options: { readonly opsManager: boolean; readonly clusterDomain?: string }): Promise<RunningSandbox>;
  /** Returns why the trace was not sent; undefined if it was. Never rejects, and ends in the time of the endpoint. */
  sendTrace(trace: Trace, endpoint: TraceEndpoint): Promise<string | undefined>;
}

/** The ports of a running command. */
export interface Session {
  readonly io: Io;
  readonly runtime: Runtime;
}

/** The parts of the process that credential plugins of a kubeconfig use: environment and standard error. */
export type PluginProcess = Pick<Io, 'env' | 'stderr'>;

/** Returns the style of standard output. `NO_COLOR` and `TERM=dumb` turn colours off. */
export function styleOf({ isTty, columns, env }: Io): Style {
  const isColor = isTty && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return { columns: isTty ? columns : undefined, isColor };
}
