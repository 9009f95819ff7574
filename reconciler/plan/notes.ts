/** What a reader of a plan should know besides its steps. */

import type { Bundle } from '#model/bundle';
import { formatRef, isEqual, KINDS, refOf } from '#model/kube-object';
import { LABEL_KAFKA } from '#model/names';
import type { Fields } from '#model/plain-data';
import { issuanceFailure, statusOf } from '../model/object-status';
import type { Observation } from '../model/observation';
import { droppedNameFindings } from './checks/names';
import { expiredAt } from './dates';
import type { PlanInput } from './plan-input';
import { trustNotes } from './trust-bundle-steps';

/** Returns notes: who orders and gates the restarts, what was left alone. What KubeDB is at work on already is past its gates. */
export function notesOf(input: PlanInput, restarts: number, isUnderWay = false): readonly string[] {
  const { bundle, live } = input;
  const notes: string[] = [];
  if (restarts > 0 && bundle.desired.executor === 'ops-request') {
    const when = isUnderWay ? ', and it is not gated between pods' : ': gates are asked once, before it begins, and not between pods';
    notes.push(`The order is KubeDB's${when}.`);
  }
  const areGatesAsked = !live.pods.every((p) => expiredAt(p, input.now) !== undefined);
  if (restarts > 0 && !isUnderWay && areGatesAsked && 'unknown' in live.facts) {
    const isRefused = bundle.desired.unknownHealthPolicy === 'refuse';
    const what = isRefused ? 'No pod may restart' : 'Gates rest on pod readiness alone';
    notes.push(`${what} while Kafka's own facts cannot be had: ${live.facts.unknown}.`);
  }
  return [
    ...notes,
    ...keptCas(bundle, live),
    ...foreignDifferences(bundle, live),
    ...trustNotes(input),
    ...failedRenewals(live),
    ...droppedNames(input),
    ...pendingRotation(bundle, live),
  ];
}

/** A CA is never deleted: leaves that it signed may still be trusted somewhere. Who no longer wants it is told that it is there. */
function keptCas({ issuerManifests }: Bundle, live: Observation): readonly string[] {
  const isWanted = (name: string) => issuerManifests.some((m) => m.kind === KINDS.Certificate.kind && m.metadata.name === name);
  const kept = live.certificates.filter(
    (c) => c.spec?.isCA === true && c.metadata.labels?.[LABEL_KAFKA] === live.name && !isWanted(c.metadata.name),
  );
  return kept.map(
    (c) =>
      `Kept, though no longer wanted: ${formatRef(refOf(c))} and its Secret ${c.spec?.secretName}. Delete them when nobody trusts them any more.`,
  );
}

/** Fields of a declared Kafka that are not TLS are other operations: reported, never applied. */
function foreignDifferences({ kafka }: Bundle, live: Observation): readonly string[] {
  if (kafka === undefined || live.kafka === undefined) return [];
  const has: Fields = live.kafka.spec ?? {};
  const declared: Fields = kafka.spec ?? {};
  const fields = Object.keys(declared).filter((f) => f !== 'tls' && f !== 'enableSSL' && !containsAll(has[f], declared[f]));
  if (fields.length === 0) return [];
  return [
    `Not TLS, left alone: spec.${fields.join(', spec.')} of the live Kafka differ${fields.length === 1 ? 's' : ''} from what is declared.`,
  ];
}

/** A live object holds what was declared, plus what a server added. */
function containsAll(has: unknown, declared: unknown): boolean {
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) return isEqual(has, declared);
  return Object.entries(declared).every(([key, value]) => containsAll((has as Record<string, unknown> | undefined)?.[key], value));
}

/** Nothing is to be done while the old certificate is valid, but cert-manager will not renew it either. */
function failedRenewals({ certificates }: Observation): readonly string[] {
  return certificates.flatMap((c) => {
    const { state, reason } = statusOf(c);
    return state === 'Current' && issuanceFailure(c) !== undefined ? [`${formatRef(refOf(c))}: ${reason}.`] : [];
  });
}

/** Other work goes on: a certificate that lacks a name is better than one that has expired. */
function droppedNames(input: PlanInput): readonly string[] {
  return droppedNameFindings(input).map((f) => `${formatRef(f.subject)}: ${f.message}.`);
}

function pendingRotation({ desired }: Bundle, live: Observation): readonly string[] {
  const { issuedAfter } = desired;
  const isPending = issuedAfter !== undefined && Date.parse(issuedAfter) > Date.parse(live.observedAt);
  return isPending ? [`A rotation is pending: issuedAfter is ${issuedAfter}.`] : [];
}
