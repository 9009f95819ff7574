/**
 * desired x live -> what will be done, in order, and why.
 *
 * 1. What forbids acting on the Kafka at all is collected (`obstacles.ts`).
 * 2. The live state is compared with the desired one layer by layer (`checks.ts`); the plan starts at the first layer that does not agree.
 *    A run that died anywhere is thereby picked up where it stopped.
 * 3. From the findings follow the operation, the pods that have to restart and whether they can talk meanwhile (`trust.ts`).
 * 4. The executor decides who does it: `native` plans every write itself, `ops-request` plans the requests for KubeDB's ops-manager.
 * 5. What these steps would run into is collected, too (`preflight/`). Where anything stands in the way nothing is done, and all of it is said.
 *
 * Pure, synchronous, deterministic: a bundle, an observation and an instant are enough. What is printed is what is executed: an executor may
 * refuse, wait, or take the pods of one group in another order; it does nothing that is not here. A plan without steps means: nothing to do.
 */
import type { Bundle } from '#model/bundle';
import { hasTrueCondition, type KubeObject, refOf } from '#model/kube-object';
import { formatIssuerRef, type TlsState, tlsStateOf } from '#model/tls';
import type { Observation } from '../model/observation';
import type { Draft, Finding, Obstacle, Plan, Step } from '../model/plan';
import { approvalOf } from './acknowledgement';
import { type ChangeRecord, completed } from './change-record';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings } from './checks/kafka';
import { secretFindings } from './checks/secrets';
import { lossOf } from './data-loss';
import { compare, convergingFindings, type Diff } from './diff';
import { estimateOf } from './estimate';
import { kafkaIsNotReady, withHealthCheck } from './health';
import { issuingSteps, retrySteps } from './issuer-manifests';
import { planNative } from './native';
import { notesOf } from './notes';
import { bySeverity, canPlan, preconditions } from './obstacles';
import { planOpsRequests } from './ops-requests';
import type { PlanInput } from './plan-input';
import { preflight } from './preflight/preflight';
import { withProbe } from './probe';
import { isOurs, unfinished } from './requests';
import { claimOwnershipSteps, issueSteps, kafkaRef, recordSteps } from './steps';
import { firstExport } from './trust-bundle-steps';
import { mismatches } from './verify';

export interface PlanOptions {
  /** Take the Kafka over from another KafkaTls. */
  readonly takeOver?: boolean;
  /** Whatever failed before does not count. */
  readonly retry?: boolean;
  /** The plan is for somebody to read; who carries it out may have other rights. */
  readonly isPreview?: boolean;
}

const NOTHING: Draft = { operation: 'none', steps: [] };

/** Returns what has to be done so that the live state becomes the desired one. */
export function plan(bundle: Bundle, live: Observation, now: Date, options: PlanOptions = {}): Plan {
  const input: PlanInput = { bundle, live, now };
  const standing = preconditions(input, { takeOver: options.takeOver === true });
  const drafted = canPlan(input) ? draftPlan(input, options.retry === true) : NOTHING;
  const found = [...standing, ...(drafted.obstacles ?? [])];
  const unhealthy = found.length === 0 ? kafkaIsNotReady(input, drafted) : undefined;
  const draft: Draft = { ...drafted, obstacles: unhealthy === undefined ? found : [unhealthy] };
  const ahead = preflight(input, draft, options.isPreview === true);
  const obstacles = bySeverity([...(draft.obstacles ?? []), ...ahead.obstacles]);
  const isForElsewhere = options.isPreview === true && obstacles.every((o) => o.isAboutPlace === true);
  const { operation, steps, notes = [] } = draft;
  return {
    subject: kafkaRef(live),
    executor: bundle.desired.executor,
    summary: summaryOf(live, bundle.tls),
    ...(isPartial(live) ? { isPartial: true } : {}),
    ...(obstacles.length > 0 && !isForElsewhere
      ? { operation, steps: [], notes: ahead.notes }
      : { ...draft, ...estimateOf(input, draft), steps, notes: [...notes, ...ahead.notes] }),
    obstacles,
  };
}

function draftPlan(input: PlanInput, retry: boolean): Draft {
  const { live, bundle } = input;
  if (live.kafka === undefined) return createKafka(input);
  if (live.pods.length === 0 && !hasTrueCondition(live.kafka, 'Provisioned')) return configureKafka(input);
  const diff = compare(input, retry);
  if (isOnlyIssuanceOpen(input, diff)) return awaitIssuance(input, diff);
  const incurable = unresolvableMismatch(input, diff);
  if (incurable.length > 0) return { ...NOTHING, obstacles: incurable };
  const draft = bundle.desired.executor === 'native' ? planNative(input, diff, retry) : planOpsRequests(input, diff, retry);
  const loss = lossOf(input, diff.cutoverCause, draft.steps);
  const { obstacles, record, acknowledged } = approvalOf(input, diff.cutoverCause, loss);
  return withProbe(input, diff, {
    ...withRecord({ ...draft, steps: withHealthCheck(draft.steps, input) }, input, record),
    notes: [...(loss === undefined ? [] : [`Data is lost: ${loss}.`]), ...(draft.notes ?? [])],
    ...(acknowledged === undefined ? {} : { acknowledged }),
    obstacles: [...obstacles, ...(draft.obstacles ?? [])],
  });
}

