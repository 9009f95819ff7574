/**
 * Stand-in for KubeDB's ops-manager: it carries out KafkaOpsRequests of the types ReconfigureTLS and Restart, and creates the Certificates
 * of a new Kafka with TLS.
 *
 *   1. of the waiting requests, choose one by KubeDB's rules (`ops-requests.ts`)
 *   2. Progressing; pause the Kafka
 *   3. certificates, Kafka.spec, PetSets and configuration, then the pods one by one: controllers, brokers, by ordinal (`ops-run.ts`)
 *   4. resume the Kafka; Successful, or Failed if a step took longer than the request's timeout
 *
 * A restart waits only until the pod runs: like KubeDB, the ops-manager asks neither Kafka nor the pod's listeners. Unlike KubeDB, it waits
 * until a rotation has issued new certificates, unless the option `rotationRace` imitates KubeDB. `maxRetries` has no effect. Requests of
 * other types stay untouched.
 */
import { conditionOf, conditionsOf, hasTrueCondition, type Kind } from '#model/kube-object';
import { memoize } from '#reconciler/sandbox/memoize';
import { named } from '../cache';
import { type Context, setConditions, writeStatus } from '../context';
import { type Again, type Controller, watch } from '../controller';
import { type Kafka, KINDS, type OpsRequest } from '../kinds';
import { certificatesOf, ensureCertificates, triggerIssuance } from './certificates';
import { serviceName, tlsOf } from './layout';
import { isWaiting, targetOf, turnOf } from './ops-requests';
import { type Memory, milestone, nextStep, type Run, record, timeLeft } from './ops-run';

export interface OpsManagerOptions {
  /**
   * A rotation is reported Successful, with all pods restarted, just before the certificates are issued again. KubeDB's documentation shows
   * this behaviour. Default: false.
   */
  readonly rotationRace?: boolean;
  /**
   * An unfinished step is looked at once in each interval (`opsStepMs`) as KubeDB does, instead of after every change. Default: false.
   */
  readonly grid?: boolean;
}

/** Messages at the start and the end of each type of request. */
const TYPES: Readonly<Record<string, { readonly started: string; readonly successful: string }>> = {
  ReconfigureTLS: {
    started: 'Kafka ops-request has started to reconfigure tls for kafka nodes',
    successful: 'Successfully completed reconfigureTLS for kafka.',
  },
  Restart: {
    started: 'Kafka ops-request has started to restart kafka nodes',
    successful: 'Successfully restarted kafka nodes.',
  },
};

const PAUSED = 'DatabasePaused';
/** How long until a refused eviction is tried again. */
const RETRY_MS = 100;

export function opsManager(context: Context, options: OpsManagerOptions): readonly Controller[] {
  return [requestController(context, options), newKafkaController(context)];
}

function requestController(context: Context, { rotationRace = false, grid = false }: OpsManagerOptions): Controller<OpsRequest> {
  const { cache, clock, timing } = context;
  const memories = new Map<string, Memory>();
  const progressing = ({ metadata }: { metadata: { namespace?: string } }) =>
    cache.list(KINDS.KafkaOpsRequest, metadata.namespace).filter((r) => r.status?.phase === 'Progressing');
  return {
    kind: KINDS.KafkaOpsRequest,
    watches: [
      watch(KINDS.KafkaOpsRequest, ({ metadata, spec }) => requestsOf(context, metadata.namespace, spec.databaseRef.name)),
      watch(KINDS.Kafka, ({ metadata }) => requestsOf(context, metadata.namespace, metadata.name)),
      ...[KINDS.Certificate, KINDS.PetSet, KINDS.Pod].map((kind: Kind) => watch(kind, progressing)),
    ],
    reconcile: async (request) => {
      const kafka = cache.get(KINDS.Kafka, request.metadata.namespace, request.spec.databaseRef.name);
      if (kafka === undefined || TYPES[request.spec.type] === undefined) return undefined;
      if (isWaiting(request)) await begin(context, request, kafka);
      if (request.status?.phase !== 'Progressing') return undefined;
      const uid = request.metadata.uid ?? '';
      const memory = memoize(memories, uid, (): Memory => ({ pods: new Map(), triggered: new Set() }));
      const leftMs = (memory.notBeforeMs ?? 0) - clock.monotonicMs();
      if (leftMs > 0) return leftMs;
      const again = await advance({ context, request, kafka, memory, rotationRace });
      if (again !== 'moved' && !grid) return again;
      memory.notBeforeMs = clock.monotonicMs() + timing.opsStepMs;
      return again === 'moved' ? undefined : timing.opsStepMs;
    },
  };
}

