/** What the command line may ask of its process and of the world. `bin.ts` and the tests each bring their own. */
import type { KubeObject } from '#model/kube-object';
import type { Clock, Cluster, Dialer, KafkaFactsSource, RandomText } from '../ports';
import type { Style } from '../report/style';

/** The process, as far as a command may know it. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly stdin: () => Promise<string>;
  /** Standard output is a terminal. */
  readonly isTty: boolean;
  /** Width of the terminal. */
  readonly columns: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts when the process is told to stop; its reason is the KafkaTlsError to report. */
  readonly signal: AbortSignal;
}

/** Which cluster. */
export interface ClusterTarget {
  /** Absent: the usual places, as for kubectl. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  /** Ends a login that a request waits for. */
  readonly signal?: AbortSignal | undefined;
}

export interface Connection {
  readonly cluster: Cluster;
  readonly dialer: Dialer;
  readonly facts: KafkaFactsSource;
  readonly random: RandomText;
  /** Tells this run from every other one, in the Lease. */
  readonly identity: string;
  /** Where objects are looked for that were named without a namespace. */
  readonly namespace: string;
  /** Whether the cluster is the one that this process runs in, as its ServiceAccount. */
  readonly isInPod?: boolean;
  close(): void;
}

export interface RunningSandbox {
  readonly kubeconfig: string;
  readonly url: string;
  create(object: KubeObject): Promise<void>;
  close(): Promise<void>;
}

/** The world outside the process. */
export interface Runtime {
  readonly clock: Clock;
  connect(target: ClusterTarget): Promise<Connection>;
  startSandbox(options: { readonly opsManager: boolean; readonly clusterDomain?: string }): Promise<RunningSandbox>;
}

/** Returns how to lay out text on standard output; `NO_COLOR` and a dumb terminal are respected. */
export function styleOf({ isTty, columns, env }: Io): Style {
  const isColor = isTty && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return { columns: isTty ? columns : undefined, isColor };
}
