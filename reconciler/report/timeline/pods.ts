/** What each pod went through during a run, beside what was planned for it. */
import type { RunPlan } from '../../model/run-events';
import { podOf, type TimedEvent } from './timed-event';

/** What a pod can be in. `planned` bars are apart: they are no phase. */
export const PHASES = ['gate', 'stopping', 'starting', 'handshake', 'reload'] as const;
export type Phase = (typeof PHASES)[number];

export interface Span {
  readonly phase: Phase;
  readonly fromMs: number;
  readonly toMs: number;
  /** What the run waited for, in the words of its events; several if the cause changed. */
  readonly causes: readonly string[];
}

export interface PodLine {
  readonly pod: string;
  /** By the plan; absent if the plan has no time for it. */
  readonly planned?: { readonly fromMs: number; readonly toMs: number; readonly change: string };
  readonly spans: readonly Span[];
  /** When it was Ready again, or had loaded its certificate. */
  readonly doneMs?: number;
  readonly outcome: 'restarted' | 'reloaded' | 'unfinished' | 'not begun' | 'unchanged' | 'planned';
}

interface Context {
  readonly planned: readonly { readonly atMs: number; readonly plan: RunPlan }[];
  readonly spanMs: number;
  /** Further pods, which the run may leave as they are. */
  readonly known: readonly string[];
}

/** Returns a line for each pod, in the order of the plan. */
export function podLines(events: readonly TimedEvent[], { planned, spanMs, known }: Context): readonly PodLine[] {
  const bars = plannedBars(planned);
  const spans = spansOf(events, spanMs);
  const names = new Set([...bars.keys(), ...spans.keys(), ...events.filter((e) => DONE[e.event] !== undefined).map(podOf), ...known]);
  names.delete('');
  return [...names].map((pod): PodLine => {
    const [bar, own] = [bars.get(pod), spans.get(pod) ?? []];
    const done = events.findLast((e) => DONE[e.event] !== undefined && podOf(e) === pod);
    const left = events.findLast((e) => e.event === 'evicted' && podOf(e) === pod);
    const isBack = done !== undefined && (left === undefined || done.atMs >= left.atMs);
    const isBegun = left !== undefined || own.some((s) => s.phase !== 'gate');
    return {
      pod,
      ...(bar === undefined ? {} : { planned: bar }),
      spans: own,
      ...(isBack ? { doneMs: done.atMs } : {}),
      outcome:
        (isBack ? DONE[done.event] : undefined) ??
        (isBegun ? 'unfinished' : bar === undefined && own.length === 0 ? 'unchanged' : 'not begun'),
    };
  });
}

const DONE: Readonly<Record<string, 'restarted' | 'reloaded'>> = { ready: 'restarted', reloaded: 'reloaded' };

/** Places the rows of plans one after the other; pods that stop together share their place. A later plan adds the pods that it has more. */
function plannedBars(planned: Context['planned']): ReadonlyMap<string, NonNullable<PodLine['planned']>> {
  const bars = new Map<string, NonNullable<PodLine['planned']>>();
  for (const { atMs, plan } of planned) {
    if (!plan.rows.some((r) => r.ms !== undefined)) continue;
    const isTogether = plan.cutover?.mode === 'stop';
    let fromMs = atMs;
    let togetherMs = 0;
    for (const { change, subject, ms = 0 } of plan.rows) {
      const pod = podOf({ subject });
      const isRestart = pod !== '' && change === 'restart';
      // The first pods stop together; a row after them begins when the slowest is back.
      if (togetherMs > 0 && !isRestart) {
        fromMs += togetherMs;
        togetherMs = 0;
      }
      if (pod !== '' && !bars.has(pod)) bars.set(pod, { fromMs, toMs: fromMs + ms, change });
      if (isRestart && isTogether) togetherMs = Math.max(togetherMs, ms);
      else fromMs += ms;
    }
  }
  return bars;
}

interface Open {
  readonly phase: Phase;
  readonly fromMs: number;
  readonly causes: string[];
}

/** Returns the spans of pods. An event about a pod begins a phase; the next one, or the end of the run, ends it. */
function spansOf(events: readonly TimedEvent[], endMs: number): ReadonlyMap<string, readonly Span[]> {
  const spans = new Map<string, Span[]>();
  const open = new Map<string, Open>();
  const close = (pod: string, toMs: number) => {
    const ended = open.get(pod);
    open.delete(pod);
    if (ended !== undefined) spans.set(pod, [...(spans.get(pod) ?? []), { ...ended, toMs }]);
  };
  const enter = (pod: string, phase: Phase, atMs: number, cause?: string) => {
    const now = open.get(pod);
    if (now?.phase !== phase) {
      close(pod, atMs);
      open.set(pod, { phase, fromMs: atMs, causes: cause === undefined ? [] : [cause] });
    } else if (cause !== undefined && !now.causes.includes(cause)) now.causes.push(cause);
  };
  for (const event of events) {
    const { atMs, phase, refusals = [], message } = event;
    const pod = podOf(event);
    const refused = phase === 'gate' ? refusals : phase === 'eviction' && pod !== '' ? [{ pod, because: message }] : [];
    for (const [name, { phase: now }] of [...open]) {
      if (now === 'gate' && !refused.some((r) => r.pod === name)) close(name, atMs);
    }
    for (const { pod: name, because } of refused) enter(name, 'gate', atMs, because);
    if (pod === '') continue;
    if (event.event === 'evicted') enter(pod, 'stopping', atMs);
    else if (phase !== undefined && isPhase(phase) && phase !== 'gate') enter(pod, phase, atMs, message);
    else if (DONE[event.event] !== undefined) close(pod, atMs);
  }
  for (const pod of [...open.keys()]) close(pod, endMs);
  return spans;
}

function isPhase(phase: string): phase is Phase {
  return (PHASES as readonly string[]).includes(phase);
}
