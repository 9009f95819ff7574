/**
 * One request that runs, a step at a time. What is done stands in its conditions, in KubeDB's order and words; the next step is the first
 * that they do not tell of. What they cannot tell (which pod was the one to restart, which revision was the old one) is kept in memory.
 */
import { goDurationMs } from '#model/go-duration';
import { hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import { ApiError } from '#reconciler/sandbox/client';
import type { Again } from '../controller';
import { hasPodFault } from '../faults';
import { kafkaNodeOf } from '../kubernetes/kafka-node';
import { isReadyPod } from '../kubernetes/petset';
import { conditionsOf, type NewCondition, type World, withCondition, writeStatus } from '../world';
import { certificatesOf, ensureCertificates, isIssued, removeCertificates, triggerIssuance } from './broker-certificates';
import type { Target } from './ops-target';
import { withTls } from './ops-target';
import { provisionBasics, provisionWorkloads } from './provision';

export interface Run {
  readonly world: World;
  readonly request: KubeObject;
  readonly kafka: KubeObject;
  readonly target: Target;
  readonly memory: Memory;
  /** Reproduces KubeDB's finishing of a rotation before the new certificates are there. */
  readonly rotationRace: boolean;
}

export interface Memory {
  /** Revisions of the certificates before they were to be issued anew, by name. */
  revisions?: Readonly<Record<string, number>>;
  /** Uids of the pods that are to go, by name. */
  readonly pods: Map<string, string>;
  /** Certificates that were asked to be issued anew. */
  readonly triggered: Set<string>;
  /** Nodes that are restarted cannot talk to those that are not. */
  isCutover?: boolean;
  /** When an eviction was refused first. */
  refusedSinceMs?: number;
}

/** What a step came to: conditions to note down, or nothing yet. */
export type Progress = readonly Said[] | 'wait';

/** A condition in short: KubeDB gives a reason to its larger steps only. */
export interface Said {
  readonly type: string;
  readonly message: string;
  readonly hasReason: boolean;
}

interface Step {
  /** The condition that tells that the step is done. */
  readonly until: string;
  readonly run: (run: Run) => Promise<Progress>;
}

const said = (type: string, message: string): Said => ({ type, message, hasReason: true });
const action = (type: string, words: string, pod?: string): Said => ({
  type: pod === undefined ? type : `${type}--${pod}`,
  message: `${words}; ConditionStatus:True${pod === undefined ? '' : `; PodName:${pod}`}`,
  hasReason: false,
});

/** Returns the steps of a request, the first and last apart. */
function stepsOf({ target, kafka }: Run): readonly Step[] {
  const { operation } = target;
  const issues = operation === 'add' || operation === 'update' || operation === 'rotate';
  return [
    ...(issues ? [{ until: 'CertificateSynced', run: syncCertificates }] : []),
    ...(operation === 'restart' ? [] : [{ until: 'UpdatePetSets', run: updatePetSets }]),
    ...nodesOf(kafka).flatMap(({ pod }): readonly Step[] => [
      { until: `EvictPod--${pod}`, run: (run) => evict(run, pod) },
      { until: `CheckPodRunning--${pod}`, run: (run) => checkRunning(run, pod) },
    ]),
    { until: 'RestartNodes', run: async () => [said('RestartNodes', 'Successfully restarted all nodes')] },
  ];
}

/** Takes the first step that is not done yet. Returns undefined when all are. */
export async function nextStep(run: Run): Promise<Progress | undefined> {
  const step = stepsOf(run).find(({ until }) => !hasTrueCondition(run.request, until));
  return step === undefined ? undefined : step.run(run);
}

async function syncCertificates(run: Run): Promise<Progress> {
  const { world, kafka, target, memory } = run;
  if (target.tls === 'off') return 'wait';
  const isRotation = target.operation === 'rotate';
  if (!isRotation) {
    await provisionBasics(world, withTls(kafka, target.tls));
    await ensureCertificates(world, kafka, target.tls);
  }
  const certificates = certificatesOf(world, kafka);
  const isRenewed = isRotation && !run.rotationRace;
  memory.revisions ??= Object.fromEntries(isRenewed ? certificates.map((c) => [c.metadata.name, revisionOf(c)]) : []);
  const { revisions } = memory;
  for (const certificate of certificates) {
    const { name } = certificate.metadata;
    // Once: what fails is for cert-manager to try again.
    if (revisions[name] !== revisionOf(certificate) || memory.triggered.has(name)) continue;
    await triggerIssuance(world, certificate);
    memory.triggered.add(name);
  }
  const isDone = certificates.length > 0 && certificates.every((c) => isIssued(world, c, revisions[c.metadata.name]));
  if (!isDone) return 'wait';
  return [
    action('GetCertificate', 'get certificate'),
    action('CheckReadyCondition', 'check ready condition'),
    action('IssuingCondition', 'issuing condition'),
    said('CertificateSynced', 'Successfully synced all certificates'),
  ];
}

function revisionOf(certificate: KubeObject): number {
  return certificate.status?.revision ?? 0;
}

async function updatePetSets({ world, kafka, target }: Run): Promise<Progress> {
  const spec = target.tls === 'off' ? { enableSSL: false, tls: null } : { enableSSL: true, tls: target.tls };
  const changed = target.operation === 'rotate' ? kafka : await world.client.patch(kafka, { spec });
  if (target.tls === 'off') await removeCertificates(world, kafka);
  await provisionWorkloads(world, changed);
  const petSets = world.cache
    .list(KINDS.PetSet, kafka.metadata.namespace)
    .filter((p) => p.metadata.ownerReferences?.some((o) => o.uid === kafka.metadata.uid));
  const isTakenUp = petSets.every((p) => p.status?.observedGeneration === p.metadata.generation);
  return isTakenUp ? [said('UpdatePetSets', 'successfully reconciled the Kafka with tls configuration')] : 'wait';
}

/** While nodes cannot talk no budget can be met; after this long a pod is deleted that is refused. KubeDB's own pods are Ready whatever they reach. */
const PATIENCE_MS = 500;

async function evict({ world, kafka, memory }: Run, name: string): Promise<Progress> {
  const pod = world.cache.get(KINDS.Pod, kafka.metadata.namespace, name);
  if (pod === undefined) return 'wait';
  memory.pods.set(name, pod.metadata.uid ?? '');
  const nowMs = world.clock.monotonicMs();
  try {
    await world.client.evict(pod);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 404 || error.code === 409) return 'wait';
    if (error.code !== 429) throw error;
    memory.refusedSinceMs ??= nowMs;
    const isSplit = memory.isCutover === true || hasLonelyPod(world, kafka);
    if (!isSplit || nowMs - memory.refusedSinceMs < PATIENCE_MS) return 'wait';
    await world.client.delete(pod);
  }
  delete memory.refusedSinceMs;
  return [action('GetPod', 'get pod', name), action('EvictPod', 'evict pod', name)];
}

