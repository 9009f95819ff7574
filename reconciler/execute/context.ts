/** What steps are carried out with, and the small writes that they share. */

import type { Bundle } from '#model/bundle';
import type { Deadlines } from '#model/desired';
import { goDurationMs } from '#model/go-duration';
import type { Kafka } from '#model/kinds/index';
import { type Condition, conditionsOf, isEqual, KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { mapIn } from '#model/plain-data';
import { ClusterError, OperationFailedError } from '../errors';
import type { Observation, PetSetObservation, PodObservation, ProbeAnswer, Served } from '../model/observation';
import type { Plan, StepCases, StepOf } from '../model/plan';
import type { Clock, Cluster, EventDetails, ProgressEvent, RandomText, Report, Settings, Validation } from '../ports';

/** How a step ended. `replan`: the plan no longer fits the cluster or the desired state, so the rest must be planned again. */
export type StepResult = 'done' | 'replan';

export interface LookOptions {
  /** Also ask Kafka for its health, as gates need it. This takes seconds while brokers are unavailable. */
  readonly withKafka: boolean;
}

/** The nodes of the Kafka, by the names of their pods. */
export interface Nodes {
  readonly validate: (pod: string, settings: Settings) => Promise<Validation>;
  readonly reload: (pod: string) => Promise<string | undefined>;
}

export interface ExecuteContext {
  /** What the plan asks for: the committed state, or a phase on the way back to it. */
  readonly bundle: Bundle;
  /** The desired state as it was committed. */
  readonly committed: Bundle;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly report: Report;
  /** Aborts when the run must end: SIGTERM, a lost Lease, --timeout. */
  readonly signal: AbortSignal;
  readonly random: RandomText;
  /** Returns a certificate signing request for a key that is discarded. */
  readonly createRequest: (names: StepOf<'probe'>['names']) => { readonly request: string; readonly usages: readonly string[] };
  /** The answers of issuers in this run. */
  readonly probes: Map<string, ProbeAnswer>;
  /** Observes everything again. */
  readonly observe: (options?: LookOptions) => Promise<Observation>;
  /** Observes again what restarts depend on. */
  readonly lookAtPods: (options?: LookOptions) => Promise<PodObservation>;
  /** Observes the PetSets and their configuration again. */
  readonly lookAtPetSets: () => Promise<PetSetObservation>;
  /** Returns what the listeners of a pod serve in handshakes in a row; undefined when there is no such pod any more. */
  readonly handshakes: (uid: string, times: number) => Promise<readonly Served[] | undefined>;
  readonly nodes: Nodes;
  /** Tells whether the desired state is still the one of the plan. */
  readonly desiredStateUnchanged: () => Promise<boolean>;
}

/** Returns a deadline of the desired state in milliseconds. */
export function deadlineMs(context: ExecuteContext, name: keyof Deadlines): number {
  return goDurationMs(context.bundle.desired.deadlines[name]) ?? 0;
}

/** Reports an event. */
export function emit(
  context: { readonly report: Report },
  event: ProgressEvent['event'],
  subject: ObjectRef,
  message: string,
  details: EventDetails = {},
): void {
  context.report({ event, subject, message, ...details });
}

/** Carries out a write that depends on what was planned. On a conflict (409) another writer changed the object since. */
export async function replanOnConflict(write: Promise<unknown>): Promise<StepResult> {
  try {
    await write;
    return 'done';
  } catch (error) {
    if (error instanceof ClusterError && error.status === 409) return 'replan';
    throw error;
  }
}

/** Observes, unless the desired state has changed. It can change at any time, most likely while a run waits. Both are read at once. */
export async function lookUnlessChanged<L>({ desiredStateUnchanged }: ExecuteContext, look: () => Promise<L>): Promise<L | 'replan'> {
  const [isUnchanged, seen] = await settled(desiredStateUnchanged(), look());
  return isUnchanged ? seen : 'replan';
}

/** Waits for both, also if one fails: nothing may go on in the background when a step has ended. The first failure is thrown. */
export async function settled<A, B>(first: Promise<A>, second: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** A condition without its status, generation and time. */
export interface TrueCondition {
  readonly type: string;
  readonly reason?: string;
  readonly message: string;
}

const MAX_CONFLICTS = 8;

/**
 * Reads an object, changes it, and writes it with the resourceVersion that was read. After a conflict it starts again. `change` returns
 * undefined when nothing must be written. `from` is the object as it was last known and saves the first read. Returns the resulting object.
 */
export async function modify(
  cluster: Cluster,
  subject: ObjectRef,
  change: (object: KubeObject) => KubeObject | undefined,
  { from, ...options }: { readonly status?: boolean; readonly from?: KubeObject | undefined } = {},
): Promise<KubeObject> {
  for (let attempt = from === undefined ? 1 : 0; ; attempt++) {
    const object = attempt === 0 ? from : await cluster.get(subject);
    if (object === undefined) throw deletedMeanwhile(subject);
    const changed = change(object);
    if (changed === undefined || isEqual(changed, object)) {
      if (attempt === 0) continue; // `from` may be out of date
      return object;
    }
    try {
      return await cluster.replace(changed, options);
    } catch (error) {
      // After a 404 the next read reports the deletion.
      if (!(error instanceof ClusterError) || ![404, 409].includes(error.status ?? 0) || attempt === MAX_CONFLICTS) throw error;
    }
  }
}

/** Returns the object with a condition that is true; nothing changes if it has the same one already, whatever its time (KubeDB's rule). */
export function withCondition(object: KubeObject, { type, ...why }: TrueCondition, now: Date): KubeObject {
  const condition: Condition = { type, status: 'True', ...why, observedGeneration: object.metadata.generation ?? 1 };
  const conditions = conditionsOf(object);
  const has = conditions.find((c) => c.type === type);
  const { lastTransitionTime: _, ...rest } = has ?? ({} as Condition);
  if (has !== undefined && isEqual(rest, condition)) return object;
  const stamped = { ...condition, lastTransitionTime: now.toISOString().replace(/\.\d+Z$/, 'Z') };
  const others = has === undefined ? [...conditions, stamped] : conditions.map((c) => (c.type === type ? stamped : c));
  return { ...object, status: { ...mapIn(object.status), conditions: others } };
}

/** Returns the object without a condition. */
export function withoutCondition(object: KubeObject, type: string): KubeObject {
  const conditions = conditionsOf(object);
  return { ...object, status: { ...mapIn(object.status), conditions: conditions.filter((c) => c.type !== type) } };
}

/** Returns the object with annotations added. */
export function withAnnotations(object: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
}

/** Returns the observed Kafka; throws when it was deleted. */
export function kafkaOf({ kafka, namespace, name }: Pick<Observation, 'kafka' | 'namespace' | 'name'>): Kafka {
  if (kafka === undefined) throw deletedMeanwhile(ref(KINDS.Kafka, namespace, name));
  return kafka;
}

function deletedMeanwhile(subject: ObjectRef): OperationFailedError {
  return new OperationFailedError('was deleted during the run.', { subject });
}

/** One plan that is carried out. */
export interface Run {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  /** The observation that the plan was made from. */
  readonly before: Observation;
}

/** How an executor carries a plan out. */
export interface Execution {
  readonly steps: Partial<StepCases<Promise<StepResult>>>;
  /** Called when the plan ends before its last step. The error that ended it, if there is one, is thrown after this. */
  readonly leave: (error: unknown) => Promise<void>;
}
