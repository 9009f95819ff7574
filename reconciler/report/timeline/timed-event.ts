/** An event with its time since the first one. */
import type { RunEvent } from '../../model/run-events';

export interface TimedEvent extends RunEvent {
  readonly atMs: number;
}

/** Returns the name of the pod that an event is about; empty if it is about another object. */
export function podOf({ subject }: Pick<RunEvent, 'subject'>): string {
  return subject.startsWith('Pod/') ? (subject.split('/').at(-1) ?? '') : '';
}