/** Tells whether a pod runs and is not Ready though nothing is wrong with it: an operation before this one has left nodes that cannot talk. */
function hasLonelyPod({ cache }: World, { metadata }: KubeObject): boolean {
  return cache
    .list(KINDS.Pod, metadata.namespace)
    .filter((pod) => kafkaNodeOf(pod)?.kafka === metadata.name && pod.status?.containerStatuses?.[0]?.state?.running !== undefined)
    .some((pod) => !isReadyPod(pod) && !hasPodFault('never-ready', cache, pod));
}

async function checkRunning({ world, kafka, memory }: Run, name: string): Promise<Progress> {
  const pod = world.cache.get(KINDS.Pod, kafka.metadata.namespace, name);
  const isNew = pod !== undefined && pod.metadata.uid !== memory.pods.get(name);
  const isRunning = isNew && pod.status?.phase === 'Running' && pod.status.containerStatuses?.[0]?.state?.running !== undefined;
  return isRunning ? [action('CheckPodRunning', 'check pod running', name)] : 'wait';
}

/** Writes conditions, and with them a phase, into a request's status. */
export async function note(world: World, request: KubeObject, all: readonly Said[], phase: string): Promise<KubeObject> {
  const observedGeneration = request.metadata.generation ?? 1;
  const conditions = all.reduce((before, { type, message, hasReason }) => {
    const condition: NewCondition = { type, status: 'True', message, observedGeneration, ...(hasReason ? { reason: type } : {}) };
    return withCondition(before, condition, world.clock.now());
  }, conditionsOf(request));
  return writeStatus(world, request, { ...request.status, phase, observedGeneration, conditions });
}

/** Returns how long the request's step may still take, in milliseconds; without a timeout, forever. */
export function timeLeft({ clock }: World, request: KubeObject): Again {
  const timeout = request.spec.timeout === undefined ? undefined : goDurationMs(request.spec.timeout);
  if (timeout === undefined) return undefined;
  const last = conditionsOf(request)
    .map((c) => Date.parse(c.lastTransitionTime ?? ''))
    .reduce((a, b) => Math.max(a, b), 0);
  return last + timeout - clock.now().getTime();
}
