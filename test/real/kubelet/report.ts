/** What a test learns about the pods that run as processes. */
import type { Role } from '#reconciler/sandbox/stand-ins/kubedb/layout';

/** What happened to a pod. */
export interface PodEvent {
  readonly at: Date;
  readonly pod: string;
  readonly event: 'started' | 'ready' | 'unready' | 'stopping' | 'ended';
  /** Exit code of the process. */
  readonly code?: number;
}

export interface RunningPod {
  readonly name: string;
  readonly role: Role;
  readonly nodeId: number;
  readonly address: string;
  readonly fqdn: string;
  /** Undefined: no process runs. */
  readonly pid: number | undefined;
  readonly isReady: boolean;
  /** File with everything that Kafka has printed. */
  readonly log: string;
  /** The folder on this machine for every mount path. */
  readonly mounts: ReadonlyMap<string, string>;
}
