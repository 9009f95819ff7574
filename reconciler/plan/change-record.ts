/**
 * What a Kafka remembers of the last change that cut nodes or clients off: JSON in one annotation of the Kafka.
 *
 * It is written before the first write of the change and once more at its end. From it follow three answers that the live TLS state cannot
 * give: whether a change was begun and goes on without being asked for again, what its reverse is, and which acknowledgements were used.
 * The record outlives the KafkaOpsRequests, which users delete. An annotation that is not a record counts as absent: then nothing is
 * remembered, and the plan asks again.
 */

import { isContent } from '#model/acknowledgement';
import { ANNOTATION_CHANGE } from '#model/names';
import { COUNT, type Infer, isValid, map, NON_EMPTY, optional, STRINGS, stringThat, valueThat } from '#model/schema';
import { TLS_STATE, type TlsState, tlsHash } from '#model/tls';
import { isSameTls } from '#model/tls-effect';
import type { Observation } from '../model/observation';

const SIDE = map({
  tls: TLS_STATE,
  /** Public key of the root certificate (see `CertificateFacts.publicKey`); absent without TLS, and where it is not known. */
  root: optional(NON_EMPTY),
});
/** One end of a change, as far as clients see it. */
export type Side = Infer<typeof SIDE>;

const CHANGE = map({ from: SIDE, to: SIDE });
export type Change = Infer<typeof CHANGE>;

const LOSSES = map({ content: stringThat('a content hash', isContent), count: COUNT });
/** How often ephemeral data was lost, and the content hash of the TLS state that it was lost for last. */
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

const NOTHING: ChangeRecord = { used: [] };

/** Returns what the Kafka remembers. */
export function changeRecordOf({ kafka }: Pick<Observation, 'kafka'>): ChangeRecord {
  const text = kafka?.metadata.annotations?.[ANNOTATION_CHANGE];
  if (text === undefined) return NOTHING;
  try {
    const value: unknown = JSON.parse(text);
    return isValid(CHANGE_RECORD, value) ? value : NOTHING;
  } catch {
    return NOTHING;
  }
}

/** Returns the text of the annotation. */
export function formatChangeRecord({ change, losses, used }: ChangeRecord): string {
  return JSON.stringify({ change, losses, used });
}

/** Returns the record when nothing that leads to this TLS state is unfinished any more. */
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

/** While TLS is being turned on, other content of the TLS state makes it no other change. */
function leadsTo(kafka: string, { from, to }: Change, tls: TlsState): boolean {
  return isSameTls(kafka, to.tls, tls) || (from.tls === 'off' && tls !== 'off');
}

/** Tells whether a change to this side goes on with the recorded one, or is another one with the same end for clients. */
export function isContinued(kafka: string, to: Side, { change }: ChangeRecord): boolean {
  if (change?.unfinished !== true) return false;
  const [root, recorded] = [to.root, change.to.root];
  if (root === undefined || recorded === undefined) return leadsTo(kafka, change, to.tls);
  return root === recorded && (to.tls === 'off') === (change.to.tls === 'off');
}

/**
 * Tells whether a change reverses the recorded one. A change of root under the same TLS state is reversed only by the root that was there
 * before. Where the TLS state changes, too, the root of its issuer may be unknown before certificates are issued.
 */
export function isReversed(kafka: string, { from, to }: Change, { change }: ChangeRecord): boolean {
  if (change === undefined || !isSameTls(kafka, to.tls, change.from.tls)) return false;
  if (change.unfinished !== true && !isSameTls(kafka, from.tls, change.to.tls)) return false;
  if (to.root === undefined) return !isSameTls(kafka, change.from.tls, change.to.tls);
  return to.root === change.from.root;
}
