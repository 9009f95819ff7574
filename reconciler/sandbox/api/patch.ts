/** JSON merge patch (RFC 7386) and JSON patch (RFC 6902). */
import { isEqual } from '#model/kube-object';
import { ApiFailure, badRequest } from './failure';
import { copyOf, isObject, type JsonObject } from './json';

/** Returns the target with a merge patch laid over it; null removes. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Returns a changed copy of the target. If an operation fails, a `test` included, the whole patch is refused with 422. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
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
