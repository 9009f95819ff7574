/**
 * Events during a run. Without a terminal each event, and each wait, is one line:
 * `09:00:07 [3/8] Pod/demo/orders-broker-1 waiting: not Ready (40s, gives up after 10m)`. `live.ts` shows them on a terminal.
 */
import { formatRef } from '#model/kube-object';
import type { Plan } from '../model/plan';
import type { RunEvent } from '../model/run-events';
import type { Clock, ProgressEvent, Report } from '../ports';
import { printable, printableJson } from './printable';

/** A restart that goes on without a problem is not told in all its parts: only a wait that lasts this long is a line. */
const SHORT_WAIT_MS = 10_000;

export interface Progress {
  readonly report: Report;
  /** The plan whose steps the next events are about. */
  readonly plan?: (plan: Plan) => void;
  /** Clears what is not to stay. The report writes nothing afterwards. */
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
export function waitRemark(elapsedMs: number, wait: ProgressEvent['wait']): string {
  const age = elapsedMs < 1_000 ? [] : [formatAge(Math.floor(elapsedMs / 1_000))];
  const end = wait === undefined ? [] : [`gives up after ${formatAge(Math.round(wait.deadlineMs / 1_000))}`];
  return [...age, ...end].join(', ');
}

/** Adds a remark in brackets, inside the brackets that the line ends with, if any. */
export function withRemark(line: string, remark: string): string {
  if (remark === '') return line;
  return line.endsWith(')') ? `${line.slice(0, -1)}; ${remark})` : `${line} (${remark})`;
}

/** Returns a report that writes one line for each event, and none for the usual parts of a restart. */
export function createLines(write: (text: string) => void, clock: Clock): Progress {
  const isFolded = ({ phase, wait }: ProgressEvent) =>
    (phase === 'stopping' || phase === 'starting') && wait !== undefined && wait.elapsedMs < SHORT_WAIT_MS;
  return {
    report: (event) => {
      if (!isFolded(event)) write(`${eventLine(event, clock.now())}\n`);
    },
    end: () => {},
  };
}

/** Returns an age as kubectl prints it: `40s`, `2m5s`, `1h3m`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
  const minutes = Math.floor((seconds % 3_600) / 60);
  return `${Math.floor(seconds / 3_600)}h${minutes === 0 ? '' : `${minutes}m`}`;
}
