/**
 * What a Kafka records of reloads: JSON in one annotation of the Kafka.
 *
 * A node that did not load a certificate while it ran is not asked for it again: the next plan restarts its pod. The record counts for this
 * certificate and this pod only. All other progress of a rotation is read off what the nodes serve. An annotation that is not a record counts as absent.
 */
import type { Desired } from '#model/desired';
import { ANNOTATION_RELOAD } from '#model/names';
import { type Infer, jsonAs, map, NON_EMPTY, optional, record, STRING } from '#model/schema';
import type { PodFacts, PodObservation } from '../model/observation';

const RELOAD_RECORD = map({
  /** Fingerprint of the certificate that nodes did not load. */
  leaf: NON_EMPTY,
  /** Why a node did not load it, by the uid of its pod. */
  refused: record(STRING),
  /** Set when a rotation issued this certificate and it was due again at once: its issuer backdates. */
  stillDue: optional(map({ why: STRING, asked: STRING })),
});
export type ReloadRecord = Infer<typeof RELOAD_RECORD>;

/** Returns the record of a certificate. */
export function reloadRecordOf({ kafka }: Pick<PodObservation, 'kafka'>, leaf: string): ReloadRecord {
  const found = jsonAs(RELOAD_RECORD, kafka?.metadata.annotations?.[ANNOTATION_RELOAD] ?? '');
  return found?.leaf === leaf ? found : { leaf, refused: {} };
}

/** Returns the text of the annotation after a pod has refused a certificate. */
export function withRefusal(given: ReloadRecord, { uid }: Pick<PodFacts, 'uid'>, because: string): string {
  return JSON.stringify({ ...given, refused: { ...given.refused, [uid]: because } } satisfies ReloadRecord);
}

/** Returns the text of the annotation after a rotation that issued this certificate and left it due. */
export function stillDueRecord(leaf: string, desired: Desired, why: string): string {
  return JSON.stringify({ leaf, refused: {}, stillDue: { why, asked: askedBy(desired) } } satisfies ReloadRecord);
}

/** Returns why another rotation to the same end would not help, if one has issued this certificate and left it due. */
export function stillDueFor({ stillDue }: ReloadRecord, desired: Desired): string | undefined {
  return stillDue?.asked === askedBy(desired) ? stillDue.why : undefined;
}

function askedBy({ issuedAfter = '', beforeExpiry = '' }: Desired): string {
  return `${issuedAfter} ${beforeExpiry}`;
}
