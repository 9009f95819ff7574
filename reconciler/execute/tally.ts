/** What a run did to the nodes of a Kafka, counted from its own events. */
import type { ProgressEvent, Report } from '../ports';

export interface Tally {
  /** Passes events on and counts them. */
  readonly report: Report;
  /** Returns the count in words; undefined if no node loaded a certificate: restarts are reported one by one. */
  readonly summary: () => string | undefined;
}

/** Returns a report that counts the nodes that loaded their certificate while they ran, and the pods that restarted. */
export function tallied(report: Report): Tally {
  const seen: ProgressEvent[] = [];
  const podsWith = (event: ProgressEvent['event']) => new Set(seen.filter((e) => e.event === event).map((e) => e.subject.name)).size;
  return {
    report: (event) => {
      if (event.event === 'reloaded' || event.event === 'evicted') seen.push(event);
      report(event);
    },
    summary: () => {
      const [loaded, restarted] = [podsWith('reloaded'), podsWith('evicted')];
      return loaded === 0 ? undefined : `${counted(loaded, 'node')} loaded the new certificate, ${counted(restarted, 'restart')}`;
    },
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
