/** What every stand-in receives, and the operations on objects that all of them share. */
import { type Condition, conditionsOf, isEqual, type Kind, type KubeObject } from '#model/kube-object';
import type { Client } from '../client';
import { type Clock, timestamp } from '../clock';
import { memoize } from '../memoize';
import type { Cache } from './cache';
import type { Secret, Status } from './kinds';

export interface Context {
  readonly cache: Cache;
  /** Writes under the stand-in's own field manager. */
  readonly client: Client;
  readonly clock: Clock;
  readonly timing: Timing;
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  /** Aborts when the sandbox ends. */
  readonly signal: AbortSignal;
  /** Receives every error that is not an answer of the API server, and so is a bug of a stand-in. */
  readonly onBug: (error: unknown) => void;
}

/** Durations in milliseconds. */
export interface Timing {
  /** From a CertificateRequest to its certificate. */
  readonly issuanceMs: number;
  /** From a pod whose volumes can be mounted to its running container. */
  readonly podStartMs: number;
  /** From the running container to the earliest Ready. */
  readonly podReadyMs: number;
  /** From the deletion of a pod to its end. */
  readonly podStopMs: number;
  /** A broker that reaches no controller ends with its grace period, or after this time if that is less. */
  readonly longestGraceMs: number;
  /** From the start of a Kafka process until it has caught up with its leaders. */
  readonly catchUpMs: number;
  /** From a changed Secret to the changed files in pods that mount it. */
  readonly mountMs: number;
  /** Between two steps of the ops-manager; KubeDB's interval is 5 s. */
  readonly opsStepMs: number;
}

export const FAST: Timing = {
  issuanceMs: 20,
  podStartMs: 20,
  podReadyMs: 10,
  podStopMs: 20,
  longestGraceMs: 40,
  catchUpMs: 20,
  mountMs: 20,
  opsStepMs: 10,
};

export type NewCondition = Omit<Condition, 'lastTransitionTime'>;

export function isTrue(type: string, reason: string, message: string): NewCondition {
  return { type, status: 'True', reason, message };
}

export function isFalse(type: string, reason: string, message: string): NewCondition {
  return { type, status: 'False', reason, message };
}

/** Returns the conditions with others replaced or appended. A condition that would not change keeps its time. */
export function withConditions(conditions: readonly Condition[], set: readonly NewCondition[], now: Date): readonly Condition[] {
  const result = [...conditions];
  for (const next of set) {
    const at = result.findIndex((c) => c.type === next.type);
    const isUnchanged = at >= 0 && isEqual(result[at], { ...next, lastTransitionTime: result[at]?.lastTransitionTime });
    if (!isUnchanged) result.splice(at < 0 ? result.length : at, 1, { ...next, lastTransitionTime: timestamp(now) });
  }
  return result;
}

/** Writes a status unless the object has it already. */
export async function writeStatus({ client }: Context, object: KubeObject, status: object): Promise<void> {
  if (!isEqual(status, object.status ?? {})) await client.replaceStatus({ ...object, status });
}

/** Returns conditions that observe the generation of an object. */
export function observing({ metadata }: KubeObject, set: readonly NewCondition[]): readonly NewCondition[] {
  return set.map((condition) => ({ ...condition, observedGeneration: metadata.generation ?? 1 }));
}

/** Sets conditions of an object, which observe its generation, and other fields of its status. */
export async function setConditions(context: Context, object: KubeObject, set: readonly NewCondition[], fields = {}): Promise<void> {
  const conditions = withConditions(conditionsOf(object), observing(object, set), context.clock.now());
  await writeStatus(context, object, { ...(object.status as Status | undefined), ...fields, conditions });
}

/** Returns a new object of a kind. */
export function objectOf({ apiVersion, kind }: Kind, metadata: KubeObject['metadata'], fields: object): KubeObject {
  return { apiVersion, kind, metadata, ...fields };
}

/** Returns the owner reference of a controller. */
export function controllerOf({ apiVersion, kind, metadata }: KubeObject) {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true };
}

/** Tells whether an object belongs to an owner. */
export function isOwnedBy(owner: KubeObject, { metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true;
}

/** Returns texts as the data of a Secret. */
export function encoded(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')]));
}

/** Objects in the cache are replaced, never changed, and many pods read the same Secret. */
const texts = new WeakMap<Secret, Readonly<Record<string, string>>>();

/** Returns the data of a Secret as texts. */
/** Returns a value of a Secret that is no text, one character a byte. */
export function bytesAsText(secret: Secret | undefined, key: string): string {
  return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('latin1');
}

export function decoded(secret: Secret | undefined): Readonly<Record<string, string>> {
  if (secret === undefined) return {};
  return memoize(texts, secret, () =>
    Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')])),
  );
}
