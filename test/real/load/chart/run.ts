/** What a report shows of one operation under load. Instants are milliseconds since 1970. */
import type { Handshake } from '../handshakes';
import type { Judgement } from '../judge';
import type { AckRates } from '../rates';
import type { Span } from '../spans';

export const POD_STATES = ['ready', 'running', 'starting', 'terminating'] as const;
export type PodState = (typeof POD_STATES)[number];

/** A time in which a pod was in one state. `running` is a process that is not Ready. In a time without a state there is no process. */
export interface PodBar extends Span {
  readonly pod: string;
  readonly state: PodState;
}

/** Certificates beyond the last colour have the last one. */
export const CERTIFICATE_COLOURS = 4;

/** Time of a restart phase in which no pod was down. */
export interface Overhead {
  readonly totalMs: number;
  /** Down times of all pods together. */
  readonly downMs: number;
  /** Median of the times between two pods; undefined when the pods did not restart one by one. */
  readonly medianMs: number | undefined;
}

export interface MeasuredRun {
  /** For example `rotate`. */
  readonly operation: string;
  /** For example `4.3.1`. */
  readonly kafka: string;
  /** What carried the operation out, for example `native`. */
  readonly executor: string;
  /** The time that the operation took. */
  readonly span: Span;
  readonly restarts: number;
  readonly overhead?: Overhead;
  /** The plan's estimate of the time in which clients cannot connect; only of a cut-over. */
  readonly estimatedOutageMs?: number;
  /** Or why the recording proves nothing. */
  readonly judged: { readonly value: Judgement } | { readonly unknown: readonly string[] };
  /** Their window is that of the drawing. */
  readonly rates: AckRates;
  readonly pods: readonly PodBar[];
  /** Their listeners are named `POD/LISTENER`. Those outside of the drawing are ignored. */
  readonly handshakes: readonly Handshake[];
}