function requestsOf({ cache }: Context, namespace: string | undefined, kafka: string): readonly OpsRequest[] {
  return cache.list(KINDS.KafkaOpsRequest, namespace).filter((r) => r.spec.databaseRef.name === kafka);
}

async function begin(context: Context, request: OpsRequest, kafka: Kafka): Promise<void> {
  const { namespace, name } = kafka.metadata;
  const { type, apply } = request.spec;
  const turn = turnOf(
    request,
    requestsOf(context, namespace, name).filter((r) => TYPES[r.spec.type] !== undefined),
  );
  if (turn.kind === 'skipped') {
    const at = context.clock.now().toISOString();
    const message = `skipped as ${namespace}/${turn.by} is the most updated KafkaOpsRequest of type ${type} at ${at}`;
    await record(context, request, 'Skipped', [milestone('Skipped', message)]);
  } else if (turn.kind === 'wait' || (apply !== 'Always' && kafka.status?.phase !== 'Ready')) {
    await writeStatus(context, request, { ...request.status, phase: 'Pending' });
  } else await record(context, request, 'Progressing', [milestone(type, TYPES[type]?.started ?? '')]);
}

/** Takes the request one step further. */
async function advance(run: Omit<Run, 'target'>): Promise<Again | 'moved'> {
  const { context, request, kafka, memory } = run;
  if (conditionOf(kafka, 'Paused')?.reason !== PAUSED) {
    const message = `paused for KafkaOpsRequest: ${request.metadata.namespace}/${request.metadata.name}`;
    await setConditions(context, kafka, [{ type: 'Paused', status: 'True', reason: PAUSED, message }]);
    return 'moved';
  }
  const target = targetOf(request, kafka);
  if ('failure' in target) return finish(run, 'Failed', target.failure);
  // A later step changes the spec that this is derived from.
  memory.isCutover ??= target.isCutover;
  const progress = await nextStep({ ...run, target });
  if (progress === undefined) return succeed(run);
  if (progress !== 'wait') {
    await record(context, request, 'Progressing', progress);
    return 'moved';
  }
  const left = timeLeft(context, request);
  if (left !== undefined && left <= 0) return finish(run, 'Failed', `timed out after ${request.spec.timeout}`);
  return memory.refusedSinceMs === undefined ? left : RETRY_MS;
}

async function succeed(run: Omit<Run, 'target'>): Promise<'moved'> {
  const { context, request, kafka, rotationRace } = run;
  if (rotationRace && request.spec.tls?.rotateCertificates === true)
    for (const certificate of certificatesOf(context, kafka)) await triggerIssuance(context, certificate);
  return finish(run, 'Successful', TYPES[request.spec.type]?.successful ?? '');
}

async function finish({ context, request, kafka }: Omit<Run, 'target'>, phase: string, message: string): Promise<'moved'> {
  await resume(context, kafka);
  await record(context, request, phase, [milestone(phase, message)]);
  return 'moved';
}

async function resume(context: Context, kafka: Kafka): Promise<void> {
  await writeStatus(context, kafka, { ...kafka.status, conditions: conditionsOf(kafka).filter((c) => c.type !== 'Paused') });
}

/** Creates the Certificates of a new Kafka, and resumes a Kafka whose request was deleted. */
function newKafkaController(context: Context): Controller<Kafka> {
  const { cache } = context;
  return {
    kind: KINDS.Kafka,
    watches: [
      watch(KINDS.Service, ({ metadata }) => cache.list(KINDS.Kafka, metadata.namespace)),
      watch(KINDS.KafkaOpsRequest, ({ metadata, spec }) => [named(metadata.namespace, spec.databaseRef.name)]),
    ],
    reconcile: async (kafka) => {
      const { name, namespace } = kafka.metadata;
      const isRunning = requestsOf(context, namespace, name).some((r) => r.status?.phase === 'Progressing');
      if (conditionOf(kafka, 'Paused')?.reason === PAUSED && !isRunning) await resume(context, kafka);
      if (hasTrueCondition(kafka, 'Paused') || isRunning) return;
      const tls = tlsOf(kafka);
      const hasService = cache.get(KINDS.Service, namespace, serviceName(name)) !== undefined;
      const isNew = !hasTrueCondition(kafka, 'Provisioned') || certificatesOf(context, kafka).length === 0;
      if (tls !== undefined && hasService && isNew) await ensureCertificates(context, kafka, tls);
    },
  };
}
