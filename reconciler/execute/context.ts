/** What the executors work with, and the small writes that all of them share. */
import type { Bundle } from '#model/bundle';
import type { Deadlines } from '#model/desired';
import { goDurationMs } from '#model/go-duration';
import { type Condition, isEqual, KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { ClusterError, OperationFailedError } from '../errors';
import type { Observation, PetSetObservation, PodObservation, ProbeAnswer } from '../model/observation';
import type { ProbeStep } from '../model/plan';
import type { Clock, Cluster, ProgressEvent, RandomText, Report } from '../ports';

export interface LookOptions {
  /** Ask for Kafka's own facts, too, as gates do. It takes seconds while brokers are away. */
  readonly withKafka: boolean;
}

export interface ExecuteContext {
  readonly bundle: Bundle;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly report: Report;
  /** Aborts when the run has to end: SIGTERM, a lost Lease, --timeout. */
  readonly signal: AbortSignal;
  readonly random: RandomText;
  /** Returns what a CertificateRequest asks for with a key that is thrown away. */
  readonly createRequest: (names: ProbeStep['names']) => { readonly request: string; readonly usages: readonly string[] };
  /** What issuers answered in this run. */
  readonly probes: Map<string, ProbeAnswer>;
  /** Reads everything anew; Kafka's own facts only when asked to. */
  readonly observe: (options?: LookOptions) => Promise<Observation>;
  /** Reads anew what restarts depend on. */
  readonly lookAtPods: (options?: LookOptions) => Promise<PodObservation>;
  /** Reads anew what PetSets depend on, and themselves. */
  readonly lookAtPetSets: () => Promise<PetSetObservation>;
  /** Tells whether the desired state is still the one that was planned for. */
  readonly desiredStateUnchanged: () => Promise<boolean>;
}

/** Thrown inside an execution when what it was planned for no longer holds: what is left is planned anew. */
export class Replan extends Error {}

/** Returns a deadline of the desired state in milliseconds. */
export function deadlineMs(context: ExecuteContext, name: keyof Deadlines): number {
  return goDurationMs(context.bundle.desired.deadlines[name]) ?? 0;
}

/** Reports an event. */
export function emit(context: { readonly report: Report }, event: ProgressEvent['event'], subject: ObjectRef, message: string): void {
  context.report({ event, subject, message });
}

/** Waits for a write that rests on what was planned; when somebody else was faster (409), what is left is planned anew. */
export async function orReplan<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ClusterError && error.status === 409) throw new Replan();
    throw error;
  }
}

const MAX_CONFLICTS = 8;

/**
 * Reads an object, changes it, and writes it with the resourceVersion that was read; on a conflict all of that again, on fresh facts.
 * `change` returns undefined when nothing has to be written. `from`, the object as it was last known, saves the first read: where it is
 * out of date, the write says so. Returns the object as it is afterwards.
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
      if (attempt === 0) continue; // it may be out of date
      return object;
    }
    try {
      return await cluster.replace(changed, options);
    } catch (error) {
      // 404: it is gone, and the next read says so.
      if (!(error instanceof ClusterError) || ![404, 409].includes(error.status ?? 0) || attempt === MAX_CONFLICTS) throw error;
    }
  }
}

/** Returns the object with a condition set; nothing changes when status, reason, message and generation are the same (KubeDB's rule). */
export function withCondition(object: KubeObject, condition: Condition, now: Date): KubeObject {
  const conditions: readonly Condition[] = object.status?.conditions ?? [];
  const has = conditions.find((c) => c.type === condition.type);
  const { lastTransitionTime: _, ...rest } = has ?? ({} as Condition);
  if (has !== undefined && isEqual(rest, condition)) return object;
  const stamped = { ...condition, lastTransitionTime: now.toISOString().replace(/\.\d+Z$/, 'Z') };
  const others = has === undefined ? [...conditions, stamped] : conditions.map((c) => (c.type === condition.type ? stamped : c));
  return { ...object, status: { ...object.status, conditions: others } };
}

/** Returns the object without a condition. */
export function withoutCondition(object: KubeObject, type: string): KubeObject {
  const conditions: readonly Condition[] = object.status?.conditions ?? [];
  return { ...object, status: { ...object.status, conditions: conditions.filter((c) => c.type !== type) } };
}

/** Returns the object with annotations added. */
export function withAnnotations(object: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
}

/** Returns the Kafka that is worked on. */
export function kafkaOf({ kafka, namespace, name }: Pick<Observation, 'kafka' | 'namespace' | 'name'>): KubeObject {
  if (kafka === undefined) throw deletedMeanwhile(ref(KINDS.Kafka, namespace, name));
  return kafka;
}

function deletedMeanwhile(subject: ObjectRef): OperationFailedError {
  return new OperationFailedError('it was deleted while it was worked on.', { subject });
}
