/** Notes of a plan: what a reader should know besides the steps. */
import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import { formatRef, isEqual, KINDS, refOf } from '#model/kube-object';
import { LABEL_KAFKA } from '#model/names';
import type { Fields } from '#model/plain-data';
import { issuanceFailure, statusOf } from '../model/object-status';
import type { Observation } from '../model/observation';
import { droppedNameFindings } from './checks/secrets';
import type { PlanInput } from './plan-input';
import { expiredAt } from './served';
import { trustBundleNotes } from './trust-bundle-steps';

/** Returns notes on how restarts are ordered and gated, and on what was left unchanged. `isUnderWay`: KubeDB has begun, so its gates were asked. */
export function notesOf(input: PlanInput, restarts: number, isUnderWay = false): readonly string[] {
  const { bundle, live } = input;
  const notes: string[] = [];
  if (restarts > 0 && !capabilitiesOf(bundle.desired).gatesBetweenPods) {
    const when = isUnderWay ? 'no gate is asked between pods' : 'gates are asked once, before the first restart, and not between pods';
    notes.push(`KubeDB decides the order of restarts; ${when}.`);
  }
  const areGatesAsked = !live.pods.every((p) => expiredAt(p, input.now) !== undefined);
  if (restarts > 0 && !isUnderWay && areGatesAsked && 'unknown' in live.facts) {
    const isRefused = bundle.desired.unknownHealthPolicy === 'refuse';
    const what = isRefused ? 'no pod may restart' : 'gates rely on pod readiness alone';
    notes.push(`Broker health unknown (${live.facts.unknown}): ${what}.`);
  }
  return [
    ...notes,
    // While the root changes, its CA signs certificates.
    ...(input.bridge === undefined && input.dual === undefined ? keptCas(bundle, live) : []),
    ...foreignDifferences(bundle, live),
    ...trustBundleNotes(input),
    ...failedRenewals(live),
    ...droppedNames(input),
    ...pendingRotation(bundle, live),
  ];
}

/** A CA is never deleted, because leaves that it signed may still be in use. */
function keptCas({ issuerManifests }: Bundle, live: Observation): readonly string[] {
  const isWanted = (name: string) => issuerManifests.some((m) => m.kind === KINDS.Certificate.kind && m.metadata.name === name);
  const kept = live.certificates.filter(
    (c) => c.spec?.isCA === true && c.metadata.labels?.[LABEL_KAFKA] === live.name && !isWanted(c.metadata.name),
  );
  return kept.map(
    (c) =>
      `No longer wanted, but kept: ${formatRef(refOf(c))} and its Secret ${c.spec?.secretName}. Delete them when no client trusts this CA.`,
  );
}

/** Fields of a declared Kafka outside of TLS are reported, never applied. */
function foreignDifferences({ kafka }: Bundle, live: Observation): readonly string[] {
  if (kafka === undefined || live.kafka === undefined) return [];
  const has: Fields = live.kafka.spec ?? {};
  const declared: Fields = kafka.spec ?? {};
  const fields = Object.keys(declared).filter((f) => f !== 'tls' && f !== 'enableSSL' && !containsAll(has[f], declared[f]));
  if (fields.length === 0) return [];
  return [
    `Not TLS, left unchanged: spec.${fields.join(', spec.')} of the live Kafka differ${fields.length === 1 ? 's' : ''} from the declaration.`,
  ];
}

/** A live object has the declared fields, and more that a server added. */
function containsAll(has: unknown, declared: unknown): boolean {
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) return isEqual(has, declared);
  return Object.entries(declared).every(([key, value]) => containsAll((has as Record<string, unknown> | undefined)?.[key], value));
}

/** The current certificate is still valid, but cert-manager failed to renew it. */
function failedRenewals({ certificates }: Observation): readonly string[] {
  return certificates.flatMap((c) => {
    const { state, reason } = statusOf(c);
    return state === 'Current' && issuanceFailure(c) !== undefined ? [`${formatRef(refOf(c))}: ${reason}.`] : [];
  });
}

/** Dropped names block no other work: a certificate that lacks a name is better than an expired one. */
function droppedNames(input: PlanInput): readonly string[] {
  return droppedNameFindings(input).map((f) => `${formatRef(f.subject)}: ${f.message}.`);
}

function pendingRotation({ desired }: Bundle, live: Observation): readonly string[] {
  const { issuedAfter } = desired;
  const isPending = issuedAfter !== undefined && Date.parse(issuedAfter) > Date.parse(live.observedAt);
  return isPending ? [`A rotation is pending: issuedAfter is ${issuedAfter}.`] : [];
}
