/**
 * Leaves an operation to KubeDB's ops-manager: asks the gates of all pods once, submits the request, follows its conditions pod by pod, and
 * does not believe its success before the pods' own listeners say so (`verify`).
 */
import { formatRef, hasTrueCondition, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { isAttemptOf } from '#model/names';
import { certificateOf } from '#model/tls';
import { BlockedError, OperationFailedError, TimeoutError } from '../errors';
import type { Observation, PodFacts } from '../model/observation';
import type { EvictStep, Plan, SubmitOpsRequestStep } from '../model/plan';
import { isRootReplaced, rootOf } from '../plan/cutover';
import { repairOf } from '../plan/repair';
import { failureOf, isRetryBoundReached, MEND_AND_RETRY, unfinished } from '../plan/requests';
import { canRestart, isMixed } from '../plan/restart';
import { deadlineMs, type ExecuteContext, emit, orReplan, Replan } from './context';
import { awaitGates, type RestartBatch, viewOf } from './gates';
import { brokerIssuance } from './issuance';
import { assertTrustBundleCurrent } from './trust-bundle';
import { waitUntil } from './wait';

const LOOK_AGAIN_MS = 5_000;

/** How the request ended: done, or superseded by a newer one of somebody else. */
export type Followed = 'Successful' | 'Skipped';

/** Creates the request, unless it is gone on with, and follows it to its end. */
export async function submitAndFollow(context: ExecuteContext, plan: Plan, step: SubmitOpsRequestStep): Promise<Followed> {
  const before = step.isContinued || plan.cutover?.kind === 'trust' ? undefined : await context.observe();
  if (!step.isContinued) {
    await awaitAllGates({ context, plan, steps: restartsOf(plan, step) }, step);
    await assertTrustBundleCurrent(context);
    await orReplan(context.cluster.create(step.manifest));
    emit(context, 'submitted', step.subject, step.operation);
  }
  await awaitPickup(context, step.subject);
  const request = await follow(context, step.subject, before);
  if (request.status?.phase === 'Failed' && !(await isWanted(context, request))) throw new Replan();
  return judge(context, request);
}

/** The restarts that a request means: those up to the next request. */
function restartsOf({ steps }: Plan, step: SubmitOpsRequestStep): readonly EvictStep[] {
  const after = steps.slice(steps.indexOf(step) + 1);
  const end = after.findIndex((s) => s.kind === 'submitOpsRequest');
  return after.slice(0, end === -1 ? undefined : end).filter((s) => s.kind === 'evict');
}

/**
 * KubeDB asks nobody between pods, so that all gates have to say yes at once, and before. Not where pods cannot talk already, nor where
 * the request repairs one that serves nobody.
 */
async function awaitAllGates(restarts: RestartBatch, { subject, operation }: SubmitOpsRequestStep): Promise<void> {
  const { context, plan, steps } = restarts;
  if (steps.length === 0) return;
  const look = () => context.observe({ withKafka: true });
  const first = await look();
  const ask = (live: Observation) => {
    if (plan.cutover !== undefined && isMixed(live.pods)) return { done: live };
    const repair = repairOf({ bundle: context.bundle, live, now: context.clock.now() }, operation);
    if (repair !== undefined) {
      emit(context, 'warning', subject, `no gate is asked, since it repairs what waiting would not: ${repair}`);
      return { done: live };
    }
    const view = viewOf(restarts, live);
    const isPlanned = (p: PodFacts) => !p.isTerminating && steps.some((s) => s.subject.name === p.name);
    const asked = live.pods.filter(isPlanned).map((pod) => ({ pod, verdict: canRestart(pod, view) }));
    return asked.every((a) => a.verdict.ok) ? { done: live } : { asked };
  };
  const last = await awaitGates(restarts, first, { look, ask });
  // While it was waited somebody may have begun something.
  if (last !== first && unfinished(last.requests).length > 0) throw new Replan();
}

async function awaitPickup(context: ExecuteContext, subject: ObjectRef): Promise<void> {
  try {
    await waitUntil(context, {
      subject,
      watch: watching(subject),
      check: async () => {
        const request = await existing(context, subject);
        const isPicked = !['', 'Pending'].includes(request.status?.phase ?? '');
        return isPicked ? { done: undefined } : { waitingFor: 'for the ops-manager to pick it up' };
      },
      deadlineMs: deadlineMs(context, 'requestAcceptance'),
      failure: 'not picked up',
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new BlockedError(error.message, {
      hint: "Is KubeDB's ops-manager running and licensed? The request stays; the next run follows it. Without an ops-manager use Executor.native().",
    });
  }
}

/** Follows the conditions; the deadline is for the next sign of life, since a roll of many pods may take long in all. */
async function follow(context: ExecuteContext, subject: ObjectRef, before: Observation | undefined): Promise<KubeObject> {
  const told = new Set<string>();
  let request = await existing(context, subject);
  // Longer than any single step of KubeDB may take by the request's own timeout, so that its verdict comes first.
  const limit = deadlineMs(context, 'podReady') + deadlineMs(context, 'issuance');
  while (!isFinishedRequest(request)) {
    await warnOfOtherRoot(context, request, { before, isTold: told.has('CertificateSynced') });
    tell(context, request, told);
    const { resourceVersion } = request.metadata;
    request = await waitUntil(context, {
      subject,
      watch: watching(subject),
      check: async () => {
        const now = await existing(context, subject);
        if (now.metadata.resourceVersion !== resourceVersion) return { done: now };
        return (await issuanceOf(context, now)) ?? { waitingFor: lastCondition(now) };
      },
      deadlineMs: limit,
      failure: 'no progress',
      hint: 'KubeDB is still at it; the next run follows it.',
      // Certificates and what an issuer answers are not watched.
      retryMs: LOOK_AGAIN_MS,
    });
  }
  await warnOfOtherRoot(context, request, { before, isTold: told.has('CertificateSynced') });
  tell(context, request, told);
  return request;
}

/** Returns what holds up the certificates that a request waits for; undefined once it has them, and for one that wants none. */
async function issuanceOf(context: ExecuteContext, request: KubeObject) {
  const wantsCertificates = request.spec?.tls !== undefined && request.spec.tls.remove !== true;
  return wantsCertificates && !hasTrueCondition(request, 'CertificateSynced') ? brokerIssuance(context) : undefined;
}

function watching(subject: ObjectRef) {
  return [{ kind: KINDS.KafkaOpsRequest, selection: { namespace: subject.namespace ?? '', name: subject.name } }];
}

async function existing(context: ExecuteContext, subject: ObjectRef): Promise<KubeObject> {
  const request = await context.cluster.get(subject);
  if (request === undefined)
    throw new OperationFailedError('it was deleted while it ran.', { subject, hint: 'Run again to submit it anew.' });
  return request;
}

function lastCondition(request: KubeObject): string {
  const last = (request.status?.conditions ?? []).at(-1);
  if (last === undefined) return `phase ${request.status?.phase ?? 'not set'}`;
  const [step = '', pod] = String(last.type).split('--');
  // KubeDB words single actions as "evict pod; ConditionStatus:True; PodName:x".
  return pod === undefined ? (last.message ?? step) : `${String(last.message ?? step).split(';')[0]} ${pod}`;
}

interface RootComparison {
  /** What was there before the request; absent when another root was agreed to. */
  readonly before: Observation | undefined;
  readonly isTold: boolean;
}

/** The chain that really came has the last word. KubeDB restarts pods onto it whatever it is, so that it can only be reported: at once. */
async function warnOfOtherRoot(context: ExecuteContext, request: KubeObject, { before, isTold }: RootComparison): Promise<void> {
  const { tls } = context.bundle;
  if (before === undefined || tls === 'off' || isTold || !hasTrueCondition(request, 'CertificateSynced')) return;
  const live = await context.observe();
  if (!isRootReplaced(before, live, tls)) return;
  const { secretName } = certificateOf(live.name, tls, 'server');
  const root = rootOf(live.secrets.find((s) => s.name === secretName)?.ca);
  const what = `the issued certificate in Secret ${secretName} has another root than pods trust (SHA-256 ${root?.fingerprint ?? 'unknown'})`;
  emit(context, 'warning', refOf(request), `${what}; KubeDB restarts pods onto it: clients must trust it`);
}

/** Tells each condition once. */
function tell(context: ExecuteContext, request: KubeObject, told: Set<string>): void {
  for (const { type, status, message } of request.status?.conditions ?? []) {
    if (status !== 'True' || told.has(type)) continue;
    told.add(type);
    const [step = '', pod] = String(type).split('--');
    const subject =
      pod === undefined
        ? ref(KINDS.KafkaOpsRequest, request.metadata.namespace, request.metadata.name)
        : ref(KINDS.Pod, request.metadata.namespace, pod);
    if (step === 'EvictPod') emit(context, 'evicted', subject, 'by the ops-manager');
    else if (step === 'CheckPodRunning') emit(context, 'ready', subject, 'runs again');
    else if (step === 'CertificateSynced') emit(context, 'issued', subject, message ?? type);
    else if (step === 'UpdatePetSets') emit(context, 'reconfigured', subject, message ?? type);
  }
}

/** A failure is told only of what is still asked for: what nobody wants any more is reversed, however it ended. */
async function isWanted(context: ExecuteContext, { metadata, spec }: KubeObject): Promise<boolean> {
  const isConverging = spec?.tls !== undefined && spec.tls.rotateCertificates !== true;
  if (isConverging && !isAttemptOf(metadata.name, context.bundle.converge.metadata.name)) return false;
  return context.desiredStateUnchanged();
}

async function judge(context: ExecuteContext, request: KubeObject): Promise<Followed> {
  const subject = refOf(request);
  const phase: string = request.status?.phase ?? '';
  if (phase === 'Successful' || phase === 'Skipped') return phase;
  if (phase === 'Denied') throw new BlockedError('was denied.', { subject, hint: 'Ask whoever approves operations on this cluster.' });
  if (request.metadata.deletionTimestamp !== undefined) throw new OperationFailedError('it was deleted while it ran.', { subject });
  const held = await issuanceOf(context, request);
  const cause = held === undefined ? '' : `; ${formatRef(held.subject)}: ${held.waitingFor}`;
  const { requests } = await context.observe();
  const isLast = isRetryBoundReached(request, requests, context.bundle.desired);
  throw new OperationFailedError(`failed: ${failureOf(request)}${cause}.`, {
    subject,
    hint: isLast ? MEND_AND_RETRY : 'The next run tries it again.',
  });
}
