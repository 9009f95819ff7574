/**
 * Which changes have to be acknowledged in Git before they begin, and what the Kafka remembers of them.
 *
 * A cut-over needs no acknowledgement where it goes on with a change that was begun, or reverses the last one: a revert must work at any
 * hour. Lost data comes back by no revert, so that every loss needs an acknowledgement of its own. A short form approves one change only;
 * it is then recorded as used (`change-record.ts`).
 */
import { type Acknowledged, formatAcknowledgement } from '#model/acknowledgement';
import { KINDS, ref } from '#model/kube-object';
import { formatIssuerRef, type TlsState, tlsHash, tlsStateOf } from '#model/tls';
import { isSameTls } from '#model/tls-effect';
import type { Observation } from '../model/observation';
import type { Obstacle } from '../model/plan';
import { type Change, type ChangeRecord, changeRecordOf, isContinued, isReversed, type Side } from './change-record';
import { type CutoverCause, isSelfSigned, issuerRoot, type ServedExpired, servedRoot } from './cutover';
import type { PlanInput } from './plan-input';
import { isRootShownLater } from './probe';

/** Whether a change may begin. */
export interface Approval {
  /** What was acknowledged for it. */
  readonly acknowledged?: readonly Acknowledged[];
  /** Acknowledgements that are missing. */
  readonly obstacles: readonly Obstacle[];
  /** What the Kafka has to remember before the change begins. */
  readonly record: ChangeRecord;
}

/** Returns whether a plan may begin that cuts nodes or clients off (`cut`), or loses data (`loss`: why). */
export function approvalOf(input: PlanInput, cut: CutoverCause | undefined, loss: string | undefined): Approval {
  const none: Approval = { obstacles: [], record: changeRecordOf(input.live) };
  const ofCut = cut === undefined || !needsApproval(cut, input.live) ? none : approvalOfCut(input, cut, none.record);
  const ofLoss = loss === undefined ? { ...none, record: ofCut.record } : approvalOfLoss(input, loss, ofCut.record);
  const acknowledged = [...(ofCut.acknowledged ?? []), ...(ofLoss.acknowledged ?? [])];
  return {
    ...(acknowledged.length === 0 ? {} : { acknowledged }),
    obstacles: [...ofCut.obstacles, ...ofLoss.obstacles],
    record: ofLoss.record,
  };
}

type AcknowledgedCut = Exclude<CutoverCause, ServedExpired>;

/**
 * Clients lose nothing with what has expired, since they refuse it already. A selfSigned issuer is refused for its type
 * (`preflight/issuer-types.ts`): no acknowledgement makes it an issuer for brokers.
 */
function needsApproval(cut: CutoverCause, live: Observation): cut is AcknowledgedCut {
  return cut.kind !== 'expired' && !(cut.kind === 'trust' && isSelfSigned(live, cut.issuer));
}

function approvalOfCut(input: PlanInput, cut: AcknowledgedCut, record: ChangeRecord): Approval {
  const { name: kafka } = input.live;
  const change = changeOf(input, cut, record);
  const fitting = fittingAcknowledgements(cut, input);
  const isUnused = (a: Acknowledged) => !isUsedUp(a, cut, record);
  const given = firstGiven(input, fitting.filter(isUnused));
  const acknowledged = given === undefined ? {} : { acknowledged: [given] };
  const begun = { ...record, change: { ...change, unfinished: true as const } };
  if (isContinued(kafka, change.to, record)) return { ...acknowledged, obstacles: [], record: begun };
  if (isReversed(kafka, change, record)) return { ...acknowledged, obstacles: [], record: begun };
  if (given === undefined) return { obstacles: [missing(input, `${cut.because}: ${whoIsAffected(cut)}`, fitting.find(isUnused))], record };
  return { ...acknowledged, obstacles: [], record: { ...begun, used: withUsed(record.used, given) } };
}

/** From the second loss on its number is part of the acknowledgement: the one before stays in Git. */
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

