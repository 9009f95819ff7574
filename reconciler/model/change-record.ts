/**
 * What a Kafka records of the last cut-over or change of root: JSON in one annotation of the Kafka.
 *
 * It is written before the first write of the change and at its end. It answers four questions that the live TLS state cannot answer:
 * whether a change has begun and continues without another acknowledgement, what its reverse is, which acknowledgements were used, and which
 * issuer signed before. The record outlives the KafkaOpsRequests, which users delete. An annotation that is not a record counts as absent, and
 * the plan asks again.
 */
import { isContent } from '#model/acknowledgement';
import { ANNOTATION_CHANGE } from '#model/names';
import { COUNT, type Infer, jsonAs, map, NON_EMPTY, optional, STRINGS, stringThat, valueThat } from '#model/schema';
import { TLS_STATE } from '#model/tls';
import type { Observation } from './observation';

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
export function changeRecordOf({ kafka }: { readonly kafka?: Observation['kafka'] | undefined }): ChangeRecord {
  return jsonAs(CHANGE_RECORD, kafka?.metadata.annotations?.[ANNOTATION_CHANGE] ?? '') ?? { used: [] };
}

/** Returns the text of the annotation. */
export function formatChangeRecord({ change, losses, used }: ChangeRecord): string {
  return JSON.stringify({ change, losses, used });
}
