/**
 * Which changes must be acknowledged in Git before they begin, and what the Kafka records of them.
 *
 * A cut-over needs no acknowledgement if it continues a change that has begun, or reverses the last one: a revert must work at any hour. No
 * revert restores lost data, so every loss needs a separate acknowledgement. A short form approves one change; it is then recorded as used
 * (`change-record.ts`).
 */

import { type Acknowledged, formatAcknowledgement } from '#model/acknowledgement';
import { capabilitiesOf } from '#model/capabilities';
import { formatIssuerRef, type TlsState, tlsHash, tlsStateOf } from '#model/tls';
import { isSameTls } from '#model/tls-effect';
import { type Change, type ChangeRecord, changeRecordOf, type Side } from '../model/change-record';
import type { Observation } from '../model/observation';
import type { Obstacle } from '../model/plan';
import { isContinued, isReversed } from './change-record';
import { type CutoverCause, issuerRoot, type ServedExpired, servedRoot } from './cutover';
import { isSelfSigned } from './issuers';
import { kafkaRef, type PlanInput } from './plan-input';
import { isRootShownLater } from './probe';

/** Whether a change may begin. */
export interface Approval {
  /** Acknowledgements that approve it. */
  readonly acknowledged?: readonly Acknowledged[];
  /** Acknowledgements that are missing. */
  readonly obstacles: readonly Obstacle[];
  /** What the Kafka must record before the change begins. */
  readonly record: ChangeRecord;
}

/** Returns whether a plan may begin that is a cut-over (`cause`), or loses data (`loss`: why). */
export function approvalOf(input: PlanInput, cause: CutoverCause | undefined, loss: string | undefined): Approval {
  const none: Approval = { obstacles: [], record: changeRecordOf(input.live) };
  const ofCut = cause === undefined || !needsApproval(cause, input.live) ? none : approvalOfCutover(input, cause, none.record);
  const ofLoss = loss === undefined ? { ...none, record: ofCut.record } : approvalOfLoss(input, loss, ofCut.record);
  const acknowledged = [...(ofCut.acknowledged ?? []), ...(ofLoss.acknowledged ?? [])];
  return {
    ...(acknowledged.length === 0 ? {} : { acknowledged }),
    obstacles: [...ofCut.obstacles, ...ofLoss.obstacles],
    record: ofLoss.record,
  };
}

type ApprovedCause = Exclude<CutoverCause, ServedExpired>;

/**
 * An expired certificate needs no approval, because clients refuse it already. A selfSigned issuer is refused for its type
 * (`preflight/issuers.ts`): no acknowledgement makes it an issuer for brokers.
 */
function needsApproval(cause: CutoverCause, live: Observation): cause is ApprovedCause {
  return cause.kind !== 'expired' && !(cause.kind === 'root' && isSelfSigned(live, cause.issuer));
}

function approvalOfCutover(input: PlanInput, cause: ApprovedCause, record: ChangeRecord): Approval {
  const { name: kafka } = input.live;
  const change = changeOf(input, cause, record);
  const fitting = fittingAcknowledgements(cause, input);
  const isUnused = (a: Acknowledged) => !isUsedUp(a, cause, record);
  const given = firstGiven(input, fitting.filter(isUnused));
  const acknowledged = given === undefined ? {} : { acknowledged: [given] };
  const begun = { ...record, change: { ...change, unfinished: true as const } };
  if (isContinued(kafka, change.to, record)) return { ...acknowledged, obstacles: [], record: begun };
  if (isReversed(kafka, change, record)) return { ...acknowledged, obstacles: [], record: begun };
  if (given === undefined && cause.kind === 'root' && cause.isTrusted === true) return { obstacles: [], record: begun };
  if (given === undefined) {
    const obstacle = missing(input, `${cause.because}: ${whoIsAffected(cause)}`, fitting.find(isUnused));
    return { obstacles: [{ ...obstacle, hint: `${obstacle.hint}${withoutOutage(input, cause)}` }], record };
  }
  return { ...acknowledged, obstacles: [], record: { ...begun, used: withUsed(record.used, given) } };
}

/** From the second loss on, the acknowledgement has a number, because the earlier one stays in Git. */
function approvalOfLoss(input: PlanInput, loss: string, record: ChangeRecord): Approval {
  const content = tlsHash(input.live.name, input.bundle.tls);
  const { losses = { content, count: 0 } } = record;
  if (losses.unfinished === true && losses.content === content) return { obstacles: [], record };
  const count = losses.count + 1;
  const needed: Acknowledged = { kind: 'ephemeralDataIsLost', content: count === 1 ? content : `${content}-${count}` };
  const given = firstGiven(input, [needed]);
  if (given === undefined) return { obstacles: [missing(input, loss, needed)], record };
  return { acknowledged: [given], obstacles: [], record: { ...record, losses: { content, count, unfinished: true } } };
}