/** Returns the change that a cut means. One that is unfinished is there in part: what goes on with it has its beginning, what goes back its end. */
function changeOf({ bundle, live }: PlanInput, cut: AcknowledgedCut, record: ChangeRecord): Change {
  const { change } = record;
  const { tls } = bundle;
  const to = side(tls, cut.kind === 'trust' ? cut.root : tls === 'off' ? undefined : issuerRoot(live, tls));
  if (change !== undefined && isContinued(live.name, to, record)) return { from: change.from, to: { ...change.to, tls } };
  if (change?.unfinished === true && isSameTls(live.name, change.from.tls, tls)) return { from: change.to, to };
  const has = tlsStateOf(live.kafka?.spec);
  // The spec is as desired, and pods are not: TLS was off before.
  const isOnlySpec = cut.kind === 'protocol' && isSameTls(live.name, has, tls);
  return { from: isOnlySpec ? { tls: 'off' } : side(has, servedRoot(live)), to };
}

function side(tls: TlsState, root: { readonly publicKey: string } | undefined): Side {
  return root === undefined ? { tls } : { tls, root: root.publicKey };
}

/** Returns the acknowledgements that approve a cut, the one to ask for first. */
function fittingAcknowledgements(cut: AcknowledgedCut, input: PlanInput): readonly Acknowledged[] {
  const { bundle, live } = input;
  if (cut.kind === 'trust') {
    // Which root it is shows before the first change (`probe.ts`), and is held against these then.
    const isShownLater = cut.root === undefined && isRootShownLater(input);
    return [
      ...(isShownLater ? bundle.desired.acknowledge.filter((a) => a.root !== undefined) : []),
      ...(cut.root === undefined ? [] : [{ kind: 'trustRootChangesTo' as const, root: cut.root.fingerprint }]),
      // The root of the same issuer is not named by the issuer's name: it would approve every later root, too.
      ...(cut.isOtherIssuer ? [{ kind: 'trustRootChangesTo' as const, issuer: cut.issuer.name }] : []),
    ];
  }
  const kind = cut.to === 'tls' ? 'clientsMoveToTls' : 'clientsLeaveTls';
  const tls = cut.to === 'tls' ? bundle.tls : tlsStateOf(live.kafka?.spec);
  return [{ kind }, { kind, content: tlsHash(live.name, tls) }];
}

/** A short form approves one change. The name of an issuer is asked for again where the root is not known before. */
function isUsedUp(a: Acknowledged, cut: AcknowledgedCut, { used }: ChangeRecord): boolean {
  if (a.root !== undefined || a.content !== undefined) return false;
  return used.includes(formatAcknowledgement(a)) && !(cut.kind === 'trust' && cut.root === undefined);
}

function withUsed(used: readonly string[], a: Acknowledged): readonly string[] {
  if (a.root !== undefined || a.content !== undefined) return used;
  return [...new Set([...used, formatAcknowledgement(a)])].sort();
}

function missing({ live }: PlanInput, message: string, wanted: Acknowledged | undefined): Obstacle {
  return {
    kind: 'invalid',
    subject: ref(KINDS.Kafka, live.namespace, live.name),
    message: `${message}, and that is not acknowledged`,
    hint: howToAcknowledge(wanted),
  };
}

function howToAcknowledge(wanted: Acknowledged | undefined): string {
  if (wanted === undefined)
    return 'When that is arranged, acknowledge the SHA-256 of the new root with Acknowledgement.trustRootChangesTo.';
  const when = wanted.kind === 'ephemeralDataIsLost' ? 'If the data may be lost' : 'When that is arranged';
  return `${when}, add acknowledge: [${formatAcknowledgement(wanted)}] to its Tls and commit.`;
}

function whoIsAffected(cut: AcknowledgedCut): string {
  if (cut.kind === 'trust') {
    const root = cut.root === undefined ? `of ${formatIssuerRef(cut.issuer)}` : `with SHA-256 ${cut.root.fingerprint}`;
    return `every client has to trust the root ${root}`;
  }
  return cut.to === 'tls' ? 'every client has to connect with TLS from then on' : 'every client has to connect without TLS from then on';
}
