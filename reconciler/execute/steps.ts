/** The steps that do not depend on the executor. Each may be run again at any point: what is done already is found done. */
import { formatRef, hasTrueCondition, KINDS, type KubeObject, kindOf, ref } from '#model/kube-object';
import { ANNOTATION_CHANGE, ANNOTATION_OWNER, REQUEST } from '#model/names';
import { normalizeTls, tlsStateOf } from '#model/tls';
import { BlockedError, InternalError, TimeoutError } from '../errors';
import { statusOf } from '../model/object-status';
import type { PodObservation } from '../model/observation';
import type {
  ApplyStep,
  AwaitReadyStep,
  ClaimOwnershipStep,
  ConfigureStep,
  CreateStep,
  DeleteStep,
  RecordStep,
  VerifyStep,
} from '../model/plan';
import { isIssuancePending, unmetPostconditions } from '../plan/postconditions';
import { mismatches } from '../plan/verify';
import type { JsonPatchOperation } from '../ports';
import { deadlineMs, type ExecuteContext, emit, kafkaOf, modify, orReplan, Replan, withAnnotations } from './context';
import { brokerIssuance, failuresTriedAgain, issuanceCause } from './issuance';
import { type Progress, waitUntil } from './wait';

/** A Ready pod whose listener does not answer for this long is out of reach from here. */
export const REACH_MS = 30_000;
const LOOK_AGAIN_MS = 5_000;

export async function applyObject(context: ExecuteContext, step: ApplyStep): Promise<void> {
  await context.cluster.apply(step.manifest);
  emit(context, 'applied', step.subject, step.change === 'create' ? 'created' : 'configured');
}

/** Creates a Kafka; one that appeared meanwhile is left as it is, and planned for in the next round. */
export async function createKafka(context: ExecuteContext, step: CreateStep): Promise<void> {
  await orReplan(context.cluster.create(step.manifest));
  emit(context, 'applied', step.subject, 'created');
}

export async function claimOwnership(context: ExecuteContext, step: ClaimOwnershipStep): Promise<void> {
  await modify(context.cluster, step.subject, (kafka) => withAnnotations(kafka, { [ANNOTATION_OWNER]: step.owner }));
  emit(context, 'applied', step.subject, `belongs to ${step.owner}`);
}

/** Writes the record of a change; when another writer changed it since the plan was made, the rest is planned again. */
export async function recordChange(context: ExecuteContext, { subject, phase, record, before }: RecordStep): Promise<void> {
  await modify(context.cluster, subject, (kafka) => {
    if (kafka.metadata.annotations?.[ANNOTATION_CHANGE] !== before) throw new Replan();
    return withAnnotations(kafka, { [ANNOTATION_CHANGE]: record });
  });
  emit(context, 'applied', subject, phase === 'begun' ? 'records that the change began' : 'records that the change is complete');
}

/** Writes the desired TLS state into a Kafka's spec: only those two paths, only on the version that was read. */
export async function configureTls(context: ExecuteContext, kafka: KubeObject): Promise<boolean> {
  const { tls } = context.bundle;
  const wanted = tls === 'off' ? undefined : normalizeTls(kafka.metadata.name, tls);
  const operations: JsonPatchOperation[] = [{ op: 'test', path: '/metadata/resourceVersion', value: kafka.metadata.resourceVersion }];
  if (wanted !== undefined) {
    operations.push({ op: 'add', path: '/spec/enableSSL', value: true }, { op: 'add', path: '/spec/tls', value: wanted });
  } else {
    if (kafka.spec?.enableSSL !== undefined) operations.push({ op: 'remove', path: '/spec/enableSSL' });
    if (kafka.spec?.tls !== undefined) operations.push({ op: 'remove', path: '/spec/tls' });
  }
  if (operations.length === 1) return false;
  await orReplan(context.cluster.patch(ref(KINDS.Kafka, kafka.metadata.namespace, kafka.metadata.name), operations));
  return true;
}

export async function configureKafka(context: ExecuteContext, step: ConfigureStep): Promise<void> {
  const live = await context.observe();
  const kafka = kafkaOf(live);
  // Certificates take their time, and KubeDB does not wait: a Kafka with pods changes by an operation.
  if (live.pods.length > 0 || hasTrueCondition(kafka, 'Provisioned')) throw new Replan();
  await configureTls(context, kafka);
  emit(context, 'applied', step.subject, `TLS ${tlsStateOf(kafka.spec) === 'off' ? 'turned on' : 'configured'}`);
}

export async function awaitReady(context: ExecuteContext, { subject }: AwaitReadyStep): Promise<void> {
  const kind = kindOf(subject);
  if (kind === undefined) throw new InternalError(`no kind is known for ${formatRef(subject)}`);
  const isKafka = kind === KINDS.Kafka;
  const tryAgain = failuresTriedAgain(context);
  const check = async (): Promise<Progress<string>> => {
    const object = await context.cluster.get(subject);
    const { state, reason } = statusOf(object);
    if (state === 'Current') return { done: reason };
    if (isKafka) return (await brokerIssuance(context)) ?? { waitingFor: reason };
    if (object === undefined || kind !== KINDS.Certificate) return { waitingFor: reason };
    await tryAgain(object);
    return { waitingFor: await issuanceCause(context, object) };
  };
  const state = await waitUntil(context, {
    subject,
    watch: [{ kind, selection: { namespace: subject.namespace ?? '', name: subject.name } }],
    check,
    deadlineMs: isKafka ? deadlineMs(context, 'foreignOperation') : deadlineMs(context, 'issuance'),
    failure: isKafka ? 'not provisioned' : 'not Ready',
    // What an issuer answers is on requests that are not watched.
    retryMs: LOOK_AGAIN_MS,
  });
  emit(context, 'ready', subject, state || 'as wanted');
}

