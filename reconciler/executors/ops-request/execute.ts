/**
 * Leaves an operation to KubeDB's ops-manager: asks the gates of all pods once, submits the request, and follows its conditions pod by pod.
 * The phase Successful alone proves nothing: the step `verify` compares the pods' listeners afterwards.
 */
import { asKind, type KafkaOpsRequest } from '#model/kinds/index';
import { formatRef, hasTrueCondition, KINDS, type ObjectRef, phaseOf, refOf } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { isAttemptOf } from '#model/names';
import { certificateOf } from '#model/tls';
import { BlockedError, OperationFailedError, TimeoutError } from '../../errors';
import { deadlineMs, type ExecuteContext, type Execution, emit, type Run, replanOnConflict, type StepResult } from '../../execute/context';
import { type RestartBatch, viewOf, waitForGates } from '../../execute/gates';
import { brokerIssuance } from '../../execute/issuance';
import { issueWithoutRequest } from '../../execute/issue';
import { requireTrustBundle } from '../../execute/trust-bundle';
import { waitUntil, watchObject } from '../../execute/wait';
import type { Observation } from '../../model/observation';
import type { StepOf } from '../../model/plan';
import { FIX_AND_RETRY } from '../../plan/attempts';
import { isRootReplaced, issuedRoot } from '../../plan/cutover';
import { askGates } from '../../plan/gates/gates';
import { repairOf } from '../../plan/gates/pods';
import { podRef } from '../../plan/plan-input';
import { failureOf, isRetryBoundReached, unfinished } from '../../plan/requests';
import { isMixed } from '../../plan/served';

/** How often Certificates and the answers of issuers are read: they are not watched. */
const LOOK_AGAIN_MS = 5_000;

export function opsRequest(run: Run): Execution {
  return {
    steps: { issue: (s) => issueWithoutRequest(run, s), submitOpsRequest: (s) => submitAndFollow(run, s) },
    leave: async () => undefined,
  };
}

/** Creates the request, unless it is continued, and follows it to its end. */
async function submitAndFollow({ context, plan }: Run, step: StepOf<'submitOpsRequest'>): Promise<StepResult> {
  const before = step.isContinued || plan.cutover?.kind === 'root' ? undefined : await context.observe();
  if (!step.isContinued) {
    if ((await waitForAllGates({ context, plan, pods: step.pods }, step)) === 'replan') return 'replan';
    if ((await requireTrustBundle(context)) === 'replan') return 'replan';
    if ((await replanOnConflict(context.cluster.create(step.manifest))) === 'replan') return 'replan';
    emit(context, 'submitted', step.subject, step.operation);
  }
  await awaitAcceptance(context, step.subject);
  const request = await follow(context, step.subject, before);
  if (request.status?.phase === 'Failed' && !(await isWanted(context, request))) return 'replan';
  return resultOf(context, request);
}

/**
 * KubeDB asks no gate between pods, so all gates must be open before the request is submitted. No gate is asked if pods cannot talk already,
 * or if the operation repairs a pod that serves no client.
 */
async function waitForAllGates(batch: RestartBatch, { subject, operation }: StepOf<'submitOpsRequest'>): Promise<StepResult> {
  const { context, plan, pods } = batch;
  if (pods.length === 0) return 'done';
  const look = () => context.observe({ withKafka: true });
  const first = await look();
  const ask = (live: Observation) => {
    if (plan.cutover !== undefined && isMixed(live.pods)) return { done: live };
    const repair = repairOf({ bundle: context.bundle, live, now: context.clock.now() }, operation);
    if (repair !== undefined) {
      emit(context, 'warning', subject, `no gate is asked, because the operation repairs a pod: ${repair}`);
      return { done: live };
    }
    const answers = askGates(viewOf(batch, live), 'wholeOperation');
    return answers.every((a) => a.refusal === undefined) ? { done: live } : { answers };
  };
  const last = await waitForGates(batch, first, { look, ask }).catch((error: unknown) => {
    if (!(error instanceof TimeoutError)) throw error;
    throw new BlockedError(`${error.message} No request was submitted.`, { hint: 'Fix the cause and run again.' });
  });
  if (last === 'replan') return 'replan';
  // Another operation may have begun during the wait.
  return last !== first && unfinished(last.requests).length > 0 ? 'replan' : 'done';
}

