/**
 * A running request, one step at a time. The conditions of the request record the finished steps, in KubeDB's order and words; the next step
 * is the first one without a condition. What conditions cannot hold (the pod before its restart, the revision before the rotation) is kept
 * in memory.
 */
import { goDurationMs } from '#model/go-duration';
import { conditionsOf, hasTrueCondition } from '#model/kube-object';
import { ApiError } from '#reconciler/sandbox/client';
import { revisionOf } from '../cert-manager/status';
import { type Context, isOwnedBy, isTrue, type NewCondition, setConditions } from '../context';
import type { Again } from '../controller';
import { hasPodFault } from '../faults';
import { type Kafka, KINDS, type OpsRequest, type Pod } from '../kinds';
import { certificatesOf, ensureCertificates, isIssued, triggerIssuance } from './certificates';
import { kafkaNodeOf, nodesOf } from './layout';
import { type Target, tlsFields } from './ops-requests';
import { provisionBasics, provisionWorkloads } from './provision';

export interface Run {
  readonly context: Context;
  readonly request: OpsRequest;
  readonly kafka: Kafka;
  readonly target: Target;
  readonly memory: Memory;
  /** Imitates KubeDB, which finishes a rotation before the new certificates exist. */
  readonly rotationRace: boolean;
}

export interface Memory {
  /** Revisions of the certificates before the rotation, by name. */
  revisions?: Readonly<Record<string, number>>;
  /** Uids of the pods before their restart, by name. */
  readonly pods: Map<string, string>;
  /** Certificates whose issuance was triggered. */
  readonly triggered: Set<string>;
  isCutover?: boolean;
  /** Time of the first refused eviction of the current pod. */
  refusedSinceMs?: number;
  /** When the next step may begin. */
  notBeforeMs?: number;
}

/** The conditions of a finished step, or `wait`. */
export type Progress = readonly NewCondition[] | 'wait';

interface Step {
  /** The condition that the finished step leaves. */
  readonly until: string;
  readonly run: (run: Run) => Promise<Progress>;
}

/** A larger step. KubeDB gives its condition a reason. */
export const milestone = (type: string, message: string): NewCondition => isTrue(type, type, message);
const action = (type: string, words: string): NewCondition => ({ type, status: 'True', message: `${words}; ConditionStatus:True` });
const podAction = (type: string, words: string, pod: string): NewCondition => ({
  type: `${type}--${pod}`,
  status: 'True',
  message: `${words}; ConditionStatus:True; PodName:${pod}`,
});

/** Returns the steps of a request between its start and its end. */
function stepsOf({ target: { operation }, kafka }: Run): readonly Step[] {
  return [
    ...(operation === 'remove' || operation === 'restart' ? [] : [{ until: 'CertificateSynced', run: syncCertificates }]),
    ...(operation === 'restart' ? [] : [{ until: 'UpdatePetSets', run: updatePetSets }]),
    ...nodesOf(kafka).flatMap(({ pod }): readonly Step[] => [
      { until: `EvictPod--${pod}`, run: (run) => evict(run, pod) },
      { until: `CheckPodRunning--${pod}`, run: (run) => checkRunning(run, pod) },
    ]),
    { until: 'RestartNodes', run: async () => [milestone('RestartNodes', 'Successfully restarted all nodes')] },
  ];
}

/** Runs the first step that is not finished. Returns undefined when all are. */
export async function nextStep(run: Run): Promise<Progress | undefined> {
  return stepsOf(run)
    .find(({ until }) => !hasTrueCondition(run.request, until))
    ?.run(run);
}

async function syncCertificates({ context, kafka, target, memory, rotationRace }: Run): Promise<Progress> {
  if (target.tls === undefined) return 'wait';
  const isRotation = target.operation === 'rotate';
  if (!isRotation) {
    await provisionBasics(context, { ...kafka, spec: { ...kafka.spec, enableSSL: true, tls: target.tls } });
    await ensureCertificates(context, kafka, target.tls);
  }
  const certificates = certificatesOf(context, kafka);
  const isRenewed = isRotation && !rotationRace;
  memory.revisions ??= Object.fromEntries(isRenewed ? certificates.map((c) => [c.metadata.name, revisionOf(c)]) : []);
  const { revisions, triggered } = memory;
  for (const certificate of certificates) {
    const { name } = certificate.metadata;
    // Only once: cert-manager itself repeats a failed issuance.
    if (revisions[name] !== revisionOf(certificate) || triggered.has(name)) continue;
    await triggerIssuance(context, certificate);
    triggered.add(name);
  }
  const isDone = certificates.length > 0 && certificates.every((c) => isIssued(context, c, revisions[c.metadata.name]));
  if (!isDone) return 'wait';
  return [
    action('GetCertificate', 'get certificate'),
    action('CheckReadyCondition', 'check ready condition'),
    action('IssuingCondition', 'issuing condition'),
    milestone('CertificateSynced', 'Successfully synced all certificates'),
  ];
}

