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
import type { Bundle } from '../../constructs/model/bundle';
import { hasTrueCondition, type KubeObject, refOf } from '../../constructs/model/kube-object';
import { formatIssuerRef, type TlsState, tlsStateOf } from '../../constructs/model/tls';
import { approvalOf } from './acknowledgement';
import { type ChangeRecord, completed } from './change-record';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings } from './checks/kafka';
import { secretFindings } from './checks/secrets';
import type { World } from './checks/world';
import { type Comparison, compare, convergingFindings } from './comparison';
import { lossOf } from './data-loss';
import { estimateOf } from './estimate';
import { kafkaIsNotReady, withHealthCheck } from './health';
import { issuingSteps, retrySteps } from './issuing';
import { planNative } from './native';
import { notesOf } from './notes';
import type { Draft, Finding, Obstacle, Plan, Step } from './nouns';
import type { Observation } from './observation';
import { canBeDrafted, mostFinalFirst, standingObstacles } from './obstacles';
import { planOpsRequests } from './ops-requests';
import { preflight } from './preflight/preflight';
import { withProbe } from './probe';
import { isOurs, unfinished } from './requests';
import { issueSteps, kafkaRef, ownSteps, recordSteps } from './steps';
import { firstExport } from './trust-steps';
import { mismatches } from './verify';

export interface PlanOptions {
  /** Take the Kafka over from another KafkaTls. */
  readonly takeOver?: boolean;
  /** Whatever failed before does not count. */
  readonly retry?: boolean;
  /** The plan is for somebody to read; who carries it out may have other rights. */
  readonly isOnlyShown?: boolean;
}

const NOTHING: Draft = { operation: 'none', steps: [] };

/** Returns what has to be done so that the live state becomes the desired one. */
export function plan(bundle: Bundle, live: Observation, now: Date, options: PlanOptions = {}): Plan {
  const world: World = { bundle, live, now };
  const standing = standingObstacles(world, { takeOver: options.takeOver === true });
  const drafted = canBeDrafted(world) ? draftPlan(world, options.retry === true) : NOTHING;
  const found = [...standing, ...(drafted.obstacles ?? [])];
  const unhealthy = found.length === 0 ? kafkaIsNotReady(world, drafted) : undefined;
  const draft: Draft = { ...drafted, obstacles: unhealthy === undefined ? found : [unhealthy] };
  const ahead = preflight(world, draft, options.isOnlyShown === true);
  const obstacles = mostFinalFirst([...(draft.obstacles ?? []), ...ahead.obstacles]);
  const isForElsewhere = options.isOnlyShown === true && obstacles.every((o) => o.isAboutPlace === true);
  const { operation, steps, notes = [] } = draft;
  return {
    subject: kafkaRef(live),
    executor: bundle.desired.executor,
    summary: summaryOf(live, bundle.tls),
    ...(isPartial(live) ? { isPartial: true } : {}),
    ...(obstacles.length > 0 && !isForElsewhere
      ? { operation, steps: [], notes: ahead.notes }
      : { ...draft, ...estimateOf(world, draft), steps, notes: [...notes, ...ahead.notes] }),
    obstacles,
  };
}

function draftPlan(world: World, retry: boolean): Draft {
  const { live, bundle } = world;
  if (live.kafka === undefined) return createKafka(world);
  if (live.pods.length === 0 && !hasTrueCondition(live.kafka, 'Provisioned')) return configureKafka(world);
  const found = compare(world, retry);
  if (isOnlyIssuanceOpen(world, found)) return awaitIssuance(world, found);
  const incurable = whatNothingCures(world, found);
  if (incurable.length > 0) return { ...NOTHING, obstacles: incurable };
  const draft = bundle.desired.executor === 'native' ? planNative(world, found, retry) : planOpsRequests(world, found, retry);
  const loss = lossOf(world, found.cut, draft.steps);
  const { obstacles, record, acknowledged } = approvalOf(world, found.cut, loss);
  return withProbe(world, found, {
    ...withRecord({ ...draft, steps: withHealthCheck(draft.steps, world) }, world, record),
    notes: [...(loss === undefined ? [] : [`Data is lost: ${loss}.`]), ...(draft.notes ?? [])],
    ...(acknowledged === undefined ? {} : { acknowledged }),
    obstacles: [...obstacles, ...(draft.obstacles ?? [])],
  });
}

