/** Plain data, as JSON holds it: is it a map, do two values hold the same, and one form for the same content. */

/**
 * Returns the value without undefined members and, in maps, with the keys in a fixed order. Absent and undefined thereby give the same
 * bytes. A Lazy or a token stays as it is: cdk8s resolves it at synth.
 */
export function canonical<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => canonical(item)) as T;
  if (value === null || typeof value !== 'object' || isInstance(value)) return value;
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => [key, canonical(member)]);
  return Object.fromEntries(entries) as T;
}

/** Tells whether two plain values hold the same, whatever the order of their keys; an undefined member counts as absent. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  return (
    Object.keys(a).every((key) => isEqual(a[key], b[key])) && Object.keys(b).every((key) => b[key] === undefined || a[key] !== undefined)
  );
}

/** Tells whether a value is what JSON calls an object. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isInstance(value);
}

type Defined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Returns the members that are not undefined: where undefined and absent differ, such as in types and in YAML, they are absent. */
export function defined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Returns a value as a map; an empty one when it is something else. */
export function mapIn(value: unknown): Fields {
  return isMap(value) ? value : {};
}

/** Tells whether an object is an instance of a class. Plain objects of another realm (jest runs tests in one) are not. */
function isInstance(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}

/** Returns the distinct items in code point order. */
export function sortedSet(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}