/** Adds the steps that record a change: before the first write that is part of it, and when everything is verified. */
function withRecord(draft: Draft, input: PlanInput, record: ChangeRecord): Draft {
  const { begin, end } = recordSteps(input, record, completed(record, input.live.name, input.bundle.tls));
  if (begin.length === 0 && end.length === 0) return draft;
  const firstOther = draft.steps.findIndex((s) => s.kind !== 'claimOwnership');
  const at = firstOther === -1 ? draft.steps.length : firstOther;
  const steps = [...draft.steps.slice(0, at), ...begin, ...draft.steps.slice(at), ...end];
  return { ...draft, operation: draft.operation === 'none' ? 'tidy' : draft.operation, steps };
}

function isPartial({ secrets }: Observation): boolean {
  return secrets.some((s) => s.unread !== undefined);
}

function summaryOf(live: Observation, wants: TlsState): string {
  const words = (state: TlsState) => (state === 'off' ? 'off' : `on (issuer ${formatIssuerRef(state.issuerRef)})`);
  const has = live.kafka === undefined ? 'no Kafka' : words(tlsStateOf(live.kafka.spec));
  return has === words(wants) ? `TLS: ${has}` : `TLS: ${has} -> ${words(wants)}`;
}

/**
 * cert-manager is at work on certificates that are as asked for: it renews on its own, or KubeDB triggered it. That ends by itself, and what
 * has to restart is known only then.
 */
function isOnlyIssuanceOpen({ bundle, live }: PlanInput, diff: Diff): boolean {
  const isUnderWay = unfinished(live.requests).some((r) => isOurs(r, bundle.desired.owner));
  return !isUnderWay && diff.issuanceInProgress.length > 0 && convergingFindings(diff).length === 0;
}

/** An issuer may leave names out; a pod may serve exactly what its Secret holds, and that be expired or for other names. No restart cures it. */
function unresolvableMismatch({ bundle, live }: PlanInput, diff: Diff): readonly Obstacle[] {
  const curable = [...convergingFindings(diff), ...diff.issuanceInProgress, ...diff.rotation, ...diff.pods];
  if (curable.length > 0) return [];
  if (diff.dropped.length > 0)
    return diff.dropped.map(({ subject, message }) => ({ kind: 'failed', subject, message, hint: LET_IT_ALLOW }));
  const wrong = mismatches(live, bundle.tls).find((m) => !m.isUnknown);
  if (wrong === undefined) return [];
  const message = `${wrong.problem}, though all that was asked for is done`;
  return [{ kind: 'failed', subject: wrong.subject, message, hint: 'Look at the certificate in its Secret, at its issuer and CA.' }];
}

const LET_IT_ALLOW = 'Have the issuer allow these names, then run "kafka-tls apply --retry"; or name another issuer in the KafkaTls.';

function awaitIssuance(input: PlanInput, { issuanceInProgress }: Diff): Draft {
  const waits: readonly Step[] = issuanceInProgress.map((f) => ({ kind: 'awaitReady', subject: f.subject, findings: [f] }));
  return {
    operation: 'tidy',
    steps: [...claimOwnershipSteps(input), ...issuingSteps(input), ...retrySteps(input, issuanceInProgress), ...waits],
    notes: notesOf(input, 0),
  };
}

/** A declared Kafka that is missing is created as desired: no operation, no restart. */
function createKafka(input: PlanInput): Draft {
  const manifest = input.bundle.kafka as KubeObject; // a missing Kafka that is not declared is an obstacle
  const subject = refOf(manifest);
  const findings: readonly Finding[] = [{ subject, reason: 'KafkaMissing', message: 'missing' }];
  return {
    operation: 'create',
    steps: [
      ...issuingSteps(input),
      ...issueBeforePods(input),
      { kind: 'create', subject, findings, manifest },
      { kind: 'awaitReady', subject, findings: [] },
      { kind: 'verify', subject, findings: [] },
      ...firstExport(input),
    ],
  };
}

/** A Kafka that has no pods yet gets its TLS state written into its spec: no operation, no restart. */
function configureKafka(input: PlanInput): Draft {
  const subject = kafkaRef(input.live);
  const differing = kafkaFindings(input);
  const findings: readonly Finding[] = [{ subject, reason: 'KafkaNotProvisioned', message: 'was never provisioned' }];
  return {
    operation: differing.length > 0 ? 'configure' : 'create',
    steps: [
      ...claimOwnershipSteps(input),
      ...issuingSteps(input),
      ...issueBeforePods(input),
      ...(differing.length > 0 ? [{ kind: 'configure' as const, subject, findings: differing }] : []),
      { kind: 'awaitReady', subject, findings },
      { kind: 'verify', subject, findings },
      ...firstExport(input),
    ],
  };
}

/** Without an ops-manager nobody else writes the certificates that the first pods mount. */
function issueBeforePods(input: PlanInput): readonly Step[] {
  if (input.bundle.desired.executor !== 'native') return retrySteps(input, certificateFindings(input));
  const findings = [...certificateFindings(input), ...secretFindings(input)];
  return issueSteps(input, findings, [], false);
}
