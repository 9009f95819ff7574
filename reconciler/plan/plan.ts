/**
 * desired x live -> the steps, in order, and why.
 *
 * 1. Preconditions collect what forbids acting on the Kafka at all (`preconditions.ts`).
 * 2. The live state is compared with the desired one, layer by layer (`diff.ts`, `checks/`). A run that was killed anywhere is thereby
 *    continued where it stopped.
 * 3. The differences show which operations are needed (`operations.ts`), which pods have to restart, and whether restarted and not yet
 *    restarted pods can talk (`cutover.ts`).
 * 4. The executor drafts the steps: `native` every write, `ops-request` the requests for KubeDB's ops-manager (`executors/`).
 * 5. Preflight checks report every blocker of these steps before the first change (`preflight/`).
 * 6. The states between the steps show whether every two nodes can talk at every moment (`states/`).
 *
 * Pure, synchronous, deterministic: a bundle, an observation and an instant are enough. The printed plan is executed as it is: an executor
 * may refuse, wait, or restart the pods of one group in another order; it does nothing that is not in the plan. A plan without steps and
 * obstacles means that there is nothing to do.
 */
import type { Bundle } from '#model/bundle';
import { formatIssuerRef, type TlsState, tlsStateOf } from '#model/tls';
import { draftFor } from '../executors/drafts';
import type { ChangeRecord } from '../model/change-record';
import type { Observation } from '../model/observation';
import type { Draft, Obstacle, Plan } from '../model/plan';
import { type Approval, approvalOf } from './acknowledgement';
import { lastPhaseApproval } from './bridge/next-phase';
import { issuingSteps } from './bridge/steps';
import { rootChangeOf, withLaterPhases } from './bridge/summary';
import { completed } from './change-record';
import { lossOf } from './data-loss';
import { compare, convergingFindings, type Diff } from './diff';
import { issuedApproval } from './dual/next-phase';
import { estimateOf } from './estimate';
import { kafkaIsNotReady, withHealthCheck } from './health';
import { retrySteps } from './issuer-manifests';
import { notesOf } from './notes';
import { draftOfFirstPods } from './operations';
import { kafkaRef, type PlanInput } from './plan-input';
import { bySeverity, canPlan, preconditions } from './preconditions';
import { preflight } from './preflight/preflight';
import { withProbe } from './probe';
import { isOurs, unfinished } from './requests';
import { withRootChange } from './root-change';
import { plannedStates } from './states/planned-states';
import { claimOwnershipSteps, recordSteps } from './steps';
import { mismatches } from './verify';

export interface PlanOptions {
  /** Take the Kafka over from another KafkaTls. */
  readonly takeOver?: boolean;
  /** Failures of earlier runs do not count. */
  readonly retry?: boolean;
  /** The plan is only printed. The account that applies it may have other rights. */
  readonly isPreview?: boolean;
}

const NOTHING: Draft = { operation: 'none', steps: [] };

/** Returns what has to be done so that the live state becomes the desired one. */
export function plan(bundle: Bundle, live: Observation, now: Date, options: PlanOptions = {}): Plan {
  const input = withRootChange({ bundle, live, now });
  const isPreview = options.isPreview === true;
  const diff = canPlan(input) ? compare(input, options.retry) : undefined;
  const drafted = diff === undefined ? NOTHING : draftPlan(input, diff, options);
  const found = [...preconditions(input, options.takeOver === true), ...(drafted.obstacles ?? [])];
  const unhealthy = found.length === 0 ? kafkaIsNotReady(input, drafted) : undefined;
  const draft: Draft = { ...drafted, obstacles: unhealthy === undefined ? found : [unhealthy] };
  const checked = preflight(input, draft, isPreview);
  const obstacles = bySeverity([...(draft.obstacles ?? []), ...checked.obstacles]);
  const canBeAppliedElsewhere = isPreview && obstacles.every((o) => o.isAboutPlace === true);
  const { operation, steps, notes = [] } = draft;
  const change = rootChangeOf(input, draft);
  return {
    subject: kafkaRef(live),
    ...change,
    executor: bundle.desired.executor,
    summary: summaryOf(live, bundle.tls),
    ...(live.secrets.some((s) => s.unread !== undefined) ? { isPartial: true } : {}),
    ...(obstacles.length > 0 && !canBeAppliedElsewhere
      ? { operation, steps: [], notes: checked.notes }
      : {
          ...draft,
          ...withLaterPhases(estimateOf(input, draft), change),
          ...(diff === undefined ? {} : plannedStates(input, { ...draft, reissued: diff.reissued })),
          steps,
          notes: [...notes, ...checked.notes],
        }),
    obstacles,
  };
}

