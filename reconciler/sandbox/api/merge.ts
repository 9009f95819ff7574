/**
 * How two versions of an object compare and merge, field by field, under the rules of its schema: maps member by member, keyed lists
 * item by item, sets value by value, everything else as a whole. What the schema does not know merges as Kubernetes guesses: maps are
 * granular, lists are atomic.
 */
import { isEqual } from '../../../constructs/model/kube-object';
import { FieldSet, type Path } from './field-set';
import { isTree, type Tree } from './json';
import { memberSchema, type Schema } from './schema';

interface Child {
  readonly element: string;
  readonly value: unknown;
  readonly schema: Schema | undefined;
}

/** Returns the parts that merge on their own, or undefined for a value that is one field. */
function childrenOf(value: unknown, schema: Schema | undefined): readonly Child[] | undefined {
  if (isTree(value)) {
    if (schema?.['x-kubernetes-map-type'] === 'atomic') return undefined;
    return Object.entries(value).map(([key, v]) => ({ element: `f:${key}`, value: v, schema: memberSchema(schema, key) }));
  }
  if (!Array.isArray(value)) return undefined;
  if (schema?.['x-kubernetes-list-type'] === 'set')
    return value.map((v) => ({ element: `v:${JSON.stringify(v)}`, value: v, schema: schema.items }));
  const keys = schema?.['x-kubernetes-list-map-keys'];
  if (keys === undefined) return undefined;
  return value.map((item) => ({ element: `k:${itemKey(item, keys, schema?.items)}`, value: item, schema: schema?.items }));
}

function itemKey(item: unknown, keys: readonly string[], schema: Schema | undefined): string {
  const members = [...keys]
    .sort()
    .map((key): [string, unknown] => [key, (isTree(item) ? item[key] : undefined) ?? schema?.properties?.[key]?.default]);
  return JSON.stringify(Object.fromEntries(members));
}

/** Returns the fields that a configuration sets, as an apply owns them. */
export function fieldsOf(value: unknown, schema: Schema | undefined, path: Path = []): FieldSet {
  const set = new FieldSet();
  const visit = (current: unknown, currentSchema: Schema | undefined, at: Path) => {
    const children = childrenOf(current, currentSchema);
    if (children === undefined || (children.length === 0 && isTree(current))) return set.add(at);
    for (const child of children) {
      const below = [...at, child.element];
      visit(child.value, child.schema, below);
      if (!child.element.startsWith('f:')) set.add(below);
    }
  };
  visit(value, schema, path);
  return set;
}

export interface Comparison {
  /** Added or modified. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** Returns the fields in which two versions differ. A field that comes or goes does so with everything below it. */
export function compare(before: unknown, after: unknown, schema: Schema | undefined): Comparison {
  const changed = new FieldSet();
  const removed = new FieldSet();
  const addAll = (set: FieldSet, value: unknown, of: Schema | undefined, path: Path) => {
    set.add(path);
    for (const child of childrenOf(value, of) ?? []) addAll(set, child.value, child.schema, [...path, child.element]);
  };
  const visit = (a: unknown, b: unknown, of: Schema | undefined, path: Path) => {
    if (a === b) return;
    if (a === undefined) return addAll(changed, b, of, path);
    if (b === undefined) return addAll(removed, a, of, path);
    const left = childrenOf(a, of);
    const right = childrenOf(b, of);
    if (left === undefined || right === undefined) {
      if (!isEqual(a, b)) changed.add(path);
      return;
    }
    const others = new Map(right.map((child) => [child.element, child]));
    for (const child of left) {
      visit(child.value, others.get(child.element)?.value, child.schema, [...path, child.element]);
      others.delete(child.element);
    }
    for (const child of others.values()) visit(undefined, child.value, child.schema, [...path, child.element]);
  };
  visit(before, after, schema, []);
  return { changed, removed };
}

/** Returns the live value with the applied one laid over it. */
export function merge(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  if (live === undefined) return applied;
  if (isTree(live) && isTree(applied) && schema?.['x-kubernetes-map-type'] !== 'atomic') {
    const merged: Tree = { ...live };
    for (const [key, value] of Object.entries(applied)) merged[key] = merge(live[key], value, memberSchema(schema, key));
    return merged;
  }
  if (!Array.isArray(live) || !Array.isArray(applied)) return applied;
  const present = childrenOf(live, schema);
  const wanted = childrenOf(applied, schema);
  if (present === undefined || wanted === undefined) return applied;
  const rest = new Map(wanted.map((child) => [child.element, child.value]));
  const merged = present.map((child) => {
    const over = rest.get(child.element);
    rest.delete(child.element);
    return over === undefined ? child.value : merge(child.value, over, child.schema);
  });
  return [...merged, ...rest.values()];
}

/** Returns the value without the fields at the given paths. */
export function withoutFields(value: unknown, schema: Schema | undefined, gone: ReadonlySet<string>, path: Path = []): unknown {
  const children = childrenOf(value, schema);
  if (children === undefined) return value;
  const kept = children.flatMap((child) => {
    const at = [...path, child.element];
    return gone.has(JSON.stringify(at)) ? [] : [{ ...child, value: withoutFields(child.value, child.schema, gone, at) }];
  });
  if (Array.isArray(value)) return kept.map((child) => child.value);
  return Object.fromEntries(kept.map((child) => [child.element.slice(2), child.value]));
}
