/** Steps of a change of root: a Certificate that is issued again as it is, and a CA Secret without the old root. */
import { asKind } from '#model/kinds/index';
import { KINDS } from '#model/kube-object';
import { statusOf } from '../model/object-status';
import type { StepOf } from '../model/plan';
import { deadlineMs, type ExecuteContext, emit, replanOnConflict, type StepResult } from './context';
import { issuanceCause, retryFailures, triggerIssuance } from './issuance';
import { waitUntil, watchObject } from './wait';

/** Has cert-manager issue a Certificate again, unless it has done so since the plan was made, and waits for it. */
export async function reissue(context: ExecuteContext, { subject, revision }: StepOf<'reissue'>): Promise<StepResult> {
  const isIssued = (object: Parameters<typeof statusOf>[0]) =>
    object !== undefined && (asKind('Certificate', object).status?.revision ?? 0) > revision;
  await triggerIssuance(context, subject, isIssued);
  const retry = retryFailures(context);
  await waitUntil(context, {
    subject,
    watch: [watchObject(KINDS.Certificate, subject)],
    check: async () => {
      const certificate = await context.cluster.get(subject);
      if (certificate === undefined) return { waitingFor: statusOf(certificate).reason };
      if (isIssued(certificate) && statusOf(certificate).state === 'Current') return { done: undefined };
      await retry(certificate);
      return { waitingFor: await issuanceCause(context, certificate) };
    },
    deadlineMs: deadlineMs(context, 'issuance'),
    failure: 'not issued',
    retryMs: 1000,
  });
  emit(context, 'issued', subject, 'in its Secret');
  return 'done';
}

/** Removes ca.crt, on the version that was read, and only beside a certificate that the old CA has issued. */
export async function withdrawRoot(context: ExecuteContext, { subject, signer }: StepOf<'withdrawRoot'>): Promise<StepResult> {
  const secret = await context.cluster.get(subject);
  if (secret === undefined || secret.metadata.annotations?.['cert-manager.io/issuer-name'] !== signer) return 'replan';
  if (asKind('Secret', secret).data?.['ca.crt'] === undefined) return 'done';
  const result = await replanOnConflict(
    context.cluster.patch(subject, [
      { op: 'test', path: '/metadata/resourceVersion', value: secret.metadata.resourceVersion },
      { op: 'remove', path: '/data/ca.crt' },
    ]),
  );
  if (result === 'done') emit(context, 'applied', subject, 'ca.crt removed');
  return result;
}
