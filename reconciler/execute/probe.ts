/** Asks an issuer for a certificate that is not used, to see which root it signs with; nothing of the Kafka is touched. */
import { type Condition, formatRef, KINDS, type KubeObject, refOf } from '#model/kube-object';
import { ClusterError, TimeoutError } from '../errors';
import type { ProbeAnswer } from '../model/observation';
import type { ProbeStep } from '../model/plan';
import { deadlineMs, type ExecuteContext, emit } from './context';
import { type Progress, waitUntil } from './wait';

/** What is not permitted to be watched is looked at again after this long. */
const LOOK_AGAIN_MS = 1_000;

/** Asks, and notes the answer down for the rest of the run. An issuer that gives none, or may not be asked, is no failure of the run. */
export async function probe(context: ExecuteContext, step: ProbeStep): Promise<void> {
  const { subject } = step;
  const answer = await askFor(context, step).catch((error: unknown): ProbeAnswer => {
    if (error instanceof TimeoutError || error instanceof ClusterError) return { failure: error.message.replace(/\.$/, '') };
    throw error;
  });
  context.probes.set(`${subject.kind}/${subject.name}`, answer);
  if ('failure' in answer) emit(context, 'warning', subject, `which root it signs with could not be found out: ${answer.failure}`);
  else emit(context, 'issued', subject, 'answered a certificate request: the root that it signs with is known');
}

async function askFor(context: ExecuteContext, { request, names }: ProbeStep): Promise<ProbeAnswer> {
  const subject = refOf(request);
  // A run that was killed may have left one behind.
  await remove(context, await context.cluster.get(subject));
  const spec = { ...request.spec, ...context.createRequest(names) };
  const created = await context.cluster.create({ ...request, spec });
  try {
    return await waitUntil(context, {
      subject,
      watch: [],
      check: async () => progressOf(await context.cluster.get(subject)),
      deadlineMs: deadlineMs(context, 'issuance'),
      failure: 'no answer',
      retryMs: LOOK_AGAIN_MS,
    });
  } finally {
    await remove(context, created);
  }
}

function progressOf(request: KubeObject | undefined): Progress<ProbeAnswer> {
  if (request === undefined) return { done: { failure: `${KINDS.CertificateRequest.kind} was deleted` } };
  const conditions: readonly Condition[] = request.status?.conditions ?? [];
  const isTrue = (type: string) => conditions.find((c) => c.type === type && c.status === 'True');
  const text = (field: 'certificate' | 'ca') => Buffer.from(request.status?.[field] ?? '', 'base64').toString('utf8');
  if (isTrue('Ready') !== undefined) return { done: { certificate: text('certificate'), ca: text('ca') } };
  const refusal = isTrue('Denied') ?? isTrue('InvalidRequest') ?? conditions.find((c) => c.type === 'Ready' && c.reason === 'Failed');
  if (refusal !== undefined)
    return { done: { failure: `${formatRef(refOf(request))}: ${refusal.message ?? refusal.reason ?? refusal.type}` } };
  const pending = conditions.find((c) => c.type === 'Ready');
  return { waitingFor: pending?.message ?? (isTrue('Approved') === undefined ? 'for its approval' : 'for its issuer') };
}

/** What cannot be deleted is left: it is owned by the Kafka, and the next question deletes it first. */
async function remove(context: ExecuteContext, request: KubeObject | undefined): Promise<void> {
  if (request === undefined) return;
  await context.cluster.delete(refOf(request), request.metadata.uid ?? '').catch((error: unknown) => {
    if (!(error instanceof ClusterError)) throw error;
  });
}