/**
 * Waits until every pod is proven to serve what its Secret holds. A pod that serves something else for certain ends the wait at once: the
 * next round plans its restart. The request, if there is one, is judged by its own effect and marked.
 */
export async function verify(context: ExecuteContext, step: VerifyStep): Promise<void> {
  const { clock, bundle } = context;
  let unreachableSince: number | undefined;
  const check = async (): Promise<Progress<PodObservation>> => {
    const live = await context.lookAtPods();
    const open = mismatches(live, bundle.tls);
    const unreachable = open.filter((m) => m.isUnreachable);
    if (open.length === 0 || open.some((m) => !m.isUnknown)) return { done: live };
    unreachableSince = unreachable.length === open.length ? (unreachableSince ?? clock.monotonicMs()) : undefined;
    if (unreachableSince !== undefined && clock.monotonicMs() - unreachableSince >= REACH_MS) throw outOfReach(unreachable);
    const first = open[0];
    return { waitingFor: first === undefined ? '' : `${formatRef(first.subject)} ${first.problem}` };
  };
  const live = await waitUntil(context, {
    subject: step.subject,
    watch: [{ kind: KINDS.Pod, selection: podSelection(step) }],
    check,
    deadlineMs: deadlineMs(context, 'podReady'),
    failure: 'not verified',
    retryMs: 1000,
  });
  // Also one that KubeDB carried out before the executor was changed; a `native` one under way is not Successful yet.
  if (step.request !== undefined) await judgeRequest(context, step.request, step.subject.namespace ?? '');
  const wrong = mismatches(live, bundle.tls);
  for (const { subject, problem } of wrong) emit(context, 'warning', subject, problem);
  if (wrong.length === 0) return sayVerified(context, live);
  // Under `native` the request ends only when all is proven; what changed meanwhile is planned for, and the request gone on with.
  if (bundle.desired.executor === 'native' && step.request !== undefined) throw new Replan();
}

function sayVerified(context: ExecuteContext, live: PodObservation): void {
  for (const pod of live.pods) {
    const leaf = pod.served.find((s) => s.leaf !== undefined)?.leaf;
    const what =
      leaf === undefined ? 'serves plaintext' : `serves what its Secret holds (${leaf.fingerprint.slice(0, 12)}, until ${leaf.notAfter})`;
    emit(context, 'verified', ref(KINDS.Pod, live.namespace, pod.name), what);
  }
}

function outOfReach(pods: readonly { readonly subject: { readonly name: string }; readonly problem: string }[]): BlockedError {
  const names = pods.map((p) => `${p.subject.name} (${p.problem})`).join(', ');
  return new BlockedError(`what pods serve cannot be seen from here: ${names}.`, {
    hint: 'Run it where the pods can be reached, as the Job in the cluster does; network policies have to allow ports 9092 and 9093.',
  });
}

function podSelection(step: VerifyStep): { namespace: string; labels: Record<string, string> } {
  return { namespace: step.subject.namespace ?? '', labels: { 'app.kubernetes.io/instance': step.subject.name } };
}

/** Marks a Successful request `verified`, or remembers that it had no effect at this generation of the Kafka. */
async function judgeRequest(context: ExecuteContext, name: string, namespace: string): Promise<void> {
  const subject = ref(KINDS.KafkaOpsRequest, namespace, name);
  const request = await context.cluster.get(subject);
  if (request?.status?.phase !== 'Successful' || request.metadata.annotations?.[REQUEST.verified] !== undefined) return;
  const { live, missing } = await effectAfterIssuance(context, request);
  const generation = String(live.kafka?.metadata.generation);
  const mark = missing.length === 0 ? { [REQUEST.verified]: live.observedAt } : { [REQUEST.ineffectiveAt]: generation };
  await modify(context.cluster, subject, (r) => withAnnotations(r, mark));
  if (missing.length === 0) emit(context, 'verified', subject, 'did what it was asked for');
}

/** KubeDB can report success before cert-manager has even begun; what may still come is waited for before anything is judged. */
async function effectAfterIssuance(context: ExecuteContext, request: KubeObject) {
  const judge = async () => {
    const live = await context.observe();
    return { live, missing: unmetPostconditions(request, context.bundle, live, context.clock.now()) };
  };
  const first = await judge();
  if (!first.missing.some(isIssuancePending)) return first;
  const wait = waitUntil(context, {
    subject: ref(KINDS.KafkaOpsRequest, request.metadata.namespace, request.metadata.name),
    watch: [{ kind: KINDS.Certificate, selection: { namespace: request.metadata.namespace ?? '' } }],
    check: async () => {
      const now = await judge();
      const open = now.missing.find(isIssuancePending);
      return open === undefined ? { done: now } : { waitingFor: `${formatRef(open.subject)} ${open.message}` };
    },
    deadlineMs: deadlineMs(context, 'issuance'),
    failure: 'its certificates were not issued',
  });
  return wait.catch((error: unknown) => {
    if (error instanceof TimeoutError) return judge(); // as it is now: without effect
    throw error;
  });
}

/** Deletes a Certificate of ours; its Secret stays. */
export async function deleteObject(context: ExecuteContext, step: DeleteStep): Promise<void> {
  await context.cluster.delete(step.subject, step.uid);
  emit(context, 'deleted', step.subject, step.findings[0]?.message ?? 'no longer wanted');
}
