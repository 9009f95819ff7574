/**
 * Sets of fields of an object. A field is a path: the elements by which `managedFields` (FieldsV1) names it from the root, one a line.
 *
 *     {"f:metadata":{"f:labels":{".":{},"f:app":{}}}}     f:metadata/f:labels and f:metadata/f:labels/f:app
 *
 * `f:` names a member, `k:` an item of a keyed list, `v:` a value of a set; `.` is the field itself beside others below it.
 */
import type { JsonObject } from './json';

/** Elements are JSON or names of members: none contains a line break. */
const SEPARATOR = '\n';

export type FieldSet = ReadonlySet<string>;

/** The path of the whole object. */
export const ROOT = '';

export function pathTo(path: string, element: string): string {
  return path === ROOT ? element : path + SEPARATOR + element;
}

/** Returns the fields that an entry of `managedFields` lists. */
export function readFieldSet(fieldsV1: unknown): FieldSet {
  const read = (tree: object, path: string): string[] => {
    const entries = Object.entries(tree);
    if (entries.length === 0) return [path];
    return entries.flatMap(([element, below]) => (element === '.' ? [path] : read(below, pathTo(path, element))));
  };
  return without(new Set(read(fieldsV1 ?? {}, ROOT)), new Set([ROOT]));
}

/** Returns fields as an entry of `managedFields` lists them. */
export function writeFieldSet(fields: FieldSet): JsonObject {
  const root: JsonObject = {};
  // Descending: a field comes after those below it, and knows whether there are any.
  for (const path of [...fields].sort().reverse()) {
    const node = path.split(SEPARATOR).reduce((tree, element) => {
      tree[element] ??= {};
      return tree[element] as JsonObject;
    }, root);
    if (Object.keys(node).length > 0) node['.'] = {};
  }
  return root;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  return new Set([...a, ...b]);
}

export function without(a: FieldSet, b: FieldSet): FieldSet {
  return new Set([...a].filter((path) => !b.has(path)));
}

/** Returns the fields that are neither at these paths nor below them. */
export function outside(fields: FieldSet, roots: readonly string[]): FieldSet {
  return new Set([...fields].filter((path) => !roots.some((root) => path === root || path.startsWith(root + SEPARATOR))));
}

/** Returns fields together with those around them. */
export function withAncestors(fields: FieldSet): FieldSet {
  const prefixes = (path: string) => path.split(SEPARATOR).map((_, i, elements) => elements.slice(0, i + 1).join(SEPARATOR));
  return new Set([...fields].flatMap(prefixes));
}

/** Returns a path as conflicts print it: `.spec.containers[name="kafka"].image`. */
export function formatPath(path: string): string {
  const parts = path.split(SEPARATOR).map((element) => {
    const value = element.slice(2);
    if (element.startsWith('f:')) return `.${value}`;
    if (element.startsWith('v:')) return `[=${value}]`;
    const keys = Object.entries(JSON.parse(value)).map(([key, v]) => `${key}=${JSON.stringify(v)}`);
    return `[${keys.join(',')}]`;
  });
  return parts.join('');
}
