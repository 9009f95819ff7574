/** Verifies that every pod serves the certificate in its Secret, and that the request of the operation had its effect. */

import { capabilitiesOf } from '#model/capabilities';
import { asKind, type KafkaOpsRequest } from '#model/kinds/index';
import { formatRef, KINDS, phaseOf, ref, refOf } from '#model/kube-object';
import { REQUEST } from '#model/names';
import { BlockedError, TimeoutError } from '../errors';
import type { PodObservation } from '../model/observation';
import type { StepOf } from '../model/plan';
import { podRef } from '../plan/plan-input';
import { listenersOf } from '../plan/spare';
import { isIssuancePending, type Mismatch, mismatches, unmetPostconditions } from '../plan/verify';
import { deadlineMs, type ExecuteContext, emit, modify, type StepResult, withAnnotations } from './context';
import { type Progress, reachLimit, waitUntil, watchPods } from './wait';

/**
 * Waits until every pod is proven right. A pod that is proven wrong ends the wait at once, and the next plan restarts it. The request, if
 * there is one, is marked by its effect.
 */
export async function verify(context: ExecuteContext, step: StepOf<'verify'>): Promise<StepResult> {
  const { bundle } = context;
  const isOutOfReach = reachLimit(context.clock);
  const check = async (): Promise<Progress<PodObservation>> => {
    const live = await context.lookAtPods();
    const open = mismatches(live, bundle.tls);
    const [first] = open;
    if (first === undefined || open.some((m) => !m.isUnknown)) return { done: live };
    if (isOutOfReach(open.every((m) => m.isUnreachable))) throw outOfReach(open);
    return { waitingFor: `${formatRef(first.subject)} ${first.problem}` };
  };
  const live = await waitUntil(context, {
    subject: step.subject,
    watch: [watchPods(step.subject)],
    check,
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'not verified',
    retryMs: 1000,
  });
  // Not only under `ops-request`: KubeDB may have carried the request out before the executor was changed.
  if (step.request !== undefined) await markRequest(context, step.request, step.subject.namespace ?? '');
  const wrong = mismatches(live, bundle.tls);
  for (const { subject, problem } of wrong) emit(context, 'warning', subject, problem);
  if (wrong.length === 0) {
    emitVerified(context, live);
    return 'done';
  }
  // A request that the reconciler carries out ends only when everything is proven: the next plan continues it.
  const isOurs = step.request !== undefined && !capabilitiesOf(bundle.desired).needsOpsManager;
  return isOurs ? 'replan' : 'done';
}

function emitVerified(context: ExecuteContext, live: PodObservation): void {
  for (const pod of live.pods) {
    const leaf = pod.served.find((s) => s.leaf !== undefined)?.leaf;
    const message =
      leaf === undefined
        ? 'serves plaintext'
        : `serves the certificate in its Secret (${leaf.fingerprint.slice(0, 12)}, until ${leaf.notAfter})`;
    emit(context, 'verified', podRef(live, pod.name), message, { listeners: listenersOf([pod]) });
  }
}

function outOfReach(pods: readonly Mismatch[]): BlockedError {
  const names = pods.map((p) => `${p.subject.name} (${p.problem})`).join(', ');
  return new BlockedError(`the listeners of pods cannot be observed from here: ${names}.`, {
    hint: 'Run it where the pods can be reached, as the Job in the cluster does; network policies have to allow ports 9092 and 9093.',
  });
}

/** Marks a Successful request as verified, or records that it had no effect at this generation of the Kafka. */
async function markRequest(context: ExecuteContext, name: string, namespace: string): Promise<void> {
  const subject = ref(KINDS.KafkaOpsRequest, namespace, name);
  const request = asKind('KafkaOpsRequest', await context.cluster.get(subject));
  if (request === undefined || phaseOf(request) !== 'Successful' || request.metadata.annotations?.[REQUEST.verified] !== undefined) return;
  const { live, missing } = await effectAfterIssuance(context, request);
  const generation = String(live.kafka?.metadata.generation);
  const mark = missing.length === 0 ? { [REQUEST.verified]: live.observedAt } : { [REQUEST.ineffectiveAt]: generation };
  await modify(context.cluster, subject, (r) => withAnnotations(r, mark));
  if (missing.length === 0) emit(context, 'verified', subject, 'had its effect');
}

/** KubeDB can report success before cert-manager has begun, so a pending issuance is waited for. */
async function effectAfterIssuance(context: ExecuteContext, request: KafkaOpsRequest) {
  const compare = async () => {
    const live = await context.observe();
    return { live, missing: unmetPostconditions(request, context.bundle, live, context.clock.now()) };
  };
  const first = await compare();
  if (!first.missing.some(isIssuancePending)) return first;
  const wait = waitUntil(context, {
    subject: refOf(request),
    watch: [{ kind: KINDS.Certificate, selection: { namespace: request.metadata.namespace ?? '' } }],
    check: async () => {
      const now = await compare();
      const open = now.missing.find(isIssuancePending);
      return open === undefined ? { done: now } : { waitingFor: `${formatRef(open.subject)} ${open.message}` };
    },
    deadlineMs: deadlineMs(context, 'issuance'),
    failure: 'its certificates were not issued',
  });
  return wait.catch((error: unknown) => {
    if (error instanceof TimeoutError) return compare(); // without effect until now
    throw error;
  });
}
