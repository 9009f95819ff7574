/** Asks an issuer for a certificate that nothing uses, to see which root it signs with. The Kafka is not changed. */

import { conditionsOf, formatRef, KINDS, type KubeObject, refOf } from '#model/kube-object';
import { mapIn } from '#model/plain-data';
import { ClusterError, TimeoutError } from '../errors';
import type { ProbeAnswer } from '../model/observation';
import type { StepOf } from '../model/plan';
import { deadlineMs, type ExecuteContext, emit, type StepResult } from './context';
import { type Progress, waitUntil } from './wait';

/** How often the request is read: there may be no permission to watch it. */
const LOOK_AGAIN_MS = 1_000;

/** Keeps the answer for the rest of the run, which is planned again with it. An issuer without an answer is no failure of the run. */
export async function probe(context: ExecuteContext, step: StepOf<'probe'>): Promise<StepResult> {
  const { subject } = step;
  const answer = await askFor(context, step).catch((error: unknown): ProbeAnswer => {
    if (error instanceof TimeoutError || error instanceof ClusterError) return { failure: error.message.replace(/\.$/, '') };
    throw error;
  });
  context.probes.set(`${subject.kind}/${subject.name}`, answer);
  if ('failure' in answer) emit(context, 'warning', subject, `the root that it signs with is not known: ${answer.failure}`);
  else emit(context, 'issued', subject, 'answered a certificate request: the root that it signs with is known');
  return 'replan';
}

async function askFor(context: ExecuteContext, { request, names }: StepOf<'probe'>): Promise<ProbeAnswer> {
  const subject = refOf(request);
  // A killed run may have left a request.
  await remove(context, await context.cluster.get(subject));
  const spec = { ...mapIn(request.spec), ...context.createRequest(names) };
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
  const conditions = conditionsOf(request);
  const isTrue = (type: string) => conditions.find((c) => c.type === type && c.status === 'True');
  const text = (field: 'certificate' | 'ca') => Buffer.from(String(mapIn(request.status)[field] ?? ''), 'base64').toString('utf8');
  if (isTrue('Ready') !== undefined) return { done: { certificate: text('certificate'), ca: text('ca') } };
  const refusal = isTrue('Denied') ?? isTrue('InvalidRequest') ?? conditions.find((c) => c.type === 'Ready' && c.reason === 'Failed');
  if (refusal !== undefined)
    return { done: { failure: `${formatRef(refOf(request))}: ${refusal.message ?? refusal.reason ?? refusal.type}` } };
  const pending = conditions.find((c) => c.type === 'Ready');
  return { waitingFor: pending?.message ?? (isTrue('Approved') === undefined ? 'for its approval' : 'for its issuer') };
}

/** A request that cannot be deleted is left: the Kafka owns it, and the next probe deletes it first. */
async function remove(context: ExecuteContext, request: KubeObject | undefined): Promise<void> {
  if (request === undefined) return;
  await context.cluster.delete(refOf(request), request.metadata.uid ?? '').catch((error: unknown) => {
    if (!(error instanceof ClusterError)) throw error;
  });
}
