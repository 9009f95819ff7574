/** Events for programs: one JSON object on each line, with `time`, `event`, `subject`, `message`, and where they apply `step` and `wait`. */
import { formatRef } from '#model/kube-object';
import type { ProgressEvent } from '../ports';
import { printableJson } from './printable';

/** Returns an event as one line of JSON, with its line break. `event` is one of `EVENTS`. */
export function eventJson(event: ProgressEvent, time: Date): string {
  const { event: name, subject, message, step, wait } = event;
  return `${printableJson({ time: time.toISOString(), event: name, subject: formatRef(subject), message, step, wait })}\n`;
}
