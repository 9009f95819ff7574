/**
 * A run as one plain value, from its events and, if there is one, a saved plan. Pages and traces are made from it; nothing else interprets
 * events.
 *
 *     runs.ts       splits events into runs
 *     pods.ts       what each pod went through, beside what was planned
 *     blockers.ts   what the run waited for or ended by, and what ended the wait
 *     verdict.ts    how it ended, in one sentence
 *     planned.ts    the same value of a plan that was not run
 *
 * Times are milliseconds since the first event.
 */
import type { RunEvent, RunPlan, RunStates, ShownListener, Spare } from '../../model/run-events';
import { type Blocker, blockersOf } from './blockers';
import { type PodLine, podLines } from './pods';
import { podOf, type TimedEvent } from './timed-event';
import { type Verdict, verdictOf } from './verdict';

export interface Timeline {
  /** `Kafka/demo/orders`. */
  readonly kafka: string;
  /** Absent for a plan that was not run. */
  readonly startedAt?: string;
  readonly spanMs: number;
  readonly verdict: Verdict;
  /** Of a plan that was not run. */
  readonly preview?: Preview;
  readonly plan?: RunPlan;
  readonly pods: readonly PodLine[];
  readonly listeners: readonly ListenerChange[];
  readonly spare: readonly SpareSample[];
  readonly states?: ReachedStates;
  readonly blockers: readonly Blocker[];
  readonly events: readonly TimedEvent[];
  /** Sentences about what the input does not hold. */
  readonly missing: readonly string[];
}

/** What a reader of a plan must know besides its steps. */
export interface Preview {
  readonly remarks: readonly string[];
  /** The rotations of a change of root. */
  readonly phases?: { readonly caption: string; readonly headings: readonly string[]; readonly rows: readonly (readonly string[])[] };
  /** Unified diff of the bundles before and after a commit. */
  readonly difference?: string;
}

/** What a listener served before the run, and what it served when it was seen last. */
export interface ListenerChange {
  readonly pod: string;
  readonly listener: string;
  readonly before?: ShownListener;
  readonly after?: ShownListener;
}

/** What Kafka could lose, from a look at it until the next look, or until a pod is evicted: then it can lose less, and Kafka was not asked. */
export interface SpareSample {
  readonly fromMs: number;
  readonly toMs: number;
  readonly spare: Spare;
}

/** Who can talk to whom, by the plan, and when the run has reached each state. */
export interface ReachedStates {
  readonly nodes: readonly string[];
  readonly states: readonly (RunStates['states'][number] & { readonly reachedMs?: number })[];
}

export interface TimelineInput {
  readonly events: readonly RunEvent[];
  /** The saved plan, for a run whose events hold none. */
  readonly plan?: RunPlan | undefined;
  /** What is already known to be missing. */
  readonly missing?: readonly string[];
}

/** Returns the run. There is at least one event. */
export function timelineOf({ events, plan: saved, missing = [] }: TimelineInput): Timeline {
  const first = events[0] as RunEvent;
  const startMs = Date.parse(first.time);
  const timed = events.map((e): TimedEvent => ({ ...e, atMs: Math.max(0, Date.parse(e.time) - startMs) }));
  const spanMs = Math.max(...timed.map((e) => e.atMs));
  const plans = timed.flatMap((e) => (e.plan === undefined ? [] : [{ atMs: e.atMs, plan: e.plan }]));
  const plan = plans[0]?.plan ?? saved;
  const planned = plans.length > 0 || saved === undefined ? plans : [{ atMs: 0, plan: saved }];
  const listeners = changesOf(timed);
  const pods = podLines(timed, { planned, spanMs, known: listeners.map((l) => l.pod) });
  const states = statesOf(timed);
  return {
    kafka: kafkaOf(timed),
    startedAt: first.time,
    spanMs,
    verdict: verdictOf(timed, pods),
    ...(plan === undefined ? {} : { plan }),
    pods,
    listeners,
    spare: samplesOf(timed, spanMs),
    ...(states === undefined ? {} : { states }),
    blockers: blockersOf(timed),
    events: timed,
    missing: [...missing, ...missingIn(timed, plan)],
  };
}

function kafkaOf(events: readonly TimedEvent[]): string {
  return events.find((e) => e.subject.startsWith('Kafka/'))?.subject ?? events[0]?.subject ?? '';
}