function firstGiven({ bundle }: PlanInput, fitting: readonly Acknowledged[]): Acknowledged | undefined {
  const forms = fitting.map(formatAcknowledgement);
  return bundle.desired.acknowledge.find((a) => forms.includes(formatAcknowledgement(a)));
}

/** Returns the change of a cut-over. One that continues an unfinished change has the same begin, one that reverses it starts from its end. */
function changeOf({ bundle, live }: PlanInput, cause: ApprovedCause, record: ChangeRecord): Change {
  const { change } = record;
  const { tls } = bundle;
  const to = side(tls, cause.kind === 'root' ? cause.root : tls === 'off' ? undefined : issuerRoot(live, tls));
  if (change !== undefined && isContinued(live.name, to, record)) return { from: change.from, to: { ...change.to, tls } };
  if (change?.unfinished === true && isSameTls(live.name, change.from.tls, tls)) return { from: change.to, to };
  const has = tlsStateOf(live.kafka?.spec);
  if (cause.kind === 'root' && cause.from !== undefined) return { from: cause.from, to };
  // The spec is as desired and the pods are not, so TLS was off before.
  const isOnlySpec = cause.kind === 'protocol' && isSameTls(live.name, has, tls);
  return { from: isOnlySpec ? { tls: 'off' } : side(has, servedRoot(live)), to };
}

function side(tls: TlsState, root: { readonly publicKey: string } | undefined): Side {
  return root === undefined ? { tls } : { tls, root: root.publicKey };
}

/** Returns the acknowledgements that approve a cut-over, the one to ask for first. */
function fittingAcknowledgements(cause: ApprovedCause, input: PlanInput): readonly Acknowledged[] {
  const { bundle, live } = input;
  if (cause.kind === 'root') {
    // A certificate request shows the root before the first change (`probe.ts`), and the next plan compares it with these.
    const isShownLater = cause.root === undefined && isRootShownLater(input);
    return [
      ...(isShownLater ? bundle.desired.acknowledge.filter((a) => a.root !== undefined) : []),
      ...(cause.root === undefined ? [] : [{ kind: 'trustRootChangesTo' as const, root: cause.root.fingerprint }]),
      // The name of an unchanged issuer approves nothing, because it would approve every later root, too.
      ...(cause.isOtherIssuer ? [{ kind: 'trustRootChangesTo' as const, issuer: cause.issuer.name }] : []),
    ];
  }
  const kind = cause.to === 'tls' ? 'clientsMoveToTls' : 'clientsLeaveTls';
  const tls = cause.to === 'tls' ? bundle.tls : tlsStateOf(live.kafka?.spec);
  return [{ kind }, { kind, content: tlsHash(live.name, tls) }];
}

/** A short form approves one change. The name of an issuer can approve again where the root is unknown before. */
function isUsedUp(a: Acknowledged, cause: ApprovedCause, { used }: ChangeRecord): boolean {
  if (a.root !== undefined || a.content !== undefined) return false;
  return used.includes(formatAcknowledgement(a)) && !(cause.kind === 'root' && cause.root === undefined);
}

function withUsed(used: readonly string[], a: Acknowledged): readonly string[] {
  if (a.root !== undefined || a.content !== undefined) return used;
  return [...new Set([...used, formatAcknowledgement(a)])].sort();
}

function missing({ live }: PlanInput, message: string, wanted: Acknowledged | undefined): Obstacle {
  return {
    kind: 'invalid',
    subject: kafkaRef(live),
    message: `${message}, and that is not acknowledged`,
    hint: howToAcknowledge(wanted),
  };
}

function howToAcknowledge(wanted: Acknowledged | undefined): string {
  if (wanted === undefined)
    return 'When that is prepared, acknowledge the SHA-256 of the new root with Acknowledgement.trustRootChangesTo.';
  const when = wanted.kind === 'ephemeralDataIsLost' ? 'If the data may be lost' : 'When that is prepared';
  return `${when}, add acknowledge: [${formatAcknowledgement(wanted)}] to its Tls and commit.`;
}

/** KubeDB restarts pods as soon as certificates are issued, so no root can be added to what they trust before that. */
function withoutOutage({ bundle }: PlanInput, cause: ApprovedCause): string {
  if (cause.kind !== 'root' || cause.isLed === true || !capabilitiesOf(bundle.desired).needsOpsManager) return '';
  return ' Two ways have no outage: TlsIssuer.selfSignedCa() before and after, or Executor.native() where no ops-manager runs.';
}

function whoIsAffected(cause: ApprovedCause): string {
  if (cause.kind === 'root') {
    const root = cause.root === undefined ? `of ${formatIssuerRef(cause.issuer)}` : `with SHA-256 ${cause.root.fingerprint}`;
    return `every client must trust the root ${root}`;
  }
  return cause.to === 'tls' ? 'every client must connect with TLS from then on' : 'every client must connect without TLS from then on';
}
