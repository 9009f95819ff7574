/** The patches of clients: JSON merge patch (RFC 7386), strategic merge patch and JSON patch (RFC 6902). */
import { isEqual } from '#model/kube-object';
import { ApiFailure, badRequest } from './failure';
import { copyOf, isObject, itemsOf, type JsonObject } from './json';
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

const DELETE_FROM = '$deleteFromPrimitiveList/';

/**
 * Returns the target with a strategic merge patch laid over it: what `kubectl apply` without `--server-side` sends for Kubernetes' own kinds.
 * It is like a merge patch, but keyed lists are merged by their key, and members that begin with `$` are instructions. The instruction
 * `$setElementOrder` is ignored.
 */
function strategicMergePatch(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
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

/** Returns a changed copy of the target. If an operation fails, a `test` included, the whole patch is refused with 422. */
function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations) || !operations.every(isObject))
    throw badRequest('error decoding patch: a JSON patch is a list of operations');
  const root = { '': copyOf(target) };
  for (const operation of operations) applyOperation(root, operation);
  return root[''];
}

function applyOperation(root: JsonObject, { op, path, from, value }: JsonObject): void {
  const at = locate(root, path);
  if (op === 'test') {
    if (!isEqual(at.read(), value)) throw refused();
  } else if (op === 'add') at.add(value);
  else if (op === 'copy') at.add(copyOf(locate(root, from).read()));
  else if (op === 'move') at.add(locate(root, from).remove());
  else if (op === 'remove') at.remove();
  else if (op === 'replace') {
    at.remove();
    at.add(value);
  } else throw badRequest(`error decoding patch: unexpected kind: ${op}`);
}

/** The place that a JSON pointer names, in its object or list. */
interface Location {
  read(): unknown;
  add(value: unknown): void;
  /** Removes the value and returns it; refuses if there is none. */
  remove(): unknown;
}

function locate(root: JsonObject, pointer: unknown): Location {
  if (typeof pointer !== 'string') throw badRequest('error decoding patch: an operation has no path');
  if (pointer !== '' && !pointer.startsWith('/')) throw refused();
  // The empty first part of a pointer names the document in its root.
  const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = keys.pop() ?? '';
  const parent = keys.reduce<unknown>(
    (value, k) => (Array.isArray(value) ? value[Number(k)] : isObject(value) ? value[k] : undefined),
    root,
  );
  if (Array.isArray(parent)) return inList(parent, key);
  if (!isObject(parent)) throw refused();
  return {
    read: () => parent[key],
    add: (value) => {
      parent[key] = value;
    },
    remove: () => {
      const value = parent[key];
      if (value === undefined) throw refused();
      delete parent[key];
      return value;
    },
  };
}

function inList(list: unknown[], key: string): Location {
  const index = (last: number) => {
    if (!/^\d+$/.test(key) || Number(key) > last) throw refused();
    return Number(key);
  };
  return {
    read: () => list[Number(key)],
    add: (value) => list.splice(key === '-' ? list.length : index(list.length), 0, value),
    remove: () => list.splice(index(list.length - 1), 1)[0],
  };
}

function refused(): ApiFailure {
  return new ApiFailure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

/** The patch functions by content type. */
export const PATCHES = {
  'application/merge-patch+json': mergePatch,
  'application/json-patch+json': jsonPatch,
  /** Of Kubernetes' own kinds only. */
  'application/strategic-merge-patch+json': strategicMergePatch,
} as const;
