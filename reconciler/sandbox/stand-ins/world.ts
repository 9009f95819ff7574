/** What every stand-in is given, and the few things all of them do with objects. */
import type { Condition, KubeObject } from '#model/kube-object';
import { isEqual } from '#model/kube-object';
import type { Client } from '../client';
import { type Clock, timestamp } from '../clock';
import { memoize } from '../memoize';
import type { Cache } from './cache';

export interface World {
  readonly cache: Cache;
  readonly client: Client;
  readonly clock: Clock;
  readonly timing: Timing;
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
}

/** How long things take, in milliseconds. */
export interface Timing {
  /** From a CertificateRequest to its certificate. */
  readonly issuanceMs: number;
  /** From a pod that has all it mounts to its running container. */
  readonly podStartMs: number;
  /** From the running container to the first time it may be Ready. */
  readonly podReadyMs: number;
  /** From a pod's deletion to its end. */
  readonly podStopMs: number;
  /** From the start of a Kafka process to the time when it has what its leaders have. */
  readonly catchUpMs: number;
  /** Between two steps of the ops-manager; KubeDB looks every 5 s. */
  readonly opsStepMs: number;
}

export const FAST: Timing = { issuanceMs: 20, podStartMs: 20, podReadyMs: 10, podStopMs: 20, catchUpMs: 20, opsStepMs: 10 };

/** A condition that is to be set; lastTransitionTime follows. */
export type NewCondition = Omit<Condition, 'lastTransitionTime' | 'status'> & { readonly status: 'True' | 'False' };

/** Returns the conditions with one replaced or appended; one that says the same already is left as it is. */
export function withCondition(conditions: readonly Condition[], next: NewCondition, now: Date): readonly Condition[] {
  const old = conditions.find((c) => c.type === next.type);
  const said = { ...next, lastTransitionTime: old?.lastTransitionTime ?? '' };
  if (old !== undefined && isEqual(old, said)) return conditions;
  const condition = { ...next, lastTransitionTime: timestamp(now) };
  return old === undefined ? [...conditions, condition] : conditions.map((c) => (c.type === next.type ? condition : c));
}

/** Returns the conditions of an object. */
export function conditionsOf(object: KubeObject): readonly Condition[] {
  return object.status?.conditions ?? [];
}

/** Writes a status unless it is what the object has. */
export async function writeStatus({ client }: World, object: KubeObject, status: object): Promise<KubeObject> {
  return isEqual(status, object.status ?? {}) ? object : client.replaceStatus({ ...object, status });
}

/** Returns the reference by which an object is owned and controlled. */
export function controllerOf({ apiVersion, kind, metadata }: KubeObject) {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true };
}

/** Returns text as Secrets hold it. */
export function encoded(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')]));
}

/** Secrets in the cache are never changed, only replaced, and many look into the same one. */
const texts = new WeakMap<KubeObject, Readonly<Record<string, string>>>();

/** Returns a Secret's values as text. */
export function decoded(secret: KubeObject | undefined): Readonly<Record<string, string>> {
  if (secret === undefined) return {};
  const data: Record<string, string> = secret.data ?? {};
  return memoize(texts, secret, () =>
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')])),
  );
}
