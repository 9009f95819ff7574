/** Steps that do not depend on the executor. Each may run again at any point: it finds what is done already. */

import { asKind, type Kafka } from '#model/kinds/index';
import { formatRef, hasTrueCondition, KINDS, type KubeObject, kindOf, refOf } from '#model/kube-object';
import { ANNOTATION_CHANGE, ANNOTATION_OWNER, REQUEST } from '#model/names';
import { mapIn } from '#model/plain-data';
import { normalizeTls, tlsStateOf } from '#model/tls';
import { InternalError } from '../errors';
import { statusOf } from '../model/object-status';
import type { StepOf } from '../model/plan';
import { healthProblem } from '../plan/health';
import type { JsonPatchOperation } from '../ports';
import {
  deadlineMs,
  type ExecuteContext,
  emit,
  kafkaOf,
  lookUnlessChanged,
  modify,
  replanOnConflict,
  type StepResult,
  withAnnotations,
  withCondition,
} from './context';
import { brokerIssuance, issuanceCause, retryFailures } from './issuance';
import { type Progress, waitUntil, watchObject } from './wait';

/** How often the CertificateRequests of a waiting Certificate are read: they are not watched. */
const LOOK_AGAIN_MS = 5_000;

export async function applyObject(context: ExecuteContext, step: StepOf<'apply'>): Promise<StepResult> {
  await context.cluster.apply(step.manifest);
  emit(context, 'applied', step.subject, step.change === 'create' ? 'created' : 'configured');
  return 'done';
}

/** Creates a Kafka. If another writer has created it meanwhile, the next plan compares it. */
export async function createKafka(context: ExecuteContext, step: StepOf<'create'>): Promise<StepResult> {
  const result = await replanOnConflict(context.cluster.create(step.manifest));
  if (result === 'done') emit(context, 'applied', step.subject, 'created');
  return result;
}

export async function claimOwnership(context: ExecuteContext, step: StepOf<'claimOwnership'>): Promise<StepResult> {
  await modify(context.cluster, step.subject, (kafka) => withAnnotations(kafka, { [ANNOTATION_OWNER]: step.owner }));
  emit(context, 'applied', step.subject, `belongs to ${step.owner}`);
  return 'done';
}

/** Writes the record of a change, unless another writer has changed it since the plan was made. */
export async function recordChange(context: ExecuteContext, { subject, phase, record, before }: StepOf<'record'>): Promise<StepResult> {
  let result: StepResult = 'done';
  await modify(context.cluster, subject, (kafka) => {
    result = kafka.metadata.annotations?.[ANNOTATION_CHANGE] === before ? 'done' : 'replan';
    return result === 'done' ? withAnnotations(kafka, { [ANNOTATION_CHANGE]: record }) : undefined;
  });
  if (result === 'done') {
    emit(context, 'applied', subject, phase === 'begun' ? 'records that the change began' : 'records that the change is complete');
  }
  return result;
}

/** Writes the desired TLS state into a Kafka's spec: only these two paths, and only on the version that was read. */
export async function configureTls({ bundle: { tls }, cluster }: ExecuteContext, kafka: Kafka): Promise<StepResult> {
  const operations: JsonPatchOperation[] = [{ op: 'test', path: '/metadata/resourceVersion', value: kafka.metadata.resourceVersion }];
  if (tls !== 'off') {
    const value = normalizeTls(kafka.metadata.name, tls);
    operations.push({ op: 'add', path: '/spec/enableSSL', value: true }, { op: 'add', path: '/spec/tls', value });
  } else {
    if (kafka.spec?.enableSSL !== undefined) operations.push({ op: 'remove', path: '/spec/enableSSL' });
    if (kafka.spec?.tls !== undefined) operations.push({ op: 'remove', path: '/spec/tls' });
  }
  return operations.length === 1 ? 'done' : replanOnConflict(cluster.patch(refOf(kafka), operations));
}

