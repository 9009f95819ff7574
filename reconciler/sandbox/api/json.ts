/** JSON values, and objects while they are being written. */
import type { ObjectMeta } from '#model/kube-object';

/** A JSON object with members that the reader has to check. */
export type JsonObject = Record<string, unknown>;

/** Metadata as the API server stores it. */
export type Metadata = { -readonly [K in keyof ObjectMeta]: ObjectMeta[K] } & {
  generateName?: string;
  deletionGracePeriodSeconds?: number;
};

/** An object while it is being written. Only drafts are changed; a stored object never is. */
export interface Draft extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Returns a deep copy that shares nothing with the value. Every write needs one, and `structuredClone` is slow. */
export function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) copy[key] = copyOf(value[key]);
  return copy as T;
}

/** Returns the items of a list, or none for any other value. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the value at a dotted path, or undefined. In a list of conditions, a path names the type: `status.conditions.Ready.status`. */
export function valueAt(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value.find((item) => isObject(item) && item.type === key);
    return isObject(value) ? value[key] : undefined;
  }, object);
}
