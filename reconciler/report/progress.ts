/**
 * Events during a run.
 *
 * Without a terminal each event, and each wait, is one line:
 * `09:00:07 [3/8] Pod/demo/orders-broker-1 waiting: not Ready (40s, gives up after 10m)`.
 * On a terminal the current wait is one line, redrawn every second with its age until the next event.
 */
import { formatRef } from '#model/kube-object';
import type { RunEvent } from '../model/run-events';
import type { Clock, ProgressEvent, Report } from '../ports';
import { printable, printableJson } from './printable';
import { painterOf, type Style } from './style';

const REDRAW_MS = 1_000;
/** Moves to the start of the line and clears it. */
const CLEAR = '\r\u001b[2K';

export interface Progress {
  readonly report: Report;
  /** Clears the line of the current wait. The report writes nothing afterwards. */
  end(): void;
}

/** Returns an event as one line without a line break: time in UTC, step number, subject, event and message. */
export function eventLine({ event, subject, message, step, wait }: ProgressEvent, time: Date): string {
  const place = step === undefined ? '' : `[${step.number}/${step.of}] `;
  const text = message === '' ? event : `${event}: ${printable(message)}`;
  return withRemark(`${time.toISOString().slice(11, 19)} ${place}${formatRef(subject)} ${text}`, waitRemark(wait?.elapsedMs ?? 0, wait));
}

/** Returns an event as programs read it. `event` is one of `EVENTS`. */
export function eventFields({ event, subject, message, ...details }: ProgressEvent, time: Date): RunEvent {
  return { time: time.toISOString(), event, subject: formatRef(subject), message, ...details };
}

/** Returns an event as one line of JSON, with its line break. */
export function eventJson(event: RunEvent): string {
  return `${printableJson(event)}\n`;
}

/** Returns how long a wait has lasted and when it ends: `40s, gives up after 10m`. */
function waitRemark(elapsedMs: number, wait: ProgressEvent['wait']): string {
  const age = elapsedMs < 1_000 ? [] : [formatAge(Math.floor(elapsedMs / 1_000))];
  const end = wait === undefined ? [] : [`gives up after ${formatAge(Math.round(wait.deadlineMs / 1_000))}`];
  return [...age, ...end].join(', ');
}

/** Adds a remark in brackets, inside the brackets that the line ends with, if any. */
function withRemark(line: string, remark: string): string {
  if (remark === '') return line;
  return line.endsWith(')') ? `${line.slice(0, -1)}; ${remark})` : `${line} (${remark})`;
}

/** Returns a report that writes one line for each event. */
export function createLines(write: (text: string) => void, clock: Clock): Progress {
  return { report: (event) => write(`${eventLine(event, clock.now())}\n`), end: () => {} };
}

/** Returns a report for a terminal. */
export function createLive(write: (text: string) => void, clock: Clock, style: Style): Progress {
  const paint = painterOf(style);
  let current: { readonly event: ProgressEvent; readonly sinceMs: number; readonly stop: AbortController } | undefined;

  function draw(): void {
    if (current === undefined) return;
    const { wait, ...event } = current.event;
    const remark = waitRemark(clock.monotonicMs() - current.sinceMs, wait);
    const line = eventLine(event, clock.now());
    const room = (style.columns ?? 80) - 1;
    const whole = withRemark(line, remark);
    const cut = (suffix: number) => `${line.slice(0, Math.max(0, room - suffix - 3))}...`;
    write(`${CLEAR}${paint.dim(whole.length <= room ? whole : withRemark(cut(remark === '' ? 0 : remark.length + 3), remark))}`);
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
      await clock.sleep(REDRAW_MS, signal).catch(() => {}); // rejected only by the abort that ends the wait
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
    const nowMs = clock.monotonicMs();
    const sinceMs = event.wait === undefined ? (isSameWait ? before.sinceMs : nowMs) : nowMs - event.wait.elapsedMs;
    current = { event, sinceMs, stop: new AbortController() };
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