export async function configureKafka(context: ExecuteContext, step: StepOf<'configure'>): Promise<StepResult> {
  const live = await context.observe();
  const kafka = kafkaOf(live);
  // KubeDB does not wait for certificates, so a Kafka that has pods by now changes through an operation.
  if (live.pods.length > 0 || hasTrueCondition(kafka, 'Provisioned')) return 'replan';
  const result = await configureTls(context, kafka);
  if (result === 'done') emit(context, 'applied', step.subject, `TLS ${tlsStateOf(kafka.spec) === 'off' ? 'turned on' : 'configured'}`);
  return result;
}

export async function awaitReady(context: ExecuteContext, { subject }: StepOf<'awaitReady'>): Promise<StepResult> {
  const kind = kindOf(subject);
  if (kind === undefined) throw new InternalError(`no kind is known for ${formatRef(subject)}`);
  const isKafka = kind === KINDS.Kafka;
  const retry = retryFailures(context);
  const check = async (): Promise<Progress<string>> => {
    const object = await context.cluster.get(subject);
    const { state, reason } = statusOf(object);
    if (state === 'Current') return { done: reason };
    if (isKafka) return (await brokerIssuance(context)) ?? { waitingFor: reason };
    if (object === undefined || kind !== KINDS.Certificate) return { waitingFor: reason };
    await retry(object);
    return { waitingFor: await issuanceCause(context, object) };
  };
  const state = await waitUntil(context, {
    subject,
    watch: [watchObject(kind, subject)],
    check,
    deadlineMs: deadlineMs(context, isKafka ? 'foreignOperation' : 'issuance'),
    failure: isKafka ? 'not provisioned' : 'not Ready',
    retryMs: LOOK_AGAIN_MS,
  });
  emit(context, 'ready', subject, state || 'as desired');
  return 'done';
}

/** Marks a request of ours Failed because the desired state no longer needs it. This does not count as a failed attempt. */
export async function supersede(context: ExecuteContext, { subject }: StepOf<'supersede'>): Promise<StepResult> {
  const { cluster, clock } = context;
  await modify(cluster, subject, (request) => withAnnotations(request, { [REQUEST.superseded]: 'true' }));
  const failed = (request: KubeObject) => {
    const message = 'the desired state has changed';
    const next = withCondition(request, { type: 'Failed', reason: 'Superseded', message }, clock.now());
    return { ...next, status: { ...mapIn(next.status), phase: 'Failed' } };
  };
  await modify(cluster, subject, failed, { status: true });
  emit(context, 'warning', subject, 'superseded: the desired state has changed');
  return 'done';
}

/** Deletes a Certificate of ours. Its Secret is kept. */
export async function deleteObject(context: ExecuteContext, step: StepOf<'delete'>): Promise<StepResult> {
  await context.cluster.delete(step.subject, step.uid);
  emit(context, 'deleted', step.subject, step.findings[0]?.message ?? 'no longer wanted');
  return 'done';
}

/** The phase of a Kafka follows KubeDB's health check with a delay, so the Kafka gets as long as a pod to become Ready. */
export async function awaitHealth(context: ExecuteContext, { subject }: StepOf<'awaitHealth'>): Promise<StepResult> {
  const result = await waitUntil(context, {
    subject,
    watch: [watchObject(KINDS.Kafka, subject)],
    check: async () => {
      const kafka = await lookUnlessChanged(context, () => context.cluster.get(subject));
      if (kafka === undefined || kafka === 'replan') return { done: 'replan' as const };
      const problem = healthProblem(asKind('Kafka', kafka));
      return problem === undefined ? { done: 'done' as const } : { waitingFor: problem };
    },
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'TLS was changed, but KubeDB does not report the Kafka Ready',
    hint: 'Every listener is as desired. Look at its pods, and at whether the CA in the Secret of the client certificate has signed it.',
  });
  if (result === 'done') emit(context, 'ready', subject, 'KubeDB reports it Ready');
  return result;
}
