/**
 * Sets of fields of an object, in the form in which `managedFields` lists them (FieldsV1).
 *
 *     {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:ports":{"k:{\"port\":80}":{"f:name":{}}}}}
 *
 * `f:` names a member, `k:` an item of a keyed list, `v:` a value of a set. A field with nothing below it is in the set; a field with others
 * below it is in the set if they include `.`. The empty set is undefined.
 */
import { isObject } from './json';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** Elements from the root: `['f:metadata', 'f:labels', 'f:app']`. */
type Path = readonly string[];

/** The set that contains the field itself and nothing below it. */
export const ITSELF: FieldSet = {};

/** Returns a set from its parts: whether the field itself is in it, and what is in it below each element. */
export function fieldSet(hasItself: boolean, below: readonly (readonly [string, FieldSet | undefined])[]): FieldSet | undefined {
  const present = below.filter((entry): entry is readonly [string, FieldSet] => entry[1] !== undefined);
  if (present.length === 0) return hasItself ? ITSELF : undefined;
  return Object.fromEntries(hasItself ? [['.', ITSELF], ...present] : present);
}

/** Returns the set that an entry of `managedFields` lists. */
export function readFieldSet(fieldsV1: unknown): FieldSet | undefined {
  return isObject(fieldsV1) && Object.keys(fieldsV1).length > 0 ? (fieldsV1 as FieldSet) : undefined;
}

export function union(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  return b === undefined ? a : combine(a, b, (inA, inB) => inA || inB);
}

export function intersection(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  return combine(a, b, (inA, inB) => inA && inB);
}

export function without(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  return b === undefined ? a : combine(a, b, (inA, inB) => inA && !inB);
}

/** Returns the set without the given fields and everything below them. */
export function withoutTrees(set: FieldSet | undefined, roots: FieldSet | undefined): FieldSet | undefined {
  if (set === undefined || roots === undefined) return set;
  if (isIn(roots)) return undefined;
  const below = elementsOf(set).map((element) => [element, withoutTrees(set[element], roots[element])] as const);
  return fieldSet(isIn(set), below);
}

/** Returns every field in a set as a path. */
export function pathsOf(set: FieldSet | undefined, path: Path = []): readonly Path[] {
  if (set === undefined) return [];
  return [...(isIn(set) ? [path] : []), ...elementsOf(set).flatMap((element) => pathsOf(set[element], [...path, element]))];
}

/** Returns a path as conflicts print it: `.spec.containers[name="kafka"].image`. */
export function formatPath(path: Path): string {
  return path
    .map((element) => {
      const value = element.slice(2);
      if (element.startsWith('f:')) return `.${value}`;
      if (element.startsWith('v:')) return `[=${value}]`;
      const keys = Object.entries(JSON.parse(value)).map(([key, v]) => `${key}=${JSON.stringify(v)}`);
      return `[${keys.join(',')}]`;
    })
    .join('');
}

function combine(a: FieldSet | undefined, b: FieldSet | undefined, keeps: (inA: boolean, inB: boolean) => boolean): FieldSet | undefined {
  const elements = new Set([...elementsOf(a), ...elementsOf(b)]);
  const below = [...elements].map((element) => [element, combine(a?.[element], b?.[element], keeps)] as const);
  return fieldSet(keeps(isIn(a), isIn(b)), below);
}

/** Tells whether the field at the root of a set is in it. */
function isIn(set: FieldSet | undefined): boolean {
  return set !== undefined && (set['.'] !== undefined || Object.keys(set).length === 0);
}

function elementsOf(set: FieldSet | undefined): readonly string[] {
  return Object.keys(set ?? {}).filter((element) => element !== '.');
}
