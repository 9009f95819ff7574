/**
 * Certificates that are being issued: why one is not there yet, in the words of cert-manager and its issuer, and how to have cert-manager try
 * again. After a failure it waits by itself for 1 h, then 2 h, and so on up to 32 h; the condition that `cmctl renew` sets bypasses that.
 */
import { conditionOf, formatRef, hasTrueCondition, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '#model/kube-object';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { ClusterError } from '../errors';
import { issuanceFailure, statusOf } from '../model/object-status';
import type { RetryIssuanceStep } from '../model/plan';
import { type ExecuteContext, emit, modify, withCondition } from './context';

/** While a failed issuance is waited for, it is tried again this often: its cause may be cured meanwhile. */
const TRY_AGAIN_MS = 60_000;

/** Sets the condition that has cert-manager issue a certificate again, unless it is at work on it or `isDone` says that it has done so. */
export async function triggerIssuance(
  context: Pick<ExecuteContext, 'cluster' | 'clock'>,
  subject: ObjectRef,
  isDone: (certificate: KubeObject) => boolean = () => false,
): Promise<void> {
  const trigger = (certificate: KubeObject) => {
    if (isDone(certificate) || hasTrueCondition(certificate, 'Issuing')) return undefined;
    const condition = {
      type: 'Issuing',
      status: 'True' as const,
      reason: 'ManuallyTriggered',
      message: 'Certificate re-issuance manually triggered',
      observedGeneration: certificate.metadata.generation ?? 1,
    };
    return withCondition(certificate, condition, context.clock.now());
  };
  await modify(context.cluster, subject, trigger, { status: true });
}

export async function retryIssuance(context: ExecuteContext, { subject }: RetryIssuanceStep): Promise<void> {
  await triggerIssuance(context, subject, (certificate) => statusOf(certificate).state === 'Current');
  emit(context, 'applied', subject, 'cert-manager is asked to try again');
}

/** Returns a function that is told of Certificates while they are waited for, and has those tried again that have failed. */
export function failuresTriedAgain(context: ExecuteContext): (certificate: KubeObject) => Promise<void> {
  const seenAtMs = new Map<string, number>();
  return async (certificate) => {
    const [name, nowMs] = [certificate.metadata.name, context.clock.monotonicMs()];
    if (issuanceFailure(certificate) === undefined) return;
    const sinceMs = seenAtMs.get(name) ?? nowMs;
    if (nowMs - sinceMs < TRY_AGAIN_MS) return void seenAtMs.set(name, sinceMs);
    seenAtMs.delete(name);
    await triggerIssuance(context, refOf(certificate));
  };
}

/** Returns why a certificate is not issued: what its latest CertificateRequest says, else its own conditions. */
export async function issuanceCause({ cluster }: Pick<ExecuteContext, 'cluster'>, certificate: KubeObject): Promise<string> {
  const request = await latestRequest(cluster, certificate);
  const problem = request === undefined ? undefined : requestProblem(request);
  if (request !== undefined && problem !== undefined) return `${problem} (${formatRef(refOf(request))})`;
  return issuanceFailure(certificate) ?? statusOf(certificate).reason;
}

/** Returns what holds up the broker certificates that KubeDB wants issued, and which of them; undefined when none is held up. */
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

/** The request of the next revision. Without the right to read requests there is none. */
async function latestRequest(cluster: ExecuteContext['cluster'], { metadata, status }: KubeObject): Promise<KubeObject | undefined> {
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

/** Returns why a CertificateRequest has no certificate, or undefined for one that has one, or that was not answered yet. */
function requestProblem(request: KubeObject): string | undefined {
  const denied = conditionOf(request, 'Denied');
  if (denied?.status === 'True') return `denied: ${denied.message || denied.reason || 'no reason was given'}`;
  const ready = conditionOf(request, 'Ready');
  return ready?.status === 'False' ? ready.message || ready.reason : undefined;
}
