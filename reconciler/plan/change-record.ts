/** How changes compare with the one that a Kafka records (`model/change-record.ts`). */
import { type TlsState, tlsHash } from '#model/tls';
import { isSameTls } from '#model/tls-effect';
import type { Change, ChangeRecord, Side } from '../model/change-record';

/** Returns the record after every change to this TLS state is complete. */
export function completed(record: ChangeRecord, kafka: string, tls: TlsState): ChangeRecord {
  const { change, losses } = record;
  const isChangeDone = change?.unfinished === true && leadsTo(kafka, change, tls);
  const isLossDone = losses?.unfinished === true && losses.content === tlsHash(kafka, tls);
  return {
    ...record,
    ...(isChangeDone ? { change: { from: change.from, to: { ...change.to, tls } } } : {}),
    ...(isLossDone ? { losses: { content: losses.content, count: losses.count } } : {}),
  };
}

/** While TLS is being turned on, other content of the TLS state is still the same change. */
function leadsTo(kafka: string, { from, to }: Change, tls: TlsState): boolean {
  return isSameTls(kafka, to.tls, tls) || (from.tls === 'off' && tls !== 'off');
}

/** Tells whether a change to this state continues the recorded one, or ends in the same state for clients. */
export function isContinued(kafka: string, to: Side, { change }: ChangeRecord): boolean {
  if (change?.unfinished !== true) return false;
  const [root, recorded] = [to.root, change.to.root];
  if (root === undefined || recorded === undefined) return leadsTo(kafka, change, to.tls);
  return root === recorded && (to.tls === 'off') === (change.to.tls === 'off');
}

/**
 * Tells whether a change reverses the recorded one. Only the previous root reverses a change of root under the same TLS state. If the TLS
 * state changes, too, the root of its issuer may be unknown before certificates are issued.
 */
export function isReversed(kafka: string, { from, to }: Change, { change }: ChangeRecord): boolean {
  if (change === undefined || !isSameTls(kafka, to.tls, change.from.tls)) return false;
  if (change.unfinished !== true && !isSameTls(kafka, from.tls, change.to.tls)) return false;
  if (to.root === undefined) return !isSameTls(kafka, change.from.tls, change.to.tls);
  return to.root === change.from.root;
}
