/**
 * Events while a run is going on.
 *
 * Without a terminal every event is a line of its own, and so is a wait: `09:00:07 [3/8] Pod/demo/orders-broker-1 waiting: not Ready`.
 * On a terminal the current wait is one line that is redrawn, every second with its age, until something happens.
 */
import { formatRef } from '../../constructs/model/kube-object';
import type { Clock, ProgressEvent, Report } from '../ports';
import { printable } from './printable';
import { painterOf, type Style } from './style';

const REDRAW_MS = 1_000;
/** Moves to the start of the line and clears it. */
const CLEAR = '\r\u001b[2K';

export interface Progress {
  readonly report: Report;
  /** Clears what is still being redrawn. Nothing is written afterwards. */
  end(): void;
}

/** Returns an event as one line without a line break: time in UTC, place in the plan, subject, what happened. */
export function eventLine({ event, subject, message, step }: ProgressEvent, time: Date): string {
  const place = step === undefined ? '' : `[${step.number}/${step.of}] `;
  const said = message === '' ? event : `${event}: ${printable(message)}`;
  return `${time.toISOString().slice(11, 19)} ${place}${formatRef(subject)} ${said}`;
}

/** Returns a report that writes one line an event. */
export function createLines(write: (text: string) => void, clock: Clock): Progress {
  return { report: (event) => write(`${eventLine(event, clock.now())}\n`), end: () => {} };
}

/** Returns a report for a terminal. */
export function createLive(write: (text: string) => void, clock: Clock, style: Style): Progress {
  const paint = painterOf(style);
  let current: { readonly event: ProgressEvent; readonly sinceMs: number; readonly stop: AbortController } | undefined;

  function draw(): void {
    if (current === undefined) return;
    const seconds = Math.floor((clock.monotonicMs() - current.sinceMs) / 1_000);
    const age = seconds < 1 ? '' : ` (${formatAge(seconds)})`;
    const line = eventLine(current.event, clock.now());
    const room = (style.columns ?? 80) - 1 - age.length;
    write(`${CLEAR}${paint.dim(line.length > room ? `${line.slice(0, room - 3)}...` : line)}${paint.dim(age)}`);
  }

  function clear(): void {
    if (current === undefined) return;
    current.stop.abort();
    current = undefined;
    write(CLEAR);
  }

  async function redraw(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      draw();
      await clock.sleep(REDRAW_MS, signal).catch(() => {}); // only the abort that ends the wait rejects it
    }
  }

  function report(event: ProgressEvent): void {
    const before = current;
    clear();
    if (event.event !== 'waiting') {
      write(`${paintEvent(event, eventLine(event, clock.now()), paint)}\n`);
      return;
    }
    const isSameWait = before !== undefined && formatRef(before.event.subject) === formatRef(event.subject);
    current = { event, sinceMs: isSameWait ? before.sinceMs : clock.monotonicMs(), stop: new AbortController() };
    void redraw(current.stop.signal);
  }

  return { report, end: clear };
}

function paintEvent({ event }: ProgressEvent, line: string, paint: ReturnType<typeof painterOf>): string {
  if (event === 'warning') return paint.yellow(line);
  if (event === 'verified' || event === 'finished') return paint.green(line);
  return line;
}

/** Returns an age as kubectl prints it: `40s`, `2m5s`, `1h3m`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
  const minutes = Math.floor((seconds % 3_600) / 60);
  return `${Math.floor(seconds / 3_600)}h${minutes === 0 ? '' : `${minutes}m`}`;
}
