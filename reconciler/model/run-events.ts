/**
 * The events of a run as `apply --output json` prints them: one JSON object a line. Programs read them, so members are only ever added.
 *
 *     time, event, subject, message        every event
 *     step, wait                           the place in the plan; how long a wait lasts and when it ends
 *     run                                  started: the program and the run that write the lines after it
 *     plan, states                         planned: its rows with their estimated time, and who can talk to whom between them
 *     listeners                            planned: what every pod serves; ready, reloaded, verified: what this pod serves now
 *     spare                                what Kafka can still lose, with the first event after Kafka reported it
 *     phase, refusals                      waiting: for what kind of thing, and which pods the gates refuse
 *     error, blockers                      finished: why the run stopped
 */
import { COUNT, INSTANT, type Infer, list, map, maybe, NON_EMPTY, NUMBER, oneOf, optional, STRING, STRINGS } from '#model/schema';

/** Version of the stream. A reader refuses a higher one. */
export const EVENTS_FORMAT = 1;

const PROGRAM = map({ format: COUNT, version: STRING, id: STRING });
/** The run that writes the events after this one. */
export type RunProgram = Infer<typeof PROGRAM>;

const SHOWN_CERTIFICATE = map({ fingerprint: NON_EMPTY, subject: STRING, issuer: STRING, notBefore: INSTANT, notAfter: INSTANT });

const SHOWN_LISTENER = map({
  pod: NON_EMPTY,
  listener: NON_EMPTY,
  protocol: oneOf(['tls', 'plaintext', 'unknown']),
  /** With `unknown`: why. */
  because: optional(STRING),
  certificate: optional(SHOWN_CERTIFICATE),
});
/** What a listener of a pod serves. */
export type ShownListener = Infer<typeof SHOWN_LISTENER>;

const SPARE = map({
  quorum: map({
    /** Node id of the active controller; absent while there is none. */
    leaderId: maybe(COUNT),
    voters: COUNT,
    caughtUp: COUNT,
    /** Caught-up voters that the quorum can lose and still elect a leader; negative when it has lost its majority. */
    spare: NUMBER,
  }),
  /** The partition with the fewest replicas in sync above its minimum; absent when no topic has a minimum. */
  isr: optional(map({ partition: NON_EMPTY, isr: list(COUNT), minimum: COUNT, spare: NUMBER })),
  /** Partitions with fewer replicas in sync than replicas. */
  underReplicated: COUNT,
});
/** What Kafka can still lose, as its brokers report it. */
export type Spare = Infer<typeof SPARE>;

/** Kinds of waits that belong to a pod, or that stop a whole run. */
export const WAIT_PHASES = ['lease', 'blocker', 'gate', 'eviction', 'stopping', 'starting', 'handshake', 'reload'] as const;
export type WaitPhase = (typeof WAIT_PHASES)[number];

const REFUSAL = map({ pod: NON_EMPTY, because: STRING });
/** A pod that may not restart now. */
export type GateRefusal = Infer<typeof REFUSAL>;

const PLAN_ROW = map({
  change: NON_EMPTY,
  subject: NON_EMPTY,
  waitsFor: STRING,
  why: STRING,
  /** Estimated; 0 for a row that takes no time. Absent when nothing was estimated. */
  ms: optional(COUNT),
});

const CUTOVER = map({ mode: NON_EMPTY, because: STRING });
const PLAN = map({
  executor: NON_EMPTY,
  operation: NON_EMPTY,
  summary: STRING,
  durationMs: optional(COUNT),
  outageMs: optional(COUNT),
  cutover: optional(CUTOVER),
  rows: list(PLAN_ROW),
});
/** A plan as a reader of events needs it. */
export type RunPlan = Infer<typeof PLAN>;

const REACH = map({ from: NON_EMPTY, reaches: STRING });
const STATE = map({ after: STRINGS, nodes: list(REACH), clients: list(REACH) });
const STATES = map({ nodes: STRINGS, states: list(STATE) });
/**
 * Who can talk to whom in the states of a plan. `reaches` has one character for each node: `+` accepted, `x` refused, `?` unknown, `-` they
 * never connect. Neighbouring states without a difference are one, with all that has happened in `after`.
 */
export type RunStates = Infer<typeof STATES>;

const BLOCKER = map({ subject: NON_EMPTY, kind: NON_EMPTY, message: STRING, hint: optional(STRING) });
/** Why nothing may be done now, and what resolves it. */
export type RunBlocker = Infer<typeof BLOCKER>;

const FAILURE = map({
  code: NON_EMPTY,
  exitCode: COUNT,
  message: STRING,
  hint: optional(STRING),
  reasons: optional(STRINGS),
  violations: optional(STRINGS),
});
/** The error that stopped a run, as it is printed with `--output json`. */
export type RunFailure = Infer<typeof FAILURE>;

/** One line. A later version may know more events, so the name is any text. */
export const RUN_EVENT = map({
  time: INSTANT,
  event: NON_EMPTY,
  subject: NON_EMPTY,
  message: STRING,
  step: optional(map({ number: COUNT, of: COUNT })),
  wait: optional(map({ elapsedMs: NUMBER, deadlineMs: NUMBER })),
  run: optional(PROGRAM),
  plan: optional(PLAN),
  states: optional(STATES),
  listeners: optional(list(SHOWN_LISTENER)),
  spare: optional(SPARE),
  phase: optional(oneOf(WAIT_PHASES)),
  refusals: optional(list(REFUSAL)),
  error: optional(FAILURE),
  blockers: optional(list(BLOCKER)),
});
export type RunEvent = Infer<typeof RUN_EVENT>;
