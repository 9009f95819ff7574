/** What a run waited for or ended by, and what ended the wait. */
import type { RunEvent } from '../../model/run-events';
import type { TimedEvent } from './timed-event';

export interface Blocker {
  /** The object that was waited for, or that the error names. */
  readonly subject: string;
  readonly kind: 'gate' | 'blocker' | 'lease' | 'error';
  /** In the words of the events; several if the cause changed. */
  readonly causes: readonly string[];
  readonly fromMs: number;
  /** Absent: it ended the run. */
  readonly toMs?: number;
  /** What must be done, for a blocker that ended the run; else the event that followed. */
  readonly fix?: string;
}

const KINDS: Readonly<Record<string, Blocker['kind']>> = { gate: 'gate', eviction: 'gate', blocker: 'blocker', lease: 'lease' };

/** Returns the blockers in the order in which they were met. */
export function blockersOf(events: readonly TimedEvent[]): readonly Blocker[] {
  const found: Blocker[] = [];
  let open: { readonly subject: string; readonly kind: Blocker['kind']; readonly causes: string[]; readonly fromMs: number } | undefined;
  for (const event of events) {
    const kind = event.phase === undefined ? undefined : KINDS[event.phase];
    if (open !== undefined && (open.kind !== kind || open.subject !== event.subject)) {
      const isOver = event.event !== 'finished' || event.error === undefined;
      found.push({ ...open, ...(isOver ? { toMs: event.atMs, fix: `${event.event} ${event.subject}` } : {}) });
      open = undefined;
    }
    if (kind === undefined) continue;
    const { subject, message, atMs } = event;
    open ??= { subject, kind, causes: [], fromMs: atMs };
    if (!open.causes.includes(message)) open.causes.push(message);
  }
  if (open !== undefined) found.push(open);
  const end = events.findLast((e) => e.event === 'finished');
  return end === undefined ? found : [...found, ...atTheEnd(end)];
}

/** Returns what ended the run: the blockers of its plan, or its error. A signal is no blocker. */
function atTheEnd({ atMs, subject, error, blockers = [] }: TimedEvent): readonly Blocker[] {
  if (error === undefined || error.code === 'interrupted') return [];
  const one = (about: string, cause: string, fix: string | undefined): Blocker => {
    return { subject: about, kind: 'error', causes: [cause], fromMs: atMs, ...(fix === undefined ? {} : { fix }) };
  };
  if (blockers.length > 0) return blockers.map((b) => one(b.subject, b.message, b.hint));
  const reasons = error.reasons ?? (error.violations !== undefined && error.violations.length > 1 ? error.violations : undefined);
  return (reasons ?? [error.message]).map((reason) => one(...about(reason, subject), error.hint));
}

/** A message begins with its subject, if it has one. */
function about(message: string, otherwise: RunEvent['subject']): [subject: string, message: string] {
  const [, subject, rest] = /^([A-Z]\w+\/\S+?): ([\s\S]+)$/.exec(message) ?? [];
  return subject === undefined || rest === undefined ? [otherwise, message] : [subject, rest];
}
