/**
 * What a Kafka records of the last cut-over: JSON in one annotation of the Kafka.
 *
 * It is written before the first write of the change and at its end. It answers three questions that the live TLS state cannot answer:
 * whether a change has begun and continues without another acknowledgement, what its reverse is, and which acknowledgements were used. The
 * record outlives the KafkaOpsRequests, which users delete. An annotation that is not a record counts as absent, and the plan asks again.
 */

import { isContent } from '#model/acknowledgement';
import { ANNOTATION_CHANGE } from '#model/names';
import { COUNT, type Infer, jsonAs, map, NON_EMPTY, optional, STRINGS, stringThat, valueThat } from '#model/schema';
import { TLS_STATE, type TlsState, tlsHash } from '#model/tls';
import { isSameTls } from '#model/tls-effect';
import type { Observation } from '../model/observation';

const SIDE = map({
  tls: TLS_STATE,
  /** Public key of the root certificate (see `CertificateFacts.publicKey`); absent without TLS, and where it is unknown. */
  root: optional(NON_EMPTY),
});
/** The state before or after a change, as clients notice it. */
export type Side = Infer<typeof SIDE>;

const CHANGE = map({ from: SIDE, to: SIDE });
export type Change = Infer<typeof CHANGE>;

const LOSSES = map({ content: stringThat('a content hash', isContent), count: COUNT });
/** How often ephemeral data was lost, and the content hash of the TLS state of the last loss. */
export type Losses = Infer<typeof LOSSES>;

/** Present while the change is not complete. */
const UNFINISHED = optional(valueThat<true>('true', (value) => value === true));

const CHANGE_RECORD = map({
  /** The last cut-over. */
  change: optional(map({ ...CHANGE.entries, unfinished: UNFINISHED })),
  losses: optional(map({ ...LOSSES.entries, unfinished: UNFINISHED })),
  /** Acknowledgements in their short forms that approved a change, as they are printed. */
  used: STRINGS,
});
export type ChangeRecord = Infer<typeof CHANGE_RECORD>;

/** Returns the record of a Kafka. */
export function changeRecordOf({ kafka }: Pick<Observation, 'kafka'>): ChangeRecord {
  return jsonAs(CHANGE_RECORD, kafka?.metadata.annotations?.[ANNOTATION_CHANGE] ?? '') ?? { used: [] };
}

/** Returns the text of the annotation. */
export function formatChangeRecord({ change, losses, used }: ChangeRecord): string {
  return JSON.stringify({ change, losses, used });
}

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
