/** The patches of clients: JSON merge patch (RFC 7386), strategic merge patch and JSON patch (RFC 6902). */
import { isEqual } from '#model/kube-object';
import { ApiFailure, badRequest } from './failure';
import { copyOf, isObject, type JsonObject } from './json';
import { memberSchema, type Schema } from './schema';

/** Returns the target with a merge patch laid over it; null removes. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/**
 * Returns the target with a strategic merge patch laid over it: what `kubectl apply` without `--server-side` sends for Kubernetes' own kinds.
 * It is like a merge patch, but keyed lists are merged by their key, and an item with `$patch: delete` is removed. Other instructions, all of
 * which begin with `$`, are ignored.
 */
function strategicMergePatch(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    const [live, member] = [result[key], memberSchema(schema, key)];
    if (value === null) delete result[key];
    else if (Array.isArray(live) && Array.isArray(value)) result[key] = patchedList(live, value, member);
    else if (!key.startsWith('$')) result[key] = strategicMergePatch(live, value, member);
  }
  return result;
}

function patchedList(live: readonly unknown[], patch: readonly unknown[], schema: Schema | undefined): readonly unknown[] {
  if (schema?.['x-kubernetes-list-type'] === 'set') return [...live, ...patch.filter((item) => !live.includes(item))];
  // Only the first key counts here, unlike in server-side apply.
  const key = schema?.['x-kubernetes-list-map-keys']?.[0];
  if (key === undefined) return patch;
  return patch.filter(isObject).reduce<readonly unknown[]>((list, item) => {
    const at = list.findIndex((other) => isObject(other) && other[key] === item[key]);
    if (item.$patch === 'delete') return list.filter((_, i) => i !== at);
    const merged = strategicMergePatch(list[at], item, schema?.items);
    return at < 0 ? list.concat([merged]) : list.with(at, merged);
  }, live);
}

/** Returns a changed copy of the target. If an operation fails, a `test` included, the whole patch is refused with 422. */
function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations) || !operations.every(isObject))
    throw badRequest('error decoding patch: a JSON patch is a list of operations');
  const root = { '': copyOf(target) };
  for (const { op, path, from, value } of operations) {
    const at = () => locate(root, path);
    if (op === 'test') {
      if (!isEqual(read(at()), value)) throw refused();
    } else if (op === 'add') add(at(), value);
    else if (op === 'copy') add(at(), copyOf(read(locate(root, from))));
    else if (op === 'move') {
      const moved = remove(locate(root, from));
      add(at(), moved);
    } else if (op === 'remove') remove(at());
    else if (op === 'replace') {
      remove(at());
      add(at(), value);
    } else throw badRequest(`error decoding patch: unexpected kind: ${op}`);
  }
  return root[''];
}

/** The place that a JSON pointer names, in its object or list. */
interface Place {
  readonly parent: JsonObject | unknown[];
  readonly key: string;
}

function locate(root: JsonObject, pointer: unknown): Place {
  if (typeof pointer !== 'string') throw badRequest('error decoding patch: an operation has no path');
  if (pointer !== '' && !pointer.startsWith('/')) throw refused();
  // The empty first part of a pointer names the document in its root.
  const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = keys.pop() ?? '';
  const parent = keys.reduce<unknown>(
    (value, k) => (isObject(value) || Array.isArray(value) ? read({ parent: value, key: k }) : undefined),
    root,
  );
  if (!isObject(parent) && !Array.isArray(parent)) throw refused();
  return { parent, key };
}

function read({ parent, key }: Place): unknown {
  return Array.isArray(parent) ? parent[Number(key)] : parent[key];
}

function add({ parent, key }: Place, value: unknown): void {
  if (!Array.isArray(parent)) parent[key] = value;
  else if (key === '-') parent.push(value);
  else parent.splice(indexOf(key, parent.length), 0, value);
}

/** Removes a value and returns it; refuses if there is none. */
function remove({ parent, key }: Place): unknown {
  if (Array.isArray(parent)) return parent.splice(indexOf(key, parent.length - 1), 1)[0];
  const value = parent[key];
  if (value === undefined) throw refused();
  delete parent[key];
  return value;
}

function indexOf(key: string, last: number): number {
  if (!/^\d+$/.test(key) || Number(key) > last) throw refused();
  return Number(key);
}

function refused(): ApiFailure {
  return new ApiFailure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

export type Patch = (target: unknown, patch: unknown, schema: Schema | undefined) => unknown;

/** By content type. A strategic merge patch is for Kubernetes' own kinds only. */
export const PATCHES: ReadonlyMap<string, Patch> = new Map([
  ['application/merge-patch+json', mergePatch],
  ['application/json-patch+json', jsonPatch],
  ['application/strategic-merge-patch+json', strategicMergePatch],
]);