async function updatePetSets({ context, kafka, target }: Run): Promise<Progress> {
  const { cache, client } = context;
  const changed = target.operation === 'rotate' ? kafka : ((await client.patch(kafka, { spec: tlsFields(target.tls) })) as Kafka);
  if (target.tls === undefined) for (const certificate of certificatesOf(context, kafka)) await client.delete(certificate);
  await provisionWorkloads(context, changed);
  const petSets = cache.list(KINDS.PetSet, kafka.metadata.namespace).filter((petSet) => isOwnedBy(kafka, petSet));
  const isObserved = petSets.every((p) => p.status?.observedGeneration === p.metadata.generation);
  return isObserved ? [milestone('UpdatePetSets', 'successfully reconciled the Kafka with tls configuration')] : 'wait';
}

/**
 * After this time a pod whose eviction is refused is deleted, if nodes cannot connect to each other: no budget can be met then. KubeDB's own
 * pods are Ready whether they reach their peers or not.
 */
const PATIENCE_MS = 500;

async function evict({ context, kafka, memory }: Run, name: string): Promise<Progress> {
  const { cache, client, clock } = context;
  const pod = cache.get(KINDS.Pod, kafka.metadata.namespace, name);
  if (pod === undefined) return 'wait';
  memory.pods.set(name, pod.metadata.uid ?? '');
  try {
    await client.evict(pod);
  } catch (error) {
    if (!(error instanceof ApiError) || ![404, 409, 429].includes(error.code)) throw error;
    if (error.code !== 429) return 'wait';
    const nowMs = clock.monotonicMs();
    memory.refusedSinceMs ??= nowMs;
    const isSplit = memory.isCutover === true || hasIsolatedPod(context, kafka);
    if (!isSplit || nowMs - memory.refusedSinceMs < PATIENCE_MS) return 'wait';
    await client.delete(pod);
  }
  delete memory.refusedSinceMs;
  return [podAction('GetPod', 'get pod', name), podAction('EvictPod', 'evict pod', name)];
}

/** Tells whether a pod runs and is not Ready although it has no fault: an earlier operation left nodes that cannot connect. */
function hasIsolatedPod({ cache }: Context, { metadata }: Kafka): boolean {
  return cache
    .list(KINDS.Pod, metadata.namespace)
    .filter((pod) => kafkaNodeOf(pod)?.kafka === metadata.name && isRunning(pod))
    .some((pod) => !hasTrueCondition(pod, 'Ready') && !hasPodFault('never-ready', cache, pod));
}

function isRunning({ status }: Pod): boolean {
  return status?.phase === 'Running' && status.containerStatuses?.[0]?.state.running !== undefined;
}

/** The phase stays Running while a container ends and is started again, as the first controllers without TLS do among peers with TLS. */
async function checkRunning({ context, kafka, memory }: Run, name: string): Promise<Progress> {
  const pod = context.cache.get(KINDS.Pod, kafka.metadata.namespace, name);
  const isRestarted = pod !== undefined && pod.metadata.uid !== memory.pods.get(name) && pod.status?.phase === 'Running';
  return isRestarted ? [podAction('CheckPodRunning', 'check pod running', name)] : 'wait';
}

/** Writes conditions and the phase into the status of a request. */
export function record(context: Context, request: OpsRequest, phase: string, conditions: readonly NewCondition[]): Promise<void> {
  return setConditions(context, request, conditions, { phase, observedGeneration: request.metadata.generation ?? 1 });
}

/** Returns how long the current step may still take, in milliseconds. Without a timeout: undefined, without end. */
export function timeLeft({ clock }: Context, request: OpsRequest): Again {
  const timeout = goDurationMs(request.spec.timeout ?? '');
  const last = Math.max(0, ...conditionsOf(request).map((c) => Date.parse(c.lastTransitionTime ?? '')));
  return timeout === undefined ? undefined : last + timeout - clock.now().getTime();
}
