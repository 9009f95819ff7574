/** Which certificate each listener served when, from sampled handshakes. Pure. */
import type { Handshake, ServedCertificate } from './handshakes';
import type { Span } from './spans';

/** A time in which all handshakes with a listener had the same outcome: from the first of these handshakes to the last one. */
export interface ServedSpan extends Span {
  readonly listener: string;
  readonly handshakes: number;
  readonly certificate?: ServedCertificate;
  readonly failure?: string;
}

/** Returns the spans of each listener in order of time, the listeners by name. */
export function servedSpans(handshakes: readonly Handshake[]): readonly ServedSpan[] {
  const listeners = [...new Set(handshakes.map((h) => h.listener))].sort();
  return listeners.flatMap((listener) => {
    const spans: ServedSpan[] = [];
    const own = handshakes.filter((h) => h.listener === listener).sort((a, b) => a.at - b.at);
    for (const { at, certificate, failure } of own) {
      const last = spans.at(-1);
      if (last !== undefined && last.certificate?.fingerprint === certificate?.fingerprint && last.failure === failure) {
        spans[spans.length - 1] = { ...last, to: at, handshakes: last.handshakes + 1 };
      } else {
        spans.push({ listener, from: at, to: at, handshakes: 1, ...(certificate && { certificate }), ...(failure && { failure }) });
      }
    }
    return spans;
  });
}

export interface Expectation {
  /** From this instant on only wanted certificates may be served. */
  readonly after: number;
  readonly isWanted: (certificate: ServedCertificate) => boolean;
  /** All listeners that must have been seen. */
  readonly listeners: readonly string[];
}

export interface ListenerFault {
  readonly listener: string;
  readonly because: string;
}

/**
 * Returns the listeners that served a certificate that is not wanted after an instant. A listener without a successful handshake after it
 * is a fault as well: nothing is known of it.
 */
export function staleListeners(handshakes: readonly Handshake[], { after, isWanted, listeners }: Expectation): readonly ListenerFault[] {
  return listeners.flatMap((listener): readonly ListenerFault[] => {
    const served = handshakes.filter((h) => h.listener === listener && h.at >= after).flatMap(({ certificate }) => certificate ?? []);
    if (served.length === 0) return [{ listener, because: 'no handshake has succeeded since' }];
    const stale = served.filter((certificate) => !isWanted(certificate));
    const [first] = stale;
    if (first === undefined) return [];
    return [{ listener, because: `served serial ${first.serial} of ${first.issuer} in ${stale.length} of ${served.length} handshakes` }];
  });
}
