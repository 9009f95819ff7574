/** JSON merge patch (RFC 7386) and JSON patch (RFC 6902). */
import { isEqual } from '../../../constructs/model/kube-object';
import { ApiFailure, badRequest } from './failure';
import { draftOf, isTree, type Tree } from './json';

/** Returns the target with a merge patch laid over it; null removes. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch;
  const result: Tree = isTree(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Returns a changed copy of the target. An operation that fails, a `test` too, is 422 and leaves nothing half done. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
  const holder: Tree = { root: draftOf(target as Tree) };
  for (const operation of operations) applyOperation(holder, operation as Tree);
  return holder.root;
}

function applyOperation(holder: Tree, { op, path, from, value }: Tree): void {
  if (typeof path !== 'string') throw badRequest('error decoding patch: an operation has no path');
  if (op === 'add') put(holder, path, value, true);
  else if (op === 'replace') put(holder, path, value, false);
  else if (op === 'remove') take(holder, path);
  else if (op === 'move') put(holder, path, take(holder, from), true);
  else if (op === 'copy') put(holder, path, draftOf(read(holder, from) as Tree), true);
  else if (op !== 'test') throw badRequest(`error decoding patch: unexpected kind: ${op}`);
  else if (!isEqual(read(holder, path), value)) throw refused();
}

function refused(): ApiFailure {
  return new ApiFailure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

function locate(holder: Tree, pointer: string): { parent: Tree | unknown[]; key: string } {
  if (pointer !== '' && !pointer.startsWith('/')) throw refused();
  const keys = [
    'root',
    ...pointer
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')),
  ];
  let parent: unknown = holder;
  for (const key of keys.slice(0, -1)) parent = Array.isArray(parent) ? parent[Number(key)] : isTree(parent) ? parent[key] : undefined;
  if (!isTree(parent) && !Array.isArray(parent)) throw refused();
  return { parent, key: keys.at(-1) ?? '' };
}

function indexIn(key: string, end: number): number {
  const index = Number(key);
  if (!/^\d+$/.test(key) || index > end) throw refused();
  return index;
}

function read(holder: Tree, pointer: string): unknown {
  const { parent, key } = locate(holder, pointer);
  return Array.isArray(parent) ? parent[Number(key)] : parent[key];
}

function put(holder: Tree, pointer: string, value: unknown, insert: boolean): void {
  const { parent, key } = locate(holder, pointer);
  if (Array.isArray(parent)) {
    const at = key === '-' && insert ? parent.length : indexIn(key, insert ? parent.length : parent.length - 1);
    parent.splice(at, insert ? 0 : 1, value);
    return;
  }
  if (!insert && !(key in parent)) throw refused();
  parent[key] = value;
}

function take(holder: Tree, pointer: string): unknown {
  const { parent, key } = locate(holder, pointer);
  if (Array.isArray(parent)) return parent.splice(indexIn(key, parent.length - 1), 1)[0];
  if (!(key in parent)) throw refused();
  const value = parent[key];
  delete parent[key];
  return value;
}
