/**
 * How two versions of an object compare and merge, field by field, under the rules of its schema: maps member by member, keyed lists item by
 * item, sets value by value, everything else as a whole. Unknown fields merge as Kubernetes guesses: maps are granular, lists are atomic.
 */
import { isEqual } from '#model/kube-object';
import { type FieldSet, fieldSet, ITSELF } from './field-set';
import { isObject, itemsOf, type JsonObject } from './json';
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
export function fieldsOf(value: unknown, schema: Schema | undefined, isItem = false): FieldSet | undefined {
  const parts = partsOf(value, schema);
  if (parts === undefined || (parts.length === 0 && isObject(value))) return ITSELF;
  const below = parts.map((part) => [part.element, fieldsOf(part.value, part.schema, Array.isArray(value))] as const);
  return fieldSet(isItem, below);
}

export interface Diff {
  /** Added or modified. */
  readonly changed?: FieldSet | undefined;
  readonly removed?: FieldSet | undefined;
}

/** Returns the fields in which two versions differ. A field that is added or removed is so with everything below it. */
export function compare(before: unknown, after: unknown, schema: Schema | undefined): Diff {
  if (before === after) return {};
  if (before === undefined) return { changed: everythingIn(after, schema) };
  if (after === undefined) return { removed: everythingIn(before, schema) };
  const old = partsOf(before, schema);
  const now = partsOf(after, schema);
  if (old === undefined || now === undefined) return isEqual(before, after) ? {} : { changed: ITSELF };
  const byElement = (parts: readonly Part[]) => new Map(parts.map((part) => [part.element, part]));
  const [left, right] = [byElement(old), byElement(now)];
  const diffs = [...new Map([...left, ...right])].map(
    ([element, part]) => [element, compare(left.get(element)?.value, right.get(element)?.value, part.schema)] as const,
  );
  const collect = (kind: keyof Diff) =>
    fieldSet(
      false,
      diffs.map(([element, diff]) => [element, diff[kind]]),
    );
  return { changed: collect('changed'), removed: collect('removed') };
}

function everythingIn(value: unknown, schema: Schema | undefined): FieldSet | undefined {
  const below = (partsOf(value, schema) ?? []).map((part) => [part.element, everythingIn(part.value, part.schema)] as const);
  return fieldSet(true, below);
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

/** Returns the value without the fields that were owned before and are not owned any more. */
export function withoutAbandoned(value: unknown, schema: Schema | undefined, before: FieldSet, now: FieldSet | undefined): unknown {
  const parts = partsOf(value, schema);
  if (parts === undefined) return value;
  const kept = parts.flatMap((part): readonly Part[] => {
    const [was, is] = [before[part.element], now?.[part.element]];
    if (was === undefined) return [part];
    return is === undefined ? [] : [{ ...part, value: withoutAbandoned(part.value, part.schema, was, is) }];
  });
  return assemble(value, kept);
}

const DELETE_FROM = '$deleteFromPrimitiveList/';

/**
 * Returns the target with a strategic merge patch laid over it: what `kubectl apply` without `--server-side` sends for Kubernetes' own kinds.
 * It is like a merge patch, but keyed lists are merged by their key, and members that begin with `$` are instructions. The instruction
 * `$setElementOrder` is ignored.
 */
export function strategicMergePatch(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!isObject(patch)) return patch;
  const { $patch: instruction, ...members } = patch;
  if (instruction === 'replace') return members;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(members)) {
    const live = result[key];
    if (key.startsWith(DELETE_FROM)) {
      const list = key.slice(DELETE_FROM.length);
      result[list] = itemsOf(result[list]).filter((item) => !itemsOf(value).some((gone) => isEqual(gone, item)));
    } else if (value === null) delete result[key];
    else if (Array.isArray(live) && Array.isArray(value)) result[key] = patchedList(live, value, memberSchema(schema, key));
    else if (!key.startsWith('$')) result[key] = strategicMergePatch(live, value, memberSchema(schema, key));
  }
  return result;
}

function patchedList(live: readonly unknown[], patch: readonly unknown[], schema: Schema | undefined): readonly unknown[] {
  if (schema?.['x-kubernetes-list-type'] === 'set') return [...live, ...patch.filter((item) => !live.includes(item))];
  // Only the first key counts here, unlike in server-side apply.
  const key = schema?.['x-kubernetes-list-map-keys']?.[0];
  if (key === undefined) return patch;
  const items = patch.filter(isObject);
  if (items.some((item) => item.$patch === 'replace')) return items.filter((item) => item.$patch !== 'replace');
  return items.reduce<readonly unknown[]>((list, item) => {
    const at = list.findIndex((other) => isObject(other) && other[key] === item[key]);
    if (item.$patch === 'delete') return list.filter((_, i) => i !== at);
    const merged = strategicMergePatch(list[at], item, schema?.items);
    return at < 0 ? list.concat([merged]) : list.with(at, merged);
  }, live);
}
