/**
 * Stand-in for KubeDB's ops-manager: carries out KafkaOpsRequests of the types ReconfigureTLS and Restart, and makes the Certificates of a
 * new Kafka with TLS.
 *
 *   1. of the requests that wait, choose one by KubeDB's rules (`ops-queue.ts`)
 *   2. Progressing; pause the Kafka
 *   3. certificates, Kafka.spec, PetSets and configuration, pods one by one: controllers, then brokers, by ordinal (`ops-run.ts`)
 *   4. resume; Successful, or Failed when a step took longer than the request's timeout
 *
 * A pod is only waited for until it runs: like KubeDB it asks neither Kafka nor the pod's listeners. Unlike KubeDB it believes that
 * certificates are issued anew only when they are, unless it is told to imitate that, too (`rotationRace`). `maxRetries` is not imitated,
 * nor are other types of requests, which are left alone.
 */
import { conditionOf, hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';
import { governingService, isFinishedRequest } from '#model/kubedb';
import { tlsStateOf } from '#model/tls';
import { type Again, type Controller, type Key, ownKey } from '../controller';
import { conditionsOf, type World, withCondition, writeStatus } from '../world';
import { certificatesOf, ensureCertificates, triggerIssuance } from './broker-certificates';
import { isWaiting, turnOf } from './ops-queue';
import { type Memory, nextStep, note, type Run, timeLeft } from './ops-run';
import { targetOf } from './ops-target';

export interface OpsManagerOptions {
  /**
   * A rotation is reported Successful, its pods restarted, just before the certificates are issued anew: what KubeDB's own documentation
   * shows. Default: false.
   */
  readonly rotationRace?: boolean;
}

const TYPES = ['ReconfigureTLS', 'Restart'];
const PAUSED = 'DatabasePaused';
/** How long until a refused eviction, or what comes without a sign, is looked at again. */
const RETRY_MS = 100;

export function opsManager(world: World, options: OpsManagerOptions): readonly Controller[] {
  return [requests(world, options), newKafkas(world)];
}

function requests(world: World, { rotationRace = false }: OpsManagerOptions): Controller {
  const memories = new Map<string, Memory & { notBeforeMs?: number }>();
  const progressing = ({ metadata }: KubeObject) =>
    world.cache
      .list(KINDS.KafkaOpsRequest, metadata.namespace)
      .filter((r) => r.status?.phase === 'Progressing')
      .flatMap(ownKey);
  return {
    name: 'kubedb-ops-manager',
    watches: [
      { kind: KINDS.KafkaOpsRequest, keys: (request) => siblingsOf(world, request).flatMap(ownKey) },
      { kind: KINDS.Kafka, keys: (kafka) => requestsOf(world, kafka.metadata.namespace, kafka.metadata.name).flatMap(ownKey) },
      { kind: KINDS.Certificate, keys: progressing },
      { kind: KINDS.PetSet, keys: progressing },
      { kind: KINDS.Pod, keys: progressing },
    ],
    reconcile: async ({ namespace, name }) => {
      const request = world.cache.get(KINDS.KafkaOpsRequest, namespace, name);
      if (request === undefined || isFinishedRequest(request) || !TYPES.includes(request.spec.type)) return undefined;
      const kafka = world.cache.get(KINDS.Kafka, namespace, request.spec.databaseRef.name);
      if (kafka === undefined) return undefined;
      if (isWaiting(request)) return begin(world, request, kafka);
      if (request.status?.phase !== 'Progressing') return undefined;
      const uid = request.metadata.uid ?? '';
      const memory = memories.get(uid) ?? { pods: new Map<string, string>(), triggered: new Set<string>() };
      memories.set(uid, memory);
      const leftMs = (memory.notBeforeMs ?? 0) - world.clock.monotonicMs();
      if (leftMs > 0) return leftMs;
      const again = await advance({ world, request, kafka, memory, rotationRace });
      if (again === 'moved') memory.notBeforeMs = world.clock.monotonicMs() + world.timing.opsStepMs;
      return again === 'moved' ? undefined : again;
    },
  };
}

function requestsOf({ cache }: World, namespace: string | undefined, kafka: string): readonly KubeObject[] {
  return cache.list(KINDS.KafkaOpsRequest, namespace).filter((r) => r.spec.databaseRef?.name === kafka);
}

function siblingsOf(world: World, request: KubeObject): readonly KubeObject[] {
  return requestsOf(world, request.metadata.namespace, request.spec.databaseRef?.name);
}

async function begin(world: World, request: KubeObject, kafka: KubeObject): Promise<Again> {
  const turn = turnOf(
    request,
    siblingsOf(world, request).filter((r) => TYPES.includes(r.spec.type)),
  );
  if (turn.kind === 'skipped') {
    const by = `${request.metadata.namespace}/${turn.by}`;
    const message = `skipped as ${by} is the most updated KafkaOpsRequest of type ${request.spec.type} at ${world.clock.now().toISOString()}`;
    await note(world, request, [{ type: 'Skipped', message, hasReason: true }], 'Skipped');
    return undefined;
  }
  const isHeldBack = request.spec.apply !== 'Always' && kafka.status?.phase !== 'Ready';
  if (turn.kind === 'wait' || isHeldBack) {
    await writeStatus(world, request, { ...request.status, phase: 'Pending' });
    return undefined;
  }
  const message =
    request.spec.type === 'Restart'
      ? 'Kafka ops-request has started to restart kafka nodes'
      : 'Kafka ops-request has started to reconfigure tls for kafka nodes';
  await note(world, request, [{ type: request.spec.type, message, hasReason: true }], 'Progressing');
  return undefined;
}

async function advance(run: Omit<Run, 'target'>): Promise<Again | 'moved'> {
  const { world, request, kafka } = run;
  if (conditionOf(kafka, 'Paused')?.reason !== PAUSED) {
    await pause(world, request, kafka);
    return 'moved';
  }
  const target = targetOf(request, kafka);
  if ('failure' in target) return fail(world, request, kafka, target.failure);
  // Once the spec is written, nothing there tells any more what it was before.
  run.memory.isCutover ??= target.isCutover;
  const progress = await nextStep({ ...run, target });
  if (progress === undefined) return finish(run);
  if (progress !== 'wait') {
    await note(world, request, progress, 'Progressing');
    return 'moved';
  }
  const left = timeLeft(world, request);
  if (left !== undefined && left <= 0) return fail(world, request, kafka, `timed out after ${request.spec.timeout}`);
  const isRefused = run.memory.refusedSinceMs !== undefined;
  return isRefused ? RETRY_MS : left;
}

async function finish({ world, request, kafka, rotationRace }: Omit<Run, 'target'>): Promise<'moved'> {
  const isRotation = request.spec.tls?.rotateCertificates === true;
  if (rotationRace && isRotation) for (const certificate of certificatesOf(world, kafka)) await triggerIssuance(world, certificate);
  await resume(world, kafka);
  const message =
    request.spec.type === 'Restart' ? 'Successfully restarted kafka nodes.' : 'Successfully completed reconfigureTLS for kafka.';
  await note(world, request, [{ type: 'Successful', message, hasReason: true }], 'Successful');
  return 'moved';
}

async function fail(world: World, request: KubeObject, kafka: KubeObject, message: string): Promise<'moved'> {
  await resume(world, kafka);
  await note(world, request, [{ type: 'Failed', message, hasReason: true }], 'Failed');
  return 'moved';
}

async function pause(world: World, request: KubeObject, kafka: KubeObject): Promise<void> {
  const message = `paused for KafkaOpsRequest: ${request.metadata.namespace}/${request.metadata.name}`;
  const condition = {
    type: 'Paused',
    status: 'True' as const,
    reason: PAUSED,
    message,
    observedGeneration: kafka.metadata.generation ?? 1,
  };
  await writeStatus(world, kafka, { ...kafka.status, conditions: withCondition(conditionsOf(kafka), condition, world.clock.now()) });
}

async function resume(world: World, kafka: KubeObject): Promise<void> {
  await writeStatus(world, kafka, { ...kafka.status, conditions: conditionsOf(kafka).filter((c) => c.type !== 'Paused') });
}

/** Looks after Kafkas beside their requests: certificates of new ones, and pauses whose request was deleted. */
function newKafkas(world: World): Controller {
  const kafkaOf = ({ metadata, spec }: KubeObject): readonly Key[] => [
    { namespace: metadata.namespace, name: spec.databaseRef?.name ?? '' },
  ];
  return {
    name: 'kubedb-ops-manager-kafkas',
    watches: [
      { kind: KINDS.Kafka, keys: ownKey },
      { kind: KINDS.Service, keys: ({ metadata }) => world.cache.list(KINDS.Kafka, metadata.namespace).flatMap(ownKey) },
      { kind: KINDS.KafkaOpsRequest, keys: kafkaOf },
    ],
    reconcile: async ({ namespace, name }) => {
      const kafka = world.cache.get(KINDS.Kafka, namespace, name);
      if (kafka === undefined || kafka.metadata.deletionTimestamp !== undefined) return undefined;
      const isRunning = requestsOf(world, namespace, name).some((r) => r.status?.phase === 'Progressing');
      if (conditionOf(kafka, 'Paused')?.reason === PAUSED && !isRunning) await resume(world, kafka);
      if (hasTrueCondition(kafka, 'Paused') || isRunning) return undefined;
      const tls = tlsStateOf(kafka.spec);
      const hasService = world.cache.get(KINDS.Service, namespace, governingService(name)) !== undefined;
      const isNew = !hasTrueCondition(kafka, 'Provisioned') || certificatesOf(world, kafka).length === 0;
      if (tls !== 'off' && hasService && isNew) await ensureCertificates(world, kafka, tls);
      return undefined;
    },
  };
}
