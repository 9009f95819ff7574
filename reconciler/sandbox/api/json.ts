/** JSON trees, as objects travel through the API while they are still being written. */

/** An object whose shape is decided by a schema, not by a type. Only drafts are changed; what is stored never is. */
// biome-ignore lint/suspicious/noExplicitAny: the schema of an arbitrary kind is not known here
export type Tree = Record<string, any>;

/** Tells whether a value is a JSON object. */
export function isTree(value: unknown): value is Tree {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Returns a deep copy that shares nothing with the value. */
export function draftOf<T>(value: T): Tree & T {
  return structuredClone(value) as Tree & T;
}

/** Returns the value at a dotted path, or undefined. */
export function valueAt(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), object);
}