async function awaitAcceptance(context: ExecuteContext, subject: ObjectRef): Promise<void> {
  try {
    await waitUntil(context, {
      subject,
      watch: [watchObject(KINDS.KafkaOpsRequest, subject)],
      check: async () => {
        const request = await existing(context, subject);
        const isAccepted = !['', 'Pending'].includes(request.status?.phase ?? '');
        return isAccepted ? { done: undefined } : { waitingFor: 'for the ops-manager to accept it' };
      },
      deadlineMs: deadlineMs(context, 'requestAcceptance'),
      failure: 'not accepted',
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new BlockedError(error.message, {
      hint: "Is KubeDB's ops-manager running and licensed? The request stays; the next run follows it. Without an ops-manager use Executor.native().",
    });
  }
}

/** Follows the conditions. The deadline is for the next condition, because the restarts of many pods may take long. */
async function follow(context: ExecuteContext, subject: ObjectRef, before: Observation | undefined): Promise<KafkaOpsRequest> {
  const reported = new Set<string>();
  // Longer than the request's own timeout for a single step, so that KubeDB reports a failure first.
  const limit = deadlineMs(context, 'podReady') + deadlineMs(context, 'issuance');
  for (let request = await existing(context, subject); ; ) {
    if (!reported.has('CertificateSynced')) await warnOfOtherRoot(context, request, before);
    report(context, request, reported);
    if (isFinishedRequest(request)) return request;
    const { resourceVersion } = request.metadata;
    request = await waitUntil(context, {
      subject,
      watch: [watchObject(KINDS.KafkaOpsRequest, subject)],
      check: async () => {
        const now = await existing(context, subject);
        if (now.metadata.resourceVersion !== resourceVersion) return { done: now };
        return (await issuanceOf(context, now)) ?? { waitingFor: lastCondition(now) };
      },
      deadlineMs: limit,
      failure: 'no progress',
      hint: 'KubeDB has not finished it; the next run follows it.',
      retryMs: LOOK_AGAIN_MS,
    });
  }
}

/** Returns the certificate that a request waits for, and why; undefined once all are issued, and for a request without certificates. */
async function issuanceOf(context: ExecuteContext, request: KafkaOpsRequest) {
  const wantsCertificates = request.spec.tls !== undefined && request.spec.tls.remove !== true;
  return wantsCertificates && !hasTrueCondition(request, 'CertificateSynced') ? brokerIssuance(context) : undefined;
}

async function existing(context: ExecuteContext, subject: ObjectRef): Promise<KafkaOpsRequest> {
  const request = asKind('KafkaOpsRequest', await context.cluster.get(subject));
  if (request === undefined)
    throw new OperationFailedError('was deleted before it was finished.', { subject, hint: 'Run again to submit it again.' });
  return request;
}

function lastCondition(request: KafkaOpsRequest): string {
  const last = (request.status?.conditions ?? []).at(-1);
  if (last === undefined) return `phase ${request.status?.phase ?? 'not set'}`;
  const [step = '', pod] = String(last.type).split('--');
  // KubeDB's message of an action is "evict pod; ConditionStatus:True; PodName:x".
  return pod === undefined ? (last.message ?? step) : `${String(last.message ?? step).split(';')[0]} ${pod}`;
}

/**
 * Reports a change of root as soon as the certificates are issued: KubeDB restarts pods onto them in any case. `before` is the observation from
 * before the request; absent when a change of root was acknowledged.
 */
async function warnOfOtherRoot(context: ExecuteContext, request: KafkaOpsRequest, before: Observation | undefined): Promise<void> {
  const { tls } = context.bundle;
  if (before === undefined || tls === 'off' || !hasTrueCondition(request, 'CertificateSynced')) return;
  const live = await context.observe();
  if (!isRootReplaced(before, live, tls)) return;
  const { secretName } = certificateOf(live.name, tls, 'server');
  const root = issuedRoot(live, tls)?.fingerprint ?? 'unknown';
  const message = `the issued certificate in Secret ${secretName} has another root than pods trust (SHA-256 ${root})`;
  emit(context, 'warning', refOf(request), `${message}; KubeDB restarts pods onto it: clients must trust it`);
}

/** Reports each condition once. */
function report(context: ExecuteContext, request: KafkaOpsRequest, reported: Set<string>): void {
  for (const { type, status, message } of request.status?.conditions ?? []) {
    if (status !== 'True' || reported.has(type)) continue;
    reported.add(type);
    const [step = '', pod] = String(type).split('--');
    const subject = pod === undefined ? refOf(request) : podRef(request.metadata, pod);
    if (step === 'EvictPod') emit(context, 'evicted', subject, 'by the ops-manager');
    else if (step === 'CheckPodRunning') emit(context, 'ready', subject, 'runs again');
    else if (step === 'CertificateSynced') emit(context, 'issued', subject, message ?? type);
    else if (step === 'UpdatePetSets') emit(context, 'reconfigured', subject, message ?? type);
  }
}

/** Tells whether the desired state still needs the request. If not, the next plan reverses its work, so its failure does not matter. */
async function isWanted(context: ExecuteContext, { metadata, spec }: KafkaOpsRequest): Promise<boolean> {
  const isConverging = spec.tls !== undefined && spec.tls.rotateCertificates !== true;
  if (isConverging && !isAttemptOf(metadata.name, context.bundle.converge.metadata.name)) return false;
  return context.desiredStateUnchanged();
}

async function resultOf(context: ExecuteContext, request: KafkaOpsRequest): Promise<StepResult> {
  const subject = refOf(request);
  const phase = phaseOf(request);
  if (phase === 'Successful') return 'done';
  if (phase === 'Skipped') return 'replan'; // a newer request of another owner replaced it
  if (phase === 'Denied')
    throw new BlockedError('was denied.', { subject, hint: 'Ask the team that approves operations on this cluster.' });
  if (request.metadata.deletionTimestamp !== undefined) throw new OperationFailedError('was deleted before it was finished.', { subject });
  const held = await issuanceOf(context, request);
  const cause = held === undefined ? '' : `; ${formatRef(held.subject)}: ${held.waitingFor}`;
  const { requests } = await context.observe();
  const isLast = isRetryBoundReached(request, requests, context.bundle.desired);
  throw new OperationFailedError(`failed: ${failureOf(request)}${cause}.`, {
    subject,
    hint: isLast ? FIX_AND_RETRY : 'The next run retries it.',
  });
}
