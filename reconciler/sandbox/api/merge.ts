/**
 * How two versions of an object compare and merge, field by field, under the rules of its schema: maps member by member, keyed lists item by
 * item, sets value by value, everything else as a whole. Unknown fields merge as Kubernetes guesses: maps are granular, lists are atomic.
 */
import { isEqual } from '#model/kube-object';
import { type FieldSet, pathTo, ROOT } from './field-set';
import { isObject } from './json';
import { memberSchema, type Schema } from './schema';

interface Part {
  /** Of a field set. */
  readonly element: string;
  readonly value: unknown;
  readonly schema: Schema | undefined;
}

/** Returns the parts of a value that merge separately, or undefined for a value that is one field. */
function partsOf(value: unknown, schema: Schema | undefined): readonly Part[] | undefined {
  if (isObject(value)) {
    if (schema?.['x-kubernetes-map-type'] === 'atomic') return undefined;
    return Object.entries(value).map(([key, v]) => ({ element: `f:${key}`, value: v, schema: memberSchema(schema, key) }));
  }
  const keys = schema?.['x-kubernetes-list-map-keys'];
  const isSet = schema?.['x-kubernetes-list-type'] === 'set';
  if (!Array.isArray(value) || (keys === undefined && !isSet)) return undefined;
  const elementOf = (item: unknown) => (keys === undefined ? `v:${JSON.stringify(item)}` : `k:${itemKey(item, keys, schema?.items)}`);
  return value.map((item) => ({ element: elementOf(item), value: item, schema: schema?.items }));
}

function itemKey(item: unknown, keys: readonly string[], schema: Schema | undefined): string {
  const read = (key: string) => (isObject(item) ? item[key] : undefined) ?? schema?.properties?.[key]?.default;
  return JSON.stringify(Object.fromEntries([...keys].sort().map((key) => [key, read(key)])));
}

/** Returns a value of the same form, made of some parts of it. */
function assemble(value: unknown, parts: readonly Part[]): unknown {
  if (Array.isArray(value)) return parts.map((part) => part.value);
  return Object.fromEntries(parts.map((part) => [part.element.slice(2), part.value]));
}

/** Returns the fields that a configuration sets, as an apply owns them. */
export function fieldsOf(value: unknown, schema: Schema | undefined, path = ROOT): string[] {
  const parts = partsOf(value, schema);
  if (parts === undefined || (parts.length === 0 && isObject(value))) return [path];
  return parts.flatMap((part) => {
    const at = pathTo(path, part.element);
    const below = fieldsOf(part.value, part.schema, at);
    return Array.isArray(value) ? [at, ...below] : below;
  });
}

export interface Diff {
  /** Added or modified. */
  readonly changed: string[];
  readonly removed: string[];
}

/** Returns the fields in which two versions differ. A field that is added or removed is so with everything below it. */
export function compare(
  before: unknown,
  after: unknown,
  schema: Schema | undefined,
  path = ROOT,
  diff: Diff = { changed: [], removed: [] },
): Diff {
  if (before === after) return diff;
  const old = partsOf(before, schema);
  const now = partsOf(after, schema);
  if (before === undefined) diff.changed.push(path);
  else if (after === undefined) diff.removed.push(path);
  else if (old === undefined || now === undefined) {
    if (!isEqual(before, after)) diff.changed.push(path);
    return diff;
  }
  const byElement = (parts: readonly Part[] = []) => new Map(parts.map((part) => [part.element, part]));
  const [left, right] = [byElement(old), byElement(now)];
  for (const [element, part] of new Map([...left, ...right]))
    compare(left.get(element)?.value, right.get(element)?.value, part.schema, pathTo(path, element), diff);
  return diff;
}

/** Returns the live value with the applied one laid over it. */
export function merge(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  const present = partsOf(live, schema);
  const added = partsOf(applied, schema);
  if (present === undefined || added === undefined || Array.isArray(live) !== Array.isArray(applied)) return applied;
  const over = new Map(added.map((part) => [part.element, part]));
  const merged = present.map((part) => {
    const change = over.get(part.element);
    over.delete(part.element);
    return change === undefined ? part : { ...part, value: merge(part.value, change.value, part.schema) };
  });
  return assemble(live, [...merged, ...over.values()]);
}

/** Returns the value without the fields that were owned before and are not owned any more. Both sets include the fields around them. */
export function withoutAbandoned(value: unknown, schema: Schema | undefined, before: FieldSet, now: FieldSet, path = ROOT): unknown {
  const parts = partsOf(value, schema);
  if (parts === undefined) return value;
  const kept = parts.flatMap((part): readonly Part[] => {
    const at = pathTo(path, part.element);
    if (!before.has(at)) return [part];
    return now.has(at) ? [{ ...part, value: withoutAbandoned(part.value, part.schema, before, now, at) }] : [];
  });
  return assemble(value, kept);
}
