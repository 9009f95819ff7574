/** Connections of the producers, from the counters that Kafka's clients report: a client reports them when they have changed. */
import { counted } from './counted';
import type { LoadEvent } from './record';
import type { Span } from './spans';

export interface Connections {
  /** Connections that producers lost. */
  readonly lost: number;
  /** Connections that a producer opened after it had lost one. */
  readonly reconnects: number;
  /** Attempts that failed in the TLS handshake or at the login. */
  readonly refused: number;
  /** Messages that were sent again. */
  readonly retries: number;
  /** Clients of the load that were created again, by reason. */
  readonly renewed: Readonly<Record<string, number>>;
}

export function connectionsOf(events: readonly LoadEvent[], window: Span): Connections {
  const within = (e: LoadEvent) => e.at >= window.from && e.at <= window.to;
  const grown = growth(events).filter(({ report }) => within(report));
  const sum = (name: 'opened' | 'closed' | 'refused' | 'retries', from = grown) => from.reduce((all, { by }) => all + by(name), 0);
  const renewed = events.filter((e) => e.event === 'client' && e.because !== 'start' && within(e));
  return {
    lost: sum('closed'),
    reconnects: sum(
      'opened',
      grown.filter(({ report }) => Number(report.closed) > 0),
    ),
    refused: sum('refused'),
    retries: sum('retries'),
    renewed: counted(renewed.map((e) => String(e.because))),
  };
}

interface Growth {
  readonly report: LoadEvent;
  /** How much a counter has grown since the client's previous report. */
  readonly by: (counter: string) => number;
}

function growth(events: readonly LoadEvent[]): readonly Growth[] {
  const last = new Map<string, LoadEvent>();
  return events
    .filter((e) => e.event === 'connections' && String(e.client).startsWith('writer-'))
    .map((report) => {
      const before = last.get(String(report.client));
      last.set(String(report.client), report);
      return { report, by: (counter) => Number(report[counter]) - Number(before?.[counter] ?? 0) };
    });
}
