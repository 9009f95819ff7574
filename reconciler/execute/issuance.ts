/**
 * Certificates that are being issued: why one is not issued yet, as cert-manager and its issuer report it, and how to make cert-manager retry.
 * After a failure cert-manager waits for 1 h, then 2 h, and so on up to 32 h. The condition that `cmctl renew` sets bypasses this.
 */
import { asKind, type Certificate } from '#model/kinds/index';
import { conditionOf, formatRef, hasTrueCondition, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '#model/kube-object';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { ClusterError } from '../errors';
import { issuanceFailure, statusOf } from '../model/object-status';
import type { StepOf } from '../model/plan';
import { type ExecuteContext, emit, modify, type StepResult, withCondition } from './context';

/** How often a failed issuance is retried while a run waits for it: its cause may be resolved meanwhile. */
const RETRY_MS = 60_000;

/** Sets the condition that makes cert-manager issue a certificate again, unless it is issuing it, or `isDone` tells that it has issued it. */
export async function triggerIssuance(
  context: Pick<ExecuteContext, 'cluster' | 'clock'>,
  subject: ObjectRef,
  isDone: (certificate: KubeObject) => boolean = () => false,
): Promise<void> {
  const trigger = (certificate: KubeObject) => {
    if (isDone(certificate) || hasTrueCondition(certificate, 'Issuing')) return undefined;
    const message = 'Certificate re-issuance manually triggered';
    return withCondition(certificate, { type: 'Issuing', reason: 'ManuallyTriggered', message }, context.clock.now());
  };
  await modify(context.cluster, subject, trigger, { status: true });
}

export async function retryIssuance(context: ExecuteContext, { subject }: StepOf<'retryIssuance'>): Promise<StepResult> {
  await triggerIssuance(context, subject, (certificate) => statusOf(certificate).state === 'Current');
  emit(context, 'applied', subject, 'cert-manager retries');
  return 'done';
}

/** Returns a function for Certificates that are waited for. It makes cert-manager retry those that have failed. */
export function retryFailures(context: ExecuteContext): (certificate: KubeObject) => Promise<void> {
  const seenAtMs = new Map<string, number>();
  return async (certificate) => {
    const [name, nowMs] = [certificate.metadata.name, context.clock.monotonicMs()];
    if (issuanceFailure(certificate) === undefined) return;
    const sinceMs = seenAtMs.get(name) ?? nowMs;
    if (nowMs - sinceMs < RETRY_MS) return void seenAtMs.set(name, sinceMs);
    seenAtMs.delete(name);
    await triggerIssuance(context, refOf(certificate));
  };
}

/** Returns why a certificate is not issued, by its latest CertificateRequest, else by its own conditions. */
export async function issuanceCause({ cluster }: Pick<ExecuteContext, 'cluster'>, certificate: KubeObject): Promise<string> {
  const request = await latestRequest(cluster, asKind('Certificate', certificate));
  const problem = request === undefined ? undefined : requestProblem(request);
  if (request !== undefined && problem !== undefined) return `${problem} (${formatRef(refOf(request))})`;
  return issuanceFailure(certificate) ?? statusOf(certificate).reason;
}

/** Returns the first broker certificate that KubeDB waits for, and why; undefined when it waits for none. */
export async function brokerIssuance(
  context: ExecuteContext,
): Promise<{ readonly waitingFor: string; readonly subject: ObjectRef } | undefined> {
  const { tls, desired } = context.bundle;
  for (const alias of tls === 'off' ? [] : ALIASES) {
    const subject = ref(KINDS.Certificate, desired.namespace, brokerCertificateName(desired.kafka, alias));
    const certificate = await context.cluster.get(subject);
    if (certificate === undefined || (statusOf(certificate).state === 'Current' && issuanceFailure(certificate) === undefined)) continue;
    return { waitingFor: await issuanceCause(context, certificate), subject };
  }
  return undefined;
}

/** Returns the request of the next revision; undefined also without permission to list requests. */
async function latestRequest(cluster: ExecuteContext['cluster'], { metadata, status }: Certificate): Promise<KubeObject | undefined> {
  try {
    const requests = await cluster.list(KINDS.CertificateRequest, { namespace: metadata.namespace ?? '' });
    const revision = String((status?.revision ?? 0) + 1);
    return requests.find(({ metadata: { annotations = {}, ownerReferences = [] } }) => {
      return ownerReferences.some((o) => o.uid === metadata.uid) && annotations['cert-manager.io/certificate-revision'] === revision;
    });
  } catch (error) {
    if (error instanceof ClusterError && (error.status === 403 || error.reason === 'NotInstalled')) return undefined;
    throw error;
  }
}

/** Returns why a CertificateRequest has no certificate; undefined if it has one, or was not answered yet. */
function requestProblem(request: KubeObject): string | undefined {
  const denied = conditionOf(request, 'Denied');
  if (denied?.status === 'True') return `denied: ${denied.message || denied.reason || 'no reason was given'}`;
  const ready = conditionOf(request, 'Ready');
  return ready?.status === 'False' ? ready.message || ready.reason : undefined;
}