function changesOf(events: readonly TimedEvent[]): readonly ListenerChange[] {
  const changes = new Map<string, ListenerChange>();
  for (const { event, listeners = [] } of events) {
    for (const seen of listeners) {
      const key = `${seen.pod} ${seen.listener}`;
      const known = changes.get(key) ?? { pod: seen.pod, listener: seen.listener };
      // A run that plans again has changed listeners before it does.
      const isBefore = (event === 'planned' || event === 'finished') && known.before === undefined && known.after === undefined;
      changes.set(key, isBefore ? { ...known, before: seen } : event === 'finished' ? known : { ...known, after: seen });
    }
  }
  return [...changes.values()];
}

/** The event of an eviction brings the look from before it. */
function samplesOf(events: readonly TimedEvent[], endMs: number): readonly SpareSample[] {
  return events.flatMap(({ event, atMs, spare }, i) => {
    if (spare === undefined) return [];
    if (event === 'evicted') return [{ fromMs: events[i - 1]?.atMs ?? atMs, toMs: atMs, spare }];
    const next = events.slice(i + 1).find((e) => e.event === 'evicted' || e.spare !== undefined);
    return [{ fromMs: atMs, toMs: next?.atMs ?? endMs, spare }];
  });
}

/** The states that each plan of the run has reached before the next one was made, and all states of the last one. */
function statesOf(events: readonly TimedEvent[]): ReachedStates | undefined {
  const planned = events.filter((e) => e.states !== undefined);
  const nodes = planned.at(-1)?.states?.nodes;
  if (nodes === undefined) return undefined;
  // Rows are by node, so states with other nodes cannot be shown beside these.
  const alike = planned.filter((e) => e.states?.nodes.join() === nodes.join());
  const states = alike.flatMap((e, i) => {
    const untilMs = alike[i + 1]?.atMs;
    const reached = reachedStates(e, events, untilMs).map((s, k) =>
      i > 0 && k === 0 ? { ...s, after: ['planned again', ...s.after.slice(1)] } : s,
    );
    return untilMs === undefined ? reached : reached.filter((s) => s.reachedMs !== undefined);
  });
  return { nodes, states };
}

/** A state is reached when every pod has come back that `after` names. */
function reachedStates(planned: TimedEvent, events: readonly TimedEvent[], untilMs = Number.POSITIVE_INFINITY): ReachedStates['states'] {
  const { nodes = [], states = [] } = planned.states ?? {};
  const changed = events.filter(
    (e) => (e.event === 'ready' || e.event === 'reloaded') && e.subject.startsWith('Pod/') && e.atMs >= planned.atMs && e.atMs <= untilMs,
  );
  const changedAt = (after: string): number | undefined => {
    const pods = after.startsWith('all pods ') ? nodes : nodes.filter((n) => after.split(/[ ,]+/).includes(n));
    const times = pods.map((pod) => changed.find((e) => podOf(e) === pod)?.atMs);
    return pods.length === 0 || times.includes(undefined) ? undefined : Math.max(...times.map(Number));
  };
  return states.map((state, i) => {
    const reachedMs = i === 0 ? planned.atMs : changedAt(state.after[0] ?? '');
    return reachedMs === undefined ? state : { ...state, reachedMs };
  });
}

function missingIn(events: readonly TimedEvent[], plan: RunPlan | undefined): readonly string[] {
  const has = (isSo: (event: TimedEvent) => boolean) => events.some(isSo);
  const didWork = has((e) => e.event === 'planned');
  return [
    ...(has((e) => e.run !== undefined)
      ? []
      : ['The events have no first line: they are of an earlier version, or their beginning is cut off.']),
    ...(has((e) => e.event === 'finished') ? [] : ['The events have no last line: the run was killed, or it still runs.']),
    ...(didWork && plan === undefined ? ['The events hold no plan. Give the file of "kafka-tls plan --out" with --plan.'] : []),
    ...(didWork && plan !== undefined && !plan.rows.some((r) => r.ms !== undefined)
      ? ['The plan holds no times of its rows, so no bars are planned.']
      : []),
    ...(didWork && !has((e) => e.listeners !== undefined) ? ['The events hold no certificates.'] : []),
    ...(didWork && !has((e) => e.spare !== undefined) ? ['Kafka did not report its health, or was not asked.'] : []),
  ];
}
