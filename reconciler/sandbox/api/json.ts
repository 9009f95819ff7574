/** JSON trees, as objects travel through the API while they are still being written. */
import { isEqual } from '../../../constructs/model/kube-object';

/** An object whose shape is decided by a schema, not by a type. Only drafts are changed; what is stored never is. */
// biome-ignore lint/suspicious/noExplicitAny: the schema of an arbitrary kind is not known here
export type Tree = Record<string, any>;

/** Tells whether a value is a JSON object. */
export function isTree(value: unknown): value is Tree {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Returns a deep copy that shares nothing with the value. Written out because every write needs it and `structuredClone` is slow. */
export function draftOf<T>(value: T): Tree & T {
  return copy(value) as Tree & T;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isTree(value)) return value;
  const result: Tree = {};
  for (const key of Object.keys(value)) result[key] = copy(value[key]);
  return result;
}

/** Returns the value with every member that has not changed taken from the other one, so that comparing them again costs nothing. */
export function sharingWith(other: Tree, value: Tree): Tree {
  return Object.fromEntries(Object.keys(value).map((key) => [key, isEqual(other[key], value[key]) ? other[key] : value[key]]));
}

/** Returns the member of a draft that is an object itself; it is made if it is not there. */
export function within(draft: Tree, key: string): Tree {
  draft[key] ??= {};
  return draft[key];
}

/** Returns the member of a draft that is a list of objects; it is made if it is not there. */
export function listWithin(draft: Tree, key: string): Tree[] {
  draft[key] ??= [];
  return draft[key];
}

/** Returns the value at a dotted path, or undefined. */
export function valueAt(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), object);
}