/** Adds the steps that record a change: before the first write that is part of it, and when everything is verified. */
function withRecord(draft: Draft, world: World, record: ChangeRecord): Draft {
  const { begin, end } = recordSteps(world, record, completed(record, world.live.name, world.bundle.tls));
  if (begin.length === 0 && end.length === 0) return draft;
  const firstOther = draft.steps.findIndex((s) => s.kind !== 'own');
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
function isOnlyIssuanceOpen({ bundle, live }: World, found: Comparison): boolean {
  const isUnderWay = unfinished(live.requests).some((r) => isOurs(r, bundle.desired.owner));
  return !isUnderWay && found.inIssuance.length > 0 && convergingFindings(found).length === 0;
}

/** An issuer may leave names out; a pod may serve exactly what its Secret holds, and that be expired or for other names. No restart cures it. */
function whatNothingCures({ bundle, live }: World, found: Comparison): readonly Obstacle[] {
  const curable = [...convergingFindings(found), ...found.inIssuance, ...found.rotation, ...found.pods];
  if (curable.length > 0) return [];
  if (found.dropped.length > 0)
    return found.dropped.map(({ subject, message }) => ({ kind: 'failed', subject, message, hint: LET_IT_ALLOW }));
  const wrong = mismatches(live, bundle.tls).find((m) => !m.isUnknown);
  if (wrong === undefined) return [];
  const message = `${wrong.problem}, though all that was asked for is done`;
  return [{ kind: 'failed', subject: wrong.subject, message, hint: 'Look at the certificate in its Secret, at its issuer and CA.' }];
}

const LET_IT_ALLOW = 'Have the issuer allow these names, then run "kafka-tls apply --retry"; or name another issuer in the KafkaTls.';

function awaitIssuance(world: World, { inIssuance }: Comparison): Draft {
  const waits: readonly Step[] = inIssuance.map((f) => ({ kind: 'awaitReady', subject: f.subject, findings: [f] }));
  return {
    operation: 'tidy',
    steps: [...ownSteps(world), ...issuingSteps(world), ...retrySteps(world, inIssuance), ...waits],
    notes: notesOf(world, 0),
  };
}

/** A declared Kafka that is missing is created as desired: no operation, no restart. */
function createKafka(world: World): Draft {
  const manifest = world.bundle.kafka as KubeObject; // a missing Kafka that is not declared is an obstacle
  const subject = refOf(manifest);
  const findings: readonly Finding[] = [{ subject, reason: 'KafkaMissing', message: 'missing' }];
  return {
    operation: 'create',
    steps: [
      ...issuingSteps(world),
      ...issueBeforePods(world),
      { kind: 'create', subject, findings, manifest },
      { kind: 'awaitReady', subject, findings: [] },
      { kind: 'verify', subject, findings: [] },
      ...firstExport(world),
    ],
  };
}

/** A Kafka that has no pods yet gets its TLS state written into its spec: no operation, no restart. */
function configureKafka(world: World): Draft {
  const subject = kafkaRef(world.live);
  const differing = kafkaFindings(world);
  const findings: readonly Finding[] = [{ subject, reason: 'KafkaNotProvisioned', message: 'was never provisioned' }];
  return {
    operation: differing.length > 0 ? 'configure' : 'create',
    steps: [
      ...ownSteps(world),
      ...issuingSteps(world),
      ...issueBeforePods(world),
      ...(differing.length > 0 ? [{ kind: 'configure' as const, subject, findings: differing }] : []),
      { kind: 'awaitReady', subject, findings },
      { kind: 'verify', subject, findings },
      ...firstExport(world),
    ],
  };
}

/** Without an ops-manager nobody else writes the certificates that the first pods mount. */
function issueBeforePods(world: World): readonly Step[] {
  if (world.bundle.desired.executor !== 'native') return retrySteps(world, certificateFindings(world));
  const findings = [...certificateFindings(world), ...secretFindings(world)];
  return issueSteps(world, findings, [], false);
}