function draftPlan(input: PlanInput, diff: Diff, options: PlanOptions): Draft {
  const first = draftOfFirstPods(input, diff);
  if (first !== undefined) return first;
  if (isOnlyIssuanceOpen(input, diff)) return awaitIssuance(input, diff);
  const unresolvable = unresolvableMismatch(input, diff);
  if (unresolvable.length > 0) return { ...NOTHING, obstacles: unresolvable };
  const draft = draftFor(input, diff, options);
  const loss = lossOf(input, diff.cutoverCause, draft.steps);
  const { obstacles, record, acknowledged } = approval(input, diff, loss);
  const wait = draft.steps.length === 0 ? (input.bridge ?? input.dual)?.wait : undefined;
  return withProbe(input, diff, {
    ...withRecord({ ...draft, steps: withHealthCheck(draft.steps, input) }, input, record),
    notes: [...(loss === undefined ? [] : [`Data is lost: ${loss}.`]), ...(draft.notes ?? [])],
    ...(acknowledged === undefined ? {} : { acknowledged }),
    obstacles: [...obstacles, ...(draft.obstacles ?? []), ...(wait === undefined ? [] : [wait])],
  });
}

/** A change of root without a cut-over needs approval for the phase from which on clients need the new root. */
function approval(input: PlanInput, { cutoverCause }: Diff, loss: string | undefined): Approval {
  const { bridge, dual } = input;
  if (bridge?.target === 'new') return lastPhaseApproval(input, bridge);
  if (dual?.target === 'issued' && dual.phase === 'both') return issuedApproval(input, dual, loss);
  return approvalOf(input, cutoverCause, loss);
}

/** Adds the steps that record a change: before its first write, and when everything is verified. */
function withRecord(draft: Draft, input: PlanInput, record: ChangeRecord): Draft {
  const { begin, end } = recordSteps(input, record, completed(record, input.live.name, input.bundle.tls));
  if (begin.length === 0 && end.length === 0) return draft;
  const firstOther = draft.steps.findIndex((s) => s.kind !== 'claimOwnership');
  const at = firstOther === -1 ? draft.steps.length : firstOther;
  const steps = [...draft.steps.slice(0, at), ...begin, ...draft.steps.slice(at), ...end];
  return { ...draft, operation: draft.operation === 'none' ? 'tidy' : draft.operation, steps };
}

function summaryOf(live: Observation, wants: TlsState): string {
  const words = (state: TlsState) => (state === 'off' ? 'off' : `on (issuer ${formatIssuerRef(state.issuerRef)})`);
  const has = live.kafka === undefined ? 'no Kafka' : words(tlsStateOf(live.kafka.spec));
  return has === words(wants) ? `TLS: ${has}` : `TLS: ${has} -> ${words(wants)}`;
}

/**
 * cert-manager is issuing certificates that are as desired: a renewal, or KubeDB triggered it. The issuance ends without a step of ours, and
 * only its result shows which pods have to restart.
 */
function isOnlyIssuanceOpen({ bundle, live }: PlanInput, diff: Diff): boolean {
  const isUnderWay = unfinished(live.requests).some((r) => isOurs(r, bundle.desired.owner));
  return !isUnderWay && diff.issuanceInProgress.length > 0 && convergingFindings(diff).length === 0;
}

function awaitIssuance(input: PlanInput, { issuanceInProgress }: Diff): Draft {
  const waits = issuanceInProgress.map((f) => ({ kind: 'awaitReady' as const, subject: f.subject, findings: [f] }));
  const steps = [...claimOwnershipSteps(input), ...issuingSteps(input), ...retrySteps(input, issuanceInProgress), ...waits];
  return { operation: 'tidy', steps, notes: notesOf(input, 0) };
}

/**
 * Returns the mismatches that no step resolves: an issuer leaves wanted names out, or a pod serves the certificate in its Secret and that is
 * expired or for other names.
 */
function unresolvableMismatch({ bundle, live }: PlanInput, diff: Diff): readonly Obstacle[] {
  const resolvable = [...convergingFindings(diff), ...diff.issuanceInProgress, ...diff.rotation, ...diff.pods];
  if (resolvable.length > 0) return [];
  if (diff.dropped.length > 0) return diff.dropped.map(({ subject, message }) => ({ kind: 'failed', subject, message, hint: ALLOW_NAMES }));
  const wrong = mismatches(live, bundle.tls).find((m) => !m.isUnknown);
  if (wrong === undefined) return [];
  const message = `${wrong.problem}, although every change that was asked for is complete`;
  return [{ kind: 'failed', subject: wrong.subject, message, hint: 'Look at the certificate in its Secret, at its issuer and CA.' }];
}

const ALLOW_NAMES = 'Let the issuer allow these names, then run "kafka-tls apply --retry"; or name another issuer in the KafkaTls.';
