/** The steps of a run: events with the same number, after the same plan, belong to one step. */
import type { RunPlan } from '../model/run-events';
import { podOf, type TimedEvent } from '../report/timeline/timed-event';

export interface RunStep {
  readonly change: string;
  /** `Pod/demo/orders-broker-0`. */
  readonly subject: string;
  /** Name of the pod, for a step about one. */
  readonly pod?: string;
  readonly number: number;
  readonly of: number;
  readonly why?: string;
  readonly estimateMs?: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly events: readonly TimedEvent[];
  /** Why the run failed, for a step that was not done then. */
  readonly error?: string;
}

interface Context {
  /** The plan, for events that hold none. */
  readonly plan: RunPlan | undefined;
  readonly endMs: number;
  readonly error: string | undefined;
}

/** After these events a step still goes on. */
const UNFINISHED: readonly string[] = ['waiting', 'evicted'];

/** Returns the steps in their order. Most events report that something is done, so a step begins with the event before its first one. */
export function stepsOf(all: readonly TimedEvent[], context: Context): readonly RunStep[] {
  const steps = new Map<string, Begun & { readonly events: TimedEvent[] }>();
  let plan = context.plan;
  let plans = 0;
  for (const [i, event] of all.entries()) {
    if (event.event === 'planned') {
      plans += 1;
      plan = event.plan ?? (plans === 1 ? context.plan : undefined);
    }
    if (event.step === undefined) continue;
    const key = `${plans} ${event.step.number}`;
    const step = steps.get(key) ?? { plan, fromMs: all[i - 1]?.atMs ?? event.atMs, events: [] };
    step.events.push(event);
    steps.set(key, step);
  }
  const begun = [...steps.values()];
  return begun.map((step, i) => finished(step, { ...context, isLast: i === begun.length - 1 }));
}

interface Begun {
  readonly plan: RunPlan | undefined;
  readonly fromMs: number;
  readonly events: readonly TimedEvent[];
}

function finished({ plan, fromMs, events: all }: Begun, { endMs, error, isLast }: Context & { readonly isLast: boolean }): RunStep {
  const { number, of } = all[0]?.step ?? { number: 0, of: 0 };
  const row = plan?.rows[number - 1];
  const subject = subjectOf(row?.subject, all);
  const pod = podOf({ subject });
  const events = pod === '' ? all : untilDone(subject, all);
  const last = events.at(-1) as TimedEvent;
  // Only pods change side by side; every other step is done when the next one begins. A run that fails resumes the Kafka.
  const reached = events.findLast((e) => e.event !== 'warning' && (e.event !== 'resumed' || row?.change === 'resume'));
  const isOpen = error !== undefined && (isLast || pod !== '') && UNFINISHED.includes(reached?.event ?? '');
  return {
    change: row?.change ?? last.event,
    subject,
    ...(pod === '' ? {} : { pod }),
    number,
    of,
    ...(row === undefined ? {} : { why: row.why }),
    ...(row?.ms === undefined || row.ms === 0 ? {} : { estimateMs: row.ms }),
    fromMs,
    toMs: isOpen ? endMs : last.atMs,
    events,
    ...(isOpen ? { error } : {}),
  };
}

/** What is waited for before the next pod has the number of the pod before, and is no part of its step. */
function untilDone(subject: string, events: readonly TimedEvent[]): readonly TimedEvent[] {
  const last = events.findLastIndex((e) => e.subject === subject);
  return last < 0 ? events : events.slice(0, last + 1);
}

/** Pods may restart in another order than planned; rows are numbered in the order of the run. */
function subjectOf(planned: string | undefined, events: readonly TimedEvent[]): string {
  const last = events.at(-1)?.subject ?? '';
  if (planned === undefined) return last;
  if (!planned.startsWith('Pod/')) return planned;
  return events.findLast((e) => e.subject.startsWith('Pod/'))?.subject ?? planned;
}
