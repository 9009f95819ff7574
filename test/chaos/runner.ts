/** What a play needs of the runs that it starts. They take place in memory or as processes. */
import type { Bundle } from '#model/bundle';
import type { ExecutorName } from '#model/desired';
import type { MemoryEnvironment, World } from '../support/world';
import type { Fault } from './faults';
import type { Network } from './network';

/** How a run ended. A process that a signal ended has no exit code. */
export interface Ended {
  readonly exitCode: number | null;
  readonly message: string;
}

/** One run of `kafka-tls apply`. */
export interface Run {
  readonly ended: Promise<Ended>;
  /** Resolves when the run stands still: a Job would start another run by then. */
  readonly frozen?: Promise<void>;
  /** SIGKILL. Resolves when nothing more can come from the run. */
  kill(): Promise<void>;
  /** SIGTERM. */
  terminate(): void;
}

export interface Start {
  /** `--retry`. */
  readonly retry: boolean;
  readonly log: (line: string) => void;
}

export interface Runner {
  readonly executor: ExecutorName;
  readonly world: World;
  /** In memory. */
  readonly environment?: MemoryEnvironment;
  /** Every request of every run passes through it. */
  readonly network: Network;
  /** No fault lasts any more. */
  readonly isQuiet: boolean;
  /** Makes the bundle the one that runs read. */
  commit(bundle: Bundle): Promise<void>;
  start(options: Start): Run;
  /** Faults differ from place to place: each runner knows its own by name. */
  inject(fault: Fault): Promise<void>;
  /** Waits between two runs as a Job does. Default: by the clock of the world. */
  pause?(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Ends a killed run inside this process, and answers requests of a killed process. */
export class Killed extends Error {
  readonly exitCode = 137;
}

/** Every password that runs make up: no output may contain it. */
export const PASSWORD = 'correct-horse-battery';
